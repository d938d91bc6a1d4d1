"""What came of judging one image, for logs, metrics and people."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ecrguard.domain.alert import Alert, AlertKind
from ecrguard.domain.image import UnknownReason
from ecrguard.domain.plan import Outcome, RefusalReason

if TYPE_CHECKING:
    from datetime import datetime

    from ecrguard.domain.image import Image, Unknown
    from ecrguard.domain.ledger import Told
    from ecrguard.domain.push import Push
    from ecrguard.domain.verdict import Verdict
    from ecrguard.domain.workload import Workload


@dataclass(frozen=True, slots=True)
class Report:
    """What came of one push, for logs, metrics and the dead-letter queue.

    Attributes:
        push: with its digest, looked up where the event had none.
        image: as observed; None where it was not or could not be read.
        verdict: on it.
        outcome: what was done and refused.
        alerted: it is alerted.
        rule: the policy rule that matched.
        unsettled: what kept it from being judged, or acted on, though a later try could: the event is to be kept.
        workload: whose change was judged, where nothing was pushed.
        known: people were told before, and not again.
        resolved: people were told that it is right again.
    """

    push: Push
    image: Image | None
    verdict: Verdict
    outcome: Outcome = field(default_factory=Outcome)
    alerted: bool = False
    rule: str = ""
    unsettled: Unknown | None = None
    workload: Workload | None = None
    known: bool = False
    resolved: bool = False


def resolved(report: Report, told: Told, now: datetime) -> Alert:
    """What is said when something is right again, in the thread of the alert that told of it."""
    why = report.verdict.explanation
    if told.explanation:
        why = f"{why} It was alerted at {told.pushed:%Y-%m-%d %H:%M} UTC: {told.explanation}"
    verdict = replace(report.verdict, explanation=why)
    alert = Alert(report.push, report.image, verdict, Outcome(), report.rule, now, report.workload)
    return replace(alert, kind=AlertKind.RESOLVED, thread=told.alert_id)


def refused_for(unknown: Unknown) -> RefusalReason:
    """The reason of a refusal for something that could not be read or done."""
    if unknown.reason is UnknownReason.ACCESS_DENIED:
        return RefusalReason.ACCESS_DENIED
    return RefusalReason.IMAGE_GONE if unknown.reason is UnknownReason.IMAGE_GONE else RefusalReason.UNAVAILABLE
