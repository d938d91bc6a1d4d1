"""What the domain needs from outside, as Protocols: the real ones in ``adapters``, their twins in ``tests/fakes``.

Whatever a port cannot read it says with :class:`~ecrguard.errors.UnreadableError`, never with an empty answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from ecrguard.domain.alert import Alert
    from ecrguard.domain.image import Unknown
    from ecrguard.domain.inventory import Known, Page, Pass, Sighting, SourceState
    from ecrguard.domain.policy import Policy
    from ecrguard.domain.reference import Registry
    from ecrguard.domain.workload import Workload


@dataclass(frozen=True, slots=True)
class RawManifest:
    """A manifest as the registry holds it, not yet checked.

    Attributes:
        digest: that it was asked for by.
        media_type: that the registry states; empty where it states none.
        body: the exact bytes.
    """

    digest: str
    media_type: str
    body: bytes


class TagAnswer(StrEnum):
    """What came of putting a tag on an image."""

    PUT = "put"
    ALREADY_THERE = "already_there"
    IMMUTABLE = "immutable"
    """The tag exists on another image, in a repository whose tags cannot be moved."""


class ImageStore(Protocol):
    """The images of one ECR registry."""

    def manifests(self, repository: str, digests: Sequence[str]) -> Mapping[str, RawManifest | Unknown]:
        """Every asked digest with its manifest, or why it has none (gone, inaccessible).

        Raises:
            UnreadableError: the call as a whole failed (denied, throttled, unavailable).
        """
        ...

    def config(self, repository: str, digest: str, limit: int) -> bytes:
        """The bytes of a config blob, at most ``limit`` of them; checking the digest is the caller's.

        Raises:
            UnreadableError: also where the blob is missing or larger than ``limit``.
        """
        ...

    def digest_of(self, repository: str, tag: str) -> str:
        """The digest that a tag stands for now.

        Raises:
            UnreadableError: IMAGE_GONE where there is no such tag.
        """
        ...

    def tags_of(self, repository: str, digest: str) -> tuple[str, ...]:
        """The tags of an image, possibly none.

        Raises:
            UnreadableError: IMAGE_GONE where there is no such image.
        """
        ...

    def resource_tags(self, repository: str) -> Mapping[str, str]:
        """The repository's resource tags.

        Raises:
            UnreadableError: denied, throttled, unavailable, or the repository is gone.
        """
        ...

    def put_tag(self, repository: str, manifest: RawManifest, tag: str) -> TagAnswer:
        """Put ``tag`` on the image whose exact manifest this is. Repeating it changes nothing.

        Raises:
            UnreadableError: denied, throttled, unavailable, or the image is gone.
        """
        ...


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


class PolicySource(Protocol):
    """Where the policy in force is kept."""

    def current(self) -> Policy:
        """The policy in force.

        Raises:
            UnreadableError: it cannot be read (WAIT, OPERATOR) or is not valid (POLICY_INVALID).
        """
        ...


class AlertPublisher(Protocol):
    """Where alerts go."""

    def publish(self, alert: Alert) -> None:
        """Hand the alert over, once.

        Raises:
            UnreadableError: it was not taken; the push is to be tried again.
        """
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """A message as a queue hands it out.

    Attributes:
        body: as it was sent.
        receives: how often the queue has handed it out, this time included.
        receipt: what the queue knows this handing out by.
    """

    body: str
    receives: int
    receipt: str


class MessageQueue(Protocol):
    """Where messages come from."""

    def put_off(self, receipt: str, seconds: int) -> None:
        """Hand the message out again after this many seconds, rather than after the queue's own time.

        Raises:
            UnreadableError: the queue did not take it; its own time holds.
        """
        ...


class DeadLetters(Protocol):
    """Where events go that cannot be handled now."""

    def bury(self, body: str, code: str, cause: str) -> None:
        """Keep a message as it came, with the code and a sentence of why, to be sent again once the cause is mended."""
        ...
