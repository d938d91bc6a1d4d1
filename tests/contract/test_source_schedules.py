"""The source of ECS tasks that rules and schedules start."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError
from tests.contract.ecs_reading import AMD64, APP, ARM64, DENIED, REGISTRY, THROTTLED, only, whole
from tests.contract.world_ecs import SchedulesWorld
from tests.fakes.events import ecs_target
from tests.fakes.scheduler import RUN_TASK
from tests.fakes.wire import Refusal
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import NameResolutionError

from ecrguard.adapters.calls import Calls
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.inventory import Sighting
from ecrguard.domain.workload import Basis, WorkloadKind
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from ecrguard.domain.platform import Platform

FARGATE: dict[str, Any] = {"LaunchType": "FARGATE"}
UNRESOLVED = EndpointConnectionError(
    endpoint_url="https://nowhere.example",
    error=NameResolutionError("nowhere.example", HTTPSConnection("nowhere.example"), OSError()),  # type: ignore[arg-type]  # what urllib3 raises has socket.gaierror there, an OSError
)
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


@pytest.mark.parametrize("bus", ["default", "orders", "aws.partner/example.com/shop"])
def test_rules_of_every_bus_are_found(world: SchedulesWorld, cluster: str, bus: str) -> None:
    world.events.rule("other", {"Arn": "arn:aws:lambda:eu-west-1:123456789012:function:f"}, bus=bus)
    arn = world.events.rule("nightly", ecs_target(cluster, world.ecs.definition(APP), **FARGATE), bus=bus)

    told = whole(world.source())

    assert list(told.answers) == [arn]
    assert told.names == ["nightly" if bus == "default" else f"{bus}/nightly"]


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


def test_schedules_of_other_targets_are_not_asked_about(world: SchedulesWorld) -> None:
    for number, target in enumerate(
        ["arn:aws:lambda:eu-west-1:123456789012:function:f", "arn:aws:scheduler:::aws-sdk:ecs:updateService"]
    ):
        world.scheduler.schedule(f"other-{number}", {"Arn": target})

    assert whole(world.source()).answers == {}
    assert "scheduler:GetSchedule" not in asked(world)


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


def test_rules_are_read_in_a_region_without_scheduler(world: SchedulesWorld, cluster: str) -> None:
    world.events.rule("nightly", ecs_target(cluster, world.ecs.definition(APP), **FARGATE))
    world.scheduler.failing["ListSchedules"] = UNRESOLVED

    told = whole(world.source(Calls(absent=True)))

    assert (told.names, told.unknowns) == (["nightly"], [])
    with pytest.raises(UnreadableError):
        whole(world.source())


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


def test_a_bus_deleted_while_rules_are_listed_is_passed_over(world: SchedulesWorld, cluster: str) -> None:
    target = ecs_target(cluster, world.ecs.definition(APP), **FARGATE)
    for bus in ("default", "orders", "shop"):
        world.events.rule(f"of-{bus}", target, bus=bus)

    def delete(asked: dict[str, Any]) -> None:
        if asked["EventBusName"] == "orders":
            world.events.buses.remove("orders")

    world.events.failing["ListRuleNamesByTarget"] = delete

    told = whole(world.source())

    assert (told.names, told.unknowns) == (["of-default", "shop/of-shop"], [])


def test_one_bus_that_may_not_be_read_silences_no_other_and_is_named_once(world: SchedulesWorld) -> None:
    clusters = [world.ecs.cluster(name) for name in ("a", "b", "c")]
    for bus in ("default", "orders"):
        world.events.rule("nightly", ecs_target(clusters[1], world.ecs.definition(APP), **FARGATE), bus=bus)

    def deny(asked: dict[str, Any]) -> None:
        if asked["EventBusName"] == "default":
            raise DENIED

    world.events.failing["ListRuleNamesByTarget"] = deny

    told = whole(world.source())

    assert told.names == ["orders/nightly"]
    assert told.reasons == [(UnknownReason.ACCESS_DENIED, "the rules of the event bus default")]


def test_rules_are_read_where_schedules_may_not_be_listed(world: SchedulesWorld, cluster: str) -> None:
    world.events.rule("nightly", ecs_target(cluster, world.ecs.definition(APP), **FARGATE))
    world.scheduler.failing["ListSchedules"] = DENIED

    told = whole(world.source())

    assert told.names == ["nightly"]
    assert told.reasons == [(UnknownReason.ACCESS_DENIED, "schedules of EventBridge Scheduler")]


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


def test_rules_of_many_buses_and_clusters_are_few_pages(world: SchedulesWorld) -> None:
    for number in range(12):
        world.ecs.cluster(f"c{number:02}")
    for bus in ("orders", "shop"):
        world.events.rule(
            "nightly", ecs_target(world.ecs.cluster("c07"), world.ecs.definition(APP), **FARGATE), bus=bus
        )

    told = whole(world.source())

    assert told.names == ["orders/nightly", "shop/nightly"]
    assert told.pages <= 5
    assert asked(world)["events:ListRuleNamesByTarget"] == 3 * 12


def test_a_listing_is_resumed_in_the_middle_of_the_rules_and_of_the_schedules(world: SchedulesWorld) -> None:
    target = ecs_target(world.ecs.cluster("prod"), world.ecs.definition(APP), **FARGATE)
    expected = [world.events.rule(f"rule-{number:03}", target) for number in range(120)]
    expected += [world.scheduler.schedule(f"schedule-{number:03}", target) for number in range(120)]
    seen: list[str] = []
    cursor, cursors = "", list[str]()
    while not cursors or cursor:
        page = world.source().page(cursor)
        seen += page.arns
        cursor = page.cursor
        cursors.append(cursor)

    assert sorted(seen) == sorted(expected)
    assert [json.loads(each).get("token") for each in cursors if each] == ["100", None, "100"]


def test_a_listing_whose_bus_is_gone_goes_on_with_the_next_one(world: SchedulesWorld) -> None:
    target = ecs_target(world.ecs.cluster("prod"), world.ecs.definition(APP), **FARGATE)
    for bus in ("default", "shop"):
        world.events.rule("nightly", target, bus=bus)
    bus = "arn:aws:events:eu-west-1:123456789012:event-bus/orders"

    told = whole(world.source(), json.dumps({"bus": bus, "cluster": world.ecs.cluster("prod"), "token": "100"}))

    assert told.names == ["shop/nightly"]


@pytest.mark.parametrize(
    "action",
    ["events:ListEventBuses", "events:ListRuleNamesByTarget", "events:ListTargetsByRule", "scheduler:ListSchedules"],
)
def test_each_listing_that_repeats_a_page_is_named(world: SchedulesWorld, cluster: str, action: str) -> None:
    if action != "events:ListRuleNamesByTarget":
        world.events.rule("nightly", *[ecs_target(cluster, world.ecs.definition(APP), **FARGATE) for _ in range(3)])
    service, _, operation = action.partition(":")
    fake = {"events": world.events, "scheduler": world.scheduler}[service]

    def stick(_: dict[str, Any]) -> None:
        fake.stuck = True

    fake.failing[operation] = stick

    with pytest.raises(UnreadableError, match=f"{action} gave the same page twice"):
        whole(world.source())


def test_a_throttled_definition_ends_the_reading(world: SchedulesWorld, cluster: str) -> None:
    arn = world.events.rule("nightly", ecs_target(cluster, world.ecs.definition(APP).rpartition(":")[0]))
    world.ecs.failing["DescribeTaskDefinition"] = THROTTLED

    with pytest.raises(UnreadableError):
        read(world, arn)


def test_a_definition_that_ecs_will_not_read_as_one_stops_no_other(world: SchedulesWorld, cluster: str) -> None:
    arn = world.events.rule("nightly", ecs_target(cluster, "odd name", **FARGATE))
    world.ecs.failing["DescribeTaskDefinition"] = Refusal("InvalidParameterException", "Invalid revision number.")

    assert read(world, arn) == Sighting(arn)
