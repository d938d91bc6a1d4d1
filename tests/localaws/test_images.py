from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from typing import TYPE_CHECKING

import pytest

from localaws import images

if TYPE_CHECKING:
    from pathlib import Path


def program(image: images.Node) -> bytes:
    layer = image.below[1]
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(layer.content))) as archive:
        [member] = archive.getmembers()
        opened = archive.extractfile(member)
        assert opened is not None
        return opened.read()


@pytest.mark.parametrize(
    ("platform", "header"),
    [
        ("linux/amd64", b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\x3e\x00"),
        ("linux/arm64", b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\xb7\x00"),
        ("linux/arm/v7", b"\x7fELF\x01\x01\x01" + bytes(9) + b"\x02\x00\x28\x00"),
        ("linux/s390x", b"\x7fELF\x02\x02\x01" + bytes(9) + b"\x00\x02\x00\x16"),
    ],
)
def test_the_program_is_for_the_platform(platform: str, header: bytes) -> None:
    assert program(images.image(platform)).startswith(header)


def test_a_windows_program_has_a_pe_header_and_its_config_the_build() -> None:
    image = images.image("windows/amd64", os_version="10.0.20348.2402", os_features=["win32k"])
    content = program(image)
    assert content[:2] == b"MZ"
    assert content[64:70] == b"PE\0\0\x64\x86"
    assert image.platform == {
        "architecture": "amd64",
        "os": "windows",
        "os.version": "10.0.20348.2402",
        "os.features": ["win32k"],
    }
    assert image.platform.items() <= json.loads(image.below[0].content).items()


def test_metadata_can_lie() -> None:
    assert program(images.image("linux/amd64", binary="arm64"))[18:20] == b"\xb7\x00"


def test_a_layout_holds_every_blob_under_its_digest(tmp_path: Path) -> None:
    tree = images.index([images.image("linux/amd64"), images.image("linux/arm64")], attestations=True)
    layout = images.write_layout(tree, tmp_path / "made", tag="v1")
    assert json.loads((layout.directory / "oci-layout").read_bytes()) == {"imageLayoutVersion": "1.0.0"}
    [entry] = json.loads((layout.directory / "index.json").read_bytes())["manifests"]
    assert entry["digest"] == layout.digest
    assert entry["annotations"] == {"org.opencontainers.image.ref.name": "v1"}
    blobs = list((layout.directory / "blobs" / "sha256").iterdir())
    assert {hashlib.sha256(blob.read_bytes()).hexdigest() for blob in blobs} == {blob.name for blob in blobs}
    listed = {f"sha256:{blob.name}": blob.stat().st_size for blob in blobs}
    for node in tree:
        assert listed[node.digest] == len(node.content)


def test_an_attestation_is_marked_as_buildkit_marks_it() -> None:
    tree = images.index([images.image()], attestations=True)
    image, attested = json.loads(tree.content)["manifests"]
    assert attested["platform"] == {"architecture": "unknown", "os": "unknown"}
    assert attested["annotations"] == {
        "vnd.docker.reference.digest": image["digest"],
        "vnd.docker.reference.type": "attestation-manifest",
    }


def test_building_again_gives_the_same_digest_and_a_label_another() -> None:
    assert images.image().digest == images.image().digest != images.image(label="other").digest


def test_the_docker_format_has_docker_types_all_through() -> None:
    tree = images.index([images.image(docker=True)], docker=True)
    assert [node.media_type for node in tree] == [
        images.DOCKER_CONFIG,
        images.DOCKER_LAYER,
        images.DOCKER_MANIFEST,
        images.DOCKER_LIST,
    ]


def test_an_entry_without_platform() -> None:
    [entry] = json.loads(images.index([images.without_platform(images.image())]).content)["manifests"]
    assert "platform" not in entry
