"""Reading and writing a DynamoDB table: items in Python's own types, all pages, and all of what a batch asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from ecrguard.adapters.calls import Calls
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mypy_boto3_dynamodb.client import DynamoDBClient

type Item = dict[str, Any]
"""An item in Python's own types."""

SUBJECT = "the inventory"
"""What messages call the table."""
KEYS_PER_READ = 100
"""Keys that one BatchGetItem takes (API reference)."""
ITEMS_PER_WRITE = 25
"""Items that one BatchWriteItem takes (API reference)."""
_TRIES = 10
_SERIALIZER, _DESERIALIZER = TypeSerializer(), TypeDeserializer()


def stored(item: Item) -> dict[str, Any]:
    """The item as the API takes it, each value under the name of its type."""
    return {name: _SERIALIZER.serialize(value) for name, value in item.items()}


def loaded(item: Mapping[str, Any]) -> Item:
    """The item as the API gives it, in Python's own types; numbers are ``Decimal``."""
    return {name: _DESERIALIZER.deserialize(value) for name, value in item.items()}


def key(pk: str, sk: str) -> dict[str, Any]:
    """A key as the API takes it."""
    return stored({"pk": pk, "sk": sk})


def items_of(
    client: Callable[[], DynamoDBClient], table: str, pk: str, prefix: str = "", subject: str = SUBJECT
) -> Iterator[Item]:
    """The items of a partition whose sort key has this prefix, page by page.

    Args:
        client: gives boto3's DynamoDB client.
        table: name of the table.
        pk: partition key.
        prefix: of sort keys; empty for all.
        subject: what messages call what is read.

    Raises:
        UnreadableError: denied, throttled or unavailable.
    """
    values = {":pk": pk} | ({":prefix": prefix} if prefix else {})
    condition = "pk = :pk" + (" AND begins_with(sk, :prefix)" if prefix else "")
    start: dict[str, Any] = {}
    while True:
        with Calls().to("dynamodb:Query", subject):
            answer = client().query(
                TableName=table,
                KeyConditionExpression=condition,
                ExpressionAttributeValues=stored(values),
                ConsistentRead=True,
                **start,
            )
        yield from map(loaded, answer["Items"])
        if "LastEvaluatedKey" not in answer:
            return
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def get_item(client: Callable[[], DynamoDBClient], table: str, pk: str, sk: str, subject: str) -> Item | None:
    """One item, read consistently; None where it is not there. ``subject`` is what messages call it.

    Raises:
        UnreadableError: denied, throttled or unavailable.
    """
    with Calls().to("dynamodb:GetItem", subject):
        answer = client().get_item(TableName=table, Key=key(pk, sk), ConsistentRead=True)
    return loaded(answer["Item"]) if "Item" in answer else None


def get_items(
    client: Callable[[], DynamoDBClient], table: str, keys: Sequence[Mapping[str, Any]], *, consistent: bool
) -> Iterator[Item]:
    """The items that are there, of at most :data:`KEYS_PER_READ` keys, in no order.

    Raises:
        UnreadableError: denied, throttled or unavailable, or not all was answered in several tries.
    """
    left: Sequence[Mapping[str, Any]] = keys
    for _ in range(_TRIES):
        with Calls().to("dynamodb:BatchGetItem", SUBJECT):
            answer = client().batch_get_item(RequestItems={table: {"Keys": left, "ConsistentRead": consistent}})
        yield from map(loaded, answer["Responses"].get(table, []))
        if table not in answer["UnprocessedKeys"]:
            return
        left = answer["UnprocessedKeys"][table]["Keys"]
    raise _throttled()


def put_items(client: Callable[[], DynamoDBClient], table: str, items: Sequence[Item]) -> None:
    """Put at most :data:`ITEMS_PER_WRITE` items.

    Raises:
        UnreadableError: denied, throttled or unavailable, or not all was taken in several tries.
    """
    left: Sequence[Any] = [{"PutRequest": {"Item": stored(item)}} for item in items]
    for _ in range(_TRIES):
        with Calls().to("dynamodb:BatchWriteItem", SUBJECT):
            answer = client().batch_write_item(RequestItems={table: left})
        if table not in answer["UnprocessedItems"]:
            return
        left = answer["UnprocessedItems"][table]
    raise _throttled()


def _throttled() -> UnreadableError:
    detail = f"{SUBJECT} did only some of what it was asked; the table is throttled"
    return UnreadableError(Unknown(UnknownReason.THROTTLED, detail, SUBJECT))
