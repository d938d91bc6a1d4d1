"""A ``WorkloadSource`` in memory: workloads of an account as they are now, listed in pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ecrguard.domain.inventory import Page, Sighting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ecrguard.domain.image import Unknown


@dataclass(slots=True)
class FakeSource:
    """Lists and reads ``workloads``, which whoever holds it may change at any time.

    Attributes:
        workloads: by ARN.
        size: of a page.
        denied: workloads that may not be read, and the answer for each.
        unlisted: parts that every first page says could not be listed.
        before: called with the name of each call and what it is asked, before it is answered.
        after: called when workloads have been read, and before the reader knows them.
        calls: names of the calls made.
        tells: a page says everything of its workloads by itself.
    """

    workloads: dict[str, Sighting] = field(default_factory=dict)
    size: int = 2
    denied: dict[str, Unknown] = field(default_factory=dict)
    unlisted: tuple[Unknown, ...] = ()
    before: Callable[[str, object], object] = lambda _, __: None
    after: Callable[[], object] = lambda: None
    calls: list[str] = field(default_factory=list)
    tells: bool = False

    def put(self, *sightings: Sighting) -> None:
        self.workloads |= {each.arn: each for each in sightings}

    def page(self, cursor: str) -> Page:
        self.before("page", cursor)
        self.calls.append("page")
        # From a name on: what is created or deleted meanwhile shifts no page.
        left = sorted(arn for arn in self.workloads if arn >= cursor)
        arns = tuple(left[: self.size])
        more = left[self.size] if len(left) > self.size else ""
        sightings = {arn: self.workloads[arn] for arn in arns} if self.tells else {}
        return Page(arns, more, sightings, () if cursor else self.unlisted)

    def read(self, arns: Sequence[str]) -> Mapping[str, Sighting | Unknown]:
        self.before("read", arns)
        self.calls.append("read")
        found = {arn: self.denied.get(arn) or self.workloads.get(arn, Sighting(arn)) for arn in arns}
        self.after()
        return found
