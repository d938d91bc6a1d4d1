"""Batch job definitions.

DescribeJobDefinitions tells everything of 100 definitions a call. Each revision that is ``ACTIVE`` counts: jobs can be
submitted of any. An image can be named in a single container, in containers of an ECS task, in containers and init
containers of an EKS pod, and in each of these once more for each range of nodes of a multi-node job.

The platform is the definition's ``runtimePlatform``. Where that is silent, Fargate runs X86_64 and LINUX (API
reference, "RuntimePlatform"), and the nodes of a multi-node job may state their instance type. What else runs on EC2
runs on what the account's compute environments have (:mod:`ecrguard.adapters.sources.batch_environments`); these are
read once, and only for a definition that needs them. On ECS Managed Instances the platform of a silent definition is
``UNKNOWN``: an environment of those may have instances of both architectures.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ecrguard.adapters.calls import Calls
from ecrguard.adapters.references import in_registry
from ecrguard.adapters.sources import batch_environments
from ecrguard.adapters.sources.batch_environments import ECS, EKS, ComputeEnvironments
from ecrguard.adapters.sources.instance_types import instance_platform
from ecrguard.adapters.sources.listing import Tokens, sighting
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.inventory import BadImage, Page, Sighting
from ecrguard.domain.workload import Basis, Workload, WorkloadKind, ecs_platform
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mypy_boto3_batch.client import BatchClient
    from mypy_boto3_batch.type_defs import (
        ContainerPropertiesOutputTypeDef,
        EcsPropertiesOutputTypeDef,
        EksPropertiesOutputTypeDef,
        JobDefinitionTypeDef,
        NodeRangePropertyOutputTypeDef,
        RuntimePlatformTypeDef,
    )

    from ecrguard.adapters.sources.batch_environments import Hosts
    from ecrguard.domain.reference import Registry

_DESCRIBE = "batch:DescribeJobDefinitions"
ACTIONS = (_DESCRIBE, *batch_environments.ACTIONS)
"""IAM actions that reading needs."""

_ACTIVE = "ACTIVE"
_PAGE = 100
_SUBJECT = "Batch job definitions"
_EC2, _FARGATE = "EC2", "FARGATE"
_CAPABILITIES = frozenset({_EC2, _FARGATE, "MANAGED_INSTANCES"})


@dataclass(slots=True)
class BatchSource:
    """The Batch job definitions of this account and Region. A ``WorkloadSource``.

    Attributes:
        client: gives boto3's Batch client; called when there is something to read.
        registry: that is guarded.
        calls: makes the calls.
    """

    client: Callable[[], BatchClient]
    registry: Registry
    calls: Calls = field(default_factory=Calls)
    _environments: ComputeEnvironments = field(init=False)
    _tokens: Tokens = field(default_factory=Tokens)

    def __post_init__(self) -> None:
        self._environments = ComputeEnvironments(self.client, self.calls)

    def page(self, cursor: str) -> Page:
        """The active definitions of a page, 100 at most, with all that they say.

        Those that need the compute environments, where these are denied, are left to :meth:`read`.

        Raises:
            AbsentError: the Region has no Batch.
            UnreadableError: denied, throttled, unavailable.
        """
        with self.calls.to(_DESCRIBE, _SUBJECT):
            answer = self.client().describe_job_definitions(
                status=_ACTIVE, maxResults=_PAGE, **({"nextToken": cursor} if cursor else {})
            )
        token = self._tokens.follow(cursor, answer.get("nextToken", ""), _DESCRIBE, _SUBJECT)
        told = {each["jobDefinitionArn"]: self._told(each) for each in answer["jobDefinitions"]}
        return Page(tuple(told), token, {arn: each for arn, each in told.items() if isinstance(each, Sighting)})

    def read(self, arns: Sequence[str]) -> dict[str, Sighting | Unknown]:
        """Every asked definition as it is now, 100 a call. One that was deregistered is gone.

        Raises:
            AbsentError: as :meth:`page`.
            UnreadableError: throttled or unavailable.
        """
        read: dict[str, Sighting | Unknown] = {}
        for batch in itertools.batched(dict.fromkeys(arns), _PAGE, strict=False):
            read |= self._read(batch)
        return read

    def _read(self, arns: Sequence[str]) -> dict[str, Sighting | Unknown]:
        try:
            with self.calls.to(_DESCRIBE, _SUBJECT):
                answer = self.client().describe_job_definitions(jobDefinitions=arns)
        except UnreadableError as error:
            if error.unknown.reason is UnknownReason.ACCESS_DENIED:
                return dict.fromkeys(arns, error.unknown)
            raise
        found = {each["jobDefinitionArn"]: self._told(each) for each in answer["jobDefinitions"]}
        return {arn: found.get(arn, Sighting(arn)) for arn in arns}

    def _told(self, definition: JobDefinitionTypeDef) -> Sighting | Unknown:
        try:
            return self._sighting(definition)
        except UnreadableError as error:
            if error.unknown.reason is UnknownReason.ACCESS_DENIED:
                return error.unknown
            raise

    def _sighting(self, definition: JobDefinitionTypeDef) -> Sighting:
        arn = definition["jobDefinitionArn"]
        # A definition that was deregistered can be described for another 180 days.
        if definition.get("status") == "INACTIVE":
            return Sighting(arn)
        return sighting(arn, [self._workload(definition, each) for each in _containers(definition)])

    def _workload(self, definition: JobDefinitionTypeDef, container: _Container) -> Workload | BadImage | None:
        name = definition["jobDefinitionName"]
        revision = f"{name}:{definition['revision']}"
        place = f", container {container.name}" if container.name else ""
        reference = in_registry(container.image, self.registry, f"Batch job definition {revision}{place}")
        if reference is None or isinstance(reference, BadImage):
            return reference
        hosts, basis = self._hosts(container, set[str](definition.get("platformCapabilities", [])) or {_EC2})
        return Workload(
            kind=WorkloadKind.BATCH_JOB_DEFINITION,
            arn=definition["jobDefinitionArn"],
            name=name,
            container=container.name,
            reference=reference,
            hosts=hosts,
            basis=basis,
            definition=revision,
        )

    def _hosts(self, container: _Container, capabilities: set[str]) -> Hosts:
        told = _stated(container, on_fargate=capabilities == {_FARGATE})
        if told is not None:
            return told
        if capabilities == {_EC2}:
            return self._environments.hosts(container.orchestration)
        return (), Basis.UNKNOWN if capabilities <= _CAPABILITIES else Basis.UNRECOGNISED


@dataclass(frozen=True, slots=True)
class _Container:
    name: str
    image: str
    stated: RuntimePlatformTypeDef
    orchestration: str = ECS
    instance_type: str = ""


def _stated(container: _Container, *, on_fargate: bool) -> Hosts | None:
    """What the definition itself tells of the platform; None where it leaves it open."""
    stated = container.stated
    cpu, family = stated.get("cpuArchitecture", ""), stated.get("operatingSystemFamily", "")
    platform = ecs_platform(cpu, family)
    if platform is None:
        return (), Basis.UNRECOGNISED
    if cpu and family:
        return (platform,), Basis.EXPLICIT
    # Where only one is stated: Windows runs on X86_64 alone, so that ARM64 is LINUX (API reference, "RuntimePlatform").
    if on_fargate or cpu == "ARM64" or platform.os == "windows":
        host = ecs_platform(cpu or "X86_64", family or "LINUX")
        return ((host,), Basis.SERVICE_DEFAULT) if host else ((), Basis.UNRECOGNISED)
    if container.instance_type:
        host = instance_platform(container.instance_type)
        return ((host,), Basis.EXPLICIT) if host else ((), Basis.UNRECOGNISED)
    return None


def _containers(definition: JobDefinitionTypeDef) -> Iterator[_Container]:
    """Every container with a name that no other of the definition has."""
    yield from _single(definition.get("containerProperties"), "")
    yield from _of_tasks(definition.get("ecsProperties"), "")
    yield from _of_pod(definition.get("eksProperties"), "")
    for nodes in definition.get("nodeProperties", {}).get("nodeRangeProperties", []):
        yield from _of_nodes(nodes)


def _of_nodes(nodes: NodeRangePropertyOutputTypeDef) -> Iterator[_Container]:
    place, single = f"nodes {nodes['targetNodes']}", nodes.get("container")
    # The list holds one type; definitions that are older than the list have it in the container.
    instance_type = next(iter(nodes.get("instanceTypes", [])), "") or (single or {}).get("instanceType", "")
    containers = itertools.chain(
        _single(single, place),
        _of_tasks(nodes.get("ecsProperties"), place),
        _of_pod(nodes.get("eksProperties"), place),
    )
    for container in containers:
        yield replace(container, instance_type=instance_type)


def _single(properties: ContainerPropertiesOutputTypeDef | None, place: str) -> Iterator[_Container]:
    if properties and "image" in properties:
        yield _Container(place, properties["image"], properties.get("runtimePlatform", {}))


def _of_tasks(properties: EcsPropertiesOutputTypeDef | None, place: str) -> Iterator[_Container]:
    for task in properties["taskProperties"] if properties else []:
        for number, container in enumerate(task["containers"], 1):
            name = container.get("name", str(number))
            yield _Container(_within(place, name), container["image"], task.get("runtimePlatform", {}))


def _of_pod(properties: EksPropertiesOutputTypeDef | None, place: str) -> Iterator[_Container]:
    pod = properties.get("podProperties", {}) if properties else {}
    for container in [*pod.get("initContainers", []), *pod.get("containers", [])]:
        # A pod's container without a name is called "Default" (API reference, "EksContainer").
        yield _Container(_within(place, container.get("name", "Default")), container["image"], {}, EKS)


def _within(place: str, name: str) -> str:
    return f"{place}, {name}" if place else name
