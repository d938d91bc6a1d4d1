"""Digests and names of events are the same or not: which comes first in the alphabet decides nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.situation_strategies import GOOD, TAG, proven
from tests.situations import DIGEST, NOW, push

from ecrguard.domain.action import Action
from ecrguard.domain.ledger import ECHO, Act, Good, Record, Release, Told, is_news, is_overtaken, is_settled
from ecrguard.domain.plan import MoveTag, Outcome, Plan, RefusalReason
from ecrguard.domain.safety import secure

PUSH = push(TAG, DIGEST)
OTHERS = pytest.mark.parametrize("other", [f"sha256:{'0' * 64}", f"sha256:{'f' * 64}"], ids=["before", "after"])
EVENTS = pytest.mark.parametrize("event", ["event-0", "event-9"], ids=["before", "after"])


def told(digest: str = DIGEST, event: str = PUSH.event_id, *, undone: bool = False) -> Told:
    return Told("alert", event, digest, "state", NOW, undone=undone)


@OTHERS
def test_an_act_explains_no_other_image_and_no_other_place(other: str) -> None:
    assert not Act("event-1", DIGEST, GOOD, NOW).explains(other, GOOD)
    assert not Act("event-1", DIGEST, GOOD, NOW).explains(DIGEST, other)


@OTHERS
def test_a_push_of_another_image_is_no_echo(other: str) -> None:
    assert not Act("event-1", DIGEST, GOOD, NOW).is_echo(push(TAG, other))


@OTHERS
def test_what_was_told_of_another_image_settles_nothing_and_makes_nothing_old(other: str) -> None:
    record = Record(told=(told(other),), open=True)

    assert not is_settled(record, PUSH)
    assert is_news(record, PUSH, "state", Outcome())


@EVENTS
def test_another_event_is_settled_by_its_time_alone(event: str) -> None:
    assert not is_settled(Record(told=(told(event=event),)), PUSH)
    # An earlier push of the same image, of which the later one was told.
    earlier = replace(PUSH, time=NOW - timedelta(seconds=1))
    assert is_settled(Record(told=(told(event=event, undone=True),)), earlier)


@OTHERS
def test_another_image_that_the_tag_stands_for_is_no_ground(other: str) -> None:
    plan = secure(Plan(Action.QUARANTINE), replace(proven(), standing=other))

    assert [refusal.reason for refusal in plan.refusals] == [RefusalReason.TAG_MOVED]


@OTHERS
def test_the_tag_is_given_to_any_other_good_image(other: str) -> None:
    plan = secure(Plan(Action.QUARANTINE), replace(proven(), last_good=other))

    assert plan.steps[-1] == MoveTag(TAG, DIGEST, other)


@OTHERS
def test_another_good_image_is_not_this_one_that_was_overtaken(other: str) -> None:
    record = Record(Good(other, NOW), act=Act("event-1", DIGEST, GOOD, NOW))

    assert is_overtaken(record, other, GOOD)
    assert not is_overtaken(record, f"sha256:{'e' * 64}", GOOD)
    assert not is_overtaken(record, other, DIGEST)


@pytest.mark.parametrize("taken", [False, True], ids=["given away", "taken away"])
def test_what_was_pushed_up_to_two_seconds_after_may_have_been_overtaken(*, taken: bool) -> None:
    to = "" if taken else GOOD
    act = Act("event-1", DIGEST, to, NOW, NOW + timedelta(seconds=30))
    last = (NOW if taken else NOW + timedelta(seconds=30)) + ECHO

    other = f"sha256:{'0' * 64}"
    for after, overtaken in ((-1, True), (0, True), (1, False), (60, False)):
        record = Record(Good(other, last + timedelta(seconds=after)), act=act)
        assert is_overtaken(record, other, to) is overtaken


def test_an_act_that_nothing_is_known_of_the_end_of_was_over_after_two_minutes() -> None:
    assert Act("event-1", DIGEST, GOOD, NOW).over == NOW + timedelta(seconds=120)
    assert not Act("event-1", DIGEST, GOOD, NOW).gone


def test_a_release_says_who_gave_it_and_why() -> None:
    release = Release("ann", "needed", NOW)

    assert (release.who, release.why, release.time) == ("ann", "needed", NOW)
