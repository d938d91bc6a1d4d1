"""The time that is left: what would not be done in time is put off, and what was read is not read again."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from tests.content import single
from tests.fakes.ecs import FakeEcs
from tests.guarded import MAX_RECEIVES, Guarded
from tests.invoked import event
from tests.situations import REGISTRY, REPOSITORY

from ecrguard.adapters.ecs import SECONDS_KEPT, EcsServices
from ecrguard.deadline import Deadline
from ecrguard.domain.image import UnknownReason
from ecrguard.domain.verdict import Judgement
from ecrguard.errors import UnreadableError
from ecrguard.inbox import RETRY_SECONDS, SECONDS_FOR_A_PUSH
from ecrguard.ports import Message

if TYPE_CHECKING:
    from collections.abc import Callable


def countdown(seconds: float) -> Callable[[], float]:
    """A time that goes by a second each time it is looked at."""
    ticks = itertools.count()
    return lambda: seconds - next(ticks)


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


def test_reading_many_services_stops_in_time_and_goes_on_from_there() -> None:
    host, ecs = REGISTRY.host, FakeEcs()
    for number in range(30):
        ecs.service(f"s{number}", ecs.definition({"app": f"{host}/{REPOSITORY}:1"}, family=f"s{number}"))
    deadline = Deadline()
    reader = EcsServices(lambda: ecs.client, deadline)
    tries, definitions = 0, 0

    while True:
        tries += 1
        deadline.seconds_left = countdown(SECONDS_KEPT + 12)
        answer = reader.linked(REGISTRY, REPOSITORY)
        assert ecs.count("DescribeTaskDefinition") > definitions or not answer.unknowns, "each try comes further"
        definitions = ecs.count("DescribeTaskDefinition")
        if not answer.unknowns:
            break
        assert [unknown.reason for unknown in answer.unknowns] == [UnknownReason.UNAVAILABLE]

    assert tries > 1
    assert definitions == 30, "none is read twice"
    assert len(answer.workloads) == 30
