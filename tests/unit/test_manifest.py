"""Reading a manifest: which kind it is, for every format that a registry holds."""

from __future__ import annotations

import hashlib
import json

import pytest
from tests.content import (
    DOCKER_CONFIG,
    DOCKER_LAYER,
    EMPTY_CONFIG,
    HELM_CONFIG,
    OCI_CONFIG,
    SCHEMA_1,
    Content,
    attestation,
    bare,
    config,
    cosign,
    docker,
    docker_list,
    encode,
    helm,
    index,
    layer,
    manifest,
    raw,
    single,
)

from ecrguard.domain.image import ImageKind, Unknown, UnknownReason
from ecrguard.domain.manifest import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    MAX_CHILDREN,
    MAX_MANIFEST_BYTES,
    OCI_INDEX,
    OCI_MANIFEST,
    Manifest,
    read_manifest,
)
from ecrguard.domain.platform import Platform

WASM_CONFIG = "application/vnd.wasm.config.v0+json"
SOCI_CONFIG = "application/vnd.amazon.soci.index.v1+json"
ARTIFACT_MANIFEST = "application/vnd.oci.artifact.manifest.v1+json"
DIGEST = f"sha256:{'a' * 64}"


def read(content: Content, stated: str | None = None) -> Manifest:
    found = read_manifest(content.body, content.digest, content.media_type if stated is None else stated)
    assert isinstance(found, Manifest), found
    return found


def refused(content: Content, stated: str | None = None) -> Unknown:
    found = read_manifest(content.body, content.digest, content.media_type if stated is None else stated)
    assert isinstance(found, Unknown), found
    assert found.subject == content.digest
    return found


KINDS = {
    "OCI image": (single(), ImageKind.SINGLE),
    "Docker schema 2 image": (docker(), ImageKind.SINGLE),
    "OCI image without a layer": (manifest(config(), layers=[]), ImageKind.SINGLE),
    "OCI image whose manifest names no media type": (manifest(config(), named=False), ImageKind.SINGLE),
    "image with zstd layers": (
        manifest(config(), layers=[layer("application/vnd.oci.image.layer.v1.tar+zstd")]),
        ImageKind.SINGLE,
    ),
    "Windows image with foreign layers": (
        manifest(
            config("windows"),
            config_type=DOCKER_CONFIG,
            layers=[layer("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"), layer(DOCKER_LAYER)],
            media_type=DOCKER_MANIFEST,
        ),
        ImageKind.SINGLE,
    ),
    "image that also has an artifact type": (
        manifest(config(), artifactType="application/vnd.example.tool"),
        ImageKind.SINGLE,
    ),
    "image that also has a subject": (manifest(config(), subject=single().descriptor()), ImageKind.SINGLE),
    "image with a layer for engines beside one for others": (
        manifest(config(), layers=[layer("application/vnd.in-toto+json"), layer()]),
        ImageKind.SINGLE,
    ),
    "image whose media types are in upper case": (
        manifest(config(), config_type=OCI_CONFIG.upper(), layers=[layer("Application/VND.OCI.Image.Layer.v1.tar")]),
        ImageKind.SINGLE,
    ),
    "image that names its own media type in upper case": (
        Content(encode(json.loads(single().body) | {"mediaType": OCI_MANIFEST.upper()}), OCI_MANIFEST),
        ImageKind.SINGLE,
    ),
    "old image whose config is octets, as Docker takes it": (
        manifest(
            config(),
            config_type="application/octet-stream",
            layers=[layer(DOCKER_LAYER)],
            media_type=DOCKER_MANIFEST,
        ),
        ImageKind.SINGLE,
    ),
    "old image whose config has no type, as Docker takes it": (
        manifest(config(), config_type="", layers=[layer(DOCKER_LAYER)], media_type=DOCKER_MANIFEST),
        ImageKind.SINGLE,
    ),
    "OCI index": (index(single(), single("arm64")), ImageKind.INDEX),
    "Docker list": (docker_list(single()), ImageKind.INDEX),
    "OCI index that names no media type": (index(single(), named=False), ImageKind.INDEX),
    "empty index": (index(), ImageKind.INDEX),
    "index of a single image and its attestation": (index(single(), attestation(single())), ImageKind.INDEX),
    "index of indexes": (index(index(single())), ImageKind.INDEX),
    "index of nothing but attestations": (index(attestation(single())), ImageKind.ARTIFACT),
    "index of nothing but artifacts": (
        index(Content(helm().body, OCI_MANIFEST, entry={"artifactType": HELM_CONFIG})),
        ImageKind.ARTIFACT,
    ),
    "Helm chart": (helm(), ImageKind.ARTIFACT),
    "Cosign's signature with an image config": (cosign(), ImageKind.ARTIFACT),
    "BuildKit's attestation with an image config": (attestation(single()), ImageKind.ARTIFACT),
    "SOCI index": (
        manifest(
            b"{}", config_type=SOCI_CONFIG, layers=[layer("application/octet-stream")], subject=single().descriptor()
        ),
        ImageKind.ARTIFACT,
    ),
    "SBOM with an empty config": (
        manifest(
            b"{}", config_type=EMPTY_CONFIG, artifactType="application/spdx+json", layers=[layer("application/json")]
        ),
        ImageKind.ARTIFACT,
    ),
    "WebAssembly module": (
        manifest(b"{}", config_type=WASM_CONFIG, layers=[layer("application/wasm")]),
        ImageKind.ARTIFACT,
    ),
    "ORAS files in image layers with a config of their own": (
        manifest(b"{}", config_type="application/vnd.unknown.config.v1+json", layers=[layer()]),
        ImageKind.ARTIFACT,
    ),
    "a JSON config and no layer at all": (
        manifest(b"{}", config_type="application/json", layers=[]),
        ImageKind.ARTIFACT,
    ),
    "files with a JSON config and no image layer": (
        manifest(b"{}", config_type="application/json", layers=[layer("text/plain")]),
        ImageKind.ARTIFACT,
    ),
    "ORAS artifact manifest": (
        raw({"mediaType": ARTIFACT_MANIFEST, "artifactType": "application/spdx+json", "blobs": []}, ARTIFACT_MANIFEST),
        ImageKind.ARTIFACT,
    ),
    "Docker schema 1": (raw({"schemaVersion": 1, "name": "web", "fsLayers": []}, SCHEMA_1), ImageKind.UNSUPPORTED),
    "schema 1 that says it is OCI": (
        raw({"schemaVersion": 1, "mediaType": OCI_MANIFEST, "config": {}, "layers": []}),
        ImageKind.UNSUPPORTED,
    ),
    "unknown media type": (raw({"schemaVersion": 2}, "application/vnd.new.thing+json"), ImageKind.UNSUPPORTED),
    "no media type and nothing to guess from": (raw({"schemaVersion": 2}, ""), ImageKind.UNSUPPORTED),
}


@pytest.mark.parametrize(("content", "kind"), KINDS.values(), ids=KINDS.keys())
def test_the_kind_of_each_format_is_known(content: Content, kind: ImageKind) -> None:
    found = read(content)

    assert (found.kind, found.digest) == (kind, content.digest)
    assert (found.config is not None) == (kind is ImageKind.SINGLE)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        pytest.param(manifest(config(), named=False), ImageKind.SINGLE, id="config and layers: an image"),
        pytest.param(index(single(), named=False), ImageKind.INDEX, id="manifests: an index"),
    ],
)
def test_where_neither_registry_nor_manifest_names_a_media_type_its_members_tell(
    content: Content, kind: ImageKind
) -> None:
    assert read(content, stated="").kind is kind


@pytest.mark.parametrize(
    ("content", "stated"),
    [
        pytest.param(single(), OCI_INDEX, id="an image that the registry calls an index"),
        pytest.param(index(single()), OCI_MANIFEST, id="an index that the registry calls an image"),
        pytest.param(single(), DOCKER_MANIFEST, id="OCI's format under Docker's name"),
    ],
)
def test_a_manifest_that_names_another_media_type_than_the_registry_is_refused(content: Content, stated: str) -> None:
    found = refused(content, stated)

    assert found.reason is UnknownReason.MANIFEST_MALFORMED
    assert stated in found.detail


TWO_FACED = {
    "an index with a config": (index(single(), config=single().descriptor()), OCI_INDEX),
    "an index with layers": (index(single(), layers=[layer()]), OCI_INDEX),
    "an image with manifests": (manifest(config(), manifests=[]), OCI_MANIFEST),
    "both, and no media type": (manifest(config(), named=False, manifests=[]), ""),
    "both, named by the registry alone": (manifest(config(), named=False, manifests=[]), OCI_INDEX),
}


@pytest.mark.parametrize(("content", "stated"), TWO_FACED.values(), ids=TWO_FACED.keys())
def test_what_one_reader_takes_for_an_image_and_another_for_an_index_never_passes(
    content: Content, stated: str
) -> None:
    found = read_manifest(content.body, content.digest, stated)

    assert isinstance(found, Unknown) or found.kind is ImageKind.UNSUPPORTED


def _with(content: Content, old: bytes, new: bytes) -> Content:
    assert old in content.body
    return Content(content.body.replace(old, new), content.media_type)


MALFORMED = {
    "bytes that are no text": raw(b"\xff\xfe\x00 {"),
    "no JSON": raw(b"<html>"),
    "nothing": raw(b""),
    "a list": raw([1, 2]),
    "null": raw(None),
    "the same key twice": _with(single(), b'"schemaVersion": 2', b'"schemaVersion": 2, "config": {}'),
    "a key in another case": _with(index(single()), b'"manifests"', b'"Manifests"'),
    "a key that Go folds to a known one": _with(index(single()), b'"manifests"', '"manife\u017fts"'.encode()),
    "a platform's key in another case": _with(index(single()), b'"architecture"', b'"Architecture"'),
    "a descriptor's key in another case": _with(index(single()), b'"platform"', b'"Platform"'),
    "nested too deeply": raw(b"[" * 200_000 + b"]" * 200_000),
    "a number of very many digits": raw(b'{"schemaVersion": ' + b"9" * 5000 + b"}"),
    "no config": raw({"mediaType": OCI_MANIFEST, "layers": []}),
    "a config that is a text": raw({"mediaType": OCI_MANIFEST, "config": "x", "layers": []}),
    "a config without a digest": raw({"mediaType": OCI_MANIFEST, "config": {"mediaType": OCI_CONFIG}, "layers": []}),
    "layers that are an object": _with(manifest(config(), layers=[]), b'"layers": []', b'"layers": {}'),
    "a layer that is a number": _with(manifest(config(), layers=[]), b'"layers": []', b'"layers": [1]'),
    "manifests that are null": raw({"mediaType": OCI_INDEX, "manifests": None}, OCI_INDEX),
    "an entry with a digest of no known kind": raw(
        {"mediaType": OCI_INDEX, "manifests": [{"mediaType": OCI_MANIFEST, "digest": "md5:abc", "size": 1}]}, OCI_INDEX
    ),
    "a size that is a text": _with(single(), b'"size": 32', b'"size": "32"'),
    "a size that is true": _with(single(), b'"size": 32', b'"size": true'),
    "a platform that is a text": index(Content(single().body, OCI_MANIFEST, entry={"platform": "linux/amd64"})),
    "an architecture that is a number": index(
        Content(single().body, OCI_MANIFEST, entry={"platform": {"os": "linux", "architecture": 64}})
    ),
    "an architecture with a shell command": index(
        Content(single().body, OCI_MANIFEST, entry={"platform": {"os": "linux", "architecture": "amd64;curl x|sh"}})
    ),
    "an architecture of a hundred thousand letters": index(
        Content(single().body, OCI_MANIFEST, entry={"platform": {"os": "linux", "architecture": "a" * 100_000}})
    ),
    "a media type that is half a character": _with(single(), OCI_MANIFEST.encode(), b"application/\\ud800"),
    "a media type of a megabyte": raw({"mediaType": "a" * 1_000_000}),
    "os.features without end": index(
        Content(
            single().body,
            OCI_MANIFEST,
            entry={"platform": {"os": "linux", "architecture": "amd64", "os.features": [str(n) for n in range(1000)]}},
        )
    ),
    "an index with too many entries": raw(
        {"mediaType": OCI_INDEX, "manifests": [single().descriptor()] * (MAX_CHILDREN + 1)}, OCI_INDEX
    ),
}


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_manifest_is_an_unknown_that_says_what_was_expected(content: Content) -> None:
    found = refused(content, stated="")

    assert found.reason is UnknownReason.MANIFEST_MALFORMED
    assert found.detail.startswith("expected ")
    assert len(found.detail) < 500
    found.detail.encode()


def test_a_manifest_over_the_cap_is_not_parsed() -> None:
    content = raw(b" " * (MAX_MANIFEST_BYTES + 1))

    assert refused(content).reason is UnknownReason.MANIFEST_TOO_LARGE


def test_a_manifest_with_another_digest_than_asked_for_is_not_parsed() -> None:
    found = read_manifest(single().body, single("arm64").digest, OCI_MANIFEST)

    assert isinstance(found, Unknown)
    assert found.reason is UnknownReason.MANIFEST_DIGEST_MISMATCH


@pytest.mark.parametrize("digest", ["", "sha256:", "md5:abc", f"sha256:{'A' * 64}", "sha256:../../etc/passwd"])
def test_a_digest_that_cannot_be_verified_never_matches(digest: str) -> None:
    found = read_manifest(single().body, digest, OCI_MANIFEST)

    assert isinstance(found, Unknown)
    assert found.reason is UnknownReason.MANIFEST_DIGEST_MISMATCH


def test_a_sha512_digest_is_verified_too() -> None:
    body = single().body
    digest = f"sha512:{hashlib.sha512(body).hexdigest()}"

    assert isinstance(read_manifest(body, digest, OCI_MANIFEST), Manifest)
    assert isinstance(read_manifest(body + b" ", digest, OCI_MANIFEST), Unknown)


def test_an_index_keeps_its_order_and_each_entry_its_platform() -> None:
    found = read(docker_list(single("arm64", variant="v8"), single(), bare(single("s390x"))))

    assert found.media_type == DOCKER_LIST
    assert [child.platform for child in found.children] == [
        Platform("linux", "arm64"),
        Platform("linux", "amd64"),
        None,
    ]


ENTRIES: dict[str, tuple[Content, bool]] = {
    "an image with a platform": (single(), True),
    "an image without one": (bare(single()), True),
    "an attestation": (attestation(single()), False),
    "an artifact without a platform": (Content(helm().body, OCI_MANIFEST, entry={"artifactType": HELM_CONFIG}), False),
    "an artifact manifest": (Content(b"{}", ARTIFACT_MANIFEST), False),
    "an image that says what its config is": (
        Content(single().body, OCI_MANIFEST, entry={"artifactType": OCI_CONFIG}),
        True,
    ),
    # Engines choose by platform and do not look at labels: these may run.
    "an image that is labelled an attestation": (
        Content(
            single().body,
            OCI_MANIFEST,
            entry={**single().entry, "annotations": {"vnd.docker.reference.type": "attestation-manifest"}},
        ),
        True,
    ),
    "an image that is labelled an artifact": (
        Content(single().body, OCI_MANIFEST, entry={**single().entry, "artifactType": "application/vnd.example"}),
        True,
    ),
}


@pytest.mark.parametrize(("entry", "runnable"), ENTRIES.values(), ids=ENTRIES.keys())
def test_an_entry_is_left_out_only_where_no_engine_would_choose_it(entry: Content, *, runnable: bool) -> None:
    found = read(index(single("s390x"), entry))

    assert [child.runnable for child in found.children] == [True, runnable]
