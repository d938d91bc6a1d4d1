"""Taking an image itself away, some time after its tag: archiving and deleting, where nothing has come to need it.

As with tags, each step looks before it acts and afterwards, and mends what was overtaken by somebody else. ECR deletes
an image with its last tag, and refuses to delete a part of an index: an image is deleted by taking its marker, so that
one that somebody tags in that moment stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecrguard.domain.action import Action
from ecrguard.domain.image import Unknown
from ecrguard.domain.marker import marker_tag
from ecrguard.domain.plan import Done, Result
from ecrguard.domain.plan import RefusalReason as R
from ecrguard.errors import RefusedError
from ecrguard.indexes import parts_of_indexes
from ecrguard.ports import RemoveAnswer, StoreAnswer

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ecrguard.domain.plan import ArchiveImage, DeleteImage
    from ecrguard.domain.push import Push
    from ecrguard.ports import ImageEditor, ImageStore, Ledger


@dataclass(frozen=True, slots=True)
class Remover:
    """Archives and deletes images.

    Attributes:
        images: of the guarded registry.
        editor: changes them.
        ledger: that counts what an hour may have.
        undo: the command that gives an image free again, for people.
        now: the time, UTC.
    """

    images: ImageStore
    editor: ImageEditor
    ledger: Ledger
    undo: Callable[[Push], str]
    now: Callable[[], datetime]

    def is_archived(self, push: Push) -> bool:
        """Whether a pushed image is in the archive."""
        standing = self.images.standing(push.repository, digest=push.digest)
        return standing is not None and standing.archived

    def archive(self, step: ArchiveImage, push: Push, count: Callable[[], object] | None = None) -> Done:
        """Archive an image that has no tag but its marker.

        Args:
            step: what is to be archived.
            push: as which the image came.
            count: counts it among the destructive acts of the hour, or refuses; counted here where it is None.

        Raises:
            RefusedError: it was not done.
            UnreadableError: ECR or the ledger did not answer.
        """
        self._only_marked(push)
        self._in_no_index(push)
        (count or self._spend)()
        answer = self.editor.archive(push.repository, step.digest)
        if answer is StoreAnswer.NOT_SUPPORTED:
            raise RefusedError(R.NOT_SUPPORTED, "ECR does not archive this image; it stays, under its marker.")
        self.keep_archived(push)
        result = Result.DONE if answer is StoreAnswer.CHANGED else Result.ALREADY_DONE
        return Done(Action.ARCHIVE, result, step.digest, self.undo(push))

    def keep_archived(self, push: Push) -> None:
        """Bring an image back from the archive where it has come to be needed between our look and our archiving it.

        Raises:
            RefusedError: it was brought back.
            UnreadableError: ECR did not answer.
        """
        try:
            self._only_marked(push)
            self._in_no_index(push)
        except RefusedError:
            self.editor.restore(push.repository, push.digest)
            raise

    def delete(
        self,
        step: DeleteImage,
        push: Push,
        unused: Callable[[tuple[str, ...]], tuple[str, ...]],
        count: Callable[[], object] | None = None,
    ) -> Done:
        """Delete an image that has no tag but its marker, then those of its parts that nothing else needs.

        Args:
            step: what is to be deleted.
            push: as which the image came.
            unused: those of some digests that no workload uses.
            count: counts it among the destructive acts of the hour, or refuses; counted here where it is None.

        Raises:
            RefusedError: it was not done.
            UnreadableError: ECR or the ledger did not answer; the parts that are left are for the next try.
        """
        self._only_marked(push)
        (count or self._spend)()
        answer = self.editor.remove_last_tag(push.repository, step.marker)
        if answer is RemoveAnswer.NEEDED:
            raise RefusedError(R.NEEDED_BY_INDEX, "Another index of the repository contains the image.")
        standing = self.images.standing(push.repository, digest=step.digest)
        if standing is not None and standing.tags:
            raise RefusedError(R.OTHER_TAGS, f"The image was tagged {', '.join(standing.tags)} just now, and stays.")
        if standing is not None and answer is RemoveAnswer.GONE:
            raise RefusedError(R.MARKER_REMOVED, f"Somebody has taken the tag {step.marker} off the image.")
        if standing is not None:
            self._remove_untagged(push.repository, step.digest)
        self.delete_parts(push.repository, unused(step.children))
        # What is released before it is pushed again is left alone.
        return Done(Action.DELETE, Result.DONE, step.digest, self.undo(push))

    def delete_parts(self, repository: str, digests: tuple[str, ...]) -> None:
        """Delete what an index that is gone has left: untagged manifests, unless another index contains them."""
        for digest in digests:
            standing = self.images.standing(repository, digest=digest)
            if standing is not None and not standing.tags:
                self._remove_untagged(repository, digest)

    def _remove_untagged(self, repository: str, digest: str) -> None:
        """Take an untagged image away. ECR does so whatever tags it was given since our look: those are put back."""
        manifest = self.images.manifests(repository, [digest])[digest]
        if isinstance(manifest, Unknown):
            return
        removed = self.editor.remove_image(repository, digest)
        for tag in removed.tags:
            if self.images.standing(repository, tag=tag) is None:
                self.editor.put_tag(repository, manifest, tag)

    def _only_marked(self, push: Push) -> None:
        marker = marker_tag(push.digest)
        standing = self.images.standing(push.repository, digest=push.digest)
        if standing is None:
            raise RefusedError(R.IMAGE_GONE, "The image was deleted in the meantime.")
        others = [tag for tag in standing.tags if tag != marker]
        if others:
            raise RefusedError(R.OTHER_TAGS, f"The image was tagged {', '.join(others)} in the meantime, and stays.")
        if marker not in standing.tags:
            raise RefusedError(R.MARKER_REMOVED, f"Somebody has taken the tag {marker} off the image.")

    def _in_no_index(self, push: Push) -> None:
        """ECR refuses to delete a part of an index, but archives one: the index could not be pulled any more."""
        if push.digest in parts_of_indexes(self.images, push.repository, apart_from=push.digest):
            raise RefusedError(R.NEEDED_BY_INDEX, "Another index of the repository contains the image.")

    def _spend(self) -> None:
        if not self.ledger.spend(self.now()):
            raise RefusedError(R.HOURLY_CAP, "As many tags and images were taken away this hour as may be.")
