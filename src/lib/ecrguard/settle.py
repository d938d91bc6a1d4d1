"""Settling what sources told: it is written down, and what has changed is judged.

It is written first, so that no push falls between the two, and nothing that keeps an image from being judged keeps the
inventory from being true. What was judged is noted last: an end between judges again, with the same alert.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ecrguard.domain.inventory import changed, fingerprint, judged
from ecrguard.errors import UnreadableError
from ecrguard.ports import Replacement

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from ecrguard.domain.image import Unknown
    from ecrguard.domain.inventory import Known, Sighting
    from ecrguard.domain.workload import Workload
    from ecrguard.ports import Inventory


@dataclass(slots=True)
class Settled:
    """What came of it.

    Attributes:
        replaced: workloads that were not as they were known.
        unjudged: why workloads that have changed could not be judged.
    """

    replaced: int = 0
    unjudged: list[Unknown] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Told:
    """What a source told.

    Attributes:
        source: its name.
        sightings: of some of its workloads.
        observed: when it was first asked for them, UTC.
    """

    source: str
    sightings: Sequence[Sighting]
    observed: datetime


def settle(
    inventory: Inventory, told: Told, judge: Callable[[Sequence[Workload]], None] | None, *, always: bool = False
) -> Settled:
    """Write sightings down and judge those that have changed, each workload by itself.

    Args:
        inventory: where they are kept.
        told: what is to be written down.
        judge: is told of the containers of a workload that have changed; None where nothing is to be judged.
        always: also write what has not changed, so that no observation from before it, still on its way, comes after.

    Raises:
        UnreadableError: the inventory cannot be read or written.
    """
    known = inventory.known(told.source, [each.arn for each in told.sightings])
    changes = {each.arn: changed(each, known.get(each.arn), told.observed) if judge else () for each in told.sightings}
    replacements = [
        Replacement(each, told.observed, before, _judged_so_far(each, before, changes[each.arn]))
        for each in told.sightings
        for before in [known.get(each.arn)]
        if always or _is_news(each, before)
    ]
    inventory.replace(told.source, replacements)
    settled = Settled(len(replacements))
    for each in told.sightings:
        if judge is None or not changes[each.arn]:
            continue
        try:
            judge(changes[each.arn])
        except UnreadableError as error:
            settled.unjudged.append(error.unknown)
        else:
            inventory.judged(told.source, each, judged(each, known.get(each.arn)))
    return settled


def _is_news(sighting: Sighting, known: Known | None) -> bool:
    """Whether the inventory says something else than the source. What runs nothing of the registry is not in it."""
    if known is None:
        return bool(sighting.workloads or sighting.bad_images)
    return known.fingerprint != fingerprint(sighting)


def _judged_so_far(sighting: Sighting, known: Known | None, changes: Sequence[Workload]) -> frozenset[str]:
    """What has been judged before what has changed is: all of it where nothing is to be judged."""
    if not changes:
        return judged(sighting, known)
    return known.runs if known else frozenset()
