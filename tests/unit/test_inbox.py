"""The inbox: whatever fails, each message ends judged, tried again or dead-lettered with its cause. None is lost."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.content import Content, bare, helm, index, single
from tests.fakes.dead_letters import Buried
from tests.guarded import MAX_RECEIVES, Guarded
from tests.invoked import event
from tests.situations import NOW, REPOSITORY, ecs

from ecrguard.domain.alert import AlertKind
from ecrguard.domain.image import Cure, Unknown, UnknownReason
from ecrguard.domain.verdict import Judgement, Reason
from ecrguard.errors import UnreadableError
from ecrguard.inbox import FOREIGN_REGISTRY, MALFORMED_EVENT, RETRY_SECONDS, SECONDS_FOR_A_PUSHER, Handled
from ecrguard.ports import Message
from ecrguard.pushers import Noted
from ecrguard.rendering.identity import alert_id

if TYPE_CHECKING:
    from ecrguard.report import Report

WAIT = [reason for reason in UnknownReason if reason.cure is Cure.WAIT]
RAISED = [*WAIT, UnknownReason.ACCESS_DENIED, UnknownReason.IMAGE_GONE, UnknownReason.IMAGE_INACCESSIBLE]
OPERATIONS = ["manifests", "config", "digest_of", "tags_of", "resource_tags", "put_tag", "standing"]
LEDGER = ["look", "hold", "begin", "settle", "passed", "released", "note", "let_go"]


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


fault = st.builds(
    Fault, st.sampled_from(OPERATIONS), st.sampled_from(RAISED), st.sampled_from([1, 2, MAX_RECEIVES - 1, 10_000])
)
ledger_fault = st.builds(Fault, st.sampled_from(LEDGER), st.sampled_from(WAIT), st.sampled_from([1, 2, 10_000]))
faults, ledger_faults = st.lists(fault, max_size=4), st.lists(ledger_fault, max_size=3)
all_faults = st.lists(fault | ledger_fault, max_size=4)
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
        holder = guarded.ledger if fault.operation in LEDGER else guarded.images
        holder.fail(fault.operation, fault.reason, fault.times)
    members = {"image_digest": None if name == "push-without-digest" else digest, "repository_name": REPOSITORY}
    return guarded, event(name, **members)


@given(contents, all_faults, st.sampled_from(EVENTS), st.tuples(troubles, troubles, troubles))
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


@given(contents, all_faults, st.sampled_from(EVENTS))
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


JOB = "arn:aws:sts::123456789012:assumed-role/ci/release-1742"
"""Who pushed, in the sample."""


def call(digest: str, name: str = "pusher-docker") -> str:
    """The sample of a call that put the image that the sample of a push is of."""
    return event(name).replace("team/grafana", REPOSITORY).replace("latest", "1.4.2").replace(SAMPLED, digest)


SAMPLED = "sha256:7f5b2640fe6fb4f46592dfd3410c4a79dac4f89e4782432e0378abcd1234abcd"


def noted(guarded: Guarded, body: str) -> Noted | None:
    fate = deliver(guarded, body)
    assert fate.handled is not None
    assert fate.handled.buried is None
    assert fate.handled.reports == ()
    return fate.handled.noted


def pushers(guarded: Guarded) -> list[tuple[AlertKind, str]]:
    """What was published, each with who pushed."""
    return [(alert.kind, alert.pusher.arn if alert.pusher else "") for alert in guarded.alerts.published]


def test_who_pushed_a_bad_image_follows_its_alert_once() -> None:
    guarded, body = arranged(single("arm64"), [], "push-index")
    digest = json.loads(body)["detail"]["image-digest"]
    deliver(guarded, body)

    assert [noted(guarded, call(digest)) for _ in range(2)] == [Noted.TOLD, Noted.TOLD_BEFORE]

    assert pushers(guarded) == [(AlertKind.ALERT, ""), (AlertKind.PUSHER, JOB)]
    alert, follows = guarded.alerts.published
    assert follows.thread == alert_id(alert)


def test_who_pushed_a_bad_image_is_in_its_alert_where_it_is_known_by_then() -> None:
    guarded, body = arranged(single("arm64"), [], "push-index")
    digest = json.loads(body)["detail"]["image-digest"]

    assert noted(guarded, call(digest)) is Noted.KEPT
    deliver(guarded, body)
    assert noted(guarded, call(digest)) is Noted.TOLD_BEFORE

    assert pushers(guarded) == [(AlertKind.ALERT, JOB)]


def test_who_pushed_a_good_image_is_nobodys_business() -> None:
    guarded, body = arranged(single(), [], "push-index")
    deliver(guarded, body)

    assert noted(guarded, call(json.loads(body)["detail"]["image-digest"])) is Noted.NOT_ALERTED

    assert not guarded.alerts.published
    assert not guarded.pushers.known


@pytest.mark.parametrize("name", ["pusher-untagged", "pusher-to-another-registry"])
def test_a_call_that_says_nothing_of_a_tag_here_asks_nothing(name: str) -> None:
    guarded = Guarded()

    assert noted(guarded, event(name)) is None

    assert guarded.calls() == {}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param(event("pusher-refused"), MALFORMED_EVENT, id="refused"),
        pytest.param(event("change-call-update-service"), MALFORMED_EVENT, id="of another service"),
        pytest.param(event("pusher-docker").replace("eu-central-1", "us-east-1"), FOREIGN_REGISTRY, id="elsewhere"),
    ],
)
def test_a_call_that_is_not_ours_to_tell_is_kept_at_once(body: str, code: str) -> None:
    guarded = Guarded()

    fate = deliver(guarded, body)

    assert (fate.tries, [letter.code for letter in guarded.dead_letters.kept]) == (1, [code])
    assert guarded.calls() == {}


def test_who_pushed_waits_while_the_tag_is_judged() -> None:
    guarded, body = arranged(single("arm64"), [], "push-index")
    digest = json.loads(body)["detail"]["image-digest"]
    held = guarded.ledger.hold(REPOSITORY, "tag#1.4.2", "another", NOW, NOW + timedelta(minutes=1))

    with pytest.raises(UnreadableError, match="another holds"):
        guarded.inbox.take(Message(call(digest), 1, "receipt"))

    assert guarded.queue.put == [("receipt", RETRY_SECONDS[0])]
    guarded.ledger.let_go(held)
    assert noted(guarded, call(digest)) is Noted.KEPT


def test_who_pushed_is_not_begun_where_too_little_time_is_left() -> None:
    guarded = Guarded()
    guarded.deadline.seconds_left = lambda: SECONDS_FOR_A_PUSHER - 1.0

    with pytest.raises(UnreadableError, match=f"telling who pushed {REPOSITORY}:1.4.2 was put off"):
        guarded.inbox.take(Message(call(SAMPLED), 1, "receipt"))

    assert guarded.calls() == {}


@given(ledger_faults, st.tuples(troubles, troubles), st.booleans())
def test_no_word_of_who_pushed_is_lost(
    script: list[Fault], around: tuple[Unknown | None, Unknown | None], judged: object
) -> None:
    guarded, body = arranged(single("arm64"), [], "push-index")
    message = call(json.loads(body)["detail"]["image-digest"])
    if judged:
        deliver(guarded, body)
    for fault in script:
        guarded.ledger.fail(fault.operation, fault.reason, fault.times)
    guarded.alerts.failing, guarded.dead_letters.failing = around

    fate = deliver(guarded, message)

    if fate.handled is None:
        assert guarded.dead_letters.failing is not None
    elif fate.handled.buried is not None:
        assert guarded.dead_letters.kept[-1].body == message
    else:
        assert fate.handled.noted is (Noted.TOLD if judged else Noted.KEPT)
        assert pushers(guarded)[-1:] == ([(AlertKind.PUSHER, JOB)] if judged else [])
