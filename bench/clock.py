"""Two clocks: one whose seconds pass, and one on which waiting costs nothing."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
"""When a virtual clock begins."""


class Clock(Protocol):
    """Tells the time, and waits."""

    def __call__(self) -> float:
        """Seconds that only grow."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    def aside(self) -> AbstractContextManager[None]:
        """Around work that a real AWS would do: it is not the product's."""
        ...


class WallClock:
    """Real seconds. What is done aside takes them too: it is done while AWS would be waited for."""

    def __call__(self) -> float:
        """Seconds that only grow."""
        return time.perf_counter()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        if seconds > 0:
            time.sleep(seconds)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Around work that a real AWS would do."""
        yield


@dataclass(slots=True)
class VirtualClock:
    """The seconds that were waited for, which take none, and those of the processor, which were really spent.

    Attributes:
        waited: seconds of waiting so far.
    """

    waited: float = 0.0
    _began: float = field(default_factory=time.process_time)
    _aside: float = 0.0

    def __call__(self) -> float:
        """Seconds since the clock was made, waiting and processor together."""
        return self.waited + self.processor

    @property
    def processor(self) -> float:
        """Seconds of the processor so far, without what was done aside."""
        return time.process_time() - self._began - self._aside

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self.waited += max(seconds, 0.0)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Around work that a real AWS would do."""
        began = time.process_time()
        try:
            yield
        finally:
            self._aside += time.process_time() - began

    def utc(self) -> datetime:
        """The time, UTC."""
        return START + timedelta(seconds=self())
