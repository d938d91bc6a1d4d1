"""Inventories with a clock, real and fake, and what is told to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from tests.fakes.inventory import FakeInventory, FakeInventoryReader

from ecrguard.adapters.inventory_reader import InventoryReader
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.inventory import Page, Sighting, judged
from ecrguard.domain.platform import Platform
from ecrguard.domain.reference import Registry, parse_reference
from ecrguard.domain.workload import Basis, Workload, WorkloadKind
from ecrguard.ports import Inventory, Replacement, WorkloadReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ecrguard.adapters.inventory_table import InventoryTable

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


TABLE: dict[str, Any] = {
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
}


def tell(world: World, told: Sighting, minutes: float, source: str = "ecs") -> None:
    known = world.inventory.known(source, [told.arn]).get(told.arn)
    world.inventory.replace(source, [Replacement(told, at(minutes), known, judged(told, known))])


def complete(world: World, source: str = "ecs", minutes: float = 0, arns: Sequence[str] = ()) -> None:
    running = world.inventory.begin(source, at(minutes))
    world.inventory.end(world.inventory.turn(running, Page(tuple(arns))), at(minutes))


def names(world: World, repository: str = "team/app", *sources: str) -> list[str]:
    linked = world.reader(*(sources or ("ecs",))).linked(REGISTRY, repository)
    return sorted(f"{each.name} {each.container} {each.reference.tag}" for each in linked.workloads)
