"""The parts of the alert document: the domain's values, every text cleaned and no longer than the schema says."""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING

from ecrguard.rendering.entries import (
    ActionsEntry,
    DoneEntry,
    FindingEntry,
    ImageEntry,
    PlatformEntry,
    PusherEntry,
    RefusedEntry,
    RemedyEntry,
    SubjectEntry,
    UnknownEntry,
    VerdictEntry,
    WorkloadEntry,
)
from ecrguard.rendering.text import console_url, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from ecrguard.domain.alert import Alert
    from ecrguard.domain.image import Offer, Unknown
    from ecrguard.domain.plan import Outcome
    from ecrguard.domain.pusher import Pusher
    from ecrguard.domain.verdict import Finding, Remedy, Verdict
    from ecrguard.domain.workload import Workload

MAX_NAME = 512
MAX_SENTENCE = 1000
MAX_PREDICTION = 1500
MAX_COMMAND = 2000
MAX_PLATFORM = 128
MAX_PLATFORMS = 200
MAX_FINDING_PLATFORMS = 24
MAX_REMEDIES = 8
MAX_ACTIONS = 8
_MAX_FEATURES = 8

_DIGEST = re.compile(r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[A-Za-z0-9=_-]{1,256}")


def image_entry(alert: Alert) -> ImageEntry:
    """The image, as far as it was read."""
    push, image = alert.push, alert.image
    offers = image.offers if image else ()
    digest = _digest(image.digest if image else push.digest)
    return ImageEntry(
        registry=push.registry.host,
        account=push.registry.account,
        region=push.registry.region,
        repository=shorten(push.repository, MAX_NAME),
        tag=name_text(push.tag),
        digest=digest,
        uri=shorten(push.uri.removesuffix("@"), MAX_SENTENCE),
        consoleUrl=console_url(push.registry.account, push.registry.region, shorten(push.repository, MAX_NAME), digest),
        kind=image.kind.value if image else None,
        mediaType=name_text(image.media_type) if image else None,
        artifactType=name_text(image.artifact_type) if image else None,
        platforms=[_offer(offer) for offer in offers[:MAX_PLATFORMS]],
        platformsOmitted=max(0, len(offers) - MAX_PLATFORMS),
    )


def workload_entry(workload: Workload) -> WorkloadEntry:
    """The workload that was changed."""
    return WorkloadEntry(
        kind=workload.kind.value,
        name=shorten(workload.name, MAX_NAME),
        arn=shorten(workload.arn, MAX_NAME),
        container=name_text(workload.container),
    )


def pusher_entry(pusher: Pusher) -> PusherEntry:
    """Who pushed."""
    return PusherEntry(
        arn=shorten(pusher.arn, MAX_NAME),
        address=name_text(pusher.address),
        agent=name_text(pusher.agent),
        time=time_text(pusher.time),
    )


def _offer(offer: Offer) -> PlatformEntry:
    platform = offer.platform
    features = sorted(platform.os_features)
    return PlatformEntry(
        platform=shorten(str(platform), MAX_PLATFORM),
        os=shorten(platform.os, MAX_PLATFORM),
        architecture=shorten(platform.architecture, MAX_PLATFORM),
        variant=shorten(platform.variant, MAX_PLATFORM) or None,
        osVersion=shorten(platform.os_version, MAX_PLATFORM) or None,
        osFeatures=[shorten(feature, MAX_PLATFORM) for feature in features[:_MAX_FEATURES]],
        osFeaturesOmitted=max(0, len(features) - _MAX_FEATURES),
        evidence=offer.evidence.value,
        digest=_digest(offer.digest),
    )


def verdict_entry(verdict: Verdict) -> VerdictEntry:
    """The judgement."""
    return VerdictEntry(
        judgement=verdict.judgement.value,
        reason=verdict.reason.value,
        explanation=shorten(verdict.explanation, MAX_SENTENCE),
        needs=_texts(verdict.needs[:MAX_FINDING_PLATFORMS]),
        needsOmitted=max(0, len(verdict.needs) - MAX_FINDING_PLATFORMS),
    )


def finding_entry(finding: Finding) -> FindingEntry:
    """One requirement that is not met."""
    remedies = [remedy for each in finding.remedy if any((remedy := _remedy(each)).values())]
    return FindingEntry(
        severity=finding.severity.value,
        subject=SubjectEntry(
            kind=finding.subject.kind.value,
            name=shorten(finding.subject.name, MAX_NAME),
            arn=name_text(finding.subject.arn),
        ),
        required=_texts(finding.required[:MAX_FINDING_PLATFORMS]),
        requiredOmitted=max(0, len(finding.required) - MAX_FINDING_PLATFORMS),
        requirement=shorten(finding.requirement, MAX_SENTENCE),
        offered=_texts(finding.offered[:MAX_FINDING_PLATFORMS]),
        offeredOmitted=max(0, len(finding.offered) - MAX_FINDING_PLATFORMS),
        failure=finding.failure.value if finding.failure else None,
        prediction=shorten(finding.prediction, MAX_PREDICTION),
        remedy=remedies[:MAX_REMEDIES],
        remedyOmitted=max(0, len(remedies) - MAX_REMEDIES),
    )


def _remedy(remedy: Remedy) -> RemedyEntry:
    return RemedyEntry(
        text=shorten(remedy.text, MAX_SENTENCE),
        command=shorten(remedy.command, MAX_COMMAND) or None,
    )


def unknown_entry(unknown: Unknown) -> UnknownEntry:
    """Something that could not be told."""
    return UnknownEntry(
        reason=unknown.reason.value,
        cure=unknown.reason.cure.value,
        subject=name_text(unknown.subject),
        detail=shorten(unknown.detail, MAX_SENTENCE),
    )


def actions_entry(outcome: Outcome) -> ActionsEntry:
    """What was done, refused and put off."""
    done = [
        DoneEntry(
            action=done.action.value,
            result=done.result.value,
            detail=shorten(done.detail, MAX_NAME),
            undo=shorten(done.undo, MAX_COMMAND) or None,
        )
        for done in outcome.done[:MAX_ACTIONS]
    ]
    refused = [
        RefusedEntry(
            action=refusal.action.value,
            reason=refusal.reason.value,
            detail=shorten(refusal.detail, MAX_NAME),
        )
        for refusal in outcome.refusals[:MAX_ACTIONS]
    ]
    return ActionsEntry(
        done=done,
        doneOmitted=len(outcome.done) - len(done),
        refused=refused,
        refusedOmitted=len(outcome.refusals) - len(refused),
        later=outcome.later.value if outcome.later else None,
    )


def _texts(items: Iterable[object]) -> list[str]:
    return [shorten(str(item), MAX_PLATFORM) for item in items]


def name_text(text: str) -> str | None:
    """A name of at most :data:`MAX_NAME` characters; None for an empty one."""
    return shorten(text, MAX_NAME) or None


def _digest(text: str) -> str | None:
    return text if _DIGEST.fullmatch(text) else None


def time_text(time: datetime) -> str:
    """RFC 3339 in UTC, to the millisecond."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
