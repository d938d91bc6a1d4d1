"""Observing an image: what it offers, with which evidence, and how many calls that takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.content import (
    HELM_CONFIG,
    Content,
    attestation,
    bare,
    config,
    cosign,
    docker,
    docker_list,
    helm,
    index,
    manifest,
    raw,
    sha256,
    single,
)
from tests.fakes.images import FakeImages

from ecrguard.domain import manifest as manifest_module
from ecrguard.domain.image import Evidence, Image, ImageKind, Unknown, UnknownReason
from ecrguard.domain.manifest import MAX_CONFIG_BYTES, OCI_INDEX, OCI_MANIFEST
from ecrguard.errors import UnreadableError
from ecrguard.observe import MAX_DEPTH, MAX_READS, MAX_UNKNOWNS, observe
from ecrguard.ports import RawManifest

if TYPE_CHECKING:
    from collections.abc import Sequence

REPOSITORY = "team/web"
DESCRIPTOR, CONFIG = Evidence.DESCRIPTOR, Evidence.CONFIG


@pytest.fixture
def store() -> FakeImages:
    return FakeImages()


def seen(store: FakeImages, content: Content) -> Image:
    return observe(store, REPOSITORY, store.push(REPOSITORY, content)).image


def offered(image: Image) -> list[tuple[str, Evidence]]:
    return [(str(offer.platform), offer.evidence) for offer in image.offers]


def reasons(image: Image) -> list[UnknownReason]:
    return [unknown.reason for unknown in image.unknowns]


def unlisted(content: Content, **entry: object) -> Content:
    """The same content under an entry of one's own."""
    return Content(content.body, content.media_type, content.blobs, content.children, dict(entry))


def many(count: int) -> Sequence[Content]:
    return [bare(manifest(config("linux", f"cpu{number}"))) for number in range(count)]


COSTS = {
    "a single image: its manifest and its config": (single("arm64"), ["manifests", "config"]),
    "Docker's single image: the same": (docker(), ["manifests", "config"]),
    "an index that states its platforms: its manifest": (index(single(), single("arm64")), ["manifests"]),
    "attestations cost nothing": (index(single(), attestation(single())), ["manifests"]),
    "an artifact: its manifest": (helm(), ["manifests"]),
    "an empty index: its manifest": (index(), ["manifests"]),
    "children without a platform: one batch, and their configs": (
        index(*many(3)),
        ["manifests", "manifests", "config", "config", "config"],
    ),
    "some with and some without: one batch for those without": (
        index(single(), *many(2), single("arm64")),
        ["manifests", "manifests", "config", "config"],
    ),
    "an index within an index: one call more": (index(index(single())), ["manifests", "manifests"]),
    "what is labelled an artifact and states a platform: one call more": (
        index(single(), unlisted(helm(), platform={"os": "linux", "architecture": "amd64"}, artifactType=HELM_CONFIG)),
        ["manifests", "manifests"],
    ),
}


@pytest.mark.parametrize(("content", "calls"), COSTS.values(), ids=COSTS.keys())
def test_an_observation_costs_no_more_calls_than_its_manifest_needs(
    store: FakeImages, content: Content, calls: list[str]
) -> None:
    seen(store, content)

    assert store.operations() == calls


def test_the_children_without_a_platform_are_asked_for_in_one_batch_without_repeats(store: FakeImages) -> None:
    first, second = many(2)
    seen(store, index(first, second, first))

    assert store.calls[1] == ("manifests", (first.digest, second.digest))


OFFERS: dict[str, tuple[Content, list[tuple[str, Evidence]]]] = {
    "a single image offers what its config says": (single("arm64"), [("linux/arm64", CONFIG)]),
    "an index offers what its entries say, in their order": (
        index(single("arm64"), single(), single("arm", variant="v7")),
        [("linux/arm64", DESCRIPTOR), ("linux/amd64", DESCRIPTOR), ("linux/arm/v7", DESCRIPTOR)],
    ),
    "an entry without a platform offers what its config says, in its place": (
        docker_list(single("s390x"), bare(single("arm64")), single()),
        [("linux/s390x", DESCRIPTOR), ("linux/arm64", CONFIG), ("linux/amd64", DESCRIPTOR)],
    ),
    "an entry without an os offers what its config says": (
        index(unlisted(single(), platform={"architecture": "amd64"})),
        [("linux/amd64", CONFIG)],
    ),
    "an entry's word counts, not its config's: engines choose by it": (
        index(unlisted(single("arm64"), platform={"os": "linux", "architecture": "amd64"})),
        [("linux/amd64", DESCRIPTOR)],
    ),
    "attestations offer nothing": (
        index(single(), attestation(single())),
        [("linux/amd64", DESCRIPTOR)],
    ),
    "an attestation that lost its annotation offers nothing": (
        index(single(), unlisted(attestation(single()), platform={"os": "unknown", "architecture": "unknown"})),
        [("linux/amd64", DESCRIPTOR)],
    ),
    "an artifact among images offers nothing": (
        index(single(), bare(helm()), bare(cosign())),
        [("linux/amd64", DESCRIPTOR)],
    ),
    "an index within an index offers what it has": (
        index(single(), index(single("arm64"), index(single("s390x")))),
        [("linux/amd64", DESCRIPTOR), ("linux/arm64", DESCRIPTOR), ("linux/s390x", DESCRIPTOR)],
    ),
    "an image that is labelled an artifact offers what its entry says": (
        index(unlisted(single(), platform={"os": "linux", "architecture": "amd64"}, artifactType="application/x")),
        [("linux/amd64", DESCRIPTOR)],
    ),
    "an artifact with a platform offers nothing": (
        index(single(), unlisted(helm(), platform={"os": "linux", "architecture": "arm64"}, artifactType=HELM_CONFIG)),
        [("linux/amd64", DESCRIPTOR)],
    ),
}


@pytest.mark.parametrize(("content", "expected"), OFFERS.values(), ids=OFFERS.keys())
def test_what_an_image_offers(store: FakeImages, content: Content, expected: list[tuple[str, Evidence]]) -> None:
    image = seen(store, content)

    assert offered(image) == expected
    assert image.unknowns == ()


def test_of_entries_for_one_platform_the_first_wins_as_engines_choose(store: FakeImages) -> None:
    first, second = single(), unlisted(docker(), platform={"os": "linux", "architecture": "amd64"})

    image = seen(store, index(first, second, bare(docker())))

    assert [offer.digest for offer in image.offers] == [first.digest]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        pytest.param(single(), ImageKind.SINGLE, id="single"),
        pytest.param(index(single()), ImageKind.INDEX, id="index"),
        pytest.param(index(), ImageKind.INDEX, id="empty index"),
        pytest.param(helm(), ImageKind.ARTIFACT, id="artifact"),
        pytest.param(index(bare(helm())), ImageKind.ARTIFACT, id="index whose entries turn out to be artifacts"),
        pytest.param(index(attestation(single())), ImageKind.ARTIFACT, id="index of attestations"),
        pytest.param(raw({"schemaVersion": 1}), ImageKind.UNSUPPORTED, id="schema 1"),
    ],
)
def test_the_kind_of_image(store: FakeImages, content: Content, kind: ImageKind) -> None:
    assert seen(store, content).kind is kind


def test_the_exact_bytes_come_along_for_whoever_puts_a_tag_on_the_image(store: FakeImages) -> None:
    digest = store.push(REPOSITORY, single())

    assert observe(store, REPOSITORY, digest).manifest == RawManifest(digest, OCI_MANIFEST, single().body)


def _large_config() -> Content:
    made = single()
    return Content(
        made.body.replace(b'"size": 1', f'"size": {MAX_CONFIG_BYTES}1'.encode(), 1), OCI_MANIFEST, made.blobs
    )


UNTOLD = {
    "a config that says no architecture": (manifest(config("linux", "")), UnknownReason.PLATFORM_MISSING),
    "a config that is no JSON": (manifest(b"\x1f\x8b"), UnknownReason.CONFIG_MALFORMED),
    "a config that is too large, by its descriptor": (_large_config(), UnknownReason.CONFIG_TOO_LARGE),
    "schema 1": (raw({"schemaVersion": 1}), UnknownReason.MEDIA_TYPE_UNSUPPORTED),
    "a media type of tomorrow": (raw({}, "application/vnd.next+json"), UnknownReason.MEDIA_TYPE_UNSUPPORTED),
    "an entry whose media type is no manifest's": (
        index(Content(b"{}", "application/octet-stream")),
        UnknownReason.MEDIA_TYPE_UNSUPPORTED,
    ),
    "an entry of an image that says unknown/unknown, which engines pass over": (
        index(unlisted(single(), platform={"os": "unknown", "architecture": "unknown"})),
        UnknownReason.PLATFORM_MISSING,
    ),
    "an entry of an image that says an os alone, which engines pass over": (
        index(unlisted(single(), platform={"os": "linux"})),
        UnknownReason.PLATFORM_MISSING,
    ),
    "an entry that is malformed itself": (index(bare(raw(b"[]"))), UnknownReason.MANIFEST_MALFORMED),
}


@pytest.mark.parametrize(("content", "reason"), UNTOLD.values(), ids=UNTOLD.keys())
def test_what_cannot_be_told_is_kept_as_unknown_and_offers_nothing(
    store: FakeImages, content: Content, reason: UnknownReason
) -> None:
    image = seen(store, content)

    assert (image.offers, reasons(image)) == ((), [reason])


def test_a_config_that_is_not_the_one_named_is_unknown(store: FakeImages) -> None:
    digest = store.push(REPOSITORY, single("arm64"))
    store.hold_blob(REPOSITORY, sha256(config("linux", "arm64")), config("linux", "amd64"))

    assert reasons(observe(store, REPOSITORY, digest).image) == [UnknownReason.CONFIG_DIGEST_MISMATCH]


def test_a_config_that_is_missing_is_unknown(store: FakeImages) -> None:
    digest = store.push(REPOSITORY, single())
    store.delete_blobs(REPOSITORY)

    assert reasons(observe(store, REPOSITORY, digest).image) == [UnknownReason.CONFIG_MISSING]


def test_one_unknown_entry_does_not_hide_the_others(store: FakeImages) -> None:
    image = seen(store, index(bare(manifest(config("", ""))), single("arm64")))

    assert offered(image) == [("linux/arm64", DESCRIPTOR)]
    assert reasons(image) == [UnknownReason.PLATFORM_MISSING]


@pytest.mark.parametrize(
    "reason", [UnknownReason.IMAGE_GONE, UnknownReason.THROTTLED, UnknownReason.IMAGE_INACCESSIBLE]
)
def test_an_entry_that_the_registry_does_not_give_is_kept_as_unknown(store: FakeImages, reason: UnknownReason) -> None:
    child = bare(single())
    store.withhold(child.digest, reason)

    assert reasons(seen(store, index(child, single("arm64")))) == [reason]


def _nested(depth: int) -> Content:
    content = single()
    for _ in range(depth):
        content = index(content)
    return content


def test_indexes_within_each_other_are_followed_to_the_depth_that_exists_and_no_further(store: FakeImages) -> None:
    assert reasons(seen(store, _nested(MAX_DEPTH))) == []
    assert reasons(seen(store, _nested(MAX_DEPTH + 1))) == [UnknownReason.INDEX_TOO_DEEP]


def test_an_index_that_refers_to_itself_ends(store: FakeImages, monkeypatch: pytest.MonkeyPatch) -> None:
    # No real digest can do this; a store that does not check digests can.
    monkeypatch.setattr(manifest_module, "digest_matches", lambda *_: True)
    outer, inner = sha256(b"outer"), sha256(b"inner")
    for digest, child in ((outer, inner), (inner, outer)):
        body = index(Content(b"", OCI_INDEX)).body.replace(sha256(b"").encode(), child.encode())
        store.hold(REPOSITORY, RawManifest(digest, OCI_INDEX, body))

    image = observe(store, REPOSITORY, outer).image

    assert reasons(image) == [UnknownReason.INDEX_CYCLE]
    assert len(store.calls) == 2


def test_no_more_manifests_are_read_than_one_batch_takes(store: FakeImages) -> None:
    image = seen(store, index(*many(MAX_READS + 5)))

    assert len(image.offers) == MAX_READS
    assert reasons(image) == [UnknownReason.INDEX_TOO_WIDE]
    assert "5 more" in image.unknowns[0].detail


def test_a_few_small_indexes_that_name_each_other_a_thousand_times_cost_a_few_calls(store: FakeImages) -> None:
    bomb = index(*[Content(b"{}", "application/x")] * 500)
    for _ in range(MAX_DEPTH):
        bomb = index(*[bomb] * 500)

    image = seen(store, bomb)

    assert len(store.calls) <= MAX_DEPTH
    assert image.offers == ()
    assert 0 < len(image.unknowns) <= MAX_UNKNOWNS


RAISED = [UnknownReason.ACCESS_DENIED, UnknownReason.THROTTLED, UnknownReason.UNAVAILABLE]


@pytest.mark.parametrize("reason", RAISED)
@pytest.mark.parametrize(
    ("content", "operation"),
    [
        pytest.param(single(), "manifests", id="the manifest"),
        pytest.param(single(), "config", id="the config"),
        pytest.param(index(bare(single())), "config", id="the config of an entry"),
    ],
)
def test_what_may_be_read_later_or_with_permission_is_an_error_and_no_platform(
    store: FakeImages, content: Content, operation: str, reason: UnknownReason
) -> None:
    store.fail(operation, reason)

    with pytest.raises(UnreadableError) as caught:
        seen(store, content)

    assert caught.value.unknown.reason is reason


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"<html>", UnknownReason.MANIFEST_MALFORMED, id="malformed"),
        pytest.param(b" " * (4 * 1024 * 1024 + 1), UnknownReason.MANIFEST_TOO_LARGE, id="too large"),
    ],
)
def test_an_image_whose_own_manifest_cannot_be_read_is_an_error(
    store: FakeImages, body: bytes, reason: UnknownReason
) -> None:
    with pytest.raises(UnreadableError) as caught:
        seen(store, raw(body))

    assert caught.value.unknown.reason is reason


def test_an_image_that_is_gone_is_an_error(store: FakeImages) -> None:
    store.create(REPOSITORY)

    with pytest.raises(UnreadableError) as caught:
        observe(store, REPOSITORY, single().digest)

    assert caught.value.unknown.reason is UnknownReason.IMAGE_GONE
    assert isinstance(caught.value.unknown, Unknown)
