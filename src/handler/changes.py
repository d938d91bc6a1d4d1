"""The changes function: takes events of change from their queue and looks at the workloads again that they are of."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics

from ecrguard.config import ChangesConfig
from ecrguard.ports import Message
from ecrguard.telemetry import record_report
from ecrguard.telemetry_inventory import record_taken
from ecrguard.wiring_inventory import build_changes

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from ecrguard.changes import Changes

logger = Logger()
metrics = Metrics()


@functools.cache
def changes() -> Changes:
    """The parts, put together at the first event."""
    return build_changes(ChangesConfig.from_env(os.environ), functools.partial(record_report, logger, metrics))


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes it
    """Answer with the messages that are to be tried again."""
    records = {record["receiptHandle"]: record for record in event["Records"]}
    taken = changes().take(
        [
            Message(record["body"], int(record["attributes"]["ApproximateReceiveCount"]), receipt)
            for receipt, record in records.items()
        ]
    )
    record_taken(logger, metrics, taken)
    return {"batchItemFailures": [{"itemIdentifier": records[receipt]["messageId"]} for receipt in taken.failed]}
