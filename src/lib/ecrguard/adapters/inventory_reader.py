"""What a push asks of the inventory: one Query, whatever the number of workloads."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from ecrguard.adapters.dynamodb import SUBJECT, items_of
from ecrguard.adapters.inventory_items import (
    INVENTORY,
    bad_images_of,
    repository_pk,
    state_of,
    workloads_of,
)
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.inventory import gaps
from ecrguard.errors import UnreadableError
from ecrguard.ports import LinkedWorkloads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from mypy_boto3_dynamodb.client import DynamoDBClient

    from ecrguard.adapters.dynamodb import Item
    from ecrguard.domain.inventory import BadImage, SourceState
    from ecrguard.domain.reference import Registry
    from ecrguard.domain.workload import Workload

STATES_KEPT = timedelta(seconds=30)
"""How long the states of the sources are used before they are read again."""


@dataclass(slots=True)
class InventoryReader:
    """Knows the workloads that run images of a repository. A ``WorkloadReader``.

    The states of the sources, which no repository's Query can hold, are one more Query, made at most every
    :data:`STATES_KEPT` in the life of this object.

    Attributes:
        client: gives boto3's DynamoDB client; called when there is something to read.
        table: name of the inventory's table.
        sources: names of those that are switched on; what the others left behind does not count.
        limit: age from which on the inventory is too old.
        now: the time, UTC.
    """

    client: Callable[[], DynamoDBClient]
    table: str
    sources: Sequence[str]
    limit: timedelta
    now: Callable[[], datetime]
    _states: _States | None = field(default=None)

    def linked(self, registry: Registry, repository: str) -> LinkedWorkloads:
        """Every workload that names ``repository``, and what the inventory cannot tell."""
        del registry  # The inventory holds the guarded registry alone.
        if not self.sources:
            return LinkedWorkloads()
        workloads: list[Workload] = []
        unknowns: list[Unknown] = []
        try:
            # The states first: a pass that ends between the two has written all that it found.
            now = self.now()
            states = self._current(now)
            for item in items_of(self.client, self.table, repository_pk(repository)):
                if item["source"] in self.sources:
                    _read(item, workloads, unknowns)
        except UnreadableError as error:
            return LinkedWorkloads(tuple(workloads), (error.unknown,))
        unknowns += [
            Unknown(
                UnknownReason.WORKLOAD_IMAGE_INVALID, f"{bad.subject} has an unusable image: {bad.problem}", bad.subject
            )
            for source, bad in states.bad_images
            if source in self.sources and bad.may_name(repository)
        ]
        return LinkedWorkloads(tuple(workloads), (*unknowns, *gaps(states.by_name, self.sources, now, self.limit)))

    def _current(self, now: datetime) -> _States:
        if self._states is None or now - self._states.read >= STATES_KEPT:
            items = list(items_of(self.client, self.table, INVENTORY))
            found = [state_of(item) for item in items if item["sk"].startswith("source#")]
            bad = [(item["source"], each) for item in items if "images" in item for each in bad_images_of(item)]
            self._states = _States(now, {state.source: state for state in found}, tuple(bad))
        return self._states


@dataclass(frozen=True, slots=True)
class _States:
    """The sources as they were at a time, and the images that are no references, by source."""

    read: datetime
    by_name: Mapping[str, SourceState]
    bad_images: tuple[tuple[str, BadImage], ...]


def _read(item: Item, workloads: list[Workload], unknowns: list[Unknown]) -> None:
    try:
        workloads += workloads_of(item)
    except (KeyError, TypeError, ValueError) as error:
        # Of another version of the product: what it says is not known, and it is not nothing.
        detail = f"{SUBJECT} has an entry for {item['sk']} that this version cannot read: {error}"
        unknowns.append(Unknown(UnknownReason.UNAVAILABLE, detail, item["sk"]))
