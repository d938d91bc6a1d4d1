"""The inventory in memory: the twin of the table in DynamoDB."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.inventory import BadImage, Known, Page, Pass, Sighting, SourceState, fingerprint, gaps
from ecrguard.errors import LostPassError
from ecrguard.ports import LinkedWorkloads, Replacement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import timedelta

    from ecrguard.domain.reference import Registry


@dataclass(slots=True)
class FakeInventory:
    """What was told of workloads, by source and ARN.

    Attributes:
        before_write: called before each write, for whoever wants to be quicker, or to end a run there.
        writes: how many there were.
    """

    before_write: Callable[[], object] = lambda: None
    writes: int = 0
    sightings: dict[str, dict[str, tuple[Known, Sighting]]] = field(default_factory=dict)
    passes: dict[str, SourceState] = field(default_factory=dict)
    pages: dict[tuple[str, datetime, int], Page] = field(default_factory=dict)
    leases: tuple[str, datetime] | None = None

    def states(self) -> Mapping[str, SourceState]:
        return dict(self.passes)

    def known(self, source: str, arns: Sequence[str]) -> Mapping[str, Known]:
        there = self.sightings.get(source, {})
        return {arn: there[arn][0] for arn in arns if arn in there}

    def all_known(self, source: str) -> Iterator[Known]:
        return iter([known for known, _ in self.sightings.get(source, {}).values()])

    def replace(self, source: str, replacements: Sequence[Replacement]) -> None:
        for each in replacements:
            self._write()
            there = self.sightings.setdefault(source, {})
            arn = each.sighting.arn
            if arn in there and there[arn][0].observed >= each.observed:
                continue
            there[arn] = (_known(each, str(self.writes)), each.sighting)

    def judged(self, source: str, sighting: Sighting, runs: frozenset[str]) -> None:
        self._write()
        known, there = self.sightings.get(source, {}).get(sighting.arn, (None, None))
        if known is not None and there is not None and known.fingerprint == fingerprint(sighting):
            self.sightings[source][sighting.arn] = (replace(known, runs=runs), there)

    def begin(self, source: str, started: datetime) -> Pass:
        self._write()
        state = self.passes.get(source, SourceState(source))
        if state.running is not None:
            raise LostPassError(source)
        running = Pass(source, started)
        self.passes[source] = replace(state, running=running)
        return running

    def turn(self, running: Pass, page: Page) -> Pass:
        self._write()
        unknowns = (*running.unknowns, *page.unknowns)
        turned = replace(running, pages=running.pages + 1, cursor=page.cursor, stalls=0, unknowns=unknowns)
        self._go_on(running, turned)
        self.pages[running.source, running.started, running.pages] = page
        return turned

    def seen(self, running: Pass) -> Iterator[str]:
        for (source, started, _), page in self.pages.items():
            if (source, started) == (running.source, running.started):
                yield from page.arns

    def end(self, running: Pass, now: datetime, *, absent: str = "") -> None:
        self._write()
        state = self._go_on(running, None)
        complete = state.complete if running.unknowns or absent else running.started
        ended = replace(state, complete=complete, ended=now, unknowns=running.unknowns, absent=absent)
        self.passes[running.source] = ended

    def attempt(self, running: Pass, now: datetime) -> Pass:
        self._write()
        tried = replace(running, stalls=running.stalls + 1)
        self._go_on(running, tried)
        self.passes[running.source] = replace(self.passes[running.source], tried=now)
        return tried

    def excuse(self, running: Pass) -> None:
        self._write()
        self._go_on(running, replace(running, stalls=running.stalls - 1))

    def forget(self, source: str) -> None:
        self._write()
        self.passes.pop(source, None)

    def lease(self, owner: str, now: datetime, until: datetime) -> bool:
        self._write()
        if self.leases is not None and self.leases[0] != owner and self.leases[1] >= now:
            return False
        self.leases = (owner, until)
        return True

    def release(self, owner: str) -> None:
        if self.leases is not None and self.leases[0] == owner:
            self.leases = None

    def _write(self) -> None:
        self.before_write()
        self.writes += 1

    def _go_on(self, running: Pass, then: Pass | None) -> SourceState:
        state = self.passes[running.source]
        current = state.running
        if current is None or (current.started, current.pages) != (running.started, running.pages):
            raise LostPassError(running.source)
        self.passes[running.source] = replace(state, running=then)
        return self.passes[running.source]


def _known(each: Replacement, version: str) -> Known:
    sighting = each.sighting
    return Known(
        arn=sighting.arn,
        observed=each.observed,
        version=version,
        repositories=tuple(sorted({workload.reference.repository for workload in sighting.workloads})),
        bad=bool(sighting.bad_images),
        fingerprint=fingerprint(sighting),
        runs=each.judged,
        definitions=tuple(sorted({workload.definition for workload in sighting.workloads if workload.definition})),
    )


@dataclass(slots=True)
class FakeInventoryReader:
    """What a push is told of a ``FakeInventory``."""

    inventory: FakeInventory
    sources: Sequence[str]
    limit: timedelta
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def linked(self, registry: Registry, repository: str) -> LinkedWorkloads:
        if not self.sources:
            return LinkedWorkloads()
        sightings = [
            sighting
            for source, there in self.inventory.sightings.items()
            if source in self.sources
            for _, sighting in there.values()
        ]
        workloads = [
            workload
            for sighting in sightings
            for workload in sighting.workloads
            if (workload.reference.registry, workload.reference.repository) == (registry, repository)
        ]
        unknowns = [_unusable(bad) for sighting in sightings for bad in sighting.bad_images if bad.may_name(repository)]
        unknowns += gaps(self.inventory.states(), self.sources, self.now(), self.limit)
        return LinkedWorkloads(tuple(workloads), tuple(unknowns))


def _unusable(bad: BadImage) -> Unknown:
    return Unknown(
        UnknownReason.WORKLOAD_IMAGE_INVALID, f"{bad.subject} has an unusable image: {bad.problem}", bad.subject
    )
