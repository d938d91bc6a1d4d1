"""Task definitions, kept for ever: a revision never changes once it is registered."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import batched
from typing import TYPE_CHECKING

from ecrguard.adapters.dynamodb import ITEMS_PER_WRITE, KEYS_PER_READ, get_items, key, put_items

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mypy_boto3_dynamodb.client import DynamoDBClient

_SORT_KEY = "revision"
_MAX_KEPT = 10_000


@dataclass(slots=True)
class RevisionTable:
    """Revisions in the inventory's table, and for the life of this object in memory. A ``Revisions``.

    Attributes:
        client: gives boto3's DynamoDB client; called when there is something to read or write.
        table: name of the table.
    """

    client: Callable[[], DynamoDBClient]
    table: str
    _kept: dict[str, str] = field(default_factory=dict)

    def get(self, arns: Sequence[str]) -> Mapping[str, str]:
        """The texts that were kept, by ARN."""
        missing = (arn for arn in dict.fromkeys(arns) if arn not in self._kept)
        found: dict[str, str] = {}
        for some in batched(missing, KEYS_PER_READ, strict=False):
            keys = [key(_pk(arn), _SORT_KEY) for arn in some]
            for item in get_items(self.client, self.table, keys, consistent=False):
                found[item["pk"].removeprefix(_pk(""))] = item["text"]
        found |= {arn: self._kept[arn] for arn in arns if arn in self._kept}
        self._keep(found)
        return found

    def put(self, texts: Mapping[str, str]) -> None:
        """Keep a text for each ARN."""
        for some in batched(texts.items(), ITEMS_PER_WRITE, strict=False):
            items = [{"pk": _pk(arn), "sk": _SORT_KEY, "text": text} for arn, text in some]
            put_items(self.client, self.table, items)
        self._keep(texts)

    def _keep(self, texts: Mapping[str, str]) -> None:
        self._kept |= texts
        while len(self._kept) > _MAX_KEPT:
            del self._kept[next(iter(self._kept))]


def _pk(arn: str) -> str:
    return f"revision#{arn}"
