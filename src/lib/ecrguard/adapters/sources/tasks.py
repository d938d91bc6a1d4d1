"""ECS tasks that no service runs: those of RunTask and StartTask, by hand, by a workflow, by a schedule.

Tasks are listed cluster by cluster, 100 at a time, and described with one call more: only then it shows which of them
are of a service or of a daemon, and everything else. So a page says everything of its tasks.

A task that is stopped, or is to be, runs nothing any more. Its host is what it was started on; where ECS does not say
that, its definition counts, and where that is silent the container instance.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ecrguard.adapters.calls import Calls, GoneError
from ecrguard.adapters.ecs_mapping import NOT_STATED, TaskDefinition, hosts_of, needs_instances
from ecrguard.adapters.ecs_task_mapping import Task, read_task
from ecrguard.adapters.references import in_registry
from ecrguard.adapters.sources import ecs_capacity
from ecrguard.adapters.sources.ecs_capacity import ClusterInstances
from ecrguard.adapters.sources.ecs_clusters import GONE, PAGE, Clusters, Position, answered, denied, going_on, name_of
from ecrguard.adapters.sources.ecs_containers import Owner, containers
from ecrguard.adapters.sources.ecs_definitions import DESCRIBE, Definitions, gone
from ecrguard.adapters.sources.listing import Tokens
from ecrguard.domain.image import Unknown
from ecrguard.domain.inventory import Page, Sighting
from ecrguard.domain.workload import WorkloadKind
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mypy_boto3_ecs.client import ECSClient

    from ecrguard.adapters.ecs_mapping import Hosts
    from ecrguard.adapters.ecs_service_mapping import Deployment
    from ecrguard.domain.reference import Registry
    from ecrguard.ports import Revisions

_LIST, _DESCRIBE = "ecs:ListTasks", "ecs:DescribeTasks"

ACTIONS = ("ecs:ListClusters", _LIST, _DESCRIBE, DESCRIBE, ecs_capacity.DESCRIBE)
"""IAM actions that reading needs."""

_TASKS_PER_CALL = 100


@dataclass(slots=True)
class TasksSource:
    """The ECS tasks of this account and Region that no service runs. A ``WorkloadSource``.

    Attributes:
        client: gives boto3's ECS client; called when there is something to read.
        registry: that is guarded.
        calls: makes the calls.
        revisions: where task definitions are kept.
    """

    client: Callable[[], ECSClient]
    registry: Registry
    calls: Calls
    revisions: Revisions
    _clusters: Clusters = field(init=False)
    _definitions: Definitions = field(init=False)
    _instances: ClusterInstances = field(init=False)
    _tokens: Tokens = field(default_factory=Tokens)

    def __post_init__(self) -> None:
        self._clusters = Clusters(self.client, self.calls)
        self._definitions = Definitions(self.client, self.calls, self.revisions)
        self._instances = ClusterInstances(self.client, self.calls)

    def page(self, cursor: str) -> Page:
        """What is alone of 100 tasks of one cluster, with everything that there is to say of it.

        A cluster that went meanwhile is passed over; one that may not be read is among the page's unknowns.

        Raises:
            AbsentError: the Region has no ECS.
            UnreadableError: denied for all clusters, throttled, unavailable.
        """
        at = self._clusters.at(Position.read(cursor))
        if at is None:
            return Page()
        after = self._clusters.after(at.cluster)
        subject = f"the tasks of the ECS cluster {name_of(at.cluster)}"
        try:
            with self.calls.to(_LIST, subject, gone=GONE):
                answer = self.client().list_tasks(
                    cluster=at.cluster,
                    desiredStatus="RUNNING",
                    maxResults=PAGE,
                    **going_on(at.token),
                )
        except GoneError:
            return Page(cursor=after.cursor if after else "")
        except UnreadableError as error:
            return Page(cursor=after.cursor if after else "", unknowns=(denied(error),))
        listed = answer.get("taskArns", [])
        self._clusters.note(at.cluster, listed)
        token = self._tokens.follow(at.token, answer.get("nextToken", ""), _LIST, subject)
        following = Position(at.cluster, token=token) if token else after
        read = self.read(listed)
        # Most tasks are of services; they and those of other registries are nothing to remember.
        telling = {arn: each for arn, each in read.items() if isinstance(each, Sighting) and _tells(each)}
        unknowns = dict.fromkeys(each for each in read.values() if isinstance(each, Unknown))
        return Page(tuple(telling), following.cursor if following else "", telling, tuple(unknowns))

    def read(self, arns: Sequence[str]) -> dict[str, Sighting | Unknown]:
        """Every asked task as it is now, 100 a call. One that a service runs is no workload of this source.

        Raises:
            AbsentError: as :meth:`page`.
            UnreadableError: throttled or unavailable.
        """
        told: dict[str, Sighting | Unknown] = {}
        alone: dict[str, Task] = {}
        for arn, each in self._clusters.describe(arns, _TASKS_PER_CALL, self._describe).items():
            if isinstance(each, Task):
                alone[arn] = each
            else:
                told[arn] = each
        named = [each.deployment.definition for each in alone.values() if self._needs_definition(each)]
        definitions = self._definitions.read(named)
        self._describe_instances(alone.values(), definitions)
        return told | {arn: self._sighting(arn, each, definitions) for arn, each in alone.items()}

    def _describe(self, cluster: str, arns: Sequence[str]) -> dict[str, Task | Sighting | Unknown]:
        """Tasks of a cluster; those that are over, or of a service, are as good as gone."""
        subject = f"the tasks of the ECS cluster {name_of(cluster)}"
        try:
            with self.calls.to(_DESCRIBE, subject, gone=GONE):
                answer = self.client().describe_tasks(cluster=cluster, tasks=arns)
        except GoneError:
            return {arn: Sighting(arn) for arn in arns}
        except UnreadableError as error:
            return dict.fromkeys(arns, denied(error))
        found = {name_of(each.arn): each for each in map(read_task, answer.get("tasks", []))}
        told = answered(arns, found, answer.get("failures", []), _DESCRIBE, "ECS task")
        over = {arn for arn, each in told.items() if isinstance(each, Task) and not (each.alive and each.alone)}
        return {arn: Sighting(arn) if arn in over else each for arn, each in told.items()}

    def _needs_definition(self, task: Task) -> bool:
        """Whether the task itself does not tell its images, or where those run that are of the registry."""
        images = task.deployment.images
        if not images or task.host is not None:
            return not images
        return any(in_registry(image, self.registry, task.arn) is not None for _, image in images)

    def _describe_instances(
        self, tasks: Iterable[Task], definitions: Mapping[str, TaskDefinition | Unknown | None]
    ) -> None:
        """Ask for the instances that decide a platform, 100 a call; who may not know them is told task by task."""
        deciding: dict[str, list[str]] = {}
        for task in tasks:
            definition = definitions.get(task.deployment.definition)
            if isinstance(definition, TaskDefinition) and _is_decided_by_instance(task, definition):
                deciding.setdefault(task.cluster, []).append(task.instance)
        for cluster, arns in deciding.items():
            with suppress(GoneError):
                try:
                    self._instances.described(cluster, arns)
                except UnreadableError as error:
                    denied(error)

    def _sighting(
        self, arn: str, task: Task, definitions: Mapping[str, TaskDefinition | Unknown | None]
    ) -> Sighting | Unknown:
        deployment, label = task.deployment, f"ECS task {task.name}"
        definition: TaskDefinition | Unknown | None = deployment.undefined
        if deployment.definition in definitions and self._needs_definition(task):
            definition = definitions[deployment.definition]
        if definition is None:
            return gone(deployment.definition, label)
        if isinstance(definition, Unknown):
            return replace(definition, subject=label)

        def hosts(definition: TaskDefinition, deployment: Deployment) -> Hosts:
            if task.host is not None:
                return task.host
            if not _is_decided_by_instance(task, definition):
                return hosts_of(definition, deployment.launch)
            return hosts_of(definition, NOT_STATED, self._instances.described(task.cluster, [task.instance]))

        owner = Owner(WorkloadKind.ECS_TASK, arn, task.name, label)
        try:
            return containers(owner, self.registry, [(definition, deployment)], hosts)
        except GoneError:
            return Sighting(arn)
        except UnreadableError as error:
            return denied(error)


def _is_decided_by_instance(task: Task, definition: TaskDefinition) -> bool:
    """A task that is on no instance yet may come on any: its platform is unknown."""
    return task.host is None and bool(task.instance) and needs_instances(definition, task.deployment.launch)


def _tells(sighting: Sighting) -> bool:
    return bool(sighting.workloads or sighting.bad_images)
