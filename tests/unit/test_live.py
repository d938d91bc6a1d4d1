"""Workloads that are read again right before something is taken away: by their source, and never guessed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.fakes.source import FakeSource
from tests.inventories import service
from tests.situations import apprunner, ecs

from ecrguard.config import SOURCES as NAMES
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.inventory import BadImage, Sighting
from ecrguard.domain.workload import WorkloadKind
from ecrguard.errors import AbsentError, UnreadableError
from ecrguard.live import MOST_READ, SOURCES, LiveSources


def live(source: FakeSource) -> LiveSources:
    return LiveSources(lambda: {"ecs": lambda: source})


def test_every_kind_of_workload_has_a_source() -> None:
    assert set(SOURCES) == set(WorkloadKind)
    assert set(SOURCES.values()) == set(NAMES)


def test_workloads_are_read_as_they_are_now() -> None:
    known = ecs("linux/arm64")
    now = replace(known, reference=ecs(reference=":2.0").reference)
    source = FakeSource()
    source.put(Sighting(known.arn, (now,)))

    assert live(source).again([known, known]).workloads == (now,)


def test_one_that_is_gone_runs_nothing() -> None:
    source = FakeSource()
    source.put(Sighting(ecs().arn))

    answer = live(source).again([ecs()])

    assert (answer.workloads, answer.unknowns) == ((), ())


def test_nothing_is_asked_where_nothing_is_known() -> None:
    def no_sources() -> dict[str, object]:
        raise AssertionError

    answer = LiveSources(no_sources).again([])  # type: ignore[arg-type]  # it is not to be called

    assert (answer.workloads, answer.unknowns) == ((), ())


def test_a_source_that_is_switched_off_is_not_taken_for_no_workloads() -> None:
    answer = live(FakeSource()).again([apprunner()])

    assert [unknown.detail for unknown in answer.unknowns] == [
        f"{apprunner().arn} cannot be read again: apprunner is not among LinkedWorkloads"
    ]


@pytest.mark.parametrize(
    "error",
    [
        AbsentError("ecs is not in this Region"),
        UnreadableError(Unknown(UnknownReason.THROTTLED, "throttled", "ecs")),
    ],
    ids=["absent", "throttled"],
)
def test_a_source_that_does_not_tell_is_not_taken_for_no_workloads(error: Exception) -> None:
    class Failing(FakeSource):
        def read(self, _: object) -> dict[str, Sighting | Unknown]:
            raise error

    answer = live(Failing()).again([ecs()])

    assert answer.workloads == ()
    assert len(answer.unknowns) == 1


@pytest.mark.parametrize(
    "told",
    [
        {},
        {ecs().arn: Unknown(UnknownReason.ACCESS_DENIED, "denied", ecs().arn)},
        {ecs().arn: Sighting(ecs().arn, (), (BadImage("prod/web", "???", "no reference"),))},
    ],
    ids=["nothing is told", "denied", "a bad image"],
)
def test_a_workload_that_cannot_be_read_is_said(told: dict[str, Sighting | Unknown]) -> None:
    class Telling(FakeSource):
        def read(self, _: object) -> dict[str, Sighting | Unknown]:
            return told

    assert len(live(Telling()).again([ecs()]).unknowns) == 1


def test_more_than_can_be_read_are_not_read_at_all() -> None:
    source = FakeSource()
    workloads = [ecs(name=f"prod/web-{number}") for number in range(MOST_READ + 1)]

    answer = live(source).again(workloads)

    assert (len(answer.unknowns), answer.workloads) == (1, ())
    assert service("a").arn not in {each.arn for each in answer.workloads}
