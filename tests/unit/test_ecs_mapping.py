from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from ecrguard.adapters.ecs_mapping import (
    NOT_STATED,
    Hosts,
    Instance,
    Launch,
    TaskDefinition,
    expressions,
    hosts_of,
    merge,
    needs_instances,
    overridden,
    read_daemon_task_definition,
    read_instance,
    read_launch,
    read_task_definition,
)
from ecrguard.domain.platform import Platform
from ecrguard.domain.workload import Basis

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import (
        ContainerInstanceTypeDef,
        DaemonTaskDefinitionTypeDef,
        PlacementConstraintTypeDef,
        ServiceTypeDef,
        TaskDefinitionTypeDef,
    )

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
WINDOWS_2019 = Platform("windows", "amd64", "", "10.0.17763")
WINDOWS_2022 = Platform("windows", "amd64", "", "10.0.20348")
FARGATE = Launch("FARGATE", platform_family="LINUX")
SPOT = Launch(providers=frozenset({"FARGATE_SPOT", "FARGATE"}))
EC2, EXTERNAL, MANAGED = Launch("EC2"), Launch("EXTERNAL"), Launch("MANAGED_INSTANCES")
ASG = Launch(providers=frozenset({"asg"}))
X86_INSTANCE, ARM_INSTANCE = Instance("i1", AMD64, "asg"), Instance("i2", ARM64, "graviton")
PLAIN_X86, AT_HOME = Instance("i3", AMD64), Instance("i4", ARM64, external=True)
NEW_KIND = Instance("i5", None)
WINDOWS_INSTANCE = Instance("i6", WINDOWS_2022)


def definition(cpu: str = "", os: str = "") -> TaskDefinition:
    return TaskDefinition("web:1", cpu, os, ())


@pytest.mark.parametrize("launch", [FARGATE, SPOT, EC2, EXTERNAL, MANAGED, ASG, Launch(), Launch("NEW")])
@pytest.mark.parametrize(
    ("cpu", "os", "host"),
    [
        ("X86_64", "LINUX", AMD64),
        ("ARM64", "LINUX", ARM64),
        ("X86_64", "WINDOWS_SERVER_2019_CORE", WINDOWS_2019),
        ("X86_64", "WINDOWS_SERVER_2022_FULL", WINDOWS_2022),
    ],
)
def test_what_a_definition_states_holds_on_every_capacity(launch: Launch, cpu: str, os: str, host: Platform) -> None:
    assert not needs_instances(definition(cpu, os), launch)
    assert hosts_of(definition(cpu, os), launch) == ((host,), Basis.EXPLICIT)


@pytest.mark.parametrize("launch", [FARGATE, EC2, Launch()])
@pytest.mark.parametrize(
    ("cpu", "os", "host"),
    [("ARM64", "", ARM64), ("", "WINDOWS_SERVER_2019_FULL", WINDOWS_2019)],
)
def test_half_a_platform_that_exists_with_one_other_half_only_is_whole(
    launch: Launch, cpu: str, os: str, host: Platform
) -> None:
    assert not needs_instances(definition(cpu, os), launch)
    assert hosts_of(definition(cpu, os), launch) == ((host,), Basis.SERVICE_DEFAULT)


@pytest.mark.parametrize("launch", [FARGATE, SPOT, EC2, Launch()])
@pytest.mark.parametrize(
    ("cpu", "os"),
    [
        ("RISCV64", "LINUX"),
        ("RISCV64", ""),
        ("X86_64", "WINDOWS_SERVER_2031_CORE"),
        ("", "PLAN9"),
        ("X86_64", "LINUX2"),
    ],
)
def test_a_value_that_is_new_is_not_taken_for_an_old_one(launch: Launch, cpu: str, os: str) -> None:
    assert not needs_instances(definition(cpu, os), launch)
    assert hosts_of(definition(cpu, os), launch, [X86_INSTANCE]) == ((), Basis.UNRECOGNISED)


@pytest.mark.parametrize(
    ("cpu", "os", "launch", "host"),
    [
        ("", "", FARGATE, AMD64),
        ("", "", SPOT, AMD64),
        ("", "", Launch(platform_family="LINUX"), AMD64),
        ("X86_64", "", FARGATE, AMD64),
        ("", "LINUX", FARGATE, AMD64),
        ("", "", Launch("FARGATE", platform_family="WINDOWS_SERVER_2022_FULL"), WINDOWS_2022),
        ("X86_64", "", Launch("FARGATE", platform_family="WINDOWS_SERVER_2019_CORE"), WINDOWS_2019),
    ],
)
def test_fargate_fills_in_x86_64_and_linux_or_the_family_of_the_service(
    cpu: str, os: str, launch: Launch, host: Platform
) -> None:
    assert not needs_instances(definition(cpu, os), launch)
    assert hosts_of(definition(cpu, os), launch) == ((host,), Basis.SERVICE_DEFAULT)


def test_a_family_of_fargate_that_is_new_is_unknown() -> None:
    assert hosts_of(definition(), Launch("FARGATE", platform_family="BOTTLEROCKET")) == ((), Basis.UNRECOGNISED)


@pytest.mark.parametrize(
    ("launch", "instances", "hosts"),
    [
        (EC2, [PLAIN_X86], (AMD64,)),
        (EC2, [PLAIN_X86, PLAIN_X86, ARM_INSTANCE], (AMD64, ARM64)),
        (EC2, [X86_INSTANCE, AT_HOME], (AMD64,)),
        (EC2, [WINDOWS_INSTANCE], (WINDOWS_2022,)),
        (EXTERNAL, [X86_INSTANCE, AT_HOME], (ARM64,)),
        (MANAGED, [PLAIN_X86, ARM_INSTANCE], (ARM64,)),
        (ASG, [X86_INSTANCE, ARM_INSTANCE, PLAIN_X86], (AMD64,)),
        (Launch(providers=frozenset({"asg", "graviton"})), [X86_INSTANCE, ARM_INSTANCE], (AMD64, ARM64)),
        (Launch(), [AT_HOME, X86_INSTANCE], (AMD64, ARM64)),
    ],
)
def test_a_silent_definition_runs_on_what_its_capacity_is(
    launch: Launch, instances: list[Instance], hosts: tuple[Platform, ...]
) -> None:
    assert needs_instances(definition(), launch)
    assert hosts_of(definition(), launch, instances) == (hosts, Basis.CAPACITY)


@pytest.mark.parametrize(
    ("cpu", "os", "instances", "hosts"),
    [
        ("X86_64", "", [PLAIN_X86, ARM_INSTANCE, WINDOWS_INSTANCE], (AMD64, WINDOWS_2022)),
        ("", "LINUX", [PLAIN_X86, ARM_INSTANCE, WINDOWS_INSTANCE], (AMD64, ARM64)),
    ],
)
def test_the_instances_fill_in_the_half_that_is_silent(
    cpu: str, os: str, instances: list[Instance], hosts: tuple[Platform, ...]
) -> None:
    assert needs_instances(definition(cpu, os), EC2)
    assert hosts_of(definition(cpu, os), EC2, instances) == (hosts, Basis.CAPACITY)


def test_an_instance_of_a_kind_that_is_new_is_not_taken_for_an_old_one() -> None:
    assert hosts_of(definition(), EC2, [PLAIN_X86, NEW_KIND]) == ((), Basis.UNRECOGNISED)


@pytest.mark.parametrize(
    ("cpu", "launch", "instances"),
    [
        ("", EC2, []),
        ("", EC2, [AT_HOME]),
        ("", EXTERNAL, [PLAIN_X86]),
        ("", MANAGED, [PLAIN_X86]),
        ("", ASG, [PLAIN_X86, ARM_INSTANCE]),
        ("", Launch("NEW"), [PLAIN_X86]),
        ("X86_64", EC2, [ARM_INSTANCE]),
    ],
    ids=[
        "no instances",
        "only external",
        "none external",
        "none managed",
        "none of the provider",
        "a launch type that is new",
        "none of the architecture stated",
    ],
)
def test_where_no_instance_can_tell_the_platform_is_unknown(
    cpu: str, launch: Launch, instances: list[Instance]
) -> None:
    assert hosts_of(definition(cpu), launch, instances) == ((), Basis.UNKNOWN)


def test_a_strategy_over_fargate_and_instances_may_put_tasks_on_both() -> None:
    mixed = Launch(providers=frozenset({"FARGATE", "graviton"}))

    assert needs_instances(definition(), mixed)
    assert hosts_of(definition(), mixed, [X86_INSTANCE, ARM_INSTANCE]) == ((AMD64, ARM64), Basis.CAPACITY)


@pytest.mark.parametrize(
    ("attributes", "platform"),
    [
        ({"ecs.cpu-architecture": "x86_64", "ecs.os-type": "linux", "ecs.os-family": "LINUX"}, AMD64),
        ({"ecs.cpu-architecture": "arm64", "ecs.os-type": "linux"}, ARM64),
        ({"ecs.cpu-architecture": "arm64", "ecs.os-family": "LINUX"}, ARM64),
        (
            {"ecs.cpu-architecture": "x86_64", "ecs.os-type": "windows", "ecs.os-family": "WINDOWS_SERVER_2022_CORE"},
            WINDOWS_2022,
        ),
        ({"ecs.cpu-architecture": "x86_64", "ecs.os-type": "windows"}, None),
        ({"ecs.cpu-architecture": "x86_64", "ecs.os-type": "windows", "ecs.os-family": "WINDOWS"}, None),
        ({"ecs.cpu-architecture": "riscv64", "ecs.os-type": "linux"}, None),
        ({"ecs.cpu-architecture": "x86_64"}, None),
        ({"ecs.os-type": "linux"}, None),
        ({}, None),
    ],
)
def test_an_instance_is_what_its_agent_tells(attributes: dict[str, str], platform: Platform | None) -> None:
    answer = {"containerInstanceArn": "i", "attributes": [{"name": n, "value": v} for n, v in attributes.items()]}

    assert read_instance(cast("ContainerInstanceTypeDef", answer)).platform == platform


def test_a_machine_outside_aws_is_told_by_its_id() -> None:
    assert read_instance({"ec2InstanceId": "mi-0123456789abcdef0"}).external
    assert not read_instance({"ec2InstanceId": "i-0123456789abcdef0", "capacityProviderName": "asg"}).external
    assert read_instance({"capacityProviderName": "asg"}).capacity_provider == "asg"


def test_a_task_definition_is_read_with_all_its_containers() -> None:
    answer: dict[str, Any] = {
        "taskDefinitionArn": "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:7",
        "runtimePlatform": {"cpuArchitecture": "ARM64"},
        "containerDefinitions": [
            {"name": "app", "image": "app:1", "essential": True},
            {"name": "init", "image": "init:1", "essential": False},
        ],
        "placementConstraints": [{"type": "memberOf", "expression": "attribute:a == b"}],
    }

    assert read_task_definition(cast("TaskDefinitionTypeDef", answer)) == TaskDefinition(
        "web:7", "ARM64", "", (("app", "app:1"), ("init", "init:1")), ("attribute:a == b",)
    )


@pytest.mark.parametrize(
    ("cpu", "os", "launch", "override", "known"),
    [
        ("X86_64", "LINUX", FARGATE, "ARM64", ((ARM64,), Basis.OVERRIDE)),
        ("", "", FARGATE, "ARM64", ((ARM64,), Basis.OVERRIDE)),
        ("ARM64", "LINUX", EC2, "X86_64", ((AMD64,), Basis.OVERRIDE)),
        ("X86_64", "WINDOWS_SERVER_2022_CORE", FARGATE, "X86_64", ((WINDOWS_2022,), Basis.OVERRIDE)),
        (
            "",
            "",
            Launch("FARGATE", platform_family="WINDOWS_SERVER_2022_CORE"),
            "X86_64",
            ((WINDOWS_2022,), Basis.OVERRIDE),
        ),
        ("X86_64", "LINUX", FARGATE, "RISCV64", ((), Basis.UNRECOGNISED)),
        ("X86_64", "PLAN9", FARGATE, "ARM64", ((), Basis.UNRECOGNISED)),
    ],
)
def test_what_ecs_sets_at_deployment_counts_before_all_else(
    cpu: str, os: str, launch: Launch, override: str, known: Hosts
) -> None:
    assert overridden(definition(cpu, os), launch, override) == known


def test_a_daemon_task_definition_is_read_with_all_its_containers() -> None:
    answer: dict[str, Any] = {
        "daemonTaskDefinitionArn": "arn:aws:ecs:eu-west-1:123456789012:daemon-task-definition/agent:7",
        "containerDefinitions": [{"name": "app", "image": "app:1"}, {"name": "init", "image": "init:1"}],
    }

    assert read_daemon_task_definition(cast("DaemonTaskDefinitionTypeDef", answer)) == TaskDefinition(
        "agent:7", "", "", (("app", "app:1"), ("init", "init:1"))
    )


@pytest.mark.parametrize(
    ("answer", "launch"),
    [
        ({"launchType": "EC2"}, EC2),
        ({"launchType": "FARGATE", "platformFamily": "Linux", "platformVersion": "1.4.0"}, FARGATE),
        ({"capacityProviderStrategy": [{"capacityProvider": "asg", "base": 0, "weight": 1}]}, ASG),
        ({}, NOT_STATED),
    ],
)
def test_a_capacity_is_a_launch_type_or_the_providers_of_a_strategy(answer: dict[str, Any], launch: Launch) -> None:
    assert read_launch(cast("ServiceTypeDef", answer)) == launch


def test_only_constraints_that_choose_instances_are_kept() -> None:
    constraints = [{"type": "distinctInstance"}, {"type": "memberOf", "expression": "attribute:a == b"}]

    assert expressions(cast("list[PlacementConstraintTypeDef]", constraints)) == ("attribute:a == b",)


CERTAINTY = [
    (Basis.EXPLICIT, True),
    (Basis.OVERRIDE, True),
    (Basis.SERVICE_DEFAULT, True),
    (Basis.CAPACITY, True),
    (Basis.UNKNOWN, False),
    (Basis.UNRECOGNISED, False),
]


@pytest.mark.parametrize("more", range(len(CERTAINTY)))
@pytest.mark.parametrize("less", range(len(CERTAINTY)))
def test_two_capacities_of_one_definition_have_the_less_certain_basis(more: int, less: int) -> None:
    (one, one_has), (other, other_has) = CERTAINTY[more], CERTAINTY[less]
    first: Hosts = ((AMD64,) if one_has else (), one)
    second: Hosts = ((ARM64,) if other_has else (), other)
    hosts = (AMD64, ARM64) if one_has and other_has else ()

    assert merge(first, second) == (hosts, CERTAINTY[max(more, less)][0])
