"""A ``MessageQueue`` in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from ecrguard.domain.image import Unknown


@dataclass(slots=True)
class FakeQueue:
    """Remembers what was put off.

    Attributes:
        put: receipt and seconds, in order.
        failing: what keeps the queue from taking it.
    """

    put: list[tuple[str, int]] = field(default_factory=list)
    failing: Unknown | None = None

    def put_off(self, receipt: str, seconds: int) -> None:
        if self.failing is not None:
            raise UnreadableError(self.failing)
        self.put.append((receipt, seconds))
