"""The push function: takes ECR's events from the push queue and checks each image that has arrived."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.batch import process_partial_response

from ecrguard.batch import QueueProcessor
from ecrguard.config import PushConfig
from ecrguard.ports import Message
from ecrguard.telemetry import record_handled, record_not_handled
from ecrguard.wiring import build_inbox

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from ecrguard.inbox import Inbox

logger = Logger()
metrics = Metrics()


@functools.cache
def inbox() -> Inbox:
    """The parts, put together at the first event."""
    return build_inbox(PushConfig.from_env(os.environ))


def take(record: SQSRecord, lambda_context: LambdaContext) -> None:
    """Handle one message; an error leaves it on the queue."""
    inbox().deadline.seconds_left = lambda: lambda_context.get_remaining_time_in_millis() / 1000
    receives = int(record.attributes.approximate_receive_count)
    handled = inbox().take(Message(record.body, receives, record.receipt_handle))
    record_handled(logger, metrics, record, handled)


processor = QueueProcessor(functools.partial(record_not_handled, logger, metrics))


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer with the messages that are to be tried again."""
    return dict(process_partial_response(event=event, record_handler=take, processor=processor, context=context))
