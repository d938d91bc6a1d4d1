"""ECS services that run images of a repository, read live from the ECS API.

Calls: ListClusters, ListServices, DescribeServices (10 services each), DescribeTaskDefinition (once for each revision:
revisions never change, so they are kept for the life of the reader), and for definitions that leave their platform
open the container instances of their cluster. They are made one after the other: the read throttles of ECS (a burst of
50 to 100, then 20 a second) leave nothing to be gained by more.

Tasks that no service runs are not seen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import batched
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ecrguard.adapters.aws_errors import error_code, unreadable
from ecrguard.adapters.ecs_capacity import PAGE, ClusterGoneError, ClusterInstances, calling, failure
from ecrguard.adapters.ecs_mapping import (
    Launch,
    Service,
    TaskDefinition,
    hosts_of,
    merge,
    needs_instances,
    read_service,
    read_task_definition,
)
from ecrguard.adapters.references import naming
from ecrguard.deadline import Deadline
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.workload import Basis, Workload, WorkloadKind
from ecrguard.errors import UnreadableError
from ecrguard.ports import LinkedWorkloads

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_ecs.client import ECSClient

    from ecrguard.domain.platform import Platform
    from ecrguard.domain.reference import ImageReference, Registry

ACTIONS = (
    "ecs:ListClusters",
    "ecs:ListServices",
    "ecs:DescribeServices",
    "ecs:DescribeTaskDefinition",
    "ecs:ListContainerInstances",
    "ecs:DescribeContainerInstances",
)
"""IAM actions that reading needs."""

SECONDS_KEPT = 25
"""What reading leaves of an invocation for judging and alerting."""
_SERVICES_PER_CALL = 10
_MAX_KEPT = 10_000


@dataclass(slots=True)
class EcsServices:
    """Reads the ECS services of this account and Region. A ``WorkloadReader``.

    Attributes:
        client: gives boto3's ECS client; called when there is something to read.
        deadline: of the invocation. Where the time is up, reading stops as where ECS throttles; the task definitions
            that were read are kept, so that the next try comes further.
    """

    client: Callable[[], ECSClient]
    deadline: Deadline = field(default_factory=Deadline)
    _definitions: dict[str, TaskDefinition] = field(default_factory=dict)

    def linked(self, registry: Registry, repository: str) -> LinkedWorkloads:
        """Every container of every live service that names ``repository`` of ``registry``.

        A part that cannot be read is an unknown that names it. Where ECS throttles or does not answer, reading stops
        there: the rest would fare no better, and the push is tried again as a whole.
        """
        try:
            client = self.client()
        except BotoCoreError as error:
            return LinkedWorkloads((), (unreadable(error, ACTIONS[0], "ECS services").unknown,))
        scan = _Scan(client, registry, repository, self.deadline, self._definitions)
        scan.run()
        return LinkedWorkloads(tuple(scan.workloads), tuple(scan.unknowns))


@dataclass(slots=True)
class _Scan:
    """One reading of all services."""

    client: ECSClient
    registry: Registry
    repository: str
    deadline: Deadline
    definitions: dict[str, TaskDefinition]
    workloads: list[Workload] = field(default_factory=list)
    unknowns: list[Unknown] = field(default_factory=list)
    instances: ClusterInstances = field(init=False)
    refused: dict[str, ClientError] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.instances = ClusterInstances(self.client)

    def run(self) -> None:
        try:
            with calling("ecs:ListClusters", "ECS services"):
                pages = self.client.get_paginator("list_clusters").paginate(PaginationConfig={"PageSize": PAGE})
                clusters = dict.fromkeys(arn for page in pages for arn in page.get("clusterArns", []))
            for cluster in clusters:
                self._cluster(cluster)
        except UnreadableError as error:
            self.unknowns.append(error.unknown)

    def _cluster(self, cluster: str) -> None:
        subject = f"the services of the ECS cluster {cluster.rpartition('/')[2]}"
        try:
            with calling("ecs:ListServices", subject):
                pages = self.client.get_paginator("list_services").paginate(
                    cluster=cluster, PaginationConfig={"PageSize": PAGE}
                )
                arns = dict.fromkeys(arn for page in pages for arn in page.get("serviceArns", []))
            for some in batched(arns, _SERVICES_PER_CALL, strict=False):
                self.deadline.keep(SECONDS_KEPT, f"reading {subject}")
                self._services(cluster, some, subject)
        except ClusterGoneError:
            return
        except UnreadableError as error:
            self._note(error)

    def _services(self, cluster: str, arns: tuple[str, ...], subject: str) -> None:
        action = "ecs:DescribeServices"
        with calling(action, subject):
            answer = self.client.describe_services(cluster=cluster, services=arns)
        services = [read_service(each) for each in answer.get("services", [])]
        failures = answer.get("failures", [])
        unknowns = [failure(each, action, f"ECS service {each.get('arn', '')}") for each in failures]
        self.unknowns += [unknown for unknown in unknowns if unknown is not None]
        for arn in set(arns) - {service.arn for service in services} - {each.get("arn", "") for each in failures}:
            detail = f"{action} answered nothing for ECS service {arn}"
            self.unknowns.append(Unknown(UnknownReason.UNAVAILABLE, detail, f"ECS service {arn}"))
        for service in services:
            if service.alive:
                self._service(service)

    def _service(self, service: Service) -> None:
        subject = f"ECS service {service.name}"
        found: dict[tuple[str, str], tuple[ImageReference, tuple[tuple[Platform, ...], Basis]]] = {}
        for arn, launch in service.deployments:
            definition = self._definition(arn, subject)
            if isinstance(definition, Unknown):
                self.unknowns.append(definition)
                continue
            references = self._references(definition, subject)
            if not references:
                continue
            hosts = self._hosts(service, definition, launch)
            for container, reference in references:
                key = (definition.name, container)
                found[key] = (reference, merge(found[key][1], hosts) if key in found else hosts)
        self.workloads += [
            Workload(
                kind=WorkloadKind.ECS_SERVICE,
                arn=service.arn,
                name=service.name,
                container=container,
                reference=reference,
                hosts=hosts,
                basis=basis,
                definition=definition_name,
            )
            for (definition_name, container), (reference, (hosts, basis)) in found.items()
        ]

    def _references(self, definition: TaskDefinition, subject: str) -> list[tuple[str, ImageReference]]:
        references: list[tuple[str, ImageReference]] = []
        for container, image in definition.images:
            told = naming(image, self.registry, self.repository, f"{subject}, container {container}")
            if isinstance(told, Unknown):
                self.unknowns.append(told)
            elif told is not None:
                references.append((container, told))
        return references

    def _definition(self, arn: str, subject: str) -> TaskDefinition | Unknown:
        """A task definition, or why it is not there; whoever may not read one may not read the next either.

        Raises:
            UnreadableError: throttled or unavailable.
        """
        if arn in self.definitions:
            return self.definitions[arn]
        action = "ecs:DescribeTaskDefinition"
        self.deadline.keep(SECONDS_KEPT, f"reading the task definition of {subject}")
        try:
            if arn in self.refused:
                raise self.refused[arn]
            answer = self.client.describe_task_definition(taskDefinition=arn)
        except ClientError as error:
            failed = unreadable(error, action, f"{subject} ({arn.rpartition('/')[2]})")
            # ClientException: ECS cannot describe it, since it was deleted with the service that used it.
            if failed.unknown.reason is UnknownReason.ACCESS_DENIED or error_code(error) == "ClientException":
                self.refused[arn] = error
                return failed.unknown
            raise failed from error
        except BotoCoreError as error:
            raise unreadable(error, action, subject) from error
        while len(self.definitions) >= _MAX_KEPT:
            del self.definitions[next(iter(self.definitions))]
        self.definitions[arn] = read_task_definition(answer["taskDefinition"])
        return self.definitions[arn]

    def _hosts(
        self, service: Service, definition: TaskDefinition, launch: Launch
    ) -> tuple[tuple[Platform, ...], Basis]:
        if not needs_instances(definition, launch):
            return hosts_of(definition, launch)
        try:
            instances = self.instances.of(service.cluster, (*service.constraints, *definition.constraints))
        except UnreadableError as error:
            self._note(error)
            return (), Basis.UNKNOWN
        return hosts_of(definition, launch, instances)

    def _note(self, error: UnreadableError) -> None:
        """Remember a part that is denied, once; whatever else is wrong ends the reading."""
        if error.unknown.reason is not UnknownReason.ACCESS_DENIED:
            raise error
        if error.unknown not in self.unknowns:
            self.unknowns.append(error.unknown)
