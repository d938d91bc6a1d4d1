"""What is logged and counted of images that are archived or deleted after their quarantine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from ecrguard.telemetry import record_cap, record_outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_lambda_powertools import Logger, Metrics

    from ecrguard.domain.image import Unknown
    from ecrguard.domain.ledger import Due
    from ecrguard.report import Report


def record_sweep(logger: Logger, metrics: Metrics, dues: Sequence[Due], reports: Sequence[Report]) -> dict[str, Any]:
    """Log and count a sweep; what of it is worth answering.

    Args:
        logger: of the function.
        metrics: of the function.
        dues: what was due before.
        reports: on what was done, kept, or could not be settled yet.
    """
    for report in reports:
        fields = {
            "correlation_id": report.push.event_id,
            "repository": report.push.repository,
            "tag": report.push.tag,
            "digest": report.push.digest,
            "explanation": report.verdict.explanation,
            "done": [f"{done.action}: {done.detail}" for done in report.outcome.done],
            "refused": [f"{each.action}: {each.reason}: {each.detail}" for each in report.outcome.refusals],
        }
        if report.alerted:
            logger.warning("settled after quarantine", extra=fields)
        else:
            logger.info("still due after quarantine", extra=fields)
        if report.alerted:
            record_outcome(metrics, report.outcome)
        else:
            record_cap(metrics, report.outcome)
    settled = sum(report.alerted for report in reports)
    metrics.add_metric("SweepDue", MetricUnit.Count, len(dues) - settled)
    return {"due": len(dues), "settled": settled}


def record_dues_unread(logger: Logger, metrics: Metrics, unknown: Unknown) -> None:
    """Log and count that what is due could not be read."""
    logger.error("what is due could not be read", extra={"code": unknown.reason, "cause": unknown.detail})
    metrics.add_metric("SweepUnread", MetricUnit.Count, 1)
