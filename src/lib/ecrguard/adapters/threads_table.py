"""What a chat knows the messages of alerts by, in the inventory's table: what follows an alert is put in its thread."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from ecrguard.adapters.calls import Calls, GoneError
from ecrguard.adapters.dynamodb import get_item, stored
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mypy_boto3_dynamodb.client import DynamoDBClient

KEPT = timedelta(days=30)
"""How long a thread is known; what follows later is a message of its own."""
SUBJECT = "the store of threads"
"""What messages call it."""
_CHAT = "slack"


@dataclass(slots=True)
class ThreadTable:
    """The threads of alerts in Slack. A ``Threads``.

    Attributes:
        client: gives boto3's DynamoDB client; called when there is something to read or write.
        table: name of the table.
        now: the time, UTC.
    """

    client: Callable[[], DynamoDBClient]
    table: str
    now: Callable[[], datetime]

    def of(self, alert_id: str) -> str:
        """What the chat knows the message of an alert by; empty where none is known."""
        item = get_item(self.client, self.table, _pk(alert_id), _CHAT, SUBJECT)
        if item is None:
            return ""
        if not isinstance(item.get("ts"), str):
            name = f"{_pk(alert_id)} {_CHAT}"
            detail = f"{SUBJECT} has an entry for {name} that this version cannot read: expected a text named ts"
            raise UnreadableError(Unknown(UnknownReason.UNAVAILABLE, detail, name))
        return str(item["ts"])

    def keep(self, alert_id: str, ts: str) -> None:
        """Keep what the chat knows the message of an alert by, unless another is known."""
        item = {"pk": _pk(alert_id), "sk": _CHAT, "ts": ts, "expires": int((self.now() + KEPT).timestamp())}
        with suppress(GoneError), Calls().to("dynamodb:PutItem", SUBJECT, gone=("ConditionalCheckFailedException",)):
            self.client().put_item(
                TableName=self.table, Item=stored(item), ConditionExpression="attribute_not_exists(pk)"
            )


def _pk(alert_id: str) -> str:
    return f"thread#{alert_id}"
