"""The push function: takes ECR's events from the push queue and checks each image that has arrived."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from ecrguard.config import PushConfig
from ecrguard.telemetry import record_handled, record_not_handled
from ecrguard.wiring import build_inbox

if TYPE_CHECKING:
    from types import TracebackType

    from aws_lambda_powertools.utilities.batch.base import FailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from ecrguard.inbox import Inbox

    type _ExceptionInfo = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]

logger = Logger()
metrics = Metrics()


class Processor(BatchProcessor):
    """Leaves a message on the queue whose handling raised, and says so: Powertools itself says nothing."""

    def failure_handler(self, record: SQSRecord, exception: _ExceptionInfo) -> FailureResponse:
        """Log and count what was raised."""
        record_not_handled(logger, metrics, exception[1], record.message_id)
        return super().failure_handler(record, exception)


processor = Processor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@functools.cache
def inbox() -> Inbox:
    """The parts, put together at the first event."""
    return build_inbox(PushConfig.from_env(os.environ))


def take(record: SQSRecord) -> None:
    """Handle one message; an error leaves it on the queue."""
    handled = inbox().take(record.body, int(record.attributes.approximate_receive_count))
    record_handled(logger, metrics, handled, record.message_id)


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer with the messages that are to be tried again."""
    return dict(process_partial_response(event=event, record_handler=take, processor=processor, context=context))
