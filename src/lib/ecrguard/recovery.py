"""Recovery: what a try that came to no end left of an act on a tag is found out before anything else is done to it.

Whoever next holds the record of the tag looks where the tag stands. An image that ECR took away together with its tag
is put back; an act that took effect has ended; of one that did not, nothing is kept that could be mistaken later.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.marker import marker_tag
from ecrguard.errors import EcrguardError, UnreadableError
from ecrguard.ports import RawManifest
from ecrguard.subjects import tag_subject

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ecrguard.domain.ledger import Act
    from ecrguard.ports import Held, ImageEditor, ImageStore, Ledger


PATIENCE = timedelta(hours=1)
"""How long an image whose parts are gone is tried to be put back: whoever took them has not given them back by then."""


class _TakenError(EcrguardError):
    """A tag that is to be put back stands for an image again."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """Finds out what became of acts that came to no end.

    Attributes:
        images: of the guarded registry.
        editor: changes them.
        ledger: where acts are written down.
        now: the time, UTC.
    """

    images: ImageStore
    editor: ImageEditor
    ledger: Ledger
    now: Callable[[], datetime]

    def mend(self, tag: str, hold: Held) -> Held:
        """The hold of a tag, with an act that has ended, or none.

        Raises:
            UnreadableError: ECR or the ledger did not answer.
            LostHoldError: another has taken the tag over.
        """
        act = hold.record.act
        if act is None or act.ended is not None:
            return hold
        self.put_back(tag, act, hold)
        standing = self.images.standing(hold.repository, tag=tag)
        found = act.found(standing.digest if standing else "", self.now())
        self.ledger.begin(hold, found)
        return replace(hold, record=replace(hold.record, act=found))

    def put_back(self, tag: str, act: Act, hold: Held) -> None:
        """Put an image back that ECR took away together with ``tag``, as it was short of that tag.

        That it is gone is written down first: what it lacks when a later try looks is known by that to be ours to mend.

        Raises:
            UnreadableError: ECR or the ledger did not answer.
            LostHoldError: another has taken the tag over.
        """
        if not act.manifest:
            return
        standing = self.images.standing(hold.repository, digest=act.digest)
        if standing is not None and (not act.gone or tag in standing.tags):
            return
        if not act.gone:
            self.ledger.begin(hold, replace(act, gone=True))
        missing = [each for each in act.tags if standing is None or each not in standing.tags]
        if standing is not None and standing.tags:
            # Somebody has brought it back under tags of their own: it needs no marker to stay.
            missing = [each for each in missing if each != marker_tag(act.digest)]
        free = [each for each in missing if self._is_free(hold.repository, each, act.digest)]
        if standing is None and not free:
            free = [marker_tag(act.digest)]
        manifest = RawManifest(act.digest, act.media_type, act.manifest.encode())
        for each in free:
            self._put(hold.repository, manifest, each, act)

    def _is_free(self, repository: str, tag: str, digest: str) -> bool:
        """Whether a tag is to be put back: not one that was given to another image since, or that we took as well."""
        if self.images.standing(repository, tag=tag) is not None:
            return False
        act = self.ledger.look(repository, tag_subject(tag)).act
        return act is None or act.digest != digest

    def _put(self, repository: str, manifest: RawManifest, tag: str, act: Act) -> None:
        def look() -> None:
            if self.images.standing(repository, tag=tag) is not None:
                raise _TakenError

        try:
            self.editor.put_tag(repository, manifest, tag, look)
        except _TakenError:
            # Somebody has given it to an image while we waited for our turn.
            return
        except UnreadableError as error:
            if error.unknown.reason is not UnknownReason.IMAGE_GONE:
                raise
            if self.now() > act.began + PATIENCE:
                return
            # What it consists of may be on its way back itself: another try may find it.
            detail = (
                f"{repository}@{manifest.digest} went with its tag and cannot be put back yet: {error.unknown.detail}"
            )
            raise UnreadableError(Unknown(UnknownReason.UNAVAILABLE, detail, manifest.digest)) from error
