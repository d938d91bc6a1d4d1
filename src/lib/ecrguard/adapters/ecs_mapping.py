"""What ECS's answers mean, as values: task definitions, container instances and where a task is put.

The platform of a task is its definition's ``runtimePlatform``. Where that is silent, Fargate runs X86_64 and LINUX
(developer guide, "Task definition parameters for Fargate"), and everything else runs on whatever instances the
cluster has, whose agents tell their architecture and operating system as attributes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecrguard.domain.platform import Platform, satisfies
from ecrguard.domain.workload import Basis, ecs_platform

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mypy_boto3_ecs.type_defs import (
        AttributeTypeDef,
        CapacityProviderStrategyItemTypeDef,
        ContainerInstanceTypeDef,
        DaemonTaskDefinitionTypeDef,
        DeploymentTypeDef,
        PlacementConstraintTypeDef,
        ServiceRevisionTypeDef,
        ServiceTypeDef,
        TaskDefinitionPlacementConstraintTypeDef,
        TaskDefinitionTypeDef,
        TaskSetTypeDef,
    )

_FARGATE_PROVIDERS = frozenset({"FARGATE", "FARGATE_SPOT"})
_BASES = (
    Basis.EXPLICIT,
    Basis.OVERRIDE,
    Basis.SERVICE_DEFAULT,
    Basis.CAPACITY,
    Basis.UNKNOWN,
    Basis.UNRECOGNISED,
)

type Hosts = tuple[tuple[Platform, ...], Basis]
"""The platforms that tasks may be put on, and how they are known; none where they are not."""


@dataclass(frozen=True, slots=True)
class Launch:
    """On what capacity a deployment puts its tasks.

    Attributes:
        launch_type: ``FARGATE``, ``EC2``, ``EXTERNAL``, ``MANAGED_INSTANCES``; empty where a strategy decides.
        providers: names of the capacity providers of its strategy.
        platform_family: operating system of the tasks, which ECS states for Fargate only.
    """

    launch_type: str = ""
    providers: frozenset[str] = frozenset()
    platform_family: str = ""

    @property
    def on_fargate(self) -> bool:
        """Whether tasks may be put on Fargate."""
        if self.launch_type or self.providers:
            return self.launch_type == "FARGATE" or bool(self.providers & _FARGATE_PROVIDERS)
        return bool(self.platform_family)

    @property
    def on_instances(self) -> bool:
        """Whether tasks may be put on container instances."""
        if self.providers:
            return bool(self.providers - _FARGATE_PROVIDERS)
        return not self.on_fargate

    def takes(self, instance: Instance) -> bool:
        """Whether tasks may be put on this instance; a launch type that is not known here takes none."""
        if self.providers:
            return instance.capacity_provider in self.providers
        return {
            "": True,
            "EC2": not instance.external,
            "EXTERNAL": instance.external,
            "MANAGED_INSTANCES": bool(instance.capacity_provider),
        }.get(self.launch_type, False)


NOT_STATED = Launch()
"""The capacity of what names none."""


@dataclass(frozen=True, slots=True)
class TaskDefinition:
    """One revision of a task definition; it never changes.

    Attributes:
        name: ``family:revision``.
        cpu_architecture: as stated, empty where silent.
        operating_system_family: as stated, empty where silent.
        images: container name and image of each container, essential or not.
        constraints: expressions in the cluster query language that its instances must meet.
    """

    name: str
    cpu_architecture: str
    operating_system_family: str
    images: tuple[tuple[str, str], ...]
    constraints: tuple[str, ...] = ()

    @property
    def silent(self) -> bool:
        """Whether it leaves open a part of its platform."""
        return not (self.cpu_architecture and self.operating_system_family)


@dataclass(frozen=True, slots=True)
class Instance:
    """A container instance.

    Attributes:
        arn: of it.
        platform: that its agent states; None where it states none that is known here.
        capacity_provider: that it belongs to, empty for none.
        external: a machine outside AWS (ECS Anywhere).
    """

    arn: str
    platform: Platform | None
    capacity_provider: str = ""
    external: bool = False


def read_launch(answer: ServiceTypeDef | DeploymentTypeDef | TaskSetTypeDef | ServiceRevisionTypeDef) -> Launch:
    """The capacity that a service, a deployment, a task set or a service revision names."""
    strategy: Sequence[CapacityProviderStrategyItemTypeDef] = answer.get("capacityProviderStrategy", [])
    return Launch(
        answer.get("launchType", ""),
        frozenset(item["capacityProvider"] for item in strategy),
        answer.get("platformFamily", "").upper(),
    )


def expressions(
    constraints: Iterable[PlacementConstraintTypeDef] | Iterable[TaskDefinitionPlacementConstraintTypeDef],
) -> tuple[str, ...]:
    """The placement constraints that choose instances, as expressions in the cluster query language."""
    return tuple(
        expression
        for each in constraints
        if each.get("type") == "memberOf" and (expression := each.get("expression", ""))
    )


def read_task_definition(answer: TaskDefinitionTypeDef) -> TaskDefinition:
    """The task definition of DescribeTaskDefinition."""
    stated = answer.get("runtimePlatform", {})
    return TaskDefinition(
        name=answer.get("taskDefinitionArn", "").rpartition("/")[2],
        cpu_architecture=stated.get("cpuArchitecture", ""),
        operating_system_family=stated.get("operatingSystemFamily", ""),
        images=tuple((each.get("name", ""), each.get("image", "")) for each in answer.get("containerDefinitions", [])),
        constraints=expressions(answer.get("placementConstraints", [])),
    )


def read_daemon_task_definition(answer: DaemonTaskDefinitionTypeDef) -> TaskDefinition:
    """The daemon task definition of DescribeDaemonTaskDefinition; it never states a platform."""
    return TaskDefinition(
        name=answer.get("daemonTaskDefinitionArn", "").rpartition("/")[2],
        cpu_architecture="",
        operating_system_family="",
        images=tuple((each.get("name", ""), each.get("image", "")) for each in answer.get("containerDefinitions", [])),
    )


def read_instance(answer: ContainerInstanceTypeDef) -> Instance:
    """A container instance of DescribeContainerInstances.

    The agent writes ``x86_64`` and ``arm64``, ``linux`` and ``windows``, and a Windows release as task definitions do.
    """
    attributes = read_attributes(answer.get("attributes", []))
    linux = attributes.get("ecs.os-type", "").lower() == "linux"
    family = "LINUX" if linux else attributes.get("ecs.os-family", "").upper()
    platform = ecs_platform(attributes.get("ecs.cpu-architecture", "").upper(), family)
    return Instance(
        arn=answer.get("containerInstanceArn", ""),
        platform=platform if platform is not None and platform.known else None,
        capacity_provider=answer.get("capacityProviderName", ""),
        # Systems Manager's ids of machines outside AWS, where EC2's are i-...
        external=answer.get("ec2InstanceId", "").startswith("mi-"),
    )


def read_attributes(answer: Iterable[AttributeTypeDef]) -> dict[str, str]:
    """The attributes of an instance or a task, by name."""
    return {each["name"]: each.get("value", "") for each in answer}


def needs_instances(definition: TaskDefinition, launch: Launch) -> bool:
    """Whether the cluster's instances decide the platform of ``definition``."""
    return launch.on_instances and _stated(definition)[1] is None


def overridden(definition: TaskDefinition, launch: Launch, architecture: str) -> Hosts:
    """The platform of tasks that ECS runs on another architecture than their definition states.

    Args:
        definition: of the tasks.
        launch: of the deployment.
        architecture: as ``overrides.runtimePlatform`` of a service revision has it.
    """
    family = definition.operating_system_family or launch.platform_family or "LINUX"
    host = ecs_platform(architecture, family)
    return ((), Basis.UNRECOGNISED) if host is None else ((host,), Basis.OVERRIDE)


def hosts_of(definition: TaskDefinition, launch: Launch, instances: Iterable[Instance] = ()) -> Hosts:
    """The platforms that tasks of ``definition`` may be put on, and how that is known.

    Args:
        definition: of the tasks.
        launch: of the deployment.
        instances: of the cluster that meet the placement constraints; only where :func:`needs_instances`.
    """
    partial, basis = _stated(definition)
    if partial is None:
        return (), Basis.UNRECOGNISED
    if basis is not None:
        return (partial,), basis
    hosts: set[Platform] = set()
    if launch.on_fargate:
        default = ecs_platform(
            definition.cpu_architecture or "X86_64",
            definition.operating_system_family or launch.platform_family or "LINUX",
        )
        if default is None:
            return (), Basis.UNRECOGNISED
        hosts, basis = {default}, Basis.SERVICE_DEFAULT
    if launch.on_instances:
        offered = {each.platform for each in instances if launch.takes(each)}
        matching = {platform for platform in offered if platform is not None and satisfies(platform, partial)}
        if None in offered:
            return (), Basis.UNRECOGNISED
        if not matching:
            return (), Basis.UNKNOWN
        hosts, basis = hosts | matching, Basis.CAPACITY
    return tuple(sorted(hosts, key=str)), basis or Basis.UNKNOWN


def _stated(definition: TaskDefinition) -> tuple[Platform | None, Basis | None]:
    """What the definition states: the platform, None where a value is not known here; and its basis, None if partial.

    ECS has ARM64 for Linux only and Windows for X86_64 only, so either of these alone states the whole.
    """
    architecture, family = definition.cpu_architecture, definition.operating_system_family
    partial = ecs_platform(architecture, family)
    if partial is None or not definition.silent:
        return partial, Basis.EXPLICIT if partial is not None else Basis.UNKNOWN
    if partial.os == "windows":
        return ecs_platform("X86_64", family), Basis.SERVICE_DEFAULT
    if partial.architecture == "arm64":
        return ecs_platform(architecture, "LINUX"), Basis.SERVICE_DEFAULT
    return partial, None


def merge(one: Hosts, other: Hosts) -> Hosts:
    """The hosts of a definition that is deployed on two kinds of capacity; the less certain basis is that of both."""
    basis = max(one[1], other[1], key=_BASES.index)
    if basis in (Basis.UNKNOWN, Basis.UNRECOGNISED):
        return (), basis
    return tuple(sorted({*one[0], *other[0]}, key=str)), basis
