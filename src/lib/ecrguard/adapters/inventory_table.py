"""The inventory in DynamoDB, as passes and changes write it.

A workload is replaced as a whole in one transaction, on the condition that nobody has replaced it since it was read.
DynamoDB takes 100 actions a transaction (API reference, TransactWriteItems), so several workloads share one.
"""

from __future__ import annotations

import uuid
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import batched
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ecrguard.adapters.aws_errors import error_code, unreadable
from ecrguard.adapters.calls import Calls, GoneError
from ecrguard.adapters.dynamodb import KEYS_PER_READ, SUBJECT, get_items, items_of, key, stored
from ecrguard.adapters.inventory_items import (
    INVENTORY,
    KEPT,
    bad_item,
    bad_sk,
    known_item,
    known_of,
    repository_items,
    repository_pk,
    source_pk,
    state_of,
    text_of,
    unknown_items,
    workload_sk,
)
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.inventory import Pass, fingerprint
from ecrguard.errors import LostPassError, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from mypy_boto3_dynamodb.client import DynamoDBClient

    from ecrguard.adapters.dynamodb import Item
    from ecrguard.domain.inventory import Known, Page, Sighting, SourceState
    from ecrguard.ports import Replacement

MAX_UNKNOWNS = 10
"""Parts of a source that are noted as not read: one keeps a pass from being complete, and these are told to people."""
_ACTIONS_PER_TRANSACTION = 100
_TRIES = 10
_NOT_SO = "ConditionalCheckFailedException"
_CALLS = Calls()


@dataclass(slots=True)
class InventoryTable:
    """The inventory's table. An ``Inventory``.

    Attributes:
        client: gives boto3's DynamoDB client; called when there is something to read or write.
        table: name of the table.
    """

    client: Callable[[], DynamoDBClient]
    table: str

    def states(self) -> Mapping[str, SourceState]:
        """The sources that have been looked at, by name."""
        found = [state_of(item) for item in self._items(INVENTORY, "source#")]
        return {state.source: state for state in found}

    def known(self, source: str, arns: Sequence[str]) -> Mapping[str, Known]:
        """What is known of some workloads of a source."""
        found: dict[str, Known] = {}
        for some in batched(dict.fromkeys(arns), KEYS_PER_READ, strict=False):
            keys = [key(source_pk(source), arn) for arn in some]
            for item in get_items(self.client, self.table, keys, consistent=True):
                known = known_of(item)
                found[known.arn] = known
        return found

    def all_known(self, source: str) -> Iterator[Known]:
        """What is known of every workload of a source."""
        return map(known_of, self._items(source_pk(source)))

    def replace(self, source: str, replacements: Sequence[Replacement]) -> None:
        """Put sightings in the place of what was known of their workloads."""
        group: list[Replacement] = []
        actions: list[Item] = []
        for replacement in replacements:
            if _is_late(replacement):
                continue
            more = self._actions(source, replacement)
            if group and len(actions) + len(more) > _ACTIONS_PER_TRANSACTION:
                self._replace_group(source, group, actions)
                group, actions = [], []
            group.append(replacement)
            actions += more
        self._replace_group(source, group, actions)

    def judged(self, source: str, sighting: Sighting, runs: frozenset[str]) -> None:
        """Note what has been judged of a workload, if it is still known as ``sighting``."""
        with suppress(GoneError), _CALLS.to("dynamodb:UpdateItem", SUBJECT, gone=(_NOT_SO,)):
            self.client().update_item(
                TableName=self.table,
                Key=key(source_pk(source), sighting.arn),
                UpdateExpression="SET runs = :runs",
                ConditionExpression="fingerprint = :fingerprint",
                ExpressionAttributeValues=stored({":runs": sorted(runs), ":fingerprint": fingerprint(sighting)}),
            )

    def begin(self, source: str, started: datetime) -> Pass:
        """Begin a pass of a source."""
        self._update(
            source,
            "SET running = :started, pages = :none, next_page = :empty, stalls = :none, running_unknowns = :no",
            "attribute_not_exists(running)",
            {":started": text_of(started), ":none": 0, ":empty": "", ":no": []},
        )
        return Pass(source, started)

    def turn(self, running: Pass, page: Page) -> Pass:
        """Note that a page of a pass is done."""
        unknowns = (*running.unknowns, *page.unknowns)[:MAX_UNKNOWNS]
        turned = replace(running, pages=running.pages + 1, cursor=page.cursor, stalls=0, unknowns=unknowns)
        # First the page: a run that ends before the next call does the page again. Both stay: of two runs with one page
        # neither is to undo what the other has seen.
        self._put(
            {
                "pk": f"pass#{running.source}",
                "sk": f"{text_of(running.started)}#{running.pages:06}#{uuid.uuid4().hex[:8]}",
                "arns": list(page.arns),
                "expires": int((running.started + KEPT).timestamp()),
            }
        )
        self._update(
            running.source,
            "SET pages = :next, next_page = :cursor, stalls = :none, running_unknowns = :unknowns",
            "running = :started AND pages = :pages",
            {
                ":started": text_of(running.started),
                ":pages": running.pages,
                ":next": turned.pages,
                ":cursor": turned.cursor,
                ":none": 0,
                ":unknowns": unknown_items(unknowns),
            },
        )
        return turned

    def seen(self, running: Pass) -> Iterator[str]:
        """The ARNs of all workloads that were on the pages of a pass."""
        for item in self._items(f"pass#{running.source}", f"{text_of(running.started)}#"):
            yield from item["arns"]

    def end(self, running: Pass, now: datetime, *, absent: str = "") -> None:
        """Note that a pass has ended."""
        complete = not running.unknowns and not absent
        update = "SET ended = :now, unknowns = :unknowns, absent = :absent"
        update += ", complete = :started" if complete else ""
        self._update(
            running.source,
            f"{update} REMOVE running, pages, next_page, stalls, running_unknowns",
            "running = :started",
            {
                ":started": text_of(running.started),
                ":now": text_of(now),
                ":unknowns": unknown_items(running.unknowns),
                ":absent": absent,
            },
        )

    def attempt(self, running: Pass, now: datetime) -> Pass:
        """Note that a run turns to the page of the pass that is next."""
        tried = replace(running, stalls=running.stalls + 1)
        self._try(tried, "SET stalls = :stalls, tried = :now", {":now": text_of(now)})
        return tried

    def excuse(self, running: Pass) -> None:
        """Take back that a try did not finish its page."""
        self._try(replace(running, stalls=running.stalls - 1), "SET stalls = :stalls", {})

    def _try(self, running: Pass, update: str, values: Item) -> None:
        self._update(
            running.source,
            update,
            "running = :started AND pages = :pages",
            {
                ":started": text_of(running.started),
                ":pages": running.pages,
                ":stalls": running.stalls,
                **values,
            },
        )

    def forget(self, source: str) -> None:
        """Drop the state of a source that is switched off."""
        with _CALLS.to("dynamodb:DeleteItem", SUBJECT):
            self.client().delete_item(TableName=self.table, Key=key(INVENTORY, f"source#{source}"))

    def lease(self, owner: str, now: datetime, until: datetime) -> bool:
        """Whether ``owner`` may make passes until then."""
        try:
            with _CALLS.to("dynamodb:PutItem", SUBJECT, gone=(_NOT_SO,)):
                self.client().put_item(
                    TableName=self.table,
                    Item=stored({"pk": "lease", "sk": "reconcile", "owner": owner, "until": text_of(until)}),
                    ConditionExpression="attribute_not_exists(pk) OR #until < :now OR #owner = :owner",
                    ExpressionAttributeNames={"#until": "until", "#owner": "owner"},
                    ExpressionAttributeValues=stored({":now": text_of(now), ":owner": owner}),
                )
        except GoneError:
            return False
        return True

    def release(self, owner: str) -> None:
        """Give the lease back, if it is this owner's."""
        with suppress(GoneError), _CALLS.to("dynamodb:DeleteItem", SUBJECT, gone=(_NOT_SO,)):
            self.client().delete_item(
                TableName=self.table,
                Key=key("lease", "reconcile"),
                ConditionExpression="#owner = :owner",
                ExpressionAttributeNames={"#owner": "owner"},
                ExpressionAttributeValues=stored({":owner": owner}),
            )

    def _replace_group(self, source: str, group: list[Replacement], actions: list[Item]) -> None:
        """All in one transaction; where somebody was quicker with one of them, each for itself."""
        if len(group) > 1 and self._transact(actions):
            return
        for replacement in group:
            self._replace_one(source, replacement)

    def _replace_one(self, source: str, replacement: Replacement) -> None:
        for _ in range(_TRIES):
            if _is_late(replacement) or self._try_one(source, replacement):
                return
            arn = replacement.sighting.arn
            replacement = replace(replacement, known=self.known(source, [arn]).get(arn))
        detail = f"{SUBJECT} could not be changed: others keep changing {replacement.sighting.arn}"
        raise UnreadableError(Unknown(UnknownReason.UNAVAILABLE, detail, SUBJECT))

    def _try_one(self, source: str, replacement: Replacement) -> bool:
        """Whether the replacement is done; False where somebody was quicker.

        A workload of more repositories than a transaction takes is replaced in several. Until the last, what is known
        of it names the old repositories and the new, and has no fingerprint, so that a run that ends between leaves
        nothing behind that the next observation would not put right.
        """
        known = replacement.known
        changes = self._changes(source, replacement)
        parts = list(batched(changes, _ACTIONS_PER_TRANSACTION - 1, strict=False)) or [()]
        for number, part in enumerate(parts, start=1):
            item = known_item(source, replacement, uuid.uuid4().hex)
            if number < len(parts):
                both = {*(known.repositories if known else ()), *item["repositories"]}
                item |= {"repositories": sorted(both), "fingerprint": "", "bad": True}
            if not self._transact([self._known_action(item, known), *part]):
                return False
            known = known_of(item)
        return True

    def _actions(self, source: str, replacement: Replacement) -> list[Item]:
        item = known_item(source, replacement, uuid.uuid4().hex)
        return [self._known_action(item, replacement.known), *self._changes(source, replacement)]

    def _changes(self, source: str, replacement: Replacement) -> list[Item]:
        """What changes beside what is known of the workload: its items in the partitions of repositories."""
        sighting, known = replacement.sighting, replacement.known
        items = repository_items(source, sighting, replacement.observed)
        if sighting.bad_images:
            items.append(bad_item(source, sighting))
        kept = {(item["pk"], item["sk"]) for item in items}
        sk = workload_sk(source, sighting.arn)
        gone = {(repository_pk(repository), sk) for repository in (known.repositories if known else ())}
        if known is not None and known.bad:
            gone.add((INVENTORY, bad_sk(source, sighting.arn)))
        puts: list[Item] = [{"Put": {"TableName": self.table, "Item": stored(item)}} for item in items]
        return puts + [{"Delete": {"TableName": self.table, "Key": key(*each)}} for each in sorted(gone - kept)]

    def _known_action(self, item: Item, known: Known | None) -> Item:
        """Put what is known of a workload, on the condition that it is still what it was."""
        put: Item = {"TableName": self.table, "Item": stored(item)}
        if known is None:
            put["ConditionExpression"] = "attribute_not_exists(pk)"
        else:
            put["ConditionExpression"] = "version = :version"
            put["ExpressionAttributeValues"] = stored({":version": known.version})
        return {"Put": put}

    def _transact(self, actions: list[Item]) -> bool:
        """Whether all was written; False where a condition does not hold, or another transaction is in the way."""
        items: list[Any] = actions
        try:
            self.client().transact_write_items(TransactItems=items)
        except ClientError as error:
            if _is_conflict(error):
                return False
            raise unreadable(error, "dynamodb:TransactWriteItems", SUBJECT) from error
        except BotoCoreError as error:
            raise unreadable(error, "dynamodb:TransactWriteItems", SUBJECT) from error
        return True

    def _items(self, pk: str, prefix: str = "") -> Iterator[Item]:
        return items_of(self.client, self.table, pk, prefix)

    def _put(self, item: Item) -> None:
        with _CALLS.to("dynamodb:PutItem", SUBJECT):
            self.client().put_item(TableName=self.table, Item=stored(item))

    def _update(self, source: str, update: str, condition: str, values: Item) -> None:
        """Change the state of a source.

        Raises:
            LostPassError: the condition does not hold.
        """
        try:
            with _CALLS.to("dynamodb:UpdateItem", SUBJECT, gone=(_NOT_SO,)):
                self.client().update_item(
                    TableName=self.table,
                    Key=key(INVENTORY, f"source#{source}"),
                    UpdateExpression=update,
                    ConditionExpression=condition,
                    ExpressionAttributeValues=stored(values),
                )
        except GoneError:
            raise LostPassError(f"another run goes on with the pass of {source}") from None


def _is_late(replacement: Replacement) -> bool:
    """Whether a later observation is known already, or there is nothing to know."""
    known = replacement.known
    return known is not None and known.observed >= replacement.observed


def _is_conflict(error: ClientError) -> bool:
    reasons: Any = error.response.get("CancellationReasons", [])
    codes = {reason.get("Code") for reason in reasons}
    return error_code(error) == "TransactionCanceledException" and bool(
        codes & {"ConditionalCheckFailed", "TransactionConflict"}
    )
