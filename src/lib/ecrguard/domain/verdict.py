"""The verdict: whether the workloads can run an image and its tag's policy allows it, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ecrguard.domain.image import Unknown
    from ecrguard.domain.platform import Platform


class Judgement(StrEnum):
    """The outcome of judging an image."""

    OK = "ok"
    MISMATCH = "mismatch"
    UNKNOWN = "unknown"
    """It could not be told. Never a pass, never a ground for a destructive act."""
    NOT_APPLICABLE = "not_applicable"


class Reason(StrEnum):
    """Why the judgement is what it is. Stable: logs, metrics and alerts carry it."""

    PLATFORMS_MATCH = "platforms_match"
    PLATFORMS_MISMATCH = "platforms_mismatch"
    NOT_TOLD = "not_told"
    NO_REQUIREMENT = "no_requirement"
    EXEMPT = "exempt"
    REPOSITORY_OFF = "repository_off"
    ARTIFACT = "artifact"
    UNTAGGED = "untagged"
    OWN_MARKER = "own_marker"
    IMAGE_GONE = "image_gone"
    """It was deleted before it was judged."""
    IMAGE_ARCHIVED = "image_archived"
    """It is in the archive, where nothing can pull it; it is judged when it is brought back."""
    RELEASED = "released"
    """Somebody has said that the image is to be left alone (``ecrguard release``)."""


class SubjectKind(StrEnum):
    """Who requires something of an image; a workload's is the value of its ``WorkloadKind``."""

    POLICY_RULE = "policy-rule"
    RESOURCE_TAG = "resource-tag"
    ECS_SERVICE = "ecs-service"
    ECS_EXPRESS_SERVICE = "ecs-express-service"
    ECS_DAEMON = "ecs-daemon"
    ECS_TASK = "ecs-task"
    ECS_SCHEDULED_TASK = "ecs-scheduled-task"
    APPRUNNER_SERVICE = "apprunner-service"
    LAMBDA_FUNCTION = "lambda-function"
    BATCH_JOB_DEFINITION = "batch-job-definition"
    CODEBUILD_PROJECT = "codebuild-project"
    AGENTCORE_RUNTIME = "agentcore-runtime"
    SAGEMAKER_ENDPOINT = "sagemaker-endpoint"
    EKS_CLUSTER = "eks-cluster"


class Failure(StrEnum):
    """The failure that a person will see. Stable."""

    EXEC_FORMAT = "exec_format_error"
    NO_MATCHING_DESCRIPTOR = "no_matching_descriptor"
    INDEX_NOT_SUPPORTED = "index_not_supported"
    """It is an index, and the service takes single images alone."""
    ARCHITECTURE_REFUSED = "architecture_refused"
    """The service compares the architecture with its own, and does not take the image."""
    WRONG_OS = "wrong_os"
    WINDOWS_BUILD = "windows_build"
    CPU_LEVEL = "cpu_level"
    POLICY = "policy"


class Severity(StrEnum):
    """How a finding counts."""

    MISMATCH = "mismatch"
    WARNING = "warning"
    """Said in the alert or the log, but does not make a mismatch."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Subject:
    """Who requires something: a rule of the policy, a resource tag, a workload.

    Attributes:
        kind: what it is.
        name: how messages call it: ``policy rule web``, ``resource tag ecrguard:platforms``, a workload's label.
        arn: of the workload, else empty.
    """

    kind: SubjectKind
    name: str
    arn: str = ""


def rule_subject(rule: str) -> Subject:
    """The subject that a rule of the policy is, by the rule's name."""
    return Subject(SubjectKind.POLICY_RULE, f"policy rule {rule}")


@dataclass(frozen=True, slots=True)
class Remedy:
    """One way to mend a finding.

    Attributes:
        text: a sentence for a person, or what leads up to the command.
        command: a line for the shell; empty where there is none.
    """

    text: str
    command: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One requirement that the image does not meet, or meets only with a warning.

    Attributes:
        severity: how it counts.
        subject: who requires it.
        required: platforms that are required.
        requirement: the requirement in words (``linux/amd64 and linux/arm64 and nothing else``).
        offered: platforms that the image offers.
        failure: code of the predicted failure, None for a warning that predicts none.
        prediction: the failure in words, with the error text that will be seen.
        remedy: ways to mend it; any one of them will do.
    """

    severity: Severity
    subject: Subject
    required: tuple[Platform, ...]
    requirement: str
    offered: tuple[Platform, ...]
    failure: Failure | None
    prediction: str
    remedy: tuple[Remedy, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judgement with what it rests on.

    Attributes:
        judgement: the outcome.
        reason: why, as a stable code.
        explanation: why, as one sentence.
        findings: mismatches first, then what is unknown, then warnings.
        unknowns: what could not be told (of the image, the policy, the workloads).
        needs: every platform that was required, for tables and logs.
    """

    judgement: Judgement
    reason: Reason
    explanation: str
    findings: tuple[Finding, ...] = ()
    unknowns: tuple[Unknown, ...] = ()
    needs: tuple[Platform, ...] = ()


def is_wrong(verdict: Verdict) -> bool:
    """Whether something is to be said of it: it is a mismatch, or could not be told."""
    return verdict.judgement in (Judgement.MISMATCH, Judgement.UNKNOWN)
