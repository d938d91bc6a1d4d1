"""The reconcile function: on a schedule, reads as a whole what is due of the sources of workloads.

Images that wait for that to be archived or deleted are, where the stack may.
"""

from __future__ import annotations

import functools
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics

from ecrguard.config import GuardConfig
from ecrguard.errors import MalformedEventError, UnreadableError
from ecrguard.telemetry import record_report
from ecrguard.telemetry_inventory import record_run
from ecrguard.telemetry_sweep import record_dues_unread, record_sweep
from ecrguard.wiring_inventory import build_reconciler, build_sweep

if TYPE_CHECKING:
    from collections.abc import Collection

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from ecrguard.domain.ledger import Due
    from ecrguard.reconcile import Reconciler
    from ecrguard.sweep import Sweep

logger = Logger()
metrics = Metrics()


@functools.cache
def parts() -> tuple[Reconciler, Sweep | None, timedelta]:
    """The parts, put together at the first event, and the age from which on the inventory is too old."""
    config = GuardConfig.from_env(os.environ)
    reconciler = build_reconciler(config, functools.partial(record_report, logger, metrics))
    sweep = build_sweep(config) if config.enforcement.takes_the_image else None
    return reconciler, sweep, config.inventory_limit


def asked(event: dict[str, Any], on: Collection[str]) -> frozenset[str]:
    """The sources that an event asks to be read now, due or not: ``{"read": ["ecs"]}``; the schedule asks for none.

    Raises:
        MalformedEventError: it asks for something that is no source that is switched on.
    """
    names = event.get("read", [])
    if not isinstance(names, list) or not all(name in on for name in names):
        raise MalformedEventError(f"expected a list of some of {', '.join(on) or 'no sources'} as read, got {names!r}")
    return frozenset(names)


def due(sweep: Sweep | None) -> tuple[Due, ...]:
    """The images that are due; none where they cannot be read, which keeps no workload from being read."""
    try:
        return sweep.dues() if sweep else ()
    except UnreadableError as error:
        record_dues_unread(logger, metrics, error.unknown)
        return ()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Go on with the passes that are due, for as long as this invocation lasts, and answer with what was done."""
    reconciler, sweep, limit = parts()
    names = asked(event, reconciler.sources)
    reconciler.deadline.seconds_left = lambda: context.get_remaining_time_in_millis() / 1000
    until = datetime.now(UTC) + timedelta(milliseconds=context.get_remaining_time_in_millis())
    dues = due(sweep)
    awaited = max((due.since for due in dues), default=None)
    run = reconciler.run(context.aws_request_id, until, names, awaited)
    answer = record_run(logger, metrics, run, datetime.now(UTC), limit)
    if sweep is None or run.held:
        return answer
    sweep.deadline.seconds_left = reconciler.deadline.seconds_left
    return answer | record_sweep(logger, metrics, dues, sweep.run(dues))
