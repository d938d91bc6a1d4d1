"""What is logged and measured of the inventory: passes, changes, and how old what is known is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

if TYPE_CHECKING:
    from datetime import datetime

    from aws_lambda_powertools import Logger, Metrics

    from ecrguard.changes import Taken
    from ecrguard.domain.inventory import SourceState
    from ecrguard.reconcile import Run


def record_run(logger: Logger, metrics: Metrics, run: Run, now: datetime, limit: timedelta) -> dict[str, Any]:
    """Log and measure a run of passes; what of it is worth answering.

    ``InventoryOverdue`` and ``SourceUnreadable`` count sources, so that one alarm serves them all; each is named in the
    log, once for each pass that ended.

    Args:
        logger: of the function.
        metrics: of the function.
        run: what was done.
        now: UTC.
        limit: age from which on the inventory is too old.
    """
    if run.held:
        logger.info("another run goes on")
        metrics.add_metric("ReconcileHeld", MetricUnit.Count, 1)
        return {"held": True}
    for state in run.states:
        if state.source in run.ended:
            _record_end(logger, state)
    ages = [age for state in run.states if (age := state.age(now)) is not None]
    overdue = [state for state in run.states if state.overdue(now, limit)]
    for state in overdue:
        logger.error("inventory overdue", extra={"source": state.source, "complete": str(state.complete)})
    unreadable = [state for state in run.states if state.unknowns]
    metrics.add_metric("InventoryAge", MetricUnit.Seconds, max(ages, default=timedelta()).total_seconds())
    metrics.add_metric("InventoryOverdue", MetricUnit.Count, len(overdue))
    metrics.add_metric("SourceUnreadable", MetricUnit.Count, len(unreadable))
    for unknown in run.unjudged:
        logger.warning("change not judged", extra={"code": unknown.reason, "cause": unknown.detail})
    for source, failure in run.failures.items():
        fields = {"source": source, "code": failure.reason, "cause": failure.detail}
        logger.warning("pass not at its end", extra=fields)
    answer = {
        "pages": run.pages,
        "replaced": run.replaced,
        "removed": run.removed,
        "complete": [state.source for state in run.states if state.running is None and state.complete is not None],
        "running": [state.source for state in run.states if state.running is not None],
        "unreadable": [state.source for state in unreadable],
        "absent": [state.source for state in run.states if state.absent],
    }
    logger.info("reconciled", extra=answer)
    return answer


def record_taken(logger: Logger, metrics: Metrics, taken: Taken) -> None:
    """Log and count what became of an event of change."""
    for unknown in taken.denied:
        logger.warning("workload not read", extra={"code": unknown.reason, "cause": unknown.detail})
    if taken.looked_at:
        logger.info("looked at again", extra={"workloads": taken.looked_at})
    metrics.add_metric("WorkloadLookedAt", MetricUnit.Count, len(taken.looked_at))
    if taken.buried is not None:
        code, cause = taken.buried
        logger.error("dead-lettered", extra={"code": code, "cause": cause})
        metrics.add_metric("DeadLettered", MetricUnit.Count, 1)


def _record_end(logger: Logger, state: SourceState) -> None:
    if state.absent:
        logger.info("source absent", extra={"source": state.source, "cause": state.absent})
    for unknown in state.unknowns:
        fields = {"source": state.source, "code": unknown.reason, "cause": unknown.detail}
        logger.error("source unreadable", extra=fields)
