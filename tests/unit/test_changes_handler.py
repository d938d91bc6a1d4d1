"""The changes function, from SQS event to batch answer, logs and metrics."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.fakes.dead_letters import FakeDeadLetters
from tests.fakes.inventory import FakeInventory
from tests.fakes.queue import FakeQueue
from tests.fakes.source import FakeSource
from tests.inventories import Clock
from tests.invoked import Captured

import changes as function
from ecrguard.changes import Changes
from ecrguard.deadline import Deadline
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.reference import Registry
from ecrguard.errors import UnreadableError

EVENT = (Path(__file__).parents[2] / "events" / "change-ecs-deployment-completed.json").read_text()
(WEB,) = json.loads(EVENT)["resources"]


class Invoked(Captured):
    """The function, and what is around it."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        super().__init__(function, capsys)
        self.source, self.inventory, self.queue = FakeSource(), FakeInventory(), FakeQueue()

    def parts(self) -> Changes:
        sources = {"ecs": lambda: self.source}
        return Changes(
            self.inventory,
            Registry("123456789012", "eu-central-1"),
            sources,
            lambda *_: None,
            FakeDeadLetters(),
            self.queue,
            Deadline(),
            Clock(),
            5,
        )


@pytest.fixture
def invoked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Invoked:
    made = Invoked(capsys)
    parts = made.parts()
    monkeypatch.setattr(function, "changes", lambda: parts)
    monkeypatch.setattr(function.metrics.provider, "namespace", "ecrguard")
    return made


def test_a_change_is_logged_and_counted(invoked: Invoked) -> None:
    assert invoked.take(EVENT, EVENT) == []

    (line,) = invoked.logged
    assert (line["message"], line["workloads"], line["function_request_id"]) == ("looked at again", [WEB], "request-1")
    assert invoked.metrics() == {"WorkloadLookedAt": 1}


def test_what_is_no_change_is_dead_lettered_and_holds_up_nothing(invoked: Invoked) -> None:
    assert invoked.take("no event", EVENT) == []

    assert [line["message"] for line in invoked.logged] == ["dead-lettered", "looked at again"]
    assert invoked.logged[0]["code"] == "malformed_event"
    assert invoked.metrics() == {"DeadLettered": 1, "WorkloadLookedAt": 1}


def test_what_could_not_be_read_stays_on_the_queue(invoked: Invoked) -> None:
    throttled = UnreadableError(Unknown(UnknownReason.THROTTLED, "ecs:DescribeServices was throttled", WEB))
    invoked.source.before = lambda *_: _raise(throttled)

    assert invoked.take(EVENT, EVENT) == ["m1", "m2"]

    assert [(line["message"], line["code"]) for line in invoked.logged] == [("to be tried again", "throttled")] * 2
    assert invoked.metrics() == {"Retried": 2}
    assert invoked.queue.put == [("handle-1", 15), ("handle-2", 15)]


def test_a_workload_that_may_not_be_read_is_said(invoked: Invoked) -> None:
    invoked.source.denied[WEB] = Unknown(UnknownReason.ACCESS_DENIED, "ecs:DescribeServices was denied", WEB)

    assert invoked.take(EVENT) == []

    assert [line["message"] for line in invoked.logged] == ["workload not read", "looked at again"]


def test_what_nobody_thought_of_holds_up_no_other_message(invoked: Invoked) -> None:
    other = json.loads(EVENT)
    other["resources"] = [f"{WEB}-2"]
    invoked.source.before = lambda _, asked: _raise(ZeroDivisionError()) if asked == [WEB] else None

    assert invoked.take(EVENT, "no event", json.dumps(other)) == ["m1"]

    assert [line["message"] for line in invoked.logged] == [
        "crashed, to be tried again",
        "dead-lettered",
        "looked at again",
    ]
    assert invoked.metrics() == {"Crashed": 1, "DeadLettered": 1, "WorkloadLookedAt": 1}


def _raise(error: BaseException) -> None:
    raise error
