"""A slice of ``make soak``: the same histories, few enough for every change."""

from __future__ import annotations

import pytest
from tests.simulation.history import play
from tests.simulation.soak import main
from tests.simulation.tally import Tally

SEED = 2026


@pytest.mark.parametrize("first", range(0, 160, 40))
def test_no_history_violates_anything(first: int) -> None:
    total = Tally()
    for number in range(first, first + 40):
        total.merge(play(SEED, number))
    assert not total.violations, total.violations[0]


def test_the_slice_has_something_of_everything() -> None:
    total = Tally()
    for number in range(80):
        total.merge(play(SEED + 1, number))
    happened = {what for what, times in total.counts.items() if times}
    actions = ("tag moved back", "tag taken off", "image archived", "image deleted")
    faults = ("throttled", "unavailable", "lost answer", "process ended")
    assert {("actions", each) for each in actions} <= happened
    assert {("faults", each) for each in faults} <= happened


def test_a_seed_plays_the_same_history_again() -> None:
    assert play(SEED, 7).counts == play(SEED, 7).counts


def test_the_run_prints_what_happened(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--seed", str(SEED), "--histories", "12"])
    printed = capsys.readouterr().out
    assert code == int("0 violations in 12 histories" not in printed)
    assert "actions of the product on the registry" in printed
