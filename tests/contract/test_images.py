"""What every ``ImageStore`` does: the fake that tests use, and the real one on ECR's own answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.content import Content, config, docker, docker_list, index, manifest, sha256, single
from tests.contract.image_world import OPERATIONS, REFUSALS, REPOSITORY, Twin, adapters, raised, raw, twin_of
from tests.fakes.blob_server import BlobServer, body, running
from tests.fakes.ecr_client import ACCOUNT, FakeEcr
from tests.fakes.wire import Refusal

from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.errors import UnreadableError
from ecrguard.ports import RawManifest, Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ecrguard.adapters.ecr import EcrImages
    from ecrguard.ports import ImageStore


@pytest.fixture(params=["fake", "ecr"])
def twin(request: pytest.FixtureRequest) -> Iterator[Twin]:
    with twin_of(request.param) as made:
        yield made


@pytest.mark.parametrize("content", [single(), docker(), index(single())], ids=["OCI", "Docker", "index"])
def test_a_manifest_is_given_with_its_exact_bytes_and_media_type(twin: Twin, content: Content) -> None:
    digest = twin.held.push(REPOSITORY, content, "1.4")

    assert twin.store.manifests(REPOSITORY, [digest]) == {digest: RawManifest(digest, content.media_type, content.body)}


@pytest.mark.parametrize("tags", [(), ("1.4",), ("1.4", "latest", "prod")], ids=["untagged", "one tag", "several tags"])
def test_a_manifest_is_given_once_whatever_its_tags(twin: Twin, tags: tuple[str, ...]) -> None:
    digest = twin.held.push(REPOSITORY, single(), *tags)

    assert list(twin.store.manifests(REPOSITORY, [digest])) == [digest]


def test_manifests_come_in_the_order_in_which_they_were_asked_for(twin: Twin) -> None:
    digests = [twin.held.push(REPOSITORY, single(architecture)) for architecture in ("amd64", "arm64", "s390x")]

    assert list(twin.store.manifests(REPOSITORY, digests[::-1])) == digests[::-1]


def test_more_manifests_than_one_call_takes_are_all_given(twin: Twin) -> None:
    digests = [twin.held.push(REPOSITORY, single(f"cpu{number}")) for number in range(205)]

    found = twin.store.manifests(REPOSITORY, digests)

    assert list(found) == digests
    assert all(isinstance(each, RawManifest) for each in found.values())


def test_one_that_is_gone_does_not_keep_the_others_from_being_given(twin: Twin) -> None:
    there, gone = twin.held.push(REPOSITORY, single()), single("arm64").digest

    found = twin.store.manifests(REPOSITORY, [gone, there])

    assert isinstance(found[there], RawManifest)
    missing = found[gone]
    assert isinstance(missing, Unknown)
    assert (missing.reason, missing.subject) == (UnknownReason.IMAGE_GONE, gone)


def test_a_config_is_given_as_it_is(twin: Twin) -> None:
    twin.held.push(REPOSITORY, single("arm64"))
    content = config("linux", "arm64")

    assert twin.store.config(REPOSITORY, sha256(content), len(content)) == content


def test_a_config_beyond_the_limit_is_refused(twin: Twin) -> None:
    content = config("linux", "amd64", filler="x" * 200_000)
    twin.held.push(REPOSITORY, manifest(content))

    reason = raised(lambda: twin.store.config(REPOSITORY, sha256(content), 100_000))

    assert reason is UnknownReason.CONFIG_TOO_LARGE


def test_a_config_that_is_missing_is_an_error(twin: Twin) -> None:
    twin.held.push(REPOSITORY, single())
    twin.held.delete_blobs(REPOSITORY)

    assert raised(lambda: twin.store.config(REPOSITORY, sha256(config()), 9999)) is UnknownReason.CONFIG_MISSING


def test_a_tag_stands_for_a_digest_and_a_digest_has_tags(twin: Twin) -> None:
    digest = twin.held.push(REPOSITORY, single(), "1.4", "latest")
    untagged = twin.held.push(REPOSITORY, single("arm64"))

    assert twin.store.digest_of(REPOSITORY, "latest") == digest
    assert sorted(twin.store.tags_of(REPOSITORY, digest)) == ["1.4", "latest"]
    assert twin.store.tags_of(REPOSITORY, untagged) == ()


def test_a_tag_or_an_image_that_is_gone_is_an_error(twin: Twin) -> None:
    digest = twin.held.push(REPOSITORY, single(), "1.4")
    twin.held.delete(REPOSITORY, digest)

    assert raised(lambda: twin.store.digest_of(REPOSITORY, "1.4")) is UnknownReason.IMAGE_GONE
    assert raised(lambda: twin.store.tags_of(REPOSITORY, digest)) is UnknownReason.IMAGE_GONE


def test_the_indexes_that_have_a_tag_and_can_be_pulled_are_listed(twin: Twin) -> None:
    held, store = twin.held, twin.store
    first, second = index(single("amd64")), docker_list(docker("arm64"))
    held.push(REPOSITORY, first, "1", "1.0")
    held.push(REPOSITORY, second, "2")
    held.push(REPOSITORY, index(single("s390x")))
    held.push(REPOSITORY, single("riscv64"), "3")
    held.store(REPOSITORY, held.push(REPOSITORY, index(single("ppc64le")), "old"), "ARCHIVED")

    assert set(store.tagged_indexes(REPOSITORY, 2)) == {first.digest, second.digest}


def test_more_indexes_than_may_be_are_not_taken_for_all(twin: Twin) -> None:
    for number in range(3):
        twin.held.push(REPOSITORY, index(single("arm64", variant=f"v{number}")), str(number))

    with pytest.raises(UnreadableError) as caught:
        twin.store.tagged_indexes(REPOSITORY, 2)

    assert caught.value.unknown.reason is UnknownReason.UNAVAILABLE


def test_resource_tags_are_given_whoever_set_them(twin: Twin) -> None:
    twin.held.create(REPOSITORY, tags={"ecrguard:mode": "alert", "team": "web"})
    twin.held.create("plain")

    assert twin.store.resource_tags(REPOSITORY) == {"ecrguard:mode": "alert", "team": "web"}
    assert twin.store.resource_tags("plain") == {}


@pytest.mark.parametrize("status", ["ACTIVE", "ARCHIVED", "ACTIVATING"])
def test_an_image_stands_with_all_its_tags_found_by_a_tag_or_its_digest(twin: Twin, status: str) -> None:
    digest = twin.held.push(REPOSITORY, single(), "1.4", "latest")
    twin.held.push(REPOSITORY, single("arm64"), "other")
    twin.held.store(REPOSITORY, digest, status)

    expected = Standing(digest, ("1.4", "latest"), archived=status != "ACTIVE")
    assert twin.store.standing(REPOSITORY, tag="latest") == expected
    assert twin.store.standing(REPOSITORY, digest=digest) == expected
    assert twin.store.standing(REPOSITORY, tag="1.4", digest=digest) == expected


def test_an_image_that_is_not_there_stands_nowhere(twin: Twin) -> None:
    assert twin.store.standing(REPOSITORY, tag="1.4") is None
    digest = twin.held.push(REPOSITORY, single(), "1.4")
    other = twin.held.push(REPOSITORY, single("arm64"))

    assert twin.store.standing(REPOSITORY, tag="latest") is None
    assert twin.store.standing(REPOSITORY, tag="1.4", digest=other) is None
    assert twin.store.standing(REPOSITORY, digest=single("s390x").digest) is None
    twin.held.delete(REPOSITORY, digest)
    assert twin.store.standing(REPOSITORY, digest=digest) is None


def test_the_manifest_of_an_archived_image_is_withheld_until_it_is_back(twin: Twin) -> None:
    digest = twin.held.push(REPOSITORY, single(), "1.4")

    for status in ("ARCHIVED", "ACTIVATING"):
        twin.held.store(REPOSITORY, digest, status)
        withheld = twin.store.manifests(REPOSITORY, [digest])[digest]
        assert isinstance(withheld, Unknown)
        assert withheld.reason is UnknownReason.IMAGE_INACCESSIBLE
    twin.held.store(REPOSITORY, digest, "ACTIVE")
    assert twin.store.manifests(REPOSITORY, [digest]) == {digest: raw(single())}


@pytest.mark.parametrize(
    ("mutability", "filters", "tag", "moves"),
    [
        ("MUTABLE", (), "v1", True),
        ("IMMUTABLE", (), "v1", False),
        ("IMMUTABLE_WITH_EXCLUSION", ("dev-*", "latest"), "dev-1", True),
        ("IMMUTABLE_WITH_EXCLUSION", ("dev-*", "latest"), "latest", True),
        ("IMMUTABLE_WITH_EXCLUSION", ("dev-*", "latest"), "latest-1", False),
        ("IMMUTABLE_WITH_EXCLUSION", ("dev-*",), "DEV-1", False),
        ("MUTABLE_WITH_EXCLUSION", ("v*.*",), "v1.2", False),
        ("MUTABLE_WITH_EXCLUSION", ("v*.*",), "v1", True),
        ("MUTABLE_WITH_EXCLUSION", ("v*.*",), "v1x2", True),
        ("MUTABLE_WITH_EXCLUSION", ("*",), "v1", False),
    ],
)
def test_a_tag_moves_where_the_setting_lets_it_or_an_exclusion_does(
    twin: Twin, mutability: str, filters: tuple[str, ...], tag: str, *, moves: bool
) -> None:
    twin.held.create(REPOSITORY, mutability=mutability, filters=filters)

    assert twin.store.movable(REPOSITORY, tag) is moves


ASKS: dict[str, Callable[[ImageStore], object]] = {
    "manifests": lambda store: store.manifests(REPOSITORY, [single().digest]),
    "config": lambda store: store.config(REPOSITORY, sha256(config()), 9999),
    "digest_of": lambda store: store.digest_of(REPOSITORY, "1.4"),
    "tags_of": lambda store: store.tags_of(REPOSITORY, single().digest),
    "resource_tags": lambda store: store.resource_tags(REPOSITORY),
    "standing": lambda store: store.standing(REPOSITORY, tag="1.4"),
    "movable": lambda store: store.movable(REPOSITORY, "1.4"),
}


@pytest.mark.parametrize("reason", REFUSALS)
@pytest.mark.parametrize("operation", ASKS)
def test_whatever_cannot_be_asked_is_an_error_and_never_an_empty_answer(
    twin: Twin, operation: str, reason: UnknownReason
) -> None:
    twin.held.push(REPOSITORY, single(), "1.4")
    twin.fail(operation, reason)

    assert raised(lambda: ASKS[operation](twin.store)) is reason


@pytest.mark.parametrize("operation", sorted(ASKS.keys() - {"standing"}))
def test_a_repository_that_is_gone_is_an_image_that_is_gone(twin: Twin, operation: str) -> None:
    assert raised(lambda: ASKS[operation](twin.store)) is UnknownReason.IMAGE_GONE


# The real one alone.


@pytest.fixture
def ecr() -> FakeEcr:
    return FakeEcr()


@pytest.fixture
def store(ecr: FakeEcr) -> EcrImages:
    return adapters(ecr)[0]


def test_manifests_are_asked_for_by_digest_a_hundred_at_a_time_in_all_four_media_types(
    ecr: FakeEcr, store: EcrImages
) -> None:
    digests = [ecr.push(REPOSITORY, single(f"cpu{number}"), f"t{number}") for number in range(201)]

    store.manifests(REPOSITORY, [*digests, *digests])

    assert [len(asked["imageIds"]) for _, asked in ecr.calls] == [100, 100, 1]
    for _, asked in ecr.calls:
        assert all(set(image_id) == {"imageDigest"} for image_id in asked["imageIds"])
        assert len(asked["acceptedMediaTypes"]) == 4
        assert asked["registryId"] == ACCOUNT


FAILURES = {
    "ImageNotFound": UnknownReason.IMAGE_GONE,
    "ImageTagDoesNotMatchDigest": UnknownReason.IMAGE_GONE,
    "ImageInaccessible": UnknownReason.IMAGE_INACCESSIBLE,
    "KmsError": UnknownReason.IMAGE_INACCESSIBLE,
    "UpstreamAccessDenied": UnknownReason.ACCESS_DENIED,
    "UpstreamTooManyRequests": UnknownReason.THROTTLED,
    "UpstreamUnavailable": UnknownReason.UNAVAILABLE,
    "ImageReferencedByManifestList": UnknownReason.UNAVAILABLE,
}


@pytest.mark.parametrize(("code", "reason"), FAILURES.items(), ids=FAILURES.keys())
def test_each_failure_of_one_image_has_its_reason(
    ecr: FakeEcr, store: EcrImages, code: str, reason: UnknownReason
) -> None:
    digest = ecr.push(REPOSITORY, single())
    ecr.failures[digest] = code

    found = store.manifests(REPOSITORY, [digest])[digest]

    assert isinstance(found, Unknown)
    assert found.reason is reason
    assert code in found.detail


def test_an_image_that_ecr_says_nothing_of_is_unknown_and_asked_for_again(
    ecr: FakeEcr, store: EcrImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    ecr.create(REPOSITORY)
    monkeypatch.setattr(FakeEcr, "_batch_get_image", lambda *_: {"images": [], "failures": []})

    found = store.manifests(REPOSITORY, [single().digest])[single().digest]

    assert isinstance(found, Unknown)
    assert found.reason is UnknownReason.UNAVAILABLE


@pytest.mark.parametrize("status", ["ARCHIVED", "ACTIVATING"])
def test_an_archived_image_that_only_those_see_who_ask_for_any_is_not_taken_for_gone(
    ecr: FakeEcr, store: EcrImages, status: str
) -> None:
    ecr.hides_archived = True
    digest = ecr.push(REPOSITORY, single(), "1.4")
    ecr.store(REPOSITORY, digest, status)

    assert store.standing(REPOSITORY, digest=digest) == Standing(digest, ("1.4",), archived=True)
    assert store.digest_of(REPOSITORY, "1.4") == digest
    assert store.tags_of(REPOSITORY, digest) == ("1.4",)


def test_where_an_id_and_a_filter_do_not_go_together_what_is_not_found_is_gone(ecr: FakeEcr, store: EcrImages) -> None:
    ecr.refuses_filter = True
    digest = ecr.push(REPOSITORY, single(), "1.4")

    assert store.standing(REPOSITORY, tag="latest") is None
    assert store.standing(REPOSITORY, tag="1.4") == Standing(digest, ("1.4",))


def test_an_image_that_is_there_costs_one_call(ecr: FakeEcr, store: EcrImages) -> None:
    ecr.push(REPOSITORY, single(), "1.4")

    store.standing(REPOSITORY, tag="1.4")

    assert [(operation, "filter" in asked) for operation, asked in ecr.calls] == [("DescribeImages", False)]


@pytest.mark.parametrize(
    ("mutability", "filters"),
    [
        ("FROZEN", ()),
        ("MUTABLE_WITH_EXCLUSION", ()),
        ("MUTABLE_WITH_EXCLUSION", ({"filterType": "REGEX", "filter": "v.*"},)),
        ("IMMUTABLE_WITH_EXCLUSION", ({"filterType": "REGEX", "filter": ".*"},)),
    ],
)
def test_what_is_set_in_a_way_not_known_here_keeps_a_tag_from_being_moved(
    store: EcrImages, monkeypatch: pytest.MonkeyPatch, mutability: str, filters: tuple[dict[str, str], ...]
) -> None:
    answer = {
        "imageTagMutability": mutability,
        **({"imageTagMutabilityExclusionFilters": list(filters)} if filters else {}),
    }
    monkeypatch.setattr(FakeEcr, "_describe_repositories", lambda *_: {"repositories": [answer]})

    assert not store.movable(REPOSITORY, "latest")


def test_a_layer_that_is_not_accessible_is_an_operators_matter(ecr: FakeEcr, store: EcrImages) -> None:
    ecr.push(REPOSITORY, single())
    ecr.failing["GetDownloadUrlForLayer"] = Refusal("LayerInaccessibleException")

    assert raised(lambda: store.config(REPOSITORY, sha256(config()), 99)) is UnknownReason.IMAGE_INACCESSIBLE


@pytest.mark.parametrize("operation", ASKS)
def test_an_answer_that_is_denied_names_the_action_to_allow(ecr: FakeEcr, store: EcrImages, operation: str) -> None:
    ecr.failing[OPERATIONS[operation]] = Refusal("AccessDeniedException", "not authorized")

    with pytest.raises(UnreadableError, match=f"ecr:{OPERATIONS[operation]} was denied"):
        ASKS[operation](store)


def test_the_presigned_url_is_in_no_message(ecr: FakeEcr, store: EcrImages) -> None:
    ecr.push(REPOSITORY, single())
    with running(body(b"expired", 403)) as server:
        assert isinstance(server, BlobServer)
        ecr.download = server.url
        with pytest.raises(UnreadableError) as caught:
            store.config(REPOSITORY, sha256(config()), 9999)

    assert "SECRET" in server.requests[0]
    assert "SECRET" not in str(caught.value)


def test_indexes_are_listed_page_by_page(ecr: FakeEcr, store: EcrImages) -> None:
    ecr.page = 2
    pushed = [ecr.push(REPOSITORY, index(single("arm64", variant=f"v{number}")), str(number)) for number in range(5)]

    assert sorted(store.tagged_indexes(REPOSITORY, 5)) == sorted(pushed)
    assert len(ecr.calls) == 3


def test_a_repository_that_is_too_large_to_be_listed_is_not_taken_for_listed(ecr: FakeEcr, store: EcrImages) -> None:
    ecr.page = 1
    for number in range(21):
        ecr.push(REPOSITORY, single("arm64", variant=f"v{number}"), str(number))

    with pytest.raises(UnreadableError, match="too many tagged images"):
        store.tagged_indexes(REPOSITORY, 5)
