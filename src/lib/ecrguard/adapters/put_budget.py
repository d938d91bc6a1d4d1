"""Keeping inside the rate of PutImage, which a whole account shares.

ECR takes 10 calls a second of an account in a Region (service quota "Rate of PutImage requests"), those of whoever
pushes among them. Half of them is taken, counted in the table for all execution environments together, so that the
other half is left for pushes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ecrguard.adapters.calls import Calls, GoneError
from ecrguard.adapters.dynamodb import key, stored
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb.client import DynamoDBClient

PER_SECOND = 5
"""Calls of PutImage that are made in a second."""
MOST_SECONDS = 5
"""How long a call is waited for."""
SUBJECT = "the count of PutImage calls"
"""What messages call it."""
_KEPT_SECONDS = 3600


@dataclass(slots=True)
class PutBudget:
    """Waits until a call of PutImage may be made.

    A taker books a place in the first second that has one left, and waits for that second to begin: so those that
    wait are served in their order, and ask no more than once of each second. A second is one of the calendar, by the
    clock of whoever asks.

    Attributes:
        client: gives boto3's DynamoDB client; called when there is something to count.
        table: name of the table.
        now: the time, UTC.
        sleep: waits for some seconds.
        per_second: calls that a second may have.
    """

    client: Callable[[], DynamoDBClient]
    table: str
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    per_second: int = PER_SECOND

    def take(self) -> None:
        """Wait, if need be, and count the call.

        Raises:
            UnreadableError: THROTTLED where the next seconds are full as well; or it could not be counted.
        """
        first = int(self.now().timestamp())
        for second in range(first, first + MOST_SECONDS + 1):
            if not self._book(second):
                continue
            left = (datetime.fromtimestamp(second, UTC) - self.now()).total_seconds()
            if left > 0:
                self.sleep(left)
            return
        detail = f"ecrguard makes {self.per_second} calls of PutImage a second, and the next {MOST_SECONDS} are full"
        raise UnreadableError(Unknown(UnknownReason.THROTTLED, detail, SUBJECT))

    def _book(self, second: int) -> bool:
        try:
            with Calls().to("dynamodb:UpdateItem", SUBJECT, gone=("ConditionalCheckFailedException",)):
                self.client().update_item(
                    TableName=self.table,
                    Key=key("pace", f"putimage#{second}"),
                    UpdateExpression="SET expires = :expires ADD puts :one",
                    ConditionExpression="attribute_not_exists(puts) OR puts < :most",
                    ExpressionAttributeValues=stored(
                        {":one": 1, ":most": self.per_second, ":expires": second + _KEPT_SECONDS}
                    ),
                )
        except GoneError:
            return False
        return True
