"""Putting off a message of an SQS queue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ecrguard.adapters.aws_errors import unreadable

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_sqs.client import SQSClient


@dataclass(slots=True)
class SqsVisibility:
    """The visibility of messages that this invocation has received.

    Attributes:
        client: makes the SQS client, on first use.
        queue_url: of the queue that they came from.
    """

    client: Callable[[], SQSClient]
    queue_url: str

    def put_off(self, receipt_handle: str, seconds: int) -> None:
        """Hand the message out again after this many seconds (SQS takes up to 43,200) rather than the queue's own.

        Raises:
            UnreadableError: SQS did not take it; the queue's own visibility timeout holds.
        """
        try:
            self.client().change_message_visibility(
                QueueUrl=self.queue_url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
            )
        except (ClientError, BotoCoreError) as error:
            raise unreadable(error, "sqs:ChangeMessageVisibility", "the Slack queue") from error
