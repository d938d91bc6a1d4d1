"""The last good image of a tag, and the tag that an act of ours overtook."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.content import docker, index, single
from tests.fakes.images import FakeImages
from tests.fakes.ledger import FakeLedger
from tests.situations import NOW, REPOSITORY, push

from ecrguard.domain.action import Action
from ecrguard.domain.image import UnknownReason
from ecrguard.domain.ledger import Act, Entry, Good, Record, Told
from ecrguard.domain.plan import Outcome
from ecrguard.errors import UnreadableError
from ecrguard.good_tags import GoodTags
from ecrguard.recovery import Recovery
from ecrguard.subjects import tag_subject

if TYPE_CHECKING:
    from datetime import datetime

    from ecrguard.domain.push import Push

GOOD, BAD, BETTER = docker("amd64"), single("arm64"), index(single("amd64"))
KEY = REPOSITORY, tag_subject("1.4")
TOLD = Told("alert-1", "event-1", BAD.digest, "state", NOW)
# The tag was pushed for BAD, and given back to GOOD, while somebody pushed BETTER.
ACT = Act("event-1", BAD.digest, GOOD.digest, NOW, NOW + timedelta(seconds=1), known=GOOD.digest)
LATER = Good(BETTER.digest, NOW + timedelta(seconds=1))
TIME = NOW + timedelta(seconds=9)


@dataclass
class World:
    """A tag that was given back to an older good image."""

    record: Record = field(default_factory=lambda: Record(LATER, (TOLD,), open=True, act=ACT))
    images: FakeImages = field(default_factory=FakeImages)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    level: Action = Action.DELETE
    time: datetime = TIME

    def __post_init__(self) -> None:
        for content in (BAD, BETTER):
            self.images.push(REPOSITORY, content)
        self.images.push(REPOSITORY, GOOD, "1.4")
        self.ledger.records[KEY] = self.record

    @property
    def good_tags(self) -> GoodTags:
        recovery = Recovery(self.images, self.images, self.ledger, lambda: self.time)
        return GoodTags(
            self.images, self.images, recovery, self.ledger, lambda _: self.level, lambda: "me", lambda: self.time
        )

    def note(self, content: str, seconds: int = 1, event_id: str = "event-2") -> Record:
        return self.good_tags.note(pushed(content, seconds, event_id))

    def catch_up(self) -> None:
        self.good_tags.catch_up(pushed(BAD.digest, 0), self.record)

    @property
    def kept(self) -> Record:
        return self.ledger.records[KEY]

    @property
    def stands_for(self) -> str:
        return self.images.tags(REPOSITORY).get("1.4", "")

    def edits(self) -> int:
        return self.images.operations().count("put_tag")


def pushed(digest: str, seconds: int, event_id: str = "event-2") -> Push:
    return replace(push("1.4", digest), time=NOW + timedelta(seconds=seconds), event_id=event_id)


def test_a_tag_that_nothing_was_done_to_is_not_looked_at() -> None:
    world = World(Record())

    assert world.note(BETTER.digest) == Record(LATER)
    assert world.images.calls == []


@pytest.mark.parametrize(("seconds", "again"), [(16, False), (17, True)], ids=["our own", "somebody's"])
def test_an_image_that_we_gave_the_tag_to_is_noted_when_somebody_pushes_it(seconds: int, *, again: bool) -> None:
    world = World(Record(Good(BAD.digest, NOW - timedelta(days=1)), act=ACT))

    record = world.note(GOOD.digest, seconds)

    expected = Good(GOOD.digest, NOW + timedelta(seconds=seconds)) if again else world.record.good
    assert (record.good, world.kept.good) == (expected, expected)
    assert world.images.calls == []


def test_another_good_image_is_noted_in_the_common_way() -> None:
    world = World(Record(act=ACT))

    world.note(BETTER.digest, 60)

    assert "regained" not in world.ledger.calls
    assert (world.kept.good, world.stands_for) == (Good(BETTER.digest, NOW + timedelta(seconds=60)), GOOD.digest)


def test_a_push_that_an_act_overtook_gets_its_tag() -> None:
    world = World(Record(act=ACT))

    world.note(BETTER.digest)

    assert world.stands_for == BETTER.digest


def test_a_tag_is_given_forward_once_and_it_is_written_down_before_and_told_after() -> None:
    world, seen = World(), list[Act | None]()
    world.images.before = lambda operation: seen.append(world.kept.act) if operation == "put_tag" else None

    world.catch_up()

    act = Act("event-2", "", BETTER.digest, TIME, known=GOOD.digest)
    assert seen == [act]
    assert world.kept == Record(LATER, (TOLD,), open=True, act=replace(act, ended=TIME))
    text = f"1.4 was pushed while it was given back; it stands for {BETTER.digest} again."
    assert world.ledger.history(*KEY) == (Entry(TIME, "given_forward", BETTER.digest, "event-2", "", text, Outcome()),)
    assert (world.stands_for, world.edits(), world.ledger.leases) == (BETTER.digest, 1, {})


@pytest.mark.parametrize("level", [Action.ALERT, Action.TAG])
def test_a_stack_that_takes_no_tags_gives_none(level: Action) -> None:
    world = World(level=level)

    world.catch_up()

    assert (world.images.calls, world.ledger.calls) == ([], [])


NOTHING = {
    "no act": Record(LATER),
    "no good image": Record(act=ACT),
    "the tag was given to it": Record(Good(GOOD.digest, NOW), act=replace(ACT, known="")),
    "it was known when the tag was given": Record(LATER, act=replace(ACT, known=BETTER.digest)),
}


@pytest.mark.parametrize("record", NOTHING.values(), ids=NOTHING.keys())
def test_nothing_is_asked_where_nothing_can_be_overtaken(record: Record) -> None:
    world = World(record)

    world.catch_up()

    assert (world.images.calls, world.ledger.calls) == ([], [])


def test_what_is_known_under_the_hold_decides() -> None:
    for record in (Record(act=ACT), Record(LATER, act=replace(ACT, known=BETTER.digest))):
        world = World()
        world.ledger.records[KEY] = record

        world.catch_up()

        assert (world.edits(), world.kept) == (0, record)


def test_a_tag_that_stands_elsewhere_by_now_is_left() -> None:
    for tag in (BAD, None):
        world = World()
        if tag is None:
            world.images.untag(REPOSITORY, "1.4")
            world.images.push(REPOSITORY, GOOD)
        else:
            world.images.push(REPOSITORY, tag, "1.4")

        world.catch_up()

        assert (world.edits(), world.kept.act) == (0, ACT)


def test_a_tag_that_was_taken_is_given_to_what_was_pushed_before() -> None:
    taken = replace(ACT, to="", known="")
    world = World(Record(LATER, (TOLD,), open=True, act=taken))
    world.images.untag(REPOSITORY, "1.4")
    world.images.push(REPOSITORY, GOOD)

    world.catch_up()

    assert world.stands_for == BETTER.digest


def test_somebody_who_is_quicker_keeps_the_tag() -> None:
    world, looks = World(), list[str]()

    def happens(operation: str) -> None:
        looks.append(operation)
        if operation == "standing" and looks.count("standing") == 2:
            world.images.push(REPOSITORY, BAD, "1.4")

    world.images.before = happens

    world.catch_up()

    assert world.stands_for == BAD.digest
    assert world.kept == Record(LATER, (TOLD,), open=True)
    assert world.ledger.history(*KEY) == ()


def test_where_tags_cannot_be_moved_any_more_nothing_was_done() -> None:
    world = World()
    world.images.create(REPOSITORY, immutable=True)
    world.__post_init__()

    world.catch_up()

    assert (world.stands_for, world.kept) == (GOOD.digest, Record(LATER, (TOLD,), open=True))


def test_a_later_image_that_is_gone_gets_no_tag() -> None:
    world = World()
    world.images.delete(REPOSITORY, BETTER.digest)

    world.catch_up()

    assert (world.edits(), world.kept) == (0, world.record)
    assert world.ledger.calls.count("hold") == 1


@pytest.mark.parametrize(
    "reason", [UnknownReason.IMAGE_INACCESSIBLE, UnknownReason.THROTTLED, UnknownReason.INDEX_CYCLE]
)
def test_one_that_cannot_be_read_is_tried_again(reason: UnknownReason) -> None:
    world = World()
    world.images.withhold(BETTER.digest, reason)

    with pytest.raises(UnreadableError):
        world.catch_up()

    assert (world.edits(), world.kept) == (0, world.record)


def test_who_pushes_on_and_on_is_followed_five_times() -> None:
    world = World()

    def pushed_again(operation: str) -> None:
        if operation == "settle":
            digest = world.images.push(REPOSITORY, single(f"amd64-{len(world.images.calls)}"))
            world.ledger.records[KEY] = replace(world.kept, good=Good(digest, TIME))

    world.ledger.before = pushed_again

    world.catch_up()

    assert world.edits() == 5


class TestAnActThatWasLeft:
    """By a try that came to no end, of a tag that a push which is right has come for."""

    TAKEN = Act("event-2", BETTER.digest, "", NOW, None, (), BETTER.media_type, BETTER.body.decode())

    def world(self, act: Act, *told: Told) -> World:
        world = World(Record(LATER, told, act=act))
        world.images.untag(REPOSITORY, "1.4")
        world.images.push(REPOSITORY, GOOD)
        return world

    def test_gives_the_tag_back_to_an_image_that_is_right_by_now(self) -> None:
        world = self.world(self.TAKEN)

        record = world.note(BETTER.digest)

        assert world.stands_for == BETTER.digest
        assert record.act == Act("event-2", "", BETTER.digest, TIME, TIME)

    def test_leaves_the_tag_taken_where_people_were_told_of_it(self) -> None:
        world = self.world(self.TAKEN, replace(TOLD, digest=BETTER.digest))

        world.note(BETTER.digest)

        assert world.stands_for == ""
        assert world.kept.act == replace(self.TAKEN, ended=TIME, manifest="")

    def test_is_forgotten_where_nothing_came_of_it(self) -> None:
        world = self.world(self.TAKEN)
        world.images.push(REPOSITORY, BETTER, "1.4")

        assert world.note(BETTER.digest).act is None
        assert (world.kept.act, world.stands_for) == (None, BETTER.digest)

    def test_is_not_this_push_s_where_another_image_lost_the_tag(self) -> None:
        world = self.world(replace(self.TAKEN, digest=BAD.digest, manifest=""))

        world.good_tags.note(pushed(BETTER.digest, 60, "event-2"))

        assert world.stands_for == ""

    @pytest.mark.parametrize(
        ("event_id", "seconds", "mended"),
        [("event-2", 1, True), ("event-3", 120, False), ("event-3", 121, True)],
        ids=["of this event", "of another's that may go on", "of another's that is over"],
    )
    def test_is_mended_by_whom_it_is_left_to(self, event_id: str, seconds: int, *, mended: bool) -> None:
        world = self.world(self.TAKEN, replace(TOLD, digest=BETTER.digest))
        world.time = NOW + timedelta(seconds=seconds)

        world.note(BETTER.digest, event_id=event_id)

        assert (world.kept.act is not None and world.kept.act.ended is not None) is mended

    def test_is_not_touched_once_it_has_ended(self) -> None:
        world = self.world(replace(self.TAKEN, ended=NOW, manifest=""))

        world.note(BETTER.digest)

        assert (world.edits(), world.ledger.calls) == (0, ["passed"])
