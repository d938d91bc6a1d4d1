"""Indexes: which images of a repository are parts of others that people can pull by a tag."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.manifest import read_manifest
from ecrguard.errors import UnreadableError
from ecrguard.observe import MAX_DEPTH

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ecrguard.ports import ImageStore

MOST_INDEXES = 1_000
"""Indexes of a repository that are read to archive one image: some ten calls."""


def parts_of_indexes(images: ImageStore, repository: str, *, apart_from: str) -> frozenset[str]:
    """The digests of all that the tagged indexes of a repository consist of, through nested ones.

    Args:
        images: of the registry.
        repository: name of it.
        apart_from: digest of an image that does not count as an index of its own parts.

    Raises:
        UnreadableError: an index could not be read, or there are more than can be.
    """
    tagged = images.tagged_indexes(repository, MOST_INDEXES)
    return parts_of(images, repository, [digest for digest in tagged if digest != apart_from])


def parts_of(images: ImageStore, repository: str, digests: Iterable[str]) -> frozenset[str]:
    """The digests of all that some images consist of, through nested indexes; nothing of those that are gone.

    Raises:
        UnreadableError: an image could not be read, or is nested too deep.
    """
    found: set[str] = set()
    level = set(digests)
    for _ in range(MAX_DEPTH):
        if not level:
            return frozenset(found)
        nested = _children(images, repository, level, found)
        level = nested - found
        found |= nested
    if level:
        detail = f"indexes of {repository} are nested more than {MAX_DEPTH} deep"
        raise UnreadableError(Unknown(UnknownReason.UNAVAILABLE, detail, repository))
    return frozenset(found)


def _children(images: ImageStore, repository: str, digests: Iterable[str], found: set[str]) -> set[str]:
    """The parts of some indexes are added to ``found``; those that are indexes themselves are given."""
    nested: set[str] = set()
    for digest, raw in images.manifests(repository, sorted(digests)).items():
        if isinstance(raw, Unknown):
            if raw.reason is UnknownReason.IMAGE_GONE or _is_archived(images, repository, raw, digest):
                # What cannot be pulled anyway needs no parts.
                continue
            raise UnreadableError(raw)
        manifest = read_manifest(raw.body, digest, raw.media_type)
        if isinstance(manifest, Unknown):
            raise UnreadableError(manifest)
        nested |= {child.digest for child in manifest.children if child.is_index}
        found |= {child.digest for child in manifest.children if not child.is_index}
    return nested


def _is_archived(images: ImageStore, repository: str, unknown: Unknown, digest: str) -> bool:
    if unknown.reason is not UnknownReason.IMAGE_INACCESSIBLE:
        return False
    standing = images.standing(repository, digest=digest)
    return standing is not None and standing.archived
