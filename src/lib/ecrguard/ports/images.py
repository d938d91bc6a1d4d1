"""What the domain needs of a registry: its images, read and changed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ecrguard.domain.image import Unknown


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


@dataclass(frozen=True, slots=True)
class Standing:
    """An image as the registry has it now.

    Attributes:
        digest: of it.
        tags: all of them.
        archived: it is in the archive storage class, or on its way back from there: it cannot be pulled.
    """

    digest: str
    tags: tuple[str, ...] = ()
    archived: bool = False


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

    def standing(self, repository: str, *, tag: str = "", digest: str = "") -> Standing | None:
        """The image that a tag stands for now, or that has a digest; None where there is none.

        Raises:
            UnreadableError: denied, throttled, unavailable.
        """
        ...

    def movable(self, repository: str, tag: str) -> bool:
        """Whether the repository's settings let ``tag`` be moved from one image to another.

        Raises:
            UnreadableError: denied, throttled, unavailable, or the repository is gone.
        """
        ...

    def tagged_indexes(self, repository: str, limit: int) -> tuple[str, ...]:
        """The digests of the repository's indexes that have a tag, archived ones aside.

        Raises:
            UnreadableError: denied, throttled, unavailable, or there are more than ``limit``.
        """
        ...


class RemoveAnswer(StrEnum):
    """What came of taking a tag or an image away."""

    REMOVED = "removed"
    GONE = "gone"
    """There is no such tag or image."""
    MOVED = "moved"
    """The tag stands for another image; nothing was done."""
    NEEDED = "needed"
    """An index contains the image; nothing was done."""


@dataclass(frozen=True, slots=True)
class Removed:
    """What came of taking an image away by its digest.

    Attributes:
        answer: what came of it.
        tags: that it had and lost with it.
    """

    answer: RemoveAnswer
    tags: tuple[str, ...] = ()


class StoreAnswer(StrEnum):
    """What came of changing an image's storage class."""

    CHANGED = "changed"
    ALREADY_SO = "already_so"
    NOT_SUPPORTED = "not_supported"
    """ECR does not do it for this image."""


class ImageEditor(Protocol):
    """Changes the images of one ECR registry. Repeating a call changes nothing.

    Every method raises UnreadableError where ECR denies, throttles or does not answer, or the image is gone.
    """

    def put_tag(
        self, repository: str, manifest: RawManifest, tag: str, last_look: Callable[[], object] | None = None
    ) -> TagAnswer:
        """Put ``tag`` on the image whose exact manifest this is, moving it from wherever it stands.

        ``last_look`` is called right before ECR is, after any wait for a turn; what it raises keeps ECR from being
        called. An image that is gone but whose parts are there comes back.
        """
        ...

    def remove_tag(self, repository: str, tag: str, digest: str) -> RemoveAnswer:
        """Take ``tag`` off the image with ``digest``, if it stands for that image.

        Whether the image itself goes with it is not certain, whatever other tags it has: look afterwards.
        """
        ...

    def remove_last_tag(self, repository: str, tag: str) -> RemoveAnswer:
        """Take ``tag`` away, whatever it stands for, and the image with it where it has no other tag."""
        ...

    def remove_image(self, repository: str, digest: str) -> Removed:
        """Take the image with ``digest`` away, with all tags that it may have."""
        ...

    def archive(self, repository: str, digest: str) -> StoreAnswer:
        """Move an image to the archive storage class; it cannot be pulled from there."""
        ...

    def restore(self, repository: str, digest: str) -> StoreAnswer:
        """Begin to bring an image back from the archive; it takes ECR up to 20 minutes."""
        ...
