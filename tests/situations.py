"""Builders of what judging takes: pushes, images as observed and workloads, plain unless told otherwise."""

from __future__ import annotations

from datetime import UTC, datetime

from ecrguard.domain.image import Evidence, Image, ImageKind, Offer, Unknown, UnknownReason
from ecrguard.domain.manifest import OCI_INDEX, OCI_MANIFEST
from ecrguard.domain.platform import Platform, parse
from ecrguard.domain.push import Arrival, Push
from ecrguard.domain.reference import Registry, parse_reference
from ecrguard.domain.workload import Basis, Workload, WorkloadKind

REGISTRY = Registry("123456789012", "eu-central-1")
REPOSITORY = "team/web"
DIGEST = f"sha256:{'a' * 64}"
OTHER_DIGEST = f"sha256:{'b' * 64}"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
UNTOLD = Unknown(UnknownReason.PLATFORM_MISSING, "expected an architecture, got none", OTHER_DIGEST)
UNREADABLE = Unknown(UnknownReason.CONFIG_MALFORMED, "expected a JSON object, got a tar file", OTHER_DIGEST)


def push(tag: str = "1.4", digest: str = DIGEST, arrival: Arrival = Arrival.PUSHED) -> Push:
    return Push(arrival, REGISTRY, REPOSITORY, digest, tag, "event-1", NOW)


def platforms(texts: str) -> tuple[Platform, ...]:
    return tuple(parse(text) for text in texts.split())


def single(text: str = "linux/amd64") -> Image:
    return Image(DIGEST, OCI_MANIFEST, ImageKind.SINGLE, (Offer(parse(text), Evidence.CONFIG, DIGEST),))


def index(texts: str, *unknowns: Unknown) -> Image:
    """An index; the manifest of each platform has the digest ``OTHER_DIGEST``."""
    offers = tuple(Offer(each, Evidence.DESCRIPTOR, OTHER_DIGEST) for each in platforms(texts))
    return Image(DIGEST, OCI_INDEX, ImageKind.INDEX, offers, unknowns)


def untold(kind: ImageKind = ImageKind.SINGLE) -> Image:
    return Image(DIGEST, OCI_MANIFEST, kind, (), (UNTOLD,))


def artifact(artifact_type: str = "application/vnd.cncf.helm.config.v1+json") -> Image:
    return Image(DIGEST, OCI_MANIFEST, ImageKind.ARTIFACT, artifact_type=artifact_type)


def ecs(
    hosts: str = "linux/amd64",
    reference: str = ":1.4",
    *,
    name: str = "prod/web",
    basis: Basis = Basis.EXPLICIT,
    registry: Registry = REGISTRY,
) -> Workload:
    """A service of ECS; ``reference`` is ``:tag`` or ``@digest``. Without hosts its platform is not known."""
    return Workload(
        WorkloadKind.ECS_SERVICE,
        f"arn:aws:ecs:eu-central-1:123456789012:service/{name}",
        name,
        "app",
        parse_reference(f"{registry.host}/{REPOSITORY}{reference}"),
        platforms(hosts),
        basis if hosts or basis is Basis.UNRECOGNISED else Basis.UNKNOWN,
        "web:7",
    )


def apprunner(reference: str = ":1.4") -> Workload:
    return Workload(
        WorkloadKind.APPRUNNER_SERVICE,
        "arn:aws:apprunner:eu-central-1:123456789012:service/shop/1",
        "shop",
        "",
        parse_reference(f"{REGISTRY.host}/{REPOSITORY}{reference}"),
        (AMD64,),
        Basis.SERVICE_DEFAULT,
        deploys_on_push=True,
    )


_NAMED = {
    WorkloadKind.ECS_SERVICE: ("arn:aws:ecs:eu-central-1:123456789012:service/prod/web", "prod/web", "app", "web:7"),
    WorkloadKind.ECS_EXPRESS_SERVICE: ("arn:aws:ecs:eu-central-1:123456789012:service/prod/x", "prod/x", "Main", ""),
    WorkloadKind.ECS_DAEMON: ("arn:aws:ecs:eu-central-1:123456789012:daemon/prod/log", "prod/log", "app", "log:2"),
    WorkloadKind.ECS_TASK: ("arn:aws:ecs:eu-central-1:123456789012:task/prod/0a1b", "prod/0a1b", "app", "job:3"),
    WorkloadKind.ECS_SCHEDULED_TASK: ("arn:aws:events:eu-central-1:123456789012:rule/night", "night", "app", "job:3"),
    WorkloadKind.APPRUNNER_SERVICE: ("arn:aws:apprunner:eu-central-1:123456789012:service/shop/1", "shop", "", ""),
    WorkloadKind.LAMBDA_FUNCTION: ("arn:aws:lambda:eu-central-1:123456789012:function:resize", "resize", "", ""),
    WorkloadKind.BATCH_JOB_DEFINITION: (
        "arn:aws:batch:eu-central-1:123456789012:job-definition/report:4",
        "report",
        "",
        "report:4",
    ),
    WorkloadKind.CODEBUILD_PROJECT: ("arn:aws:codebuild:eu-central-1:123456789012:project/ci", "ci", "", ""),
    WorkloadKind.AGENTCORE_RUNTIME: (
        "arn:aws:bedrock-agentcore:eu-central-1:123456789012:runtime/agent-x1",
        "agent",
        "",
        "",
    ),
    WorkloadKind.SAGEMAKER_ENDPOINT: (
        "arn:aws:sagemaker:eu-central-1:123456789012:endpoint/score",
        "score",
        "AllTraffic",
        "",
    ),
    WorkloadKind.EKS_CLUSTER: ("arn:aws:eks:eu-central-1:123456789012:cluster/prod", "prod", "", ""),
}


def workload(
    kind: WorkloadKind,
    hosts: str = "linux/amd64",
    reference: str = ":1.4",
    *,
    basis: Basis = Basis.EXPLICIT,
    resolved: str = "",
) -> Workload:
    """A workload of any kind, named as its source names it."""
    arn, name, container, definition = _NAMED[kind]
    return Workload(
        kind,
        arn,
        name,
        container,
        parse_reference(f"{REGISTRY.host}/{REPOSITORY}{reference}"),
        platforms(hosts),
        basis,
        definition,
        resolved=resolved,
    )
