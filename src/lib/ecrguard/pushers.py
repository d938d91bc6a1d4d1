"""Who pushed: what CloudTrail tells of a push is put beside its alert, whichever comes first.

It comes some minutes after the push as a rule, when the push has been judged: then it follows the alert, in its thread.
Where it comes first it is kept, and the alert itself says it. To tell the two apart the tag is held, as the guard holds
it while it judges and tells; what is kept of the pusher is so the mark that it was told, or will be.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from ecrguard.domain.alert import Alert, AlertKind
from ecrguard.domain.ledger import ECHO
from ecrguard.domain.plan import Outcome
from ecrguard.domain.push import Arrival, Push
from ecrguard.domain.verdict import Judgement, Reason, Verdict
from ecrguard.subjects import held, tag_subject

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ecrguard.domain.ledger import Record, Told
    from ecrguard.domain.pusher import Pusher
    from ecrguard.ports import AlertPublisher, Ledger, Pushers
    from ecrguard.pusher_event import ImagePut

NEAR = timedelta(minutes=10)
"""How far the times of a call and of the event of its push may be apart; both are ECR's, to the second."""


class Noted(StrEnum):
    """What became of the word that somebody pushed an image. Stable: logs carry it."""

    OURS = "ours"
    """ecrguard itself gave the tag, or whoever said by ``ecrguard release`` that the image is to be left alone."""
    NOT_ALERTED = "not_alerted"
    """The push was found good."""
    TOLD_BEFORE = "told_before"
    """The same event has come before."""
    TOLD = "told"
    KEPT = "kept"
    """Nothing has been said of the push, yet: if something will be, then with who pushed."""


def is_of(pusher: Pusher, pushed: datetime) -> bool:
    """Whether a call may be that of a push, by the time of the push's event."""
    return abs(pusher.time - pushed) <= NEAR


@dataclass(frozen=True, slots=True)
class PusherDesk:
    """Takes word of who pushed.

    Attributes:
        ledger: what was told of each tag.
        pushers: where it is kept who pushed.
        alerts: where alerts go.
        own_roles: ARNs of the IAM roles that ecrguard itself gives tags with.
        owner: makes a name for each hold of the ledger.
        now: the time, UTC.
    """

    ledger: Ledger
    pushers: Pushers
    alerts: AlertPublisher
    own_roles: frozenset[str]
    owner: Callable[[], str]
    now: Callable[[], datetime]

    def note(self, put: ImagePut) -> Noted:
        """Tell who pushed in the thread of the push's alert, or keep it for an alert that may come.

        At least once: where an end comes between telling it and keeping that it was told, it is told again, with the
        same id. A push that was good costs one read.

        Raises:
            UnreadableError: to be tried again: the tag is being judged at this moment, or something could not be read.
        """
        if put.role in self.own_roles:
            return Noted.OURS
        subject = tag_subject(put.tag)
        record = self.ledger.look(put.repository, subject)
        if _found_good(record, put):
            return Noted.NOT_ALERTED
        with held(self.ledger, put.repository, subject, self.owner(), self.now) as hold:
            return self._tell(put, hold.record)

    def _tell(self, put: ImagePut, record: Record) -> Noted:
        if self.pushers.who(put.repository, put.tag, put.digest) == put.pusher:
            return Noted.TOLD_BEFORE
        told = _told_of(record, put)
        if told is not None and self._was_released(put):
            return Noted.OURS
        if told is not None:
            self.alerts.publish(_alert(put, told, self.now()))
        self.pushers.know(put.repository, put.tag, put.digest, put.pusher)
        return Noted.KEPT if told is None else Noted.TOLD

    def _was_released(self, put: ImagePut) -> bool:
        """Whether the tag was given after somebody's word to leave the image alone: that person gives it back."""
        release = self.ledger.released(put.repository, put.digest)
        return release is not None and release.time - ECHO <= put.pusher.time


def _told_of(record: Record, put: ImagePut) -> Told | None:
    """The alert of the push that the call made; the nearest in time where there are several."""
    found = [each for each in record.told if each.digest == put.digest and is_of(put.pusher, each.pushed)]
    return min(found, key=lambda told: abs(told.pushed - put.pusher.time), default=None)


def _found_good(record: Record, put: ImagePut) -> bool:
    good = record.good
    return (
        good is not None
        and good.digest == put.digest
        and is_of(put.pusher, good.pushed)
        and _told_of(record, put) is None
    )


def _alert(put: ImagePut, told: Told, now: datetime) -> Alert:
    push = Push(Arrival.PUSHED, put.registry, put.repository, put.digest, put.tag, told.event_id, told.pushed)
    reason = Reason.PLATFORMS_MISMATCH if told.judgement is Judgement.MISMATCH else Reason.NOT_TOLD
    verdict = Verdict(told.judgement, reason, told.explanation)
    return Alert(
        push=push,
        image=None,
        verdict=verdict,
        outcome=Outcome(),
        rule="",
        time=now,
        kind=AlertKind.PUSHER,
        thread=told.alert_id,
        pusher=put.pusher,
    )
