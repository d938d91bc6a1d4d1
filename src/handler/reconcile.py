"""The reconcile function: on a schedule, reads as a whole what is due of the sources of workloads."""

from __future__ import annotations

import functools
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics

from ecrguard.config import GuardConfig
from ecrguard.errors import MalformedEventError
from ecrguard.telemetry import record_report
from ecrguard.telemetry_inventory import record_run
from ecrguard.wiring_inventory import build_reconciler

if TYPE_CHECKING:
    from collections.abc import Collection

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from ecrguard.reconcile import Reconciler

logger = Logger()
metrics = Metrics()


@functools.cache
def parts() -> tuple[Reconciler, timedelta]:
    """The parts, put together at the first event, and the age from which on the inventory is too old."""
    config = GuardConfig.from_env(os.environ)
    return build_reconciler(config, functools.partial(record_report, logger, metrics)), config.inventory_limit


def asked(event: dict[str, Any], on: Collection[str]) -> frozenset[str]:
    """The sources that an event asks to be read now, due or not: ``{"read": ["ecs"]}``; the schedule asks for none.

    Raises:
        MalformedEventError: it asks for something that is no source that is switched on.
    """
    names = event.get("read", [])
    if not isinstance(names, list) or not all(name in on for name in names):
        raise MalformedEventError(f"expected a list of some of {', '.join(on) or 'no sources'} as read, got {names!r}")
    return frozenset(names)


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Go on with the passes that are due, for as long as this invocation lasts, and answer with what was done."""
    reconciler, limit = parts()
    names = asked(event, reconciler.sources)
    reconciler.deadline.seconds_left = lambda: context.get_remaining_time_in_millis() / 1000
    until = datetime.now(UTC) + timedelta(milliseconds=context.get_remaining_time_in_millis())
    run = reconciler.run(context.aws_request_id, until, names)
    return record_run(logger, metrics, run, datetime.now(UTC), limit)
