"""The time that is left: what would not be done in time is put off."""

from __future__ import annotations

import pytest
from tests.content import single
from tests.guarded import MAX_RECEIVES, Guarded
from tests.invoked import event

from ecrguard.deadline import Deadline
from ecrguard.domain.image import UnknownReason
from ecrguard.domain.verdict import Judgement
from ecrguard.errors import UnreadableError
from ecrguard.inbox import RETRY_SECONDS, SECONDS_FOR_A_PUSH
from ecrguard.ports import Message


def test_without_an_end_there_is_always_time() -> None:
    Deadline().keep(3600, "reading")


def test_what_would_not_be_done_in_time_is_put_off_and_says_so() -> None:
    deadline = Deadline(lambda: 24.6)
    deadline.keep(24.6, "reading")

    with pytest.raises(UnreadableError, match="reading was put off: 25 seconds are left of the invocation, and 30"):
        deadline.keep(30, "reading")


def test_a_push_for_which_no_time_is_left_goes_back_to_the_queue_unread() -> None:
    guarded = Guarded(deadline=Deadline(lambda: SECONDS_FOR_A_PUSH - 1))
    body = event(image_digest=guarded.holds(single(), "1.4.2"))

    with pytest.raises(UnreadableError) as caught:
        guarded.inbox.take(Message(body, 1, "receipt"))

    assert caught.value.unknown.reason is UnknownReason.UNAVAILABLE
    assert guarded.calls() == {}
    assert guarded.queue.put == [("receipt", RETRY_SECONDS[0])]


def test_on_the_last_try_without_time_it_is_told_and_kept_rather_than_begun() -> None:
    guarded = Guarded(deadline=Deadline(lambda: 1))
    body = event(image_digest=guarded.holds(single(), "1.4.2"))

    handled = guarded.inbox.take(Message(body, MAX_RECEIVES, "receipt"))

    assert guarded.calls() == {}
    assert [report.verdict.judgement for report in handled.reports] == [Judgement.UNKNOWN]
    (alert,) = guarded.alerts.published
    assert "1 seconds are left of the invocation" in alert.verdict.explanation
    assert [letter.code for letter in guarded.dead_letters.kept] == [UnknownReason.UNAVAILABLE]
