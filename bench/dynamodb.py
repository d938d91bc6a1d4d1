"""DynamoDB in memory: the operations that the inventory and the ledger are kept with, and no others.

Items are held as the bytes that they are sent as. An expression that is not known here is an error, so that this table
cannot be taken for one that does what it was asked; ``tests/bench`` holds its answers against those of moto.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.expressions import holds, unknown, updated
from bench.stated import QUERY_MEGABYTE
from bench.wire import Answer, Record, Refusal, json_service

if TYPE_CHECKING:
    from bench.wire import Service

MEGABYTE = 1024 * 1024
"""The items that one Query reads (API reference)."""
MOST_KEYS, MOST_PUTS, MOST_ACTIONS = 100, 25, 100
"""Keys of a BatchGetItem, puts of a BatchWriteItem, actions of a TransactWriteItems (API reference)."""
_KEY_CONDITION = re.compile(r"pk = (?P<pk>:\w+)(?: AND begins_with\(sk, (?P<prefix>:\w+)\))?")
_FAILED = "ConditionalCheckFailed"


class _Stored(NamedTuple):
    body: bytes
    size: int


@dataclass(slots=True)
class _Partition:
    items: dict[str, _Stored] = field(default_factory=dict)
    _order: list[str] | None = None

    @property
    def order(self) -> list[str]:
        if self._order is None:
            self._order = sorted(self.items)
        return self._order

    def put(self, sk: str, item: _Stored) -> None:
        if sk not in self.items:
            self._order = None
        self.items[sk] = item

    def delete(self, sk: str) -> None:
        if self.items.pop(sk, None) is not None:
            self._order = None


@dataclass(slots=True)
class Table:
    """One table with the keys ``pk`` and ``sk``, both texts.

    Attributes:
        name: of the table.
        read: items that Queries and BatchGetItems gave so far.
        kilobytes: that those items had.
    """

    name: str
    read: int = 0
    kilobytes: float = 0.0
    _partitions: dict[str, _Partition] = field(default_factory=dict)

    def service(self) -> Service:
        """The table as boto3's clients reach it."""
        return json_service(
            {
                "Query": self._query,
                "BatchGetItem": self._batch_get,
                "GetItem": self._get_item,
                "BatchWriteItem": self._batch_write,
                "PutItem": self._put_item,
                "UpdateItem": self._update_item,
                "DeleteItem": self._delete_item,
                "TransactWriteItems": self._transact,
            }
        )

    def __len__(self) -> int:
        return sum(len(partition.items) for partition in self._partitions.values())

    def _query(self, asked: Record) -> Answer:
        condition, values = (
            _matched(_KEY_CONDITION, asked["KeyConditionExpression"]),
            asked["ExpressionAttributeValues"],
        )
        pk, prefix = values[condition["pk"]]["S"], values[condition["prefix"]]["S"] if condition["prefix"] else ""
        partition = self._partitions.get(pk, _Partition())
        start = asked.get("ExclusiveStartKey", {}).get("sk", {}).get("S", "")
        first = max(bisect_left(partition.order, prefix), bisect_right(partition.order, start) if start else 0)
        bodies, size, last = list[bytes](), 0, ""
        for at in range(first, len(partition.order)):
            sk = partition.order[at]
            if not sk.startswith(prefix):
                break
            if bodies and size + partition.items[sk].size > MEGABYTE:
                last = partition.order[at - 1]
                break
            bodies.append(partition.items[sk].body)
            size += partition.items[sk].size
        self._gave(len(bodies), size)
        more = b', "LastEvaluatedKey": ' + _encode(_key(pk, last)) if last else b""
        count = f'"Count": {len(bodies)}, "ScannedCount": {len(bodies)}'.encode()
        body = b'{"Items": [' + b",".join(bodies) + b"], " + count + more + b"}"
        return Answer(body, more_seconds=size / MEGABYTE * QUERY_MEGABYTE)

    def _batch_get(self, asked: Record) -> Answer:
        keys = asked["RequestItems"][self.name]["Keys"]
        _at_most(len(keys), MOST_KEYS)
        found = [stored for key in keys if (stored := self._stored(*_texts(key)))]
        self._gave(len(found), sum(stored.size for stored in found))
        bodies = b",".join(stored.body for stored in found)
        name = json.dumps(self.name).encode()
        return Answer(b'{"Responses": {' + name + b": [" + bodies + b']}, "UnprocessedKeys": {}}')

    def _get_item(self, asked: Record) -> Answer:
        stored = self._stored(*_texts(asked["Key"]))
        if stored is None:
            return Answer()
        self._gave(1, stored.size)
        return Answer(b'{"Item": ' + stored.body + b"}")

    def _batch_write(self, asked: Record) -> Record:
        requests = asked["RequestItems"][self.name]
        _at_most(len(requests), MOST_PUTS)
        for request in requests:
            self._put(request["PutRequest"]["Item"])
        return {"UnprocessedItems": {}}

    def _put_item(self, asked: Record) -> Record:
        self._require(asked, *_texts(asked["Item"]))
        self._put(asked["Item"])
        return {}

    def _delete_item(self, asked: Record) -> Record:
        pk, sk = _texts(asked["Key"])
        self._require(asked, pk, sk)
        self._delete(pk, sk)
        return {}

    def _update_item(self, asked: Record) -> Record:
        pk, sk = _texts(asked["Key"])
        self._require(asked, pk, sk)
        item = updated(asked["UpdateExpression"], self._item(pk, sk) or dict(asked["Key"]), asked)
        self._put(item)
        match asked.get("ReturnValues", "NONE"):
            case "NONE":
                return {}
            case "ALL_NEW":
                return {"Attributes": item}
            case other:
                raise unknown(other)

    def _transact(self, asked: Record) -> Record:
        actions = [next(iter(action.items())) for action in asked["TransactItems"]]
        _at_most(len(actions), MOST_ACTIONS)
        keys = [_texts(action["Item" if kind == "Put" else "Key"]) for kind, action in actions]
        _at_most(len(keys), len(set(keys)))
        holds = [self._holds(action, *key) for (_, action), key in zip(actions, keys, strict=True)]
        if not all(holds):
            reasons = [{"Code": "None"} if each else {"Code": _FAILED, "Message": _REFUSED} for each in holds]
            raise Refusal("TransactionCanceledException", "cancelled", {"CancellationReasons": reasons})
        for (kind, action), key in zip(actions, keys, strict=True):
            if kind == "Put":
                self._put(action["Item"])
            elif kind == "Delete":
                self._delete(*key)
            else:
                raise unknown(kind)
        return {}

    def _require(self, asked: Record, pk: str, sk: str) -> None:
        if not self._holds(asked, pk, sk):
            item = self._item(pk, sk) if asked.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" else {}
            raise Refusal(f"{_FAILED}Exception", _REFUSED, {"Item": item} if item else {})

    def _holds(self, asked: Record, pk: str, sk: str) -> bool:
        """Whether the condition of what is asked holds for an item."""
        condition = asked.get("ConditionExpression")
        return condition is None or holds(condition, self._item(pk, sk), asked)

    def _stored(self, pk: str, sk: str) -> _Stored | None:
        partition = self._partitions.get(pk)
        return partition.items.get(sk) if partition else None

    def _item(self, pk: str, sk: str) -> Record:
        stored = self._stored(pk, sk)
        item: Record = json.loads(stored.body) if stored else {}
        return item

    def _put(self, item: Record) -> None:
        pk, sk = _texts(item)
        self._partitions.setdefault(pk, _Partition()).put(sk, _Stored(_encode(item), size_of(item)))

    def _delete(self, pk: str, sk: str) -> None:
        if pk in self._partitions:
            self._partitions[pk].delete(sk)

    def _gave(self, items: int, size: int) -> None:
        self.read += items
        self.kilobytes += size / 1024


_REFUSED = "The conditional request failed"


def size_of(item: Record) -> int:
    """Bytes of an item, by the rules of the developer guide ("Item sizes and formats")."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Record) -> int:
    (kind, content), *_ = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return len(content.strip("-0.")) // 2 + 2
        case "BOOL" | "NULL":
            return 1
        case "L":
            return 3 + sum(1 + _value_size(each) for each in content)
        case "M":
            return 3 + sum(1 + len(name.encode()) + _value_size(each) for name, each in content.items())
        case _:
            raise unknown(kind)


def _matched(pattern: re.Pattern[str], expression: str) -> dict[str, Any]:
    found = pattern.fullmatch(expression)
    if found is None:
        raise unknown(expression)
    return found.groupdict()


def _at_most(number: int, most: int) -> None:
    if number > most:
        raise Refusal("ValidationException", f"expected at most {most}, got {number}")


def _key(pk: str, sk: str) -> Record:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _texts(item: Record) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]


def _encode(item: Record) -> bytes:
    return json.dumps(item, separators=(",", ":")).encode()
