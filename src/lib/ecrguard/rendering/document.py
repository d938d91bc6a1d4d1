"""The alert as a versioned JSON document: the product's interface for programs, ``docs/alert.schema.json``.

Property names are camelCase, enumerated values are the domain's own. Whatever may be absent is null, never left out.
Every list is followed by ``<list>Omitted``, the number of entries that were left out of it to bound the size.
Within major version 1, minor versions only add properties and enumerated values; readers ignore what they do not know.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypedDict

from ecrguard.rendering import parts
from ecrguard.rendering.entries import (
    ActionsEntry,
    EventEntry,
    FindingEntry,
    ImageEntry,
    PusherEntry,
    UnknownEntry,
    VerdictEntry,
    WorkloadEntry,
)
from ecrguard.rendering.identity import alert_id
from ecrguard.rendering.text import shorten

if TYPE_CHECKING:
    from ecrguard.domain.alert import Alert

SCHEMA_VERSION = "1.2"
MAX_BYTES = 160 * 1024
"""Most bytes of a document inside another JSON text, where its quotes are escaped: how SNS takes and wraps it."""

MAX_FINDINGS = 50
MAX_UNKNOWNS = 50


class AlertDocument(TypedDict):
    """The whole document."""

    schemaVersion: str
    id: str
    kind: str
    thread: str
    judgedAt: str
    event: EventEntry
    arrival: str
    workload: WorkloadEntry | None
    pusher: PusherEntry | None
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
    findings = [parts.finding_entry(finding) for finding in verdict.findings[:MAX_FINDINGS]]
    unknowns = [parts.unknown_entry(unknown) for unknown in verdict.unknowns[:MAX_UNKNOWNS]]
    identity = alert_id(alert)
    document = AlertDocument(
        schemaVersion=SCHEMA_VERSION,
        id=identity,
        kind=alert.kind.value,
        thread=alert.thread or identity,
        judgedAt=parts.time_text(alert.time),
        event=EventEntry(id=shorten(push.event_id, parts.MAX_NAME), time=parts.time_text(push.time)),
        arrival=push.arrival.value,
        workload=parts.workload_entry(alert.workload) if alert.workload else None,
        pusher=parts.pusher_entry(alert.pusher) if alert.pusher else None,
        image=parts.image_entry(alert),
        verdict=parts.verdict_entry(verdict),
        findings=findings,
        findingsOmitted=len(verdict.findings) - len(findings),
        unknowns=unknowns,
        unknownsOmitted=len(verdict.unknowns) - len(unknowns),
        actions=parts.actions_entry(alert.outcome),
        policyRule=parts.name_text(alert.rule),
    )
    return _fit(document)


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
