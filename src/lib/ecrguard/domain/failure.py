"""Predicting the failure: what a person will see when a host is given an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ecrguard.domain.image import Image, ImageKind
from ecrguard.domain.verdict import Failure, Severity
from ecrguard.domain.workload import Workload, WorkloadKind, cpu_architecture

if TYPE_CHECKING:
    from ecrguard.domain.platform import Platform


@dataclass(frozen=True, slots=True)
class Prediction:
    """What will happen on a host that does not run the image.

    Attributes:
        severity: a mismatch, or a warning where the image starts and may work.
        failure: stable code.
        text: in words, with the error as it will be printed.
        host: for which it is predicted; None where it is the same on any.
    """

    severity: Severity
    failure: Failure
    text: str
    host: Platform | None = None


def takes_no_index(workload: Workload) -> bool:
    """Whether the workload takes single images alone, and no index whatever platforms are in it.

    Lambda wants an image for one architecture
    (https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#images-reqs).
    """
    return workload.kind is WorkloadKind.LAMBDA_FUNCTION


def predict_for_index() -> Prediction:
    """The failure of an index, where :func:`takes_no_index`."""
    text = (
        "Updating the function to this image is refused: The image manifest, config or layer media type for the source "
        "image ... is not supported. The function goes on with the image that it has."
    )
    return Prediction(Severity.MISMATCH, Failure.INDEX_NOT_SUPPORTED, text)


def predict(host: Platform, image: Image, workload: Workload) -> Prediction:
    """The failure of ``image`` on ``host``, where ``host_runs`` says that nothing offered fits.

    An index is refused when it is pulled. A single image is pulled by whichever host, since engines do not compare a
    plain manifest with themselves, and fails when it starts. AgentCore compares either.
    """
    words = _WORDS[workload.kind]
    if image.kind is ImageKind.INDEX:
        if takes_no_index(workload):
            return predict_for_index()
        failure = words.refusal or Failure.NO_MATCHING_DESCRIPTOR
        return Prediction(Severity.MISMATCH, failure, _worded(words.pull, host, image, workload), host)
    offered = image.offers[0].platform
    if offered.os != host.os:
        text = f'The pull fails: image operating system "{offered.os}" cannot be used on this platform.'
        if not words.engine:
            text = f"The image does not start: it is for {offered.os}, and the host is {host}."
        return Prediction(Severity.MISMATCH, Failure.WRONG_OS, text, host)
    if offered.architecture != host.architecture:
        failure = words.refusal or Failure.EXEC_FORMAT
        return Prediction(Severity.MISMATCH, failure, _worded(words.start, host, image, workload), host)
    if host.os == "windows":
        text = (
            "The container does not start: The container operating system does not match the host operating system "
            f"(image {offered.os_version}, host {host.os_version})."
        )
        return Prediction(Severity.MISMATCH, Failure.WINDOWS_BUILD, text, host)
    text = (
        f"The image is built for {offered}, a CPU level that a plain {host} does not promise: it starts, and stops "
        "with an illegal instruction where the host's CPU is older."
    )
    return Prediction(Severity.WARNING, Failure.CPU_LEVEL, text, host)


class _Words(NamedTuple):
    """How a kind of workload fails. ``{host}`` stands for the platform that is needed, ``{when}`` for what leads up.

    Attributes:
        pull: of an index that lacks the platform.
        start: of a single image of another architecture.
        engine: the pull of an image of another operating system fails in the words of Docker's engine.
        refusal: code where the service compares the architecture itself, before anything is pulled.
    """

    pull: str
    start: str
    engine: bool = True
    refusal: Failure | None = None


_NO_DESCRIPTOR = "CannotPullContainerError: ... image Manifest does not contain descriptor matching platform '{host}'"
_EXEC_FORMAT = "the image is pulled and cannot start: the container's log says exec format error"
_EXITED = "with exit code 1 and Essential container in task exited"
_ONLY_TASKS = "No deployment fails: the stopped tasks alone show it."
_SERVICE = _Words(
    f"Tasks stop before they start with {_NO_DESCRIPTOR}.",
    f"{_EXEC_FORMAT}, tasks stop {_EXITED}.",
)
_WORDS = {
    WorkloadKind.ECS_SERVICE: _SERVICE,
    WorkloadKind.ECS_EXPRESS_SERVICE: _Words(f"{_SERVICE.pull}{{override}}", f"{_SERVICE.start}{{override}}"),
    WorkloadKind.ECS_DAEMON: _SERVICE,
    WorkloadKind.ECS_TASK: _Words(
        f"A task that is run with this image stops before it starts with {_NO_DESCRIPTOR}.",
        f"When a task is run with it, {_EXEC_FORMAT}, the task stops {_EXITED}.",
    ),
    WorkloadKind.ECS_SCHEDULED_TASK: _Words(
        f"Each task that is started on schedule stops before it starts with {_NO_DESCRIPTOR}. {_ONLY_TASKS}",
        f"Each time that a task is started on schedule, {_EXEC_FORMAT}, the task stops {_EXITED}. {_ONLY_TASKS}",
    ),
    WorkloadKind.APPRUNNER_SERVICE: _Words(
        "{when} it cannot pull the image, since the index has no entry for {host}; the deployment fails.",
        "{when} the image is pulled and cannot start, and the application log says exec format error; the deployment "
        "fails.",
    ),
    WorkloadKind.LAMBDA_FUNCTION: _Words(
        "",
        "{when} every invocation fails with Runtime.InvalidEntrypoint (exec format error).",
        engine=False,
    ),
    WorkloadKind.BATCH_JOB_DEFINITION: _Words(
        "Jobs fail before they start: the image cannot be pulled, since the index has no entry for {host} (on ECS, "
        "CannotPullContainerError).",
        "Jobs fail: the image is pulled and cannot start, and the job's log says exec format error.",
    ),
    WorkloadKind.CODEBUILD_PROJECT: _Words(
        "Builds fail before their first command with BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE, since the index has no "
        "entry for {host}.",
        "Builds fail before their first command: the image is pulled, and what is in it cannot be executed (exec "
        "format error).",
    ),
    WorkloadKind.AGENTCORE_RUNTIME: _Words(
        "Creating or updating the runtime with this image {refused}.",
        "Creating or updating the runtime with this image {refused}.",
        engine=False,
        refusal=Failure.ARCHITECTURE_REFUSED,
    ),
    WorkloadKind.SAGEMAKER_ENDPOINT: _Words(
        "Creating or updating the endpoint with this image fails: it cannot be pulled, since the index has no entry "
        "for {host}.",
        "Creating or updating the endpoint with this image fails: the endpoint's log in CloudWatch says exec format "
        "error, and the container did not pass the ping health check.",
        engine=False,
    ),
    WorkloadKind.EKS_CLUSTER: _Words(
        "Pods with this image do not start: ImagePullBackOff, ... no match for platform in manifest.",
        "Pods with this image end in CrashLoopBackOff, and their log says exec format error.",
        engine=False,
    ),
}


def _worded(template: str, host: Platform, image: Image, workload: Workload) -> str:
    text = template.format(
        host=host, when=_when(image, workload), override=_override(host, image), refused=_refused(host)
    ).lstrip()
    return text[:1].upper() + text[1:]


def _when(image: Image, workload: Workload) -> str:
    """What leads up to the failure: empty where the workload runs the image already."""
    if workload.kind is WorkloadKind.APPRUNNER_SERVICE:
        return "App Runner deploys this push by itself:" if workload.deploys_on_push else "On deployment:"
    # Lambda resolves a tag when the code is updated, and keeps the digest (API reference, UpdateFunctionCode).
    if workload.kind is WorkloadKind.LAMBDA_FUNCTION and workload.resolved != image.digest:
        return (
            "The push alone changes nothing, since Lambda keeps the digest that it has resolved. Once the function's "
            "code is updated to this image,"
        )
    return ""


def _override(host: Platform, image: Image) -> str:
    """What ECS may do about it: run tasks on another architecture than the service has (RuntimePlatformOverride)."""
    others = {cpu_architecture(platform) for platform in image.platforms} - {"", cpu_architecture(host)}
    if not others:
        return ""
    return f" ECS may notice that when it deploys an Express service, and run its tasks on {min(others)} instead."


def _refused(host: Platform) -> str:
    if host.architecture == "arm64":
        return "is refused: Architecture incompatible for uri '...'. Supported architectures: [arm64]"
    return f"is refused, or it does not start: the image has nothing for {host}"
