"""What a push that is wrong loses within the seconds in which it is judged: quarantine, from the event to the alert."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.content import Content, bare, docker, index, single
from tests.guarded import Guarded
from tests.situations import NOW, REPOSITORY, ecs, push

from ecrguard.domain.action import Action
from ecrguard.domain.alert import AlertKind
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.ledger import Due, Release
from ecrguard.domain.marker import marker_tag
from ecrguard.domain.plan import RefusalReason, Result
from ecrguard.domain.push import Arrival
from ecrguard.domain.verdict import Judgement, Reason
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from ecrguard.domain.push import Push
    from ecrguard.report import Report

GOOD, BAD = docker("amd64"), single("arm64")
MARKER = marker_tag(BAD.digest)
R = RefusalReason


@pytest.fixture(params=[False, True], ids=["a pair takes the tag", "a pair takes the image"])
def guarded(request: pytest.FixtureRequest) -> Guarded:
    """Everything must be amd64, and what is not is quarantined; whatever ECR does with a tag and a digest."""
    made = Guarded(enforcement=Action.DELETE)
    made.images.pair_takes_image = request.param
    made.demands("linux/amd64", Action.QUARANTINE)
    return made


def pushed(guarded: Guarded, content: Content, seconds: int, tag: str = "1.4") -> Push:
    """The event of a push that is made now, so many seconds after noon."""
    guarded.holds(content, tag)
    return event(content, seconds, tag)


def event(content: Content, seconds: int, tag: str = "1.4") -> Push:
    return replace(push(tag, content.digest), event_id=f"event-{seconds}", time=NOW + timedelta(seconds=seconds))


def check(guarded: Guarded, event: Push, *, last_try: bool = False) -> Report:
    guarded.now = max(guarded.now, event.time + timedelta(seconds=1))
    (report,) = guarded.guard.check(event, last_try=last_try)
    return report


def reasons(report: Report) -> list[RefusalReason]:
    return [refusal.reason for refusal in report.outcome.refusals]


def done(report: Report) -> list[Action]:
    return [each.action for each in report.outcome.done]


def test_the_tag_goes_back_to_its_last_good_image_and_the_wrong_one_stays_under_its_marker(guarded: Guarded) -> None:
    check(guarded, pushed(guarded, GOOD, 0))

    report = check(guarded, pushed(guarded, BAD, 10))

    assert done(report) == [Action.TAG, Action.QUARANTINE]
    assert guarded.images.tags(REPOSITORY) == {"1.4": GOOD.digest, MARKER: BAD.digest}
    assert report.outcome.done[1].detail == f"1.4 stands for {GOOD.digest} again"
    assert report.alerted


def test_without_a_good_image_the_tag_is_taken_away_and_the_image_stays(guarded: Guarded) -> None:
    report = check(guarded, pushed(guarded, BAD, 0))

    assert done(report) == [Action.TAG, Action.QUARANTINE]
    assert guarded.images.tags(REPOSITORY) == {MARKER: BAD.digest}
    assert guarded.images.pullable(REPOSITORY, digest=BAD.digest)


def test_what_the_workloads_have_pinned_is_the_last_good_image_where_the_ledger_knows_none(guarded: Guarded) -> None:
    guarded.holds(GOOD)
    guarded.workloads.workloads = [replace(ecs(), resolved=GOOD.digest)]

    check(guarded, pushed(guarded, BAD, 0))

    assert guarded.images.tags(REPOSITORY)["1.4"] == GOOD.digest


def test_an_image_that_is_wrong_by_what_is_required_today_is_not_gone_back_to(guarded: Guarded) -> None:
    guarded.demands("linux/arm64", Action.QUARANTINE)
    check(guarded, pushed(guarded, BAD, 0))
    guarded.demands("linux/riscv64", Action.QUARANTINE)

    check(guarded, pushed(guarded, GOOD, 10))

    assert "1.4" not in guarded.images.tags(REPOSITORY)


def test_where_tags_cannot_be_moved_the_tag_is_taken_away(guarded: Guarded) -> None:
    guarded.images.create(REPOSITORY, immutable=True)
    check(guarded, pushed(guarded, GOOD, 0))

    check(guarded, pushed(guarded, BAD, 10))

    assert guarded.images.tags(REPOSITORY) == {MARKER: BAD.digest}


def test_an_image_with_other_tags_loses_the_wrong_one_alone_and_gets_no_marker(guarded: Guarded) -> None:
    guarded.holds(BAD, "arm")

    report = check(guarded, pushed(guarded, BAD, 0))

    assert done(report) == [Action.QUARANTINE]
    assert guarded.images.tags(REPOSITORY) == {"arm": BAD.digest}


REFUSED: dict[str, tuple[RefusalReason, dict[str, str]]] = {
    "used by tag": (R.IN_USE, {}),
    "used by digest": (R.IN_USE, {}),
    "pinned": (R.IN_USE, {}),
    "deployed since the inventory saw it": (R.IN_USE, {}),
    "the inventory is stale": (R.INVENTORY_STALE, {}),
    "a workload cannot be read again": (R.USE_NOT_TOLD, {}),
    "no workloads are read": (R.NO_WORKLOADS_READ, {MARKER: BAD.digest}),
    "the hour is full": (R.HOURLY_CAP, {}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_may_be_needed_keeps_its_tag(guarded: Guarded, case: str) -> None:
    refused, more = REFUSED[case]
    arrange(guarded, case)

    report = check(guarded, pushed(guarded, BAD, 0))

    assert reasons(report)[0] is refused
    assert guarded.images.tags(REPOSITORY) == {"1.4": BAD.digest, **more}
    assert report.alerted


def arrange(guarded: Guarded, case: str) -> None:
    """What keeps a push of BAD from being quarantined."""
    arm, other = ecs("linux/arm64"), ecs("linux/amd64", ":other", name="prod/other")
    match case:
        case "used by tag":
            guarded.workloads.workloads = [arm]
        case "used by digest":
            guarded.workloads.workloads = [ecs("linux/arm64", f"@{BAD.digest}")]
        case "pinned":
            guarded.workloads.workloads = [replace(ecs("linux/arm64", ":old"), resolved=BAD.digest)]
        case "deployed since the inventory saw it":
            guarded.workloads.workloads = [other]
            guarded.live.changed = {other.arn: (replace(ecs("linux/arm64"), arn=other.arn),)}
        case "the inventory is stale":
            guarded.workloads.unknowns = [Unknown(UnknownReason.INVENTORY_STALE, "ecs is old", "ecs")]
        case "a workload cannot be read again":
            guarded.workloads.workloads = [other]
            guarded.live.unknowns = [Unknown(UnknownReason.ACCESS_DENIED, "ecs:DescribeServices is denied", "ecs")]
        case "no workloads are read":
            guarded.reads_workloads = False
        case "the hour is full":
            guarded.ledger.cap = 0


def test_a_part_of_the_image_that_could_not_be_told_keeps_its_tag(guarded: Guarded) -> None:
    guarded.demands("linux/amd64 linux/s390x", Action.QUARANTINE)
    part = single("arm64", variant="v9")
    guarded.images.withhold(part.digest, UnknownReason.IMAGE_INACCESSIBLE)

    assert reasons(check(guarded, pushed(guarded, index(BAD, bare(part)), 0)))[0] in {
        R.VERDICT_INCOMPLETE,
        R.VERDICT_UNKNOWN,
    }


def test_a_tag_that_has_moved_on_is_left(guarded: Guarded) -> None:
    late = pushed(guarded, BAD, 0)
    check(guarded, pushed(guarded, GOOD, 10))

    report = check(guarded, late)

    assert reasons(report) == [R.TAG_MOVED]
    assert guarded.images.tags(REPOSITORY) == {"1.4": GOOD.digest, MARKER: BAD.digest}


def test_what_somebody_brought_back_from_the_archive_is_not_taken_again(guarded: Guarded) -> None:
    restored = replace(pushed(guarded, BAD, 0), arrival=Arrival.RESTORED)

    report = check(guarded, restored)

    assert reasons(report) == [R.NOT_PUSHED]
    assert guarded.images.tags(REPOSITORY) == {"1.4": BAD.digest}


def test_a_released_image_is_left_alone_and_nobody_is_told(guarded: Guarded) -> None:
    guarded.ledger.release(REPOSITORY, BAD.digest, Release("arn:aws:iam::123456789012:user/ann", "a test", NOW))

    report = check(guarded, pushed(guarded, BAD, 0))

    assert (report.verdict.judgement, report.verdict.reason) == (Judgement.NOT_APPLICABLE, Reason.RELEASED)
    assert guarded.images.tags(REPOSITORY) == {"1.4": BAD.digest}
    assert not guarded.alerts.published


class TestAgain:
    def test_an_event_that_comes_again_does_nothing(self, guarded: Guarded) -> None:
        event = pushed(guarded, BAD, 0)
        check(guarded, event)
        before = guarded.images.operations().count("put_tag")

        report = check(guarded, event)

        assert (report.known, report.alerted, done(report)) == (True, False, [])
        assert guarded.images.operations().count("put_tag") == before
        assert len(guarded.alerts.published) == 1

    def test_another_push_of_it_is_quarantined_and_told_again(self, guarded: Guarded) -> None:
        check(guarded, pushed(guarded, BAD, 0))

        report = check(guarded, pushed(guarded, BAD, 60))

        assert (report.alerted, "1.4" in guarded.images.tags(REPOSITORY)) == (True, False)

    def test_a_later_good_push_resolves_it_once_in_the_thread_of_the_alert(self, guarded: Guarded) -> None:
        check(guarded, pushed(guarded, BAD, 0))
        fixed = pushed(guarded, GOOD, 60)

        reports = [check(guarded, fixed) for _ in range(2)]

        assert [report.resolved for report in reports] == [True, False]
        alert, resolved = guarded.alerts.published
        assert (resolved.kind, resolved.push.digest) == (AlertKind.RESOLVED, GOOD.digest)
        assert resolved.thread == guarded.ledger.look(REPOSITORY, "tag#1.4").told[0].alert_id
        assert alert.kind is AlertKind.ALERT

    def test_our_own_giving_back_resolves_nothing(self, guarded: Guarded) -> None:
        check(guarded, pushed(guarded, GOOD, 0))
        check(guarded, pushed(guarded, BAD, 60))

        report = check(guarded, event(GOOD, 61))

        assert (report.resolved, len(guarded.alerts.published)) == (False, 1)
        assert guarded.ledger.look(REPOSITORY, "tag#1.4").open

    def test_what_could_not_be_done_is_done_when_its_event_is_sent_again_and_follows_in_the_thread(
        self, guarded: Guarded
    ) -> None:
        bad = pushed(guarded, BAD, 0)
        guarded.images.fail("remove_tag", UnknownReason.UNAVAILABLE, times=1)
        first = check(guarded, bad, last_try=True)
        assert reasons(first) == [R.UNAVAILABLE]
        assert first.unsettled is not None

        report = check(guarded, bad)

        assert Action.QUARANTINE in done(report)
        assert "1.4" not in guarded.images.tags(REPOSITORY)
        assert [alert.kind for alert in guarded.alerts.published] == [AlertKind.ALERT, AlertKind.ACTION]
        assert guarded.alerts.published[1].thread


class TestAnOvertakenTag:
    """ECR moves tags without a condition: a good push may land between our look at the tag and our moving it."""

    BETTER = index(single("amd64"))

    def arrange(self, guarded: Guarded) -> Push:
        check(guarded, pushed(guarded, GOOD, 0))
        bad = pushed(guarded, BAD, 10)
        looks: list[str] = []

        def happens(operation: str) -> None:
            # The last look at the tag before it is moved is the third.
            looks.append(operation)
            if operation == "put_tag" and looks.count("put_tag") == 2:
                guarded.holds(self.BETTER, "1.4")

        guarded.images.before = happens
        return bad

    def test_is_given_forward_when_the_push_that_it_overtook_is_judged(self, guarded: Guarded) -> None:
        bad = self.arrange(guarded)
        check(guarded, bad)
        assert guarded.images.tags(REPOSITORY)["1.4"] == GOOD.digest

        check(guarded, event(self.BETTER, 11))

        assert guarded.images.tags(REPOSITORY)["1.4"] == self.BETTER.digest

    def test_is_given_forward_at_the_end_of_the_act_where_that_push_was_judged_before(self, guarded: Guarded) -> None:
        bad = self.arrange(guarded)
        before = guarded.images.before

        def judged_meanwhile(operation: str) -> None:
            before(operation)
            if guarded.images.operations().count("put_tag") == 1 and operation == "put_tag":
                guarded.images.before = lambda _: None
                check(guarded, event(self.BETTER, 11))
                guarded.images.before = lambda _: None

        guarded.images.before = judged_meanwhile
        check(guarded, bad)

        assert guarded.images.tags(REPOSITORY)["1.4"] == self.BETTER.digest


def test_a_good_push_whose_event_comes_late_gets_its_tag_back(guarded: Guarded) -> None:
    check(guarded, pushed(guarded, GOOD, 0))
    late = pushed(guarded, TestAnOvertakenTag.BETTER, 10)
    check(guarded, pushed(guarded, BAD, 20))
    assert guarded.images.tags(REPOSITORY)["1.4"] == GOOD.digest

    check(guarded, late)

    assert guarded.images.tags(REPOSITORY)["1.4"] == TestAnOvertakenTag.BETTER.digest


class Ended(BaseException):
    """The function ends here."""


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("has_good", [True, False])
def test_wherever_the_function_ends_the_next_try_goes_on(guarded: Guarded, side: str, has_good: object) -> None:
    if has_good:
        check(guarded, pushed(guarded, GOOD, 0))
    bad = pushed(guarded, BAD, 10)
    expected = {MARKER: BAD.digest} | ({"1.4": GOOD.digest} if has_good else {})
    for stop in range(200):
        calls = 0

        def ends(_: str, stop: int = stop) -> None:
            nonlocal calls
            calls += 1
            if calls > stop:
                raise Ended

        for port in (guarded.images, guarded.ledger):
            setattr(port, side, ends)
        try:
            check(guarded, bad)
        except Ended:
            guarded.now += timedelta(minutes=12)
            continue
        break

    assert guarded.images.tags(REPOSITORY) == expected
    assert guarded.images.pullable(REPOSITORY, digest=BAD.digest)
    assert len({alert.push.event_id for alert in guarded.alerts.published}) == 1


def interrupted(guarded: Guarded, operation: str, event: Push) -> None:
    """A try that ends right before an operation."""

    def ends(begun: str) -> None:
        if begun == operation:
            raise Ended

    guarded.images.before = ends
    with pytest.raises(Ended):
        check(guarded, event)
    guarded.images.before = lambda _: None
    guarded.now += timedelta(minutes=12)


def test_an_act_that_came_to_nothing_is_forgotten_where_it_is_refused_now(guarded: Guarded) -> None:
    bad = pushed(guarded, BAD, 0)
    interrupted(guarded, "remove_tag", bad)
    guarded.workloads.workloads = [ecs("linux/arm64")]

    report = check(guarded, bad)

    assert reasons(report) == [R.IN_USE]
    assert guarded.ledger.look(REPOSITORY, "tag#1.4").act is None


def test_a_tag_that_a_person_deletes_after_such_an_act_stays_deleted(guarded: Guarded) -> None:
    check(guarded, pushed(guarded, GOOD, 0))
    bad = pushed(guarded, BAD, 10)
    interrupted(guarded, "put_tag", bad)
    guarded.images.untag(REPOSITORY, "1.4")
    check(guarded, bad)

    check(guarded, event(GOOD, 0))

    assert "1.4" not in guarded.images.tags(REPOSITORY)


def test_a_marker_that_is_taken_off_in_the_moment_keeps_the_tag_where_it_is(guarded: Guarded) -> None:
    check(guarded, pushed(guarded, GOOD, 0))
    bad = pushed(guarded, BAD, 10)

    def happens(_: str) -> None:
        if MARKER in guarded.images.tags(REPOSITORY):
            guarded.images.before = lambda _: None
            guarded.images.untag(REPOSITORY, MARKER)

    guarded.images.before = happens

    assert reasons(check(guarded, bad)) == [R.MARKER_REMOVED]
    assert guarded.images.tags(REPOSITORY)["1.4"] == BAD.digest


def test_an_image_that_goes_with_its_tag_comes_back_under_its_marker_where_its_other_tags_are_taken() -> None:
    guarded = Guarded(enforcement=Action.DELETE)
    guarded.images.pair_takes_image = True
    guarded.demands("linux/amd64", Action.QUARANTINE)
    guarded.holds(BAD, "arm")
    bad = pushed(guarded, BAD, 0)

    def happens(operation: str) -> None:
        if operation == "remove_tag":
            guarded.images.before = lambda _: None
            guarded.holds(GOOD, "arm")

    guarded.images.before = happens
    check(guarded, bad)

    assert guarded.images.tags(REPOSITORY) == {"arm": GOOD.digest, MARKER: BAD.digest}


def test_two_wrong_tags_of_one_image_are_taken_one_after_the_other(guarded: Guarded) -> None:
    guarded.holds(BAD, "arm")
    first, second = pushed(guarded, BAD, 0), event(BAD, 1, "arm")

    def happens(operation: str) -> None:
        if operation == "remove_tag":
            guarded.images.before = lambda _: None
            with pytest.raises(UnreadableError):
                check(guarded, second)

    guarded.images.before = happens
    check(guarded, first)
    check(guarded, second)

    assert guarded.images.tags(REPOSITORY) == {MARKER: BAD.digest}


def test_a_tag_is_given_back_where_its_image_is_right_by_now_and_nobody_was_told(guarded: Guarded) -> None:
    check(guarded, pushed(guarded, GOOD, 0))
    bad = pushed(guarded, BAD, 10)
    guarded.alerts.failing = Unknown(UnknownReason.UNAVAILABLE, "sns:Publish failed", "topic")
    with pytest.raises(UnreadableError):
        check(guarded, bad)
    guarded.alerts.failing = None
    guarded.demands("linux/arm64", Action.QUARANTINE)

    check(guarded, bad)

    assert guarded.images.tags(REPOSITORY)["1.4"] == BAD.digest
    assert not guarded.alerts.published


def test_an_image_that_went_with_its_tag_is_put_back_by_whatever_event_of_the_tag_comes_next() -> None:
    guarded = Guarded(enforcement=Action.DELETE)
    guarded.images.pair_takes_image = True
    guarded.demands("linux/amd64", Action.QUARANTINE)
    older = pushed(guarded, single("arm64", variant="v9"), 0)
    bad = pushed(guarded, BAD, 10)
    ended = []

    def ends(operation: str) -> None:
        ended.append(operation)
        if operation == "standing" and "remove_tag" in ended:
            raise Ended

    guarded.images.before = ends
    with pytest.raises(Ended):
        check(guarded, bad)
    guarded.images.before = lambda _: None
    guarded.now += timedelta(minutes=12)

    check(guarded, older)

    assert guarded.images.tags(REPOSITORY)[MARKER] == BAD.digest


def test_a_tag_that_waits_to_be_given_forward_is_given_by_the_next_try(guarded: Guarded) -> None:
    check(guarded, pushed(guarded, GOOD, 0))
    late = pushed(guarded, TestAnOvertakenTag.BETTER, 10)
    check(guarded, pushed(guarded, BAD, 20))
    interrupted(guarded, "put_tag", late)

    check(guarded, late)

    assert guarded.images.tags(REPOSITORY)["1.4"] == TestAnOvertakenTag.BETTER.digest


def test_in_the_last_try_what_was_told_long_ago_is_not_told_again(guarded: Guarded) -> None:
    bad = pushed(guarded, BAD, 0)
    check(guarded, bad)
    guarded.ledger.hold(REPOSITORY, "tag#1.4", "another", guarded.now, guarded.now + timedelta(minutes=5))

    report = check(guarded, bad, last_try=True)

    assert (report.known, report.unsettled) == (True, None)
    assert len(guarded.alerts.published) == 1


def test_while_another_handles_the_tag_a_try_waits(guarded: Guarded) -> None:
    bad = pushed(guarded, BAD, 0)
    guarded.ledger.hold(REPOSITORY, "tag#1.4", "another", NOW, NOW + timedelta(minutes=5))

    with pytest.raises(UnreadableError):
        check(guarded, bad)

    assert guarded.images.tags(REPOSITORY) == {"1.4": BAD.digest}
    assert not guarded.alerts.published


def test_a_ledger_that_does_not_answer_in_the_last_try_keeps_no_alert_back(guarded: Guarded) -> None:
    bad = pushed(guarded, BAD, 0)
    guarded.ledger.fail("hold", UnknownReason.UNAVAILABLE)

    report = check(guarded, bad, last_try=True)

    assert (report.alerted, reasons(report)) == (True, [R.UNAVAILABLE])
    assert report.unsettled is not None
    assert guarded.images.tags(REPOSITORY) == {"1.4": BAD.digest}


@pytest.mark.parametrize("action", [Action.ARCHIVE, Action.DELETE])
def test_the_image_itself_is_due_later(guarded: Guarded, action: Action) -> None:
    guarded.demands("linux/amd64", action)

    report = check(guarded, pushed(guarded, BAD, 0))

    assert report.outcome.later is action
    (due,) = guarded.ledger.dues()
    assert due == Due(report.push, action, guarded.now, guarded.ledger.look(REPOSITORY, "tag#1.4").told[0].alert_id)
    assert guarded.images.pullable(REPOSITORY, digest=BAD.digest)


def test_a_dry_run_says_what_a_real_run_does_and_changes_nothing(guarded: Guarded) -> None:
    check(guarded, pushed(guarded, GOOD, 0))
    bad = pushed(guarded, BAD, 10)
    tags, ledger = guarded.images.tags(REPOSITORY), dict(guarded.ledger.records)

    (prepared,) = guarded.guard.prepare(bad)

    assert guarded.images.tags(REPOSITORY) == tags
    assert guarded.ledger.records == ledger
    assert [str(step) for step in prepared.plan.steps] == [
        f"put the tag {MARKER} on {BAD.digest}",
        f"move the tag 1.4 from {BAD.digest} to its last good image, {GOOD.digest}",
    ]
    report = check(guarded, bad)
    assert [each.result for each in report.outcome.done] == [Result.DONE, Result.DONE]
    assert report.outcome.refusals == prepared.plan.refusals
