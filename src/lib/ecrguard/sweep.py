"""The sweep: images whose tag was taken are archived or deleted once nothing that runs images can use them unseen.

An image loses its tag within seconds of its push. A workload may have come to run it just before, and be unknown to the
inventory still. So the image itself is touched only when every source of workloads has been read as a whole since: what
uses it is known then, and nothing new can come to it by the tag. Everything is judged and looked at again at that time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from ecrguard.domain.action import Action, milder
from ecrguard.domain.alert import Alert, AlertKind
from ecrguard.domain.ledger import Entry
from ecrguard.domain.plan import ArchiveImage, DeleteImage, Done, Outcome, Plan, Refusal, RefusalReason, Result
from ecrguard.domain.safety import HEALING, secure_later
from ecrguard.domain.verdict import Judgement, Reason, Verdict, is_wrong
from ecrguard.errors import RefusedError, UnreadableError
from ecrguard.rendering.identity import alert_id
from ecrguard.report import Report, refused_for
from ecrguard.subjects import held, image_subject, tag_subject

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from ecrguard.deadline import Deadline
    from ecrguard.domain.image import Unknown
    from ecrguard.domain.ledger import Due, Record, Told
    from ecrguard.guard import Guard
    from ecrguard.judging import Case
    from ecrguard.ports import Held
    from ecrguard.remover import Remover

PATIENCE = timedelta(days=7)
"""How long an image stays due while something keeps it from being touched that may pass."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """Archives and deletes what is due.

    Attributes:
        guard: that judges and plans.
        remover: archives and deletes.
        read_since: the earliest time at which the last complete reading of a source began, over all sources that are
            switched on, UTC; None where one has not been read completely.
        deadline: of the run.
    """

    guard: Guard
    remover: Remover
    read_since: Callable[[], datetime | None]
    deadline: Deadline

    def dues(self) -> tuple[Due, ...]:
        """What is due, the oldest first.

        Raises:
            UnreadableError: the ledger did not answer.
        """
        return self.guard.ledger.dues()

    def run(self, dues: Sequence[Due]) -> tuple[Report, ...]:
        """Settle what is due and may be settled; a report of each image that something was done or said about.

        One that cannot be settled now stays due, whatever kept it, and keeps no other from its turn.

        Raises:
            UnreadableError: how far the sources have been read could not be told.
        """
        since = self.read_since() if dues else None
        reports: list[Report] = []
        for due in dues:
            if since is None or since <= due.since or self.deadline.seconds_left() < _SECONDS:
                continue
            try:
                report = self._settle(due)
            except UnreadableError as error:
                report = _waiting(due, error.unknown)
            if report is not None:
                reports.append(report)
        return tuple(reports)

    def _settle(self, due: Due) -> Report | None:
        guard, push = self.guard, due.push
        tag, image = tag_subject(push.tag), image_subject(push.digest)
        with (
            held(guard.ledger, push.repository, tag, guard.owner(), guard.now) as hold,
            held(guard.ledger, push.repository, image, guard.owner(), guard.now),
        ):
            act = hold.record.act
            if act is not None and act.ended is None and guard.now() - due.since < PATIENCE:
                # What a try has left of its act is for the push function to find out, at the tag's next event.
                return None
            return self._settle_held(due, hold)

    def _settle_held(self, due: Due, hold: Held) -> Report | None:
        guard, push = self.guard, due.push
        case = guard.judge.case(push, last_try=True)
        if self._is_nobodys(due, case, hold.record):
            return None
        if due.action is Action.ARCHIVE and self.remover.is_archived(push):
            # Its manifest need not be readable any more.
            return self._end(due, case, hold, self._archived(due))
        if case.verdict.reason is Reason.IMAGE_GONE:
            self.remover.delete_parts(push.repository, guard.situations.unused(case, due.children))
            return self._end(due, case, hold, _gone(due, self.remover.undo(push)))
        outcome = self._outcome(due, case)
        if any(each.reason in HEALING for each in outcome.refusals) and guard.now() - due.since < PATIENCE:
            return Report(push, case.image, case.verdict, outcome, rule=case.decision.rule)
        return self._end(due, case, hold, outcome)

    def _is_nobodys(self, due: Due, case: Case, record: Record) -> bool:
        """Whether nothing is to be done or said: the image was released, or as far as is known nobody was told of it.

        What is wrong and was not told stays due: the queue brings its event again, or the dead-letter queue has it.
        """
        guard, push = self.guard, due.push
        untold = not due.begun and not _was_told(record, due)
        waits = is_wrong(case.verdict) and guard.now() - due.since < PATIENCE
        released = guard.ledger.released(push.repository, push.digest) is not None
        if released or (untold and not waits):
            guard.ledger.paid(due)
        return released or untold

    def _archived(self, due: Due) -> Outcome:
        """What is said of an image that is in the archive: by a sweep that came to no end, or by somebody."""
        remover, push = self.remover, due.push
        if due.begun:
            try:
                remover.keep_archived(push)
            except RefusedError as refused:
                return Outcome((), (Refusal(due.action, refused.reason, refused.detail),))
        return Outcome((Done(due.action, Result.ALREADY_DONE, push.digest, remover.undo(push)),))

    def _outcome(self, due: Due, case: Case) -> Outcome:
        """Do what is allowed and safe by now; what is not, or cannot be now, is refused."""
        plan: Plan | None = None
        try:
            plan = self.plan(due, case)
            done = [self._do(step, due, case) for step in plan.steps if isinstance(step, ArchiveImage | DeleteImage)]
        except RefusedError as refused:
            refusal = Refusal(due.action, refused.reason, refused.detail)
        except UnreadableError as error:
            refusal = Refusal(due.action, refused_for(error.unknown), f"{error.unknown.detail}.")
        else:
            return Outcome(tuple(done), plan.refusals)
        return Outcome((), (*(plan.refusals if plan else ()), refusal))

    def plan(self, due: Due, case: Case) -> Plan:
        """What would be done about an image that is due, were it done now.

        Raises:
            UnreadableError: something could not be read.
        """
        if not is_wrong(case.verdict):
            refusal = Refusal(due.action, RefusalReason.NO_MISMATCH, f"{case.verdict.explanation}")
            return Plan(None, (refusal,))
        bounded = self.guard.bound(case)
        action = milder(bounded.action, due.action) if bounded.action else None
        if case.observation is None or action is None or not action.takes_the_image:
            refusal = Refusal(due.action, RefusalReason.POLICY, "The policy, or the stack, asks for less by now.")
            return replace(bounded, refusals=bounded.refusals or (refusal,))
        return secure_later(replace(bounded, action=action), self.guard.situations.later(case, case.observation))

    def _do(self, step: ArchiveImage | DeleteImage, due: Due, case: Case) -> Done:
        guard, push = self.guard, due.push
        # The manifest that names the parts is gone with the image: the next try has them from here.
        children = step.children if isinstance(step, DeleteImage) else ()
        due = replace(due, begun=True, children=children)
        guard.ledger.owe(due)
        if isinstance(step, ArchiveImage):
            return self.remover.archive(step, push, lambda: self._count(due))
        return self.remover.delete(
            step, push, lambda digests: guard.situations.unused(case, digests), lambda: self._count(due)
        )

    def _count(self, due: Due) -> None:
        """Count it among the destructive acts of the hour, once in each, however often it is tried.

        Raises:
            RefusedError: the hour has no more.
        """
        guard, now = self.guard, self.guard.now()
        if due.counted is not None and _hour(due.counted) == _hour(now):
            return
        if not guard.ledger.spend(now):
            raise RefusedError(RefusalReason.HOURLY_CAP, "As many were taken away this hour as may be.")
        guard.ledger.owe(replace(due, counted=now))

    def _end(self, due: Due, case: Case, hold: Held, outcome: Outcome) -> Report:
        guard, push = self.guard, due.push
        alert = Alert(
            push,
            case.image,
            case.verdict,
            outcome,
            case.decision.rule,
            guard.now(),
            kind=AlertKind.ACTION,
            thread=_thread(hold.record, due),
        )
        guard.alerts.publish(alert)
        what = f"{outcome.done[0].action}d" if outcome.done else "kept"
        text = outcome.done[0].detail if outcome.done else outcome.refusals[-1].detail
        entry = Entry(guard.now(), what, push.digest, push.event_id, alert_id(alert), text, outcome)
        guard.ledger.note(push.repository, hold.subject, entry)
        guard.ledger.paid(due)
        return Report(push, case.image, case.verdict, outcome, alerted=True, rule=case.decision.rule)


_SECONDS = 45
"""Enough to settle one image, with its parts, where AWS answers."""


def _hour(time: datetime) -> datetime:
    return time.replace(minute=0, second=0, microsecond=0)


def _was_told(record: Record, due: Due) -> bool:
    """Whether people know that the image is wrong; an alert that it could not be told is not that."""
    return bool(_told(record, due))


def _thread(record: Record, due: Due) -> str:
    """The alert that people have: of several tries of an event another one's may have been taken."""
    return next((told.alert_id for told in _told(record, due)), due.alert_id)


def _told(record: Record, due: Due) -> list[Told]:
    return [t for t in record.told if t.digest == due.push.digest and t.judgement is Judgement.MISMATCH]


def _gone(due: Due, undo: str) -> Outcome:
    """What is said of an image that is gone: by our own hand where that had begun, else by somebody's."""
    if due.begun and due.action is Action.DELETE:
        return Outcome((Done(due.action, Result.ALREADY_DONE, due.push.digest, undo),))
    return Outcome((), (Refusal(due.action, RefusalReason.IMAGE_GONE, "The image was deleted in the meantime."),))


def _waiting(due: Due, unknown: Unknown) -> Report:
    verdict = Verdict(Judgement.UNKNOWN, Reason.NOT_TOLD, f"{unknown.detail}.", unknowns=(unknown,))
    return Report(due.push, None, verdict)
