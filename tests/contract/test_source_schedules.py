"""The source of ECS tasks that rules and schedules start."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from tests.contract.ecs_reading import AMD64, APP, ARM64, REGISTRY, THROTTLED, only, whole
from tests.contract.world_ecs import SchedulesWorld
from tests.fakes.events import ecs_target
from tests.fakes.scheduler import RUN_TASK
from tests.fakes.wire import Refusal

from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.inventory import Sighting
from ecrguard.domain.workload import Basis, WorkloadKind
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from ecrguard.domain.platform import Platform

FARGATE: dict[str, Any] = {"LaunchType": "FARGATE"}
NEXT = f"{REGISTRY.host}/app:2"


@pytest.fixture
def world() -> SchedulesWorld:
    return SchedulesWorld()


@pytest.fixture
def cluster(world: SchedulesWorld) -> str:
    return world.ecs.cluster("prod")


def read(world: SchedulesWorld, arn: str) -> Sighting | Unknown:
    return world.source().read([arn])[arn]


def asked(world: SchedulesWorld) -> dict[str, int]:
    return dict(Counter(world.called))


def test_a_rule_is_told_with_all_that_there_is_to_know_of_it(world: SchedulesWorld, cluster: str) -> None:
    arn = world.events.rule("nightly", ecs_target(cluster, world.ecs.definition(APP, cpu="ARM64"), **FARGATE))

    workload = only(read(world, arn))

    assert workload.kind is WorkloadKind.ECS_SCHEDULED_TASK
    assert (workload.arn, workload.name, workload.container) == (arn, "nightly", "app")
    assert workload.label == "scheduled ECS task nightly, container app"
    assert (str(workload.reference), workload.resolved, workload.definition) == (APP, "", "web:1")
    assert (workload.hosts, workload.basis) == ((ARM64,), Basis.SERVICE_DEFAULT)


@pytest.mark.parametrize(("group", "name"), [("default", "nightly"), ("jobs", "jobs/nightly")])
def test_a_schedule_is_called_by_its_name_and_group(world: SchedulesWorld, cluster: str, group: str, name: str) -> None:
    target = ecs_target(cluster, world.ecs.definition(APP), **FARGATE)
    arn = world.scheduler.schedule("nightly", target, group=group)

    workload = only(whole(world.source()).answers[arn])

    assert (workload.arn, workload.name, workload.hosts) == (arn, name, (AMD64,))


def test_every_target_of_a_rule_that_starts_tasks_counts(world: SchedulesWorld, cluster: str) -> None:
    targets = [ecs_target(cluster, world.ecs.definition(image, family="f"), **FARGATE) for image in (APP, NEXT, APP)]
    arn = world.events.rule("nightly", {"Arn": "arn:aws:sqs:eu-west-1:123456789012:queue"}, *targets)

    answer = read(world, arn)

    assert isinstance(answer, Sighting)
    assert [(each.definition, each.reference.tag) for each in answer.workloads] == [
        ("f:1", "1"),
        ("f:2", "2"),
        ("f:3", "1"),
    ]


def test_a_definition_without_revision_is_the_latest_active_one_and_never_kept(
    world: SchedulesWorld, cluster: str
) -> None:
    first = world.ecs.definition(APP, family="job")
    family = first.rpartition(":")[0]
    arn = world.events.rule("nightly", ecs_target(cluster, family, **FARGATE))

    before = only(read(world, arn))
    world.ecs.definition(NEXT, family="job")
    after = only(read(world, arn))
    world.ecs.definitions[first.removesuffix("1") + "2"]["status"] = "INACTIVE"
    reverted = only(read(world, arn))

    assert (before.definition, after.definition, reverted.definition) == ("job:1", "job:2", "job:1")
    assert family not in world.revisions.texts
    assert [call["taskDefinition"] for name, call in world.ecs.calls if name == "DescribeTaskDefinition"] == ["job"] * 3


def test_a_definition_with_revision_is_read_once_ever(world: SchedulesWorld, cluster: str) -> None:
    target = ecs_target(cluster, world.ecs.definition(APP), **FARGATE)
    arns = [world.events.rule(f"rule-{number}", target) for number in range(3)]

    world.source().read(arns)
    world.source().read(arns)

    assert asked(world) == {"events:ListTargetsByRule": 6, "ecs:DescribeTaskDefinition": 1}


def test_a_family_is_looked_up_once_for_all_that_follow_it(world: SchedulesWorld, cluster: str) -> None:
    family = world.ecs.definition(APP).rpartition(":")[0]
    for number, more in enumerate((FARGATE, {"CapacityProviderStrategy": [{"capacityProvider": "FARGATE"}]})):
        world.events.rule(f"rule-{number}", ecs_target(cluster, family, **more))

    assert len(whole(world.source()).workloads) == 2
    assert asked(world)["ecs:DescribeTaskDefinition"] == 1


@pytest.mark.parametrize(
    "given",
    [
        {"Cluster": "prod", "TaskDefinition": "web:1", "LaunchType": "FARGATE"},
        {"cluster": "prod", "taskDefinition": "web", "launchType": "FARGATE"},
        {"Cluster": "prod", "TaskDefinition": "web", "CapacityProviderStrategy": [{"CapacityProvider": "FARGATE"}]},
        {
            "TaskDefinition": "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:1",
            "LaunchType": "FARGATE",
            "Overrides": {"ContainerOverrides": [{"Name": "app", "Command": ["<aws.scheduler.execution-id>"]}]},
        },
    ],
)
def test_a_schedule_may_be_the_call_itself(world: SchedulesWorld, given: dict[str, Any]) -> None:
    world.ecs.cluster("prod")
    world.ecs.definition(APP)
    arn = world.scheduler.schedule("nightly", {"Arn": RUN_TASK, "Input": json.dumps(given)})

    workload = only(whole(world.source()).answers[arn])

    assert (workload.definition, workload.hosts, workload.basis) == ("web:1", (AMD64,), Basis.SERVICE_DEFAULT)


@pytest.mark.parametrize(
    "given", ["", "no JSON", "[]", "3", "{}", '{"TaskDefinition": 3}', '{"TaskDefinition": ""}', '{"Cluster": "prod"}']
)
def test_a_call_without_a_definition_starts_nothing(world: SchedulesWorld, given: str) -> None:
    arn = world.scheduler.schedule("nightly", {"Arn": RUN_TASK} | ({"Input": given} if given else {}))

    assert read(world, arn) == Sighting(arn)


@pytest.mark.parametrize(
    ("more", "strategy", "hosts"),
    [
        ({}, [], (AMD64,)),
        ({}, ["graviton"], (ARM64,)),
        ({}, ["FARGATE"], (AMD64,)),
        ({"LaunchType": "EC2"}, ["graviton"], (AMD64, ARM64)),
        ({"CapacityProviderStrategy": [{"capacityProvider": "graviton"}]}, ["intel"], (ARM64,)),
        (
            {
                "LaunchType": "EC2",
                "PlacementConstraints": [
                    {"type": "memberOf", "expression": "attribute:ecs.cpu-architecture == x86_64"},
                    {"type": "distinctInstance"},
                ],
            },
            [],
            (AMD64,),
        ),
    ],
)
def test_a_silent_definition_runs_on_the_capacity_that_is_stated_or_is_the_cluster_s_default(
    world: SchedulesWorld, more: dict[str, Any], strategy: list[str], hosts: tuple[Platform, ...]
) -> None:
    cluster = world.ecs.cluster("prod")
    world.ecs.instance("x86_64", provider="intel")
    if more or strategy:
        world.ecs.instance("arm64", provider="graviton")
    world.ecs.strategies["prod"] = strategy
    arn = world.events.rule("nightly", ecs_target(cluster, world.ecs.definition(APP), **more))

    assert only(read(world, arn)).hosts == hosts
    assert ("ecs:DescribeClusters" in asked(world)) is (not more)


def test_a_cluster_without_default_capacity_puts_tasks_on_instances_of_ec2(world: SchedulesWorld, cluster: str) -> None:
    world.ecs.instance("x86_64")
    world.ecs.instance("arm64", ec2InstanceId="mi-0123456789abcdef0")
    arn = world.events.rule("nightly", ecs_target(cluster, world.ecs.definition(APP)))

    assert only(read(world, arn)).hosts == (AMD64,)


def test_a_call_that_names_no_cluster_starts_its_tasks_in_the_default_one(world: SchedulesWorld) -> None:
    world.ecs.instance("arm64", cluster="default")
    world.ecs.definition(APP)
    arn = world.scheduler.schedule("nightly", {"Arn": RUN_TASK, "Input": json.dumps({"TaskDefinition": "web"})})

    assert only(read(world, arn)).hosts == (ARM64,)


def test_a_definition_that_states_its_platform_needs_no_look_at_the_cluster(
    world: SchedulesWorld, cluster: str
) -> None:
    arn = world.events.rule("nightly", ecs_target(cluster, world.ecs.definition(APP, cpu="ARM64")))

    assert only(read(world, arn)).hosts == (ARM64,)
    assert asked(world) == {"events:ListTargetsByRule": 1, "ecs:DescribeTaskDefinition": 1}


def test_what_is_disabled_counts(world: SchedulesWorld, cluster: str) -> None:
    target = ecs_target(cluster, world.ecs.definition(APP), **FARGATE)
    arn = world.scheduler.schedule("nightly", target, state="DISABLED")

    assert only(whole(world.source()).answers[arn]).name == "nightly"


@pytest.mark.parametrize("definition", ["gone:1", "gone", "not a definition"])
def test_what_names_a_definition_that_is_gone_can_start_nothing(
    world: SchedulesWorld, cluster: str, definition: str
) -> None:
    prefix = "arn:aws:ecs:eu-west-1:123456789012:task-definition"
    there = ecs_target(cluster, world.ecs.definition(APP), **FARGATE)
    gone = ecs_target(cluster, f"{prefix}/{definition}", **FARGATE)
    alone, beside = world.events.rule("alone", gone), world.events.rule("beside", gone, there)

    answers = world.source().read([alone, beside])

    assert answers[alone] == Sighting(alone)
    assert only(answers[beside]).definition == "web:1"


def test_what_names_a_cluster_that_is_gone_can_start_nothing(world: SchedulesWorld, cluster: str) -> None:
    arn = world.scheduler.schedule("nightly", ecs_target(cluster, world.ecs.definition(APP)))
    world.ecs.delete_cluster("prod")

    assert read(world, arn) == Sighting(arn)


def test_what_is_gone_between_the_calls_is_no_failure(world: SchedulesWorld, cluster: str) -> None:
    target = ecs_target(cluster, world.ecs.definition(APP), **FARGATE)
    rule, schedule = world.events.rule("rule", target, bus="orders"), world.scheduler.schedule("schedule", target)
    world.events.buses.remove("orders")
    world.scheduler.schedules.clear()

    assert world.source().read([rule, schedule]) == {rule: Sighting(rule), schedule: Sighting(schedule)}


@pytest.mark.parametrize(
    ("action", "left"),
    [("events:ListTargetsByRule", "schedule"), ("scheduler:GetSchedule", "rule")],
)
def test_one_that_may_not_be_read_is_unknown(world: SchedulesWorld, cluster: str, action: str, left: str) -> None:
    target = ecs_target(cluster, world.ecs.definition(APP), **FARGATE)
    world.events.rule("rule", target)
    world.scheduler.schedule("schedule", target)
    world.deny(action)

    told = whole(world.source())

    assert told.names == [left]
    assert [each.reason for each in told.unknowns] == [UnknownReason.ACCESS_DENIED]


def test_a_definition_that_may_not_be_read_is_unknown_and_names_what_starts_it(
    world: SchedulesWorld, cluster: str
) -> None:
    arn = world.events.rule("nightly", ecs_target(cluster, world.ecs.definition(APP)))
    world.deny("ecs:DescribeTaskDefinition")

    answer = read(world, arn)

    assert isinstance(answer, Unknown)
    assert (answer.reason, answer.subject) == (UnknownReason.ACCESS_DENIED, "scheduled ECS task nightly")


def test_a_throttled_definition_ends_the_reading(world: SchedulesWorld, cluster: str) -> None:
    arn = world.events.rule("nightly", ecs_target(cluster, world.ecs.definition(APP).rpartition(":")[0]))
    world.ecs.failing["DescribeTaskDefinition"] = THROTTLED

    with pytest.raises(UnreadableError):
        read(world, arn)


def test_a_definition_that_ecs_will_not_read_as_one_stops_no_other(world: SchedulesWorld, cluster: str) -> None:
    arn = world.events.rule("nightly", ecs_target(cluster, "odd:0", **FARGATE))
    world.ecs.failing["DescribeTaskDefinition"] = Refusal("InvalidParameterException", "Invalid revision number.")

    assert read(world, arn) == Sighting(arn)


NONSENSE: list[dict[str, Any]] = [
    {"TaskDefinition": "web:1", "Cluster": "no such/cluster:x", "LaunchType": "EC2"},
    {"TaskDefinition": "web:1", "Cluster": "arn:aws:ecs:us-east-1:123456789012:cluster/prod"},
    {"TaskDefinition": "web:1", "Cluster": "arn:aws:ecs:eu-west-1:210987654321:cluster/prod"},
    {"TaskDefinition": "web:1", "Cluster": "arn:aws-cn:ecs:eu-west-1:123456789012:cluster/prod"},
    {"TaskDefinition": "arn:aws:ecs:us-east-1:123456789012:task-definition/web", "Cluster": "prod"},
    {"TaskDefinition": "web:" + "1" * 2_000},
    {"TaskDefinition": "\ud800:1"},
]


@pytest.mark.parametrize(
    "given", [*map(json.dumps, NONSENSE), '{"TaskDefinition":"gone:1","a":' + "[" * 1_100 + "]" * 1_100 + "}"]
)
def test_nonsense_in_one_schedule_starts_nothing_and_stops_no_other(
    world: SchedulesWorld, cluster: str, given: str
) -> None:
    world.scheduler.schedule("good", ecs_target(cluster, world.ecs.definition(APP), **FARGATE))
    arn = world.scheduler.schedule("odd", {"Arn": RUN_TASK, "Input": given})

    def refuse(asked: dict[str, Any]) -> None:
        if asked.get("cluster", cluster) != cluster or asked.get("clusters", [cluster]) != [cluster]:
            raise Refusal("InvalidParameterException", "Invalid identifier.")

    for operation in ("ListContainerInstances", "DescribeClusters"):
        world.ecs.failing[operation] = refuse

    told = whole(world.source())

    assert (told.names, told.answers[arn], told.unknowns) == (["good"], Sighting(arn), [])
    # DynamoDB's keys have 2,048 bytes at most.
    assert all(len(key.encode()) < 2_000 for keys in world.revisions.gets for key in keys)


@pytest.mark.parametrize("universal", [True, False])
def test_one_whose_placement_ecs_cannot_evaluate_is_there_and_its_platform_unknown(
    world: SchedulesWorld, cluster: str, *, universal: bool
) -> None:
    world.ecs.instance("arm64")
    definition, constraint = world.ecs.definition(APP), {"type": "memberOf", "expression": "nonsense ==="}
    good = world.events.rule("good", ecs_target(cluster, definition, LaunchType="EC2"))
    more: dict[str, Any] = {"LaunchType": "EC2", "PlacementConstraints": [constraint]}
    call = {"Arn": RUN_TASK, "Input": json.dumps({"Cluster": "prod", "TaskDefinition": definition} | more)}
    odd = world.scheduler.schedule("odd", call if universal else ecs_target(cluster, definition, **more))

    told = whole(world.source())

    assert (only(told.answers[good]).hosts, told.unknowns) == ((ARM64,), [])
    assert (only(told.answers[odd]).hosts, only(told.answers[odd]).basis) == ((), Basis.UNKNOWN)


def test_a_family_may_be_called_as_arns_begin(world: SchedulesWorld) -> None:
    world.ecs.cluster("arn")
    definition = world.ecs.definition(APP, family="arn")
    given = {"Cluster": "arn", "TaskDefinition": definition.rpartition("/")[2], "LaunchType": "FARGATE"}
    arn = world.scheduler.schedule("nightly", {"Arn": RUN_TASK, "Input": json.dumps(given)})

    assert only(read(world, arn)).definition == "arn:1"
