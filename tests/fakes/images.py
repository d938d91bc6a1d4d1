"""Amazon ECR in memory, as the ports show it: an ``ImageStore`` and an ``ImageEditor`` with ECR's own rules.

The twin of the real adapters under ``tests/contract/test_images.py`` and ``test_image_editor.py``. Its hooks let a test
look, change the world, fail or die before and after every call.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.content import Content, sha256
from tests.fakes.ecr_rules import locked, parts

from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.errors import UnreadableError
from ecrguard.ports import RawManifest, RemoveAnswer, Removed, Standing, StoreAnswer, TagAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_ARCHIVED, _ACTIVATING = "ARCHIVED", "ACTIVATING"


def _nothing(*_: str) -> None:
    pass


@dataclass(slots=True)
class _Repository:
    """A repository. ``parents`` has the indexes that list a digest; ``status`` whatever is not active."""

    manifests: dict[str, RawManifest] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    resource_tags: dict[str, str] = field(default_factory=dict)
    mutability: str = "MUTABLE"
    filters: tuple[str, ...] = ()
    parents: dict[str, set[str]] = field(default_factory=dict)
    status: dict[str, str] = field(default_factory=dict)

    def children(self, digest: str) -> tuple[str, ...]:
        manifest = self.manifests[digest]
        return parts(manifest.body, manifest.media_type).children

    def add(self, manifest: RawManifest) -> None:
        if manifest.digest in self.manifests:
            self.forget(manifest.digest)
        self.manifests[manifest.digest] = manifest
        self.status.pop(manifest.digest, None)
        for child in self.children(manifest.digest):
            self.parents.setdefault(child, set()).add(manifest.digest)

    def forget(self, digest: str) -> None:
        for child in self.children(digest):
            self.parents[child].discard(digest)
        del self.manifests[digest]
        self.status.pop(digest, None)

    def tags_of(self, digest: str) -> tuple[str, ...]:
        return tuple(tag for tag, each in self.tags.items() if each == digest)

    def remove(self, digest: str) -> Removed:
        """An image with its tags, unless an index lists it."""
        if self.parents.get(digest):
            return Removed(RemoveAnswer.NEEDED)
        tags = self.tags_of(digest)
        for tag in tags:
            del self.tags[tag]
        self.forget(digest)
        return Removed(RemoveAnswer.REMOVED, tags)

    def pullable(self, digest: str) -> bool:
        if digest not in self.manifests or digest in self.status:
            return False
        return all(self.pullable(child) for child in self.children(digest))


@dataclass(slots=True)
class FakeImages:
    """Knows the images that are pushed to it.

    Attributes:
        calls: (operation, what was asked for) of each call of a port, in order.
        before_manifests: called before manifests are given.
        before: called with the operation's name at the start of each call of a port; what it raises, the call raises.
        after: called with the operation's name once a call has had its effect; what it raises is all the caller gets.
        on_put: called with repository, tag and digest of each tag that is put, by a push or by a port: ECR announces
            these as PUSH.
        on_restored: called with repository and digest when ``restore`` begins to bring an image back.
        pair_takes_image: BatchDeleteImage of a tag together with its digest takes the whole image with all tags, and
            not the tag alone; which of the two ECR does is not documented.
    """

    calls: list[tuple[str, object]] = field(default_factory=list)
    before_manifests: Callable[[], object] = _nothing
    before: Callable[[str], object] = _nothing
    after: Callable[[str], object] = _nothing
    on_put: Callable[[str, str, str], object] = _nothing
    on_restored: Callable[[str, str], object] = _nothing
    pair_takes_image: bool = False
    _repositories: dict[str, _Repository] = field(default_factory=dict)
    _faults: dict[str, tuple[UnknownReason, int]] = field(default_factory=dict)
    _inaccessible: dict[str, UnknownReason] = field(default_factory=dict)
    _fixed: set[str] = field(default_factory=set)

    # What a test arranges.

    def create(
        self,
        repository: str,
        *,
        immutable: bool = False,
        tags: Mapping[str, str] | None = None,
        mutability: str = "",
        filters: Sequence[str] = (),
    ) -> None:
        """Make a repository; ``mutability`` is one of ECR's four settings, ``filters`` its exclusions."""
        setting = mutability or ("IMMUTABLE" if immutable else "MUTABLE")
        self._repositories[repository] = _Repository(
            resource_tags=dict(tags or {}), mutability=setting, filters=tuple(filters)
        )

    def push(self, repository: str, content: Content, *tags: str) -> str:
        """Put an image, with all that it points to, and tags on it; a repository is made on first use.

        Tags move, whatever the repository's setting.
        """
        if repository not in self._repositories:
            self.create(repository)
        held = self._repositories[repository]
        for child in {child.digest: child for child in content.children}.values():
            self.push(repository, child)
        held.add(RawManifest(content.digest, content.media_type, content.body))
        held.blobs |= {sha256(blob): blob for blob in content.blobs}
        for tag in tags:
            held.tags[tag] = content.digest
            self.on_put(repository, tag, content.digest)
        return content.digest

    def hold(self, repository: str, manifest: RawManifest) -> None:
        """Put a manifest under a digest that need not be its own: what a broken store would give."""
        self._repositories.setdefault(repository, _Repository()).add(manifest)

    def hold_blob(self, repository: str, digest: str, body: bytes) -> None:
        """Put a blob under a digest that need not be its own."""
        self._repositories[repository].blobs[digest] = body

    def delete(self, repository: str, digest: str) -> None:
        """Take an image away, with its tags, even where an index lists it."""
        held = self._repositories[repository]
        held.forget(digest)
        held.tags = {tag: each for tag, each in held.tags.items() if each != digest}

    def untag(self, repository: str, tag: str) -> RemoveAnswer:
        """Take a tag away as a user does, by its name: the image goes with its last."""
        held = self._repositories[repository]
        if tag not in held.tags:
            return RemoveAnswer.GONE
        return self._untag(held, tag, whole=False)

    def delete_blobs(self, repository: str) -> None:
        self._repositories[repository].blobs.clear()

    def store(self, repository: str, digest: str, status: str) -> None:
        """Set an image's status: ACTIVE, ARCHIVED or ACTIVATING."""
        held = self._repositories[repository]
        if status == "ACTIVE":
            held.status.pop(digest, None)
        else:
            held.status[digest] = status

    def fix(self, digest: str) -> None:
        """Let ECR not support another storage class for an image."""
        self._fixed.add(digest)

    def fail(self, operation: str, reason: UnknownReason, times: int = 1_000_000) -> None:
        """Let the next calls of an operation fail."""
        self._faults[operation] = (reason, times)

    def withhold(self, digest: str, reason: UnknownReason) -> None:
        """Let one manifest of a batch be unreadable."""
        self._inaccessible[digest] = reason

    # What a test looks at, without a call of a port.

    def operations(self) -> list[str]:
        """The names of the calls so far."""
        return [operation for operation, _ in self.calls]

    def tags(self, repository: str) -> dict[str, str]:
        """Each tag of a repository and the digest that it stands for."""
        return dict(self._repositories[repository].tags)

    def digests(self, repository: str) -> list[str]:
        """The images that a repository has."""
        return list(self._repositories[repository].manifests)

    def pullable(self, repository: str, *, tag: str = "", digest: str = "") -> bool:
        """Whether an image can be pulled: it is there and not archived, and so is all that an index lists."""
        held = self._repositories.get(repository)
        return held is not None and held.pullable(digest or held.tags.get(tag, ""))

    # ImageStore.

    def manifests(self, repository: str, digests: Sequence[str]) -> Mapping[str, RawManifest | Unknown]:
        self.before_manifests()
        held = self._called("manifests", repository, tuple(digests))
        found = {digest: self._manifest(held, digest) for digest in digests}
        self.after("manifests")
        return found

    def config(self, repository: str, digest: str, limit: int) -> bytes:
        held = self._called("config", repository, digest)
        blob = held.blobs.get(digest)
        if blob is None:
            raise _error(UnknownReason.CONFIG_MISSING, digest)
        if held.status and not _is_served(held, digest):
            raise _error(UnknownReason.IMAGE_INACCESSIBLE, digest)
        if len(blob) > limit:
            raise _error(UnknownReason.CONFIG_TOO_LARGE, digest)
        self.after("config")
        return blob

    def digest_of(self, repository: str, tag: str) -> str:
        held = self._called("digest_of", repository, tag)
        if tag not in held.tags:
            raise _error(UnknownReason.IMAGE_GONE, f"{repository}:{tag}")
        found = held.tags[tag]
        self.after("digest_of")
        return found

    def tags_of(self, repository: str, digest: str) -> tuple[str, ...]:
        held = self._called("tags_of", repository, digest)
        if digest not in held.manifests:
            raise _error(UnknownReason.IMAGE_GONE, f"{repository}@{digest}")
        found = held.tags_of(digest)
        self.after("tags_of")
        return found

    def resource_tags(self, repository: str) -> Mapping[str, str]:
        found = dict(self._called("resource_tags", repository, repository).resource_tags)
        self.after("resource_tags")
        return found

    def standing(self, repository: str, *, tag: str = "", digest: str = "") -> Standing | None:
        held = self._called("standing", repository, tag or digest, absent=_Repository())
        named = held.tags.get(tag, "") if tag else digest
        found = None
        if named in held.manifests and digest in ("", named):
            found = Standing(named, held.tags_of(named), named in held.status)
        self.after("standing")
        return found

    def movable(self, repository: str, tag: str) -> bool:
        held = self._called("movable", repository, tag)
        found = not locked(held.mutability, held.filters, tag)
        self.after("movable")
        return found

    def tagged_indexes(self, repository: str, limit: int) -> tuple[str, ...]:
        held = self._called("tagged_indexes", repository, limit)
        tagged = {digest for digest in held.tags.values() if digest not in held.status}
        found = tuple(each for each in held.manifests if each in tagged and held.children(each))
        self.after("tagged_indexes")
        if len(found) > limit:
            raise _error(UnknownReason.UNAVAILABLE, repository)
        return found

    # ImageEditor.

    def put_tag(
        self, repository: str, manifest: RawManifest, tag: str, last_look: Callable[[], object] | None = None
    ) -> TagAnswer:
        if last_look is not None:
            last_look()
        held = self._called("put_tag", repository, tag)
        answer = self._put(held, manifest, tag)
        if answer is TagAnswer.PUT:
            self.on_put(repository, tag, manifest.digest)
        self.after("put_tag")
        return answer

    def _put(self, held: _Repository, manifest: RawManifest, tag: str) -> TagAnswer:
        digest, named = manifest.digest, parts(manifest.body, manifest.media_type)
        if named.digest != digest:
            raise _error(UnknownReason.UNAVAILABLE, digest)
        there = digest in held.manifests
        if held.tags.get(tag) == digest and digest not in held.status:
            return TagAnswer.ALREADY_THERE
        if held.tags.get(tag, digest) != digest and locked(held.mutability, held.filters, tag):
            return TagAnswer.IMMUTABLE
        if any(child not in held.manifests for child in named.children):
            raise _error(UnknownReason.IMAGE_GONE, f"a child of {digest}")
        if not there and named.config and named.config not in held.blobs:
            raise _error(UnknownReason.IMAGE_GONE, f"the config of {digest}")
        held.add(manifest)
        held.tags[tag] = digest
        return TagAnswer.PUT

    def remove_tag(self, repository: str, tag: str, digest: str) -> RemoveAnswer:
        held = self._called("remove_tag", repository, tag)
        standing = held.tags.get(tag)
        answer = RemoveAnswer.GONE if standing is None else RemoveAnswer.MOVED
        if standing == digest:
            answer = self._untag(held, tag, whole=self.pair_takes_image)
        self.after("remove_tag")
        return answer

    def remove_last_tag(self, repository: str, tag: str) -> RemoveAnswer:
        held = self._called("remove_last_tag", repository, tag)
        answer = self._untag(held, tag, whole=False) if tag in held.tags else RemoveAnswer.GONE
        self.after("remove_last_tag")
        return answer

    def remove_image(self, repository: str, digest: str) -> Removed:
        held = self._called("remove_image", repository, digest)
        removed = held.remove(digest) if digest in held.manifests else Removed(RemoveAnswer.GONE)
        self.after("remove_image")
        return removed

    def archive(self, repository: str, digest: str) -> StoreAnswer:
        return self._store("archive", repository, digest, _ARCHIVED, already=(_ARCHIVED,))

    def restore(self, repository: str, digest: str) -> StoreAnswer:
        return self._store("restore", repository, digest, _ACTIVATING, already=("ACTIVE", _ACTIVATING))

    def _store(
        self, operation: str, repository: str, digest: str, status: str, already: tuple[str, ...]
    ) -> StoreAnswer:
        held = self._called(operation, repository, digest)
        if digest not in held.manifests:
            raise _error(UnknownReason.IMAGE_GONE, f"{repository}@{digest}")
        answer = StoreAnswer.CHANGED
        if held.status.get(digest, "ACTIVE") in already:
            answer = StoreAnswer.ALREADY_SO
        elif digest in self._fixed:
            answer = StoreAnswer.NOT_SUPPORTED
        else:
            held.status[digest] = status
            if status == _ACTIVATING:
                self.on_restored(repository, digest)
        self.after(operation)
        return answer

    @staticmethod
    def _untag(held: _Repository, tag: str, *, whole: bool) -> RemoveAnswer:
        """Take a tag off its image; the image goes too where it is meant, or was its last."""
        digest = held.tags[tag]
        if whole or len(held.tags_of(digest)) == 1:
            return held.remove(digest).answer
        del held.tags[tag]
        return RemoveAnswer.REMOVED

    def _called(self, operation: str, repository: str, asked: object, absent: _Repository | None = None) -> _Repository:
        self.before(operation)
        self.calls.append((operation, asked))
        reason, times = self._faults.get(operation, (None, 0))
        if reason is not None and times > 0:
            self._faults[operation] = (reason, times - 1)
            raise _error(reason, repository)
        held = self._repositories.get(repository, absent)
        if held is None:
            raise _error(UnknownReason.IMAGE_GONE, repository)
        return held

    def _manifest(self, held: _Repository, digest: str) -> RawManifest | Unknown:
        reason = self._inaccessible.get(digest)
        if reason is None and digest in held.status:
            reason = UnknownReason.IMAGE_INACCESSIBLE
        if reason is not None:
            return _error(reason, digest).unknown
        return held.manifests.get(digest) or _error(UnknownReason.IMAGE_GONE, digest).unknown


def _is_served(held: _Repository, config: str) -> bool:
    """Whether an image that is not archived has the config."""
    return any(
        parts(each.body, each.media_type).config == config
        for each in held.manifests.values()
        if each.digest not in held.status
    )


def _error(reason: UnknownReason, subject: str) -> UnreadableError:
    return UnreadableError(Unknown(reason, f"arranged for {subject}", subject))
