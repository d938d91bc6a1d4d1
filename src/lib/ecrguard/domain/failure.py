"""Predicting the failure: what a person will see when a host is given an image, and the commands that mend it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ecrguard.domain.image import Image, ImageKind
from ecrguard.domain.platform import Platform
from ecrguard.domain.verdict import Failure, Severity
from ecrguard.domain.workload import Basis, Workload, WorkloadKind

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Prediction:
    """What will happen on a host that does not run the image.

    Attributes:
        severity: a mismatch, or a warning where the image starts and may work.
        failure: stable code.
        text: in words, with the error as it will be printed.
    """

    severity: Severity
    failure: Failure
    text: str


def predict(host: Platform, image: Image, workload: Workload) -> Prediction:
    """The failure of ``image`` on ``host``, where ``host_runs`` says that nothing offered fits.

    An index is refused when it is pulled. A single image is pulled by whichever host, since engines do not compare a
    plain manifest with themselves, and fails when it starts.
    """
    if image.kind is ImageKind.INDEX:
        return Prediction(Severity.MISMATCH, Failure.NO_MATCHING_DESCRIPTOR, _pull_failure(host, workload))
    offered = image.offers[0].platform
    if offered.os != host.os:
        text = f'The pull fails: image operating system "{offered.os}" cannot be used on this platform.'
        return Prediction(Severity.MISMATCH, Failure.WRONG_OS, text)
    if offered.architecture != host.architecture:
        return Prediction(Severity.MISMATCH, Failure.EXEC_FORMAT, _start_failure(workload))
    if host.os == "windows":
        text = (
            "The container does not start: The container operating system does not match the host operating system "
            f"(image {offered.os_version}, host {host.os_version})."
        )
        return Prediction(Severity.MISMATCH, Failure.WINDOWS_BUILD, text)
    text = (
        f"The image is built for {offered}, a CPU level that a plain {host} does not promise: it starts, and stops "
        "with an illegal instruction where the host's CPU is older."
    )
    return Prediction(Severity.WARNING, Failure.CPU_LEVEL, text)


def _pull_failure(host: Platform, workload: Workload) -> str:
    if workload.kind is WorkloadKind.APPRUNNER_SERVICE:
        return f"App Runner cannot pull the image, since the index has no entry for {host}; the deployment fails."
    return (
        "Tasks stop before they start with CannotPullContainerError: ... image Manifest does not contain descriptor "
        f"matching platform '{host}'."
    )


def _start_failure(workload: Workload) -> str:
    if workload.kind is WorkloadKind.APPRUNNER_SERVICE:
        return "The image is pulled and cannot start: the application log says exec format error; the deployment fails."
    return (
        "The image is pulled and cannot start: the container's log says exec format error, tasks stop with exit code 1 "
        "and Essential container in task exited."
    )


def build_commands(uri: str, required: Iterable[Platform], kept: Iterable[Platform], image: Image) -> tuple[str, ...]:
    """Commands that push the image again, for all the platforms that it should have and no other.

    Args:
        uri: the reference that was pushed, with its tag.
        required: platforms that it lacks; a part left open becomes that of the image as it is.
        kept: platforms that it has and must not lose.
        image: as it is now.
    """
    wanted = [_target(_completed(platform, image)) for platform in required]
    targets = list(dict.fromkeys([*(_target(platform) for platform in kept), *wanted]))
    if not targets:
        return ()
    platforms, name = shlex.quote(",".join(targets)), shlex.quote(uri)
    commands = [f"docker buildx build --platform {platforms} --tag {name} --push ."]
    if len(targets) == 1:
        source = "SOURCE_IMAGE"
        commands.append(
            f"docker pull --platform {platforms} {source} && docker tag {source} {name} && docker push {name}"
        )
    return tuple(commands)


def _completed(required: Platform, image: Image) -> Platform:
    """What to build for a requirement such as ``arm64`` alone, which a tag captures."""
    has = next(iter(image.platforms), Platform("linux", "amd64"))
    return replace(required, os=required.os or has.os, architecture=required.architecture or has.architecture)


def definition_remedy(workload: Workload, image: Image) -> tuple[str, ...]:
    """The change of the workload, instead of the image, that makes them fit; empty where there is none."""
    if workload.kind is not WorkloadKind.ECS_SERVICE or len(workload.hosts) != 1:
        return ()
    names = {"amd64": "X86_64", "arm64": "ARM64"}
    offered = sorted({names[p.architecture] for p in image.platforms if p.os == "linux" and p.architecture in names})
    if not offered or workload.hosts[0].os != "linux" or workload.basis is Basis.CAPACITY:
        return ()
    runtime = f'{{"cpuArchitecture": "{offered[0]}", "operatingSystemFamily": "LINUX"}}'
    return (f'or set "runtimePlatform": {runtime} in the task definition {workload.definition}',)


def _target(platform: Platform) -> str:
    """A platform as ``docker buildx --platform`` takes it."""
    variant = f"/{platform.variant}" if platform.variant else ""
    return f"{platform.os}/{platform.architecture}{variant}"
