"""The time that is left: what would not be done in time is not begun, and the queue hands the message out again.

A function that runs out of time is killed: it forgets what it has read, alerts nobody, and its messages end in the
dead-letter queue without a cause.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable


def _unlimited() -> float:
    return math.inf


@dataclass(slots=True)
class Deadline:
    """The end of the current invocation.

    Attributes:
        seconds_left: until then.
    """

    seconds_left: Callable[[], float] = _unlimited

    def keep(self, seconds: float, what: str) -> None:
        """Go on only if this many seconds are left.

        Args:
            seconds: that must be left for what comes after.
            what: would be done next, for the message.

        Raises:
            UnreadableError: UNAVAILABLE; what was read before stays known to this execution environment.
        """
        left = self.seconds_left()
        if left < seconds:
            detail = f"{what} was put off: {left:.0f} seconds are left of the invocation, and {seconds:.0f} are kept"
            raise UnreadableError(Unknown(UnknownReason.UNAVAILABLE, detail))
