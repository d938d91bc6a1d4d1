"""The reader of ECS services on ECS's own answers: which instances a service can run on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.contract.ecs_reading import AMD64, APP, ARM64, read

from ecrguard.domain.workload import Basis

if TYPE_CHECKING:
    from tests.fakes.ecs import FakeEcs


def test_a_mixed_cluster_needs_every_platform_that_it_has(ecs: FakeEcs) -> None:
    ecs.instance("x86_64")
    ecs.instance("arm64")
    ecs.service("web", ecs.definition(APP), launchType="EC2")

    (workload,) = read(ecs).workloads

    assert (workload.hosts, workload.basis) == ((AMD64, ARM64), Basis.CAPACITY)


def test_the_capacity_provider_of_a_service_narrows_its_instances(ecs: FakeEcs) -> None:
    ecs.instance("x86_64", provider="intel")
    ecs.instance("arm64", provider="graviton")
    strategy = [{"capacityProvider": "graviton", "weight": 1, "base": 0}]
    ecs.service("web", ecs.definition(APP), capacityProviderStrategy=strategy)

    (workload,) = read(ecs).workloads

    assert (workload.hosts, workload.basis) == ((ARM64,), Basis.CAPACITY)


@pytest.mark.parametrize("stated_by", ["service", "definition", "both"])
def test_placement_constraints_narrow_the_instances_as_ecs_evaluates_them(ecs: FakeEcs, stated_by: str) -> None:
    ecs.instance("x86_64")
    ecs.instance("arm64")
    ecs.instance("arm64", os="WINDOWS_SERVER_2022_CORE")
    arm, linux = "attribute:ecs.cpu-architecture == arm64", "attribute:ecs.os-type == linux"
    if stated_by == "both":
        definition, more = ecs.definition(APP, constraint=arm), [{"type": "memberOf", "expression": linux}]
    elif stated_by == "service":
        definition = ecs.definition(APP)
        more = [{"type": "memberOf", "expression": each} for each in (arm, linux)]
    else:
        definition, more = ecs.definition(APP, constraint=arm), [{"type": "distinctInstance"}]
        ecs.instances["prod"].popitem()
    ecs.service("web", definition, launchType="EC2", placementConstraints=more)

    (workload,) = read(ecs).workloads

    assert (workload.hosts, workload.basis) == ((ARM64,), Basis.CAPACITY)


def test_instances_that_take_no_new_tasks_do_not_count(ecs: FakeEcs) -> None:
    ecs.instance("x86_64", status="DRAINING")
    ecs.instance("arm64")
    ecs.service("web", ecs.definition(APP), launchType="EC2")

    assert read(ecs).workloads[0].hosts == (ARM64,)


def test_without_instances_the_platform_is_unknown_and_the_workload_is_still_there(ecs: FakeEcs) -> None:
    ecs.service("web", ecs.definition(APP), launchType="EC2")

    answer = read(ecs)

    assert [(workload.hosts, workload.basis) for workload in answer.workloads] == [((), Basis.UNKNOWN)]
    assert answer.unknowns == ()


def test_an_instance_that_went_between_the_calls_is_no_failure(ecs: FakeEcs) -> None:
    ecs.instance("x86_64")
    gone = ecs.instance("arm64")
    ecs.service("web", ecs.definition(APP), launchType="EC2")
    ecs.failing["DescribeContainerInstances"] = lambda _: ecs.instances["prod"].pop(gone, None)

    assert read(ecs).workloads[0].hosts == (AMD64,)
