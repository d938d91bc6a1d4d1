"""What every inventory does with passes, and what it cannot tell: the table in DynamoDB, and the fake."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.contract.inventory_world import (
    DENIED,
    LIMIT,
    NOON,
    REGISTRY,
    World,
    arn,
    at,
    complete,
)

from ecrguard.domain.image import UnknownReason
from ecrguard.domain.inventory import Page
from ecrguard.errors import LostPassError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ecrguard.ports import Inventory


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
