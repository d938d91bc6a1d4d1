"""The reader of ECS services on ECS's own answers: which services and deployments count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contract.ecs_reading import AMD64, APP, ARM64, read

from ecrguard.domain.workload import Basis

if TYPE_CHECKING:
    from tests.fakes.ecs import FakeEcs


def test_a_service_scaled_to_zero_counts_and_one_that_is_deleted_does_not(ecs: FakeEcs) -> None:
    definition = ecs.definition(APP)
    ecs.service("asleep", definition, desiredCount=0, runningCount=0)
    ecs.service("leaving", definition, status="DRAINING")
    ecs.service("left", definition, status="INACTIVE")

    assert [workload.name for workload in read(ecs).workloads] == ["prod/asleep"]


def test_both_sides_of_a_deployment_count_while_both_have_tasks(ecs: FakeEcs) -> None:
    old, new = ecs.definition(APP, cpu="X86_64", os="LINUX"), ecs.definition(APP, cpu="ARM64", os="LINUX")
    ecs.service("web", new, deployments=[ecs.deployment(new), ecs.deployment(old, "ACTIVE")])

    found = {workload.definition: workload.hosts for workload in read(ecs).workloads}

    assert found == {"web:1": (AMD64,), "web:2": (ARM64,)}


def test_one_definition_on_two_capacities_is_one_workload_with_both_hosts(ecs: FakeEcs) -> None:
    ecs.instance("arm64")
    definition = ecs.definition(APP)
    deployments = [
        ecs.deployment(definition, launchType="FARGATE", platformFamily="Linux"),
        ecs.deployment(definition, "ACTIVE", launchType="EC2"),
    ]
    ecs.service("web", definition, deployments=deployments)

    (workload,) = read(ecs).workloads

    assert (workload.hosts, workload.basis) == ((AMD64, ARM64), Basis.CAPACITY)
