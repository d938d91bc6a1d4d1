"""Workloads of an account, and what an inventory has of them, for the tests of passes and of changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from ecrguard.domain.inventory import BadImage, Sighting
from ecrguard.domain.platform import Platform
from ecrguard.domain.reference import Registry, parse_reference
from ecrguard.domain.workload import Basis, Workload, WorkloadKind

if TYPE_CHECKING:
    from tests.fakes.inventory import FakeInventory

REGISTRY = Registry("123456789012", "eu-west-1")
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")


@dataclass
class Clock:
    """A time that passes whenever somebody looks at it, so that no two observations begin at once."""

    time: datetime = NOON
    step: timedelta = timedelta(seconds=1)

    def __call__(self) -> datetime:
        self.time += self.step
        return self.time


def arn(name: str) -> str:
    return f"arn:aws:ecs:eu-west-1:123456789012:service/prod/{name}"


def service(name: str, image: str = "team/app:1", host: Platform = AMD64, definition: str = "web:1") -> Sighting:
    """An ECS service of one container."""
    reference = parse_reference(f"{REGISTRY.host}/{image}")
    kind, basis = WorkloadKind.ECS_SERVICE, Basis.EXPLICIT
    workload = Workload(kind, arn(name), f"prod/{name}", "app", reference, (host,), basis, definition)
    return Sighting(arn(name), (workload,))


def elsewhere(name: str) -> Sighting:
    """A service that runs nothing of the registry."""
    return Sighting(arn(name))


def contents(inventory: FakeInventory, source: str = "ecs") -> dict[str, Sighting]:
    """What an inventory says, without what it only remembers to be gone."""
    there = inventory.sightings.get(source, {})
    return {arn: sighting for arn, (known, sighting) in there.items() if known.runs_something}


def truth(workloads: dict[str, Sighting]) -> dict[str, Sighting]:
    """What an inventory must say of these workloads."""
    return {arn: each for arn, each in workloads.items() if each.workloads or each.bad_images}


NAMES = "abcdefgh"
names = st.sampled_from(NAMES)


@st.composite
def sightings(draw: st.DrawFn, name: str | None = None) -> Sighting:
    """Any service: of one of two images on one of two platforms, of another registry, or with an unusable image."""
    name = name or draw(names)
    kind = draw(st.sampled_from(["app", "app", "elsewhere", "bad"]))
    if kind == "elsewhere":
        return elsewhere(name)
    if kind == "bad":
        return Sighting(arn(name), (), (BadImage(f"ECS service prod/{name}", "team/app:!", "no reference"),))
    return service(name, draw(st.sampled_from(["team/app:1", "team/web:2"])), draw(st.sampled_from([AMD64, ARM64])))


accounts = st.lists(sightings(), max_size=12).map(lambda found: {each.arn: each for each in found})
"""The services of an account, by ARN."""
