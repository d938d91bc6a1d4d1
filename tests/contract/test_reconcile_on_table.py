"""Passes on the real table: ended at any call to DynamoDB, and gone on with, they leave the same items."""

from __future__ import annotations

import itertools
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from tests.contract.inventory_world import TABLE
from tests.fakes.source import FakeSource
from tests.inventories import ARM64, Clock, arn, elsewhere, service

from ecrguard.adapters.dynamodb import loaded
from ecrguard.adapters.inventory_table import InventoryTable
from ecrguard.deadline import Deadline
from ecrguard.domain.inventory import BadImage, Sighting
from ecrguard.reconcile import Reconciler

PERIOD = timedelta(hours=1)
BEFORE = {each.arn: each for each in (service("a"), service("b"), service("c", "team/web:1"), service("gone"))}
NOW = {
    each.arn: each
    for each in (
        service("a"),
        service("b", "team/web:2"),
        elsewhere("c"),
        service("d", host=ARM64),
        Sighting(arn("e"), (), (BadImage("ECS service prod/e", "team/app:!", "no reference"),)),
    )
}
# When something was written, and by which write, is another matter than what it says.
VOLATILE = frozenset({"observed", "version", "seen", "expires", "complete", "ended", "tried"})


class Killed(BaseException):
    """The function is ended, with no chance to say anything."""


class Ending:
    """A client that ends the run at the n-th call, before or after it has had its effect."""

    def __init__(self, client: Any, at: int, *, after: bool) -> None:
        self._client, self._at, self._after = client, at, after
        self._calls = itertools.count(1)

    def __getattr__(self, name: str) -> Any:
        def call(**asked: Any) -> Any:
            ends = next(self._calls) == self._at
            if ends and not self._after:
                raise Killed
            answer = getattr(self._client, name)(**asked)
            if ends:
                raise Killed
            return answer

        return call


def passed(dynamodb: Any, workloads: dict[str, Sighting], clock: Clock, at: int = 0, *, after: bool = False) -> int:
    """Run until a pass of the source is complete; the number of runs. The first ends at the n-th call."""
    client: Any = Ending(dynamodb, at, after=after)
    begun = clock.time
    sources = {"ecs": partial(FakeSource, workloads)}
    for runs in itertools.count(1):
        inventory = InventoryTable(partial(_itself, client), "inventory")
        reconciler = Reconciler(inventory, sources, lambda *_: None, Deadline(), PERIOD, clock)
        try:
            reconciler.run(f"run {runs}", clock() + timedelta(minutes=5))
        except Killed:
            client = dynamodb
        clock.time += timedelta(minutes=6)
        state = InventoryTable(lambda: dynamodb, "inventory").states().get("ecs")
        if state is not None and state.running is None and state.complete is not None and state.complete > begun:
            return runs
    raise AssertionError


def _itself(client: Any) -> Any:
    return client


def items(dynamodb: Any) -> list[dict[str, Any]]:
    """What the table says, but for the pages of passes, which expire."""
    found = map(loaded, dynamodb.scan(TableName="inventory")["Items"])
    kept = [item for item in found if not item["pk"].startswith("pass#") and item["pk"] != "lease"]
    said = [{name: value for name, value in item.items() if name not in VOLATILE} for item in kept]
    return sorted(said, key=lambda item: (item["pk"], item["sk"]))


def table_after(dynamodb: Any, at: int, *, after: bool) -> tuple[list[dict[str, Any]], int]:
    dynamodb.create_table(TableName="inventory", **TABLE)
    try:
        clock = Clock()
        passed(dynamodb, BEFORE, clock)
        clock.time += PERIOD
        runs = passed(dynamodb, NOW, clock, at, after=after)
        return items(dynamodb), runs
    finally:
        dynamodb.delete_table(TableName="inventory")


@pytest.mark.parametrize("after", [False, True], ids=["before it", "after it"])
def test_a_pass_that_ends_at_any_call_ends_in_the_same_table(dynamodb: Any, *, after: bool) -> None:
    uninterrupted, runs = table_after(dynamodb, 0, after=after)
    assert runs == 1
    assert {item["pk"] for item in uninterrupted} == {
        "inventory",
        "repository#team/app",
        "repository#team/web",
        "source#ecs",
    }
    for at in itertools.count(1):
        table, runs = table_after(dynamodb, at, after=after)
        assert table == uninterrupted, f"ended at call {at}"
        if runs == 1:
            # It was through before that call came.
            assert at > 15
            break
