"""Calls of AWS are spread over time: none too soon, none held back without need."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrguard.adapters.pace import BURST, PER_SECOND, Pace


@dataclass
class Time:
    """A time that passes while somebody sleeps."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_after_a_rest_many_calls_are_made_at_once_and_then_at_a_steady_rate() -> None:
    time = Time()
    pace = Pace(time.clock, time.sleep)
    for _ in range(int(BURST)):
        pace("ecs:DescribeServices")
    assert time.slept == []

    for _ in range(50):
        pace("ecs:DescribeServices")

    assert time.now - 1000 == pytest.approx(50 / PER_SECOND)


def test_actions_do_not_wait_for_each_other() -> None:
    time = Time()
    pace = Pace(time.clock, time.sleep)
    for _ in range(int(BURST)):
        pace("ecs:DescribeServices")
    pace("ecs:ListServices")
    assert time.slept == []


@given(st.lists(st.floats(0, 5), max_size=200))
def test_in_any_span_there_are_no_more_calls_than_the_burst_and_the_rate_allow(pauses: list[float]) -> None:
    time = Time()
    pace = Pace(time.clock, time.sleep)
    made: list[float] = []
    for pause in pauses:
        time.now += pause if pause > 4 else 0
        pace("ecs:DescribeServices")
        made.append(time.now)
    for first in range(len(made)):
        for last in range(first, len(made), 7):
            assert last - first + 1 <= BURST + 1 + (made[last] - made[first]) * PER_SECOND + 1e-6
