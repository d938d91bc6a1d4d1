"""What every ``ImageEditor`` does: the fake that tests use, and the real one on ECR's own answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.content import Content, config, docker, index, manifest, single
from tests.contract.image_world import OPERATIONS, REFUSALS, REPOSITORY, Twin, adapters, raised, raw, twin_of
from tests.fakes.ecr_client import ACCOUNT, FakeEcr
from tests.fakes.wire import Refusal

from ecrguard.adapters.ecr_editor import ACTIONS, LATER_ACTIONS, EcrEditor
from ecrguard.domain.action import Action
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.errors import UnreadableError
from ecrguard.ports import RemoveAnswer, Removed, Standing, StoreAnswer, TagAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ecrguard.ports import ImageEditor

ARM, AMD = single("arm64"), single("amd64")
BOTH = index(AMD, ARM)


@pytest.fixture(params=["fake", "ecr"])
def twin(request: pytest.FixtureRequest) -> Iterator[Twin]:
    with twin_of(request.param) as made:
        yield made


def put(twin: Twin, content: Content, tag: str) -> TagAnswer:
    return twin.editor.put_tag(REPOSITORY, raw(content), tag)


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


@pytest.mark.parametrize(
    ("mutability", "tag", "answer"),
    [
        ("MUTABLE", "1.4", TagAnswer.PUT),
        ("IMMUTABLE", "1.4", TagAnswer.IMMUTABLE),
        ("IMMUTABLE_WITH_EXCLUSION", "1.4", TagAnswer.IMMUTABLE),
        ("IMMUTABLE_WITH_EXCLUSION", "dev-1", TagAnswer.PUT),
        ("MUTABLE_WITH_EXCLUSION", "1.4", TagAnswer.PUT),
        ("MUTABLE_WITH_EXCLUSION", "dev-1", TagAnswer.IMMUTABLE),
    ],
)
def test_a_tag_moves_from_its_image_where_it_may(twin: Twin, mutability: str, tag: str, answer: TagAnswer) -> None:
    filters = ("dev-*",) if mutability.endswith("EXCLUSION") else ()
    twin.held.create(REPOSITORY, mutability=mutability, filters=filters)
    old, new = twin.held.push(REPOSITORY, AMD, tag), twin.held.push(REPOSITORY, ARM, "other")

    assert put(twin, ARM, tag) is answer
    assert twin.held.tags(REPOSITORY)[tag] == (new if answer is TagAnswer.PUT else old)
    assert twin.held.digests(REPOSITORY) == [old, new]


@pytest.mark.parametrize("content", [ARM, BOTH], ids=["single", "index"])
def test_an_image_that_is_gone_comes_back_under_the_tag(twin: Twin, content: Content) -> None:
    digest = twin.held.push(REPOSITORY, content, "1.4")
    twin.held.delete(REPOSITORY, digest)

    assert put(twin, content, "marker") is TagAnswer.PUT
    assert twin.store.standing(REPOSITORY, digest=digest) == Standing(digest, ("marker",))
    assert twin.store.manifests(REPOSITORY, [digest]) == {digest: raw(content)}


def test_an_image_whose_parts_are_gone_does_not_come_back(twin: Twin) -> None:
    twin.held.push(REPOSITORY, BOTH, "both")
    twin.held.push(REPOSITORY, single("s390x"), "single")
    for each in (BOTH, ARM, single("s390x")):
        twin.held.delete(REPOSITORY, each.digest)
    twin.held.delete_blobs(REPOSITORY)

    assert raised(lambda: put(twin, BOTH, "both")) is UnknownReason.IMAGE_GONE
    assert raised(lambda: put(twin, single("s390x"), "single")) is UnknownReason.IMAGE_GONE
    assert twin.held.digests(REPOSITORY) == [AMD.digest]


def test_putting_any_tag_on_an_archived_image_brings_it_back(twin: Twin) -> None:
    digest = twin.held.push(REPOSITORY, ARM, "1.4")

    for tag in ("1.4", "latest"):
        twin.held.store(REPOSITORY, digest, "ARCHIVED")
        assert put(twin, ARM, tag) is TagAnswer.PUT
        standing = twin.store.standing(REPOSITORY, digest=digest)
        assert standing is not None
        assert not standing.archived


@pytest.mark.parametrize("pair_takes_image", [False, True], ids=["pair means the tag", "pair means the image"])
def test_a_tag_is_taken_off_the_image_that_it_stands_for(twin: Twin, *, pair_takes_image: bool) -> None:
    twin.held.pair_takes_image = pair_takes_image
    digest = twin.held.push(REPOSITORY, ARM, "1.4", "marker")

    assert twin.editor.remove_tag(REPOSITORY, "1.4", digest) is RemoveAnswer.REMOVED
    assert twin.editor.remove_tag(REPOSITORY, "1.4", digest) is RemoveAnswer.GONE
    left = None if pair_takes_image else Standing(digest, ("marker",))
    assert twin.store.standing(REPOSITORY, digest=digest) == left
    assert twin.store.standing(REPOSITORY, tag="1.4") is None


def test_a_tag_that_has_moved_on_stays(twin: Twin) -> None:
    old = twin.held.push(REPOSITORY, ARM, "1.4", "marker")
    new = twin.held.push(REPOSITORY, AMD, "1.4")

    assert twin.editor.remove_tag(REPOSITORY, "1.4", old) is RemoveAnswer.MOVED
    assert twin.held.tags(REPOSITORY) == {"1.4": new, "marker": old}


def test_a_last_tag_takes_its_image_along_and_another_does_not(twin: Twin) -> None:
    digest = twin.held.push(REPOSITORY, BOTH, "marker", "1.4")

    assert twin.editor.remove_last_tag(REPOSITORY, "marker") is RemoveAnswer.REMOVED
    assert twin.store.standing(REPOSITORY, digest=digest) == Standing(digest, ("1.4",))
    assert twin.editor.remove_last_tag(REPOSITORY, "1.4") is RemoveAnswer.REMOVED
    assert twin.editor.remove_last_tag(REPOSITORY, "1.4") is RemoveAnswer.GONE
    assert twin.held.digests(REPOSITORY) == [AMD.digest, ARM.digest]


def test_an_image_is_taken_away_with_all_tags_and_says_which(twin: Twin) -> None:
    untagged, tagged = twin.held.push(REPOSITORY, AMD), twin.held.push(REPOSITORY, ARM, "a", "b")

    assert twin.editor.remove_image(REPOSITORY, untagged) == Removed(RemoveAnswer.REMOVED)
    assert twin.editor.remove_image(REPOSITORY, tagged) == Removed(RemoveAnswer.REMOVED, ("a", "b"))
    assert twin.editor.remove_image(REPOSITORY, tagged) == Removed(RemoveAnswer.GONE)
    assert twin.held.digests(REPOSITORY) == []


@pytest.mark.parametrize("pair_takes_image", [False, True])
def test_what_an_index_lists_stays_with_its_last_tag_until_the_index_is_gone(
    twin: Twin, *, pair_takes_image: bool
) -> None:
    twin.held.pair_takes_image = pair_takes_image
    other = index(ARM, single("s390x"))
    twin.held.push(REPOSITORY, BOTH, "both")
    twin.held.push(REPOSITORY, other, "other")
    twin.held.push(REPOSITORY, ARM, "arm")

    for parent in ("both", "other"):
        assert twin.editor.remove_tag(REPOSITORY, "arm", ARM.digest) is RemoveAnswer.NEEDED
        assert twin.editor.remove_last_tag(REPOSITORY, "arm") is RemoveAnswer.NEEDED
        assert twin.editor.remove_image(REPOSITORY, ARM.digest) == Removed(RemoveAnswer.NEEDED)
        assert twin.held.tags(REPOSITORY)["arm"] == ARM.digest
        assert twin.editor.remove_last_tag(REPOSITORY, parent) is RemoveAnswer.REMOVED
    assert twin.editor.remove_image(REPOSITORY, ARM.digest) == Removed(RemoveAnswer.REMOVED, ("arm",))


def test_a_child_of_an_index_loses_a_tag_that_is_not_its_last(twin: Twin) -> None:
    twin.held.push(REPOSITORY, BOTH, "both")
    twin.held.push(REPOSITORY, ARM, "one", "two")

    assert twin.editor.remove_tag(REPOSITORY, "one", ARM.digest) is RemoveAnswer.REMOVED
    assert twin.editor.remove_last_tag(REPOSITORY, "two") is RemoveAnswer.NEEDED


def test_an_image_goes_to_the_archive_and_is_asked_back(twin: Twin) -> None:
    digest = twin.held.push(REPOSITORY, ARM, "marker")

    assert twin.editor.restore(REPOSITORY, digest) is StoreAnswer.ALREADY_SO
    assert twin.editor.archive(REPOSITORY, digest) is StoreAnswer.CHANGED
    assert twin.editor.archive(REPOSITORY, digest) is StoreAnswer.ALREADY_SO
    archived = Standing(digest, ("marker",), archived=True)
    assert twin.store.standing(REPOSITORY, digest=digest) == archived
    assert twin.editor.restore(REPOSITORY, digest) is StoreAnswer.CHANGED
    assert twin.store.standing(REPOSITORY, digest=digest) == archived
    assert twin.editor.restore(REPOSITORY, digest) is StoreAnswer.ALREADY_SO
    twin.held.store(REPOSITORY, digest, "ACTIVE")
    assert twin.store.standing(REPOSITORY, digest=digest) == Standing(digest, ("marker",))


def test_an_image_of_which_ecr_does_not_change_the_storage_class_stays(twin: Twin) -> None:
    digest = twin.held.push(REPOSITORY, ARM, "marker")
    twin.held.fix(digest)

    assert twin.editor.archive(REPOSITORY, digest) is StoreAnswer.NOT_SUPPORTED
    assert twin.store.standing(REPOSITORY, digest=digest) == Standing(digest, ("marker",))


@pytest.mark.parametrize("operation", ["archive", "restore"])
def test_an_image_that_is_gone_is_neither_archived_nor_restored(twin: Twin, operation: str) -> None:
    twin.held.create(REPOSITORY)

    assert raised(lambda: ASKS[operation](twin.editor)) is UnknownReason.IMAGE_GONE


ASKS: dict[str, Callable[[ImageEditor], object]] = {
    "put_tag": lambda editor: editor.put_tag(REPOSITORY, raw(ARM), "marker"),
    "remove_tag": lambda editor: editor.remove_tag(REPOSITORY, "1.4", ARM.digest),
    "remove_last_tag": lambda editor: editor.remove_last_tag(REPOSITORY, "1.4"),
    "remove_image": lambda editor: editor.remove_image(REPOSITORY, ARM.digest),
    "archive": lambda editor: editor.archive(REPOSITORY, ARM.digest),
    "restore": lambda editor: editor.restore(REPOSITORY, ARM.digest),
}


@pytest.mark.parametrize("reason", REFUSALS)
@pytest.mark.parametrize("operation", ASKS)
def test_whatever_ecr_does_not_do_is_an_error_and_changes_nothing(
    twin: Twin, operation: str, reason: UnknownReason
) -> None:
    digest = twin.held.push(REPOSITORY, ARM, "1.4")
    twin.held.store(REPOSITORY, digest, "ARCHIVED" if operation == "restore" else "ACTIVE")
    before = twin.store.standing(REPOSITORY, digest=digest)
    twin.fail(operation, reason)

    assert raised(lambda: ASKS[operation](twin.editor)) is reason
    assert twin.store.standing(REPOSITORY, digest=digest) == before


@pytest.mark.parametrize("operation", ASKS)
def test_a_repository_that_is_gone_is_an_image_that_is_gone(twin: Twin, operation: str) -> None:
    assert raised(lambda: ASKS[operation](twin.editor)) is UnknownReason.IMAGE_GONE


# The real one alone.


@pytest.fixture
def ecr() -> FakeEcr:
    return FakeEcr()


@pytest.fixture
def editor(ecr: FakeEcr) -> EcrEditor:
    return adapters(ecr)[1]


def test_the_media_type_is_sent_along_with_a_tag(ecr: FakeEcr, editor: EcrEditor) -> None:
    content = manifest(config(), named=False)
    ecr.push(REPOSITORY, content, "1.4")

    editor.put_tag(REPOSITORY, raw(content), "marker")

    (_, asked) = ecr.calls[-1]
    assert asked["imageManifestMediaType"] == content.media_type
    assert asked["imageDigest"] == content.digest


def test_each_removal_names_one_image_by_what_it_means(ecr: FakeEcr, editor: EcrEditor) -> None:
    digest = ecr.push(REPOSITORY, ARM, "one", "two", "three")

    editor.remove_tag(REPOSITORY, "one", digest)
    editor.remove_last_tag(REPOSITORY, "two")
    editor.remove_image(REPOSITORY, digest)

    assert [asked["imageIds"] for _, asked in ecr.calls] == [
        [{"imageTag": "one", "imageDigest": digest}],
        [{"imageTag": "two"}],
        [{"imageDigest": digest}],
    ]
    assert all(asked["registryId"] == ACCOUNT for _, asked in ecr.calls)


FAILURES = {
    "KmsError": UnknownReason.IMAGE_INACCESSIBLE,
    "ImageInaccessible": UnknownReason.IMAGE_INACCESSIBLE,
    "UpstreamTooManyRequests": UnknownReason.THROTTLED,
    "InvalidImageTag": UnknownReason.UNAVAILABLE,
    "ANewOne": UnknownReason.UNAVAILABLE,
}


@pytest.mark.parametrize(("code", "reason"), FAILURES.items(), ids=FAILURES)
def test_a_failure_that_is_no_answer_is_an_error(
    ecr: FakeEcr, editor: EcrEditor, code: str, reason: UnknownReason
) -> None:
    digest = ecr.push(REPOSITORY, ARM, "1.4")
    ecr.failures[digest] = code

    assert raised(lambda: editor.remove_image(REPOSITORY, digest)) is reason


def test_an_answer_that_says_nothing_is_not_taken_for_done(
    ecr: FakeEcr, editor: EcrEditor, monkeypatch: pytest.MonkeyPatch
) -> None:
    ecr.create(REPOSITORY)
    monkeypatch.setattr(FakeEcr, "_batch_delete_image", lambda *_: {"failures": []})

    assert raised(lambda: editor.remove_image(REPOSITORY, ARM.digest)) is UnknownReason.UNAVAILABLE


@pytest.mark.parametrize("code", ["RepositoryNotFoundException", "ImageNotFoundException"])
def test_an_image_that_goes_right_before_it_is_archived_is_gone(ecr: FakeEcr, editor: EcrEditor, code: str) -> None:
    digest = ecr.push(REPOSITORY, ARM, "1.4")
    ecr.failing["UpdateImageStorageClass"] = Refusal(code)

    assert raised(lambda: editor.archive(REPOSITORY, digest)) is UnknownReason.IMAGE_GONE


@pytest.mark.parametrize("operation", ASKS)
def test_an_answer_that_is_denied_names_the_action_to_allow(ecr: FakeEcr, editor: EcrEditor, operation: str) -> None:
    digest = ecr.push(REPOSITORY, ARM, "1.4")
    ecr.store(REPOSITORY, digest, "ARCHIVED" if operation == "restore" else "ACTIVE")
    ecr.failing[OPERATIONS[operation]] = Refusal("AccessDeniedException", "not authorized")

    with pytest.raises(UnreadableError, match=f"ecr:{OPERATIONS[operation]} was denied"):
        ASKS[operation](editor)


def test_the_budget_is_asked_before_each_put_and_before_nothing_else(ecr: FakeEcr) -> None:
    asked: list[int] = []
    _, editor = adapters(ecr, lambda: asked.append(len(ecr.calls)))
    ecr.push(REPOSITORY, ARM, "1.4")

    for ask in ASKS.values():
        ask(editor)
        if len(asked) == 1:
            ecr.push(REPOSITORY, ARM, "1.4")

    assert asked == [0]


def test_where_the_budget_is_spent_nothing_is_put(ecr: FakeEcr) -> None:
    def spent() -> None:
        raise UnreadableError(Unknown(UnknownReason.THROTTLED, "no more this second"))

    _, editor = adapters(ecr, spent)
    ecr.push(REPOSITORY, ARM, "1.4")

    assert raised(lambda: editor.put_tag(REPOSITORY, raw(ARM), "marker")) is UnknownReason.THROTTLED
    assert ecr.calls == []


@pytest.mark.parametrize("allowed", [ACTIONS, LATER_ACTIONS], ids=["first act", "second act"])
def test_each_level_allows_what_the_milder_ones_do(allowed: dict[Action, tuple[str, ...]]) -> None:
    assert list(allowed) == list(Action)
    for milder, severer in zip(list(Action), list(Action)[1:], strict=False):
        assert set(allowed[milder]) <= set(allowed[severer])
    assert allowed[Action.ALERT] == ()
