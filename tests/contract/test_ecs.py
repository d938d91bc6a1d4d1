"""The reader of ECS services on ECS's own answers: what it asks, and what it makes of bad ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError, NoRegionError, ReadTimeoutError
from tests.fakes.ecs import FakeEcs
from tests.fakes.wire import Refusal

from ecrguard.adapters.ecs import EcsServices
from ecrguard.domain.image import UnknownReason
from ecrguard.domain.platform import Platform
from ecrguard.domain.reference import Registry
from ecrguard.domain.workload import Basis

if TYPE_CHECKING:
    from mypy_boto3_ecs.client import ECSClient

    from ecrguard.ports import LinkedWorkloads

REGISTRY = Registry("123456789012", "eu-west-1")
APP = f"{REGISTRY.host}/app:1"
AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
DENIED = Refusal("AccessDeniedException", "User is not authorized to perform this")
THROTTLED = Refusal("ThrottlingException", "Rate exceeded")


@pytest.fixture
def ecs() -> FakeEcs:
    return FakeEcs()


def read(ecs: FakeEcs) -> LinkedWorkloads:
    return EcsServices(lambda: ecs.client).linked(REGISTRY, "app")


def reasons(answer: LinkedWorkloads) -> list[tuple[UnknownReason, str]]:
    return [(unknown.reason, unknown.subject) for unknown in answer.unknowns]


# What is asked


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


# Capacity


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


# Services


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


# Bad answers


def test_an_architecture_that_is_new_is_unknown_and_names_the_workload(ecs: FakeEcs) -> None:
    ecs.service("web", ecs.definition(APP, cpu="RISCV64", os="LINUX"))

    (workload,) = read(ecs).workloads

    assert (workload.name, workload.hosts, workload.basis) == ("prod/web", (), Basis.UNRECOGNISED)


def test_a_malformed_image_that_names_the_repository_is_unknown(ecs: FakeEcs) -> None:
    ecs.service("web", ecs.definition({"app": f"https://{REGISTRY.host}/app:1"}))

    answer = read(ecs)

    assert answer.workloads == ()
    assert reasons(answer) == [
        (UnknownReason.WORKLOAD_IMAGE_INVALID, "ECS service prod/web, container app"),
    ]
    assert "https://" in answer.unknowns[0].detail


@pytest.mark.parametrize("image", ["${IMAGE}", "https://example.com/my-app:1", "", "<IMAGE1_NAME>", "app2:ü"])
def test_a_malformed_image_that_does_not_name_the_repository_says_nothing(ecs: FakeEcs, image: str) -> None:
    ecs.service("web", ecs.definition({"app": image}))

    assert read(ecs).unknowns == ()


def test_a_service_that_went_between_the_calls_is_no_failure(ecs: FakeEcs) -> None:
    definition = ecs.definition(APP)
    ecs.service("stays", definition)
    gone = ecs.service("goes", definition)
    ecs.failing["DescribeServices"] = lambda _: ecs.clusters["prod"].pop(gone, None)

    answer = read(ecs)

    assert [workload.name for workload in answer.workloads] == ["prod/stays"]
    assert answer.unknowns == ()


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("ACCESS_DENIED", UnknownReason.ACCESS_DENIED), ("SOMETHING_NEW", UnknownReason.UNAVAILABLE)],
)
def test_any_other_failure_of_a_service_is_unknown_and_names_it(
    ecs: FakeEcs, reason: str, expected: UnknownReason
) -> None:
    arn = ecs.service("web", ecs.definition(APP))
    ecs.failures = [{"arn": f"{arn}-2", "reason": reason}]

    answer = read(ecs)

    assert [workload.name for workload in answer.workloads] == ["prod/web"]
    assert reasons(answer) == [(expected, f"ECS service {arn}-2")]


def test_a_service_that_is_passed_over_in_silence_is_unknown(ecs: FakeEcs) -> None:
    reader = EcsServices(lambda: _silent_about_services(ecs))
    arn = ecs.service("web", ecs.definition(APP))

    assert reasons(reader.linked(REGISTRY, "app")) == [(UnknownReason.UNAVAILABLE, f"ECS service {arn}")]


def _silent_about_services(ecs: FakeEcs) -> ECSClient:
    client: Any = ecs.client
    client.meta.events.register_last(
        "after-call.ecs.DescribeServices", lambda parsed, **_: parsed.update(services=[], failures=[])
    )
    made: ECSClient = client
    return made


def test_a_cluster_deleted_in_the_middle_of_the_scan_is_no_failure(ecs: FakeEcs) -> None:
    for cluster in ("a", "b", "c"):
        ecs.service("web", ecs.definition(APP, family=cluster), cluster=cluster)

    def delete(asked: dict[str, Any]) -> None:
        if asked["cluster"].endswith("/b"):
            ecs.delete_cluster("b")

    for operation in ("ListServices", "DescribeServices"):
        ecs.failing = {operation: delete}
        ecs.service("web", ecs.definition(APP, family="b"), cluster="b")
        answer = read(ecs)

        assert sorted(workload.name for workload in answer.workloads) == ["a/web", "c/web"]
        assert answer.unknowns == ()


def test_a_cluster_deleted_while_its_instances_are_read_is_no_failure(ecs: FakeEcs) -> None:
    ecs.service("web", ecs.definition(APP), launchType="EC2")
    ecs.failing["ListContainerInstances"] = lambda _: ecs.delete_cluster("prod")

    answer = read(ecs)

    assert answer.workloads == ()
    assert answer.unknowns == ()


def test_a_definition_that_is_gone_is_unknown_and_names_each_service_that_uses_it(ecs: FakeEcs) -> None:
    gone = ecs.definition(APP, family="gone")
    ecs.service("a", gone)
    ecs.service("b", ecs.definition(APP))
    ecs.service("c", gone)
    del ecs.definitions[gone]

    answer = read(ecs)

    assert [workload.name for workload in answer.workloads] == ["prod/b"]
    assert reasons(answer) == [
        (UnknownReason.UNAVAILABLE, "ECS service prod/a (gone:1)"),
        (UnknownReason.UNAVAILABLE, "ECS service prod/c (gone:1)"),
    ]
    assert ecs.count("DescribeTaskDefinition") == 2


def test_definitions_that_may_not_be_read_are_unknown_and_name_the_service_and_the_action(ecs: FakeEcs) -> None:
    ecs.service("web", ecs.definition(APP))
    ecs.failing["DescribeTaskDefinition"] = DENIED

    answer = read(ecs)

    assert reasons(answer) == [(UnknownReason.ACCESS_DENIED, "ECS service prod/web (web:1)")]
    assert "ecs:DescribeTaskDefinition was denied" in answer.unknowns[0].detail


def test_one_cluster_that_may_not_be_read_silences_no_other(ecs: FakeEcs) -> None:
    for cluster in ("closed", "open"):
        ecs.service("web", ecs.definition(APP, family=cluster), cluster=cluster)

    def deny(asked: dict[str, Any]) -> None:
        if asked["cluster"].endswith("/closed"):
            raise DENIED

    ecs.failing["ListServices"] = deny

    answer = read(ecs)

    assert [workload.name for workload in answer.workloads] == ["open/web"]
    assert reasons(answer) == [(UnknownReason.ACCESS_DENIED, "the services of the ECS cluster closed")]


@pytest.mark.parametrize("operation", ["ListContainerInstances", "DescribeContainerInstances"])
def test_instances_that_may_not_be_read_leave_the_platform_unknown_and_are_asked_once(
    ecs: FakeEcs, operation: str
) -> None:
    ecs.instance()
    for name in ("a", "b"):
        ecs.service(name, ecs.definition(APP, family=name), launchType="EC2")
    ecs.failing[operation] = DENIED

    answer = read(ecs)

    assert [workload.basis for workload in answer.workloads] == [Basis.UNKNOWN, Basis.UNKNOWN]
    assert reasons(answer) == [(UnknownReason.ACCESS_DENIED, "the instances of the ECS cluster prod")]
    assert ecs.count(operation) == 1


@pytest.mark.parametrize(
    "operation",
    [
        "ListClusters",
        "ListServices",
        "DescribeServices",
        "DescribeTaskDefinition",
        "ListContainerInstances",
        "DescribeContainerInstances",
    ],
)
@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (THROTTLED, UnknownReason.THROTTLED),
        (Refusal("ServerException", "Service Unavailable", 500), UnknownReason.UNAVAILABLE),
        (ReadTimeoutError(endpoint_url="https://ecs.eu-west-1.amazonaws.com"), UnknownReason.UNAVAILABLE),
        (EndpointConnectionError(endpoint_url="https://ecs.eu-west-1.amazonaws.com"), UnknownReason.UNAVAILABLE),
    ],
    ids=["throttled", "server error", "time-out", "no connection"],
)
def test_a_call_that_may_work_later_ends_the_reading_with_one_unknown(
    ecs: FakeEcs, operation: str, error: Exception, expected: UnknownReason
) -> None:
    ecs.instance()
    for name in ("a", "b", "c"):
        ecs.service(name, ecs.definition(APP, family=name), launchType="EC2")
    ecs.failing[operation] = error

    answer = read(ecs)

    assert [unknown.reason for unknown in answer.unknowns] == [expected]
    assert ecs.count(operation) == 1


def test_what_was_read_before_the_throttle_is_kept(ecs: FakeEcs) -> None:
    for number in range(5):
        ecs.service(f"s{number}", ecs.definition(APP, family=f"f{number}"))

    def throttle(asked: dict[str, Any]) -> None:
        if asked["taskDefinition"].endswith("/f3:1"):
            raise THROTTLED

    ecs.failing["DescribeTaskDefinition"] = throttle

    answer = read(ecs)

    assert [workload.name for workload in answer.workloads] == ["prod/s0", "prod/s1", "prod/s2"]
    assert [unknown.reason for unknown in answer.unknowns] == [UnknownReason.THROTTLED]


def test_a_page_that_repeats_is_unknown_and_not_endless(ecs: FakeEcs) -> None:
    client: Any = ecs.client
    client.meta.events.register_last(
        "after-call.ecs.ListServices",
        lambda parsed, **_: parsed.update(nextToken="again"),
    )
    ecs.service("web", ecs.definition(APP))
    ecs.failing["ListServices"] = lambda asked: asked.pop("nextToken", None)

    answer = EcsServices(lambda: client).linked(REGISTRY, "app")

    assert [unknown.reason for unknown in answer.unknowns] == [UnknownReason.UNAVAILABLE]


def test_a_client_that_cannot_be_made_is_unknown() -> None:
    def broken() -> ECSClient:
        raise NoRegionError

    answer = EcsServices(broken).linked(REGISTRY, "app")

    assert reasons(answer) == [(UnknownReason.UNAVAILABLE, "ECS services")]
