"""A batch of SQS messages: those whose handling raised stay on the queue, and somebody is told why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from aws_lambda_powertools.utilities.batch.base import FailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

    type _ExceptionInfo = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]


class QueueProcessor(BatchProcessor):
    """Powertools' processor, which by itself says nothing of what it catches.

    Args:
        on_failure: told of each message that stays on the queue, and what was raised.
    """

    def __init__(self, on_failure: Callable[[SQSRecord, BaseException | None], None]) -> None:
        super().__init__(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
        self._on_failure = on_failure

    def failure_handler(self, record: SQSRecord, exception: _ExceptionInfo) -> FailureResponse:
        """Tell of the failure, then answer as Powertools does."""
        self._on_failure(record, exception[1])
        return super().failure_handler(record, exception)
