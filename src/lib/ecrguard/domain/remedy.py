"""Remedies: how to push an image that is right, or change the workload instead."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ecrguard.domain.failure import takes_no_index
from ecrguard.domain.image import Image, ImageKind
from ecrguard.domain.platform import Fit, Platform, host_runs, satisfies
from ecrguard.domain.policy import Demand, Match
from ecrguard.domain.push import Arrival, Push
from ecrguard.domain.verdict import Failure, Remedy
from ecrguard.domain.workload import Basis, Workload, WorkloadKind, cpu_architecture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ecrguard.domain.failure import Prediction

_SOURCE = "SOURCE_IMAGE"
_TAG = "NEW_TAG"


@dataclass(frozen=True, slots=True)
class Goal:
    """An image that would be right.

    Attributes:
        platforms: that it has.
        single: something that counts takes single images alone, no index.
    """

    platforms: tuple[Platform, ...]
    single: bool = False


def targets(image: Image, demand: Demand | None, workloads: Sequence[Workload]) -> Goal:
    """A rebuilt image that meets everything that is required of it at once.

    What it has and something needs, or what an index has, is kept; what a policy does not allow is dropped. An index
    that something does not take keeps only what is needed.

    Args:
        image: as it is.
        demand: of the policy or the resource tag.
        workloads: that count.
    """
    single = any(takes_no_index(workload) for workload in workloads)
    return Goal(_platforms(image, demand, workloads, index=image.kind is ImageKind.INDEX and not single), single)


def _platforms(
    image: Image, demand: Demand | None, workloads: Sequence[Workload], *, index: bool
) -> tuple[Platform, ...]:
    hosts = list(dict.fromkeys(host for workload in workloads for host in workload.hosts))
    found = [platform for platform in image.platforms if index or _needed(platform, demand, hosts)]
    found += [host for host in hosts if not any(host_runs(host, platform) is not Fit.NONE for platform in found)]
    if demand is None:
        return tuple(found)
    unmet = [need for need in demand.platforms if not any(satisfies(platform, need) for platform in found)]
    if demand.match is Match.ANY:
        unmet = unmet[:1] if len(unmet) == len(demand.platforms) else []
    found += [_completed(need, image) for need in unmet]
    if not demand.extra:
        found = [platform for platform in found if any(satisfies(platform, need) for need in demand.platforms)]
    return tuple(found)


def _needed(platform: Platform, demand: Demand | None, hosts: Sequence[Platform]) -> bool:
    demanded = demand.platforms if demand is not None and demand.match is Match.ALL else ()
    return any(satisfies(platform, need) for need in demanded) or any(
        host_runs(host, platform) is not Fit.NONE for host in hosts
    )


def _completed(required: Platform, image: Image) -> Platform:
    """What to build for a requirement such as ``arm64`` alone, which a tag captures."""
    has = next(iter(image.platforms), Platform("linux", "amd64"))
    return replace(required, os=required.os or has.os, architecture=required.architecture or has.architecture)


def mend(push: Push, image: Image, workload: Workload, goal: Goal, prediction: Prediction) -> tuple[Remedy, ...]:
    """The ways to mend what will fail; any one of them will do.

    Args:
        push: as which the image came, or what the workload now names.
        image: as observed.
        workload: that cannot run it.
        goal: an image that would be right (:func:`targets`).
        prediction: what will fail.
    """
    back = (Remedy("Change it back to what it was before."),) if push.arrival is Arrival.DEPLOYED else ()
    if prediction.failure is Failure.WINDOWS_BUILD and prediction.host is not None:
        return (*back, windows_base(prediction.host))
    if prediction.failure is Failure.INDEX_NOT_SUPPORTED:
        return (*back, *_instead_of_index(push, image, workload, goal))
    return (*back, *push_again(push, goal), *change_workload(push, image, workload))


def push_again(push: Push, goal: Goal) -> tuple[Remedy, ...]:
    """How to push the image again, so that it is right. A workload that is there has to be deployed again besides.

    Args:
        push: as which it came, or what a workload names; that by its digest gets a tag, of the reader's choice.
        goal: an image that would be right.
    """
    names = list(dict.fromkeys(_target(platform) for platform in goal.platforms))
    if not names:
        return ()
    uri = push.uri if push.tag else f"{push.registry.host}/{push.repository}:{_TAG}"
    wanted, name = shlex.quote(",".join(names)), shlex.quote(uri)
    # BuildKit's attestation makes an index even of one platform.
    flags = " --provenance=false" if goal.single and len(names) == 1 else ""
    tag = "" if push.tag else f", with a tag there for {_TAG}"
    again = " (then deploy it again)" if push.arrival is Arrival.DEPLOYED else ""
    build = Remedy(
        f"If you build it{tag}{again}:", f"docker buildx build --platform {wanted}{flags} --tag {name} --push ."
    )
    if len(names) > 1:
        return (build,)
    copy = f"docker pull --platform {wanted} {_SOURCE} && docker tag {_SOURCE} {name} && docker push {name}"
    return build, Remedy(f"If you copied it from elsewhere, with its name there for {_SOURCE}{tag}{again}:", copy)


def windows_base(host: Platform) -> Remedy:
    """How to build for another release of Windows: its build comes with the base image, no option selects it."""
    return Remedy(f"Build it FROM a base image of Windows build {host.os_version}.")


def _instead_of_index(push: Push, image: Image, workload: Workload, goal: Goal) -> tuple[Remedy, ...]:
    """For a function that does not take the index: a single image, or that of the index for its platform."""
    again = push_again(push, goal) if len(goal.platforms) == 1 else ()
    child = next(
        (
            offer
            for offer in image.offers
            if any(host_runs(host, offer.platform) is not Fit.NONE for host in workload.hosts)
        ),
        None,
    )
    if child is not None:
        uri = f"{push.registry.host}/{push.repository}@{child.digest}"
        text = f"If the index is to stay, give the function its image for {child.platform} by digest:"
        return (*again, Remedy(text, _update_function(workload, uri)))
    alone = "Build a single image for the function, with one --platform and --provenance=false, under a tag of its own."
    return again or (Remedy(alone),)


def change_workload(push: Push, image: Image, workload: Workload) -> tuple[Remedy, ...]:
    """The change of a workload, instead of the image, that makes them fit; empty where there is none.

    Args:
        push: as which the image came, or what the workload now names.
        image: as observed.
        workload: that cannot run it.
    """
    architecture = _other_architecture(image, workload)
    if not architecture:
        return ()
    if workload.kind is WorkloadKind.LAMBDA_FUNCTION:
        command = f"{_update_function(workload, push.uri)} --architectures {architecture.lower()}"
        return (Remedy("Instead of another image, change the function's architecture with it:", command),)
    if workload.kind is WorkloadKind.ECS_EXPRESS_SERVICE:
        text = (
            f"Instead of another image, run the service on {architecture}; a service with a task definition of its own "
            'takes that from its "runtimePlatform":'
        )
        command = (
            f"aws ecs update-express-gateway-service --region {workload.region} "
            f"--service-arn {shlex.quote(workload.arn)} --cpu-architecture {architecture}"
        )
        return (Remedy(text, command),)
    definition = _DEFINITIONS.get(workload.kind)
    if definition is None or not workload.definition or workload.basis is Basis.OVERRIDE:
        return ()
    what, every, where = definition
    runtime = f'{{"cpuArchitecture": "{architecture}", "operatingSystemFamily": "LINUX"}}'
    text = (
        f'Instead of another image: set "runtimePlatform": {runtime} in a new revision of the {what} '
        f"{workload.definition}{where}. Every container of the {every} must then run on {architecture}."
    )
    return (Remedy(text),)


_TASK_DEFINITION = ("task definition", "task", "")
# Kinds whose definition states the platform: what it is called, what runs by it, and where it counts.
_DEFINITIONS = {
    WorkloadKind.ECS_SERVICE: _TASK_DEFINITION,
    WorkloadKind.ECS_DAEMON: _TASK_DEFINITION,
    WorkloadKind.ECS_TASK: _TASK_DEFINITION,
    WorkloadKind.ECS_SCHEDULED_TASK: _TASK_DEFINITION,
    WorkloadKind.BATCH_JOB_DEFINITION: ("job definition", "job", ", if its jobs run on Fargate"),
}


def _other_architecture(image: Image, workload: Workload) -> str:
    """The ``cpuArchitecture`` of the image that a workload of one Linux platform could be turned to; empty for none."""
    if len(workload.hosts) != 1 or workload.hosts[0].os != "linux" or workload.basis is Basis.CAPACITY:
        return ""
    others = {cpu_architecture(platform) for platform in image.platforms} - {"", cpu_architecture(workload.hosts[0])}
    return min(others, default="")


def _update_function(workload: Workload, uri: str) -> str:
    return (
        f"aws lambda update-function-code --region {workload.region} --function-name {shlex.quote(workload.name)} "
        f"--image-uri {shlex.quote(uri)}"
    )


def _target(platform: Platform) -> str:
    """A platform as ``docker buildx --platform`` takes it."""
    variant = f"/{platform.variant}" if platform.variant else ""
    return f"{platform.os}/{platform.architecture}{variant}"
