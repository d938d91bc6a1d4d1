"""The source of ECS tasks that rules and schedules start: how buses, rules and schedules are listed."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from tests.contract.ecs_reading import APP, DENIED, whole
from tests.contract.world_ecs import SchedulesWorld
from tests.fakes.events import ecs_target
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import NameResolutionError

from ecrguard.adapters.calls import Calls
from ecrguard.domain.image import UnknownReason
from ecrguard.errors import UnreadableError

FARGATE: dict[str, Any] = {"LaunchType": "FARGATE"}
UNRESOLVED = EndpointConnectionError(
    endpoint_url="https://nowhere.example",
    error=NameResolutionError("nowhere.example", HTTPSConnection("nowhere.example"), OSError()),  # type: ignore[arg-type]  # what urllib3 raises has socket.gaierror there, an OSError
)


@pytest.fixture
def world() -> SchedulesWorld:
    return SchedulesWorld()


@pytest.fixture
def cluster(world: SchedulesWorld) -> str:
    return world.ecs.cluster("prod")


def asked(world: SchedulesWorld) -> dict[str, int]:
    return dict(Counter(world.called))


@pytest.mark.parametrize("bus", ["default", "orders", "aws.partner/example.com/shop"])
def test_rules_of_every_bus_are_found(world: SchedulesWorld, cluster: str, bus: str) -> None:
    world.events.rule("other", {"Arn": "arn:aws:lambda:eu-west-1:123456789012:function:f"}, bus=bus)
    arn = world.events.rule("nightly", ecs_target(cluster, world.ecs.definition(APP), **FARGATE), bus=bus)

    told = whole(world.source())

    assert list(told.answers) == [arn]
    assert told.names == ["nightly" if bus == "default" else f"{bus}/nightly"]


def test_schedules_of_other_targets_are_not_asked_about(world: SchedulesWorld) -> None:
    for number, target in enumerate(
        ["arn:aws:lambda:eu-west-1:123456789012:function:f", "arn:aws:scheduler:::aws-sdk:ecs:updateService"]
    ):
        world.scheduler.schedule(f"other-{number}", {"Arn": target})

    assert whole(world.source()).answers == {}
    assert "scheduler:GetSchedule" not in asked(world)


def test_rules_are_read_in_a_region_without_scheduler(world: SchedulesWorld, cluster: str) -> None:
    world.events.rule("nightly", ecs_target(cluster, world.ecs.definition(APP), **FARGATE))
    world.scheduler.failing["ListSchedules"] = UNRESOLVED

    told = whole(world.source(Calls(absent=True)))

    assert (told.names, told.unknowns) == (["nightly"], [])
    with pytest.raises(UnreadableError):
        whole(world.source())


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
