"""Workloads that are read again right before something is taken away: by their source, and never guessed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.fakes.source import FakeSource
from tests.situations import apprunner, ecs

from ecrguard.config import SOURCES as NAMES
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.inventory import BadImage, Sighting
from ecrguard.domain.workload import WorkloadKind
from ecrguard.errors import AbsentError, UnreadableError
from ecrguard.live import SOURCES, LiveSources


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

    detail = f"{apprunner().arn} cannot be read again: apprunner is not among LinkedWorkloads"
    assert answer.unknowns == (Unknown(UnknownReason.UNAVAILABLE, detail, apprunner().arn),)


THROTTLED = Unknown(UnknownReason.THROTTLED, "throttled", "ecs")
NO_REGION = f"{ecs().arn} cannot be read again: ecs is not in this Region"


@pytest.mark.parametrize(
    ("error", "unknown"),
    [
        (AbsentError("ecs is not in this Region"), Unknown(UnknownReason.UNAVAILABLE, NO_REGION, ecs().arn)),
        (UnreadableError(THROTTLED), THROTTLED),
    ],
    ids=["absent", "throttled"],
)
def test_a_source_that_does_not_tell_is_not_taken_for_no_workloads(error: Exception, unknown: Unknown) -> None:
    class Failing(FakeSource):
        def read(self, _: object) -> dict[str, Sighting | Unknown]:
            raise error

    answer = live(Failing()).again([ecs()])

    assert (answer.workloads, answer.unknowns) == ((), (unknown,))


DENIED = Unknown(UnknownReason.ACCESS_DENIED, "denied", ecs().arn)
TOLD: dict[str, tuple[dict[str, Sighting | Unknown], Unknown]] = {
    "nothing is told": ({}, Unknown(UnknownReason.UNAVAILABLE, f"ecs told nothing of {ecs().arn}", ecs().arn)),
    "denied": ({ecs().arn: DENIED}, DENIED),
    "a bad image": (
        {ecs().arn: Sighting(ecs().arn, (), (BadImage("prod/web", "???", "no reference"),))},
        Unknown(UnknownReason.WORKLOAD_IMAGE_INVALID, "prod/web: no reference", "prod/web"),
    ),
}


@pytest.mark.parametrize(("told", "unknown"), TOLD.values(), ids=TOLD.keys())
def test_a_workload_that_cannot_be_read_is_said(told: dict[str, Sighting | Unknown], unknown: Unknown) -> None:
    class Telling(FakeSource):
        def read(self, _: object) -> dict[str, Sighting | Unknown]:
            return told

    assert live(Telling()).again([ecs()]).unknowns == (unknown,)


def test_two_hundred_workloads_are_read_and_of_more_not_one() -> None:
    source = FakeSource()
    workloads = [ecs(name=f"prod/web-{number}") for number in range(201)]
    source.put(*(Sighting(each.arn, (each,)) for each in workloads))

    within, beyond = live(source).again(workloads[:200]), live(source).again(workloads)

    assert (len(within.workloads), within.unknowns) == (200, ())
    assert beyond.workloads == ()
    assert [unknown.reason for unknown in beyond.unknowns] == [UnknownReason.UNAVAILABLE]
    assert source.calls == ["read"]
