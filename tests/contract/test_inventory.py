"""What every inventory does with workloads: the table in DynamoDB, and the fake that others are tested with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.contract.inventory_world import (
    AMD64,
    ARM64,
    DENIED,
    LIMIT,
    NOON,
    REGISTRY,
    Clock,
    RealWorld,
    World,
    arn,
    at,
    complete,
    names,
    sighting,
    tell,
    workload,
)

from ecrguard.adapters.inventory_reader import STATES_KEPT, InventoryReader
from ecrguard.domain.image import UnknownReason
from ecrguard.domain.inventory import BadImage, Page, Sighting, judged
from ecrguard.domain.platform import Platform
from ecrguard.domain.reference import parse_reference
from ecrguard.domain.workload import Basis
from ecrguard.ports import Replacement

if TYPE_CHECKING:
    from ecrguard.adapters.inventory_table import InventoryTable


def test_what_was_told_is_given_back_whole(world: World) -> None:
    told = Sighting(
        arn("api"),
        (
            workload("api"),
            replace(
                workload("api", "team/app", "side"),
                reference=parse_reference(f"{REGISTRY.host}/team/app@sha256:{'b' * 64}"),
                hosts=(AMD64, ARM64, Platform("windows", "amd64", "", "10.0.20348")),
                basis=Basis.CAPACITY,
                deploys_on_push=True,
                resolved="",
            ),
            replace(workload("api", container="lost"), hosts=(), basis=Basis.UNKNOWN),
        ),
    )
    complete(world)
    tell(world, told, 1)

    linked = world.reader("ecs").linked(REGISTRY, "team/app")

    assert set(linked.workloads) == set(told.workloads)
    assert linked.unknowns == ()


def test_a_repository_has_the_workloads_that_run_its_images_and_no_others(world: World) -> None:
    tell(world, sighting("api", "team/app:1", "team/proxy:2"), 1)
    tell(world, sighting("web", "team/proxy:3"), 1)

    assert names(world) == ["prod/api c0 1"]
    assert names(world, "team/proxy") == ["prod/api c1 2", "prod/web c0 3"]
    assert names(world, "team") == names(world, "team/app2") == []


def test_a_workload_is_replaced_as_a_whole(world: World) -> None:
    tell(world, sighting("api", "team/app:1", "team/proxy:2", "team/app:3"), 1)
    tell(world, sighting("api", "team/other:9", "team/app:4"), 2)

    assert names(world) == ["prod/api c1 4"]
    assert names(world, "team/proxy") == []
    assert names(world, "team/other") == ["prod/api c0 9"]


def test_what_is_gone_is_dropped_from_every_repository(world: World) -> None:
    tell(world, sighting("api", "team/app:1", "team/proxy:2"), 1)
    tell(world, Sighting(arn("api")), 2)

    assert names(world) == names(world, "team/proxy") == []


@pytest.mark.parametrize("late", [sighting("api", "team/app:1"), Sighting(arn("api"))], ids=["alive", "gone"])
@pytest.mark.parametrize("latest", [sighting("api", "team/app:2"), Sighting(arn("api"))], ids=["changed", "gone"])
def test_the_later_observation_counts_whatever_is_written_first(world: World, late: Sighting, latest: Sighting) -> None:
    before = world.inventory.known("ecs", [late.arn]).get(late.arn)
    tell(world, latest, 2)
    world.inventory.replace("ecs", [Replacement(late, at(1), before)])
    tell(world, late, 1.5)

    assert names(world) == (["prod/api c0 2"] if latest.workloads else [])


def test_of_many_replaced_together_those_that_others_were_quicker_with_do_not_hold_up_the_rest(world: World) -> None:
    many = [sighting(f"s{number:03}", f"team/app:{number}", "team/side:1") for number in range(90)]
    tell(world, sighting("s010", "team/app:newer"), 5)
    tell(world, sighting("s020", "team/app:older"), 0)
    # As read before either was written.
    world.inventory.replace("ecs", [Replacement(each, at(1), None) for each in many])

    found = names(world)

    assert len(found) == 90
    assert "prod/s010 c0 newer" in found
    assert "prod/s020 c0 20" in found


def test_a_workload_of_more_repositories_than_a_transaction_takes(world: World) -> None:
    tell(world, sighting("wide", *(f"team/r{number}:1" for number in range(120))), 1)
    assert all(names(world, f"team/r{number}") for number in range(120))

    tell(world, sighting("wide", *(f"team/r{number}:2" for number in range(100, 215))), 2)

    assert [len(names(world, f"team/r{number}")) for number in (0, 99, 100, 119, 214)] == [0, 0, 1, 1, 1]


def test_what_is_known_of_a_workload_tells_what_it_takes_to_compare_it(world: World) -> None:
    tell(world, sighting("api", "team/app:1", "team/proxy:2"), 1)
    tell(world, Sighting(arn("gone")), 1)

    known = world.inventory.known("ecs", [arn("api"), arn("nowhere")])
    everything = {each.arn: each for each in world.inventory.all_known("ecs")}

    assert known == {arn("api"): everything[arn("api")]}
    assert known[arn("api")].repositories == ("team/app", "team/proxy")
    assert known[arn("api")].definitions == ("api:1",)
    assert known[arn("api")].observed == at(1)
    assert len(known[arn("api")].runs) == 2
    assert [each.runs_something for each in everything.values()].count(True) == 1
    assert list(world.inventory.all_known("apprunner")) == []


def test_what_has_been_judged_is_noted_of_what_is_still_so(world: World) -> None:
    told, other = sighting("api", "team/app:1"), sighting("api", "team/app:2")
    world.inventory.replace("ecs", [Replacement(told, at(1), None)])

    def runs() -> frozenset[str]:
        return world.inventory.known("ecs", [told.arn])[told.arn].runs

    assert runs() == frozenset()
    world.inventory.judged("ecs", other, judged(other, None))
    world.inventory.judged("ecs", sighting("nowhere", "team/app:1"), frozenset({"x"}))
    assert runs() == frozenset()
    world.inventory.judged("ecs", told, judged(told, None))
    assert len(runs()) == 1
    assert len(list(world.inventory.all_known("ecs"))) == 1


def test_sources_are_kept_apart(world: World) -> None:
    tell(world, sighting("api", "team/app:1"), 1, "ecs")
    tell(world, sighting("api", "team/app:2"), 2, "tasks")

    assert names(world, "team/app", "ecs") == ["prod/api c0 1"]
    assert names(world, "team/app", "tasks") == ["prod/api c0 2"]


def test_images_that_are_no_references_concern_the_repositories_whose_name_stands_in_them(world: World) -> None:
    bad = BadImage("ECS service prod/api, container app", "https://x/team/app:1", "expected a reference")
    tell(world, Sighting(arn("api"), (), (bad,)), 1)
    complete(world)

    def found(repository: str, *sources: str) -> list[tuple[UnknownReason, str]]:
        linked = world.reader(*(sources or ("ecs",))).linked(REGISTRY, repository)
        return [(each.reason, each.subject) for each in linked.unknowns]

    assert found("team/app") == [(UnknownReason.WORKLOAD_IMAGE_INVALID, bad.subject)]
    assert found("team/ap") == found("app2") == []
    complete(world, "tasks")
    assert found("team/app", "tasks") == []
    tell(world, sighting("api", "team/app:1"), 2)
    assert found("team/app") == []


def test_nothing_is_asked_where_no_source_is_on(world: World) -> None:
    tell(world, sighting("api", "team/app:1"), 1)

    linked = world.reader().linked(REGISTRY, "team/app")

    assert (linked.workloads, linked.unknowns) == ((), ())


def test_the_states_of_sources_are_read_again_only_after_a_while(table: InventoryTable) -> None:
    calls: list[str] = []
    client: Any = table.client()

    class Counting:
        def query(self, **asked: Any) -> Any:
            calls.append(asked["ExpressionAttributeValues"][":pk"]["S"])
            return client.query(**asked)

    clock = Clock()
    counting: Any = Counting()
    reader = InventoryReader(lambda: counting, table.table, ("ecs",), LIMIT, clock)

    for _ in range(3):
        reader.linked(REGISTRY, "team/app")
    clock.time += STATES_KEPT
    reader.linked(REGISTRY, "team/web")

    assert calls == [
        "inventory",
        "repository#team/app",
        "repository#team/app",
        "repository#team/app",
        "inventory",
        "repository#team/web",
    ]


@pytest.mark.parametrize("text", ['[{"kind": "a kind of tomorrow"}]', '[{"kind": "ecs-service"}]', "[7]", "7", "{", ""])
def test_what_another_version_wrote_is_not_taken_for_nothing(table: InventoryTable, text: str) -> None:
    world = RealWorld(table, Clock())
    complete(world)
    tell(world, sighting("api", "team/app:1"), 1)
    table.client().update_item(
        TableName=table.table,
        Key={"pk": {"S": "repository#team/app"}, "sk": {"S": f"ecs#{arn('api')}"}},
        UpdateExpression="SET workloads = :workloads",
        ExpressionAttributeValues={":workloads": {"S": text}},
    )

    linked = world.reader("ecs").linked(REGISTRY, "team/app")

    assert linked.workloads == ()
    assert [(each.reason, each.subject) for each in linked.unknowns] == [
        (UnknownReason.UNAVAILABLE, f"ecs#{arn('api')}")
    ]


def test_a_reason_that_another_version_wrote_is_one_all_the_same(table: InventoryTable) -> None:
    world = RealWorld(table, Clock())
    world.inventory.end(world.inventory.turn(world.inventory.begin("ecs", NOON), Page(unknowns=(DENIED,))), NOON)
    table.client().update_item(
        TableName=table.table,
        Key={"pk": {"S": "inventory"}, "sk": {"S": "source#ecs"}},
        UpdateExpression="SET unknowns[0].reason = :reason",
        ExpressionAttributeValues={":reason": {"S": "a reason of tomorrow"}},
    )

    (unknown,) = world.reader("ecs").linked(REGISTRY, "team/app").unknowns

    assert unknown == replace(DENIED, reason=UnknownReason.UNAVAILABLE)


def test_a_workload_that_is_gone_leaves_a_trace_that_expires(table: InventoryTable) -> None:
    world = RealWorld(table, Clock())
    tell(world, sighting("api", "team/app:1"), 1)
    tell(world, Sighting(arn("api")), 2)

    items = table.client().scan(TableName=table.table)["Items"]

    assert [item["pk"]["S"] for item in items] == ["source#ecs"]
    assert int(items[0]["expires"]["N"]) > at(2).timestamp()
