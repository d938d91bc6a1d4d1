"""Predicting the failure: what a person will see when a host is given an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecrguard.domain.image import Image, ImageKind
from ecrguard.domain.verdict import Failure, Severity
from ecrguard.domain.workload import Workload, WorkloadKind

if TYPE_CHECKING:
    from ecrguard.domain.platform import Platform


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
        why = f"it cannot pull the image, since the index has no entry for {host}"
        return f"{_app_runner(workload)} {why}; the deployment fails."
    return (
        "Tasks stop before they start with CannotPullContainerError: ... image Manifest does not contain descriptor "
        f"matching platform '{host}'."
    )


def _start_failure(workload: Workload) -> str:
    if workload.kind is WorkloadKind.APPRUNNER_SERVICE:
        why = "the image is pulled and cannot start, and the application log says exec format error"
        return f"{_app_runner(workload)} {why}; the deployment fails."
    return (
        "The image is pulled and cannot start: the container's log says exec format error, tasks stop with exit code 1 "
        "and Essential container in task exited."
    )


def _app_runner(workload: Workload) -> str:
    return "App Runner deploys this push by itself:" if workload.deploys_on_push else "On deployment:"
