"""What the domain needs of the ledger: what was told and done of each tag."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from ecrguard.domain.ledger import Act, Due, Entry, Good, Record, Release, Told
    from ecrguard.domain.pusher import Pusher


@dataclass(frozen=True, slots=True)
class Held:
    """A part of the ledger that is held: nobody else writes to it until it is let go, or its time is over.

    Attributes:
        repository: name of the repository.
        subject: ``tag#<tag>``, or ``workload#<ARN>#<container>``.
        owner: who holds it.
        record: what was known when it was taken.
    """

    repository: str
    subject: str
    owner: str
    record: Record


class Ledger(Protocol):
    """What was told and done of each tag.

    Every method raises UnreadableError where the store cannot be read or written.
    """

    def look(self, repository: str, subject: str) -> Record:
        """What is known."""
        ...

    def hold(self, repository: str, subject: str, owner: str, now: datetime, until: datetime) -> Held:
        """Take what is known for oneself until then; ``owner`` may take it again.

        It is held up to and including ``until``, and longer where nobody else takes it.

        Raises:
            UnreadableError: UNAVAILABLE where another holds it.
        """
        ...

    def begin(self, held: Held, act: Act | None) -> None:
        """Write down an act before it is done, or that of the last there was none.

        Raises:
            LostHoldError: another has taken it over.
        """
        ...

    def settle(self, held: Held, *, told: tuple[Told, ...], open_: bool, act: Act | None) -> Record:
        """Write down what came of it, and let it go; what is known afterwards.

        The last good image is not touched by it. Of ``told``, the latest first, no more than
        :data:`~ecrguard.domain.ledger.MOST_TOLD` are kept, and an explanation of more than 2,000 bytes is cut.

        Raises:
            LostHoldError: another has taken it over.
        """
        ...

    def let_go(self, held: Held) -> None:
        """Let others take it; nothing happens where another has already."""
        ...

    def passed(self, repository: str, tag: str, good: Good) -> Record:
        """Note a good image of a tag, unless a later one is known, or the tag was given to it by an act of ours.

        What is known afterwards, noted or not. Of two of the same time the first stays. Who holds the tag does not
        matter.
        """
        ...

    def regained(self, repository: str, tag: str, good: Good) -> Record:
        """As :meth:`passed`, also where the tag was given to that image by an act of ours: somebody has pushed it."""
        ...

    def note(self, repository: str, subject: str, entry: Entry) -> None:
        """Add a line to the history; the same line again changes nothing."""
        ...

    def history(self, repository: str, subject: str) -> tuple[Entry, ...]:
        """The lines that are kept, the latest first; also those whose time is over and that are not removed yet."""
        ...

    def released(self, repository: str, digest: str) -> Release | None:
        """Somebody's word that an image is to be left alone; None where nobody gave it."""
        ...

    def release(self, repository: str, digest: str, release: Release) -> None:
        """Keep somebody's word that an image is to be left alone. The first word stays."""
        ...

    def acts_left(self, now: datetime) -> int:
        """How many destructive acts the hour of ``now`` may still have."""
        ...

    def spend(self, now: datetime) -> bool:
        """Take one destructive act from those of the hour; False where none is left."""
        ...

    def owe(self, due: Due) -> None:
        """Keep what is due of an image. What is due of the same image already is replaced."""
        ...

    def dues(self) -> tuple[Due, ...]:
        """All that is due, the oldest first."""
        ...

    def paid(self, due: Due) -> None:
        """Nothing is due of the image any more, unless it was owed anew meanwhile: with another ``since``."""
        ...


class Pushers(Protocol):
    """Who pushed what, for a day: CloudTrail tells it before the alert is made, or after.

    Every method raises UnreadableError where the store cannot be read or written.
    """

    def know(self, repository: str, tag: str, digest: str, pusher: Pusher) -> None:
        """Keep who pushed an image under a tag (empty where it had none). Of several the latest call counts."""
        ...

    def who(self, repository: str, tag: str, digest: str) -> Pusher | None:
        """Who pushed it last; None where that is not known, or not yet."""
        ...


class Threads(Protocol):
    """The messages of a chat that alerts began a thread with, for 30 days.

    Every method raises UnreadableError where the store cannot be read or written.
    """

    def of(self, alert_id: str) -> str:
        """What the chat knows the message of an alert by; empty where none is known."""
        ...

    def keep(self, alert_id: str, ts: str) -> None:
        """Keep what the chat knows the message of an alert by. The first stays: answers may be in its thread."""
        ...
