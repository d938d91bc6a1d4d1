"""Remedies: how to push an image that is right, or change the workload instead."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from ecrguard.domain.image import Image, ImageKind
from ecrguard.domain.platform import Fit, Platform, host_runs, satisfies
from ecrguard.domain.policy import Demand, Match
from ecrguard.domain.verdict import Remedy
from ecrguard.domain.workload import Basis, Workload, WorkloadKind

if TYPE_CHECKING:
    from collections.abc import Sequence

_CPU_ARCHITECTURES = {"amd64": "X86_64", "arm64": "ARM64"}


def targets(image: Image, demand: Demand | None, workloads: Sequence[Workload]) -> tuple[Platform, ...]:
    """The platforms that a rebuilt image must have to meet everything that is required of it at once.

    What it has and something needs, or what an index has, is kept; what a policy does not allow is dropped.

    Args:
        image: as it is.
        demand: of the policy or the resource tag.
        workloads: that count.
    """
    hosts = list(dict.fromkeys(host for workload in workloads for host in workload.hosts))
    index = image.kind is ImageKind.INDEX
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


def push_again(uri: str, platforms: Sequence[Platform]) -> tuple[Remedy, ...]:
    """How to push the image again for just these platforms.

    Args:
        uri: the reference that was pushed, with its tag.
        platforms: as :func:`targets` gives them.
    """
    names = list(dict.fromkeys(_target(platform) for platform in platforms))
    if not names:
        return ()
    wanted, name = shlex.quote(",".join(names)), shlex.quote(uri)
    build = Remedy("If you build it:", f"docker buildx build --platform {wanted} --tag {name} --push .")
    if len(names) > 1:
        return (build,)
    source = "SOURCE_IMAGE"
    copy = f"docker pull --platform {wanted} {source} && docker tag {source} {name} && docker push {name}"
    return build, Remedy(f"If you copied it from elsewhere, with its name there for {source}:", copy)


def windows_base(host: Platform) -> Remedy:
    """How to build for another release of Windows: its build comes with the base image, no option selects it."""
    return Remedy(f"Build it FROM a base image of Windows build {host.os_version}.")


def change_definition(workload: Workload, image: Image) -> tuple[Remedy, ...]:
    """The change of a task definition, instead of the image, that makes them fit; empty where there is none."""
    if workload.kind is not WorkloadKind.ECS_SERVICE or len(workload.hosts) != 1:
        return ()
    (host,) = workload.hosts
    others = sorted(
        _CPU_ARCHITECTURES[platform.architecture]
        for platform in image.platforms
        if platform.os == "linux"
        and not platform.variant
        and platform.architecture in _CPU_ARCHITECTURES.keys() - {host.architecture}
    )
    if not others or host.os != "linux" or workload.basis is Basis.CAPACITY:
        return ()
    runtime = f'{{"cpuArchitecture": "{others[0]}", "operatingSystemFamily": "LINUX"}}'
    text = (
        f'Instead of another image: set "runtimePlatform": {runtime} in a new revision of the task definition '
        f"{workload.definition}. Every container of the task must then run on {others[0]}."
    )
    return (Remedy(text),)


def _target(platform: Platform) -> str:
    """A platform as ``docker buildx --platform`` takes it."""
    variant = f"/{platform.variant}" if platform.variant else ""
    return f"{platform.os}/{platform.architecture}{variant}"
