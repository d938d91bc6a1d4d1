"""What ECS's answers mean, as values: what is in force of services and of daemons.

Three answers tell of a service. Its *service revisions* hold what each deployment was begun with: the task definition,
the capacity, the digest of each image as it was resolved then, and what ECS set besides
(https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceRevision.html). Services that another controller
deploys have none, nor can those be described that are older than 2024-10-25: there the deployments and task sets of
DescribeServices count. Of Express services DescribeExpressGatewayService tells the architecture.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ecrguard.adapters.ecs_mapping import NOT_STATED, Launch, TaskDefinition, expressions, read_launch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mypy_boto3_ecs.type_defs import (
        ContainerImageTypeDef,
        DaemonContainerImageTypeDef,
        DaemonDetailTypeDef,
        DaemonRevisionTypeDef,
        DeploymentTypeDef,
        ExpressGatewayServiceConfigurationTypeDef,
        ServiceRevisionTypeDef,
        ServiceTypeDef,
        TaskSetTypeDef,
    )

_DEAD = frozenset({"INACTIVE", "DRAINING"})
_EXPRESS = "ECS"
# The container of an Express service that its configuration tells of.
_EXPRESS_CONTAINER = "Main"


@dataclass(frozen=True, slots=True)
class Deployment:
    """What is in force of a service or a daemon: tasks of one definition on one kind of capacity.

    Attributes:
        definition: ARN of the task definition; empty where the deployment names none.
        launch: the capacity.
        digests: container name and the digest that is pinned for its image.
        override: architecture that ECS runs the tasks on whatever their definition states; empty for none.
        architecture: that the configuration of an Express service states; empty where it states none.
        images: container name and image of each container, where the deployment itself tells them.
    """

    definition: str
    launch: Launch = NOT_STATED
    digests: tuple[tuple[str, str], ...] = ()
    override: str = ""
    architecture: str = ""
    images: tuple[tuple[str, str], ...] = ()

    def digest(self, container: str) -> str:
        """The digest that is pinned for a container's image; empty where none is known."""
        return dict(self.digests).get(container, "")

    def stating(self, definition: TaskDefinition) -> TaskDefinition:
        """The task definition, with the platform that the Express configuration states. Express has Linux only."""
        if not self.architecture:
            return definition
        return replace(definition, cpu_architecture=self.architecture, operating_system_family="LINUX")

    @property
    def undefined(self) -> TaskDefinition:
        """What there is in the place of a task definition where the deployment itself tells its images."""
        return TaskDefinition(self.definition.rpartition("/")[2], "", "", self.images)


@dataclass(frozen=True, slots=True)
class Service:
    """An ECS service, as far as its images are concerned.

    Attributes:
        arn: of it.
        name: ``cluster/service``.
        cluster: ARN of its cluster.
        alive: it has tasks or will have them; a service scaled to zero is alive.
        deployments: in force, as DescribeServices has them.
        constraints: expressions in the cluster query language that its instances must meet.
        launch: the capacity of deployments that do not say theirs.
        revisions: ARNs of its service revisions in force; none where another controller deploys it.
        express: ECS manages it, by Express Mode.
    """

    arn: str
    name: str
    cluster: str
    alive: bool
    deployments: tuple[Deployment, ...]
    constraints: tuple[str, ...] = ()
    launch: Launch = NOT_STATED
    revisions: tuple[str, ...] = ()
    express: bool = False


@dataclass(frozen=True, slots=True)
class Daemon:
    """An ECS managed daemon.

    Attributes:
        name: ``cluster/daemon``.
        cluster: ARN of its cluster.
        alive: it is not being deleted.
        revisions: ARN of each daemon revision in force, and the capacity that it runs on.
    """

    name: str
    cluster: str
    alive: bool
    revisions: tuple[tuple[str, Launch], ...]


def read_service(answer: ServiceTypeDef) -> Service:
    """A service of DescribeServices."""
    cluster, name = answer.get("clusterArn", ""), answer.get("serviceName", "")
    own = read_launch(answer)
    deployments = [_deployment(each, own) for each in answer.get("deployments", []) if _in_force(each)]
    deployments += [_deployment(each, own) for each in answer.get("taskSets", []) if _in_force(each)]
    definition = answer.get("taskDefinition", "")
    if definition and definition not in {each.definition for each in deployments}:
        deployments.append(Deployment(definition, own))
    return Service(
        arn=answer.get("serviceArn", ""),
        name=f"{cluster.rpartition('/')[2]}/{name}",
        cluster=cluster,
        alive=_in_force(answer),
        deployments=tuple(dict.fromkeys(each for each in deployments if each.definition)),
        constraints=expressions(answer.get("placementConstraints", [])),
        launch=own,
        revisions=tuple(dict.fromkeys(each.get("arn", "") for each in answer.get("currentServiceRevisions", []))),
        express=answer.get("resourceManagementType") == _EXPRESS,
    )


def _in_force(answer: ServiceTypeDef | DeploymentTypeDef | TaskSetTypeDef) -> bool:
    # By what is known to be over: a status that is new must not make a deployment invisible.
    return answer.get("status") not in _DEAD


def _deployment(answer: DeploymentTypeDef | TaskSetTypeDef, of_service: Launch) -> Deployment:
    launch = read_launch(answer)
    return Deployment(answer.get("taskDefinition", ""), launch if launch != NOT_STATED else of_service)


def read_revision(answer: ServiceRevisionTypeDef) -> Deployment:
    """A service revision of DescribeServiceRevisions."""
    overridden = answer.get("overrides", {}).get("runtimePlatform", {}).get("cpuArchitecture", "")
    return Deployment(
        definition=answer.get("taskDefinition", ""),
        launch=read_launch(answer),
        digests=_digests(answer.get("containerImages", [])),
        override=overridden,
    )


def read_configuration(answer: ExpressGatewayServiceConfigurationTypeDef) -> tuple[str, Deployment]:
    """An active configuration of DescribeExpressGatewayService: the ARN of its service revision, and what it states.

    ``cpuArchitecture`` is absent where a task definition of the customer's is silent too.
    """
    image = answer.get("primaryContainer", {}).get("image", "")
    stated = Deployment(
        definition=answer.get("taskDefinitionArn", ""),
        launch=Launch("FARGATE"),
        architecture=answer.get("cpuArchitecture", ""),
        images=((_EXPRESS_CONTAINER, image),) if image else (),
    )
    return answer.get("serviceRevisionArn", ""), stated


def read_daemon(answer: DaemonDetailTypeDef) -> Daemon:
    """A daemon of DescribeDaemon."""
    cluster = answer.get("clusterArn", "")
    revisions = {
        each.get("arn", ""): Launch(providers=_names(one.get("arn", "") for one in each.get("capacityProviders", [])))
        for each in answer.get("currentRevisions", [])
    }
    return Daemon(
        name=f"{cluster.rpartition('/')[2]}/{answer.get('daemonArn', '').rpartition('/')[2]}",
        cluster=cluster,
        # By what is known to be over: a status that is new must not make a daemon invisible.
        alive=answer.get("status") != "DELETE_IN_PROGRESS",
        revisions=tuple(revisions.items()),
    )


def read_daemon_revision(answer: DaemonRevisionTypeDef, launch: Launch) -> Deployment:
    """A daemon revision of DescribeDaemonRevisions, on the capacity that its daemon names."""
    images = answer.get("containerImages", [])
    return Deployment(
        definition=answer.get("daemonTaskDefinitionArn", ""),
        launch=launch,
        digests=_digests(images),
        images=tuple((each.get("containerName", ""), each.get("image", "")) for each in images),
    )


def _digests(
    images: Iterable[ContainerImageTypeDef] | Iterable[DaemonContainerImageTypeDef],
) -> tuple[tuple[str, str], ...]:
    return tuple((each.get("containerName", ""), digest) for each in images if (digest := each.get("imageDigest", "")))


def _names(arns: Iterable[str]) -> frozenset[str]:
    return frozenset(arn.rpartition("/")[2] for arn in arns)


def in_force(
    service: Service,
    revisions: Mapping[str, Deployment],
    configurations: Sequence[tuple[str, Deployment]] = (),
) -> tuple[Deployment, ...]:
    """What is in force of a service: its revisions first, its deployments where they do not tell.

    Args:
        service: of DescribeServices.
        revisions: those of its service revisions that could be described, by ARN.
        configurations: of an Express service, each with the ARN of its service revision.
    """
    told = {arn: revisions[arn] for arn in service.revisions if arn in revisions}
    for arn, stated in configurations:
        revision = told.get(arn, stated)
        told[arn or stated.definition] = replace(
            revision,
            definition=revision.definition or stated.definition,
            architecture=stated.architecture,
            images=stated.images,
        )
    found = [each if each.launch != NOT_STATED else replace(each, launch=service.launch) for each in told.values()]
    # A revision has what its deployment has, and more: only what no revision tells of is left to the deployments.
    known = {each.definition for each in found} if told.keys() >= set(service.revisions) else set()
    found += [each for each in service.deployments if each.definition not in known]
    return tuple(dict.fromkeys(found))
