"""The worlds of what ECS runs: services and daemons, tasks, and what is started later."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from tests.contract.source_world import AT_ONCE, REGISTRY, OneServiceWorld
from tests.fakes.ecs import FakeEcs
from tests.fakes.events import FakeEvents, ecs_target
from tests.fakes.revisions import FakeRevisions
from tests.fakes.scheduler import FakeScheduler
from tests.fakes.wire import Refusal

from ecrguard.adapters.sources import ecs, schedules, tasks

if TYPE_CHECKING:
    from tests.fakes.service import FakeService

    from ecrguard.adapters.calls import Calls

_IMAGE = f"{REGISTRY.host}/team/app:1"


@dataclass
class EcsWorld(OneServiceWorld):
    """ECS services and daemons."""

    name: ClassVar[str] = "ecs"
    actions: ClassVar[tuple[str, ...]] = ecs.ACTIONS
    textual: ClassVar[bool] = True
    fake: FakeEcs = field(default_factory=FakeEcs)
    revisions: FakeRevisions = field(default_factory=FakeRevisions)

    def source(self, calls: Calls = AT_ONCE) -> ecs.EcsSource:
        client = self.fake.client
        return ecs.EcsSource(lambda: client, REGISTRY, calls, self.revisions)

    def add(self, name: str, image: str) -> str:
        return self.fake.service(name, self.fake.definition(image, family=name))

    def remove(self, arn: str) -> None:
        del self.fake.clusters["prod"][arn]

    def fill(self) -> None:
        self.fake.instance(provider="mi")
        self.fake.service("on-instances", self.fake.definition(_IMAGE), launchType="EC2")
        self.fake.express_service("express", _IMAGE)
        daemon = self.fake.daemon("agent", _IMAGE)
        revision = self.fake.daemons[daemon]["currentRevisions"][0]["arn"]
        del self.fake.daemon_revisions[revision]["containerImages"]


@dataclass
class TasksWorld(OneServiceWorld):
    """ECS tasks that no service runs."""

    name: ClassVar[str] = "tasks"
    actions: ClassVar[tuple[str, ...]] = tasks.ACTIONS
    textual: ClassVar[bool] = True
    fake: FakeEcs = field(default_factory=FakeEcs)
    revisions: FakeRevisions = field(default_factory=FakeRevisions)

    def source(self, calls: Calls = AT_ONCE) -> tasks.TasksSource:
        client = self.fake.client
        return tasks.TasksSource(lambda: client, REGISTRY, calls, self.revisions)

    def add(self, name: str, image: str) -> str:
        return self.fake.task(self.fake.definition(image, family=name))

    def remove(self, arn: str) -> None:
        del self.fake.tasks[arn]

    def fill(self) -> None:
        on = self.fake.instance()
        self.fake.task(self.fake.definition(_IMAGE), launchType="EC2", containerInstanceArn=on)


@dataclass
class SchedulesWorld:
    """Rules and schedules that start ECS tasks. Every other workload that is added is a rule."""

    name: ClassVar[str] = "schedules"
    actions: ClassVar[tuple[str, ...]] = schedules.ACTIONS
    textual: ClassVar[bool] = True
    ecs: FakeEcs = field(default_factory=FakeEcs)
    events: FakeEvents = field(default_factory=FakeEvents)
    scheduler: FakeScheduler = field(default_factory=FakeScheduler)
    revisions: FakeRevisions = field(default_factory=FakeRevisions)
    added: int = 0
    order: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for service, fake in self._fakes.items():
            fake.calls = _Noting(service, self.order)

    @property
    def _fakes(self) -> dict[str, FakeService]:
        return {"ecs": self.ecs, "events": self.events, "scheduler": self.scheduler}

    def source(self, calls: Calls = AT_ONCE) -> schedules.SchedulesSource:
        of_ecs, of_events, of_scheduler = self.ecs.client, self.events.client, self.scheduler.client
        return schedules.SchedulesSource(
            lambda: of_ecs, lambda: of_events, lambda: of_scheduler, REGISTRY, calls, self.revisions
        )

    def add(self, name: str, image: str) -> str:
        target = ecs_target(self.ecs.cluster("prod"), self.ecs.definition(image, family=name), LaunchType="FARGATE")
        self.added += 1
        return self.events.rule(name, target) if self.added % 2 else self.scheduler.schedule(name, target)

    def remove(self, arn: str) -> None:
        if arn in self.scheduler.schedules:
            del self.scheduler.schedules[arn]
        else:
            self.events.delete(arn)

    def fill(self) -> None:
        self.ecs.instance()
        target = ecs_target(self.ecs.cluster("prod"), self.ecs.definition(_IMAGE))
        self.events.rule("filled", target)
        self.scheduler.schedule("filled", target)

    def deny(self, action: str) -> None:
        self.fail(action, Refusal("AccessDeniedException", f"User is not authorized to perform: {action}", 403))

    def fail(self, action: str, error: Exception) -> None:
        service, _, operation = action.partition(":")
        self._fakes[service].failing[operation] = error

    def stick(self) -> None:
        for fake in self._fakes.values():
            fake.stuck = True

    def mend(self) -> None:
        for fake in self._fakes.values():
            fake.stuck = False
            fake.failing.clear()

    @property
    def called(self) -> list[str]:
        return self.order


class _Noting(list[tuple[str, dict[str, object]]]):
    """Calls of one service, noted among those of the others."""

    def __init__(self, service: str, order: list[str]) -> None:
        super().__init__()
        self.service, self.order = service, order

    def append(self, call: tuple[str, dict[str, object]]) -> None:
        super().append(call)
        self.order.append(f"{self.service}:{call[0]}")
