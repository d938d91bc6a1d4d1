"""Reading ECS services: as they are, then what their service revisions have pinned, then their task definitions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import batched
from typing import TYPE_CHECKING

from ecrguard.adapters.calls import Calls, GoneError
from ecrguard.adapters.ecs_service_mapping import (
    Deployment,
    Service,
    in_force,
    read_configuration,
    read_revision,
    read_service,
)
from ecrguard.adapters.sources.ecs_clusters import GONE, Clusters, answered, denied, name_of
from ecrguard.adapters.sources.ecs_containers import Owner, containers
from ecrguard.adapters.sources.ecs_definitions import gone
from ecrguard.domain.image import Unknown
from ecrguard.domain.inventory import Sighting
from ecrguard.domain.workload import WorkloadKind
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mypy_boto3_ecs.client import ECSClient

    from ecrguard.adapters.ecs_mapping import Hosts, TaskDefinition
    from ecrguard.adapters.sources.ecs_capacity import ClusterInstances
    from ecrguard.adapters.sources.ecs_definitions import Definitions
    from ecrguard.domain.reference import Registry

ACTIONS = ("ecs:DescribeServices", "ecs:DescribeServiceRevisions", "ecs:DescribeExpressGatewayService")
"""IAM actions that reading services needs, besides those of task definitions and instances."""

_DESCRIBE, _REVISIONS, _EXPRESS = ACTIONS
_SERVICES_PER_CALL = 10
_REVISIONS_PER_CALL = 20
# A call for revisions is refused as a whole where one of them cannot be described, or its service went meanwhile.
_UNDESCRIBED = (*GONE, "ServiceNotFoundException", "ClientException", "InvalidParameterException")

type Configurations = tuple[tuple[str, Deployment], ...]


@dataclass(slots=True)
class Services:
    """Reads services.

    Attributes:
        client: gives boto3's ECS client.
        registry: that is guarded.
        calls: makes the calls.
        clusters: that the services are in.
        definitions: of their tasks.
        instances: of their clusters.
    """

    client: Callable[[], ECSClient]
    registry: Registry
    calls: Calls
    clusters: Clusters
    definitions: Definitions
    instances: ClusterInstances

    def read(self, arns: Iterable[str]) -> dict[str, Sighting | Unknown]:
        """Every asked service as it is now.

        Raises:
            UnreadableError: throttled or unavailable.
        """
        described = self.clusters.describe(arns, _SERVICES_PER_CALL, self._describe)
        told = {arn: each for arn, each in described.items() if isinstance(each, Sighting | Unknown)}
        alive = {arn: each for arn, each in described.items() if not isinstance(each, Sighting | Unknown)}
        revisions = self._revisions(dict.fromkeys(arn for each in alive.values() for arn in each.revisions))
        running: dict[str, tuple[Deployment, ...]] = {}
        for arn, service in alive.items():
            deployments = self._in_force(service, revisions)
            if isinstance(deployments, Unknown):
                told[arn] = deployments
            else:
                running[arn] = deployments
        definitions = self.definitions.read(
            deployment.definition for each in running.values() for deployment in each if deployment.definition
        )
        for arn, deployments in running.items():
            told[arn] = self._sighting(alive[arn], deployments, definitions)
        return told

    def _describe(self, cluster: str, arns: Sequence[str]) -> dict[str, Service | Sighting | Unknown]:
        """Services of a cluster; those that are over are as good as gone."""
        subject = f"the services of the ECS cluster {name_of(cluster)}"
        try:
            with self.calls.to(_DESCRIBE, subject, gone=GONE):
                answer = self.client().describe_services(cluster=cluster, services=arns)
        except GoneError:
            return {arn: Sighting(arn) for arn in arns}
        except UnreadableError as error:
            return dict.fromkeys(arns, denied(error))
        services = [read_service(each) for each in answer.get("services", [])]
        found = {name_of(each.arn): each for each in services}
        told = answered(arns, found, answer.get("failures", []), _DESCRIBE, "ECS service")
        for arn, each in told.items():
            if isinstance(each, Service):
                # By the ARN that it was asked for by: the answer may have another format.
                told[arn] = replace(each, arn=arn) if each.alive else Sighting(arn)
        return told

    def _revisions(self, arns: Iterable[str]) -> dict[str, Deployment | Sighting | Unknown]:
        told: dict[str, Deployment | Sighting | Unknown] = {}
        for batch in batched(arns, _REVISIONS_PER_CALL, strict=False):
            told |= self._describe_revisions(batch)
        return told

    def _describe_revisions(self, arns: Sequence[str]) -> dict[str, Deployment | Sighting | Unknown]:
        """Service revisions; a sighting stands for one that cannot be described."""
        try:
            with self.calls.to(_REVISIONS, "the revisions of ECS services", gone=_UNDESCRIBED):
                answer = self.client().describe_service_revisions(serviceRevisionArns=arns)
        except GoneError:
            if len(arns) == 1:
                return {arns[0]: Sighting(arns[0])}
            return {arn: each for one in arns for arn, each in self._describe_revisions([one]).items()}
        except UnreadableError as error:
            return dict.fromkeys(arns, denied(error))
        found = {
            name_of(each.get("serviceRevisionArn", "")): read_revision(each) for each in answer["serviceRevisions"]
        }
        return answered(arns, found, answer.get("failures", []), _REVISIONS, "the ECS service revision")

    def _in_force(
        self, service: Service, revisions: Mapping[str, Deployment | Sighting | Unknown]
    ) -> tuple[Deployment, ...] | Unknown:
        described: dict[str, Deployment] = {}
        for arn in service.revisions:
            told = revisions[arn]
            if isinstance(told, Unknown):
                return replace(told, subject=_label(service))
            if isinstance(told, Deployment):
                described[arn] = told
        configurations = self._configurations(service) if service.express else ()
        return configurations if isinstance(configurations, Unknown) else in_force(service, described, configurations)

    def _configurations(self, service: Service) -> Configurations | Unknown:
        """What an Express service states of itself; nothing where Express does not know it: its deployments count."""
        try:
            with self.calls.to(_EXPRESS, _label(service), gone=(*GONE, "ResourceNotFoundException")):
                answer = self.client().describe_express_gateway_service(serviceArn=service.arn)
        except GoneError:
            return ()
        except UnreadableError as error:
            return denied(error)
        return tuple(read_configuration(each) for each in answer["service"].get("activeConfigurations", []))

    def _sighting(
        self,
        service: Service,
        deployments: Iterable[Deployment],
        definitions: Mapping[str, TaskDefinition | Unknown | None],
    ) -> Sighting | Unknown:
        label = _label(service)
        defined: list[tuple[TaskDefinition, Deployment]] = []
        for each in deployments:
            definition = definitions[each.definition] if each.definition else each.undefined
            if definition is None:
                return gone(each.definition, label)
            if isinstance(definition, Unknown):
                return replace(definition, subject=label)
            defined.append((definition, each))

        def hosts(definition: TaskDefinition, deployment: Deployment) -> Hosts:
            return self.instances.hosts(service.cluster, definition, deployment, service.constraints)

        kind = WorkloadKind.ECS_EXPRESS_SERVICE if service.express else WorkloadKind.ECS_SERVICE
        try:
            return containers(Owner(kind, service.arn, service.name, label), self.registry, defined, hosts)
        except GoneError:
            return Sighting(service.arn)
        except UnreadableError as error:
            return denied(error)


def _label(service: Service) -> str:
    return f"ECS {'Express ' if service.express else ''}service {service.name}"
