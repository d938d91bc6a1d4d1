"""An image that ECR took away together with one of its tags comes back with the others."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.carrying import BAD, MARKER, OTHER, World, removing
from tests.situations import NOW, REPOSITORY

from ecrguard.domain.image import UnknownReason
from ecrguard.errors import LostHoldError, UnreadableError

if TYPE_CHECKING:
    from tests.content import Content

    from ecrguard.domain.ledger import Act


@pytest.fixture
def world() -> World:
    return World()


def put_back(world: World, act: Act) -> None:
    world.enforcer.recovery.put_back("1.4", act, world.hold(act))


def gone(world: World, *others: tuple[Content, str]) -> None:
    world.images.delete(REPOSITORY, BAD.digest)
    for content, tag in others:
        world.images.push(REPOSITORY, content, tag)
    world.images.calls.clear()


def test_nothing_comes_back_without_its_manifest(world: World) -> None:
    gone(world)

    put_back(world, removing(MARKER, manifest=""))
    assert (world.images.calls, world.ledger.calls) == ([], [])


def test_an_image_that_is_there_lost_nothing(world: World) -> None:
    put_back(world, removing(MARKER, "mine"))
    assert (world.edits(), world.ledger.calls) == ([], [])


def test_what_somebody_took_off_an_image_that_stayed_is_theirs(world: World) -> None:
    world.images.push(REPOSITORY, BAD, MARKER)
    world.images.untag(REPOSITORY, "1.4")

    put_back(world, removing(MARKER, "mine"))

    assert (world.edits(), world.ledger.calls) == ([], [])


def test_that_it_is_gone_is_written_down_before_it_comes_back_with_all_its_tags(world: World) -> None:
    gone(world)
    act = removing(MARKER, "mine")
    seen: list[Act | None] = []
    world.at("put_tag", lambda: seen.append(world.act))

    put_back(world, act)
    assert seen == [replace(act, gone=True)]
    assert world.tags == {MARKER: BAD.digest, "mine": BAD.digest}
    assert world.images.pullable(REPOSITORY, tag="mine")


def test_a_tag_that_somebody_has_given_to_another_image_is_theirs(world: World) -> None:
    gone(world, (OTHER, "mine"))

    put_back(world, removing(MARKER, "mine"))
    assert world.tags == {MARKER: BAD.digest, "mine": OTHER.digest}


def test_an_image_comes_back_under_its_marker_where_all_its_tags_are_others(world: World) -> None:
    gone(world, (OTHER, "mine"))

    put_back(world, removing("mine"))
    assert world.tags == {MARKER: BAD.digest, "mine": OTHER.digest}


def test_what_is_still_missing_comes_back_at_the_next_try(world: World) -> None:
    gone(world, (BAD, MARKER))

    put_back(world, removing(MARKER, "mine", "yours", gone=True))
    assert world.edits() == ["put_tag", "put_tag"]
    assert "begin" not in world.ledger.calls
    assert set(world.tags) == {MARKER, "mine", "yours"}


def test_nothing_is_missing_once_all_is_back(world: World) -> None:
    gone(world, (BAD, MARKER))

    put_back(world, removing(MARKER, gone=True))
    assert world.edits() == []


def test_an_image_that_is_there_without_its_tags_gets_no_marker(world: World) -> None:
    gone(world, (BAD, "yours"), (OTHER, "mine"))

    put_back(world, removing("mine", gone=True))
    assert world.edits() == []


def test_one_that_somebody_has_pushed_again_is_left(world: World) -> None:
    gone(world, (BAD, "1.4"))

    put_back(world, removing(MARKER, "mine", gone=True))
    assert world.edits() == []


def test_nothing_is_put_back_where_another_has_taken_over(world: World) -> None:
    gone(world)
    act = removing(MARKER)
    hold = world.hold(act)
    world.ledger.hold(REPOSITORY, hold.subject, "another", NOW + timedelta(hours=1), NOW + timedelta(hours=2))

    with pytest.raises(LostHoldError):
        world.enforcer.recovery.put_back("1.4", act, hold)

    assert world.edits() == []


def test_a_tag_that_we_took_from_the_image_as_well_stays_taken(world: World) -> None:
    gone(world)
    other = world.ledger.hold(REPOSITORY, "tag#mine", "me", NOW, NOW + timedelta(minutes=5))
    world.ledger.begin(other, removing(MARKER, "1.4"))

    put_back(world, removing(MARKER, "mine"))

    assert world.tags == {MARKER: BAD.digest}


def test_a_tag_that_we_took_from_another_image_comes_back(world: World) -> None:
    gone(world)
    other = world.ledger.hold(REPOSITORY, "tag#mine", "me", NOW, NOW + timedelta(minutes=5))
    world.ledger.begin(other, removing(MARKER, digest=OTHER.digest))

    put_back(world, removing(MARKER, "mine"))

    assert set(world.tags) == {MARKER, "mine"}


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (UnknownReason.IMAGE_GONE, UnknownReason.UNAVAILABLE),
        (UnknownReason.THROTTLED, UnknownReason.THROTTLED),
        (UnknownReason.ACCESS_DENIED, UnknownReason.ACCESS_DENIED),
    ],
)
def test_what_cannot_be_put_back_yet_is_tried_again(world: World, reason: UnknownReason, said: UnknownReason) -> None:
    gone(world)
    world.images.fail("put_tag", reason)

    with pytest.raises(UnreadableError) as refused:
        put_back(world, removing(MARKER))

    assert refused.value.unknown.reason is said
    assert refused.value.unknown.subject == (BAD.digest if reason is UnknownReason.IMAGE_GONE else REPOSITORY)
    assert world.act == removing(MARKER, gone=True)


class TestMending:
    """What a try that came to no end left is found out by where the tag stands."""

    def mend(self, world: World, act: Act) -> Act | None:
        world.time = NOW + timedelta(seconds=30)
        hold = world.enforcer.recovery.mend("1.4", world.hold(act))
        assert hold.record.act == world.act
        return world.act

    def test_an_act_that_took_effect_has_ended(self, world: World) -> None:
        world.images.untag(REPOSITORY, "1.4")

        assert self.mend(world, removing(MARKER)) == removing(MARKER, manifest="", ended=NOW + timedelta(seconds=30))

    def test_of_one_that_did_not_nothing_is_kept(self, world: World) -> None:
        assert self.mend(world, removing(MARKER)) is None

    def test_where_nothing_was_done_nothing_is_asked(self, world: World) -> None:
        hold = world.hold()

        assert world.enforcer.recovery.mend("1.4", hold) == hold
        assert (world.images.operations(), world.ledger.calls) == ([], [])

    def test_one_that_has_ended_stays(self, world: World) -> None:
        act = removing(MARKER, manifest="", ended=NOW)

        assert self.mend(world, act) == act
        assert (world.images.operations(), world.ledger.calls) == ([], [])

    def test_an_image_that_went_with_its_tag_is_put_back_first(self, world: World) -> None:
        gone(world)

        mended = self.mend(world, removing(MARKER, "mine"))

        assert mended == removing(MARKER, "mine", manifest="", ended=NOW + timedelta(seconds=30))
        assert world.tags == {MARKER: BAD.digest, "mine": BAD.digest}
