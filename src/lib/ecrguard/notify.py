"""The second use case: alerts go from a queue to Slack. At least once: a repeat carries the same alert id.

Nothing is dropped. What Slack does not take now stays on the queue, which hands it out again and in the end moves it to
the dead-letter queue; that goes for what Slack will never take, too, so that a person sees it.

Where Slack tells what it has posted (the Web API does, a webhook does not), it is kept: what follows an alert is posted
in its thread, and what is known to be posted is not posted again. No alert waits for that: where it cannot be read or
kept, a message of its own, or a second one, is better than none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from ecrguard.adapters.secrets import SlackSecretError
from ecrguard.adapters.slack import SlackAccessError, SlackError, SlackRefusedError, SlackThrottledError
from ecrguard.domain.alert import AlertKind
from ecrguard.errors import EcrguardError, UnreadableError
from ecrguard.rendering import reading, slack

if TYPE_CHECKING:
    from collections.abc import Callable

    from ecrguard.ports import MessageQueue, Threads
    from ecrguard.rendering.document import AlertDocument


LONGEST_SLEEP = 5.0
"""Most seconds to sleep through a throttle; a longer one puts the message off."""
SECONDS_FOR_A_POST = 12.0
"""What must be left of the invocation to try once more."""
PERMANENT_DELAY = 1
"""Seconds after which a message that Slack will never take is handed out again, on its way to the dead letters."""
THREAD_DELAY = 20
"""Seconds that what follows an alert waits for the alert to be posted first; once."""


class Channel(Protocol):
    """Takes Slack payloads, as :class:`~ecrguard.adapters.slack.Slack` does."""

    def has_threads(self) -> bool:
        """Whether messages can be posted in threads."""
        ...

    def post(self, payload: dict[str, Any], thread: str = "") -> str:
        """Post one, or raise why not; what Slack knows it by, empty where it does not tell."""
        ...


class HaltedError(SlackError):
    """Not tried: an earlier message of the batch has shown that Slack takes none now, or the invocation ends."""


class AheadError(SlackError):
    """Not tried: the alert that it follows has not been posted yet."""


@dataclass(slots=True)
class SlackBatch:
    """The messages of one invocation. It stops posting once Slack throttles or cannot be reached as configured.

    Attributes:
        channel: where alerts are posted.
        threads: what Slack knows the messages of alerts by.
        queue: that they come from.
        seconds_left: of the invocation.
        sleep: waits for some seconds.
        troubles: what of threads could not be read or kept, for the log.
    """

    channel: Channel
    threads: Threads
    queue: MessageQueue
    seconds_left: Callable[[], float]
    sleep: Callable[[float], None]
    troubles: list[str] = field(default_factory=list)
    _halt: EcrguardError | None = field(default=None, init=False)

    def deliver(self, body: str, receipt_handle: str, receives: int) -> AlertDocument:
        """Post the alert in one message and return it.

        Args:
            body: of the message.
            receipt_handle: what the queue knows it by.
            receives: how often the queue has handed it out, this time included.

        Raises:
            EcrguardError: it was not posted; the message is to stay on the queue. The error says why, for the log.
        """
        try:
            return self._deliver(body, first=receives <= 1)
        except EcrguardError as error:
            delay = self._delay(error)
            if delay is not None:
                self._put_off(receipt_handle, delay, error)
            raise

    def _deliver(self, body: str, *, first: bool) -> AlertDocument:
        document = reading.parse(body)
        if self._halt is not None:
            raise HaltedError(f"not tried after an earlier message of the batch: {self._halt}")
        if self.seconds_left() < SECONDS_FOR_A_POST:
            raise HaltedError("not tried: too little of the invocation is left")
        try:
            self._post_once(document, first=first)
        except (SlackThrottledError, SlackAccessError, SlackSecretError, UnreadableError) as error:
            self._halt = error
            raise
        return document

    def _post_once(self, document: AlertDocument, *, first: bool) -> None:
        thread = ""
        if self.channel.has_threads():
            if self._known(document["id"]):
                return
            thread = self._thread(document, first=first)
        # A webhook that a token has just replaced tells what is posted, though it had no threads before.
        self._keep(document["id"], self._post(slack.render(document), thread))

    def _thread(self, document: AlertDocument, *, first: bool) -> str:
        """The message that this one follows; empty for an alert, and where that is not known at the second try."""
        if document["kind"] == AlertKind.ALERT:
            return ""
        thread = self._known(document["thread"])
        if not thread and first:
            raise AheadError(f"the alert {document['thread']} that it follows is not known to be posted")
        return thread

    def _known(self, alert_id: str) -> str:
        try:
            return self.threads.of(alert_id)
        except UnreadableError as error:
            self.troubles.append(f"the thread of {alert_id} could not be read: {error}")
            return ""

    def _keep(self, alert_id: str, ts: str) -> None:
        if not ts:
            return
        try:
            self.threads.keep(alert_id, ts)
        except UnreadableError as error:
            self.troubles.append(f"the thread of {alert_id} could not be kept: {error}")

    def _post(self, payload: dict[str, Any], thread: str = "") -> str:
        try:
            return self.channel.post(payload, thread)
        except SlackThrottledError as error:
            wait = error.retry_after
            if wait > LONGEST_SLEEP or self.seconds_left() < wait + SECONDS_FOR_A_POST:
                raise
            self.sleep(wait)
            return self.channel.post(payload, thread)

    def _delay(self, error: EcrguardError) -> int | None:
        """Seconds after which to try again; None for the queue's own visibility timeout."""
        cause = self._halt if isinstance(error, HaltedError) else error
        if isinstance(cause, SlackThrottledError):
            return math.ceil(cause.retry_after)
        if isinstance(cause, AheadError):
            return THREAD_DELAY
        return PERMANENT_DELAY if isinstance(cause, SlackRefusedError | reading.MalformedDocumentError) else None

    def _put_off(self, receipt_handle: str, seconds: int, error: EcrguardError) -> None:
        try:
            self.queue.put_off(receipt_handle, seconds)
        except UnreadableError as failure:
            error.add_note(f"It could not be put off for {seconds} seconds: {failure}")
