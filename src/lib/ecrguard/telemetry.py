"""What is logged and measured of each message: one line and a handful of counts, the same names as in the alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from ecrguard.domain.verdict import Judgement
from ecrguard.errors import EcrguardError, UnreadableError

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger, Metrics
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

    from ecrguard.guard import Report
    from ecrguard.inbox import Handled
    from ecrguard.rendering.document import AlertDocument

VERDICT_METRICS = {
    Judgement.OK: "VerdictOk",
    Judgement.MISMATCH: "VerdictMismatch",
    Judgement.UNKNOWN: "VerdictUnknown",
    Judgement.NOT_APPLICABLE: "VerdictNotApplicable",
}
"""Name of the count for each judgement of what was pushed."""
DEPLOYED_METRICS = {judgement: name.replace("Verdict", "Deployed") for judgement, name in VERDICT_METRICS.items()}
"""Name of the count for each judgement of a workload that has changed."""


def record_handled(logger: Logger, metrics: Metrics, record: SQSRecord, handled: Handled) -> None:
    """Log and count a message that was handled: each report, and whether it was dead-lettered."""
    for report in handled.reports:
        record_report(logger, metrics, report)
    if handled.buried is not None:
        code, cause = handled.buried
        logger.error("dead-lettered", extra={**_about(record), "code": code, "cause": cause})
        metrics.add_metric("DeadLettered", MetricUnit.Count, 1)


def record_report(logger: Logger, metrics: Metrics, report: Report) -> None:
    """Log and count the verdict on one image: of a push, or of a workload that has changed."""
    log = logger.warning if report.verdict.judgement in (Judgement.MISMATCH, Judgement.UNKNOWN) else logger.info
    log("judged", extra=_fields(report))
    names = VERDICT_METRICS if report.workload is None else DEPLOYED_METRICS
    metrics.add_metric(names[report.verdict.judgement], MetricUnit.Count, 1)
    for done in report.outcome.done:
        metrics.add_metric(f"Action{done.action.title()}", MetricUnit.Count, 1)
    if report.outcome.refusals:
        metrics.add_metric("ActionRefused", MetricUnit.Count, len(report.outcome.refusals))
    if report.alerted:
        metrics.add_metric("AlertPublished", MetricUnit.Count, 1)


def record_not_handled(logger: Logger, metrics: Metrics, record: SQSRecord, error: BaseException | None) -> None:
    """Log and count a message that is left on the queue: one that waits for others, or one that we could not take."""
    if isinstance(error, UnreadableError):
        why = {"code": error.unknown.reason, "cause": error.unknown.detail, "notes": getattr(error, "__notes__", [])}
        logger.warning("to be tried again", extra={**_about(record), **why})
        metrics.add_metric("Retried", MetricUnit.Count, 1)
        return
    logger.error("crashed, to be tried again", exc_info=error, extra=_about(record))
    metrics.add_metric("Crashed", MetricUnit.Count, 1)


def record_posted(logger: Logger, record: SQSRecord, alert: AlertDocument) -> None:
    """Log an alert that Slack took."""
    ids = {"alert": alert["id"], "correlation_id": alert["event"]["id"]}
    logger.info("alert posted", extra={**_about(record), **ids})


def record_not_posted(logger: Logger, record: SQSRecord, error: BaseException | None) -> None:
    """Log an alert that is left on the queue."""
    if isinstance(error, EcrguardError):
        why = {"code": type(error).__name__, "cause": str(error)}
        logger.warning("alert not posted", extra={**_about(record), **why})
    else:
        logger.error("alert not posted", exc_info=error, extra=_about(record))


def _about(record: SQSRecord) -> dict[str, Any]:
    return {"message_id": record.message_id, "receives": record.attributes.approximate_receive_count}


def _fields(report: Report) -> dict[str, Any]:
    push, verdict = report.push, report.verdict
    return {
        "correlation_id": push.event_id,
        "arrival": push.arrival,
        "repository": push.repository,
        "tag": push.tag,
        "digest": push.digest,
        "workload": report.workload.label if report.workload else "",
        "judgement": verdict.judgement,
        "reason": verdict.reason,
        "explanation": verdict.explanation,
        "platforms": [str(platform) for platform in report.image.platforms] if report.image else [],
        "needs": [str(platform) for platform in verdict.needs],
        "rule": report.rule,
        "unknowns": [f"{unknown.reason}: {unknown.detail}" for unknown in verdict.unknowns],
        "done": [f"{done.action}: {done.detail}" for done in report.outcome.done],
        "refused": [f"{refusal.action}: {refusal.reason}" for refusal in report.outcome.refusals],
        "alerted": report.alerted,
    }
