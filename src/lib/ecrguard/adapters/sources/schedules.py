"""ECS tasks that are started later: by rules of EventBridge, and by schedules of EventBridge Scheduler.

Rules are found by the clusters that are their targets, on each event bus; then come the schedules of all groups, 100 a
page. What a rule or a schedule starts, and on what, is one call more for each.

Those that are disabled count, as a service that is scaled to zero does: they name the image, and run it when they are
enabled again. One that names a task definition which is gone can start nothing, and runs nothing; so it is where the
cluster is gone that was to tell the platform. A task definition that is named without revision is the latest that is
active, looked up anew each time. ECS starts no task where a cluster or a task definition is named that is of another
account or Region.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ecrguard.adapters.calls import Calls, GoneError
from ecrguard.adapters.ecs_mapping import NOT_STATED, Launch, TaskDefinition, needs_instances
from ecrguard.adapters.ecs_service_mapping import Deployment
from ecrguard.adapters.schedule_mapping import Start, read_schedule, starts_tasks
from ecrguard.adapters.sources import ecs_capacity, ecs_clusters, event_rules
from ecrguard.adapters.sources.ecs_capacity import ClusterInstances
from ecrguard.adapters.sources.ecs_clusters import Clusters, denied
from ecrguard.adapters.sources.ecs_containers import Owner, containers
from ecrguard.adapters.sources.ecs_definitions import DESCRIBE, Definitions
from ecrguard.adapters.sources.event_rules import EventRules
from ecrguard.adapters.sources.listing import Tokens
from ecrguard.domain.image import Unknown
from ecrguard.domain.inventory import Page, Sighting
from ecrguard.domain.reference import partition
from ecrguard.domain.workload import WorkloadKind
from ecrguard.errors import AbsentError, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_ecs.client import ECSClient
    from mypy_boto3_events.client import EventBridgeClient
    from mypy_boto3_scheduler.client import EventBridgeSchedulerClient

    from ecrguard.adapters.ecs_mapping import Hosts
    from ecrguard.domain.reference import Registry
    from ecrguard.ports import Revisions

_LIST, _GET = "scheduler:ListSchedules", "scheduler:GetSchedule"

ACTIONS = (
    ecs_clusters.LIST,
    *event_rules.ACTIONS,
    _LIST,
    _GET,
    DESCRIBE,
    ecs_clusters.DESCRIBE,
    *ecs_capacity.ACTIONS,
)
"""IAM actions that reading needs."""

_PAGE = 100
_CALLS_PER_PAGE = 20
"""Listings of a cluster's rules that are made for one page while they find none."""
_SUBJECT = "schedules of EventBridge Scheduler"
_EC2 = Launch("EC2")


@dataclass(frozen=True, slots=True)
class _Position:
    """Where the listing goes on: with the rules of a bus for a cluster, or with the schedules."""

    bus: str = ""
    cluster: str = ""
    token: str = ""
    schedules: bool = False

    @classmethod
    def read(cls, cursor: str) -> _Position:
        parts: dict[str, Any] = json.loads(cursor) if cursor else {}
        return cls(**parts)

    @property
    def cursor(self) -> str:
        parts = {"bus": self.bus, "cluster": self.cluster, "token": self.token, "schedules": self.schedules}
        return json.dumps({name: value for name, value in parts.items() if value})


_SCHEDULES = _Position(schedules=True)


@dataclass(slots=True)
class SchedulesSource:
    """The rules and schedules of this account and Region that start ECS tasks. A ``WorkloadSource``.

    Attributes:
        ecs: gives boto3's ECS client; called when there is something to read, as the others are.
        events: gives boto3's EventBridge client.
        scheduler: gives boto3's EventBridge Scheduler client.
        registry: that is guarded.
        calls: makes the calls; ``absent`` where the Region is not known to have EventBridge Scheduler.
        revisions: where task definitions are kept.
    """

    ecs: Callable[[], ECSClient]
    events: Callable[[], EventBridgeClient]
    scheduler: Callable[[], EventBridgeSchedulerClient]
    registry: Registry
    calls: Calls
    revisions: Revisions
    _clusters: Clusters = field(init=False)
    _definitions: Definitions = field(init=False)
    _instances: ClusterInstances = field(init=False)
    _rules: EventRules = field(init=False)
    _tokens: Tokens = field(default_factory=Tokens)

    def __post_init__(self) -> None:
        self._clusters = Clusters(self.ecs, self.calls)
        self._definitions = Definitions(self.ecs, self.calls, self.revisions)
        self._instances = ClusterInstances(self.ecs, self.calls)
        self._rules = EventRules(self.events, self.calls)

    def page(self, cursor: str) -> Page:
        """Rules of one event bus that start tasks in one cluster, 100 at most, or those of 100 schedules that do.

        A bus that went meanwhile is passed over; one that may not be read is among the page's unknowns, and so are the
        schedules.

        Raises:
            AbsentError: the Region has no ECS or no EventBridge.
            UnreadableError: clusters or buses are denied, or something throttles or is unavailable.
        """
        at: _Position | None = _Position.read(cursor)
        arns: list[str] = []
        unknowns: list[Unknown] = []
        for _ in range(_CALLS_PER_PAGE):
            if at is None or arns:
                break
            at = self._list_schedules(at, arns, unknowns) if at.schedules else self._list_rules(at, arns, unknowns)
        return Page(tuple(dict.fromkeys(arns)), at.cursor if at else "", unknowns=tuple(unknowns))

    def _list_rules(self, at: _Position, arns: list[str], unknowns: list[Unknown]) -> _Position:
        """Add a page of rules, or why there is none; where the listing goes on."""
        pairs = itertools.product(self._rules.buses(), self._clusters.arns())
        following = [pair for pair in pairs if pair >= (at.bus, at.cluster)]
        if not following:
            return _SCHEDULES
        bus, cluster = following[0]
        token = at.token if following[0] == (at.bus, at.cluster) else ""
        try:
            found, token = self._rules.of_target(bus, cluster, token)
        except GoneError:
            return _after_bus(bus, following)
        except UnreadableError as error:
            unknowns.append(denied(error))
            return _after_bus(bus, following)
        arns += found
        if token:
            return _Position(bus, cluster, token)
        return _Position(*following[1]) if len(following) > 1 else _SCHEDULES

    def _list_schedules(self, at: _Position, arns: list[str], unknowns: list[Unknown]) -> _Position | None:
        """Add those of a page of schedules that start tasks; where the listing goes on, None at its end."""
        try:
            with self.calls.to(_LIST, _SUBJECT):
                answer = self.scheduler().list_schedules(MaxResults=_PAGE, **_going_on(at.token))
        except AbsentError:
            # The rules were listed: only EventBridge Scheduler is not there.
            return None
        except UnreadableError as error:
            unknowns.append(denied(error))
            return None
        told = [each for each in answer["Schedules"] if "Arn" in each and "Target" in each]
        arns += [each["Arn"] for each in told if starts_tasks(each["Target"]["Arn"])]
        token = self._tokens.follow(at.token, answer.get("NextToken", ""), _LIST, _SUBJECT)
        return replace(at, token=token) if token else None

    def read(self, arns: Sequence[str]) -> dict[str, Sighting | Unknown]:
        """Every asked rule or schedule as it is now: a call for each, and what their task definitions take.

        Raises:
            AbsentError: as :meth:`page`.
            UnreadableError: throttled or unavailable.
        """
        told: dict[str, Sighting | Unknown] = {}
        starting: dict[str, list[Start]] = {}
        for arn in dict.fromkeys(arns):
            try:
                found = self._rules.starts(arn) if ":rule/" in arn else self._scheduled(arn)
                starting[arn] = [start for start in found if _is_of(arn, start)]
            except GoneError:
                told[arn] = Sighting(arn)
            except UnreadableError as error:
                told[arn] = denied(error)
        starts = dict.fromkeys(start for each in starting.values() for start in each)
        kept = self._definitions.read(self._revision(start) for start in starts if not start.family)
        definitions = {
            start: self._definitions.latest(start.family) if start.family else kept[self._revision(start)]
            for start in starts
        }
        return told | {arn: self._sighting(arn, each, definitions) for arn, each in starting.items()}

    def _scheduled(self, arn: str) -> list[Start]:
        group, _, name = arn.partition(":schedule/")[2].rpartition("/")
        with self.calls.to(_GET, f"the schedule {name}", gone=("ResourceNotFoundException",)):
            answer = self.scheduler().get_schedule(GroupName=group, Name=name)
        start = read_schedule(answer["Target"])
        return [] if start is None else [start]

    def _sighting(
        self, arn: str, starts: Sequence[Start], definitions: dict[Start, TaskDefinition | Unknown | None]
    ) -> Sighting | Unknown:
        name = arn.partition(":rule/")[2] or arn.partition(":schedule/")[2].removeprefix("default/")
        label = f"scheduled ECS task {name}"
        told: list[Sighting] = []
        for start in starts:
            definition = definitions[start]
            if definition is None:
                continue
            if isinstance(definition, Unknown):
                return replace(definition, subject=label)
            owner = Owner(WorkloadKind.ECS_SCHEDULED_TASK, arn, name, label)
            try:
                told.append(self._started(owner, start, definition))
            except GoneError:
                continue
            except UnreadableError as error:
                return denied(error)
        workloads = dict.fromkeys(each for one in told for each in one.workloads)
        bad = dict.fromkeys(each for one in told for each in one.bad_images)
        return Sighting(arn, tuple(workloads), tuple(bad))

    def _started(self, owner: Owner, start: Start, definition: TaskDefinition) -> Sighting:
        """What one target starts. Raises GoneError where its cluster does not exist, UnreadableError as calls do."""
        cluster = start.cluster or "default"
        if not _is_arn(cluster):
            cluster = self._arn(f"cluster/{cluster}")

        def hosts(definition: TaskDefinition, deployment: Deployment) -> Hosts:
            launch = deployment.launch
            if launch == NOT_STATED and needs_instances(definition, launch):
                providers = self._clusters.default_providers(cluster)
                deployment = replace(deployment, launch=Launch(providers=providers) if providers else _EC2)
            return self._instances.hosts(cluster, definition, deployment, start.constraints)

        deployment = Deployment(start.definition, start.launch)
        return containers(owner, self.registry, [(definition, deployment)], hosts)

    def _revision(self, start: Start) -> str:
        reference = start.definition
        return reference if _is_arn(reference) else self._arn(f"task-definition/{reference}")

    def _arn(self, resource: str) -> str:
        region, account = self.registry.region, self.registry.account
        return f"arn:{partition(region)}:ecs:{region}:{account}:{resource}"


def _is_of(arn: str, start: Start) -> bool:
    """Whether what is named is of the account and Region of the rule or schedule that names it."""
    return all(_place(each) == _place(arn) for each in (start.cluster, start.definition) if _is_arn(each))


def _place(arn: str) -> tuple[str, str, str]:
    _, of, _, region, account, *_ = arn.split(":")
    return of, region, account


def _is_arn(reference: str) -> bool:
    # Names have no slash; one may be `arn`, and its first revision `arn:1`.
    return "/" in reference


def _after_bus(bus: str, following: Sequence[tuple[str, str]]) -> _Position:
    """Where the listing goes on when a bus is done with."""
    return next((_Position(*pair) for pair in following if pair[0] > bus), _SCHEDULES)


def _going_on(token: str) -> dict[str, Any]:
    return {"NextToken": token} if token else {}
