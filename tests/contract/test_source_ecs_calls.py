"""The source of ECS services and daemons: what a pass asks, and how often."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from tests.contract.ecs_reading import AMD64, APP, services, whole
from tests.fakes.revisions import FakeRevisions

from ecrguard.domain.workload import Basis

if TYPE_CHECKING:
    from tests.fakes.ecs import FakeEcs


def asked(ecs: FakeEcs) -> dict[str, int]:
    return dict(Counter(name for name, _ in ecs.calls))


@pytest.mark.parametrize(
    ("number", "pages", "described", "revised"),
    [(1, 1, 1, 1), (10, 1, 1, 1), (101, 2, 11, 6), (250, 3, 25, 13)],
)
def test_a_pass_makes_as_many_calls_as_its_pages_and_definitions_need(
    ecs: FakeEcs, number: int, pages: int, described: int, revised: int
) -> None:
    shared = ecs.definition(APP, family="shared")
    for each in range(number):
        ecs.service(f"s{each:03}", shared if each % 3 else ecs.definition(APP, family=f"own-{each}"))

    assert len(whole(services(ecs)).workloads) == number
    assert asked(ecs) == {
        "ListClusters": 1,
        "ListServices": pages,
        "ListDaemons": 1,
        "DescribeServices": described,
        "DescribeServiceRevisions": revised,
        "DescribeTaskDefinition": -(-number // 3) + (number > 1),
    }


def test_a_cluster_costs_a_call_for_its_services_and_one_for_its_daemons(ecs: FakeEcs) -> None:
    for number in range(101):
        ecs.cluster(f"c{number:03}")

    whole(services(ecs))

    assert asked(ecs) == {"ListClusters": 2, "ListServices": 101, "ListDaemons": 101}


def test_each_express_service_costs_a_call_more(ecs: FakeEcs) -> None:
    for number in range(12):
        ecs.express_service(f"e{number}", APP)

    whole(services(ecs))

    assert asked(ecs) == {
        "ListClusters": 1,
        "ListServices": 1,
        "ListDaemons": 1,
        "DescribeServices": 2,
        "DescribeServiceRevisions": 1,
        "DescribeExpressGatewayService": 12,
        "DescribeTaskDefinition": 12,
    }


def test_each_daemon_costs_a_call_and_twenty_of_their_revisions_one(ecs: FakeEcs) -> None:
    ecs.instance(provider="mi")
    for number in range(41):
        ecs.daemon(f"d{number}", APP)

    whole(services(ecs))

    assert asked(ecs) == {
        "ListClusters": 1,
        "ListServices": 1,
        "ListDaemons": 1,
        "DescribeDaemon": 41,
        "DescribeDaemonRevisions": 3,
        "ListContainerInstances": 1,
        "DescribeContainerInstances": 1,
    }


def test_the_next_pass_reads_no_definition_again(ecs: FakeEcs) -> None:
    revisions = FakeRevisions()
    for number in range(30):
        ecs.service(f"s{number}", ecs.definition(APP, family=f"f{number}"))

    first, second = whole(services(ecs, revisions)), whole(services(ecs, revisions))

    assert first == second
    assert ecs.count("DescribeTaskDefinition") == 30
    assert [len(arns) for arns in revisions.gets] == [30, 30]
    assert [len(arns) for arns in revisions.puts] == [30]


def test_services_of_several_clusters_share_the_call_for_their_revisions(ecs: FakeEcs) -> None:
    arns = [ecs.service("web", ecs.definition(APP, family=name), cluster=name) for name in ("a", "b", "c")]

    services(ecs).read(arns)

    assert asked(ecs) == {"DescribeServices": 3, "DescribeServiceRevisions": 1, "DescribeTaskDefinition": 3}


def test_definitions_of_other_repositories_cost_no_look_at_instances(ecs: FakeEcs) -> None:
    ecs.instance()
    ecs.service("web", ecs.definition("nginx:1"), launchType="EC2")

    assert whole(services(ecs)).workloads == []
    assert ecs.count("ListContainerInstances") == 0


def test_instances_are_read_once_for_each_cluster_and_only_where_definitions_are_silent(ecs: FakeEcs) -> None:
    for number in range(130):
        ecs.instance(cluster="prod", provider="asg" if number else "")
    for name in ("a", "b"):
        ecs.service(name, ecs.definition(APP, family=name), launchType="EC2")
    ecs.service("c", ecs.definition(APP, family="c", cpu="X86_64", os="LINUX"), cluster="test", launchType="EC2")

    told = whole(services(ecs))

    assert sorted((each.name, each.hosts, each.basis) for each in told.workloads) == [
        ("prod/a", (AMD64,), Basis.CAPACITY),
        ("prod/b", (AMD64,), Basis.CAPACITY),
        ("test/c", (AMD64,), Basis.EXPLICIT),
    ]
    assert ecs.count("ListContainerInstances") == 2  # pages
    assert ecs.count("DescribeContainerInstances") == 2


def test_a_service_that_is_over_costs_no_more_than_to_see_it(ecs: FakeEcs) -> None:
    arn = ecs.service("left", ecs.definition(APP), status="DRAINING")

    services(ecs).read([arn])

    assert asked(ecs) == {"DescribeServices": 1}
