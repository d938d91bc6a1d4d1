"""What the domain needs from outside, as Protocols: the real ones in ``adapters``, their twins in ``tests/fakes``.

Whatever a port cannot read it says with :class:`~ecrguard.errors.UnreadableError`, never with an empty answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ecrguard.domain.alert import Alert
    from ecrguard.domain.image import Unknown
    from ecrguard.domain.inventory import Page, Sighting
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
