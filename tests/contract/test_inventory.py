"""What every inventory does: the table in DynamoDB, and the fake that passes and changes are tested with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

import boto3
import pytest
from moto import mock_aws
from tests.fakes.inventory import FakeInventory, FakeInventoryReader

from ecrguard.adapters.inventory_reader import STATES_KEPT, InventoryReader
from ecrguard.adapters.inventory_table import InventoryTable
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.inventory import BadImage, Page, Sighting, judged
from ecrguard.domain.platform import Platform
from ecrguard.domain.reference import Registry, parse_reference
from ecrguard.domain.workload import Basis, Workload, WorkloadKind
from ecrguard.errors import LostPassError
from ecrguard.ports import Inventory, Replacement, WorkloadReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

REGISTRY = Registry("123456789012", "eu-west-1")
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
LIMIT = timedelta(hours=3)
AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
DENIED = Unknown(UnknownReason.ACCESS_DENIED, "ecs:ListServices was denied", "ecs")


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def arn(name: str) -> str:
    return f"arn:aws:ecs:eu-west-1:123456789012:service/prod/{name}"


def workload(name: str, image: str = "team/app:1", container: str = "app", host: Platform = AMD64) -> Workload:
    return Workload(
        kind=WorkloadKind.ECS_SERVICE,
        arn=arn(name),
        name=f"prod/{name}",
        container=container,
        reference=parse_reference(f"{REGISTRY.host}/{image}"),
        hosts=(host,),
        basis=Basis.EXPLICIT,
        definition=f"{name}:1",
        resolved="sha256:" + "a" * 64,
    )


def sighting(name: str, *images: str) -> Sighting:
    return Sighting(arn(name), tuple(workload(name, image, f"c{index}") for index, image in enumerate(images)))


@dataclass
class Clock:
    time: datetime = NOON

    def __call__(self) -> datetime:
        return self.time


class World(Protocol):
    clock: Clock

    @property
    def inventory(self) -> Inventory: ...
    def reader(self, *sources: str) -> WorkloadReader: ...


@dataclass
class RealWorld:
    inventory: InventoryTable
    clock: Clock

    def reader(self, *sources: str) -> WorkloadReader:
        return InventoryReader(self.inventory.client, self.inventory.table, sources, LIMIT, self.clock)


@dataclass
class FakeWorld:
    inventory: FakeInventory
    clock: Clock

    def reader(self, *sources: str) -> WorkloadReader:
        return FakeInventoryReader(self.inventory, sources, LIMIT, self.clock)


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client(
            "dynamodb",
            region_name="eu-west-1",
            aws_access_key_id="x",
            aws_secret_access_key="x",  # noqa: S106 - of nothing
        )


TABLE: dict[str, Any] = {
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
}


@pytest.fixture
def table(dynamodb: Any) -> Iterator[InventoryTable]:
    dynamodb.create_table(TableName="inventory", **TABLE)
    yield InventoryTable(lambda: dynamodb, "inventory")
    dynamodb.delete_table(TableName="inventory")


@pytest.fixture(params=["real", "fake"])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "fake":
        return FakeWorld(FakeInventory(), Clock())
    return RealWorld(request.getfixturevalue("table"), Clock())


def tell(world: World, told: Sighting, minutes: float, source: str = "ecs") -> None:
    known = world.inventory.known(source, [told.arn]).get(told.arn)
    world.inventory.replace(source, [Replacement(told, at(minutes), known, judged(told, known))])


def complete(world: World, source: str = "ecs", minutes: float = 0, arns: Sequence[str] = ()) -> None:
    running = world.inventory.begin(source, at(minutes))
    world.inventory.end(world.inventory.turn(running, Page(tuple(arns))), at(minutes))


def names(world: World, repository: str = "team/app", *sources: str) -> list[str]:
    linked = world.reader(*(sources or ("ecs",))).linked(REGISTRY, repository)
    return sorted(f"{each.name} {each.container} {each.reference.tag}" for each in linked.workloads)


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


def reasons(world: World, *sources: str) -> list[tuple[UnknownReason, str]]:
    linked = world.reader(*(sources or ("ecs",))).linked(REGISTRY, "team/app")
    return [(each.reason, each.subject) for each in linked.unknowns]


def test_a_source_that_was_never_read_completely_is_not_taken_for_empty(world: World) -> None:
    assert reasons(world, "ecs", "apprunner") == [
        (UnknownReason.INVENTORY_INCOMPLETE, "ecs"),
        (UnknownReason.INVENTORY_INCOMPLETE, "apprunner"),
    ]
    world.inventory.begin("ecs", NOON)
    assert reasons(world) == [(UnknownReason.INVENTORY_INCOMPLETE, "ecs")]


def test_an_inventory_older_than_its_limit_says_so(world: World) -> None:
    complete(world)
    world.clock.time = NOON + LIMIT
    assert reasons(world) == []
    world.clock.time += timedelta(seconds=1)
    assert reasons(world) == [(UnknownReason.INVENTORY_STALE, "ecs")]
    running = world.inventory.begin("ecs", world.clock.time)
    assert reasons(world) == [(UnknownReason.INVENTORY_STALE, "ecs")]
    world.inventory.end(world.inventory.turn(running, Page()), world.clock.time)
    assert reasons(world) == []


def test_what_a_pass_could_not_read_is_said_until_one_could(world: World) -> None:
    complete(world)
    running = world.inventory.begin("ecs", at(60))
    running = world.inventory.turn(running, Page(cursor="2", unknowns=(DENIED,)))
    assert reasons(world) == []
    world.inventory.end(world.inventory.turn(running, Page()), at(61))
    assert reasons(world) == [(UnknownReason.ACCESS_DENIED, "ecs")]
    state = world.inventory.states()["ecs"]
    assert (state.complete, state.ended, state.unknowns) == (NOON, at(61), (DENIED,))
    complete(world, minutes=120)
    assert reasons(world) == []


def test_a_source_that_cannot_be_there_has_nothing_to_say(world: World) -> None:
    world.inventory.end(world.inventory.begin("apprunner", NOON), NOON, absent="apprunner is not in this Region")

    assert world.inventory.states()["apprunner"].absent == "apprunner is not in this Region"
    assert reasons(world, "apprunner") == []
    complete(world, "apprunner", 5)
    assert world.inventory.states()["apprunner"].absent == ""


def test_a_pass_goes_on_where_it_was_cut(world: World) -> None:
    running = world.inventory.begin("ecs", NOON)
    running = world.inventory.turn(running, Page((arn("a"), arn("b")), "token 2", unknowns=(DENIED,)))
    tried = world.inventory.attempt(world.inventory.attempt(running, at(6)), at(11))
    world.inventory.excuse(tried)

    found = world.inventory.states()["ecs"].running

    assert world.inventory.states()["ecs"].tried == at(11)
    assert (tried.stalls, found) == (2, replace(running, stalls=1))
    assert found is not None
    assert (found.pages, found.cursor, found.started, found.unknowns) == (1, "token 2", NOON, (DENIED,))
    turned = world.inventory.turn(found, Page((arn("c"), arn("a"))))
    assert turned.stalls == 0
    assert set(world.inventory.seen(turned)) == {arn("a"), arn("b"), arn("c")}


def test_the_pages_of_an_earlier_pass_are_not_those_of_a_later(world: World) -> None:
    complete(world, arns=[arn("a")])
    running = world.inventory.turn(world.inventory.begin("ecs", at(60)), Page((arn("b"),)))

    assert set(world.inventory.seen(running)) == {arn("b")}


def test_of_two_runs_with_one_page_neither_undoes_what_the_other_has_seen(world: World) -> None:
    running = world.inventory.begin("ecs", NOON)
    turned = world.inventory.turn(running, Page((arn("a"), arn("b")), "2"))
    # What is deleted shifts the pages of the listing for the run that is slower.
    with pytest.raises(LostPassError):
        world.inventory.turn(running, Page((arn("b"), arn("c")), "2"))

    assert {arn("a"), arn("b")} <= set(world.inventory.seen(turned))


LOSERS: dict[str, Callable[[Inventory], object]] = {
    "begins": lambda inventory: inventory.begin("ecs", at(1)),
    "turns a page that is turned": lambda inventory: inventory.turn(inventory_pass(inventory, pages=0), Page()),
    "turns a page of a pass that is over": lambda inventory: inventory.turn(
        replace(inventory_pass(inventory), started=at(-5)), Page()
    ),
    "tries a page that is turned": lambda inventory: inventory.attempt(inventory_pass(inventory, pages=0), at(1)),
    "excuses a page that is turned": lambda inventory: inventory.excuse(inventory_pass(inventory, pages=0)),
    "ends a pass that is over": lambda inventory: inventory.end(
        replace(inventory_pass(inventory), started=at(-5)), at(1)
    ),
}


def inventory_pass(inventory: Inventory, pages: int | None = None) -> Any:
    running = inventory.states()["ecs"].running
    assert running is not None
    return running if pages is None else replace(running, pages=pages)


@pytest.mark.parametrize("lose", LOSERS.values(), ids=LOSERS.keys())
def test_of_two_runs_with_one_pass_the_slower_is_told(world: World, lose: Callable[[Inventory], object]) -> None:
    world.inventory.turn(world.inventory.begin("ecs", NOON), Page(cursor="2"))
    before = world.inventory.states()

    with pytest.raises(LostPassError):
        lose(world.inventory)

    assert world.inventory.states() == before


def test_one_owner_at_a_time_has_the_lease(world: World) -> None:
    inventory = world.inventory
    assert inventory.lease("one", NOON, at(5))
    assert not inventory.lease("two", at(1), at(6))
    assert inventory.lease("one", at(2), at(7))
    inventory.release("two")
    assert not inventory.lease("two", at(6), at(9))
    inventory.release("one")
    assert inventory.lease("two", at(6), at(9))
    assert inventory.lease("three", at(10), at(12))


def test_a_source_that_is_switched_off_is_forgotten(world: World) -> None:
    complete(world)
    world.inventory.forget("ecs")
    world.inventory.forget("never there")

    assert world.inventory.states() == {}


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
