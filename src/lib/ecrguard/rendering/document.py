"""The alert as a versioned JSON document: the product's interface for programs, ``docs/alert.schema.json``.

Property names are camelCase, enumerated values are the domain's own. Whatever may be absent is null, never left out.
Every list is followed by ``<list>Omitted``, the number of entries that were left out of it to bound the size.
Within major version 1, minor versions only add properties and enumerated values; readers ignore what they do not know.
"""

from __future__ import annotations

import json
import re
import uuid
from datetime import UTC
from typing import TYPE_CHECKING, Any, TypedDict

from ecrguard.rendering.entries import (
    ActionsEntry,
    DoneEntry,
    EventEntry,
    FindingEntry,
    ImageEntry,
    PlatformEntry,
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
    from ecrguard.domain.verdict import Finding, Remedy, Verdict
    from ecrguard.domain.workload import Workload

SCHEMA_VERSION = "1.1"
MAX_BYTES = 160 * 1024
"""Most bytes of a document inside another JSON text, where its quotes are escaped: how SNS takes and wraps it."""

MAX_NAME = 512
MAX_SENTENCE = 1000
MAX_PREDICTION = 1500
MAX_COMMAND = 2000
MAX_PLATFORM = 128
MAX_FINDINGS = 50
MAX_UNKNOWNS = 50
MAX_PLATFORMS = 200
MAX_FINDING_PLATFORMS = 24
MAX_REMEDIES = 8
MAX_ACTIONS = 8
_MAX_FEATURES = 8

_DIGEST = re.compile(r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[A-Za-z0-9=_-]{1,256}")
_NAMESPACE = uuid.UUID("6f0a3f0e-0f1c-5f57-9c53-2e1c1b3f5a10")


class AlertDocument(TypedDict):
    """The whole document."""

    schemaVersion: str
    id: str
    judgedAt: str
    event: EventEntry
    arrival: str
    workload: WorkloadEntry | None
    image: ImageEntry
    verdict: VerdictEntry
    findings: list[FindingEntry]
    findingsOmitted: int
    unknowns: list[UnknownEntry]
    unknownsOmitted: int
    actions: ActionsEntry
    policyRule: str | None


def render(alert: Alert) -> AlertDocument:
    """The document of an alert, at most :data:`MAX_BYTES` large. The same alert gives the same document."""
    push, verdict = alert.push, alert.verdict
    findings = [_finding(finding) for finding in verdict.findings[:MAX_FINDINGS]]
    unknowns = [_unknown(unknown) for unknown in verdict.unknowns[:MAX_UNKNOWNS]]
    document = AlertDocument(
        schemaVersion=SCHEMA_VERSION,
        id=alert_id(alert),
        judgedAt=_time(alert.time),
        event=EventEntry(id=shorten(push.event_id, MAX_NAME), time=_time(push.time)),
        arrival=push.arrival.value,
        workload=_workload(alert.workload) if alert.workload else None,
        image=_image(alert),
        verdict=_verdict(verdict),
        findings=findings,
        findingsOmitted=len(verdict.findings) - len(findings),
        unknowns=unknowns,
        unknownsOmitted=len(verdict.unknowns) - len(unknowns),
        actions=_actions(alert.outcome),
        policyRule=_name(alert.rule),
    )
    return _fit(document)


def alert_id(alert: Alert) -> str:
    """The alert's id: the same whenever the same event is judged the same way, so that repeats can be told.

    An event that changes several containers of a workload has an alert for each that cannot run its image.

    What could not be told, and why, is a part of how it is judged: an event that is sent again from the dead-letter
    queue and fails for another cause is another alert.
    """
    push, workload = alert.push, alert.workload
    parts = (
        push.event_id,
        push.registry.host,
        push.repository,
        push.tag,
        push.digest,
        alert.verdict.judgement.value,
        alert.verdict.reason.value,
        *sorted({unknown.reason.value for unknown in alert.verdict.unknowns}),
        *((workload.kind.value, workload.arn, workload.name, workload.container) if workload else ()),
    )
    return str(uuid.uuid5(_NAMESPACE, json.dumps(parts)))


def encode(document: Any) -> str:
    """The document, or a part of it, as compact JSON text."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def embedded_size(text: str) -> int:
    """Bytes that ``text`` takes as a string inside another JSON text, without the quotes around it."""
    return len(json.dumps(text, ensure_ascii=False).encode()) - 2


def _fit(document: AlertDocument) -> AlertDocument:
    """Leave out findings from the last, then unknowns, then platforms, until the document is small enough."""
    image = document["image"]
    document["findingsOmitted"] += _drop(document["findings"], _excess(document), keep=1)
    document["unknownsOmitted"] += _drop(document["unknowns"], _excess(document), keep=1)
    image["platformsOmitted"] += _drop(image["platforms"], _excess(document), keep=8)
    return document


def _excess(document: AlertDocument) -> int:
    # The counters of what is left out grow by a few digits afterwards.
    return embedded_size(encode(document)) - (MAX_BYTES - 64)


def _drop(items: list[Any], excess: int, *, keep: int) -> int:
    dropped = 0
    while excess > 0 and len(items) > keep:
        excess -= embedded_size(encode(items.pop())) + 1
        dropped += 1
    return dropped


def _image(alert: Alert) -> ImageEntry:
    push, image = alert.push, alert.image
    offers = image.offers if image else ()
    digest = _digest(image.digest if image else push.digest)
    return ImageEntry(
        registry=push.registry.host,
        account=push.registry.account,
        region=push.registry.region,
        repository=shorten(push.repository, MAX_NAME),
        tag=_name(push.tag),
        digest=digest,
        uri=shorten(push.uri.removesuffix("@"), MAX_SENTENCE),
        consoleUrl=console_url(push.registry.account, push.registry.region, shorten(push.repository, MAX_NAME), digest),
        kind=image.kind.value if image else None,
        mediaType=_name(image.media_type) if image else None,
        artifactType=_name(image.artifact_type) if image else None,
        platforms=[_offer(offer) for offer in offers[:MAX_PLATFORMS]],
        platformsOmitted=max(0, len(offers) - MAX_PLATFORMS),
    )


def _workload(workload: Workload) -> WorkloadEntry:
    return WorkloadEntry(
        kind=workload.kind.value,
        name=shorten(workload.name, MAX_NAME),
        arn=shorten(workload.arn, MAX_NAME),
        container=_name(workload.container),
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


def _verdict(verdict: Verdict) -> VerdictEntry:
    return VerdictEntry(
        judgement=verdict.judgement.value,
        reason=verdict.reason.value,
        explanation=shorten(verdict.explanation, MAX_SENTENCE),
        needs=_texts(verdict.needs[:MAX_FINDING_PLATFORMS]),
        needsOmitted=max(0, len(verdict.needs) - MAX_FINDING_PLATFORMS),
    )


def _finding(finding: Finding) -> FindingEntry:
    remedies = [remedy for each in finding.remedy if any((remedy := _remedy(each)).values())]
    return FindingEntry(
        severity=finding.severity.value,
        subject=SubjectEntry(
            kind=finding.subject.kind.value,
            name=shorten(finding.subject.name, MAX_NAME),
            arn=_name(finding.subject.arn),
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


def _unknown(unknown: Unknown) -> UnknownEntry:
    return UnknownEntry(
        reason=unknown.reason.value,
        cure=unknown.reason.cure.value,
        subject=_name(unknown.subject),
        detail=shorten(unknown.detail, MAX_SENTENCE),
    )


def _actions(outcome: Outcome) -> ActionsEntry:
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
    )


def _texts(items: Iterable[object]) -> list[str]:
    return [shorten(str(item), MAX_PLATFORM) for item in items]


def _name(text: str) -> str | None:
    return shorten(text, MAX_NAME) or None


def _digest(text: str) -> str | None:
    return text if _DIGEST.fullmatch(text) else None


def _time(time: datetime) -> str:
    """RFC 3339 in UTC, to the millisecond."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
