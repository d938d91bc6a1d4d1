"""The sources of ECS workloads: which instances a service can run on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.contract.ecs_reading import AMD64, APP, ARM64, DENIED, services, whole
from tests.fakes.wire import Refusal

from ecrguard.domain.image import UnknownReason
from ecrguard.domain.workload import Basis
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from tests.fakes.ecs import FakeEcs

    from ecrguard.domain.platform import Platform


def hosts(ecs: FakeEcs) -> tuple[tuple[Platform, ...], Basis]:
    told = whole(services(ecs))
    assert told.unknowns == []
    (workload,) = told.workloads
    return workload.hosts, workload.basis


def test_a_mixed_cluster_needs_every_platform_that_it_has(ecs: FakeEcs) -> None:
    ecs.instance("x86_64")
    ecs.instance("arm64")
    ecs.service("web", ecs.definition(APP), launchType="EC2")

    assert hosts(ecs) == ((AMD64, ARM64), Basis.CAPACITY)


@pytest.mark.parametrize(("provider", "host"), [("graviton", ARM64), ("intel", AMD64)])
def test_the_capacity_provider_of_a_service_narrows_its_instances(ecs: FakeEcs, provider: str, host: Platform) -> None:
    ecs.instance("x86_64", provider="intel")
    ecs.instance("arm64", provider="graviton")
    strategy = [{"capacityProvider": provider, "weight": 1, "base": 0}]
    ecs.service("web", ecs.definition(APP), capacityProviderStrategy=strategy)

    assert hosts(ecs) == ((host,), Basis.CAPACITY)


@pytest.mark.parametrize(("launch_type", "host"), [("EC2", AMD64), ("EXTERNAL", ARM64), ("MANAGED_INSTANCES", ARM64)])
def test_the_launch_type_narrows_the_instances(ecs: FakeEcs, launch_type: str, host: Platform) -> None:
    ecs.instance("x86_64")
    if launch_type == "EXTERNAL":
        ecs.instance("arm64", ec2InstanceId="mi-0123456789abcdef0")
    elif launch_type == "MANAGED_INSTANCES":
        ecs.instance("arm64", provider="managed")
    ecs.service("web", ecs.definition(APP), launchType=launch_type)

    assert hosts(ecs) == ((host,), Basis.CAPACITY)


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

    assert hosts(ecs) == ((ARM64,), Basis.CAPACITY)


@pytest.mark.parametrize("stated_by", ["service", "definition"])
def test_a_constraint_that_ecs_cannot_evaluate_is_that_one_workload_s_own_trouble(ecs: FakeEcs, stated_by: str) -> None:
    ecs.instance("arm64")
    nonsense: list[dict[str, Any]] = [{"type": "memberOf", "expression": "nonsense ==="}]
    for name in ("a", "b"):
        if stated_by == "service":
            ecs.service(name, ecs.definition(APP, family=name), launchType="EC2", placementConstraints=nonsense)
        else:
            ecs.service(name, ecs.definition(APP, family=name, constraint="nonsense ==="), launchType="EC2")
    ecs.service("c", ecs.definition(APP, family="c"), launchType="EC2")

    told = whole(services(ecs))

    assert told.unknowns == []
    assert {each.name: (each.hosts, each.basis) for each in told.workloads} == {
        "prod/a": ((), Basis.UNKNOWN),
        "prod/b": ((), Basis.UNKNOWN),
        "prod/c": ((ARM64,), Basis.CAPACITY),
    }
    assert ecs.count("ListContainerInstances") == 2


@pytest.mark.parametrize("code", ["InvalidParameterException", "ClientException"])
def test_only_what_is_refused_for_its_constraint_is_taken_so(ecs: FakeEcs, code: str) -> None:
    ecs.instance("arm64")
    ecs.service("web", ecs.definition(APP, constraint="attribute:a == b"), launchType="EC2")

    def refuse(asked: dict[str, Any]) -> None:
        if ("filter" in asked) is (code == "ClientException"):
            raise Refusal(code, "No.")

    ecs.failing["ListContainerInstances"] = refuse

    with pytest.raises(UnreadableError, match=code):
        whole(services(ecs))


def test_instances_that_take_no_new_tasks_do_not_count(ecs: FakeEcs) -> None:
    ecs.instance("x86_64", status="DRAINING")
    ecs.instance("arm64")
    ecs.service("web", ecs.definition(APP), launchType="EC2")

    assert hosts(ecs) == ((ARM64,), Basis.CAPACITY)


def test_without_instances_the_platform_is_unknown_and_the_workload_is_still_there(ecs: FakeEcs) -> None:
    ecs.service("web", ecs.definition(APP), launchType="EC2")

    assert hosts(ecs) == ((), Basis.UNKNOWN)


def test_an_instance_that_went_between_the_calls_is_no_failure(ecs: FakeEcs) -> None:
    ecs.instance("x86_64")
    gone = ecs.instance("arm64")
    ecs.service("web", ecs.definition(APP), launchType="EC2")
    ecs.failing["DescribeContainerInstances"] = lambda _: ecs.instances["prod"].pop(gone, None)

    assert hosts(ecs) == ((AMD64,), Basis.CAPACITY)


@pytest.mark.parametrize("operation", ["ListContainerInstances", "DescribeContainerInstances"])
def test_a_cluster_deleted_while_its_instances_are_read_runs_nothing(ecs: FakeEcs, operation: str) -> None:
    ecs.instance()
    ecs.service("web", ecs.definition(APP), launchType="EC2")
    ecs.failing[operation] = lambda _: ecs.delete_cluster("prod")

    told = whole(services(ecs))

    assert (told.workloads, told.unknowns) == ([], [])


@pytest.mark.parametrize("operation", ["ListContainerInstances", "DescribeContainerInstances"])
def test_instances_that_may_not_be_read_leave_those_unknown_that_need_them_and_are_asked_once(
    ecs: FakeEcs, operation: str
) -> None:
    ecs.instance()
    for name in ("a", "b"):
        ecs.service(name, ecs.definition(APP, family=name), launchType="EC2")
    ecs.service("c", ecs.definition(APP, family="c", cpu="ARM64"), launchType="EC2")
    ecs.failing[operation] = DENIED

    told = whole(services(ecs))

    assert told.names == ["prod/c"]
    assert told.reasons == [(UnknownReason.ACCESS_DENIED, "the instances of the ECS cluster prod")] * 2
    assert ecs.count(operation) == 1
