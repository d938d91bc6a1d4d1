"""However many call PutImage at once, no second has more calls than its share."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ecrguard.adapters.put_budget import MOST_SECONDS, PER_SECOND, PutBudget
from ecrguard.domain.image import UnknownReason
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from ecrguard.adapters.inventory_table import InventoryTable

START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@dataclass
class Waiting:
    """A time that goes on where it is waited."""

    time: datetime
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)


@dataclass
class Whole:
    """A client whose updates are whole, as DynamoDB's are: moto's may be interrupted after the condition."""

    client: Any
    lock: threading.Lock = field(default_factory=threading.Lock)

    def update_item(self, **asked: Any) -> Any:
        with self.lock:
            return self.client.update_item(**asked)


def budget(table: InventoryTable, clock: Waiting) -> PutBudget:
    return PutBudget(table.client, table.table, clock, clock.sleep)


def test_the_first_calls_of_a_second_do_not_wait_and_the_next_waits_for_the_next_second(table: InventoryTable) -> None:
    clock = Waiting(START + timedelta(milliseconds=300))
    for _ in range(PER_SECOND):
        budget(table, clock).take()
    assert clock.slept == []

    budget(table, clock).take()

    assert clock.slept == [pytest.approx(0.7)]
    assert clock.time == START + timedelta(seconds=1)


def test_whoever_would_have_to_wait_too_long_is_told_so(table: InventoryTable) -> None:
    clocks = [Waiting(START) for _ in range(PER_SECOND * (MOST_SECONDS + 1))]
    for clock in clocks:
        budget(table, clock).take()
    assert max(sum(clock.slept) for clock in clocks) == MOST_SECONDS

    late = Waiting(START)
    with pytest.raises(UnreadableError) as refused:
        budget(table, late).take()

    assert refused.value.unknown.reason is UnknownReason.THROTTLED
    assert late.slept == []
    budget(table, Waiting(START + timedelta(seconds=MOST_SECONDS + 1))).take()


def test_of_many_takers_at_once_no_second_has_more_than_its_share(table: InventoryTable) -> None:
    lock = threading.Lock()
    client: Any = Whole(table.client())
    taken: list[datetime] = []
    refused: list[UnreadableError] = []

    def taker(number: int) -> None:
        # Each in an execution environment of its own, whose clocks are not at the same moment of their seconds.
        clock = Waiting(START + timedelta(milliseconds=number * 397 % 2_000))
        own = PutBudget(lambda: client, table.table, clock, clock.sleep)
        for _ in range(6):
            try:
                own.take()
            except UnreadableError as error:
                with lock:
                    refused.append(error)
                clock.time += timedelta(seconds=1)
                continue
            with lock:
                taken.append(clock.time)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(taker, range(8)))

    seconds = Counter(int(time.timestamp()) for time in taken)
    assert len(taken) + len(refused) == 48
    assert max(seconds.values()) == PER_SECOND
    assert {error.unknown.reason for error in refused} <= {UnknownReason.THROTTLED}


def test_the_counts_expire(table: InventoryTable) -> None:
    budget(table, Waiting(START)).take()

    client: Any = table.client()
    (item,) = client.scan(TableName=table.table)["Items"]

    assert (item["pk"], item["sk"]) == ({"S": "pace"}, {"S": f"putimage#{int(START.timestamp())}"})
    assert int(item["expires"]["N"]) > START.timestamp()
