"""The ledger in DynamoDB: what was told and done of each tag, each change of it one call with its condition.

A condition that does not hold changes nothing (API reference, UpdateItem), so that of two that write at once one is
always first, and the other is told.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ecrguard.adapters.aws_errors import error_code
from ecrguard.adapters.calls import Calls, GoneError
from ecrguard.adapters.dynamodb import get_item, items_of, key, loaded, stored
from ecrguard.adapters.inventory_items import text_of
from ecrguard.adapters.ledger_items import (
    CAP,
    DUE,
    act_values,
    due_item,
    due_of,
    due_sk,
    entry_item,
    entry_of,
    history_pk,
    hour_of,
    ledger_pk,
    record_of,
    release_item,
    release_of,
    release_sk,
    shortened,
    tag_subject,
    told_text,
)
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.ledger import MOST_TOLD, Record
from ecrguard.errors import LostHoldError, UnreadableError
from ecrguard.ports.ledger import Held

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from mypy_boto3_dynamodb.client import DynamoDBClient

    from ecrguard.adapters.dynamodb import Item
    from ecrguard.domain.ledger import Act, Due, Entry, Good, Release, Told

SUBJECT = "the ledger"
"""What messages call it."""
_COUNT_KEPT = timedelta(days=1)
_NOT_SO = "ConditionalCheckFailedException"
_CALLS = Calls()
_EARLIER = "(attribute_not_exists(good) OR good_pushed < :pushed)"
_NOT_OURS = "(attribute_not_exists(act_to) OR (act_to <> :digest AND act_before <> :digest))"
_SET_ACT = "act = :act, act_to = :to, act_before = :before, manifest = :manifest"
_ACT, _LEASE = "act, act_to, act_before, manifest", "held_by, held_until"


@dataclass(slots=True)
class LedgerTable:
    """The ledger in the inventory's table. A ``Ledger``.

    Attributes:
        client: gives boto3's DynamoDB client; called when there is something to read or write.
        table: name of the table.
        history_kept: how long the lines of a history are kept.
        cap: destructive acts that an hour may have.
    """

    client: Callable[[], DynamoDBClient]
    table: str
    history_kept: timedelta
    cap: int

    def look(self, repository: str, subject: str) -> Record:
        """What is known."""
        item = self._get(ledger_pk(repository), subject)
        return _read(item, record_of) if item else Record()

    def hold(self, repository: str, subject: str, owner: str, now: datetime, until: datetime) -> Held:
        """Take what is known for oneself until then."""
        values: Item = {":owner": owner, ":now": text_of(now), ":until": text_of(until)}
        update = "SET held_by = :owner, held_until = :until"
        if not subject.startswith("tag#"):
            # The last good image of a tag is worth knowing for as long as the tag is there.
            update += ", expires = :expires"
            values[":expires"] = int((now + self.history_kept).timestamp())
        item = self._update(
            ledger_pk(repository),
            subject,
            update,
            "attribute_not_exists(held_by) OR held_until < :now OR held_by = :owner",
            values,
        )
        if item is None:
            detail = f"{SUBJECT} has {subject} of {repository} in another's hands, who is at work on it"
            raise UnreadableError(Unknown(UnknownReason.UNAVAILABLE, detail, SUBJECT))
        return Held(repository, subject, owner, _read(item, record_of))

    def begin(self, held: Held, act: Act | None) -> None:
        """Write down an act before it is done, or that there was none."""
        if act is None:
            self._update_held(held, f"REMOVE {_ACT}", {})
        else:
            self._update_held(held, f"SET {_SET_ACT}", act_values(act))

    def settle(self, held: Held, *, told: tuple[Told, ...], open_: bool, act: Act | None) -> Record:
        """Write down what came of it, and let it go."""
        values: Item = {":told": told_text(tuple(map(shortened, told[:MOST_TOLD]))), ":open": open_}
        if act is None:
            update = f"SET told = :told, is_open = :open REMOVE {_ACT}, {_LEASE}"
        else:
            update = f"SET told = :told, is_open = :open, {_SET_ACT} REMOVE {_LEASE}"
            values |= act_values(act)
        return _read(self._update_held(held, update, values), record_of)

    def let_go(self, held: Held) -> None:
        """Let others take it."""
        with suppress(LostHoldError):
            self._update_held(held, f"REMOVE {_LEASE}", {})

    def passed(self, repository: str, tag: str, good: Good) -> Record:
        """Note a good image of a tag, unless a later one is known, or an act of ours gave the tag to it."""
        return self._note_good(repository, tag, good, f"{_EARLIER} AND {_NOT_OURS}")

    def regained(self, repository: str, tag: str, good: Good) -> Record:
        """Note a good image of a tag that somebody has pushed, unless a later one is known."""
        return self._note_good(repository, tag, good, _EARLIER)

    def note(self, repository: str, subject: str, entry: Entry) -> None:
        """Add a line to the history."""
        with _CALLS.to("dynamodb:PutItem", SUBJECT):
            self.client().put_item(
                TableName=self.table, Item=stored(entry_item(repository, subject, entry, self.history_kept))
            )

    def history(self, repository: str, subject: str) -> tuple[Entry, ...]:
        """The lines that are kept, the latest first."""
        lines = [_read(item, entry_of) for item in self._items(history_pk(repository, subject))]
        return tuple(reversed(lines))

    def released(self, repository: str, digest: str) -> Release | None:
        """Somebody's word that an image is to be left alone."""
        item = self._get(ledger_pk(repository), release_sk(digest))
        return _read(item, release_of) if item else None

    def release(self, repository: str, digest: str, release: Release) -> None:
        """Keep somebody's word that an image is to be left alone. The first word stays."""
        with suppress(GoneError), _CALLS.to("dynamodb:PutItem", SUBJECT, gone=(_NOT_SO,)):
            self.client().put_item(
                TableName=self.table,
                Item=stored(release_item(repository, digest, release)),
                ConditionExpression="attribute_not_exists(pk)",
            )

    def acts_left(self, now: datetime) -> int:
        """How many destructive acts the hour may still have."""
        item = self._get(CAP, hour_of(now))
        return max(0, self.cap - (_read(item, lambda there: int(there["acts"])) if item else 0))

    def spend(self, now: datetime) -> bool:
        """Take one destructive act from those of the hour."""
        if self.cap < 1:
            return False
        values = {":one": 1, ":cap": self.cap, ":expires": int((now + _COUNT_KEPT).timestamp())}
        condition = "attribute_not_exists(acts) OR acts < :cap"
        return self._update(CAP, hour_of(now), "SET expires = :expires ADD acts :one", condition, values) is not None

    def owe(self, due: Due) -> None:
        """Keep what is due of an image."""
        with _CALLS.to("dynamodb:PutItem", SUBJECT):
            self.client().put_item(TableName=self.table, Item=stored(due_item(due)))

    def dues(self) -> tuple[Due, ...]:
        """All that is due, the oldest first."""
        return tuple(sorted((_read(item, due_of) for item in self._items(DUE)), key=lambda due: due.since))

    def paid(self, due: Due) -> None:
        """What is due of the image is done, unless it was owed anew meanwhile."""
        with suppress(GoneError), _CALLS.to("dynamodb:DeleteItem", SUBJECT, gone=(_NOT_SO,)):
            self.client().delete_item(
                TableName=self.table,
                Key=key(DUE, due_sk(due)),
                ConditionExpression="since = :since",
                ExpressionAttributeValues=stored({":since": text_of(due.since)}),
            )

    def _note_good(self, repository: str, tag: str, good: Good, condition: str) -> Record:
        pk, sk = ledger_pk(repository), tag_subject(tag)
        with _CALLS.to("dynamodb:UpdateItem", SUBJECT):
            try:
                answer = self.client().update_item(
                    TableName=self.table,
                    Key=key(pk, sk),
                    UpdateExpression="SET good = :digest, good_pushed = :pushed",
                    ConditionExpression=condition,
                    ExpressionAttributeValues=stored({":digest": good.digest, ":pushed": text_of(good.pushed)}),
                    ReturnValues="ALL_NEW",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except ClientError as error:
                if error_code(error) != _NOT_SO:
                    raise
                refused: Any = error.response
                return _read(loaded(refused["Item"]), record_of)
        return _read(loaded(answer["Attributes"]), record_of)

    def _update_held(self, held: Held, update: str, values: Item) -> Item:
        """Change what is held.

        Raises:
            LostHoldError: another has taken it over.
        """
        item = self._update(
            ledger_pk(held.repository), held.subject, update, "held_by = :owner", {":owner": held.owner, **values}
        )
        if item is None:
            raise LostHoldError(f"another has taken over {held.subject} of {held.repository} in {SUBJECT}")
        return item

    def _update(self, pk: str, sk: str, update: str, condition: str, values: Item) -> Item | None:
        """The item as it is afterwards; None where the condition does not hold."""
        try:
            with _CALLS.to("dynamodb:UpdateItem", SUBJECT, gone=(_NOT_SO,)):
                answer = self.client().update_item(
                    TableName=self.table,
                    Key=key(pk, sk),
                    UpdateExpression=update,
                    ConditionExpression=condition,
                    ExpressionAttributeValues=stored(values),
                    ReturnValues="ALL_NEW",
                )
        except GoneError:
            return None
        return loaded(answer["Attributes"])

    def _get(self, pk: str, sk: str) -> Item | None:
        return get_item(self.client, self.table, pk, sk, SUBJECT)

    def _items(self, pk: str) -> Iterable[Item]:
        return items_of(self.client, self.table, pk, subject=SUBJECT)


def _read[Value](item: Item, read: Callable[[Item], Value]) -> Value:
    """What an item says.

    Raises:
        UnreadableError: another version of the product wrote it: what it says is not known, and it is not nothing.
    """
    try:
        return read(item)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        name = f"{item['pk']} {item['sk']}"
        detail = f"{SUBJECT} has an entry for {name} that this version cannot read: {type(error).__name__}: {error}"
        raise UnreadableError(Unknown(UnknownReason.UNAVAILABLE, detail, name)) from error
