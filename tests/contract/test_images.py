"""What every ``ImageStore`` does: the fake that tests use, and the real one on ECR's own answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest
from tests.content import Content, config, docker, index, manifest, sha256, single
from tests.fakes.blob_server import BlobServer, body, running
from tests.fakes.ecr_client import ACCOUNT, REGION, FakeEcr
from tests.fakes.images import FakeImages
from tests.fakes.wire import Refusal

from ecrguard.adapters.blobs import Blobs
from ecrguard.adapters.ecr import EcrImages
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.reference import Registry
from ecrguard.errors import UnreadableError
from ecrguard.ports import ImageStore, RawManifest, TagAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from http.server import BaseHTTPRequestHandler

REPOSITORY = "team/web"
OPERATIONS = {
    "manifests": "BatchGetImage",
    "config": "GetDownloadUrlForLayer",
    "digest_of": "DescribeImages",
    "tags_of": "DescribeImages",
    "resource_tags": "ListTagsForResource",
    "put_tag": "PutImage",
}
REFUSALS = {
    UnknownReason.ACCESS_DENIED: Refusal("AccessDeniedException", "not authorized to perform"),
    UnknownReason.THROTTLED: Refusal("ThrottlingException", "Rate exceeded"),
    UnknownReason.UNAVAILABLE: Refusal("ServerException", "internal", 500),
}


class Registered(Protocol):
    """How a test fills a store."""

    def create(self, repository: str, *, immutable: bool = False, tags: Mapping[str, str] | None = None) -> None: ...
    def push(self, repository: str, content: Content, *tags: str) -> str: ...
    def delete(self, repository: str, digest: str) -> None: ...
    def delete_blobs(self, repository: str) -> None: ...


class Twin:
    """A store, what fills it, and how to make an operation of it fail."""

    def __init__(self, store: ImageStore, held: Registered, fail: Callable[[str, UnknownReason], None]) -> None:
        self.store, self.held, self.fail = store, held, fail


@pytest.fixture(params=["fake", "ecr"])
def twin(request: pytest.FixtureRequest) -> Iterator[Twin]:
    if request.param == "fake":
        fake = FakeImages()
        yield Twin(fake, fake, fake.fail)
        return
    ecr = FakeEcr()
    with running() as server:
        server.script.append(lambda handler: _serve(ecr, handler))
        ecr.download = server.url
        client = ecr.client
        store = EcrImages(lambda: client, Blobs(), Registry(ACCOUNT, REGION), "aws")
        yield Twin(store, ecr, lambda operation, reason: ecr.failing.update({OPERATIONS[operation]: REFUSALS[reason]}))


def _serve(ecr: FakeEcr, handler: BaseHTTPRequestHandler) -> None:
    body(ecr.blob(handler.path.strip("/").partition("?")[0]))(handler)


def raised(ask: Callable[[], object]) -> UnknownReason:
    with pytest.raises(UnreadableError) as caught:
        ask()
    assert caught.value.unknown.detail
    return caught.value.unknown.reason


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


def test_resource_tags_are_given_whoever_set_them(twin: Twin) -> None:
    twin.held.create(REPOSITORY, tags={"ecrguard:mode": "alert", "team": "web"})
    twin.held.create("plain")

    assert twin.store.resource_tags(REPOSITORY) == {"ecrguard:mode": "alert", "team": "web"}
    assert twin.store.resource_tags("plain") == {}


def put(twin: Twin, content: Content, tag: str) -> TagAnswer:
    return twin.store.put_tag(REPOSITORY, RawManifest(content.digest, content.media_type, content.body), tag)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(single(), id="OCI"),
        pytest.param(docker(), id="Docker"),
        pytest.param(index(single()), id="index"),
        pytest.param(manifest(config(), named=False), id="a manifest that names no media type"),
    ],
)
def test_a_tag_is_put_beside_those_that_are_there_and_repeating_it_changes_nothing(
    twin: Twin, content: Content
) -> None:
    digest = twin.held.push(REPOSITORY, content, "1.4")

    assert put(twin, content, "marker") is TagAnswer.PUT
    assert put(twin, content, "marker") is TagAnswer.ALREADY_THERE
    assert sorted(twin.store.tags_of(REPOSITORY, digest)) == ["1.4", "marker"]


def test_where_tags_are_immutable_a_new_one_is_put_and_one_that_is_taken_stays(twin: Twin) -> None:
    twin.held.create(REPOSITORY, immutable=True)
    digest = twin.held.push(REPOSITORY, single(), "1.4", "taken")
    other = twin.held.push(REPOSITORY, single("arm64"), "1.5")

    assert put(twin, single("arm64"), "marker") is TagAnswer.PUT
    assert put(twin, single("arm64"), "taken") is TagAnswer.IMMUTABLE
    assert twin.store.digest_of(REPOSITORY, "taken") == digest
    assert twin.store.digest_of(REPOSITORY, "marker") == other


ASKS: dict[str, Callable[[ImageStore], object]] = {
    "manifests": lambda store: store.manifests(REPOSITORY, [single().digest]),
    "config": lambda store: store.config(REPOSITORY, sha256(config()), 9999),
    "digest_of": lambda store: store.digest_of(REPOSITORY, "1.4"),
    "tags_of": lambda store: store.tags_of(REPOSITORY, single().digest),
    "resource_tags": lambda store: store.resource_tags(REPOSITORY),
    "put_tag": lambda store: store.put_tag(
        REPOSITORY, RawManifest(single().digest, single().media_type, single().body), "marker"
    ),
}


@pytest.mark.parametrize("reason", REFUSALS)
@pytest.mark.parametrize("operation", ASKS)
def test_whatever_cannot_be_asked_is_an_error_and_never_an_empty_answer(
    twin: Twin, operation: str, reason: UnknownReason
) -> None:
    twin.held.push(REPOSITORY, single(), "1.4")
    twin.fail(operation, reason)

    assert raised(lambda: ASKS[operation](twin.store)) is reason


@pytest.mark.parametrize("operation", ASKS)
def test_a_repository_that_is_gone_is_an_image_that_is_gone(twin: Twin, operation: str) -> None:
    assert raised(lambda: ASKS[operation](twin.store)) is UnknownReason.IMAGE_GONE


# The real one alone.


@pytest.fixture
def ecr() -> FakeEcr:
    return FakeEcr()


@pytest.fixture
def store(ecr: FakeEcr) -> EcrImages:
    client = ecr.client
    return EcrImages(lambda: client, Blobs(), Registry(ACCOUNT, REGION), "aws")


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


def test_the_media_type_is_sent_along_with_a_tag(ecr: FakeEcr, store: EcrImages) -> None:
    content = manifest(config(), named=False)
    ecr.push(REPOSITORY, content, "1.4")

    store.put_tag(REPOSITORY, RawManifest(content.digest, content.media_type, content.body), "marker")

    (_, asked) = ecr.calls[-1]
    assert asked["imageManifestMediaType"] == content.media_type
    assert asked["imageDigest"] == content.digest


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
