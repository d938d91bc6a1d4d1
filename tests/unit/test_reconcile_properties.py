"""A pass that is cut anywhere, any number of times, ends as one that was not."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes.inventory import FakeInventory
from tests.fakes.source import FakeSource
from tests.inventories import Clock, accounts, contents, sightings, truth

from ecrguard.deadline import Deadline
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.errors import UnreadableError
from ecrguard.reconcile import Reconciler

if TYPE_CHECKING:
    from ecrguard.domain.inventory import Sighting

PERIOD = timedelta(hours=1)


class Killed(BaseException):
    """The function is ended, with no chance to say anything."""


@dataclass
class Saboteur:
    """Ends the run, or has a call fail, at the given steps: every call to the source and every write is a step."""

    at: dict[int, str]
    steps: int = field(default=0)

    def step(self, *_: object) -> None:
        self.steps += 1
        what = self.at.get(self.steps)
        if what == "killed":
            raise Killed
        if what is not None:
            raise UnreadableError(Unknown(UnknownReason(what), "as arranged", "ecs"))


def passed(
    workloads: dict[str, Sighting], inventory: FakeInventory, clock: Clock, size: int, saboteur: Saboteur
) -> int:
    """Run until the pass is over, each run on a new source as a new process would; the number of runs."""
    inventory.before_write = saboteur.step
    runs = 0
    while True:
        runs += 1
        source = FakeSource(workloads, size, before=saboteur.step)
        reconciler = Reconciler(inventory, {"ecs": lambda: source}, lambda *_: None, Deadline(), PERIOD, clock)  # noqa: B023 - used within the turn
        with contextlib.suppress(Killed, UnreadableError):
            reconciler.run(f"run {runs}", clock() + timedelta(minutes=5))
        clock.time += timedelta(minutes=6)
        state = inventory.states().get("ecs")
        if state is not None and state.running is None and state.complete is not None:
            return runs


faults = st.dictionaries(
    st.integers(1, 60), st.sampled_from(["killed", "killed", "throttled", "unavailable"]), max_size=12
)


@given(before=accounts, now=accounts, size=st.integers(1, 5), faults=faults)
@settings(max_examples=300, deadline=None)
def test_a_pass_that_is_cut_anywhere_ends_in_the_same_table(
    before: dict[str, Sighting], now: dict[str, Sighting], size: int, faults: dict[int, str]
) -> None:
    tables = []
    for at in ({}, faults):
        inventory, clock = FakeInventory(), Clock()
        passed(before, inventory, clock, size, Saboteur({}))
        inventory.passes.clear()
        clock.time += PERIOD
        passed(now, inventory, clock, size, Saboteur(dict(at)))
        tables.append(contents(inventory))

    uninterrupted, cut = tables
    assert cut == uninterrupted == truth(now)


@given(before=accounts, after=accounts, size=st.integers(1, 3), at=st.integers(1, 20))
@settings(max_examples=200, deadline=None)
def test_an_account_that_changes_while_it_is_read_is_right_after_the_next_pass(
    before: dict[str, Sighting], after: dict[str, Sighting], size: int, at: int
) -> None:
    inventory, clock = FakeInventory(), Clock()
    account = dict(before)
    steps = 0

    def change(*_: object) -> None:
        nonlocal steps
        steps += 1
        if steps == at:
            account.clear()
            account.update(after)

    def make_pass() -> None:
        source = FakeSource(account, size, before=change)
        reconciler = Reconciler(inventory, {"ecs": lambda: source}, lambda *_: None, Deadline(), PERIOD, clock)
        reconciler.run("me", clock() + timedelta(minutes=5))
        clock.time += PERIOD

    # The pass in which it changes may see either; the next one does not.
    while steps < at:
        make_pass()
    make_pass()
    assert contents(inventory) == truth(after)


@given(account=st.lists(sightings(), min_size=1), size=st.integers(1, 4))
@settings(max_examples=50, deadline=None)
def test_a_pass_over_what_is_known_writes_nothing_but_its_progress(account: list[Sighting], size: int) -> None:
    workloads = {each.arn: each for each in account}
    inventory, clock = FakeInventory(), Clock()
    passed(workloads, inventory, clock, size, Saboteur({}))
    pages, writes = len(inventory.pages), inventory.writes
    inventory.passes["ecs"] = inventory.passes["ecs"].__class__("ecs")
    passed(workloads, inventory, clock, size, Saboteur({}))
    # The lease, the beginning, each page that is tried and done, and the end that is tried and done.
    assert inventory.writes - writes == 2 * (len(inventory.pages) - pages) + 4
