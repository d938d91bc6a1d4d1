"""Manifests: reading the bytes of one manifest or image config into values.

Formats: OCI image-spec ``manifest.md``, ``image-index.md``, ``config.md``; Docker Image Manifest V2, Schema 2 and 1.
Every function here takes bytes from outside and answers with a value or an :class:`~ecrguard.domain.image.Unknown`;
nothing is assumed of them but a size.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from ecrguard.domain.image import ImageKind, Unknown, UnknownReason
from ecrguard.domain.platform import Platform, platform
from ecrguard.domain.reference import is_digest

MAX_MANIFEST_BYTES = 4 * 1024 * 1024
"""What ECR stores at most (BatchGetImage)."""
MAX_CONFIG_BYTES = 8 * 1024 * 1024
"""More than any real image config: they hold an entry for each layer, and labels."""
MAX_CHILDREN = 1000
"""Entries that an index may have; the largest public ones have some dozens."""
MAX_FEATURES = 32
"""``os.features`` that a platform may have; real ones have one (``win32k``)."""

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
MEDIA_TYPES = (OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST)
"""All media types that a reader accepts: ECR may refuse or translate what is not among them."""

INDEX_TYPES = frozenset({OCI_INDEX, DOCKER_LIST})
"""Media types of manifests that list others."""
_MANIFESTS = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
_CONFIGS = frozenset({"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"})
# What registries and clients of old stated for a config; Docker still takes them for images
# (moby, `defaultImageTypes`; docker/distribution issue 1621).
_DEFAULTED_CONFIGS = frozenset({"", "application/octet-stream", "application/json", "text/html"})
_LAYERS = ("application/vnd.oci.image.layer.", "application/vnd.docker.image.rootfs.")
_ARTIFACT_MANIFESTS = frozenset({"application/vnd.oci.artifact.manifest.v1+json"})
_ATTESTATION = "vnd.docker.reference.type"
_MAX_TEXT = 256
# containerd's grammar of a platform's parts. They end in shell commands and alerts, so nothing else may get in.
_PLATFORM_PART = re.compile(r"[A-Za-z0-9_.-]{0,64}")
_OS_VERSION = re.compile(r"[A-Za-z0-9_. -]{0,64}")
"""Homebrew's bottles say ``macOS 15.1``."""
_MANIFEST_KEYS = frozenset({"schemaVersion", "mediaType", "artifactType", "config", "layers", "manifests"})
_DESCRIPTOR_KEYS = frozenset({"mediaType", "digest", "size", "platform", "annotations", "artifactType"})
_PLATFORM_KEYS = frozenset({"os", "architecture", "variant", "os.version", "os.features"})


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A pointer to other content: what kind, which bytes, how many.

    Attributes:
        media_type: of the content.
        digest: of the content.
        size: in bytes; -1 where not stated.
        platform: that the descriptor states, possibly an unknown one; None where it states none.
        labelled: as an attestation (BuildKit's annotation) or as a typed artifact.
    """

    media_type: str
    digest: str
    size: int
    platform: Platform | None = None
    labelled: bool = False

    @property
    def runnable(self) -> bool:
        """Whether it may be something to run.

        Engines choose by platform and heed no label: an entry with both is to be looked at, one with a label alone
        is not.
        """
        return not self.labelled or (self.platform is not None and self.platform.known)

    @property
    def is_index(self) -> bool:
        """Whether it points to an index."""
        return self.media_type in INDEX_TYPES

    @property
    def is_manifest(self) -> bool:
        """Whether it points to an image manifest."""
        return self.media_type in _MANIFESTS


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest that was read.

    Attributes:
        digest: of its bytes, verified.
        media_type: of it.
        kind: single, index, artifact or unsupported.
        children: entries of an index, in order.
        config: of a single image, else None.
        artifact_type: what an artifact says it is.
    """

    digest: str
    media_type: str
    kind: ImageKind
    children: tuple[Descriptor, ...] = ()
    config: Descriptor | None = None
    artifact_type: str = ""


def digest_matches(body: bytes, digest: str) -> bool:
    """Whether ``digest`` (sha256 or sha512) is that of ``body``."""
    algorithm, _, expected = digest.partition(":")
    return is_digest(digest) and hashlib.new(algorithm, body, usedforsecurity=False).hexdigest() == expected


def read_manifest(body: bytes, digest: str, media_type: str) -> Manifest | Unknown:
    """The manifest in ``body``, checked against ``digest`` and the size cap before it is parsed.

    Args:
        body: exact bytes.
        digest: that it was asked for by.
        media_type: that the registry states; where the manifest names one itself and they differ, it is malformed:
            a reader that trusts the one and an engine that trusts the other would see two images.
    """
    if len(body) > MAX_MANIFEST_BYTES:
        detail = f"expected a manifest of at most {MAX_MANIFEST_BYTES} bytes, got {len(body)}"
        return Unknown(UnknownReason.MANIFEST_TOO_LARGE, detail, digest)
    if not digest_matches(body, digest):
        detail = f"expected content with the digest {digest}, got {len(body)} bytes with another"
        return Unknown(UnknownReason.MANIFEST_DIGEST_MISMATCH, detail, digest)
    data = _load_object(body)
    if isinstance(data, str):
        return Unknown(UnknownReason.MANIFEST_MALFORMED, f"expected a JSON object, got {data}", digest)
    try:
        return _manifest(data, digest, media_type)
    except _MalformedError as error:
        return Unknown(UnknownReason.MANIFEST_MALFORMED, str(error), digest)


def read_config(body: bytes, config: Descriptor) -> Platform | Unknown:
    """The platform that an image's config states, checked against its descriptor before it is parsed."""
    if len(body) > MAX_CONFIG_BYTES:
        detail = f"expected a config of at most {MAX_CONFIG_BYTES} bytes, got {len(body)}"
        return Unknown(UnknownReason.CONFIG_TOO_LARGE, detail, config.digest)
    if not digest_matches(body, config.digest):
        detail = f"expected content with the digest {config.digest}, got {len(body)} bytes with another"
        return Unknown(UnknownReason.CONFIG_DIGEST_MISMATCH, detail, config.digest)
    data = _load_object(body)
    if isinstance(data, str):
        detail = f"expected an image config (a JSON object), got {data}"
        return Unknown(UnknownReason.CONFIG_MALFORMED, detail, config.digest)
    try:
        found = _platform(data, "config")
    except _MalformedError as error:
        return Unknown(UnknownReason.CONFIG_MALFORMED, str(error), config.digest)
    if not found.known:
        detail = f"expected 'os' and 'architecture' in the image config, got {found.os!r} and {found.architecture!r}"
        return Unknown(UnknownReason.PLATFORM_MISSING, detail, config.digest)
    return found


class _MalformedError(ValueError):
    """A value of the wrong shape."""


def _load_object(body: bytes) -> dict[str, Any] | str:
    """The JSON object in ``body``, or what came instead."""
    try:
        data = json.loads(body, object_pairs_hook=_unique)
    except UnicodeDecodeError:
        return "bytes that are no text"
    except json.JSONDecodeError as error:
        return f"text that is no JSON ({error})"
    except _MalformedError as error:
        return str(error)
    except RecursionError:
        return "JSON that is nested too deeply"
    except ValueError as error:
        # A number of thousands of digits: the interpreter's own limit.
        return str(error)
    return data if isinstance(data, dict) else f"JSON of type {type(data).__name__}"


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys are unique: readers disagree on which of two wins, so neither may."""
    data = dict(pairs)
    if len(data) != len(pairs):
        raise _MalformedError("an object that has the same key twice")
    return data


def _manifest(data: dict[str, Any], digest: str, stated: str) -> Manifest:
    _check_keys(data, _MANIFEST_KEYS, "manifest")
    named, stated = _media_type(data, "mediaType", "manifest"), stated.lower()
    if named and stated and named != stated:
        raise _MalformedError(f"expected the media type {stated}, which the registry states, got {named}")
    media_type = named or stated or _guess(data)
    if data.get("schemaVersion") == 1:
        return Manifest(digest, media_type, ImageKind.UNSUPPORTED)
    if media_type in INDEX_TYPES:
        return _index(data, digest, media_type)
    if media_type in _MANIFESTS:
        return _single(data, digest, media_type)
    kind = ImageKind.ARTIFACT if media_type in _ARTIFACT_MANIFESTS else ImageKind.UNSUPPORTED
    return Manifest(digest, media_type, kind, artifact_type=_text(data, "artifactType", "manifest"))


def _guess(data: dict[str, Any]) -> str:
    # OCI lets both leave `mediaType` out; `manifests` and `config` then tell them apart, and both at once is an attack.
    if "manifests" in data and not {"config", "layers"} & data.keys():
        return OCI_INDEX
    if "config" in data and "manifests" not in data:
        return OCI_MANIFEST
    return ""


def _index(data: dict[str, Any], digest: str, media_type: str) -> Manifest:
    if {"config", "layers"} & data.keys():
        raise _MalformedError("expected an index, got an object with 'config' or 'layers' (CVE-2021-41190)")
    entries = data.get("manifests")
    if not isinstance(entries, list):
        raise _MalformedError(f"expected a list 'manifests' in the index, got {type(entries).__name__}")
    if len(entries) > MAX_CHILDREN:
        raise _MalformedError(f"expected at most {MAX_CHILDREN} entries in the index, got {len(entries)}")
    children = tuple(_descriptor(entry, f"manifests[{place}]") for place, entry in enumerate(entries))
    kind = ImageKind.INDEX if not children or any(child.runnable for child in children) else ImageKind.ARTIFACT
    return Manifest(digest, media_type, kind, children, artifact_type=_text(data, "artifactType", "index"))


def _single(data: dict[str, Any], digest: str, media_type: str) -> Manifest:
    if "manifests" in data:
        raise _MalformedError("expected an image manifest, got an object with 'manifests' (CVE-2021-41190)")
    config = _descriptor(data.get("config"), "config")
    if _has_image_layers(data, config.media_type):
        return Manifest(digest, media_type, ImageKind.SINGLE, config=config)
    artifact_type = _text(data, "artifactType", "manifest") or config.media_type
    return Manifest(digest, media_type, ImageKind.ARTIFACT, artifact_type=artifact_type)


def _has_image_layers(data: dict[str, Any], config: str) -> bool:
    """Whether an engine would find a root file system; with an image config and no layer at all it finds an empty one.

    This decides, not ``artifactType`` or ``subject``: engines run an image config with image layers whatever stands
    beside them, and Cosign's signatures and BuildKit's attestations have an image config but no image layer.
    """
    if config not in _CONFIGS | _DEFAULTED_CONFIGS:
        return False
    layers = data.get("layers")
    if not isinstance(layers, list):
        raise _MalformedError(f"expected a list 'layers' in the manifest, got {type(layers).__name__}")
    types = [_descriptor(layer, f"layers[{place}]").media_type for place, layer in enumerate(layers)]
    return (not types and config in _CONFIGS) or any(media_type.startswith(_LAYERS) for media_type in types)


def _descriptor(value: Any, where: str) -> Descriptor:
    if not isinstance(value, dict):
        raise _MalformedError(f"expected a descriptor (an object) at {where}, got {type(value).__name__}")
    _check_keys(value, _DESCRIPTOR_KEYS, where)
    digest = _text(value, "digest", where)
    if not is_digest(digest):
        raise _MalformedError(f"expected sha256:<64 hex digits> at {where}.digest, got {_shown(digest)}")
    size = value.get("size", -1)
    if not isinstance(size, int) or isinstance(size, bool):
        raise _MalformedError(f"expected a number at {where}.size, got {type(size).__name__}")
    found = value.get("platform")
    if found is not None and not isinstance(found, dict):
        raise _MalformedError(f"expected an object at {where}.platform, got {type(found).__name__}")
    annotations = value.get("annotations")
    attestation = isinstance(annotations, dict) and annotations.get(_ATTESTATION) == "attestation-manifest"
    media_type = _media_type(value, "mediaType", where)
    # OCI: for an image, a descriptor's artifactType is the media type of its config.
    artifact = _media_type(value, "artifactType", where) not in {"", *_CONFIGS} or media_type in _ARTIFACT_MANIFESTS
    stated = None if found is None else _platform(found, f"{where}.platform")
    return Descriptor(media_type, digest, size, stated, labelled=attestation or artifact)


def _platform(data: dict[str, Any], where: str) -> Platform:
    _check_keys(data, _PLATFORM_KEYS, where)
    features = data.get("os.features") or []
    if not isinstance(features, list) or len(features) > MAX_FEATURES:
        raise _MalformedError(f"expected a list of at most {MAX_FEATURES} texts at {where}.os.features")
    return platform(
        _part(data.get("os"), f"{where}.os"),
        _part(data.get("architecture"), f"{where}.architecture"),
        _part(data.get("variant"), f"{where}.variant"),
        _part(data.get("os.version"), f"{where}.os.version", _OS_VERSION),
        frozenset(_part(feature, f"{where}.os.features") for feature in features),
    )


def _part(value: Any, where: str, grammar: re.Pattern[str] = _PLATFORM_PART) -> str:
    """One part of a platform; empty where it is not stated."""
    text = value.strip() if isinstance(value, str) else value
    if text is None:
        return ""
    if not isinstance(text, str) or not grammar.fullmatch(text):
        raise _MalformedError(f"expected letters, digits, '_', '.', '-' (64 at most) at {where}, got {_shown(value)}")
    return text


def _check_keys(data: dict[str, Any], known: frozenset[str], where: str) -> None:
    """Refuse a known key in another case: Go's readers take ``Architecture`` for ``architecture``, others do not."""
    folded = {key.casefold() for key in known}
    for key in data.keys() - known:
        if key.casefold() in folded:
            raise _MalformedError(f"expected no key in {where} that differs from a known one by case, got {key!r}")


def _media_type(data: dict[str, Any], key: str, where: str) -> str:
    """A media type; upper and lower case are the same there (RFC 6838, 4.2)."""
    return _text(data, key, where).lower()


def _text(data: dict[str, Any], key: str, where: str) -> str:
    value = data.get(key)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > _MAX_TEXT or not value.isprintable():
        raise _MalformedError(f"expected a text of up to {_MAX_TEXT} characters at {where}.{key}, got {_shown(value)}")
    return value


def _shown(value: Any) -> str:
    """A value from outside as a message may carry it."""
    return repr(value[:80]) if isinstance(value, str) else type(value).__name__
