"""What every ledger does: the table in DynamoDB, and the fake that others are tested with."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from tests.contract.ledger_world import (
    CAP,
    NOON,
    REPO,
    SUBJECT,
    TAG,
    act,
    at,
    digest,
    due,
    entry,
    good,
    ledger_on,
    told,
)
from tests.fakes.ledger import FakeLedger

from ecrguard.domain.action import Action
from ecrguard.domain.image import UnknownReason
from ecrguard.domain.ledger import MAX_MANIFEST, MOST_TOLD, Record, Release
from ecrguard.domain.plan import Outcome
from ecrguard.errors import LostHoldError, UnreadableError

if TYPE_CHECKING:
    from ecrguard.adapters.inventory_table import InventoryTable
    from ecrguard.ports.ledger import Held, Ledger


@pytest.fixture(params=["real", "fake"])
def ledger(request: pytest.FixtureRequest) -> Ledger:
    if request.param == "fake":
        return FakeLedger(cap=CAP)
    table: InventoryTable = request.getfixturevalue("table")
    return ledger_on(table.client, table.table)


def hold(ledger: Ledger, owner: str = "one", now: float = 0, until: float = 5) -> Held:
    return ledger.hold(REPO, SUBJECT, owner, at(now), at(until))


def test_nothing_is_known_of_what_was_never_written(ledger: Ledger) -> None:
    assert ledger.look(REPO, SUBJECT) == Record()
    assert ledger.history(REPO, SUBJECT) == ()
    assert ledger.dues() == ()
    assert ledger.released(REPO, digest("b")) is None
    assert ledger.acts_left(NOON) == CAP
    ledger.paid(due())
    assert ledger.look(REPO, SUBJECT) == Record()


def test_what_was_written_is_given_back_whole(ledger: Ledger) -> None:
    ledger.passed(REPO, TAG, good("a", 0))
    held = hold(ledger)
    done = act("b", "a", 1.5, ended=2, manifest='{"é": "\\"\\n"}')

    after = ledger.settle(held, told=(told(2, "wörds"), told(1)), open_=True, act=done)

    assert held.record == Record(good("a", 0))
    assert after == Record(good("a", 0), (told(2, "wörds"), told(1)), open=True, act=done)
    assert ledger.look(REPO, SUBJECT) == hold(ledger, "two").record == after


def test_times_of_other_zones_are_the_same_times(ledger: Ledger) -> None:
    east = timezone(timedelta(hours=9))
    ledger.passed(REPO, TAG, replace(good("a", 0), pushed=at(0).astimezone(east)))

    assert ledger.passed(REPO, TAG, good("b", -1)).good == good("a", 0)
    assert ledger.passed(REPO, TAG, good("b", 1)).good == good("b", 1)


@pytest.mark.parametrize("subject", [SUBJECT, "tag#1", "workload#arn:aws:ecs:eu-west-1:1:service/prod/api#app"])
@pytest.mark.parametrize("repository", [REPO, "team", "team/app/side"])
def test_each_tag_of_each_repository_has_a_record_of_its_own(ledger: Ledger, repository: str, subject: str) -> None:
    held = ledger.hold(repository, subject, "one", NOON, at(5))
    ledger.settle(held, told=(told(),), open_=True, act=None)
    ledger.note(repository, subject, entry())

    for other in (("team/other", subject), (repository, "tag#other"), (repository, f"{subject}2")):
        assert ledger.look(*other) == Record()
        assert ledger.history(*other) == ()


# Who holds what.


def test_what_is_held_is_nobody_elses_until_its_time_is_over(ledger: Ledger) -> None:
    hold(ledger, "one", 0, 5)
    for now in (0, 3, 5):
        with pytest.raises(UnreadableError) as refused:
            hold(ledger, "two", now, 9)
        assert refused.value.unknown.reason is UnknownReason.UNAVAILABLE
        assert "ledger" in refused.value.unknown.subject

    hold(ledger, "one", 3, 6)
    with pytest.raises(UnreadableError):
        hold(ledger, "two", 5.5, 9)
    hold(ledger, "two", 6.01, 9)
    with pytest.raises(UnreadableError):
        hold(ledger, "one", 7, 9)


def test_whoever_has_lost_it_changes_nothing(ledger: Ledger) -> None:
    lost = hold(ledger, "one", 0, 5)
    ledger.begin(lost, act("b"))
    hold(ledger, "two", 6, 9)

    for change in (
        lambda: ledger.begin(lost, act("c")),
        lambda: ledger.settle(lost, told=(told(),), open_=True, act=None),
    ):
        with pytest.raises(LostHoldError):
            change()
    ledger.let_go(lost)

    assert ledger.look(REPO, SUBJECT) == Record(act=act("b"))
    with pytest.raises(UnreadableError):
        hold(ledger, "three", 7, 9)


def test_whose_time_is_over_still_has_it_where_nobody_took_it(ledger: Ledger) -> None:
    held = hold(ledger, "one", 0, 1)

    ledger.begin(held, act())

    assert ledger.settle(held, told=(), open_=False, act=None) == Record()


@pytest.mark.parametrize("way", ["settled", "settled without an act", "let go"])
def test_what_is_let_go_is_anybodys_and_no_more_ones_own(ledger: Ledger, way: str) -> None:
    held = hold(ledger, "one", 0, 5)
    if way.startswith("settled"):
        ledger.settle(held, told=(told(),), open_=True, act=act() if way == "settled" else None)
    else:
        ledger.let_go(held)
        ledger.let_go(held)
    with pytest.raises(LostHoldError):
        ledger.begin(held, act("c"))

    assert hold(ledger, "two", 1, 5).record == ledger.look(REPO, SUBJECT)


def test_an_act_is_known_before_it_is_settled_and_to_whoever_takes_it_over(ledger: Ledger) -> None:
    begun = act("b", "a", manifest='{"schemaVersion": 2}')
    ledger.begin(hold(ledger), begun)

    assert hold(ledger, "two", 6, 9).record.act == begun


# Good images.


def test_of_good_images_the_later_push_counts_whatever_is_written_first(ledger: Ledger) -> None:
    assert ledger.passed(REPO, TAG, good("a", 1)).good == good("a", 1)
    assert ledger.passed(REPO, TAG, good("b", 3)).good == good("b", 3)
    assert ledger.passed(REPO, TAG, good("c", 2)).good == good("b", 3)
    assert ledger.passed(REPO, TAG, good("d", 3)).good == good("b", 3)
    assert ledger.regained(REPO, TAG, good("c", 2)).good == good("b", 3)
    assert ledger.regained(REPO, TAG, good("d", 4)).good == ledger.look(REPO, SUBJECT).good == good("d", 4)


def test_a_good_image_that_an_act_of_ours_gave_the_tag_to_is_noted_only_where_somebody_pushed_it(
    ledger: Ledger,
) -> None:
    ledger.passed(REPO, TAG, good("c", 0))
    known = ledger.settle(hold(ledger), told=(told(),), open_=True, act=act("b", "a"))

    assert ledger.passed(REPO, TAG, good("a", 5)) == known
    assert ledger.regained(REPO, TAG, good("a", 5)) == replace(known, good=good("a", 5))
    assert ledger.passed(REPO, TAG, good("e", 6)) == replace(known, good=good("e", 6))


@pytest.mark.parametrize("last", [None, act("b")], ids=["no act", "taken away"])
def test_a_good_image_is_noted_beside_an_act_that_gave_the_tag_to_nothing(ledger: Ledger, last: object) -> None:
    ledger.settle(hold(ledger), told=(), open_=False, act=act("b", "a"))
    ledger.settle(hold(ledger), told=(), open_=False, act=None if last is None else act("b"))

    assert ledger.passed(REPO, TAG, good("a", 5)).good == good("a", 5)


def test_a_good_image_is_noted_while_another_holds_the_tag_and_stays_when_that_is_settled(ledger: Ledger) -> None:
    held = hold(ledger)
    ledger.begin(held, act("b"))
    noted = ledger.passed(REPO, TAG, good("a", 1))

    assert noted == Record(good("a", 1), act=act("b"))
    assert ledger.settle(held, told=(told(),), open_=True, act=act("b", ended=2)).good == good("a", 1)


# What an item takes.


def test_the_largest_record_is_kept(ledger: Ledger) -> None:
    explanation = "\U0001f6a8" * 5_000
    manifest = '"\n' * (MAX_MANIFEST // 2)
    alerts = tuple(told(number, explanation) for number in range(MOST_TOLD + 5))

    after = ledger.settle(hold(ledger), told=alerts, open_=True, act=act("b", manifest=manifest))

    assert [each.alert_id for each in after.told] == [f"alert-{number}" for number in range(MOST_TOLD)]
    assert all(explanation.startswith(each.explanation) and len(each.explanation) > 100 for each in after.told)
    assert after.act == act("b", manifest=manifest)
    assert ledger.look(REPO, SUBJECT) == after


# History.


def test_a_history_has_each_line_once_the_latest_first(ledger: Ledger) -> None:
    lines = [entry(2), entry(1), entry(3), entry(2, "resolved"), replace(entry(4), outcome=Outcome(), who="")]
    for line in [*lines, *lines]:
        ledger.note(REPO, SUBJECT, line)

    history = ledger.history(REPO, SUBJECT)

    assert set(history) == set(lines)
    assert len(history) == 5
    assert [line.time for line in history] == [at(minutes) for minutes in (4, 3, 2, 2, 1)]


# Release.


def test_the_first_word_that_an_image_is_to_be_left_alone_stays(ledger: Ledger) -> None:
    first = Release("arn:of:ann", "the vendor has no other", at(1))
    ledger.release(REPO, digest("b"), first)
    ledger.release(REPO, digest("b"), Release("arn:of:bob", "as ann said", at(2)))

    assert ledger.released(REPO, digest("b")) == first
    assert ledger.released(REPO, digest("c")) is ledger.released("team", digest("b")) is None


# The hour's cap.


def test_an_hour_has_no_more_destructive_acts_than_its_cap(ledger: Ledger) -> None:
    assert [ledger.spend(at(minutes)) for minutes in (0, 1, 59.9, 59.95)] == [True, True, True, False]
    assert [ledger.acts_left(at(minutes)) for minutes in (0, 59, 60, -0.1)] == [0, 0, CAP, CAP]
    assert ledger.spend(at(60))
    assert ledger.acts_left(at(60).astimezone(timezone(timedelta(hours=5, minutes=30)))) == CAP - 1


def test_a_cap_of_none_lets_nothing_be_done(ledger: Ledger) -> None:
    ledger.spend(NOON)
    ledger.cap = 0  # type: ignore[attr-defined] # both have it, the port does not

    assert not ledger.spend(NOON)
    assert not ledger.spend(at(90))
    assert ledger.acts_left(NOON) == ledger.acts_left(at(90)) == 0


# What is due.


def test_what_is_due_is_kept_the_oldest_first_until_it_is_paid(ledger: Ledger) -> None:
    for each in (due("b", 3), due("c", 1, Action.DELETE), due("d", 2)):
        ledger.owe(each)
    assert ledger.dues() == (due("c", 1, Action.DELETE), due("d", 2), due("b", 3))

    ledger.paid(due("d", 2))

    assert ledger.dues() == (due("c", 1, Action.DELETE), due("b", 3))


def test_what_is_owed_anew_replaces_what_was_and_is_not_paid_with_it(ledger: Ledger) -> None:
    ledger.owe(due("b", 1))
    ledger.owe(due("b", 2, Action.DELETE))
    ledger.paid(due("b", 1))

    assert ledger.dues() == (due("b", 2, Action.DELETE),)
    ledger.paid(due("b", 2))
    assert ledger.dues() == ()


def test_a_time_is_given_back_in_utc(ledger: Ledger) -> None:
    ledger.passed(REPO, TAG, good("a", 0))
    found = ledger.look(REPO, SUBJECT).good

    assert found is not None
    assert found.pushed.tzinfo is UTC
    assert found.pushed == datetime(2026, 11, 24, 12, tzinfo=UTC)
