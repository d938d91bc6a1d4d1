"""Builds small real container images as OCI image layouts on disk, byte for byte the same each time.

An image here has a config, a manifest and one gzipped layer with a program whose header (ELF, or PE for Windows) names
a processor. From images come indexes, with BuildKit's provenance attestations where asked for; a Helm chart is an
artifact. The formats: OCI image-spec 1.1, Docker's "Image Manifest Version 2, Schema 2".

    tree = index([image("linux/amd64"), image("linux/arm64")], attestations=True)
    layout = write_layout(tree, Path("web"))
    layout.digest      # of the index, as any registry will show it
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import struct
import tarfile
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
OCI_LAYER: Final = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG: Final = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER: Final = "application/vnd.docker.image.rootfs.diff.tar.gzip"
HELM_CONFIG: Final = "application/vnd.cncf.helm.config.v1+json"
HELM_CHART: Final = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
IN_TOTO: Final = "application/vnd.in-toto+json"

# e_machine of the ELF header, whether it is 64 bits, whether it is little-endian.
_ELF: Final = {
    "386": (3, False, True),
    "amd64": (62, True, True),
    "arm": (40, False, True),
    "arm64": (183, True, True),
    "ppc64le": (21, True, True),
    "riscv64": (243, True, True),
    "s390x": (22, True, False),
}
_PE: Final = {"amd64": 0x8664, "arm64": 0xAA64}


@dataclass(frozen=True)
class Node:
    """A blob with the blobs below it, and how an index lists it.

    ``platform`` is the descriptor's platform object, None for an entry without one.
    """

    media_type: str
    content: bytes
    below: tuple[Node, ...] = ()
    platform: dict[str, Any] | None = None
    annotations: dict[str, str] | None = None

    @property
    def digest(self) -> str:
        """The sha256 digest of the exact content."""
        return f"sha256:{hashlib.sha256(self.content).hexdigest()}"

    @property
    def is_index(self) -> bool:
        """Whether this lists manifests."""
        return self.media_type in (OCI_INDEX, DOCKER_LIST)

    @property
    def is_manifest(self) -> bool:
        """Whether a registry takes this as a manifest; everything else is a blob to it."""
        return self.is_index or self.media_type in (OCI_MANIFEST, DOCKER_MANIFEST)

    def descriptor(self) -> dict[str, Any]:
        """The OCI descriptor of this blob, without platform and annotations."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.content)}

    def entry(self) -> dict[str, Any]:
        """The descriptor by which an index lists this manifest."""
        more = {"annotations": self.annotations, "platform": self.platform}
        return self.descriptor() | {name: value for name, value in more.items() if value}

    def __iter__(self) -> Iterator[Node]:
        """Everything below, deepest first, then this."""
        for node in self.below:
            yield from node
        yield self


@dataclass(frozen=True)
class Layout:
    """An OCI image layout on disk and the image in it."""

    directory: Path
    digest: str
    media_type: str


def image(  # noqa: PLR0913 - the parts of an image that differ
    platform: str = "linux/amd64",
    *,
    os_version: str | None = None,
    os_features: Sequence[str] = (),
    binary: str | None = None,
    label: str = "",
    docker: bool = False,
) -> Node:
    """An image for one platform.

    Args:
        platform: ``os/architecture`` or ``os/architecture/variant``.
        os_version: the Windows build, such as ``10.0.20348.2402``.
        os_features: such as ``win32k``.
        binary: the architecture that the program is really for, where the metadata lies.
        label: a label of the config; images with other labels have other digests.
        docker: Docker's media types instead of OCI's.
    """
    system, architecture, *variant = platform.split("/")
    described: dict[str, Any] = {"architecture": architecture, "os": system}
    optional = {"variant": "".join(variant), "os.version": os_version, "os.features": list(os_features)}
    described |= {name: value for name, value in optional.items() if value}
    name, program = _program(system, binary or architecture)
    archive = _tar(name, program)
    layer = Node(DOCKER_LAYER if docker else OCI_LAYER, gzip.compress(archive, mtime=0))
    settings: dict[str, Any] = {"Entrypoint": [f"/{name}"]} | ({"Labels": {"label": label}} if label else {})
    config = described | {
        "config": settings,
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(archive).hexdigest()}"]},
    }
    manifest = _manifest(Node(DOCKER_CONFIG if docker else OCI_CONFIG, _json(config)), [layer], docker=docker)
    return replace(manifest, platform=described)


def index(nodes: Iterable[Node], *, attestations: bool = False, docker: bool = False) -> Node:
    """An index of images, or of indexes; ``attestations`` adds BuildKit's provenance manifest of each.

    An entry lists the platform that its `Node.platform` has; `without_platform` takes it away.
    """
    listed = tuple(nodes)
    if attestations:
        listed += tuple(attestation(node) for node in listed)
    kind = DOCKER_LIST if docker else OCI_INDEX
    content = {"schemaVersion": 2, "mediaType": kind, "manifests": [node.entry() for node in listed]}
    return Node(kind, _json(content), listed)


def without_platform(node: Node) -> Node:
    """The same manifest, listed without its platform, as some tools do."""
    return replace(node, platform=None)


def attestation(subject: Node) -> Node:
    """The provenance attestation that ``docker buildx build`` adds to an index for ``subject``."""
    statement = {
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": "https://slsa.dev/provenance/v0.2",
        "subject": [{"name": "image", "digest": {"sha256": subject.digest.removeprefix("sha256:")}}],
        "predicate": {"buildType": "https://mobyproject.org/buildkit@v1"},
    }
    layer = Node(IN_TOTO, _json(statement))
    unknown = {"architecture": "unknown", "os": "unknown"}
    config = Node(OCI_CONFIG, _json(unknown | {"rootfs": {"type": "layers", "diff_ids": [layer.digest]}}))
    marks = {"vnd.docker.reference.digest": subject.digest, "vnd.docker.reference.type": "attestation-manifest"}
    return replace(_manifest(config, [layer]), platform=unknown, annotations=marks)


def helm_chart(name: str = "chart", version: str = "0.1.0") -> Node:
    """A Helm chart as ``helm push`` stores it: an OCI manifest with nothing to run in it."""
    facts = {"apiVersion": "v2", "name": name, "version": version}
    text = "".join(f"{key}: {value}\n" for key, value in facts.items()).encode()
    chart = Node(HELM_CHART, gzip.compress(_tar(f"{name}/Chart.yaml", text), mtime=0))
    return _manifest(Node(HELM_CONFIG, _json(facts)), [chart])


def write_layout(root: Node, directory: Path, tag: str = "latest") -> Layout:
    """Write ``root`` and everything below it as an OCI image layout named ``tag``; the directory is made."""
    blobs = directory / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    for node in root:
        (blobs / node.digest.removeprefix("sha256:")).write_bytes(node.content)
    (directory / "oci-layout").write_bytes(_json({"imageLayoutVersion": "1.0.0"}))
    entry = root.descriptor() | {"annotations": {"org.opencontainers.image.ref.name": tag}}
    (directory / "index.json").write_bytes(_json({"schemaVersion": 2, "manifests": [entry]}))
    return Layout(directory, root.digest, root.media_type)


def _manifest(config: Node, layers: Sequence[Node], *, docker: bool = False) -> Node:
    kind = DOCKER_MANIFEST if docker else OCI_MANIFEST
    content = {
        "schemaVersion": 2,
        "mediaType": kind,
        "config": config.descriptor(),
        "layers": [layer.descriptor() for layer in layers],
    }
    return Node(kind, _json(content), (config, *layers))


def _program(system: str, architecture: str) -> tuple[str, bytes]:
    """The path and the header of a program for a system; the header is complete, the program is not."""
    if system == "windows":
        header = struct.pack("<4sHHIIIHH", b"PE\0\0", _PE[architecture], 0, 0, 0, 0, 0, 0x22)
        return "Files/app.exe", b"MZ" + bytes(58) + struct.pack("<I", 64) + header
    machine, wide, little = _ELF[architecture]
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if little else 2, 1]) + bytes(9)
    order, word = "<" if little else ">", "Q" if wide else "I"
    size = 64 if wide else 52
    fields = (2, machine, 1, 0, 0, 0, 0, size, 0, 0, 0, 0, 0)
    return "app", ident + struct.pack(f"{order}HHI{word}{word}{word}IHHHHHH", *fields)


def _tar(name: str, content: bytes) -> bytes:
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(content), 0o755
        archive.addfile(member, io.BytesIO(content))
    return output.getvalue()


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
