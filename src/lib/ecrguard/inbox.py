"""The inbox: what becomes of each message on the push queue. Every one ends judged, tried again, or dead-lettered.

ECR's events go to the guard; CloudTrail's of who pushed go beside the alert of the push.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecrguard.domain.push import Push
from ecrguard.envelope import read_envelope
from ecrguard.errors import MalformedEventError, UnreadableError
from ecrguard.event import push_of
from ecrguard.pusher_event import CALL, read_put

if TYPE_CHECKING:
    from ecrguard.deadline import Deadline
    from ecrguard.domain.reference import Registry
    from ecrguard.guard import Guard
    from ecrguard.ports import DeadLetters, Message, MessageQueue
    from ecrguard.pusher_event import ImagePut
    from ecrguard.pushers import Noted, PusherDesk
    from ecrguard.report import Report

MALFORMED_EVENT = "malformed_event"
"""Code of a dead letter whose message is no event that the product handles."""
RETRY_SECONDS = (15, 60, 300, 900)
"""When a message is handed out again after each try: soon for a throttle, and all together 20 minutes for an outage."""
SECONDS_FOR_A_PUSH = 40
"""Enough for one push where AWS answers, with a retry of a call or two."""
SECONDS_FOR_A_PUSHER = 20
"""Enough to tell who pushed, likewise."""
FOREIGN_REGISTRY = "foreign_registry"
"""Code of a dead letter whose event is of another account or Region than this deployment's."""


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of one message.

    Attributes:
        reports: one for each image that it concerns; none where it could not be read, or was of who pushed.
        buried: code and cause, where the message was kept in the dead-letter queue.
        noted: what became of who pushed; None where the message was not of that, or said nothing.
    """

    reports: tuple[Report, ...]
    buried: tuple[str, str] | None = None
    noted: Noted | None = None


@dataclass(frozen=True, slots=True)
class Inbox:
    """Takes messages from the push queue.

    Attributes:
        guard: checks the push that a message announces.
        pushers: takes word of who pushed.
        registry: that this deployment guards.
        dead_letters: where a message goes that cannot be settled now.
        queue: where messages come from.
        deadline: of the invocation; a message is taken only if there is time to see it through.
        max_receives: how often the queue hands out a message before it moves it away by itself.
    """

    guard: Guard
    pushers: PusherDesk
    registry: Registry
    dead_letters: DeadLetters
    queue: MessageQueue
    deadline: Deadline
    max_receives: int

    def take(self, message: Message) -> Handled:
        """Handle one message.

        Raises:
            UnreadableError: to be tried again; the queue keeps the message, for a time that grows with each try.
        """
        try:
            return self._settle(message, last_try=message.receives >= self.max_receives)
        except UnreadableError as error:
            if message.receives < self.max_receives:
                self._put_off(message, error)
            raise

    def _settle(self, message: Message, *, last_try: bool) -> Handled:
        body = message.body
        try:
            envelope = read_envelope(body)
            said = read_put(envelope) if envelope.detail_type == CALL else push_of(envelope)
        except MalformedEventError as error:
            return self._bury(body, (), MALFORMED_EVENT, str(error))
        if envelope.registry != self.registry:
            cause = f"expected an event of the registry {self.registry.host}, got one of {envelope.registry.host}"
            return self._bury(body, (), FOREIGN_REGISTRY, cause)
        try:
            if not isinstance(said, Push):
                return Handled((), noted=self._note(said) if said is not None else None)
            reports = self._check(said, last_try=last_try)
        except UnreadableError as error:
            if not last_try:
                raise
            return self._bury(body, (), error.unknown.reason, error.unknown.detail)
        unsettled = next((report.unsettled for report in reports if report.unsettled), None)
        if unsettled is not None:
            return self._bury(body, reports, unsettled.reason, unsettled.detail)
        return Handled(reports)

    def _note(self, put: ImagePut) -> Noted:
        self.deadline.keep(SECONDS_FOR_A_PUSHER, f"telling who pushed {put.repository}:{put.tag}")
        return self.pushers.note(put)

    def _check(self, push: Push, *, last_try: bool) -> tuple[Report, ...]:
        try:
            self.deadline.keep(SECONDS_FOR_A_PUSH, f"judging {push.image_name}")
        except UnreadableError as error:
            if not last_try:
                raise
            return (self.guard.give_up(push, error.unknown),)
        return self.guard.check(push, last_try=last_try)

    def _put_off(self, message: Message, cause: UnreadableError) -> None:
        try:
            self.queue.put_off(message.receipt, RETRY_SECONDS[min(message.receives, len(RETRY_SECONDS)) - 1])
        except UnreadableError as error:
            cause.add_note(f"It could not be put off: {error}")

    def _bury(self, body: str, reports: tuple[Report, ...], code: str, cause: str) -> Handled:
        self.dead_letters.bury(body, code, cause)
        return Handled(reports, (code, cause))
