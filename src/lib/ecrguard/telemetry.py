"""What is logged and measured of each message: one line and a handful of counts, the same names as in the alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit, single_metric

from ecrguard.domain.plan import RefusalReason, Result
from ecrguard.domain.verdict import Judgement
from ecrguard.errors import EcrguardError, UnreadableError

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger, Metrics
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

    from ecrguard.domain.plan import Outcome
    from ecrguard.inbox import Handled
    from ecrguard.rendering.document import AlertDocument
    from ecrguard.report import Report

VERDICT_METRICS = {
    Judgement.OK: "VerdictOk",
    Judgement.MISMATCH: "VerdictMismatch",
    Judgement.UNKNOWN: "VerdictUnknown",
    Judgement.NOT_APPLICABLE: "VerdictNotApplicable",
}
"""Name of the count for each judgement of what was pushed."""
DEPLOYED_METRICS = {judgement: name.replace("Verdict", "Deployed") for judgement, name in VERDICT_METRICS.items()}
"""Name of the count for each judgement of a workload that has changed."""
CAP_METRIC = "HourlyCapReached"
"""Name of the count of images that were left alone because the hour has had as many destructive acts as it may."""


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
    record_outcome(metrics, report.outcome)
    if report.alerted:
        metrics.add_metric("AlertPublished", MetricUnit.Count, 1)
    if report.known:
        metrics.add_metric("AlertsSuppressed", MetricUnit.Count, 1)


def record_outcome(metrics: Metrics, outcome: Outcome) -> None:
    """Count what was done and refused about one image.

    ``ActionsDone`` has the action as a dimension and ``ActionsRefused`` the reason, since that is what people ask: both
    are few and fixed, as CloudWatch charges for each combination by itself. What was found done already is not counted.
    """
    for done in outcome.done:
        if done.result is Result.DONE:
            _count(metrics, "ActionsDone", "action", done.action)
    for refusal in outcome.refusals:
        _count(metrics, "ActionsRefused", "reason", refusal.reason)
    record_cap(metrics, outcome)


def record_cap(metrics: Metrics, outcome: Outcome) -> None:
    """Count, for the alarm, that the hour has had as many destructive acts as it may; also where others will follow."""
    if any(refusal.reason is RefusalReason.HOURLY_CAP for refusal in outcome.refusals):
        metrics.add_metric(CAP_METRIC, MetricUnit.Count, 1)


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


def _count(metrics: Metrics, name: str, dimension: str, value: str) -> None:
    """Count one under a dimension beside the service; what is counted together has its dimensions in common."""
    service = {"service": metrics.service} if metrics.service else {}
    dimensions = {**service, dimension: value}
    with single_metric(name, MetricUnit.Count, 1, namespace=metrics.namespace, default_dimensions=dimensions):
        pass  # it is written as the block ends


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
        "later": report.outcome.later,
        "alerted": report.alerted,
        "known": report.known,
        "resolved": report.resolved,
    }
