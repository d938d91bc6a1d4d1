"""Giving a tag back to its last good image, when a person asks for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ecrguard.domain.image import Unknown
from ecrguard.domain.ledger import Act, Entry, Good
from ecrguard.domain.plan import Outcome
from ecrguard.errors import UnreadableError
from ecrguard.ports import TagAnswer
from ecrguard.release import Answer, Came, Line, immutable
from ecrguard.subjects import held, tag_subject

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ecrguard.ports import Held, ImageEditor, ImageStore, Ledger


@dataclass(frozen=True, slots=True)
class Restorer:
    """Gives tags back, for one person.

    Attributes:
        images: of the registry.
        editor: changes them, with the person's own permissions.
        ledger: knows the last good image of each tag.
        who: the person's IAM principal.
        owner: a name that no other run has; it holds the tags.
        now: the time, UTC.
    """

    images: ImageStore
    editor: ImageEditor
    ledger: Ledger
    who: str
    owner: str
    now: Callable[[], datetime]

    def restore(self, repository: str, tag: str, why: str) -> Answer:
        """Put a tag on its last good image, wherever it stands.

        Raises:
            UnreadableError: something could not be read or changed, or the tag is being handled; a later run goes on.
        """
        with held(self.ledger, repository, tag_subject(tag), self.owner, self.now) as hold:
            return Answer((self._restore(hold, tag, why),))

    def _restore(self, hold: Held, tag: str, why: str) -> Line:
        repository, good = hold.repository, hold.record.good
        if good is None:
            return Line(
                Came.LEFT, f"No good image of {repository}:{tag} is known: none was pushed under ecrguard's eyes."
            )
        image = self.images.standing(repository, digest=good.digest)
        if image is None:
            return Line(Came.LEFT, f"The last good image of {tag}, {good.digest}, is not in {repository} any more.")
        if image.archived:
            return Line(
                Came.LEFT, f"The last good image of {tag}, {good.digest}, is in the archive: bring it back first."
            )
        standing = self.images.standing(repository, tag=tag)
        if standing is not None and standing.digest == good.digest:
            act = hold.record.act
            if act is not None and not act.event_id and act.to == good.digest and act.ended is None:
                self._end(hold, act, why)
            return Line(Came.ALREADY_SO, f"The tag {tag} stands for its last good image, {good.digest}.")
        return self._move(hold, tag, standing.digest if standing else "", good, why)

    def _move(self, hold: Held, tag: str, at: str, good: Good, why: str) -> Line:
        record, repository = hold.record, hold.repository
        manifest = self.images.manifests(repository, [good.digest])[good.digest]
        if isinstance(manifest, Unknown):
            raise UnreadableError(manifest)
        # Written down as an act of the product's own: its event is no push, and a release of the image may undo it.
        act = Act("", at, good.digest, self.now())
        self.ledger.begin(hold, act)
        if self.editor.put_tag(repository, manifest, tag) is TagAnswer.IMMUTABLE:
            self.ledger.settle(hold, told=record.told, open_=record.open, act=record.act)
            return Line(Came.LEFT, immutable(tag, at))
        self._end(hold, act, why)
        instead = f", no longer for {at}" if at else ""
        return Line(Came.DONE, f"The tag {tag} stands for its last good image again, {good.digest}{instead}.")

    def _end(self, hold: Held, act: Act, why: str) -> None:
        # The time at which it began, so that a run that is repeated adds no line.
        entry = Entry(act.began, "restored", act.to, "", "", why, Outcome(), self.who)
        self.ledger.note(hold.repository, hold.subject, entry)
        record = hold.record
        self.ledger.settle(hold, told=record.told, open_=record.open, act=replace(act, ended=self.now()))
        # A person's word comes after whatever was pushed before, however late that is announced.
        self.ledger.regained(hold.repository, hold.subject.removeprefix("tag#"), Good(act.to, self.now()))
