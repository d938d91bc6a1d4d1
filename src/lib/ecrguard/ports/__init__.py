"""What the domain needs from outside, as Protocols: the real ones in ``adapters``, their twins in ``tests/fakes``.

Whatever a port cannot read it says with :class:`~ecrguard.errors.UnreadableError`, never with an empty answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ecrguard.ports.images import (
    ImageEditor,
    ImageStore,
    RawManifest,
    RemoveAnswer,
    Removed,
    Standing,
    StoreAnswer,
    TagAnswer,
)
from ecrguard.ports.inventory import (
    Inventory,
    LinkedWorkloads,
    LiveWorkloads,
    Replacement,
    Revisions,
    WorkloadReader,
    WorkloadSource,
)
from ecrguard.ports.ledger import Held, Ledger, Pushers, Threads

if TYPE_CHECKING:
    from ecrguard.domain.alert import Alert
    from ecrguard.domain.policy import Policy

__all__ = [
    "AlertPublisher",
    "DeadLetters",
    "Held",
    "ImageEditor",
    "ImageStore",
    "Inventory",
    "Ledger",
    "LinkedWorkloads",
    "LiveWorkloads",
    "Message",
    "MessageQueue",
    "PolicySource",
    "Pushers",
    "RawManifest",
    "RemoveAnswer",
    "Removed",
    "Replacement",
    "Revisions",
    "Standing",
    "StoreAnswer",
    "TagAnswer",
    "Threads",
    "WorkloadReader",
    "WorkloadSource",
]


class PolicySource(Protocol):
    """Where the policy in force is kept."""

    def current(self) -> Policy:
        """The policy in force.

        Raises:
            UnreadableError: it cannot be read (WAIT, OPERATOR) or is not valid (POLICY_INVALID).
        """
        ...


class AlertPublisher(Protocol):
    """Where alerts go."""

    def publish(self, alert: Alert) -> None:
        """Hand the alert over, once.

        Raises:
            UnreadableError: it was not taken; the push is to be tried again.
        """
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """A message as a queue hands it out.

    Attributes:
        body: as it was sent.
        receives: how often the queue has handed it out, this time included.
        receipt: what the queue knows this handing out by.
    """

    body: str
    receives: int
    receipt: str


class MessageQueue(Protocol):
    """Where messages come from."""

    def put_off(self, receipt: str, seconds: int) -> None:
        """Hand the message out again after this many seconds, rather than after the queue's own time.

        Raises:
            UnreadableError: the queue did not take it; its own time holds.
        """
        ...


class DeadLetters(Protocol):
    """Where events go that cannot be handled now."""

    def bury(self, body: str, code: str, cause: str) -> None:
        """Keep a message as it came, with the code and a sentence of why, to be sent again once the cause is mended."""
        ...
