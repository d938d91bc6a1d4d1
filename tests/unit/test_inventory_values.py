"""What makes two sightings the same, what counts as a change, and what an inventory cannot tell."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest
from tests.inventories import ARM64, NOON, REGISTRY, arn, service

from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.inventory import BadImage, Known, Sighting, SourceState, changed, fingerprint, gaps, runs
from ecrguard.domain.platform import Platform
from ecrguard.domain.reference import parse_reference
from ecrguard.domain.workload import Basis, Workload, WorkloadKind

(WORKLOAD,) = service("api").workloads
OTHERS: dict[str, Any] = {
    "kind": WorkloadKind.ECS_DAEMON,
    "arn": arn("other"),
    "name": "prod/other",
    "container": "side",
    "reference": parse_reference(f"{REGISTRY.host}/team/app:2"),
    "hosts": (ARM64,),
    "basis": Basis.OVERRIDE,
    "definition": "web:2",
    "deploys_on_push": True,
    "resolved": "sha256:" + "a" * 64,
}


def test_every_member_of_a_workload_is_considered() -> None:
    assert OTHERS.keys() == {field.name for field in fields(Workload)}


@pytest.mark.parametrize("member", OTHERS)
def test_a_sighting_that_says_anything_else_is_another(member: str) -> None:
    other = replace(WORKLOAD, **{member: OTHERS[member]})
    before, after = Sighting(arn("api"), (WORKLOAD,)), Sighting(arn("api"), (other,))

    assert fingerprint(before) != fingerprint(after)


def test_the_order_of_containers_is_of_no_account() -> None:
    side = replace(WORKLOAD, container="side")
    bad = (BadImage("a", "b", "c"), BadImage("d", "e", "f"))

    one, other = Sighting("x", (WORKLOAD, side), bad), Sighting("x", (side, WORKLOAD), bad[::-1])

    assert fingerprint(one) == fingerprint(other)
    assert fingerprint(one) != fingerprint(Sighting("x", (WORKLOAD, side), bad[:1]))


@pytest.mark.parametrize("member", OTHERS)
def test_a_workload_has_changed_where_it_runs_something_else_or_elsewhere(member: str) -> None:
    before = Known(arn("api"), NOON, "1", runs=frozenset({runs(WORKLOAD)}))
    after = replace(WORKLOAD, **{member: OTHERS[member]})

    found = changed(Sighting(arn("api"), (after,)), before, NOON + timedelta(seconds=1))

    assert bool(found) == (member in ("container", "reference", "hosts"))


def test_an_observation_that_is_not_the_latest_shows_no_change() -> None:
    known = Known(arn("api"), NOON, "1")
    assert changed(service("api"), known, NOON) == ()
    assert changed(service("api"), known, NOON + timedelta(seconds=1)) == (WORKLOAD,)
    assert changed(service("api"), None, NOON) == (WORKLOAD,)


@pytest.mark.parametrize("kind", [WorkloadKind.ECS_TASK, WorkloadKind.EKS_CLUSTER])
def test_what_starts_and_ends_does_not_change(kind: WorkloadKind) -> None:
    assert changed(Sighting("x", (replace(WORKLOAD, kind=kind),)), None, NOON) == ()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("team/app:1", True),
        ("https://123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app:1", True),
        ("host//team/app", True),
        ("host/team/app@sha256:12", True),
        ("host/team/app :1", True),
        ("${REGISTRY}/team/app", True),
        ("team/app2:1", False),
        ("my-team/app:1", False),
        ("host/team/app/more:1", False),
        ("", False),
        ("{{image}}", False),
    ],
)
def test_an_unusable_image_may_mean_a_repository_whose_name_stands_in_it(text: str, *, names: bool) -> None:
    assert BadImage("x", text, "y").may_name("team/app") is names


PERIOD, LIMIT = timedelta(hours=1), timedelta(hours=3)
DENIED = Unknown(UnknownReason.ACCESS_DENIED, "denied", "ecs")
STATES = {
    "never looked at": (SourceState("ecs"), [UnknownReason.INVENTORY_INCOMPLETE]),
    "read": (SourceState("ecs", NOON, NOON), []),
    "read long ago": (SourceState("ecs", NOON - LIMIT, NOON), [UnknownReason.INVENTORY_STALE]),
    "denied, having been read": (SourceState("ecs", NOON, NOON, (DENIED,)), [UnknownReason.ACCESS_DENIED]),
    "denied for long": (SourceState("ecs", NOON - LIMIT, NOON, (DENIED,)), [UnknownReason.ACCESS_DENIED]),
    "denied from the start": (SourceState("ecs", None, NOON, (DENIED,)), [UnknownReason.ACCESS_DENIED]),
    "absent": (SourceState("ecs", None, NOON, (), "not in this Region"), []),
    "absent, having been there": (SourceState("ecs", NOON - LIMIT, NOON, (), "not in this Region"), []),
}


@pytest.mark.parametrize(("state", "reasons"), STATES.values(), ids=STATES.keys())
def test_what_an_inventory_cannot_tell_of_a_source(state: SourceState, reasons: list[UnknownReason]) -> None:
    found = gaps({"ecs": state}, ["ecs"], NOON + timedelta(minutes=1), LIMIT)

    assert [unknown.reason for unknown in found] == reasons
    assert gaps({"ecs": state}, [], NOON, LIMIT) == ()


def test_how_old_an_inventory_is_stands_in_what_is_said_of_it() -> None:
    state = SourceState("ecs", NOON - timedelta(hours=5), NOON)

    (unknown,) = gaps({"ecs": state}, ["ecs"], NOON, LIMIT)

    assert unknown.detail == (
        "the inventory of ecs was last read completely at 2026-11-24 07:00 UTC, more than 180 minutes ago; the log of "
        "ecrguard's reconcile function says why"
    )


@pytest.mark.parametrize(
    ("unknowns", "minutes", "due"),
    [((), 59, False), ((), 60, True), ((DENIED,), 14, False), ((DENIED,), 15, True)],
)
def test_a_pass_is_due_after_a_period_and_sooner_where_something_was_not_read(
    unknowns: tuple[Unknown, ...], minutes: int, *, due: bool
) -> None:
    state = SourceState("ecs", NOON, NOON, unknowns)
    assert state.due(NOON + timedelta(minutes=minutes), PERIOD) is due


def test_hosts_are_told_apart_by_their_builds() -> None:
    one, other = (replace(WORKLOAD, hosts=(Platform("windows", "amd64", "", build),)) for build in ("10.0.1", "10.0.2"))
    assert runs(one) != runs(other)
