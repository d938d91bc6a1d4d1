"""Passes: reading every source as a whole from time to time, so that the inventory is true whatever events were lost.

A run takes a lease, so that there is one at a time, and makes the passes that are due until its time is over. A page of
a pass is done when it is noted; a run that ends, for whatever reason, leaves a pass that the next run goes on with from
the page that was not noted. Doing a page twice changes nothing. What a source no longer has is dropped when a pass of
it was complete, and never before.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from itertools import batched
from typing import TYPE_CHECKING

from ecrguard.domain.image import Cure, Unknown, UnknownReason
from ecrguard.domain.inventory import Sighting, SourceState
from ecrguard.errors import AbsentError, LostPassError, UnreadableError
from ecrguard.ports import Replacement
from ecrguard.settle import Told, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from ecrguard.deadline import Deadline
    from ecrguard.domain.inventory import Pass
    from ecrguard.domain.workload import Workload
    from ecrguard.ports import Inventory, WorkloadSource

SECONDS_FOR_A_PAGE = 60
"""What must be left of a run to begin a page: reading it inside the throttles, judging what changed, noting it."""
MOST_STALLS = 3
"""Tries of one page before its pass is begun anew: the token of the page may have expired, or it ends every run."""
REST = timedelta(minutes=15)
"""How long a source is left alone at least that is read sooner than its time, because something waits for it."""
_WRITES = 100


@dataclass(slots=True)
class Run:
    """What a run did.

    Attributes:
        held: another run has the lease; nothing was done.
        pages: that were done, by source.
        replaced: workloads that were not as they were known, by source.
        removed: workloads that were gone, by source.
        ended: sources of which a pass came to its end.
        failures: why passes did not, by source.
        unjudged: why workloads that have changed could not be judged; the next pass or event judges them.
        states: of all sources that are switched on, afterwards.
    """

    held: bool = False
    pages: dict[str, int] = field(default_factory=dict)
    replaced: dict[str, int] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    failures: dict[str, Unknown] = field(default_factory=dict)
    unjudged: list[Unknown] = field(default_factory=list)
    states: tuple[SourceState, ...] = ()


@dataclass(slots=True)
class Reconciler:
    """Makes passes.

    Attributes:
        inventory: that is kept true.
        sources: makes each source that is switched on, by name.
        judge: is told in which pass it was seen that a workload has come to run something else, and of its containers
            that have.
        deadline: of the run.
        period: how long after its end a pass is due again.
        now: the time, UTC.
    """

    inventory: Inventory
    sources: Mapping[str, Callable[[], WorkloadSource]]
    judge: Callable[[Pass, Sequence[Workload]], None]
    deadline: Deadline
    period: timedelta
    now: Callable[[], datetime]

    def run(self, owner: str, until: datetime, asked: Collection[str] = (), awaited: datetime | None = None) -> Run:
        """Make the passes that are due.

        Args:
            owner: of the lease: what names this run.
            until: when this run has ended for certain, UTC.
            asked: sources to be read now, due or not.
            awaited: something waits for every source to be read from this time on, UTC; None where nothing does.

        Raises:
            UnreadableError: the inventory cannot be read or written.
        """
        if not self.inventory.lease(owner, self.now(), until):
            return Run(held=True)
        try:
            return self._run(asked, awaited)
        finally:
            self.inventory.release(owner)

    def _run(self, asked: Collection[str], awaited: datetime | None) -> Run:
        run = Run()
        states = self.inventory.states()
        for source in states.keys() - self.sources.keys():
            self._forget(source)
        known = [states.get(source, SourceState(source)) for source in self.sources]
        # Those that have waited longest first: neither a large source nor one that ends the run keeps the others from
        # their turn.
        for state in sorted(known, key=_waiting):
            if state.source in asked or state.due(self.now(), self._rest(state, awaited)):
                self._pass(state, run)
        after = self.inventory.states()
        run.states = tuple(after.get(source, SourceState(source)) for source in self.sources)
        return run

    def _rest(self, state: SourceState, awaited: datetime | None) -> timedelta:
        """How long a source is left alone after a pass."""
        waits = awaited is not None and (state.complete is None or state.complete <= awaited)
        return min(REST, self.period) if waits else self.period

    def _pass(self, state: SourceState, run: Run) -> None:
        """Go on with the pass of a source, or begin one, and come as far as the time allows."""
        running = state.running
        try:
            if running is not None and running.stalls >= MOST_STALLS:
                self._end(replace(running, unknowns=(*running.unknowns, _stalled(running))), run)
                running = None
            running = running or self.inventory.begin(state.source, self.now())
            self._pages(self.sources[state.source](), state, running, run)
        except LostPassError:
            return

    def _pages(self, source: WorkloadSource, state: SourceState, running: Pass, run: Run) -> None:
        try:
            while running.pages == 0 or running.cursor:
                if self.deadline.seconds_left() < SECONDS_FOR_A_PAGE:
                    return
                running = self.inventory.attempt(running, self.now())
                running = self._page(source, state, running, run)
            if not running.unknowns:
                running = self.inventory.attempt(running, self.now())
                run.removed[running.source] = self._remove(source, state, running, run)
        except AbsentError as error:
            self._absent(state, running, run, str(error))
        except UnreadableError as error:
            run.failures[running.source] = error.unknown
            if error.unknown.reason is UnknownReason.THROTTLED:
                self.inventory.excuse(running)
            elif error.unknown.reason.cure is not Cure.WAIT:
                self._end(replace(running, unknowns=(*running.unknowns, error.unknown)), run)
        else:
            self._end(running, run)

    def _absent(self, state: SourceState, running: Pass, run: Run, why: str) -> None:
        """A source cannot be there; one that has been there before has not gone, but cannot be asked."""
        if state.complete is None:
            self._end(running, run, absent=why)
            return
        unknown = Unknown(UnknownReason.UNAVAILABLE, f"{why}, where it has been before", running.source)
        run.failures[running.source] = unknown
        self._end(replace(running, unknowns=(*running.unknowns, unknown)), run)

    def _end(self, running: Pass, run: Run, *, absent: str = "") -> None:
        self.inventory.end(running, self.now(), absent=absent)
        run.ended.add(running.source)

    def _page(self, source: WorkloadSource, state: SourceState, running: Pass, run: Run) -> Pass:
        observed = self.now()
        page = source.page(running.cursor)
        unread = [arn for arn in page.arns if arn not in page.sightings]
        told = {**page.sightings, **(source.read(unread) if unread else {})}
        unknowns = [*page.unknowns, *(each for each in told.values() if isinstance(each, Unknown))]
        sightings = [each for each in told.values() if not isinstance(each, Unknown)]
        replaced = self._settle(state, running, Told(running.source, sightings, observed), run)
        _add(run.replaced, running.source, replaced)
        _add(run.pages, running.source, 1)
        return self.inventory.turn(running, replace(page, unknowns=tuple(unknowns)))

    def _settle(self, state: SourceState, running: Pass, told: Told, run: Run) -> int:
        """Write down what the source told, and have judged what has changed; how much of it was news."""
        # What a source has when it is read for the first time has not changed: it is what there is.
        judge = self.judge if state.ended is not None else None
        settled = settle(self.inventory, told, judge and partial(judge, running))
        run.unjudged += settled.unjudged
        return settled.replaced

    def _remove(self, source: WorkloadSource, state: SourceState, running: Pass, run: Run) -> int:
        """Drop what was on no page of a complete pass, unless it was observed since the pass began.

        Each is looked at before: a listing may be late, and pages that have expired tell of nothing.
        """
        seen = set(self.inventory.seen(running))
        missing = [
            known.arn
            for known in self.inventory.all_known(running.source)
            if known.arn not in seen and known.runs_something and known.observed < running.started
        ]
        removed = 0
        for some in batched(missing, _WRITES, strict=False):
            observed = self.now()
            sightings = [each for each in source.read(some).values() if not isinstance(each, Unknown)]
            self._settle(state, running, Told(running.source, sightings, observed), run)
            removed += sum(not each.workloads and not each.bad_images for each in sightings)
        return removed

    def _forget(self, source: str) -> None:
        """Drop all of a source that is switched off."""
        observed = self.now()
        known = (known for known in self.inventory.all_known(source) if known.runs_something)
        for some in batched(known, _WRITES, strict=False):
            self.inventory.replace(source, [Replacement(Sighting(each.arn), observed, each) for each in some])
        self.inventory.forget(source)


def _waiting(state: SourceState) -> str:
    return state.tried.isoformat() if state.tried else ""


def _stalled(running: Pass) -> Unknown:
    detail = (
        f"the reading of {running.source} did not get beyond its page {running.pages + 1} in {running.stalls} tries, "
        "and was begun anew; the log of ecrguard's reconcile function says why"
    )
    return Unknown(UnknownReason.UNAVAILABLE, detail, running.source)


def _add(counts: dict[str, int], source: str, number: int) -> None:
    counts[source] = counts.get(source, 0) + number
