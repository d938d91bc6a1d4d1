"""What becomes of a quarantined image once all workloads have been read: archived, deleted, or kept for a reason."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.content import Content, attestation, docker, index, single
from tests.guarded import Guarded
from tests.situations import NOW, REPOSITORY, ecs, push

from ecrguard.domain.action import Action
from ecrguard.domain.alert import AlertKind
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.ledger import Release
from ecrguard.domain.marker import marker_tag
from ecrguard.domain.plan import RefusalReason, Result
from ecrguard.domain.verdict import Reason
from ecrguard.errors import UnreadableError
from ecrguard.sweep import PATIENCE

if TYPE_CHECKING:
    from ecrguard.domain.push import Push
    from ecrguard.report import Report

GOOD, BAD = docker("amd64"), single("arm64")
MARKER = marker_tag(BAD.digest)
R = RefusalReason


def quarantined(action: Action, content: Content = BAD) -> Guarded:
    """An image that lost its tag at noon, and is due to be archived or deleted; all was read a minute later."""
    guarded = Guarded(enforcement=Action.DELETE)
    guarded.demands("linux/amd64", action)
    guarded.holds(content, "1.4")
    guarded.guard.check(push("1.4", content.digest), last_try=False)
    guarded.read_since = NOW + timedelta(minutes=1)
    guarded.now = NOW + timedelta(minutes=10)
    return guarded


def sweep(guarded: Guarded) -> list[Report]:
    return list(guarded.sweep.run(guarded.sweep.dues()))


def swept(guarded: Guarded) -> Report:
    (report,) = sweep(guarded)
    return report


def refused(guarded: Guarded) -> list[RefusalReason]:
    return [refusal.reason for refusal in swept(guarded).outcome.refusals]


def test_an_image_is_archived_under_its_marker_and_people_are_told_in_the_thread() -> None:
    guarded = quarantined(Action.ARCHIVE)

    (done,) = swept(guarded).outcome.done

    assert (done.action, done.result) == (Action.ARCHIVE, Result.DONE)
    assert not guarded.images.pullable(REPOSITORY, digest=BAD.digest)
    assert guarded.images.tags(REPOSITORY) == {MARKER: BAD.digest}
    alert, action = guarded.alerts.published
    assert action.kind is AlertKind.ACTION
    assert action.thread == guarded.ledger.look(REPOSITORY, "tag#1.4").told[0].alert_id
    assert alert.outcome.later is Action.ARCHIVE
    assert guarded.ledger.dues() == ()


def test_an_image_is_deleted() -> None:
    guarded = quarantined(Action.DELETE)

    assert [done.action for done in swept(guarded).outcome.done] == [Action.DELETE]
    assert guarded.images.digests(REPOSITORY) == []
    assert guarded.ledger.dues() == ()


def test_with_an_index_go_the_parts_that_nothing_else_needs() -> None:
    alone, shared, tagged = single("arm64", variant="v8"), single("s390x"), single("riscv64")
    wrong = index(alone, attestation(alone), shared, tagged)
    guarded = quarantined(Action.DELETE, wrong)
    other = index(shared)
    guarded.holds(other, "other")
    guarded.holds(tagged, "tagged")

    swept(guarded)

    assert set(guarded.images.digests(REPOSITORY)) == {other.digest, shared.digest, tagged.digest}


def test_a_part_that_a_workload_names_by_its_digest_stays() -> None:
    part = single("s390x")
    wrong = index(part, single("arm64"))
    guarded = quarantined(Action.DELETE, wrong)
    guarded.workloads.workloads = [ecs("linux/amd64", f"@{part.digest}")]

    assert [done.action for done in swept(guarded).outcome.done] == [Action.DELETE]
    assert guarded.images.digests(REPOSITORY) == [part.digest]


@pytest.mark.parametrize("read", [None, NOW - timedelta(seconds=1), NOW])
def test_nothing_is_touched_before_every_source_was_read_since(read: object) -> None:
    guarded = quarantined(Action.DELETE)
    guarded.read_since = read  # type: ignore[assignment]  # a parameter of the test

    assert sweep(guarded) == []
    assert len(guarded.ledger.dues()) == 1
    assert guarded.images.pullable(REPOSITORY, digest=BAD.digest)


def arrange(guarded: Guarded, case: str) -> None:  # noqa: C901 - a table of cases
    match case:
        case "a workload has come to run it":
            guarded.workloads.workloads = [replace(ecs("linux/arm64", ":old"), resolved=BAD.digest)]
        case "somebody has tagged it":
            guarded.images.push(REPOSITORY, BAD, "mine")
        case "somebody has taken the marker off":
            guarded.images.push(REPOSITORY, BAD, "x")
            guarded.images.untag(REPOSITORY, MARKER)
            guarded.images.untag(REPOSITORY, "x")
            guarded.images.push(REPOSITORY, BAD)
        case "a workload has pinned an index that contains it":
            outer = guarded.images.push(REPOSITORY, index(BAD, single("amd64")))
            guarded.workloads.workloads = [replace(ecs("linux/arm64", ":old"), resolved=outer)]
        case "an index contains it":
            guarded.holds(index(BAD), "outer")
        case "the policy has changed":
            guarded.demands("linux/arm64", Action.DELETE)
        case "the policy asks for less":
            guarded.demands("linux/amd64", Action.TAG)
        case "the stack allows less":
            guarded.enforcement = Action.QUARANTINE
        case "it cannot be archived":
            guarded.images.fix(BAD.digest)
        case "somebody has deleted it":
            guarded.images.delete(REPOSITORY, BAD.digest)


KEPT = [
    ("a workload has come to run it", Action.DELETE, R.IN_USE),
    ("somebody has tagged it", Action.DELETE, R.OTHER_TAGS),
    ("somebody has tagged it", Action.ARCHIVE, R.OTHER_TAGS),
    ("somebody has taken the marker off", Action.DELETE, R.MARKER_REMOVED),
    ("a workload has pinned an index that contains it", Action.ARCHIVE, R.IN_USE),
    ("a workload has pinned an index that contains it", Action.DELETE, R.IN_USE),
    ("an index contains it", Action.DELETE, R.NEEDED_BY_INDEX),
    ("an index contains it", Action.ARCHIVE, R.NEEDED_BY_INDEX),
    ("the policy has changed", Action.DELETE, R.NO_MISMATCH),
    ("the policy asks for less", Action.DELETE, R.POLICY),
    ("the stack allows less", Action.DELETE, R.ENFORCEMENT),
    ("it cannot be archived", Action.ARCHIVE, R.NOT_SUPPORTED),
    ("somebody has deleted it", Action.DELETE, R.IMAGE_GONE),
]


@pytest.mark.parametrize(("case", "action", "reason"), KEPT)
def test_what_must_be_kept_is_kept_and_said_once(case: str, action: Action, reason: RefusalReason) -> None:
    guarded = quarantined(action)
    arrange(guarded, case)

    assert refused(guarded) == [reason]
    if case != "somebody has deleted it":
        assert guarded.images.pullable(REPOSITORY, digest=BAD.digest)
    assert guarded.alerts.published[-1].kind is AlertKind.ACTION
    assert sweep(guarded) == []


HEALING = [
    ("inventory", R.INVENTORY_STALE),
    ("live", R.USE_NOT_TOLD),
    ("cap", R.HOURLY_CAP),
]


def spoil(guarded: Guarded, what: str) -> None:
    match what:
        case "inventory":
            guarded.workloads.unknowns = [Unknown(UnknownReason.INVENTORY_STALE, "ecs is old", "ecs")]
        case "live":
            guarded.live.unknowns = [Unknown(UnknownReason.ACCESS_DENIED, "denied", "ecs")]
        case "cap":
            guarded.ledger.cap = 0


def mend(guarded: Guarded) -> None:
    guarded.workloads.unknowns, guarded.live.unknowns, guarded.ledger.cap = [], [], 20


@pytest.mark.parametrize(("what", "reason"), HEALING)
def test_what_may_heal_stays_due_and_nobody_is_told_yet(what: str, reason: RefusalReason) -> None:
    guarded = quarantined(Action.DELETE)
    spoil(guarded, what)

    assert refused(guarded) == [reason]
    assert guarded.images.pullable(REPOSITORY, digest=BAD.digest)
    assert len(guarded.alerts.published) == 1

    mend(guarded)
    assert [done.action for done in swept(guarded).outcome.done] == [Action.DELETE]


def test_what_does_not_heal_is_given_up_and_told() -> None:
    guarded = quarantined(Action.DELETE)
    spoil(guarded, "live")
    guarded.now = NOW + PATIENCE + timedelta(minutes=1)

    assert refused(guarded) == [R.USE_NOT_TOLD]
    assert guarded.ledger.dues() == ()
    assert guarded.alerts.published[-1].kind is AlertKind.ACTION


def test_a_released_image_is_due_no_more() -> None:
    guarded = quarantined(Action.DELETE)
    guarded.ledger.release(REPOSITORY, BAD.digest, Release("ann", "needed", NOW))

    assert sweep(guarded) == []
    assert guarded.ledger.dues() == ()
    assert guarded.images.pullable(REPOSITORY, digest=BAD.digest)


def test_one_that_cannot_be_read_keeps_no_other_from_its_turn() -> None:
    guarded = quarantined(Action.DELETE)
    other = single("arm64", variant="v9")
    guarded.now = NOW
    guarded.holds(other, "2.0")
    guarded.guard.check(replace(push("2.0", other.digest), event_id="event-2"), last_try=False)
    guarded.now = NOW + timedelta(minutes=10)
    guarded.images.fail("standing", UnknownReason.THROTTLED, times=1)

    reports = sweep(guarded)

    assert [bool(report.outcome.done) for report in reports] == [False, True]
    assert len(guarded.ledger.dues()) == 1


def test_an_image_that_is_tagged_in_the_moment_of_its_deletion_stays() -> None:
    guarded = quarantined(Action.DELETE)

    def happens(operation: str) -> None:
        if operation == "remove_last_tag":
            guarded.images.before = lambda _: None
            guarded.images.push(REPOSITORY, BAD, "mine")

    guarded.images.before = happens

    assert refused(guarded) == [R.OTHER_TAGS]
    assert guarded.images.pullable(REPOSITORY, tag="mine")


def test_an_image_that_is_tagged_in_the_moment_it_is_archived_is_brought_back() -> None:
    guarded = quarantined(Action.ARCHIVE)

    def happens(operation: str) -> None:
        if operation == "archive":
            guarded.images.before = lambda _: None
            guarded.images.push(REPOSITORY, BAD, "mine")

    guarded.images.before = happens

    assert refused(guarded) == [R.OTHER_TAGS]
    assert guarded.images.operations()[-1] == "restore"


def test_an_image_that_becomes_a_part_in_the_moment_it_is_archived_is_brought_back() -> None:
    guarded = quarantined(Action.ARCHIVE)

    def happens(operation: str) -> None:
        if operation == "archive":
            guarded.images.before = lambda _: None
            guarded.images.push(REPOSITORY, index(BAD), "outer")

    guarded.images.before = happens

    assert refused(guarded) == [R.NEEDED_BY_INDEX]
    assert guarded.images.operations()[-1] == "restore"


def untold() -> tuple[Guarded, Push]:
    """An image that lost its tag, and whose alert was not taken."""
    guarded = Guarded(enforcement=Action.DELETE)
    guarded.demands("linux/amd64", Action.DELETE)
    guarded.holds(BAD, "1.4")
    event = push("1.4", BAD.digest)
    guarded.alerts.failing = Unknown(UnknownReason.UNAVAILABLE, "sns:Publish failed", "topic")
    with pytest.raises(UnreadableError):
        guarded.guard.check(event, last_try=False)
    guarded.alerts.failing = None
    guarded.read_since, guarded.now = NOW + timedelta(minutes=1), NOW + timedelta(minutes=10)
    return guarded, event


def test_what_nobody_was_told_of_waits_for_its_alert() -> None:
    guarded, event = untold()

    assert sweep(guarded) == []
    assert guarded.images.pullable(REPOSITORY, digest=BAD.digest)

    guarded.guard.check(event, last_try=False)
    guarded.read_since = guarded.now + timedelta(minutes=1)
    assert [done.action for done in swept(guarded).outcome.done] == [Action.DELETE]


def test_an_alert_that_it_could_not_be_told_is_not_that_it_is_wrong() -> None:
    guarded, event = untold()
    guarded.images.fail("resource_tags", UnknownReason.UNAVAILABLE, times=1)
    guarded.guard.check(event, last_try=True)

    assert sweep(guarded) == []
    assert guarded.images.pullable(REPOSITORY, digest=BAD.digest)


def test_what_nobody_was_told_of_in_days_is_forgotten_and_stays() -> None:
    guarded, _ = untold()
    guarded.now = NOW + PATIENCE + timedelta(minutes=1)

    assert sweep(guarded) == []
    assert guarded.ledger.dues() == ()
    assert guarded.images.pullable(REPOSITORY, digest=BAD.digest)


def test_what_is_right_by_now_and_nobody_was_told_of_is_due_no_more() -> None:
    guarded, event = untold()
    guarded.demands("linux/arm64", Action.DELETE)
    guarded.guard.check(event, last_try=False)

    assert sweep(guarded) == []
    assert guarded.ledger.dues() == ()
    assert [alert.kind for alert in guarded.alerts.published] == []


def test_an_image_that_cannot_be_deleted_takes_one_of_the_hours_and_is_given_up_in_the_end() -> None:
    guarded = quarantined(Action.DELETE)
    guarded.images.fail("remove_last_tag", UnknownReason.ACCESS_DENIED)
    before = sum(guarded.ledger.spent.values())
    for _ in range(10):
        assert refused(guarded) == [R.ACCESS_DENIED]
    assert sum(guarded.ledger.spent.values()) == before + 1

    guarded.now = NOW + PATIENCE + timedelta(minutes=1)

    assert refused(guarded) == [R.ACCESS_DENIED]
    assert guarded.ledger.dues() == ()
    assert guarded.alerts.published[-1].kind is AlertKind.ACTION


def test_an_archived_image_is_not_judged_again() -> None:
    guarded = quarantined(Action.ARCHIVE)
    swept(guarded)

    (report,) = guarded.guard.check(replace(push("1.4", BAD.digest), event_id="late"), last_try=False)

    assert report.verdict.reason is Reason.IMAGE_ARCHIVED


def test_a_part_that_is_tagged_in_the_moment_it_goes_gets_its_tag_back() -> None:
    part = single("s390x")
    guarded = quarantined(Action.DELETE, index(part, single("arm64")))

    def happens(operation: str) -> None:
        if operation == "remove_image":
            guarded.images.before = lambda _: None
            guarded.images.push(REPOSITORY, part, "mine")

    guarded.images.before = happens
    swept(guarded)

    assert guarded.images.pullable(REPOSITORY, tag="mine")


class Ended(BaseException):
    """The function ends here."""


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("action", [Action.ARCHIVE, Action.DELETE])
def test_wherever_a_sweep_ends_the_next_goes_on(side: str, action: Action) -> None:
    guarded = quarantined(action, index(single("arm64"), single("s390x")))
    guarded.ledger.cap = 1_000
    for stop in range(80):
        calls = 0

        def ends(_: str, stop: int = stop) -> None:
            nonlocal calls
            calls += 1
            if calls > stop:
                raise Ended

        for port in (guarded.images, guarded.ledger):
            setattr(port, side, ends)
        guarded.now += timedelta(minutes=6)
        with suppress(Ended, UnreadableError):
            guarded.sweep.run(guarded.sweep.dues())

    guarded.images.before = guarded.images.after = guarded.ledger.before = guarded.ledger.after = lambda _: None
    assert guarded.ledger.dues() == ()
    if action is Action.DELETE:
        assert guarded.images.digests(REPOSITORY) == []
    else:
        assert len(guarded.images.digests(REPOSITORY)) == 3
    assert {alert.kind for alert in guarded.alerts.published} == {AlertKind.ALERT, AlertKind.ACTION}
