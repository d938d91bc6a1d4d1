"""What the domain needs of workloads: their sources, and the inventory that is kept of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from ecrguard.domain.image import Unknown
    from ecrguard.domain.inventory import Known, Page, Pass, Sighting, SourceState
    from ecrguard.domain.reference import Registry
    from ecrguard.domain.workload import Workload


@dataclass(frozen=True, slots=True)
class LinkedWorkloads:
    """What runs images of a repository, and what could not be asked.

    Attributes:
        workloads: each container whose reference names the repository.
        unknowns: sources or workloads that could not be read, named; never the same as "no workloads".
    """

    workloads: tuple[Workload, ...] = ()
    unknowns: tuple[Unknown, ...] = ()


class WorkloadReader(Protocol):
    """Knows the workloads that run images of a repository."""

    def linked(self, registry: Registry, repository: str) -> LinkedWorkloads:
        """Every workload that names ``repository`` of ``registry``, whatever its tag."""
        ...


class LiveWorkloads(Protocol):
    """Reads workloads from AWS itself, not from what is known of them."""

    def again(self, workloads: Sequence[Workload]) -> LinkedWorkloads:
        """These workloads as they are now, with all their containers, and those that could not be read.

        Never raises: what cannot be read is among the unknowns.
        """
        ...


class WorkloadSource(Protocol):
    """One kind of workloads of this account and Region. It lives for one pass, or for one batch of changes."""

    def page(self, cursor: str) -> Page:
        """List workloads from ``cursor`` on; from the start where it is empty.

        Raises:
            AbsentError: the source cannot be there.
            UnreadableError: the source is denied, throttles or does not answer.
        """
        ...

    def read(self, arns: Sequence[str]) -> Mapping[str, Sighting | Unknown]:
        """Every asked workload as it is now, or why it could not be told (denied for this one alone).

        One that does not exist any more is a sighting without workloads.

        Raises:
            AbsentError: the source cannot be there.
            UnreadableError: the source throttles or does not answer: the others would fare no better.
        """
        ...


@dataclass(frozen=True, slots=True)
class Replacement:
    """A workload that is to be known anew.

    Attributes:
        sighting: what its source told.
        observed: when the observation began, UTC, before its source was first asked.
        known: what the inventory knew when the observation was compared with it.
        judged: what has been judged of it by now (:func:`ecrguard.domain.inventory.judged`).
    """

    sighting: Sighting
    observed: datetime
    known: Known | None
    judged: frozenset[str] = frozenset()


class Inventory(Protocol):
    """The workloads of all sources, as they are kept between passes."""

    def states(self) -> Mapping[str, SourceState]:
        """The sources that have been looked at, by name.

        Raises:
            UnreadableError: as everything here does where the store cannot be read or written.
        """
        ...

    def known(self, source: str, arns: Sequence[str]) -> Mapping[str, Known]:
        """What is known of some workloads of a source; those that it does not know are absent."""
        ...

    def all_known(self, source: str) -> Iterator[Known]:
        """What is known of every workload of a source."""
        ...

    def replace(self, source: str, replacements: Sequence[Replacement]) -> None:
        """Put sightings in the place of what was known of their workloads, each as a whole or not at all.

        One that was observed earlier than what is known by now changes nothing.
        """
        ...

    def judged(self, source: str, sighting: Sighting, runs: frozenset[str]) -> None:
        """Note what has been judged of a workload, if it is still known as ``sighting``."""
        ...

    def begin(self, source: str, started: datetime) -> Pass:
        """Begin a pass of a source.

        Raises:
            LostPassError: another run has begun one.
        """
        ...

    def turn(self, running: Pass, page: Page) -> Pass:
        """Note that a page of a pass is done; the pass as it then is.

        Raises:
            LostPassError: another run has gone on with it.
        """
        ...

    def seen(self, running: Pass) -> Iterator[str]:
        """The ARNs of all workloads that were on the pages of a pass, possibly more than once."""
        ...

    def end(self, running: Pass, now: datetime, *, absent: str = "") -> None:
        """Note that a pass has ended: complete where nothing of it is unknown and the source is not absent."""
        ...

    def attempt(self, running: Pass, now: datetime) -> Pass:
        """Note that a run turns to the page of the pass that is next; the pass as it then is.

        Whatever becomes of the run: a page that never works is known by its tries, and the next run turns to the
        sources that have waited longest.

        Raises:
            LostPassError: another run has gone on with it.
        """
        ...

    def excuse(self, running: Pass) -> None:
        """Take back that a try did not finish its page: it was throttled."""
        ...

    def forget(self, source: str) -> None:
        """Drop the state of a source that is switched off; its workloads are replaced first."""
        ...

    def lease(self, owner: str, now: datetime, until: datetime) -> bool:
        """Whether ``owner`` may make passes until then; nobody else may meanwhile."""
        ...

    def release(self, owner: str) -> None:
        """Give the lease back, if it is this owner's."""
        ...


class Revisions(Protocol):
    """What never changes once it is registered (revisions of task definitions), read from AWS once ever."""

    def get(self, arns: Sequence[str]) -> Mapping[str, str]:
        """The texts that were kept, by ARN; those that were not are absent.

        Raises:
            UnreadableError: the store could not be read.
        """
        ...

    def put(self, texts: Mapping[str, str]) -> None:
        """Keep a text for each ARN, for ever.

        Raises:
            UnreadableError: the store could not be written.
        """
        ...
