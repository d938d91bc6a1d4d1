"""The inbox: whatever fails, each message ends judged, tried again or dead-lettered with its cause. None is lost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.content import Content, bare, helm, index, single
from tests.fakes.dead_letters import Buried
from tests.guarded import MAX_RECEIVES, Guarded
from tests.invoked import event
from tests.situations import REPOSITORY, ecs

from ecrguard.domain.image import Cure, Unknown, UnknownReason
from ecrguard.domain.verdict import Judgement, Reason
from ecrguard.errors import UnreadableError
from ecrguard.inbox import FOREIGN_REGISTRY, MALFORMED_EVENT, RETRY_SECONDS, Handled
from ecrguard.ports import Message

if TYPE_CHECKING:
    from ecrguard.guard import Report

WAIT = [reason for reason in UnknownReason if reason.cure is Cure.WAIT]
RAISED = [*WAIT, UnknownReason.ACCESS_DENIED, UnknownReason.IMAGE_GONE, UnknownReason.IMAGE_INACCESSIBLE]
OPERATIONS = ["manifests", "config", "digest_of", "tags_of", "resource_tags", "put_tag"]


class Fault(NamedTuple):
    """An operation that fails a number of times."""

    operation: str
    reason: UnknownReason
    times: int


@dataclass
class Fate:
    """What became of a message in the end.

    Attributes:
        handled: by the last try, None where the queue moved the message away by itself.
        tries: how many there were.
    """

    handled: Handled | None
    tries: int
    raised: list[UnknownReason] = field(default_factory=list)


def deliver(guarded: Guarded, body: str) -> Fate:
    """Hand a message out as SQS does, until it is handled or has been handed out as often as the queue allows."""
    raised: list[UnknownReason] = []
    for receives in range(1, MAX_RECEIVES + 1):
        try:
            return Fate(guarded.inbox.take(Message(body, receives, "receipt")), receives, raised)
        except UnreadableError as error:
            raised.append(error.unknown.reason)
    return Fate(None, MAX_RECEIVES, raised)


faults = st.lists(
    st.builds(
        Fault, st.sampled_from(OPERATIONS), st.sampled_from(RAISED), st.sampled_from([1, 2, MAX_RECEIVES - 1, 10_000])
    ),
    max_size=4,
)
contents = st.sampled_from(
    [single(), single("arm64"), index(single(), single("arm64")), index(bare(single("arm64"))), helm()]
)
troubles = st.none() | st.builds(Unknown, st.sampled_from(WAIT), st.just("away"))
EVENTS = ["push-single", "push-index", "push-without-digest", "restored", "restored-untagged", "replicated"]


def arranged(content: Content, script: list[Fault], name: str) -> tuple[Guarded, str]:
    guarded = Guarded()
    guarded.demands("linux/amd64")
    digest = guarded.holds(content, "1.4.2", "latest")
    for fault in script:
        guarded.images.fail(fault.operation, fault.reason, fault.times)
    members = {"image_digest": None if name == "push-without-digest" else digest, "repository_name": REPOSITORY}
    return guarded, event(name, **members)


@given(contents, faults, st.sampled_from(EVENTS), st.tuples(troubles, troubles, troubles))
def test_no_message_is_lost(
    content: Content, script: list[Fault], name: str, around: tuple[Unknown | None, Unknown | None, Unknown | None]
) -> None:
    guarded, body = arranged(content, script, name)
    guarded.alerts.failing, guarded.policies.failing, guarded.dead_letters.failing = around

    fate = deliver(guarded, body)

    if fate.handled is None:
        # The queue's own redrive has it: nothing but a dead-letter queue that takes nothing may lead there.
        assert guarded.dead_letters.failing is not None
        return
    if fate.handled.buried is not None:
        code, cause = fate.handled.buried
        assert (code, cause) == guarded.dead_letters.kept[-1][1:]
        assert guarded.dead_letters.kept[-1].body == body
        assert cause
        return
    for report in fate.handled.reports:
        unsettled = [each for each in report.verdict.unknowns if each.reason.cure is not Cure.NEW_IMAGE]
        assert report.verdict.judgement is not Judgement.UNKNOWN or not unsettled


@given(contents, faults, st.sampled_from(EVENTS))
def test_no_fault_makes_a_bad_image_pass_or_a_good_one_a_mismatch(
    content: Content, script: list[Fault], name: str
) -> None:
    truth = {report.push.tag: report.verdict.judgement for report in _reports(*arranged(content, [], name))}

    for report in _reports(*arranged(content, script, name)):
        gone = report.verdict.reason is Reason.IMAGE_GONE
        assert gone or report.verdict.judgement in (Judgement.UNKNOWN, truth.get(report.push.tag))
        assert not gone or any(fault.reason is UnknownReason.IMAGE_GONE for fault in script)


@given(contents, faults, st.sampled_from(EVENTS))
def test_whatever_does_not_pass_is_told_once_for_each_tag(content: Content, script: list[Fault], name: str) -> None:
    guarded, body = arranged(content, script, name)

    reports = _reports(guarded, body)

    told = [(alert.push.tag, alert.verdict.judgement) for alert in guarded.alerts.published]
    expected = [
        (report.push.tag, report.verdict.judgement)
        for report in reports
        if report.verdict.judgement in (Judgement.MISMATCH, Judgement.UNKNOWN)
    ]
    assert told[-len(expected) :] == expected if expected else not told
    assert len(told) == len(set(told)) or any(fault.operation == "put_tag" for fault in script)


def _reports(guarded: Guarded, body: str) -> tuple[Report, ...]:
    fate = deliver(guarded, body)
    assert fate.handled is not None
    return fate.handled.reports


@pytest.mark.parametrize("reason", WAIT)
def test_what_may_work_later_is_tried_until_it_does(reason: UnknownReason) -> None:
    guarded, body = arranged(single("arm64"), [Fault("manifests", reason, 2)], "push-index")

    fate = deliver(guarded, body)

    assert (fate.tries, fate.raised) == (3, [reason, reason])
    assert fate.handled is not None
    assert fate.handled.buried is None
    assert [alert.verdict.judgement for alert in guarded.alerts.published] == [Judgement.MISMATCH]


def test_what_never_works_is_told_and_kept_on_the_last_try() -> None:
    guarded, body = arranged(single(), [Fault("manifests", UnknownReason.THROTTLED, 10_000)], "push-index")

    fate = deliver(guarded, body)

    assert fate.tries == MAX_RECEIVES
    assert [letter.code for letter in guarded.dead_letters.kept] == ["throttled"]
    assert [alert.verdict.judgement for alert in guarded.alerts.published] == [Judgement.UNKNOWN]


def test_what_waits_for_an_operator_is_told_and_kept_at_once() -> None:
    guarded, body = arranged(single(), [Fault("manifests", UnknownReason.ACCESS_DENIED, 10_000)], "push-index")

    fate = deliver(guarded, body)

    assert fate.tries == 1
    assert guarded.dead_letters.kept == [
        Buried(body, "access_denied", "arranged for team/web"),
    ]


def test_a_dead_letter_sent_again_once_the_cause_is_mended_is_judged() -> None:
    guarded, body = arranged(single("arm64"), [Fault("manifests", UnknownReason.ACCESS_DENIED, 1)], "push-index")
    deliver(guarded, body)
    (letter,) = guarded.dead_letters.kept

    fate = deliver(guarded, letter.body)

    assert fate.handled is not None
    assert [report.verdict.judgement for report in fate.handled.reports] == [Judgement.MISMATCH]


def test_an_alert_that_no_topic_takes_is_kept_with_its_cause() -> None:
    guarded, body = arranged(single("arm64"), [], "push-index")
    guarded.alerts.failing = Unknown(UnknownReason.UNAVAILABLE, "sns:Publish failed")

    fate = deliver(guarded, body)

    assert fate.tries == MAX_RECEIVES
    assert guarded.dead_letters.kept == [Buried(body, "unavailable", "sns:Publish failed")]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param("", MALFORMED_EVENT, id="no event"),
        pytest.param(event("not-handled-delete"), MALFORMED_EVENT, id="an event of no arrival"),
        pytest.param(event().replace("eu-central-1", "us-east-1"), FOREIGN_REGISTRY, id="of another Region"),
    ],
)
def test_what_never_heals_is_kept_at_once_and_nothing_is_asked(body: str, code: str) -> None:
    guarded = Guarded()

    fate = deliver(guarded, body)

    assert fate.tries == 1
    assert [letter.code for letter in guarded.dead_letters.kept] == [code]
    assert guarded.calls() == {}


def test_a_dead_letter_queue_that_takes_nothing_leaves_the_message_on_its_own() -> None:
    guarded = Guarded()
    guarded.dead_letters.failing = Unknown(UnknownReason.ACCESS_DENIED, "sqs:SendMessage was denied")

    fate = deliver(guarded, "<html>")

    assert fate.handled is None
    assert fate.raised == [UnknownReason.ACCESS_DENIED] * MAX_RECEIVES


def test_what_passes_leaves_nothing_behind() -> None:
    guarded, body = arranged(single(), [], "push-index")
    guarded.workloads.workloads = [ecs("linux/amd64", ":1.4.2")]

    fate = deliver(guarded, body)

    assert fate.handled is not None
    assert [report.verdict.judgement for report in fate.handled.reports] == [Judgement.OK]
    assert not guarded.dead_letters.kept
    assert not guarded.alerts.published


def test_a_throttled_push_is_tried_again_soon_and_then_ever_later() -> None:
    guarded = Guarded()
    guarded.images.fail("manifests", UnknownReason.THROTTLED)
    digest = guarded.holds(single(), "1.4.2")

    deliver(guarded, event(image_digest=digest, image_tag="1.4.2"))

    assert guarded.queue.put == [("receipt", seconds) for seconds in RETRY_SECONDS]
    assert list(RETRY_SECONDS) == sorted(RETRY_SECONDS)
    assert len(RETRY_SECONDS) == MAX_RECEIVES - 1


def test_a_push_that_cannot_be_put_off_is_still_tried_again_and_says_so() -> None:
    guarded = Guarded()
    guarded.queue.failing = Unknown(UnknownReason.ACCESS_DENIED, "sqs:ChangeMessageVisibility was denied")
    guarded.images.fail("manifests", UnknownReason.THROTTLED)
    digest = guarded.holds(single(), "1.4.2")

    with pytest.raises(UnreadableError, match="throttled") as caught:
        guarded.inbox.take(Message(event(image_digest=digest, image_tag="1.4.2"), 1, "receipt"))

    assert "sqs:ChangeMessageVisibility was denied" in caught.value.__notes__[0]
