"""Archiving and deleting one image: what is looked at before and after, and what is left alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from tests.content import Content, index, single
from tests.fakes.images import FakeImages
from tests.fakes.ledger import FakeLedger
from tests.situations import NOW, REPOSITORY, push

from ecrguard.domain.action import Action
from ecrguard.domain.image import UnknownReason
from ecrguard.domain.marker import marker_tag
from ecrguard.domain.plan import ArchiveImage, DeleteImage, Done, RefusalReason, Result
from ecrguard.errors import RefusedError
from ecrguard.remover import Remover

if TYPE_CHECKING:
    from collections.abc import Callable

BAD = single("arm64")
MARKER = marker_tag(BAD.digest)
PUSH = push("1.4", BAD.digest)
EDITS = {"archive", "restore", "remove_tag", "remove_last_tag", "remove_image", "put_tag"}
R = RefusalReason


@dataclass
class World:
    """An image under its marker, and what takes it away."""

    images: FakeImages = field(default_factory=FakeImages)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.images.push(REPOSITORY, BAD, MARKER)

    @property
    def remover(self) -> Remover:
        return Remover(self.images, self.images, self.ledger, lambda push: f"release {push.digest}", lambda: NOW)

    def archive(self) -> Done:
        return self.remover.archive(ArchiveImage(BAD.digest), PUSH)

    def delete(self, *children: Content, used: tuple[str, ...] = ()) -> Done:
        def unused(digests: tuple[str, ...]) -> tuple[str, ...]:
            self.asked.append(digests)
            return tuple(digest for digest in digests if digest not in used)

        step = DeleteImage(BAD.digest, MARKER, tuple(child.digest for child in children))
        return self.remover.delete(step, PUSH, unused)

    def at(self, operation: str, happens: Callable[[], object]) -> None:
        """Let something happen once, right before an operation."""

        def hook(begun: str) -> None:
            if begun == operation:
                self.images.before = lambda _: None
                happens()

        self.images.before = hook

    def edits(self) -> list[str]:
        return [each for each in self.images.operations() if each in EDITS]


ACTS: dict[Action, Callable[[World], Done]] = {Action.ARCHIVE: World.archive, Action.DELETE: World.delete}


def tagged(world: World) -> None:
    world.images.push(REPOSITORY, BAD, "mine")


def unmarked(world: World) -> None:
    tagged(world)
    world.images.untag(REPOSITORY, MARKER)
    world.images.push(REPOSITORY, single("s390x"), "mine")


def gone(world: World) -> None:
    world.images.delete(REPOSITORY, BAD.digest)


def capped(world: World) -> None:
    world.ledger.cap = 0


def indexed(world: World) -> None:
    world.images.push(REPOSITORY, index(BAD), "outer")


BEFORE: dict[str, tuple[Callable[[World], None], RefusalReason]] = {
    "it has another tag": (tagged, R.OTHER_TAGS),
    "its marker was taken off": (unmarked, R.MARKER_REMOVED),
    "it is gone": (gone, R.IMAGE_GONE),
    "the hour is full": (capped, R.HOURLY_CAP),
}


@pytest.mark.parametrize("action", ACTS)
@pytest.mark.parametrize("case", BEFORE)
def test_what_is_seen_before_keeps_the_image_from_being_touched_at_all(case: str, action: Action) -> None:
    arrange, reason = BEFORE[case]
    world = World()
    arrange(world)

    with pytest.raises(RefusedError) as refused:
        ACTS[action](world)

    assert refused.value.reason is reason
    assert world.edits() == []
    assert world.ledger.spent == {}


def test_a_part_of_an_index_is_not_archived_at_all() -> None:
    world = World()
    indexed(world)

    with pytest.raises(RefusedError) as refused:
        world.archive()

    assert refused.value.reason is R.NEEDED_BY_INDEX
    assert (world.edits(), world.ledger.spent) == ([], {})


@pytest.mark.parametrize("action", ACTS)
def test_each_takes_one_act_of_the_hour_before_it_is_done(action: Action) -> None:
    world = World()
    world.ledger.cap = 1

    def spent() -> None:
        assert list(world.ledger.spent.values()) == [1]

    world.at("archive" if action is Action.ARCHIVE else "remove_last_tag", spent)

    done = ACTS[action](world)

    assert done == Done(action, Result.DONE, BAD.digest, f"release {BAD.digest}")
    assert list(world.ledger.spent.values()) == [1]


def test_what_a_sweep_that_came_to_no_end_has_counted_is_not_counted_again() -> None:
    world, other = World(), World()
    world.ledger.cap = other.ledger.cap = 0

    world.remover.archive(ArchiveImage(BAD.digest), PUSH, lambda: None)
    other.remover.delete(DeleteImage(BAD.digest, MARKER), PUSH, lambda _: (), lambda: None)

    assert (world.edits(), other.edits()) == (["archive"], ["remove_last_tag"])
    assert (world.ledger.spent, other.ledger.spent) == ({}, {})


def test_what_is_in_the_archive_already_is_said_to_be() -> None:
    world = World()
    world.images.store(REPOSITORY, BAD.digest, "ARCHIVED")

    assert world.archive().result is Result.ALREADY_DONE


def test_an_image_is_archived_where_it_is_there_and_not_active() -> None:
    world = World()
    assert not world.remover.is_archived(PUSH)

    world.images.store(REPOSITORY, BAD.digest, "ARCHIVED")
    assert world.remover.is_archived(PUSH)

    gone(world)
    assert not world.remover.is_archived(PUSH)


@pytest.mark.parametrize(("arrange", "reason"), [(tagged, R.OTHER_TAGS), (indexed, R.NEEDED_BY_INDEX)])
def test_what_happens_while_it_is_archived_brings_it_back(
    arrange: Callable[[World], None], reason: RefusalReason
) -> None:
    world = World()
    world.at("archive", lambda: arrange(world))

    with pytest.raises(RefusedError) as refused:
        world.archive()

    assert refused.value.reason is reason
    assert world.edits() == ["archive", "restore"]


def test_one_that_is_not_archived_is_not_brought_back() -> None:
    world = World()
    world.images.fix(BAD.digest)

    with pytest.raises(RefusedError) as refused:
        world.archive()

    assert (refused.value.reason, world.edits()) == (R.NOT_SUPPORTED, ["archive"])


def test_one_whose_marker_goes_in_the_moment_it_is_deleted_stays() -> None:
    world = World()

    def happens() -> None:
        # Somebody gives the marker to another image: ECR keeps this one, without any tag.
        world.images.push(REPOSITORY, single("s390x"), MARKER)
        world.images.untag(REPOSITORY, MARKER)

    world.at("remove_last_tag", happens)

    with pytest.raises(RefusedError) as refused:
        world.delete()

    assert refused.value.reason is R.MARKER_REMOVED
    assert world.images.digests(REPOSITORY) == [BAD.digest]


def test_one_that_stays_without_a_tag_is_deleted_by_its_digest() -> None:
    world = World()
    other = single("s390x")
    world.at("remove_last_tag", lambda: world.images.push(REPOSITORY, other, MARKER))

    assert world.delete().result is Result.DONE
    assert BAD.digest not in world.images.digests(REPOSITORY)


def test_one_that_is_tagged_in_the_moment_it_is_deleted_stays_and_its_parts_too() -> None:
    world, part = World(), single("s390x")
    world.images.push(REPOSITORY, part)
    world.at("remove_last_tag", lambda: tagged(world))

    with pytest.raises(RefusedError) as refused:
        world.delete(part)

    assert refused.value.reason is R.OTHER_TAGS
    assert refused.value.detail == "The image was tagged mine just now, and stays."
    assert set(world.images.digests(REPOSITORY)) == {BAD.digest, part.digest}


def test_one_that_somebody_deletes_in_the_moment_is_deleted() -> None:
    world = World()
    world.at("remove_last_tag", lambda: gone(world))

    assert world.delete().result is Result.DONE
    assert world.images.operations()[-2:] == ["remove_last_tag", "standing"]


def test_one_that_an_index_contains_stays_with_its_marker_and_its_parts() -> None:
    world, part = World(), single("s390x")
    indexed(world)
    world.images.push(REPOSITORY, part)

    with pytest.raises(RefusedError) as refused:
        world.delete(part)

    assert refused.value.reason is R.NEEDED_BY_INDEX
    assert {BAD.digest, part.digest} <= set(world.images.digests(REPOSITORY))
    assert world.images.tags(REPOSITORY)[MARKER] == BAD.digest


def test_of_its_parts_those_go_that_are_there_untagged_and_unused() -> None:
    world = World()
    parts = free, named, tagged_one, _ = [single(each) for each in ("s390x", "riscv64", "ppc64le", "mips")]
    for part in (free, named):
        world.images.push(REPOSITORY, part)
    world.images.push(REPOSITORY, tagged_one, "mine")

    world.delete(*parts, used=(named.digest,))

    assert world.asked == [tuple(part.digest for part in parts)]
    assert set(world.images.digests(REPOSITORY)) == {named.digest, tagged_one.digest}
    removed = [what for operation, what in world.images.calls if operation == "remove_image"]
    read = [what for operation, what in world.images.calls if operation == "manifests"]
    assert (removed, read) == ([free.digest], [(free.digest,)])


def test_a_part_whose_manifest_cannot_be_kept_stays() -> None:
    world, part = World(), single("s390x")
    world.images.push(REPOSITORY, part)
    world.images.withhold(part.digest, UnknownReason.IMAGE_INACCESSIBLE)

    world.delete(part)

    assert world.images.digests(REPOSITORY) == [part.digest]


def test_a_tag_that_a_part_lost_with_it_is_put_back_unless_it_is_another_image_s_by_then() -> None:
    world, part, other = World(), single("s390x"), single("riscv64")
    world.images.push(REPOSITORY, part)
    world.at("remove_image", lambda: world.images.push(REPOSITORY, part, "mine", "theirs"))

    def taken(done: str) -> None:
        if done == "remove_image":
            world.images.push(REPOSITORY, other, "theirs")

    world.images.after = taken
    world.delete(part)

    assert world.images.tags(REPOSITORY) == {"mine": part.digest, "theirs": other.digest}
