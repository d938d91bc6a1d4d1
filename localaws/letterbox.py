"""What a subscribed queue was told, kept for whoever asks: alerts, and what follows them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from localaws.subscriber import Alert, AlertQueue

_POLL_SECONDS: Final = 0.05


@dataclass
class Letterbox:
    """Takes messages off a queue and keeps them all.

    Attributes:
        queue: subscribed to the topic of alerts.
        received: every message that came, in the order of its coming.
        arrived: when each came, by the clock of `time.monotonic`.
    """

    queue: AlertQueue
    received: list[Alert] = field(default_factory=list)
    arrived: list[float] = field(default_factory=list)

    def look(self) -> None:
        """Take what has come."""
        came = self.queue.take()
        self.received += came
        self.arrived += [time.monotonic()] * len(came)

    def of(self, event: str, *kinds: str) -> list[Alert]:
        """The messages of some kinds about one event, by its id."""
        return [each for each in self.received if each["event"]["id"] == event and each["kind"] in kinds]

    def follow(self, thread: str, kind: str) -> list[Alert]:
        """The messages of a kind that follow an alert, by its id."""
        return [each for each in self.received if each["thread"] == thread and each["kind"] == kind]

    def arrival(self, alert: Alert) -> float:
        """When a message came."""
        return next(at for each, at in zip(self.received, self.arrived, strict=True) if each is alert)

    def wait_for[T](self, look: Callable[[], T], seconds: float) -> T:
        """What ``look`` finds, as soon as it finds something, with what has come taken each time; else its last."""
        deadline = time.monotonic() + seconds
        self.look()
        while not (found := look()) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
            self.look()
        return found


def refusals(alert: Alert) -> dict[str, Any]:
    """What a message says was asked for and not done, by the reason."""
    return {each["reason"]: each for each in alert["actions"]["refused"]}
