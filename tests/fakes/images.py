"""An ``ImageStore`` in memory: the twin of the real adapter under ``tests/contract/test_images.py``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.content import Content, sha256

from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.errors import UnreadableError
from ecrguard.ports import RawManifest, TagAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass(slots=True)
class _Repository:
    manifests: dict[str, RawManifest] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    resource_tags: dict[str, str] = field(default_factory=dict)
    immutable: bool = False


@dataclass(slots=True)
class FakeImages:
    """Knows the images that are pushed to it.

    Attributes:
        calls: (operation, what was asked for) of each call, in order.
        before_manifests: called before manifests are given.
    """

    calls: list[tuple[str, object]] = field(default_factory=list)
    before_manifests: Callable[[], object] = lambda: None
    _repositories: dict[str, _Repository] = field(default_factory=dict)
    _faults: dict[str, list[UnknownReason]] = field(default_factory=dict)
    _inaccessible: dict[str, UnknownReason] = field(default_factory=dict)

    # What a test arranges.

    def create(self, repository: str, *, immutable: bool = False, tags: Mapping[str, str] | None = None) -> None:
        self._repositories[repository] = _Repository(immutable=immutable, resource_tags=dict(tags or {}))

    def push(self, repository: str, content: Content, *tags: str) -> str:
        """Put an image, with all that it points to, and tags on it; a repository is made on first use."""
        if repository not in self._repositories:
            self.create(repository)
        held = self._repositories[repository]
        for child in {child.digest: child for child in content.children}.values():
            self.push(repository, child)
        held.manifests[content.digest] = RawManifest(content.digest, content.media_type, content.body)
        held.blobs |= {sha256(blob): blob for blob in content.blobs}
        held.tags |= dict.fromkeys(tags, content.digest)
        return content.digest

    def hold(self, repository: str, manifest: RawManifest) -> None:
        """Put a manifest under a digest that need not be its own: what a broken store would give."""
        self._repositories.setdefault(repository, _Repository()).manifests[manifest.digest] = manifest

    def hold_blob(self, repository: str, digest: str, body: bytes) -> None:
        """Put a blob under a digest that need not be its own."""
        self._repositories[repository].blobs[digest] = body

    def delete(self, repository: str, digest: str) -> None:
        held = self._repositories[repository]
        del held.manifests[digest]
        held.tags = {tag: each for tag, each in held.tags.items() if each != digest}

    def delete_blobs(self, repository: str) -> None:
        self._repositories[repository].blobs.clear()

    def fail(self, operation: str, reason: UnknownReason, times: int = 1_000_000) -> None:
        """Let the next calls of an operation fail."""
        self._faults[operation] = [reason] * times

    def withhold(self, digest: str, reason: UnknownReason) -> None:
        """Let one manifest of a batch be unreadable."""
        self._inaccessible[digest] = reason

    def operations(self) -> list[str]:
        """The names of the calls so far."""
        return [operation for operation, _ in self.calls]

    # The port.

    def manifests(self, repository: str, digests: Sequence[str]) -> Mapping[str, RawManifest | Unknown]:
        self.before_manifests()
        held = self._called("manifests", repository, tuple(digests))
        return {digest: self._manifest(held, digest) for digest in digests}

    def config(self, repository: str, digest: str, limit: int) -> bytes:
        held = self._called("config", repository, digest)
        blob = held.blobs.get(digest)
        if blob is None:
            raise _error(UnknownReason.CONFIG_MISSING, digest)
        if len(blob) > limit:
            raise _error(UnknownReason.CONFIG_TOO_LARGE, digest)
        return blob

    def digest_of(self, repository: str, tag: str) -> str:
        held = self._called("digest_of", repository, tag)
        if tag not in held.tags:
            raise _error(UnknownReason.IMAGE_GONE, f"{repository}:{tag}")
        return held.tags[tag]

    def tags_of(self, repository: str, digest: str) -> tuple[str, ...]:
        held = self._called("tags_of", repository, digest)
        if digest not in held.manifests:
            raise _error(UnknownReason.IMAGE_GONE, f"{repository}@{digest}")
        return tuple(tag for tag, each in held.tags.items() if each == digest)

    def resource_tags(self, repository: str) -> Mapping[str, str]:
        return dict(self._called("resource_tags", repository, repository).resource_tags)

    def put_tag(self, repository: str, manifest: RawManifest, tag: str) -> TagAnswer:
        held = self._called("put_tag", repository, tag)
        if manifest.digest not in held.manifests:
            raise _error(UnknownReason.IMAGE_GONE, f"{repository}:{tag}")
        if held.tags.get(tag) == manifest.digest:
            return TagAnswer.ALREADY_THERE
        if held.immutable and tag in held.tags:
            return TagAnswer.IMMUTABLE
        held.tags[tag] = manifest.digest
        return TagAnswer.PUT

    def _called(self, operation: str, repository: str, asked: object) -> _Repository:
        self.calls.append((operation, asked))
        faults = self._faults.get(operation)
        if faults:
            raise _error(faults.pop(), repository)
        if repository not in self._repositories:
            raise _error(UnknownReason.IMAGE_GONE, repository)
        return self._repositories[repository]

    def _manifest(self, held: _Repository, digest: str) -> RawManifest | Unknown:
        reason = self._inaccessible.get(digest)
        if reason is not None:
            return _error(reason, digest).unknown
        return held.manifests.get(digest) or _error(UnknownReason.IMAGE_GONE, digest).unknown


def _error(reason: UnknownReason, subject: str) -> UnreadableError:
    return UnreadableError(Unknown(reason, f"arranged for {subject}", subject))
