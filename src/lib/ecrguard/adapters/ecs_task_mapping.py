"""What ECS's answers mean, as values: tasks.

Where a task was started its host is no question any more: it has the attribute ``ecs.cpu-architecture``, and on
Fargate the family of its operating system (events of task state changes show both; developer guide, "Amazon ECS task
state change events").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecrguard.adapters.ecs_mapping import Launch, read_attributes
from ecrguard.adapters.ecs_service_mapping import Deployment
from ecrguard.domain.workload import Basis, ecs_platform

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import TaskTypeDef

    from ecrguard.adapters.ecs_mapping import Hosts

_OF_SERVICE = "service:"
_OF_DAEMON = "daemon:"


@dataclass(frozen=True, slots=True)
class Task:
    """A task, as far as its images are concerned.

    Attributes:
        arn: of it.
        name: ``cluster/family``.
        cluster: ARN of its cluster.
        alive: it runs, or is to.
        alone: no service and no daemon runs it.
        deployment: its task definition, capacity, images and digests.
        instance: ARN of the container instance that it is on; empty for none.
        host: what it is known to run on; None where only its definition or its instance can tell.
    """

    arn: str
    name: str
    cluster: str
    alive: bool
    alone: bool
    deployment: Deployment
    instance: str = ""
    host: Hosts | None = None


def read_task(answer: TaskTypeDef) -> Task:
    """A task of DescribeTasks."""
    definition, cluster = answer.get("taskDefinitionArn", ""), answer.get("clusterArn", "")
    group, provider = answer.get("group", ""), answer.get("capacityProviderName", "")
    family = definition.rpartition("/")[2].rpartition(":")[0]
    images = tuple((each.get("name", ""), each.get("image", "")) for each in answer.get("containers", []))
    launch = Launch(
        "" if provider else answer.get("launchType", ""),
        frozenset({provider} if provider else ()),
        answer.get("platformFamily", "").upper(),
    )
    return Task(
        arn=answer.get("taskArn", ""),
        name=f"{cluster.rpartition('/')[2]}/{family}",
        cluster=cluster,
        alive="STOPPED" not in (answer.get("desiredStatus"), answer.get("lastStatus")),
        alone=not (group.startswith((_OF_SERVICE, _OF_DAEMON)) or ":daemon-task-definition/" in definition),
        deployment=Deployment(
            definition=definition,
            launch=launch,
            digests=tuple(
                (each.get("name", ""), digest)
                for each in answer.get("containers", [])
                if (digest := each.get("imageDigest", ""))
            ),
            # Where one has none the definition tells them all.
            images=images if all(image for _, image in images) else (),
        ),
        instance=answer.get("containerInstanceArn", ""),
        host=_host(answer, launch.platform_family),
    )


def _host(answer: TaskTypeDef, family: str) -> Hosts | None:
    """ECS has ARM64 for Linux only."""
    architecture = read_attributes(answer.get("attributes", [])).get("ecs.cpu-architecture", "").upper()
    family = family or ("LINUX" if architecture == "ARM64" else "")
    if not (architecture and family):
        return None
    host = ecs_platform(architecture, family)
    return ((), Basis.UNRECOGNISED) if host is None else ((host,), Basis.CAPACITY)
