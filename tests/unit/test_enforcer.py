"""Carrying out one plan: what is looked at and written down before a tag is given away, and mended afterwards."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.carrying import (
    BAD,
    BEFORE,
    GOOD,
    MANIFEST,
    MARK,
    MARKER,
    MOVE,
    OTHER,
    PUSH,
    REMOVE,
    UNDO,
    World,
    moving,
    removing,
)
from tests.content import index
from tests.fakes.images import FakeImages
from tests.situations import NOW, REPOSITORY

from ecrguard.domain.action import Action
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.ledger import Act, Good
from ecrguard.domain.plan import ArchiveImage, DeleteImage, Done, Outcome, Plan, Refusal, RefusalReason, Result
from ecrguard.enforcer import Carried
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ecrguard.domain.plan import Step

R = RefusalReason


@pytest.fixture(params=[False, True], ids=["a pair takes the tag", "a pair takes the image"])
def world(request: pytest.FixtureRequest) -> World:
    """Whatever ECR does with a tag and a digest."""
    return World(FakeImages(pair_takes_image=request.param))


class TestWhatIsDone:
    def test_is_said_with_what_was_refused_before_and_what_is_due(self, world: World) -> None:
        world.ledger.passed(REPOSITORY, "1.4", Good(GOOD.digest, NOW))

        carried = world.carry_out(MARK, MOVE)

        done = (
            Done(Action.TAG, Result.DONE, MARKER, UNDO),
            Done(Action.QUARANTINE, Result.DONE, f"1.4 stands for {GOOD.digest} again", UNDO),
        )
        act = moving(known=GOOD.digest, ended=NOW)
        assert carried == Carried(Outcome(done, (BEFORE,), Action.ARCHIVE), act)
        assert world.tags == {"1.4": GOOD.digest, MARKER: BAD.digest}

    def test_is_written_down_with_its_end_and_without_the_manifest(self, world: World) -> None:
        def passes() -> None:
            world.time = NOW + timedelta(seconds=3)

        world.at("remove_tag", passes)

        carried = world.carry_out(MARK, REMOVE)

        done = Done(Action.QUARANTINE, Result.DONE, f"1.4 is taken off {BAD.digest}", UNDO)
        assert carried.outcome.done[1] == done
        assert carried.act == removing(MARKER, ended=world.time, manifest="")
        assert world.tags == {MARKER: BAD.digest}
        assert world.images.pullable(REPOSITORY, tag=MARKER)

    def test_was_written_down_and_counted_before_the_tag_was_moved(self, world: World) -> None:
        seen: list[tuple[Act | None, int]] = []
        world.at("put_tag", lambda: seen.append((world.act, sum(world.ledger.spent.values()))), number=2)

        world.carry_out(MARK, MOVE)

        assert seen == [(moving(), 1)]

    def test_was_written_down_with_the_manifest_before_the_tag_was_taken(self, world: World) -> None:
        seen: list[tuple[Act | None, int]] = []
        world.at("remove_tag", lambda: seen.append((world.act, sum(world.ledger.spent.values()))))

        world.carry_out(MARK, REMOVE)

        assert seen == [(removing(MARKER), 1)]

    def test_is_found_done_by_another_try(self, world: World) -> None:
        world.carry_out(MARK, MOVE)
        before = world.edits()

        carried = world.carry_out(MARK, MOVE)

        assert [each.result for each in carried.outcome.done] == [Result.ALREADY_DONE, Result.ALREADY_DONE]
        assert world.edits() == [*before, "put_tag"]


def moved(world: World) -> None:
    world.images.push(REPOSITORY, OTHER, "1.4")


def removed(world: World) -> None:
    world.images.untag(REPOSITORY, "1.4")


def unmarked(world: World) -> None:
    world.images.untag(REPOSITORY, MARKER)


def locked(world: World) -> None:
    world.images._repositories[REPOSITORY].mutability = "IMMUTABLE"  # noqa: SLF001 - as somebody does meanwhile


MEANWHILE: dict[str, tuple[Step, tuple[str, int], Callable[[World], None], RefusalReason]] = {
    "the tag was moved, before it is moved back": (MOVE, ("put_tag", 1), moved, R.TAG_MOVED),
    "the tag was moved, while the good image was read": (MOVE, ("manifests", 1), moved, R.TAG_MOVED),
    "the tag was taken away, before it is moved back": (MOVE, ("put_tag", 1), removed, R.TAG_MOVED),
    "the tag was taken away, while the good image was read": (MOVE, ("manifests", 1), removed, R.TAG_MOVED),
    "the marker went, before it is moved back": (MOVE, ("manifests", 1), unmarked, R.MARKER_REMOVED),
    "tags cannot be moved any more": (MOVE, ("put_tag", 2), locked, R.TAG_IMMUTABLE),
    "the tag was moved, before it is taken": (REMOVE, ("put_tag", 1), moved, R.TAG_MOVED),
    "the tag was moved, as it is taken": (REMOVE, ("remove_tag", 1), moved, R.TAG_MOVED),
    "the tag was moved, after that was written down": (REMOVE, ("standing", 3), moved, R.TAG_MOVED),
    "the tag went, after that was written down": (REMOVE, ("standing", 3), removed, R.TAG_MOVED),
    "the marker went, before it is taken": (REMOVE, ("standing", 2), unmarked, R.MARKER_REMOVED),
}


@pytest.mark.parametrize(("step", "when", "happens", "reason"), MEANWHILE.values(), ids=MEANWHILE.keys())
def test_what_happens_meanwhile_keeps_the_tag_as_it_is(
    world: World, step: Step, when: tuple[str, int], happens: Callable[[World], None], reason: RefusalReason
) -> None:
    before: list[dict[str, str]] = []

    def once() -> None:
        happens(world)
        before.append(world.tags)

    world.at(when[0], once, number=when[1])

    carried = world.carry_out(MARK, step)

    assert carried.act is None
    assert [each.action for each in carried.outcome.done] == [Action.TAG]
    assert carried.outcome.refusals[0] == BEFORE
    assert [(each.action, each.reason) for each in carried.outcome.refusals[1:]] == [(Action.QUARANTINE, reason)]
    assert (carried.outcome.later, carried.undone) == (None, None)
    if reason is R.TAG_MOVED and when[0] != "remove_tag":
        where = f"has moved on to {OTHER.digest}" if happens is moved else "is not there any more"
        assert carried.outcome.refusals[1].detail == f"The tag 1.4 {where}."
    assert world.tags == {MARKER: BAD.digest, **before[0]} if happens is not unmarked else before[0]


def test_an_image_that_is_gone_loses_no_tag(world: World) -> None:
    # It stands at the first look at the tag, and is deleted before the look at the image.
    world.at("standing", lambda: world.images.delete(REPOSITORY, BAD.digest), number=2)

    carried = world.carry_out(REMOVE)

    assert [each.reason for each in carried.outcome.refusals] == [BEFORE.reason, R.IMAGE_GONE]
    assert (world.edits(), carried.act, "begin" in world.ledger.calls) == ([], None, False)


def test_an_image_that_an_index_contains_keeps_its_tag_where_it_would_go_with_it() -> None:
    world = World(FakeImages(pair_takes_image=True))
    world.images.push(REPOSITORY, index(BAD), "outer")

    carried = world.carry_out(MARK, REMOVE)

    assert carried.outcome.refusals[-1].reason is R.NEEDED_BY_INDEX
    assert world.tags["1.4"] == BAD.digest


def test_a_marker_that_another_image_has_is_not_taken_from_it_where_tags_cannot_be_moved(world: World) -> None:
    world.images.push(REPOSITORY, OTHER, MARKER)
    locked(world)

    carried = world.carry_out(MARK, REMOVE)

    assert carried.outcome == Outcome((), (BEFORE, carried.outcome.refusals[-1]))
    assert carried.outcome.refusals[-1].reason is R.TAG_IMMUTABLE
    assert world.tags == {"1.4": BAD.digest, MARKER: OTHER.digest}


def test_what_is_done_later_is_no_step_of_now(world: World) -> None:
    carried = world.carry_out(MARK, ArchiveImage(BAD.digest), DeleteImage(BAD.digest, MARKER))

    assert [each.action for each in carried.outcome.done] == [Action.TAG]
    assert (carried.outcome.refusals, carried.act) == ((BEFORE,), None)


def test_a_plan_without_an_action_that_cannot_be_done_is_an_alert(world: World) -> None:
    world.images.fail("put_tag", UnknownReason.ACCESS_DENIED)

    carried = world.enforcer.carry_out(Plan(None, (), (MARK,)), PUSH, MANIFEST, world.hold(), last_try=False)

    assert [(each.action, each.reason) for each in carried.outcome.refusals] == [(Action.ALERT, R.ACCESS_DENIED)]


class TestWhatEcrDoesNotDo:
    """An end that may pass is tried again; any other, and the last, is said."""

    def test_is_tried_again(self, world: World) -> None:
        world.images.fail("remove_tag", UnknownReason.THROTTLED)

        with pytest.raises(UnreadableError):
            world.carry_out(MARK, REMOVE)

        assert world.act == removing(MARKER)

    def test_is_said_in_the_last_try_with_the_act_that_was_begun(self, world: World) -> None:
        world.images.fail("remove_tag", UnknownReason.THROTTLED)

        carried = world.carry_out(MARK, REMOVE, last_try=True)

        unknown = Unknown(UnknownReason.THROTTLED, f"arranged for {REPOSITORY}", REPOSITORY)
        refusal = Refusal(Action.QUARANTINE, R.UNAVAILABLE, f"arranged for {REPOSITORY}.")
        done = Done(Action.TAG, Result.DONE, MARKER, UNDO)
        assert carried == Carried(Outcome((done,), (BEFORE, refusal)), removing(MARKER), unknown)

    @pytest.mark.parametrize(
        ("unknown", "reason", "undone"),
        [
            (UnknownReason.ACCESS_DENIED, R.ACCESS_DENIED, False),
            (UnknownReason.IMAGE_GONE, R.IMAGE_GONE, False),
            (UnknownReason.MANIFEST_MALFORMED, R.UNAVAILABLE, True),
        ],
    )
    def test_is_said_at_once_where_it_does_not_pass(
        self, world: World, unknown: UnknownReason, reason: RefusalReason, *, undone: bool
    ) -> None:
        world.images.withhold(GOOD.digest, unknown)

        carried = world.carry_out(MARK, MOVE)

        assert carried.outcome.refusals[-1].reason is reason
        assert (carried.undone is not None) is undone
        assert world.tags["1.4"] == BAD.digest


class TestWhatWasDoneBefore:
    """By an earlier try of the same event."""

    def test_is_said_again_and_takes_no_other_of_the_hour(self, world: World) -> None:
        world.ledger.cap = 0
        world.images.push(REPOSITORY, GOOD, "1.4")
        act = moving(ended=NOW - timedelta(minutes=1))

        carried = world.carry_out(MOVE, act=act)

        done = Done(Action.QUARANTINE, Result.ALREADY_DONE, f"1.4 stands for {GOOD.digest} again", UNDO)
        assert carried == Carried(Outcome((done,), (BEFORE,), Action.ARCHIVE), act)
        assert (world.ledger.calls, world.edits()) == ([], [])

    def test_is_said_again_of_a_tag_that_was_taken_away(self, world: World) -> None:
        world.images.untag(REPOSITORY, "1.4")
        act = removing(ended=NOW - timedelta(minutes=1), manifest="")

        carried = world.carry_out(REMOVE, act=act)

        done = Done(Action.QUARANTINE, Result.ALREADY_DONE, f"1.4 is taken off {BAD.digest}", UNDO)
        assert carried == Carried(Outcome((done,), (BEFORE,), Action.ARCHIVE), act)
        assert (world.ledger.calls, world.edits()) == ([], [])

    @pytest.mark.parametrize(
        "other",
        [moving(event_id="event-0"), moving(digest=OTHER.digest), moving(to=OTHER.digest), removing(MARKER)],
        ids=["another event's", "of another image", "to another image", "one that took the tag away"],
    )
    def test_is_not_this_where_anything_differs(self, world: World, other: Act) -> None:
        world.images.push(REPOSITORY, GOOD, "1.4")

        carried = world.carry_out(MOVE, act=other)

        assert carried.outcome.refusals[-1].reason is R.TAG_MOVED
        assert (world.ledger.spent, world.edits(), carried.act) == ({}, [], None)

    def test_is_done_again_where_the_tag_was_pushed_since(self, world: World) -> None:
        carried = world.carry_out(MARK, MOVE, act=moving(ended=NOW - timedelta(minutes=1)))

        assert world.ledger.calls == ["spend", "begin"]
        assert carried.act == moving(ended=NOW)

    @pytest.mark.parametrize("step", [MOVE, REMOVE], ids=["move", "remove"])
    def test_a_full_hour_refuses_another(self, world: World, step: Step) -> None:
        world.ledger.cap = 0

        carried = world.carry_out(MARK, step)

        assert carried.outcome.refusals[-1].reason is R.HOURLY_CAP
        assert (world.ledger.calls, world.tags["1.4"]) == (["spend"], BAD.digest)
