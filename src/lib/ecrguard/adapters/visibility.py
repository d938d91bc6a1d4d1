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
    """:class:`~ecrguard.ports.MessageQueue` on SQS.

    Attributes:
        client: makes the SQS client, on first use.
        queue_url: of the queue that they came from.
    """

    client: Callable[[], SQSClient]
    queue_url: str

    def put_off(self, receipt: str, seconds: int) -> None:
        """See :meth:`ecrguard.ports.MessageQueue.put_off`; SQS takes up to 43,200 seconds."""
        try:
            self.client().change_message_visibility(
                QueueUrl=self.queue_url, ReceiptHandle=receipt, VisibilityTimeout=seconds
            )
        except (ClientError, BotoCoreError) as error:
            raise unreadable(error, "sqs:ChangeMessageVisibility", f"a message of {self.queue_url}") from error
