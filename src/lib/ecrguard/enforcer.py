"""Carrying a plan out: each step looks before it acts and afterwards, and mends what ECR did beyond it.

A step that was done already is found done: whoever tries again after an end at any point goes on from there. What is
written down before a tag is given away (:class:`~ecrguard.domain.ledger.Act`) tells the next try what the last had in
hand, the image's manifest among it where ECR may take the image away together with its tag.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ecrguard.domain.action import Action
from ecrguard.domain.image import Cure, Unknown, UnknownReason
from ecrguard.domain.ledger import Act
from ecrguard.domain.plan import (
    Done,
    MoveTag,
    Outcome,
    PutMarker,
    Refusal,
    RefusalReason,
    RemoveTag,
    Result,
)
from ecrguard.errors import RefusedError, UnreadableError
from ecrguard.ports import RemoveAnswer, TagAnswer

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ecrguard.domain.plan import Plan
    from ecrguard.domain.push import Push
    from ecrguard.ports import Held, ImageEditor, ImageStore, Ledger, RawManifest, Standing
    from ecrguard.recovery import Recovery

R = RefusalReason
_REFUSALS = {UnknownReason.ACCESS_DENIED: R.ACCESS_DENIED, UnknownReason.IMAGE_GONE: R.IMAGE_GONE}


@dataclass(frozen=True, slots=True)
class Carried:
    """What came of a plan.

    Attributes:
        outcome: what was done and refused.
        act: what was done to the tag; None where nothing was.
        undone: why something was not done that another try may do.
    """

    outcome: Outcome
    act: Act | None = None
    undone: Unknown | None = None


@dataclass(frozen=True, slots=True)
class Enforcer:
    """Carries plans out.

    Attributes:
        images: of the guarded registry.
        editor: changes them.
        ledger: what is done is written down there first.
        recovery: puts back what ECR took away beyond a tag.
        undo: the command that gives an image free again, for people.
        now: the time, UTC.
    """

    images: ImageStore
    editor: ImageEditor
    ledger: Ledger
    recovery: Recovery
    undo: Callable[[Push], str]
    now: Callable[[], datetime]

    def carry_out(self, plan: Plan, push: Push, manifest: RawManifest, held: Held, *, last_try: bool) -> Carried:
        """Do the steps of a plan about an image that was pushed.

        Args:
            plan: what is safe.
            push: as which the image came.
            manifest: of the image.
            held: the ledger's record of the tag.
            last_try: there will be no other: what ECR does not do is refused instead of tried again.

        Raises:
            UnreadableError: ECR or the ledger did not answer, and a later try goes on.
            LostHoldError: another has taken the tag over.
        """
        done: list[Done] = []
        act: Act | None = None
        try:
            for step in plan.steps:
                if isinstance(step, PutMarker):
                    done.append(self._put_marker(step, push, manifest))
                elif isinstance(step, MoveTag | RemoveTag):
                    before = self._done_before(step, push, held)
                    act = before or self._begin(step, push, manifest, held)
                    if before is None:
                        self._give(step, push, act, held)
                        act = replace(act, ended=self.now(), manifest="", gone=False)
                    done.append(self._given(step, push, Result.DONE if before is None else Result.ALREADY_DONE))
        except RefusedError as stop:
            # Nothing came of an act that was begun.
            return self._stopped(plan, done, None, stop.reason, stop.detail)
        except UnreadableError as error:
            waits = error.unknown.reason.cure is Cure.WAIT
            if waits and not last_try:
                raise
            reason = _REFUSALS.get(error.unknown.reason, R.UNAVAILABLE)
            stopped = self._stopped(plan, done, act, reason, f"{error.unknown.detail}.")
            return replace(stopped, undone=error.unknown if reason is R.UNAVAILABLE else None)
        return Carried(Outcome(tuple(done), plan.refusals, plan.later), act)

    def _stopped(self, plan: Plan, done: list[Done], act: Act | None, reason: RefusalReason, detail: str) -> Carried:
        refusal = Refusal(plan.action or Action.ALERT, reason, detail)
        return Carried(Outcome(tuple(done), (*plan.refusals, refusal)), act)

    def _put_marker(self, step: PutMarker, push: Push, manifest: RawManifest) -> Done:
        answer = self.editor.put_tag(push.repository, manifest, step.tag)
        if answer is TagAnswer.IMMUTABLE:
            detail = f"Another image has the tag {step.tag}, and the repository's tags cannot be moved."
            raise RefusedError(R.TAG_IMMUTABLE, detail)
        result = Result.DONE if answer is TagAnswer.PUT else Result.ALREADY_DONE
        return Done(Action.TAG, result, step.tag, self.undo(push))

    def _done_before(self, step: MoveTag | RemoveTag, push: Push, held: Held) -> Act | None:
        """The act by which an earlier try of this event has done a step already."""
        to, act = step.to if isinstance(step, MoveTag) else "", held.record.act
        if act is None or (act.event_id, act.digest, act.to) != (push.event_id, step.digest, to):
            return None
        return act if act.explains(step.digest, self._standing(step, push)) else None

    def _begin(self, step: MoveTag | RemoveTag, push: Push, manifest: RawManifest, held: Held) -> Act:
        """Write down what is about to be done."""
        self._stands(self._standing(step, push), step)
        if not self.ledger.spend(self.now()):
            raise RefusedError(R.HOURLY_CAP, "The last destructive act that this hour may have was just done.")
        act = self._act(step, push, manifest, held)
        self.ledger.begin(held, act)
        return act

    def _standing(self, step: RemoveTag | MoveTag, push: Push) -> str:
        standing = self.images.standing(push.repository, tag=step.tag)
        return standing.digest if standing else ""

    def _give(self, step: MoveTag | RemoveTag, push: Push, act: Act, held: Held) -> None:
        if isinstance(step, MoveTag):
            self._move(step, push)
        else:
            self._remove(step, push, act, held)

    def _given(self, step: MoveTag | RemoveTag, push: Push, result: Result) -> Done:
        what = f"{step.tag} stands for {step.to} again" if isinstance(step, MoveTag) else ""
        return Done(Action.QUARANTINE, result, what or f"{step.tag} is taken off {step.digest}", self.undo(push))

    def _act(self, step: MoveTag | RemoveTag, push: Push, manifest: RawManifest, held: Held) -> Act:
        good = held.record.good
        act = Act(push.event_id, step.digest, "", self.now(), known=good.digest if good else "")
        if isinstance(step, MoveTag):
            return replace(act, to=step.to)
        standing = self.images.standing(push.repository, digest=step.digest)
        if standing is None:
            raise RefusedError(R.IMAGE_GONE, "The image was deleted in the meantime.")
        tags = tuple(tag for tag in standing.tags if tag != step.tag)
        return replace(act, tags=tags, media_type=manifest.media_type, manifest=manifest.body.decode())

    def _move(self, step: MoveTag, push: Push) -> None:
        good = self.images.manifests(push.repository, [step.to])[step.to]
        if isinstance(good, Unknown):
            raise UnreadableError(good)

        def look() -> None:
            # ECR moves a tag without a condition: this is the last thing before, `is_overtaken` is for what is left.
            standing = self.images.standing(push.repository, tag=step.tag)
            self._stands(standing.digest if standing else "", step)
            self._keeps_a_tag(standing, step)

        if self.editor.put_tag(push.repository, good, step.tag, look) is TagAnswer.IMMUTABLE:
            raise RefusedError(R.TAG_IMMUTABLE, "The repository's tags cannot be moved any more.")

    def _remove(self, step: RemoveTag, push: Push, act: Act, held: Held) -> None:
        standing = self.images.standing(push.repository, tag=step.tag)
        self._stands(standing.digest if standing else "", step)
        self._keeps_a_tag(standing, step)
        answer = self.editor.remove_tag(push.repository, step.tag, step.digest)
        if answer is RemoveAnswer.MOVED:
            raise RefusedError(R.TAG_MOVED, f"The tag {step.tag} has moved on in the meantime.")
        if answer is RemoveAnswer.NEEDED:
            raise RefusedError(R.NEEDED_BY_INDEX, "Another index of the repository contains the image.")
        self.recovery.put_back(push.tag, act, held)

    def _keeps_a_tag(self, standing: Standing | None, step: MoveTag | RemoveTag) -> None:
        """Without another tag the image itself would go, or be one that nobody finds."""
        if standing is None or standing.tags == (step.tag,):
            raise RefusedError(R.MARKER_REMOVED, "Somebody has taken the marker off the image in the meantime.")

    def _stands(self, standing: str, step: MoveTag | RemoveTag) -> None:
        if standing != step.digest:
            where = f"has moved on to {standing}" if standing else "is not there any more"
            raise RefusedError(R.TAG_MOVED, f"The tag {step.tag} {where}.")
