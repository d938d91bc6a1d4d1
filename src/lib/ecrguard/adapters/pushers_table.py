"""Who pushed what, in the inventory's table for a day: what CloudTrail tells, until an alert asks for it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ecrguard.adapters.calls import Calls, GoneError
from ecrguard.adapters.dynamodb import get_item, stored
from ecrguard.adapters.inventory_items import text_of
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.pusher import Pusher
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb.client import DynamoDBClient

KEPT = timedelta(days=1)
"""How long it stays after the push."""
SUBJECT = "the store of who pushed"
"""What messages call it."""
_NOT_SO = "ConditionalCheckFailedException"


@dataclass(slots=True)
class PusherTable:
    """Who pushed what. A ``Pushers``.

    Attributes:
        client: gives boto3's DynamoDB client; called when there is something to read or write.
        table: name of the table.
    """

    client: Callable[[], DynamoDBClient]
    table: str

    def know(self, repository: str, tag: str, digest: str, pusher: Pusher) -> None:
        """Keep who pushed an image under a tag, unless a later push of it is known."""
        pushed = text_of(pusher.time)
        pk, sk = _key(repository, tag, digest)
        item = {
            "pk": pk,
            "sk": sk,
            "arn": pusher.arn,
            "address": pusher.address,
            "agent": pusher.agent,
            "pushed": pushed,
            "expires": int((pusher.time + KEPT).timestamp()),
        }
        with suppress(GoneError), Calls().to("dynamodb:PutItem", SUBJECT, gone=(_NOT_SO,)):
            self.client().put_item(
                TableName=self.table,
                Item=stored(item),
                ConditionExpression="attribute_not_exists(pushed) OR pushed < :pushed",
                ExpressionAttributeValues=stored({":pushed": pushed}),
            )

    def who(self, repository: str, tag: str, digest: str) -> Pusher | None:
        """Who pushed it last, as far as that is known."""
        pk, sk = _key(repository, tag, digest)
        item = get_item(self.client, self.table, pk, sk, SUBJECT)
        if item is None:
            return None
        try:
            return Pusher(item["arn"], item["address"], item["agent"], datetime.fromisoformat(item["pushed"]))
        except (KeyError, TypeError, ValueError) as error:
            detail = f"{SUBJECT} has an entry for {pk} {sk} that this version cannot read: {error}"
            raise UnreadableError(Unknown(UnknownReason.UNAVAILABLE, detail, f"{pk} {sk}")) from error


def _key(repository: str, tag: str, digest: str) -> tuple[str, str]:
    return f"pusher#{repository}", f"{tag}@{digest}"
