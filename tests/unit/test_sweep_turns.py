"""The turns of a sweep: what is due when, what a sweep that came to no end left, and what is said of each image."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.content import Content, index, single
from tests.guarded import Guarded
from tests.situations import NOW, REPOSITORY, push

from ecrguard.deadline import Deadline
from ecrguard.domain.action import Action
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.ledger import Act, Due
from ecrguard.domain.marker import marker_tag
from ecrguard.domain.plan import Done, Outcome, Refusal, RefusalReason, Result
from ecrguard.domain.verdict import Judgement, Reason, Verdict
from ecrguard.report import Report
from ecrguard.sweep import Sweep

if TYPE_CHECKING:
    from ecrguard.domain.ledger import Entry

BAD = single("arm64")
MARKER = marker_tag(BAD.digest)
PUSH = push("1.4", BAD.digest)
R = RefusalReason


def due(action: Action, content: Content = BAD) -> Guarded:
    """An image that lost its tag at noon, of which people were told; all was read a minute later."""
    guarded = Guarded(enforcement=Action.DELETE)
    guarded.demands("linux/amd64", action)
    guarded.holds(content, "1.4")
    guarded.guard.check(push("1.4", content.digest), last_try=False)
    guarded.read_since = NOW + timedelta(minutes=1)
    guarded.now = NOW + timedelta(minutes=10)
    guarded.ledger.calls.clear()
    return guarded


def swept(guarded: Guarded) -> Report:
    (report,) = guarded.sweep.run(guarded.sweep.dues())
    return report


def begun(guarded: Guarded, *children: str) -> Due:
    """A sweep began with it and came to no end."""
    (there,) = guarded.ledger.dues()
    made = replace(there, begun=True, counted=guarded.now, children=children)
    guarded.ledger.owe(made)
    return made


def last_line(guarded: Guarded) -> Entry:
    return guarded.ledger.history(REPOSITORY, "tag#1.4")[0]


def test_where_nothing_is_due_nothing_is_read() -> None:
    guarded = Guarded()

    def read_since() -> datetime:
        raise AssertionError

    sweep = Sweep(guarded.guard, guarded.sweep.remover, read_since, Deadline())

    assert sweep.run(()) == ()


@pytest.mark.parametrize(("seconds", "settled"), [(44.9, 0), (45.0, 1)])
def test_what_is_not_done_in_time_is_not_begun(seconds: float, settled: int) -> None:
    guarded = due(Action.DELETE)
    guarded.deadline = Deadline(lambda: seconds)

    assert len(guarded.sweep.run(guarded.sweep.dues())) == settled
    assert len(guarded.ledger.dues()) == 1 - settled


@pytest.mark.parametrize(("patience", "left"), [(timedelta(days=7, seconds=-1), 1), (timedelta(days=7), 0)])
def test_what_may_heal_is_waited_for_seven_days(patience: timedelta, left: int) -> None:
    guarded = due(Action.DELETE)
    guarded.live.unknowns = [Unknown(UnknownReason.ACCESS_DENIED, "denied", "ecs")]
    guarded.now = NOW + patience

    report = swept(guarded)

    assert [refusal.reason for refusal in report.outcome.refusals] == [R.USE_NOT_TOLD]
    assert report.rule == "all"
    assert (len(guarded.ledger.dues()), report.alerted) == (left, not left)


@pytest.mark.parametrize(("patience", "left"), [(timedelta(days=7, seconds=-1), 1), (timedelta(days=7), 0)])
@pytest.mark.parametrize("told", ["nothing", "another image", "that it could not be told"])
def test_of_what_nobody_was_told_nothing_is_done_and_it_is_waited_for(
    told: str, patience: timedelta, left: int
) -> None:
    guarded = due(Action.DELETE)
    record = guarded.ledger.look(REPOSITORY, "tag#1.4")
    changed = {
        "nothing": (),
        "another image": (replace(record.told[0], digest="sha256:1"),),
        "that it could not be told": (replace(record.told[0], judgement=Judgement.UNKNOWN),),
    }
    guarded.ledger.records[REPOSITORY, "tag#1.4"] = replace(record, told=changed[told])
    guarded.now = NOW + patience

    assert guarded.sweep.run(guarded.sweep.dues()) == ()
    assert len(guarded.ledger.dues()) == left
    assert guarded.images.pullable(REPOSITORY, digest=BAD.digest)
    assert len(guarded.alerts.published) == 1


def test_what_nobody_was_told_and_is_gone_is_due_no_more() -> None:
    guarded = due(Action.DELETE)
    record = guarded.ledger.look(REPOSITORY, "tag#1.4")
    guarded.ledger.records[REPOSITORY, "tag#1.4"] = replace(record, told=())
    guarded.images.delete(REPOSITORY, BAD.digest)

    assert guarded.sweep.run(guarded.sweep.dues()) == ()
    assert guarded.ledger.dues() == ()


def test_what_was_done_is_said_written_down_and_no_more_due() -> None:
    guarded = due(Action.ARCHIVE)

    report = swept(guarded)

    (done,) = report.outcome.done
    assert (done.action, done.result, done.detail) == (Action.ARCHIVE, Result.DONE, BAD.digest)
    assert report == Report(
        push("1.4", BAD.digest), report.image, report.verdict, Outcome((done,)), alerted=True, rule="all"
    )
    assert report.image is not None
    line = last_line(guarded)
    assert (line.what, line.text, line.outcome, line.time) == ("archived", BAD.digest, report.outcome, guarded.now)
    assert guarded.ledger.dues() == ()


def test_what_was_refused_is_written_down_with_its_reason() -> None:
    guarded = due(Action.DELETE)
    guarded.images.push(REPOSITORY, BAD, "mine")

    report = swept(guarded)

    line = last_line(guarded)
    assert (line.what, line.text) == ("kept", report.outcome.refusals[-1].detail)


@pytest.mark.parametrize("action", [Action.ARCHIVE, Action.DELETE])
def test_that_it_begins_is_written_down_with_the_parts_before_anything_is_done(action: Action) -> None:
    part = single("arm64", variant="v8")
    whole = index(part, single("s390x"))
    guarded = due(action, whole)
    (owed,) = guarded.ledger.dues()
    seen: list[tuple[Due, ...]] = []

    def happens(operation: str) -> None:
        if operation in {"archive", "remove_last_tag"}:
            seen.append(tuple(guarded.ledger.owed.values()))

    guarded.images.before = happens
    swept(guarded)

    children = tuple(child.digest for child in whole.children) if action is Action.DELETE else ()
    assert seen == [(replace(owed, begun=True, counted=guarded.now, children=children),)]


class TestWhatASweepThatCameToNoEndLeft:
    def test_is_not_counted_again(self) -> None:
        for action in (Action.ARCHIVE, Action.DELETE):
            guarded = due(action)
            spent = dict(guarded.ledger.spent)
            begun(guarded)

            assert swept(guarded).outcome.done
            assert guarded.ledger.spent == spent

    @pytest.mark.parametrize(
        ("passed", "more"),
        [
            (timedelta(minutes=49), 0),
            (timedelta(seconds=7), 0),
            (timedelta(microseconds=7), 0),
            (timedelta(hours=1), 1),
        ],
        ids=["minutes", "seconds", "microseconds", "an hour"],
    )
    def test_is_counted_once_in_each_hour(self, passed: timedelta, more: int) -> None:
        guarded = due(Action.ARCHIVE)
        begun(guarded)
        before = sum(guarded.ledger.spent.values())
        guarded.now += passed

        assert swept(guarded).outcome.done
        assert sum(guarded.ledger.spent.values()) == before + more

    def test_has_its_parts_written_down_before_it_is_gone_on_with(self) -> None:
        whole = index(single("arm64", variant="v8"), single("s390x"))
        guarded = due(Action.DELETE, whole)
        begun(guarded)
        seen: list[tuple[str, ...]] = []

        def happens(operation: str) -> None:
            if operation == "remove_last_tag":
                seen.extend(each.children for each in guarded.ledger.owed.values())

        guarded.images.before = happens
        swept(guarded)

        assert seen == [tuple(child.digest for child in whole.children)]

    def test_is_ended_and_said_in_the_thread_of_its_own_alert_where_no_other_is_known(self) -> None:
        guarded = due(Action.DELETE)
        there = begun(guarded)
        record = guarded.ledger.look(REPOSITORY, "tag#1.4")
        guarded.ledger.records[REPOSITORY, "tag#1.4"] = replace(record, told=(), act=None)

        assert swept(guarded).outcome.done
        assert guarded.alerts.published[-1].thread == there.alert_id

    def test_is_counted_in_another_hour_once_more(self) -> None:
        guarded = due(Action.ARCHIVE)
        begun(guarded)
        guarded.now += timedelta(hours=1)
        guarded.ledger.cap = 0

        assert [refusal.reason for refusal in swept(guarded).outcome.refusals] == [R.HOURLY_CAP]

    def test_in_the_archive_is_said_to_be_there(self) -> None:
        guarded = due(Action.ARCHIVE)
        begun(guarded)
        guarded.images.store(REPOSITORY, BAD.digest, "ARCHIVED")

        (done,) = swept(guarded).outcome.done

        assert done == Done(Action.ARCHIVE, Result.ALREADY_DONE, BAD.digest, guarded.guard.enforcer.undo(PUSH))
        assert "restore" not in guarded.images.operations()

    def test_in_the_archive_is_brought_back_where_it_was_tagged_since(self) -> None:
        guarded = due(Action.ARCHIVE)
        begun(guarded)
        guarded.images.push(REPOSITORY, BAD, "mine")
        guarded.images.store(REPOSITORY, BAD.digest, "ARCHIVED")

        (refusal,) = swept(guarded).outcome.refusals

        detail = "The image was tagged mine in the meantime, and stays."
        assert refusal == Refusal(Action.ARCHIVE, R.OTHER_TAGS, detail)
        assert guarded.images.operations()[-1] == "restore"

    def test_gone_is_said_to_be_deleted_and_its_parts_go(self) -> None:
        part, used = single("arm64", variant="v8"), single("s390x")
        guarded = due(Action.DELETE)
        for each in (part, used):
            guarded.holds(each)
        begun(guarded, part.digest)
        guarded.images.delete(REPOSITORY, BAD.digest)

        (done,) = swept(guarded).outcome.done

        assert done == Done(Action.DELETE, Result.ALREADY_DONE, BAD.digest, guarded.guard.enforcer.undo(PUSH))
        assert guarded.images.digests(REPOSITORY) == [used.digest]


def test_what_somebody_archived_is_not_brought_back_by_a_sweep_that_did_not_begin() -> None:
    guarded = due(Action.ARCHIVE)
    guarded.images.push(REPOSITORY, BAD, "mine")
    guarded.images.store(REPOSITORY, BAD.digest, "ARCHIVED")

    assert swept(guarded).outcome.done
    assert "restore" not in guarded.images.operations()


@pytest.mark.parametrize("is_begun", [False, True])
def test_what_is_gone_before_it_was_to_be_archived_was_somebody_else(*, is_begun: bool) -> None:
    guarded = due(Action.ARCHIVE)
    if is_begun:
        begun(guarded)
    guarded.images.delete(REPOSITORY, BAD.digest)

    assert [each.reason for each in swept(guarded).outcome.refusals] == [R.IMAGE_GONE]


def test_one_in_the_archive_that_is_to_be_deleted_is_not_said_to_be_archived() -> None:
    guarded = due(Action.DELETE)
    guarded.images.store(REPOSITORY, BAD.digest, "ARCHIVED")

    assert swept(guarded).outcome.done == ()


@pytest.mark.parametrize(("patience", "settled"), [(timedelta(days=7, seconds=-1), 0), (timedelta(days=7), 1)])
def test_while_an_act_on_the_tag_has_come_to_no_end_the_image_waits(patience: timedelta, settled: int) -> None:
    guarded = due(Action.DELETE)
    left = Act("event-1", BAD.digest, "", NOW, None, (MARKER,), BAD.media_type, BAD.body.decode())
    record = guarded.ledger.look(REPOSITORY, "tag#1.4")
    guarded.ledger.records[REPOSITORY, "tag#1.4"] = replace(record, act=left)
    guarded.now = NOW + patience

    assert len(guarded.sweep.run(guarded.sweep.dues())) == settled
    assert len(guarded.ledger.dues()) == 1 - settled
    assert guarded.images.pullable(REPOSITORY, digest=BAD.digest) is not bool(settled)


def test_an_act_that_has_ended_keeps_no_image_waiting() -> None:
    guarded = due(Action.DELETE)
    act = guarded.ledger.look(REPOSITORY, "tag#1.4").act

    assert act is not None
    assert act.ended is not None
    assert swept(guarded).outcome.done


def test_what_is_exempt_by_now_is_kept() -> None:
    guarded = due(Action.DELETE)
    guarded.exempts(date(2027, 1, 1))

    assert [each.reason for each in swept(guarded).outcome.refusals] == [R.NO_MISMATCH]
    assert guarded.images.pullable(REPOSITORY, digest=BAD.digest)


def test_of_two_actions_the_milder_is_done() -> None:
    guarded = due(Action.DELETE)
    guarded.demands("linux/amd64", Action.ARCHIVE)

    assert [each.action for each in swept(guarded).outcome.done] == [Action.ARCHIVE]
    assert guarded.images.digests(REPOSITORY) == [BAD.digest]

    guarded = due(Action.ARCHIVE)
    guarded.demands("linux/amd64", Action.DELETE)

    assert [each.action for each in swept(guarded).outcome.done] == [Action.ARCHIVE]


def test_what_cannot_be_settled_now_is_said_to_be_unknown_and_stays_due() -> None:
    guarded = due(Action.DELETE)
    guarded.ledger.fail("hold", UnknownReason.THROTTLED, times=1)

    unknown = Unknown(UnknownReason.THROTTLED, "arranged for hold", "the ledger")
    verdict = Verdict(Judgement.UNKNOWN, Reason.NOT_TOLD, "arranged for hold.", unknowns=(unknown,))
    assert swept(guarded) == Report(push("1.4", BAD.digest), None, verdict)
    assert len(guarded.ledger.dues()) == 1


@pytest.mark.parametrize(
    ("reason", "refusal", "left"),
    [
        (UnknownReason.ACCESS_DENIED, R.ACCESS_DENIED, 1),
        (UnknownReason.THROTTLED, R.UNAVAILABLE, 1),
    ],
)
def test_what_ecr_does_not_do_now_is_refused_and_tried_again(
    reason: UnknownReason, refusal: RefusalReason, left: int
) -> None:
    guarded = due(Action.DELETE)
    guarded.images.fail("remove_last_tag", reason, times=1)

    assert swept(guarded).outcome == Outcome((), (Refusal(Action.DELETE, refusal, f"arranged for {REPOSITORY}."),))
    assert len(guarded.ledger.dues()) == left
    assert swept(guarded).outcome.done


@pytest.mark.parametrize("action", [Action.ARCHIVE, Action.DELETE])
def test_where_the_hour_fills_up_in_the_moment_the_image_stays(action: Action) -> None:
    guarded = due(action)

    def fills_up(operation: str) -> None:
        if operation == "spend":
            guarded.ledger.cap = 0

    guarded.ledger.before = fills_up

    (refusal,) = swept(guarded).outcome.refusals

    assert refusal == Refusal(action, R.HOURLY_CAP, "As many were taken away this hour as may be.")
    assert guarded.images.pullable(REPOSITORY, digest=BAD.digest)
    assert len(guarded.ledger.dues()) == 1


def test_what_a_stack_does_not_allow_is_said_before_what_ecr_does_not_do() -> None:
    guarded = due(Action.DELETE)
    guarded.enforcement = Action.ARCHIVE
    guarded.images.fix(BAD.digest)

    assert [refusal.reason for refusal in swept(guarded).outcome.refusals] == [R.ENFORCEMENT, R.NOT_SUPPORTED]


@pytest.mark.parametrize(("patience", "left"), [(timedelta(days=7, seconds=-1), 1), (timedelta(days=7), 0)])
def test_what_cannot_be_read_for_seven_days_is_given_up(patience: timedelta, left: int) -> None:
    guarded = due(Action.DELETE)
    guarded.images.withhold(BAD.digest, UnknownReason.THROTTLED)
    guarded.now = NOW + patience

    assert swept(guarded).outcome.refusals
    assert len(guarded.ledger.dues()) == left


def test_what_people_could_not_be_told_of_its_end_stays_due() -> None:
    guarded = due(Action.DELETE)
    guarded.images.push(REPOSITORY, BAD, "mine")
    guarded.now = NOW + timedelta(days=7)
    guarded.alerts.failing = Unknown(UnknownReason.UNAVAILABLE, "sns:Publish failed", "topic")

    swept(guarded)

    assert len(guarded.ledger.dues()) == 1


def test_an_act_that_nothing_is_known_of_keeps_no_image_waiting() -> None:
    guarded = due(Action.DELETE)
    record = guarded.ledger.look(REPOSITORY, "tag#1.4")
    guarded.ledger.records[REPOSITORY, "tag#1.4"] = replace(record, act=None)

    assert swept(guarded).outcome.done
