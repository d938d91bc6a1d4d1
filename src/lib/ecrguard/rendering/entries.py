"""The parts of the alert document (``docs/alert.schema.json``), each an object of it."""

from __future__ import annotations

from typing import TypedDict


class PlatformEntry(TypedDict):
    """One platform that the image offers; ``digest`` is that of the manifest that serves it."""

    platform: str
    os: str
    architecture: str
    variant: str | None
    osVersion: str | None
    osFeatures: list[str]
    osFeaturesOmitted: int
    evidence: str
    digest: str | None


class ImageEntry(TypedDict):
    """The image that was pushed, or that a workload names.

    ``kind`` and ``mediaType`` are null where it could not be read.
    """

    registry: str
    account: str
    region: str
    repository: str
    tag: str | None
    digest: str | None
    uri: str
    consoleUrl: str | None
    kind: str | None
    mediaType: str | None
    artifactType: str | None
    platforms: list[PlatformEntry]
    platformsOmitted: int


class VerdictEntry(TypedDict):
    """The judgement, and every platform that was required."""

    judgement: str
    reason: str
    explanation: str
    needs: list[str]
    needsOmitted: int


class SubjectEntry(TypedDict):
    """Who requires something."""

    kind: str
    name: str
    arn: str | None


class RemedyEntry(TypedDict):
    """One way to mend a finding; ``command`` is null where a person has to do it otherwise."""

    text: str
    command: str | None


class FindingEntry(TypedDict):
    """One requirement that is not met, or met with a warning."""

    severity: str
    subject: SubjectEntry
    required: list[str]
    requiredOmitted: int
    requirement: str
    offered: list[str]
    offeredOmitted: int
    failure: str | None
    prediction: str
    remedy: list[RemedyEntry]
    remedyOmitted: int


class UnknownEntry(TypedDict):
    """Something that could not be told, and what it takes to tell it."""

    reason: str
    cure: str
    subject: str | None
    detail: str


class DoneEntry(TypedDict):
    """An action that was carried out; ``undo`` is the command that takes it back."""

    action: str
    result: str
    detail: str
    undo: str | None


class RefusedEntry(TypedDict):
    """An action that was asked for and not done."""

    action: str
    reason: str
    detail: str


class ActionsEntry(TypedDict):
    """What was done and what was refused; the alert itself is not among them.

    ``later`` is what will be done to the image itself once all workloads have been read; null for nothing.
    """

    done: list[DoneEntry]
    doneOmitted: int
    refused: list[RefusedEntry]
    refusedOmitted: int
    later: str | None


class PusherEntry(TypedDict):
    """Who pushed the image: the principal of the call, and where from, with what and when it was made."""

    arn: str
    address: str | None
    agent: str | None
    time: str


class EventEntry(TypedDict):
    """The event that started it: of ECR, or what showed that a workload was changed."""

    id: str
    time: str


class WorkloadEntry(TypedDict):
    """The workload that was changed, where nothing was pushed; ``container`` is null where it has no parts."""

    kind: str
    name: str
    arn: str
    container: str | None
