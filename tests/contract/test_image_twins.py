"""The registry that tests use is the one that the real adapters see: whatever is done, both answer and end up alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.content import Content, index, single
from tests.contract.image_world import REPOSITORY, adapters, raised, raw
from tests.fakes.ecr_client import FakeEcr
from tests.fakes.images import FakeImages

from ecrguard.domain.image import UnknownReason
from ecrguard.errors import UnreadableError
from ecrguard.ports import ImageEditor, ImageStore, Standing, TagAnswer

if TYPE_CHECKING:
    from collections.abc import Callable

ARM, AMD, IBM = single("arm64"), single("amd64"), single("s390x")
BOTH, ALL = index(AMD, ARM), index(AMD, ARM, IBM)
CONTENT = (ARM, AMD, IBM, BOTH, ALL)
TAGS = ("1", "dev-1", "marker")
FAKE, REAL = FakeImages(), FakeEcr()
STORE, EDITOR = adapters(REAL)
"""Made once: a client takes longer to make than all the rest."""

type Ask = Callable[[ImageStore, ImageEditor], object]


def put(content: Content, tag: str) -> Ask:
    return lambda _, editor: editor.put_tag(REPOSITORY, raw(content), tag)


def remove_tag(content: Content, tag: str) -> Ask:
    return lambda _, editor: editor.remove_tag(REPOSITORY, tag, content.digest)


def remove_last_tag(_: Content, tag: str) -> Ask:
    return lambda _, editor: editor.remove_last_tag(REPOSITORY, tag)


def remove_image(content: Content, _: str) -> Ask:
    return lambda _, editor: editor.remove_image(REPOSITORY, content.digest)


def archive(content: Content, _: str) -> Ask:
    return lambda _, editor: editor.archive(REPOSITORY, content.digest)


def restore(content: Content, _: str) -> Ask:
    return lambda _, editor: editor.restore(REPOSITORY, content.digest)


def look(content: Content, tag: str) -> Ask:
    return lambda store, _: (store.standing(REPOSITORY, tag=tag), store.standing(REPOSITORY, digest=content.digest))


def read(content: Content, tag: str) -> Ask:
    def ask(store: ImageStore, _: ImageEditor) -> object:
        found = store.manifests(REPOSITORY, [content.digest])[content.digest]
        return getattr(found, "reason", found), store.movable(REPOSITORY, tag)

    return ask


ASKS = (put, remove_tag, remove_last_tag, remove_image, archive, restore, look, read)
STEPS = st.lists(
    st.tuples(st.sampled_from(("push", *ASKS)), st.sampled_from(CONTENT), st.sampled_from(TAGS)), max_size=25
)
SETTINGS = st.sampled_from(("MUTABLE", "IMMUTABLE", "MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION"))


def answer(ask: Ask, store: ImageStore, editor: ImageEditor) -> object:
    try:
        return ask(store, editor)
    except UnreadableError as error:
        return error.unknown.reason


@given(steps=STEPS, setting=SETTINGS, pair=st.booleans(), hides=st.booleans())
def test_both_answer_alike_and_end_up_alike(
    steps: list[tuple[str | Callable[[Content, str], Ask], Content, str]], setting: str, *, pair: bool, hides: bool
) -> None:
    FAKE.pair_takes_image = REAL.pair_takes_image = pair
    REAL.hides_archived = hides
    for registry in (FAKE, REAL):
        filters = ("dev-*",) if setting.endswith("EXCLUSION") else ()
        registry.create(REPOSITORY, mutability=setting, filters=filters)
    for step, content, tag in steps:
        if isinstance(step, str):
            FAKE.push(REPOSITORY, content, tag)
            REAL.push(REPOSITORY, content, tag)
        else:
            assert answer(step(content, tag), FAKE, FAKE) == answer(step(content, tag), STORE, EDITOR)
        assert FAKE.tags(REPOSITORY) == REAL.tags(REPOSITORY)
        assert sorted(FAKE.digests(REPOSITORY)) == sorted(REAL.digests(REPOSITORY))


# The fake alone: what a test sees and does besides.


@pytest.fixture
def images() -> FakeImages:
    return FakeImages()


def test_an_index_is_pulled_with_all_that_it_lists(images: FakeImages) -> None:
    assert not images.pullable(REPOSITORY, tag="both")
    digest = images.push(REPOSITORY, BOTH, "both")
    assert images.pullable(REPOSITORY, tag="both")
    assert images.pullable(REPOSITORY, digest=digest)

    images.store(REPOSITORY, ARM.digest, "ARCHIVED")
    assert not images.pullable(REPOSITORY, tag="both")
    assert images.pullable(REPOSITORY, digest=AMD.digest)
    images.store(REPOSITORY, ARM.digest, "ACTIVE")
    images.delete(REPOSITORY, ARM.digest)
    assert not images.pullable(REPOSITORY, digest=digest)
    assert not images.pullable(REPOSITORY, tag="other")


@pytest.mark.parametrize("restored", [False, True], ids=["archived", "on its way back"])
def test_an_archived_image_is_not_pulled_and_a_push_brings_it_back(images: FakeImages, *, restored: bool) -> None:
    digest = images.push(REPOSITORY, ARM, "1")
    images.archive(REPOSITORY, digest)
    if restored:
        images.restore(REPOSITORY, digest)
    assert not images.pullable(REPOSITORY, tag="1")

    images.push(REPOSITORY, ARM, "1")

    assert images.pullable(REPOSITORY, tag="1")


def test_each_tag_that_is_put_is_told_and_what_changes_nothing_is_not(images: FakeImages) -> None:
    told: list[tuple[str, str, str]] = []
    images.on_put = lambda *each: told.append(each)
    images.push(REPOSITORY, BOTH, "a", "b")
    images.create("fixed", mutability="IMMUTABLE")
    images.push("fixed", ARM, "a")
    images.push("fixed", AMD)

    assert images.put_tag(REPOSITORY, raw(ARM), "a") is TagAnswer.PUT
    assert images.put_tag(REPOSITORY, raw(ARM), "a") is TagAnswer.ALREADY_THERE
    assert images.put_tag("fixed", raw(AMD), "a") is TagAnswer.IMMUTABLE

    pushed = [(REPOSITORY, "a", BOTH.digest), (REPOSITORY, "b", BOTH.digest), ("fixed", "a", ARM.digest)]
    assert told == [*pushed, (REPOSITORY, "a", ARM.digest)]


def test_an_image_that_is_asked_back_is_told(images: FakeImages) -> None:
    told: list[tuple[str, str]] = []
    images.on_restored = lambda *each: told.append(each)
    digest = images.push(REPOSITORY, ARM, "1")

    for ask in (images.restore, images.archive, images.restore, images.restore):
        ask(REPOSITORY, digest)

    assert told == [(REPOSITORY, digest)]


class Crash(BaseException):
    """What nobody catches."""


EVERY: dict[str, Callable[[FakeImages], object]] = {
    "manifests": lambda images: images.manifests(REPOSITORY, [ARM.digest]),
    "config": lambda images: images.config(REPOSITORY, next(iter(images._repositories[REPOSITORY].blobs)), 9999),  # noqa: SLF001 - any blob
    "digest_of": lambda images: images.digest_of(REPOSITORY, "1"),
    "tags_of": lambda images: images.tags_of(REPOSITORY, ARM.digest),
    "resource_tags": lambda images: images.resource_tags(REPOSITORY),
    "standing": lambda images: images.standing(REPOSITORY, tag="1"),
    "movable": lambda images: images.movable(REPOSITORY, "1"),
    "put_tag": lambda images: images.put_tag(REPOSITORY, raw(ARM), "2"),
    "remove_tag": lambda images: images.remove_tag(REPOSITORY, "1", ARM.digest),
    "remove_last_tag": lambda images: images.remove_last_tag(REPOSITORY, "1"),
    "remove_image": lambda images: images.remove_image(REPOSITORY, ARM.digest),
    "archive": lambda images: images.archive(REPOSITORY, ARM.digest),
    "restore": lambda images: images.restore(REPOSITORY, ARM.digest),
}
CHANGING = ("put_tag", "remove_tag", "remove_last_tag", "remove_image", "archive", "restore")


def state(images: FakeImages) -> tuple[dict[str, str], list[str], Standing | None]:
    found = images.tags(REPOSITORY), images.digests(REPOSITORY)
    return *found, FakeImages(_repositories=images._repositories).standing(REPOSITORY, digest=ARM.digest)  # noqa: SLF001 - without a hook


@pytest.mark.parametrize("operation", EVERY)
def test_a_crash_before_a_call_leaves_all_as_it_was_and_one_after_it_comes_too_late(
    images: FakeImages, operation: str
) -> None:
    def crash(name: str) -> None:
        assert name == operation
        raise Crash

    images.push(REPOSITORY, ARM, "1", "keep")
    if operation == "restore":
        images.store(REPOSITORY, ARM.digest, "ARCHIVED")
    was = state(images)

    images.before = crash
    with pytest.raises(Crash):
        EVERY[operation](images)
    assert state(images) == was
    images.before, images.after = (lambda _: None), crash
    with pytest.raises(Crash):
        EVERY[operation](images)
    if operation in CHANGING and operation != "restore":
        assert state(images) != was
    else:
        assert state(images) == was


def test_a_failure_has_no_effect_and_ends_after_its_times(images: FakeImages) -> None:
    images.push(REPOSITORY, ARM, "1")
    images.fail("remove_tag", UnknownReason.THROTTLED, times=2)

    for _ in range(2):
        assert raised(lambda: EVERY["remove_tag"](images)) is UnknownReason.THROTTLED
    assert images.tags(REPOSITORY) == {"1": ARM.digest}
    EVERY["remove_tag"](images)
    assert images.tags(REPOSITORY) == {}
