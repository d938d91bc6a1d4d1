"""The template's permissions, as the sources of workloads meet them: nothing is missing, and nothing is too much."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.contract.worlds import WORLDS
from tests.template.stack import Stack
from tests.template.variants import ALL

from ecrguard.config import SOURCES
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.source_world import SourceWorld

    from ecrguard.domain.inventory import Sighting

READERS = ("ReconcileFunction", "ChangesFunction")
MOST_PAGES = 100


def rendered(function: str, linked: str) -> frozenset[str]:
    """What the role of a function may do in a stack that reads these sources."""
    return frozenset(Stack().given(LinkedWorkloads=linked).actions(function))


def added_by(function: str, source: str) -> frozenset[str]:
    """What the role of a function may do for a source alone."""
    return rendered(function, source) - rendered(function, "none")


def under(kind: type[SourceWorld], allowed: frozenset[str]) -> SourceWorld:
    """A world that has whatever makes its source call all that it may, and refuses all but ``allowed``."""
    world = kind()
    world.fill()
    for action in world.actions:
        if action not in allowed:
            world.deny(action)
    return world


def read(world: SourceWorld) -> Iterator[Sighting | Unknown]:
    """What a pass of the world's source tells."""
    source, cursor = world.source(), ""
    for _ in range(MOST_PAGES):
        page = source.page(cursor)
        yield from page.unknowns
        yield from page.sightings.values()
        yield from source.read([arn for arn in page.arns if arn not in page.sightings]).values()
        cursor = page.cursor
        if not cursor:
            return
    raise AssertionError("the listing does not end")


def missed(world: SourceWorld) -> list[Unknown]:
    """What a pass of the world's source does not tell."""
    found: list[Unknown] = []
    try:
        found += [each for each in read(world) if isinstance(each, Unknown)]
    except UnreadableError as error:
        found.append(error.unknown)
    return found


BY_NAME = {world.name: world for world in WORLDS}
EACH = [
    pytest.param(function, source, action, id=f"{function}-{source}-{action}")
    for function in READERS
    for source in SOURCES
    for action in sorted(added_by(function, source))
]


def test_every_source_has_a_world() -> None:
    assert sorted(world.name for world in WORLDS) == sorted(SOURCES)


@pytest.mark.parametrize("function", READERS)
@pytest.mark.parametrize("linked", [ALL, "alone"])
@pytest.mark.parametrize("kind", WORLDS, ids=lambda kind: kind.name)
def test_nothing_is_missing(kind: type[SourceWorld], linked: str, function: str) -> None:
    allowed = rendered(function, kind.name if linked == "alone" else linked)
    world = under(kind, allowed)

    told = list(read(world))

    assert told
    assert [each for each in told if isinstance(each, Unknown)] == []
    assert set(world.called) <= allowed


@pytest.mark.parametrize(("function", "source", "action"), EACH)
def test_any_action_that_is_removed_is_missed(function: str, source: str, action: str) -> None:
    world = under(BY_NAME[source], rendered(function, source) - {action})
    found = missed(world)

    assert action in world.called
    assert [each for each in found if each.reason is UnknownReason.ACCESS_DENIED and action in each.detail], found


@pytest.mark.parametrize("function", READERS)
@pytest.mark.parametrize("kind", WORLDS, ids=lambda kind: kind.name)
def test_a_source_that_is_switched_off_may_not_be_read(kind: type[SourceWorld], function: str) -> None:
    others = ",".join(source for source in SOURCES if source != kind.name)
    world = under(kind, rendered(function, others))

    assert [each for each in missed(world) if each.reason is UnknownReason.ACCESS_DENIED]
