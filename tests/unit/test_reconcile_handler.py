"""The reconcile function: what a run answers, logs and measures."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.inventory import FakeInventory
from tests.fakes.source import FakeSource
from tests.inventories import Clock, arn, service
from tests.invoked import Captured

import reconcile as function
from ecrguard.deadline import Deadline
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.errors import AbsentError, MalformedEventError, UnreadableError
from ecrguard.reconcile import Reconciler

if TYPE_CHECKING:
    from datetime import datetime

PERIOD = timedelta(hours=1)


@dataclass
class Invoked:
    captured: Captured
    source: FakeSource = field(default_factory=FakeSource)
    inventory: FakeInventory = field(default_factory=FakeInventory)
    clock: Clock = field(default_factory=Clock)

    deadline: Deadline = field(default_factory=Deadline)

    @property
    def reconciler(self) -> Reconciler:
        sources: dict[str, Any] = {"ecs": lambda: self.source}
        return Reconciler(self.inventory, sources, lambda *_: None, self.deadline, PERIOD, self.clock)

    def run(self, event: dict[str, Any] | None = None) -> Any:
        self.captured.logged.clear()
        self.captured.printed = ""
        return self.captured.call(event or {})

    def messages(self) -> list[str]:
        return [line["message"] for line in self.captured.logged]


class Now:
    """The handler's clock, which is the test's."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def now(self, _: object) -> datetime:
        return self.clock()


@pytest.fixture
def invoked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Invoked:
    made = Invoked(Captured(function, capsys))
    monkeypatch.setattr(function, "parts", lambda: (made.reconciler, None, 3 * PERIOD))
    monkeypatch.setattr(function, "datetime", Now(made.clock))
    monkeypatch.setattr(function.metrics.provider, "namespace", "ecrguard")
    return made


def test_a_run_answers_with_what_it_did(invoked: Invoked) -> None:
    invoked.source.put(*(service(name) for name in "abc"))

    assert invoked.run() == {
        "pages": {"ecs": 2},
        "replaced": {"ecs": 3},
        "removed": {"ecs": 0},
        "complete": ["ecs"],
        "running": [],
        "unreadable": [],
        "absent": [],
    }
    assert invoked.messages() == ["reconciled"]
    metrics = invoked.captured.metrics()
    assert metrics.pop("InventoryAge") < 60
    assert metrics == {"InventoryOverdue": 0, "SourceUnreadable": 0}


def test_a_run_beside_another_does_nothing(invoked: Invoked) -> None:
    invoked.inventory.lease("another", invoked.clock(), invoked.clock.time + PERIOD)

    assert invoked.run() == {"held": True}
    assert invoked.captured.metrics() == {"ReconcileHeld": 1}
    assert invoked.source.calls == []


def test_a_source_that_is_denied_is_named_once_for_each_pass_and_rings_while_it_is(invoked: Invoked) -> None:
    denied = Unknown(UnknownReason.ACCESS_DENIED, "ecs:ListClusters was denied", "ECS")
    invoked.source.before = lambda *_: _raise(UnreadableError(denied))

    assert invoked.run()["unreadable"] == ["ecs"]
    assert invoked.messages() == ["source unreadable", "pass not at its end", "reconciled"]
    line = invoked.captured.logged[0]
    assert (line["source"], line["code"], line["cause"]) == ("ecs", "access_denied", denied.detail)
    assert invoked.captured.metrics()["SourceUnreadable"] == 1

    assert invoked.run()["unreadable"] == ["ecs"]
    assert invoked.messages() == ["reconciled"]
    assert invoked.captured.metrics()["SourceUnreadable"] == 1


def test_a_source_that_throttles_says_why_its_pass_is_not_at_its_end(invoked: Invoked) -> None:
    throttled = Unknown(UnknownReason.THROTTLED, "ecs:ListClusters was throttled", "ECS")
    invoked.source.before = lambda *_: _raise(UnreadableError(throttled))

    answer = invoked.run()

    assert (answer["running"], answer["complete"], answer["unreadable"]) == (["ecs"], [], [])
    assert invoked.messages() == ["pass not at its end", "reconciled"]


def test_an_inventory_that_is_too_old_rings(invoked: Invoked) -> None:
    invoked.source.put(service("a"))
    invoked.run()
    invoked.clock.time += 3 * PERIOD + timedelta(minutes=1)
    invoked.source.before = lambda *_: _raise(UnreadableError(Unknown(UnknownReason.THROTTLED, "as arranged", "ECS")))

    invoked.run()

    assert invoked.captured.metrics()["InventoryOverdue"] == 1
    assert invoked.captured.metrics()["InventoryAge"] > 3 * 3600
    assert "inventory overdue" in invoked.messages()


def test_a_source_that_cannot_be_there_is_named_and_rings_nothing(invoked: Invoked) -> None:
    invoked.source.before = lambda *_: _raise(AbsentError("apprunner is not in this Region"))

    assert invoked.run()["absent"] == ["ecs"]
    assert invoked.messages() == ["source absent", "reconciled"]
    assert invoked.captured.metrics() == {"InventoryAge": 0, "InventoryOverdue": 0, "SourceUnreadable": 0}


def test_a_source_that_is_asked_for_is_read_though_it_is_not_due(invoked: Invoked) -> None:
    invoked.run()
    invoked.source.calls = []

    assert invoked.run()["pages"] == {}
    assert invoked.run({"read": ["ecs"]})["pages"] == {"ecs": 1}
    assert invoked.source.calls == ["page"]


# Powertools', where a run is refused before there is anything to measure.
@pytest.mark.filterwarnings("ignore:No application metrics to publish")
@pytest.mark.parametrize("read", ["ecs", ["lambda"], [7], {"ecs": 1}, None])
def test_what_is_no_source_that_is_on_is_refused_with_those_that_are(invoked: Invoked, read: Any) -> None:
    with pytest.raises(MalformedEventError, match=r"^expected a list of some of ecs as read, got "):
        invoked.run({"read": read})
    assert invoked.source.calls == []


def test_the_time_of_the_invocation_is_kept(invoked: Invoked) -> None:
    invoked.source.put(service("a"))
    seen: list[float] = []
    invoked.source.before = lambda *_: seen.append(invoked.deadline.seconds_left())

    invoked.run()

    assert seen == [120, 120]
    assert arn("a") in invoked.inventory.sightings["ecs"]


def _raise(error: BaseException) -> None:
    raise error
