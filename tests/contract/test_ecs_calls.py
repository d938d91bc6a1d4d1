"""The reader of ECS services on ECS's own answers: what it asks, and how often."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contract.ecs_reading import AMD64, APP, REGISTRY, read

from ecrguard.adapters.ecs import EcsServices
from ecrguard.domain.workload import Basis

if TYPE_CHECKING:
    from tests.fakes.ecs import FakeEcs


def test_definitions_are_read_once_for_each_revision_and_kept_between_reads(ecs: FakeEcs) -> None:
    shared = ecs.definition(APP)
    for number in range(30):
        ecs.service(f"s{number}", shared)
    reader = EcsServices(lambda: ecs.client)

    first, second = reader.linked(REGISTRY, "app"), reader.linked(REGISTRY, "app")

    assert first == second
    assert len(first.workloads) == 30
    assert ecs.count("DescribeTaskDefinition") == 1
    assert ecs.count("ListServices") == 2
    assert ecs.count("DescribeServices") == 2 * 3


def test_definitions_of_other_repositories_cost_no_look_at_instances(ecs: FakeEcs) -> None:
    ecs.instance()
    ecs.service("web", ecs.definition("nginx:1"), launchType="EC2")

    assert read(ecs).workloads == ()
    assert ecs.count("ListContainerInstances") == 0


def test_instances_are_read_once_for_each_cluster_and_only_where_definitions_are_silent(ecs: FakeEcs) -> None:
    for number in range(130):
        ecs.instance(cluster="prod", provider="asg" if number else "")
    for name in ("a", "b"):
        ecs.service(name, ecs.definition(APP, family=name), launchType="EC2")
    ecs.service("c", ecs.definition(APP, family="c", cpu="X86_64", os="LINUX"), cluster="test", launchType="EC2")

    answer = read(ecs)

    assert [(workload.hosts, workload.basis) for workload in answer.workloads] == [
        ((AMD64,), Basis.CAPACITY),
        ((AMD64,), Basis.CAPACITY),
        ((AMD64,), Basis.EXPLICIT),
    ]
    assert ecs.count("ListContainerInstances") == 2  # pages
    assert ecs.count("DescribeContainerInstances") == 2


def test_every_cluster_is_read_however_many_there_are(ecs: FakeEcs) -> None:
    for number in range(120):
        ecs.service("web", ecs.definition(APP, family=f"f{number}"), cluster=f"c{number:03}")

    answer = read(ecs)

    assert sorted(workload.name for workload in answer.workloads) == [f"c{number:03}/web" for number in range(120)]
    assert ecs.count("ListClusters") == 2


def test_empty_clusters_and_empty_pages_are_nothing_to_report(ecs: FakeEcs) -> None:
    ecs.cluster("empty")

    assert read(ecs).workloads == ()
    assert read(ecs).unknowns == ()
    assert ecs.count("DescribeServices") == 0
