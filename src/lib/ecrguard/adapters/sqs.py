"""Dead letters on Amazon SQS: the message as it came, with its cause as message attributes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ecrguard.adapters.aws_errors import unreadable

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_sqs.client import SQSClient

_MAX_CAUSE = 1024


@dataclass(slots=True)
class SqsDeadLetters:
    """:class:`~ecrguard.ports.DeadLetters` on a queue.

    Attributes:
        client: makes the SQS client, on first use.
        queue_url: of the dead-letter queue. Redrive from there puts messages back on the push queue unchanged.
    """

    client: Callable[[], SQSClient]
    queue_url: str

    def bury(self, body: str, code: str, cause: str) -> None:
        """See :meth:`ecrguard.ports.DeadLetters.bury`.

        Raises:
            UnreadableError: SQS did not take it; the push queue still has the message.
        """
        try:
            self.client().send_message(
                QueueUrl=self.queue_url,
                MessageBody=body,
                MessageAttributes={
                    "code": {"DataType": "String", "StringValue": code},
                    "cause": {"DataType": "String", "StringValue": _printable(cause)[:_MAX_CAUSE] or code},
                },
            )
        except (ClientError, BotoCoreError) as error:
            raise unreadable(error, "sqs:SendMessage", "the dead-letter queue") from error


def _printable(text: str) -> str:
    """Only what SQS takes in an attribute: its characters are those of XML 1.0."""
    return "".join(character if character.isprintable() else " " for character in text)
