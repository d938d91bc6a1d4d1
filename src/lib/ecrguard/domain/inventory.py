"""The inventory: what sources tell of workloads, kept so that a push is answered with one read."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.workload import Workload, WorkloadKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime


_SOON = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class BadImage:
    """A container's image that is no valid reference: container engines may read what this product does not.

    Attributes:
        subject: the workload and its container, for people.
        text: as the definition has it.
        problem: what is wrong with it.
    """

    subject: str
    text: str
    problem: str

    def may_name(self, repository: str) -> bool:
        """Whether the repository's name stands in the text as a name; any other text cannot mean the repository."""
        return re.search(rf"(?:^|/){re.escape(repository)}(?:$|[:@\s])", self.text) is not None


@dataclass(frozen=True, slots=True)
class Sighting:
    """A workload as its source tells of it; it replaces whatever was known of the workload before.

    Attributes:
        arn: of the workload: what is replaced as a whole.
        workloads: its containers whose image is in the guarded registry; none where it is gone or runs other images.
        bad_images: its containers whose image is no valid reference.
    """

    arn: str
    workloads: tuple[Workload, ...] = ()
    bad_images: tuple[BadImage, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A part of what a source lists.

    Attributes:
        arns: of the workloads on it, each once.
        cursor: where the listing goes on, also in another process and after a while; empty at its end.
        sightings: of those that the listing itself says everything of: they need not be read.
        unknowns: parts that could not be listed for good (a cluster that is denied): the pass is not complete.
    """

    arns: tuple[str, ...] = ()
    cursor: str = ""
    sightings: Mapping[str, Sighting] = field(default_factory=dict)
    unknowns: tuple[Unknown, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What the inventory knows of a workload, short of its containers.

    Attributes:
        arn: of the workload.
        observed: when the observation began that it rests on, UTC. Of two observations the later one counts, in
            whatever order they are written.
        version: changes with every write.
        repositories: whose images it runs.
        bad: some of its images are no references.
        fingerprint: of the sighting, see :func:`fingerprint`.
        runs: what has been judged of it, see :func:`runs`.
        definitions: names of the task definitions that its images are named in.
    """

    arn: str
    observed: datetime
    version: str
    repositories: tuple[str, ...] = ()
    bad: bool = False
    fingerprint: str = ""
    runs: frozenset[str] = frozenset()
    definitions: tuple[str, ...] = ()

    @property
    def runs_something(self) -> bool:
        """Whether there is more to it than that it is gone, or runs images of other registries."""
        return bool(self.repositories) or self.bad


@dataclass(frozen=True, slots=True)
class Pass:
    """A full reading of one source, as far as it has come. It goes on where it was cut.

    Attributes:
        source: name of the source.
        started: when it began, UTC; what names it.
        pages: that are done.
        cursor: of the next page; empty before the first.
        stalls: tries of the page that is next that did not finish it, throttled ones aside.
        unknowns: parts that could not be read so far.
    """

    source: str
    started: datetime
    pages: int = 0
    cursor: str = ""
    stalls: int = 0
    unknowns: tuple[Unknown, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceState:
    """What is known of a source as a whole.

    Attributes:
        source: its name.
        complete: when the last pass began that read everything, UTC; None where none has.
        ended: when the last pass ended, complete or not.
        unknowns: what the last pass could not read; none where it was complete.
        absent: why the source cannot be there (the Region does not have it); empty where it can.
        tried: when a run last turned to it, UTC, whatever became of that.
        running: the pass that is under way.
    """

    source: str
    complete: datetime | None = None
    ended: datetime | None = None
    unknowns: tuple[Unknown, ...] = ()
    absent: str = ""
    tried: datetime | None = None
    running: Pass | None = None

    def due(self, now: datetime, period: timedelta) -> bool:
        """Whether a pass is to go on or to begin. One of which something could not be read is begun anew sooner."""
        rest = min(period, _SOON) if self.unknowns else period
        return self.running is not None or self.ended is None or now - self.ended >= rest

    def age(self, now: datetime) -> timedelta | None:
        """How old what is known is; None where nothing is, or nothing can be."""
        return None if self.complete is None or self.absent else now - self.complete

    def overdue(self, now: datetime, limit: timedelta) -> bool:
        """Whether it was last read as a whole longer ago than it may be; never having been is not overdue yet."""
        age = self.age(now)
        return age is not None and age > limit


def gaps(
    states: Mapping[str, SourceState], sources: Iterable[str], now: datetime, limit: timedelta
) -> tuple[Unknown, ...]:
    """What the inventory cannot tell of some source: never the same as "no workloads".

    Args:
        states: of sources by name; one that is missing has not been looked at yet.
        sources: that are switched on.
        now: UTC.
        limit: age from which on the inventory is too old.
    """
    found: list[Unknown] = []
    for source in sources:
        state = states.get(source, SourceState(source))
        if state.absent:
            continue
        found += state.unknowns
        if not state.unknowns and state.complete is None:
            detail = f"the inventory of {source} has not been read completely yet; the next reading goes on with it"
            found.append(Unknown(UnknownReason.INVENTORY_INCOMPLETE, detail, source))
        elif not state.unknowns and state.overdue(now, limit):
            detail = (
                f"the inventory of {source} was last read completely at {state.complete:%Y-%m-%d %H:%M} UTC, more than "
                f"{limit // timedelta(minutes=1)} minutes ago; the log of ecrguard's reconcile function says why"
            )
            found.append(Unknown(UnknownReason.INVENTORY_STALE, detail, source))
    return tuple(found)


def read_since(states: Mapping[str, SourceState], sources: Iterable[str]) -> datetime | None:
    """The time since which every source that is switched on, and can be there, has been read as a whole.

    None where one has never been, or none is switched on: nothing is known of what runs images then.
    """
    begun: list[datetime] = []
    for source in sources:
        state = states.get(source, SourceState(source))
        since = state.ended if state.absent else state.complete
        if since is None or (state.unknowns and not state.absent):
            return None
        begun.append(since)
    return min(begun, default=None)


def fingerprint(sighting: Sighting) -> str:
    """The same for sightings that say the same; other for any other."""
    workloads = sorted(
        (
            each.kind.value,
            each.arn,
            each.name,
            each.container,
            str(each.reference),
            [str(host) for host in each.hosts],
            each.basis.value,
            each.definition,
            each.deploys_on_push,
            each.resolved,
        )
        for each in sighting.workloads
    )
    return _digest(workloads, sorted((each.subject, each.text, each.problem) for each in sighting.bad_images))


def runs(workload: Workload) -> str:
    """What a container runs and where, as far as a change of it is worth judging.

    The digest that a tag was resolved to is left out: its push was judged. So is the revision of the definition.
    """
    return _digest(workload.container, str(workload.reference), sorted(map(str, workload.hosts)))


def changed(sighting: Sighting, known: Known | None, observed: datetime) -> tuple[Workload, ...]:
    """The containers that run another image, or on another platform, than has been judged.

    Tasks and pods are not among them: they start and end and do not change, and what is told of them has started. Nor
    is what runs on a platform that is not known: instances of a cluster may come and go.

    Args:
        sighting: as it was observed.
        known: of the same workload; None where the inventory has nothing.
        observed: when the observation began; one that is not the latest shows no change.
    """
    if known is not None and known.observed >= observed:
        return ()
    before = known.runs if known else frozenset()
    return tuple(
        workload
        for workload in sighting.workloads
        if workload.kind not in _NEVER_CHANGE and workload.hosts and runs(workload) not in before
    )


def judged(sighting: Sighting, known: Known | None) -> frozenset[str]:
    """What has been judged of a workload once its changes have been; see :func:`runs`.

    While the platform of a container is not known, what was judged before stays so: it may come back the same.
    """
    now = frozenset(runs(workload) for workload in sighting.workloads if workload.hosts)
    hostless = any(not workload.hosts for workload in sighting.workloads)
    return now | known.runs if hostless and known else now


_NEVER_CHANGE = frozenset({WorkloadKind.ECS_TASK, WorkloadKind.EKS_CLUSTER})


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
