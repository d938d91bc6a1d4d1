"""What a pushed manifest refers to, as far as ECR looks at it: its type, its children, its blobs.

Media types: OCI image-spec (``media-types.md``) and Docker's "Image Manifest Version 2, Schema 2".
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any, Final

from localaws.additions.wire import Refusal

OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
INDEXES: Final = frozenset({OCI_INDEX, DOCKER_LIST})
DIGEST: Final = re.compile(r"[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+")
# Layers with this in their type stay at the vendor's URL and are never uploaded (Windows base layers).
_FOREIGN: Final = ("foreign", "nondistributable")


@dataclass(frozen=True)
class Manifest:
    """A manifest's exact bytes and what they refer to.

    ``children`` are the digests of an index's manifests, ``blobs`` the config and layers of an image's manifest,
    ``artifact_type`` what ECR calls the artifact media type (None for an index that states none).
    """

    raw: bytes
    media_type: str
    children: tuple[str, ...] = ()
    blobs: tuple[str, ...] = ()
    artifact_type: str | None = None
    subject: str | None = None
    size: int = 0

    @property
    def digest(self) -> str:
        """The sha256 digest of the exact bytes."""
        return digest_of(self.raw)


def digest_of(content: bytes) -> str:
    """``sha256:`` and the hex digest of ``content``."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def read_manifest(raw: bytes, media_type: str | None) -> Manifest:
    """Read a manifest; ``media_type`` is what the client said, and counts before what the manifest says.

    Raises:
        Refusal: ``InvalidParameterException`` where it is not a JSON object, or nobody says of which type it is.
    """
    try:
        document = json.loads(raw.decode())
    except ValueError as error:
        raise _invalid("Invalid JSON syntax") from error
    if not isinstance(document, dict):
        raise _invalid("Invalid JSON syntax")
    stated = media_type or _text(document.get("mediaType"))
    if stated is None:
        raise _invalid("the manifest has no mediaType: give imageManifestMediaType in the request")
    subject = _digest(document.get("subject"))
    if stated in INDEXES:
        children = tuple(filter(None, map(_digest, _list(document.get("manifests")))))
        return Manifest(raw, stated, children, (), _text(document.get("artifactType")), subject)
    config = document.get("config")
    layers = [layer for layer in _list(document.get("layers")) if not _foreign(layer)]
    parts = [part for part in (config, *layers) if isinstance(part, dict)]
    kind = _text(document.get("artifactType")) or (_text(config.get("mediaType")) if isinstance(config, dict) else None)
    sizes = [part["size"] for part in parts if isinstance(part.get("size"), int)]
    return Manifest(raw, stated, (), tuple(filter(None, map(_digest, parts))), kind, subject, sum(sizes))


def _invalid(constraint: str) -> Refusal:
    return Refusal(
        "InvalidParameterException",
        f"Invalid parameter at 'ImageManifest' failed to satisfy constraint: '{constraint}'",
    )


def _foreign(layer: Any) -> bool:
    return isinstance(layer, dict) and any(word in str(layer.get("mediaType")) for word in _FOREIGN)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _digest(descriptor: Any) -> str | None:
    return _text(descriptor.get("digest")) if isinstance(descriptor, dict) else None
