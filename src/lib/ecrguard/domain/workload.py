"""Workloads: what runs images, and the platforms that it can put them on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ecrguard.domain.platform import Platform

if TYPE_CHECKING:
    from ecrguard.domain.reference import ImageReference, Registry


class WorkloadKind(StrEnum):
    """A kind of workload; the value is what alerts call it."""

    ECS_SERVICE = "ecs-service"
    ECS_EXPRESS_SERVICE = "ecs-express-service"
    ECS_DAEMON = "ecs-daemon"
    ECS_TASK = "ecs-task"
    """A task that no service runs: of RunTask or StartTask."""
    ECS_SCHEDULED_TASK = "ecs-scheduled-task"
    """What a rule of EventBridge or a schedule of EventBridge Scheduler starts."""
    APPRUNNER_SERVICE = "apprunner-service"
    LAMBDA_FUNCTION = "lambda-function"
    BATCH_JOB_DEFINITION = "batch-job-definition"
    CODEBUILD_PROJECT = "codebuild-project"
    AGENTCORE_RUNTIME = "agentcore-runtime"
    SAGEMAKER_ENDPOINT = "sagemaker-endpoint"
    EKS_CLUSTER = "eks-cluster"
    """Pods of a cluster that run an image, as Amazon Inspector sees them."""


_TITLES = {
    WorkloadKind.ECS_SERVICE: "ECS service",
    WorkloadKind.ECS_EXPRESS_SERVICE: "ECS Express service",
    WorkloadKind.ECS_DAEMON: "ECS daemon",
    WorkloadKind.ECS_TASK: "ECS task",
    WorkloadKind.ECS_SCHEDULED_TASK: "scheduled ECS task",
    WorkloadKind.APPRUNNER_SERVICE: "App Runner service",
    WorkloadKind.LAMBDA_FUNCTION: "Lambda function",
    WorkloadKind.BATCH_JOB_DEFINITION: "Batch job definition",
    WorkloadKind.CODEBUILD_PROJECT: "CodeBuild project",
    WorkloadKind.AGENTCORE_RUNTIME: "AgentCore runtime",
    WorkloadKind.SAGEMAKER_ENDPOINT: "SageMaker endpoint",
    WorkloadKind.EKS_CLUSTER: "EKS cluster",
}


class Basis(StrEnum):
    """How a workload's platform is known."""

    EXPLICIT = "explicit"
    """Its definition names it (``runtimePlatform``)."""
    OVERRIDE = "override"
    """ECS set another one at deployment than the definition has (``overrides`` of a service revision)."""
    SERVICE_DEFAULT = "service-default"
    """AWS documents it where a definition is silent (X86_64 on Fargate), or has nothing else (App Runner)."""
    CAPACITY = "capacity"
    """The definition is silent and runs on whatever instances the cluster has."""
    UNKNOWN = "unknown"
    """The definition is silent and no instance could be asked."""
    UNRECOGNISED = "unrecognised"
    """It is stated, in words that this version does not know."""


@dataclass(frozen=True, slots=True)
class Workload:
    """One container of one workload, and the image it names.

    A service whose task has three containers is three of these: each container must run.

    Attributes:
        kind: what it is.
        arn: of the service.
        name: what people call it, ``cluster/service`` for ECS.
        container: the container's name within the task; empty for App Runner.
        reference: the image as the definition names it.
        hosts: the platforms that it may be placed on: the image must run on each; empty where ``basis`` is
            UNKNOWN or UNRECOGNISED.
        basis: how ``hosts`` is known.
        definition: what states the image, ``family:revision`` of a task definition; empty for App Runner.
        deploys_on_push: the service starts a new deployment by itself when the tag is pushed.
        resolved: digest that the workload has pinned for its reference, and starts until it is deployed anew; empty
            where the source does not tell.
    """

    kind: WorkloadKind
    arn: str
    name: str
    container: str
    reference: ImageReference
    hosts: tuple[Platform, ...]
    basis: Basis
    definition: str = ""
    deploys_on_push: bool = False
    resolved: str = ""

    @property
    def account(self) -> str:
        """The account that it runs in, 12 digits."""
        return self.arn.split(":")[4]

    @property
    def region(self) -> str:
        """The Region that it runs in."""
        return self.arn.split(":")[3]

    @property
    def label(self) -> str:
        """How messages name it: ``ECS service prod/web, container app``."""
        return label_of(self.kind, self.name, self.container)


def label_of(kind: WorkloadKind, name: str, container: str) -> str:
    """How messages name a workload, or one container of it."""
    return f"{_TITLES[kind]} {name}" + (f", container {container}" if container else "")


class Link(StrEnum):
    """How a workload is linked to an image that was pushed."""

    EXACT = "exact"
    """It names this tag or this digest, or has pinned this digest."""
    REPOSITORY = "repository"
    """It runs another tag or digest of the same repository: weaker evidence."""


def link(workload: Workload, registry: Registry, repository: str, tag: str, digest: str) -> Link | None:
    """How ``workload`` is linked to the image pushed as ``tag`` with ``digest``; None where it has no say.

    It has none where it runs another repository. Pods that run this very image have none either: they show that it runs
    where they are, which need not be known.

    A reference with a digest is decided by the digest: container engines ignore the tag beside it. One with a tag is
    linked by the tag, which its next deployment resolves anew, and by the digest that it has pinned until then.
    """
    reference = workload.reference
    if reference.registry != registry or reference.repository != repository:
        return None
    named = reference.digest == digest if reference.digest else bool(tag) and reference.tag == tag
    if not named and not (digest and workload.resolved == digest):
        return Link.REPOSITORY
    return None if workload.kind is WorkloadKind.EKS_CLUSTER else Link.EXACT


# `operatingSystemFamily` of ECS task definitions: the build of each Windows release.
_WINDOWS_BUILDS = {
    "2016_FULL": "10.0.14393",
    "2019_FULL": "10.0.17763",
    "2019_CORE": "10.0.17763",
    "2004_CORE": "10.0.19041",
    "20H2_CORE": "10.0.19042",
    "2022_CORE": "10.0.20348",
    "2022_FULL": "10.0.20348",
    "2025_CORE": "10.0.26100",
    "2025_FULL": "10.0.26100",
}
_CPU_ARCHITECTURES = {"X86_64": "amd64", "ARM64": "arm64"}


def cpu_architecture(platform: Platform) -> str:
    """What ECS, Express services and Batch call a Linux platform (``cpuArchitecture``); empty for one they have not."""
    if platform.os != "linux" or platform.variant:
        return ""
    return next((name for name, each in _CPU_ARCHITECTURES.items() if each == platform.architecture), "")


def ecs_platform(cpu_architecture: str, operating_system_family: str) -> Platform | None:
    """The platform of ECS's ``runtimePlatform``: ``X86_64``/``ARM64`` and ``LINUX``/``WINDOWS_SERVER_<release>``.

    A part that the definition leaves out is given as an empty text and stays open in the result. None where a value is
    not known here: a new one must not be taken for an old one.
    """
    architecture = _CPU_ARCHITECTURES.get(cpu_architecture, "")
    if cpu_architecture and not architecture:
        return None
    if operating_system_family in ("", "LINUX"):
        return Platform("linux" if operating_system_family else "", architecture)
    release = operating_system_family.removeprefix("WINDOWS_SERVER_")
    if release not in _WINDOWS_BUILDS or release == operating_system_family:
        return None
    return Platform("windows", architecture, "", _WINDOWS_BUILDS[release])
