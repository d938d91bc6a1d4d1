"""The changes function: takes events of change from their queue and looks at the workloads again that they are of."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.batch import process_partial_response

from ecrguard.batch import QueueProcessor
from ecrguard.config import ChangesConfig
from ecrguard.ports import Message
from ecrguard.telemetry import record_not_handled, record_report
from ecrguard.telemetry_inventory import record_taken
from ecrguard.wiring_inventory import build_changes

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from ecrguard.changes import Changes

logger = Logger()
metrics = Metrics()


@functools.cache
def changes() -> Changes:
    """The parts, put together at the first event."""
    return build_changes(ChangesConfig.from_env(os.environ), functools.partial(record_report, logger, metrics))


def take(record: SQSRecord) -> None:
    """Handle one message; an error leaves it on the queue."""
    receives = int(record.attributes.approximate_receive_count)
    record_taken(logger, metrics, changes().take(Message(record.body, receives, record.receipt_handle)))


processor = QueueProcessor(functools.partial(record_not_handled, logger, metrics))


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer with the messages that are to be tried again."""
    changes().deadline.seconds_left = lambda: context.get_remaining_time_in_millis() / 1000
    changes().begin()
    return dict(process_partial_response(event=event, record_handler=take, processor=processor, context=context))
