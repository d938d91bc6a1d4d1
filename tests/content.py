"""Registry content as bytes: manifests, configs and indexes of every kind, whole or broken on purpose."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from ecrguard.domain.manifest import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST

type Record = dict[str, Any]

OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
HELM_CONFIG = "application/vnd.cncf.helm.config.v1+json"
EMPTY_CONFIG = "application/vnd.oci.empty.v1+json"
SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws"


def sha256(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def encode(data: Any) -> bytes:
    return json.dumps(data).encode()


@dataclass(frozen=True)
class Content:
    """A manifest, what a registry says of it, and the blobs and manifests that it points to."""

    body: bytes
    media_type: str
    blobs: tuple[bytes, ...] = ()
    children: tuple[Content, ...] = ()
    entry: Record = field(default_factory=dict)

    @property
    def digest(self) -> str:
        return sha256(self.body)

    def descriptor(self, **members: Any) -> Record:
        """How an index lists it; ``None`` leaves a member out."""
        stated = {"mediaType": self.media_type, "digest": self.digest, "size": len(self.body), **self.entry, **members}
        return {name: value for name, value in stated.items() if value is not None}


def layer(media_type: str = OCI_LAYER) -> Record:
    return {"mediaType": media_type, "digest": sha256(media_type.encode()), "size": 32}


def config(os: str = "linux", architecture: str = "amd64", **members: Any) -> bytes:
    rootfs = {"type": "layers", "diff_ids": [sha256(b"layer")]}
    return encode({"os": os, "architecture": architecture, "rootfs": rootfs, "config": {}, **members})


def manifest(
    config_body: bytes,
    *,
    config_type: str = OCI_CONFIG,
    layers: list[Record] | None = None,
    media_type: str = OCI_MANIFEST,
    named: bool = True,
    **members: Any,
) -> Content:
    """An image manifest around a config blob; ``named`` puts the media type into the manifest too."""
    data: Record = {
        "schemaVersion": 2,
        **({"mediaType": media_type} if named else {}),
        "config": {"mediaType": config_type, "digest": sha256(config_body), "size": len(config_body)},
        "layers": [layer()] if layers is None else layers,
        **members,
    }
    return Content(encode(data), media_type, (config_body,))


def single(architecture: str = "amd64", os: str = "linux", **members: Any) -> Content:
    """A single OCI image, listed by an index with its platform and any further members of it (``variant``)."""
    platform = {"os": os, "architecture": architecture, **members}
    image = manifest(config(os, architecture, **members))
    return Content(image.body, image.media_type, image.blobs, entry={"platform": platform})


def docker(architecture: str = "amd64") -> Content:
    layers = [layer(DOCKER_LAYER)]
    return manifest(config("linux", architecture), config_type=DOCKER_CONFIG, layers=layers, media_type=DOCKER_MANIFEST)


def bare(image: Content) -> Content:
    """The same, listed by an index without its platform."""
    return Content(image.body, image.media_type, image.blobs, image.children)


def attestation(subject: Content) -> Content:
    """A provenance attestation, as BuildKit adds one for each image of an index."""
    body = config("unknown", "unknown")
    made = manifest(body, layers=[layer("application/vnd.in-toto+json")])
    entry = {
        "platform": {"os": "unknown", "architecture": "unknown"},
        "annotations": {
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": subject.digest,
        },
    }
    return Content(made.body, made.media_type, made.blobs, entry=entry)


def index(*children: Content, media_type: str = OCI_INDEX, named: bool = True, **members: Any) -> Content:
    data: Record = {
        "schemaVersion": 2,
        **({"mediaType": media_type} if named else {}),
        "manifests": [child.descriptor() for child in children],
        **members,
    }
    return Content(encode(data), media_type, children=children)


def docker_list(*children: Content) -> Content:
    return index(*children, media_type=DOCKER_LIST)


def helm() -> Content:
    chart = layer("application/vnd.cncf.helm.chart.content.v1.tar+gzip")
    return manifest(encode({"name": "web", "version": "0.3.0"}), config_type=HELM_CONFIG, layers=[chart])


def cosign() -> Content:
    """A signature as Cosign stored them before OCI referrers: an image config, but nothing to run."""
    signature = layer("application/vnd.dev.cosign.simplesigning.v1+json")
    return manifest(config("", ""), layers=[signature])


def raw(data: Any, media_type: str = OCI_MANIFEST) -> Content:
    """Whatever bytes or JSON, under a media type."""
    return Content(data if isinstance(data, bytes) else encode(data), media_type)
