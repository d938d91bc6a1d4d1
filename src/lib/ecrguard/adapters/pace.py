"""Keeping inside the read throttles of AWS, which a service and its operators share with whoever deploys.

Each action has a bucket of tokens that fills at a steady rate (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/
request-throttling.html describes ECS's). Half of what ECS sustains is taken (20 a second for most reads), so that the
other half is left for deployments.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PER_SECOND = 10.0
"""Calls of one action a second, in the long run."""
BURST = 20.0
"""Calls of one action that are made at once after a rest."""


@dataclass(slots=True)
class Pace:
    """Waits until the next call of an action may be made.

    Attributes:
        clock: seconds that only grow.
        sleep: waits for some seconds.
    """

    clock: Callable[[], float]
    sleep: Callable[[float], None]
    _buckets: dict[str, tuple[float, float]] = field(default_factory=dict)

    def __call__(self, action: str) -> None:
        """Wait, if need be, and count the call."""
        now = self.clock()
        tokens, since = self._buckets.get(action, (BURST, now))
        tokens = min(BURST, tokens + (now - since) * PER_SECOND) - 1
        self._buckets[action] = (tokens, now)
        if tokens < 0:
            self.sleep(-tokens / PER_SECOND)
