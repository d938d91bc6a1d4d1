"""Whatever bytes a registry gives, reading them ends in a value."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from tests.content import OCI_CONFIG, OCI_LAYER, Record, encode, sha256

from ecrguard.domain.image import ImageKind, Unknown
from ecrguard.domain.manifest import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    Descriptor,
    Manifest,
    read_config,
    read_manifest,
)
from ecrguard.domain.platform import Platform

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
values: st.SearchStrategy[Any] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)
digests = st.sampled_from([sha256(b"1"), sha256(b"2"), "sha256:", "md5:1", ""])
media_types = st.sampled_from([OCI_MANIFEST, OCI_INDEX, DOCKER_LIST, DOCKER_MANIFEST, OCI_CONFIG, OCI_LAYER, "", "x/y"])


def records(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[Record]:
    """Objects with some of these members, any of which may be of the wrong kind."""
    return st.fixed_dictionaries({}, optional={name: one | values for name, one in members.items()})


platforms = records(
    os=st.sampled_from(["linux", "windows", "unknown", "", "LINUX"]),
    architecture=st.sampled_from(["amd64", "arm64", "arm", "unknown", ""]),
    variant=st.sampled_from(["", "v7", "v8"]),
    **{"os.version": st.just("10.0.20348"), "os.features": st.lists(st.text(max_size=5), max_size=2)},
)
descriptors = records(
    mediaType=media_types,
    digest=digests,
    size=st.integers(-1, 2**70),
    platform=platforms,
    annotations=records(**{"vnd.docker.reference.type": st.just("attestation-manifest")}),
    artifactType=media_types,
)
manifests = records(
    schemaVersion=st.sampled_from([1, 2]),
    mediaType=media_types,
    artifactType=media_types,
    config=descriptors,
    layers=st.lists(descriptors, max_size=3),
    manifests=st.lists(descriptors, max_size=4),
)
bodies = st.binary(max_size=200) | values.map(encode) | manifests.map(encode)


@given(bodies, media_types | st.text(max_size=20))
@example(b"\xef\xbb\xbf{}", "")
def test_reading_any_bytes_as_a_manifest_ends_in_a_manifest_or_an_unknown(body: bytes, stated: str) -> None:
    found = read_manifest(body, sha256(body), stated)

    if isinstance(found, Unknown):
        assert found.detail.startswith("expected ")
        assert len(found.detail) < 1000
    else:
        assert isinstance(found, Manifest)
        assert (found.config is not None) == (found.kind is ImageKind.SINGLE)
        assert found.kind is ImageKind.INDEX or not any(child.runnable for child in found.children)


@given(bodies | platforms.map(encode))
def test_reading_any_bytes_as_a_config_ends_in_a_known_platform_or_an_unknown(body: bytes) -> None:
    found = read_config(body, Descriptor(OCI_CONFIG, sha256(body), len(body)))

    assert isinstance(found, Unknown) or found.known


@given(bodies, st.text(max_size=80))
def test_no_digest_but_the_right_one_is_taken(body: bytes, digest: str) -> None:
    found = read_manifest(body, digest, "")

    assert isinstance(found, Unknown) or digest == sha256(body)


@given(platforms)
def test_what_a_platform_says_can_be_put_into_a_command_and_a_log(stated: Record) -> None:
    body = encode(stated)
    found = read_config(body, Descriptor(OCI_CONFIG, sha256(body), len(body)))

    if isinstance(found, Platform):
        text = str(found)
        text.encode()
        assert text.isprintable()
        assert not set(text) & set("$`;|&<>'\"\\")
