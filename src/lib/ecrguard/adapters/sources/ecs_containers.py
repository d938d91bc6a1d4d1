"""The containers of ECS tasks as workloads, whatever starts the tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecrguard.adapters.ecs_mapping import Hosts, merge
from ecrguard.adapters.references import in_registry
from ecrguard.domain.inventory import BadImage, Sighting
from ecrguard.domain.workload import Workload, WorkloadKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ecrguard.adapters.ecs_mapping import TaskDefinition
    from ecrguard.adapters.ecs_service_mapping import Deployment
    from ecrguard.domain.reference import ImageReference, Registry


@dataclass(frozen=True, slots=True)
class Owner:
    """What starts the tasks.

    Attributes:
        kind: what it is.
        arn: that it is known by.
        name: what people call it.
        label: how messages name it.
    """

    kind: WorkloadKind
    arn: str
    name: str
    label: str


def containers(
    owner: Owner,
    registry: Registry,
    deployments: Iterable[tuple[TaskDefinition, Deployment]],
    hosts: Callable[[TaskDefinition, Deployment], Hosts],
) -> Sighting:
    """Every container of the registry's images, essential or not: each must run.

    A container that two deployments have alike is one workload, with the hosts of both. Where they have pinned
    different digests for it, it is two.

    Args:
        owner: of the tasks.
        registry: that is guarded.
        deployments: in force, each with its task definition.
        hosts: tells where tasks of a deployment may be put; not asked where none of their images is the registry's.
    """
    found: dict[tuple[str, str, ImageReference, str], Hosts] = {}
    bad: dict[BadImage, None] = {}
    for definition, deployment in deployments:
        references: list[tuple[str, ImageReference]] = []
        for container, image in definition.images:
            told = in_registry(image, registry, f"{owner.label}, container {container}")
            if isinstance(told, BadImage):
                bad[told] = None
            elif told is not None:
                references.append((container, told))
        if not references:
            continue
        on = hosts(definition, deployment)
        for container, reference in references:
            key = (definition.name, container, reference, deployment.digest(container))
            found[key] = merge(found[key], on) if key in found else on
    workloads = tuple(
        Workload(
            kind=owner.kind,
            arn=owner.arn,
            name=owner.name,
            container=container,
            reference=reference,
            hosts=on,
            basis=basis,
            definition=definition,
            resolved=resolved,
        )
        for (definition, container, reference, resolved), (on, basis) in found.items()
    )
    return Sighting(owner.arn, workloads, tuple(bad))
