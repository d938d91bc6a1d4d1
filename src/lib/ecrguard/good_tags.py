"""Good tags: a tag's last good image is noted at its push, and a tag that an act of ours overtook is given forward.

ECR moves tags without a condition. Where somebody pushed a good image in the moment between our look at a tag and our
moving it back, the tag stands for an older good image, by our hand. The event of that push, or the end of our own act,
whichever comes later, finds it so and gives the tag to the later image. So does the event of a good push that comes
late, after its tag was given back to an image from before it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.ledger import Act, Entry, Good, is_overtaken
from ecrguard.domain.plan import Outcome
from ecrguard.errors import EcrguardError, UnreadableError
from ecrguard.ports import TagAnswer
from ecrguard.subjects import held, tag_subject

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ecrguard.domain.action import Action
    from ecrguard.domain.ledger import Record
    from ecrguard.domain.push import Push
    from ecrguard.ports import Held, ImageEditor, ImageStore, Ledger
    from ecrguard.recovery import Recovery

_IMMUTABLE = TagAnswer.IMMUTABLE
_MOST_MOVES = 5
"""How often in a row a tag is given forward; somebody who pushes faster than that has their own events."""


class _MovedError(EcrguardError):
    """The tag does not stand any more where it was seen."""


@dataclass(frozen=True, slots=True)
class GoodTags:
    """Keeps the last good image of each tag.

    Attributes:
        images: of the guarded registry.
        editor: changes them.
        recovery: finds out what tries that came to no end have left.
        ledger: where it is kept.
        level: the most severe action that the stack allows in a repository.
        owner: makes a name for each hold.
        now: the time, UTC.
    """

    images: ImageStore
    editor: ImageEditor
    recovery: Recovery
    ledger: Ledger
    level: Callable[[str], Action]
    owner: Callable[[], str]
    now: Callable[[], datetime]

    def note(self, push: Push) -> Record:
        """Note that a push was good, and give its tag forward to it where an act of ours overtook it.

        Raises:
            UnreadableError: ECR or the ledger did not answer.
        """
        good = Good(push.digest, push.time)
        record = self.ledger.passed(push.repository, push.tag, good)
        if record.act is not None and self._is_left(record.act, push):
            record = self._mended(push)
        act = record.act
        if act is None:
            return record
        if push.digest in act.given and not act.is_echo(push):
            record = self.ledger.regained(push.repository, push.tag, good)
        if _may_be_overtaken(record) and is_overtaken(record, push.digest, self._standing(push)):
            self.catch_up(push, record)
        return record

    def _is_left(self, act: Act, push: Push) -> bool:
        """Whether an act was left without an end: by an earlier try of this event, or by one that is over for sure."""
        over = act.event_id == push.event_id or self.now() > act.over
        return act.ended is None and over and self.level(push.repository).destructive

    def _mended(self, push: Push) -> Record:
        """The record without an act that was left.

        A tag that was taken from an image that is right by now, and of which nobody was told, is given back.
        """
        with held(self.ledger, push.repository, tag_subject(push.tag), self.owner(), self.now) as hold:
            mended = self.recovery.mend(push.tag, hold)
            record = mended.record
            untold = all(told.digest != push.digest for told in record.told)
            act = record.act
            if act is None or not act.event_id or not untold or not act.explains(push.digest, self._standing(push)):
                return record
            return self._forward(push, mended, Good(push.digest, push.time), act.to)

    def catch_up(self, push: Push, record: Record) -> None:
        """Give a tag forward for as long as a later good image than that which it was given to is known.

        Args:
            push: what the tag was looked at for.
            record: of the tag, as it was last seen; where it has nothing of the kind, nothing is asked.

        Raises:
            UnreadableError: ECR or the ledger did not answer, or another holds the record.
        """
        for _ in range(_MOST_MOVES):
            if not _may_be_overtaken(record) or not self.level(push.repository).destructive:
                return
            with held(self.ledger, push.repository, tag_subject(push.tag), self.owner(), self.now) as hold:
                mended = self.recovery.mend(push.tag, hold)
                good, standing = mended.record.good, self._standing(push)
                if good is None or not is_overtaken(mended.record, good.digest, standing):
                    return
                record = self._forward(push, mended, good, standing)

    def _forward(self, push: Push, hold: Held, good: Good, standing: str) -> Record:
        manifest = self.images.manifests(push.repository, [good.digest])[good.digest]
        record = hold.record
        if isinstance(manifest, Unknown) and manifest.reason is UnknownReason.IMAGE_GONE:
            return replace(record, good=None)
        if isinstance(manifest, Unknown):
            raise UnreadableError(manifest)
        act = Act(push.event_id, "", good.digest, self.now(), known=standing)
        self.ledger.begin(hold, act)
        try:
            answer = self.editor.put_tag(push.repository, manifest, push.tag, lambda: self._still(push, standing))
        except _MovedError:
            answer = None
        if answer in (None, _IMMUTABLE):
            # Somebody who was quicker has an event of their own.
            return self.ledger.settle(hold, told=record.told, open_=record.open, act=None)
        text = f"{push.tag} was pushed while it was given back; it stands for {good.digest} again."
        entry = Entry(self.now(), "given_forward", good.digest, push.event_id, "", text, Outcome())
        self.ledger.note(push.repository, hold.subject, entry)
        return self.ledger.settle(hold, told=record.told, open_=record.open, act=replace(act, ended=self.now()))

    def _still(self, push: Push, standing: str) -> None:
        if self._standing(push) != standing:
            raise _MovedError

    def _standing(self, push: Push) -> str:
        standing = self.images.standing(push.repository, tag=push.tag)
        return standing.digest if standing else ""


def _may_be_overtaken(record: Record) -> bool:
    """Whether it is worth a look at where the tag stands."""
    return (
        record.act is not None and record.good is not None and is_overtaken(record, record.good.digest, record.act.to)
    )
