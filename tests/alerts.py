"""Alerts as the product raises them, by name; the golden files, the fakes and the demo's expectations share them."""

from __future__ import annotations

from datetime import UTC, datetime

from ecrguard.domain.action import Action
from ecrguard.domain.alert import Alert
from ecrguard.domain.image import Evidence, Image, ImageKind, Offer, Unknown, UnknownReason
from ecrguard.domain.plan import Done, Outcome, Refusal, RefusalReason, Result
from ecrguard.domain.platform import Platform
from ecrguard.domain.push import Arrival, Push
from ecrguard.domain.reference import Registry
from ecrguard.domain.verdict import Failure, Finding, Judgement, Reason, Severity, Subject, SubjectKind, Verdict

REGISTRY = Registry("111122223333", "eu-west-1")
TIME = datetime(2026, 11, 24, 2, 0, 0, tzinfo=UTC)
JUDGED = datetime(2026, 11, 24, 2, 0, 1, 250_000, tzinfo=UTC)
AMD64, ARM64, ARMV7 = Platform("linux", "amd64"), Platform("linux", "arm64"), Platform("linux", "arm", "v7")
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"


def digest(digit: str) -> str:
    return f"sha256:{digit * 64}"


def push(repository: str, tag: str, image_digest: str = digest("a")) -> Push:
    return Push(
        arrival=Arrival.PUSHED,
        registry=REGISTRY,
        repository=repository,
        digest=image_digest,
        tag=tag,
        event_id="13cde686-328b-6117-af20-0e5566167482",
        time=TIME,
    )


def single(platform: Platform) -> Image:
    return Image(digest("a"), OCI_MANIFEST, ImageKind.SINGLE, (Offer(platform, Evidence.CONFIG, digest("a")),))


def index(*platforms: Platform) -> Image:
    offers = tuple(
        Offer(platform, Evidence.DESCRIPTOR, digest(str(number))) for number, platform in enumerate(platforms, 1)
    )
    return Image(digest("a"), OCI_INDEX, ImageKind.INDEX, offers)


def rebuild(uri: str, platforms: str) -> str:
    return f"docker buildx build --platform {platforms} --tag {uri} --push ."


def retag(uri: str, platform: str) -> str:
    pull = f"docker pull --platform {platform} SOURCE_IMAGE"
    return f"{pull} && docker tag SOURCE_IMAGE {uri} && docker push {uri}"


def pushed_from_a_mac() -> Alert:
    """The arm64 image that a Mac builds, for a service that runs on amd64."""
    pushed = push("shop/web", "1.4.2")
    finding = Finding(
        severity=Severity.MISMATCH,
        subject=Subject(
            SubjectKind.APPRUNNER_SERVICE,
            "App Runner service shop-web",
            "arn:aws:apprunner:eu-west-1:111122223333:service/shop-web/8fe1e10304f84fd2b0df550fe98a71fa",
        ),
        required=(AMD64,),
        requirement="linux/amd64",
        offered=(ARM64,),
        failure=Failure.EXEC_FORMAT,
        prediction=(
            "The image is pulled and cannot start: the application log says exec format error; the deployment fails."
        ),
        remedy=(
            rebuild(pushed.uri, "linux/amd64"),
            retag(pushed.uri, "linux/amd64"),
        ),
    )
    verdict = Verdict(
        Judgement.MISMATCH,
        Reason.PLATFORMS_MISMATCH,
        "The image is built for linux/arm64; App Runner service shop-web needs linux/amd64.",
        (finding,),
        (),
        (AMD64,),
    )
    return Alert(pushed, single(ARM64), verdict, Outcome(), "", JUDGED)


def index_without_a_platform() -> Alert:
    """A multi-platform index that lacks what two containers of one service need; another only gets a warning."""
    pushed = push("shop/worker", "2026-11-24")
    arn = "arn:aws:ecs:eu-west-1:111122223333:service/prod/worker"
    prediction = (
        "Tasks stop before they start with CannotPullContainerError: ... image Manifest does not contain descriptor "
        "matching platform 'linux/amd64'."
    )
    runtime = '{"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}'
    remedy = (
        rebuild(pushed.uri, "linux/arm64,linux/arm/v7,linux/amd64"),
        f'or set "runtimePlatform": {runtime} in the task definition worker:17',
    )
    findings = [
        Finding(
            Severity.MISMATCH,
            Subject(SubjectKind.ECS_SERVICE, f"ECS service prod/worker, container {container}", arn),
            (AMD64,),
            "linux/amd64",
            (ARM64, ARMV7),
            Failure.NO_MATCHING_DESCRIPTOR,
            prediction,
            remedy,
        )
        for container in ("app", "migrate")
    ]
    warning = Finding(
        Severity.WARNING,
        Subject(SubjectKind.ECS_SERVICE, "ECS service lab/worker, container app", arn.replace("prod", "lab")),
        (ARM64,),
        "linux/arm64",
        (ARM64, ARMV7),
        None,
        "linux/arm/v7 runs on linux/arm64 only where the CPU has its 32-bit mode.",
        (),
    )
    verdict = Verdict(
        Judgement.MISMATCH,
        Reason.PLATFORMS_MISMATCH,
        f"The image is built for linux/arm64 and linux/arm/v7; {findings[0].subject.name} needs linux/amd64.",
        (*findings, warning),
        (),
        (AMD64, ARM64),
    )
    return Alert(pushed, index(ARM64, ARMV7), verdict, Outcome(), "", JUDGED)


def tagged_by_policy() -> Alert:
    """A rule of the policy is not met, and the image got its marker tag."""
    pushed = push("base/python", "3.13-slim")
    finding = Finding(
        severity=Severity.MISMATCH,
        subject=Subject(SubjectKind.POLICY_RULE, "policy rule base-images"),
        required=(AMD64, ARM64),
        requirement="linux/amd64 and linux/arm64",
        offered=(AMD64,),
        failure=Failure.POLICY,
        prediction="The image has no linux/arm64; a workload that relies on the policy cannot run it.",
        remedy=(rebuild(pushed.uri, "linux/amd64,linux/arm64"),),
    )
    verdict = Verdict(
        Judgement.MISMATCH,
        Reason.PLATFORMS_MISMATCH,
        "The image is built for linux/amd64; policy rule base-images needs linux/amd64 and linux/arm64.",
        (finding,),
        (),
        (AMD64, ARM64),
    )
    done = Done(
        Action.TAG,
        Result.DONE,
        "marker tag ecrguard-mismatch-aaaaaaaaaaaa",
        "aws ecr batch-delete-image --region eu-west-1 --repository-name base/python "
        "--image-ids imageTag=ecrguard-mismatch-aaaaaaaaaaaa",
    )
    return Alert(pushed, single(AMD64), verdict, Outcome((done,)), "base-images", JUDGED)


def not_told() -> Alert:
    """The image could not be read, since the function was denied."""
    unknown = Unknown(
        UnknownReason.ACCESS_DENIED,
        "ecr:BatchGetImage was denied for shop/web (AccessDeniedException: User is not authorized); allow it in the "
        "function's role and the resource's policy",
        "shop/web",
    )
    verdict = Verdict(
        Judgement.UNKNOWN,
        Reason.NOT_TOLD,
        f"The image could not be judged: {unknown.detail}.",
        unknowns=(unknown,),
    )
    return Alert(push("shop/web", "1.4.2"), None, verdict, Outcome(), "", JUDGED)


def refused() -> Alert:
    """A marker tag was asked for, and the stack may not put one."""
    alert = tagged_by_policy()
    refusal = Refusal(
        Action.TAG,
        RefusalReason.ENFORCEMENT,
        "The stack's Enforcement is audit: it has no permission to tag. Deploy it with Enforcement=tag to allow it.",
    )
    return Alert(alert.push, alert.image, alert.verdict, Outcome((), (refusal,)), alert.rule, alert.time)


CASES = {
    "pushed-from-a-mac": pushed_from_a_mac(),
    "index-without-a-platform": index_without_a_platform(),
    "tagged-by-policy": tagged_by_policy(),
    "not-told": not_told(),
    "refused": refused(),
}
