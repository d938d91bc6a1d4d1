"""The second use case: alerts go from a queue to Slack. At least once: a repeat carries the same alert id.

Nothing is dropped. What Slack does not take now stays on the queue, which hands it out again and in the end moves it to
the dead-letter queue; that goes for what Slack will never take, too, so that a person sees it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from ecrguard.adapters.secrets import WebhookSecretError
from ecrguard.adapters.slack import SlackError, SlackRefusedError, SlackThrottledError, SlackWebhookError
from ecrguard.errors import EcrguardError, UnreadableError
from ecrguard.rendering import reading, slack

if TYPE_CHECKING:
    from collections.abc import Callable

    from ecrguard.ports import MessageQueue
    from ecrguard.rendering.document import AlertDocument


LONGEST_SLEEP = 5.0
"""Most seconds to sleep through a throttle; a longer one puts the message off."""
SECONDS_FOR_A_POST = 12.0
"""What must be left of the invocation to try once more."""
PERMANENT_DELAY = 1
"""Seconds after which a message that Slack will never take is handed out again, on its way to the dead letters."""


class Webhook(Protocol):
    """Takes Slack payloads, as :class:`~ecrguard.adapters.slack.SlackWebhook` does."""

    def post(self, payload: dict[str, Any]) -> None:
        """Post one, or raise why not."""
        ...


class HaltedError(SlackError):
    """Not tried: an earlier message of the batch has shown that Slack takes none now, or the invocation ends."""


@dataclass(slots=True)
class SlackBatch:
    """The messages of one invocation. It stops posting once Slack throttles or the webhook is unusable.

    Attributes:
        webhook: where alerts are posted.
        queue: that they come from.
        seconds_left: of the invocation.
        sleep: waits for some seconds.
    """

    webhook: Webhook
    queue: MessageQueue
    seconds_left: Callable[[], float]
    sleep: Callable[[float], None]
    _halt: EcrguardError | None = field(default=None, init=False)

    def deliver(self, body: str, receipt_handle: str) -> AlertDocument:
        """Post the alert in one message and return it.

        Raises:
            EcrguardError: it was not posted; the message is to stay on the queue. The error says why, for the log.
        """
        try:
            return self._deliver(body)
        except EcrguardError as error:
            delay = self._delay(error)
            if delay is not None:
                self._put_off(receipt_handle, delay, error)
            raise

    def _deliver(self, body: str) -> AlertDocument:
        document = reading.parse(body)
        if self._halt is not None:
            raise HaltedError(f"not tried after an earlier message of the batch: {self._halt}")
        if self.seconds_left() < SECONDS_FOR_A_POST:
            raise HaltedError("not tried: too little of the invocation is left")
        try:
            self._post(slack.render(document))
        except (SlackThrottledError, SlackWebhookError, WebhookSecretError, UnreadableError) as error:
            self._halt = error
            raise
        return document

    def _post(self, payload: dict[str, Any]) -> None:
        try:
            self.webhook.post(payload)
        except SlackThrottledError as error:
            wait = error.retry_after
            if wait > LONGEST_SLEEP or self.seconds_left() < wait + SECONDS_FOR_A_POST:
                raise
            self.sleep(wait)
            self.webhook.post(payload)

    def _delay(self, error: EcrguardError) -> int | None:
        """Seconds after which to try again; None for the queue's own visibility timeout."""
        cause = self._halt if isinstance(error, HaltedError) else error
        if isinstance(cause, SlackThrottledError):
            return math.ceil(cause.retry_after)
        return PERMANENT_DELAY if isinstance(cause, SlackRefusedError | reading.MalformedDocumentError) else None

    def _put_off(self, receipt_handle: str, seconds: int, error: EcrguardError) -> None:
        try:
            self.queue.put_off(receipt_handle, seconds)
        except UnreadableError as failure:
            error.add_note(f"It could not be put off for {seconds} seconds: {failure}")
