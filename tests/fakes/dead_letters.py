"""A ``DeadLetters`` in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from ecrguard.domain.image import Unknown


class Buried(NamedTuple):
    """One dead letter."""

    body: str
    code: str
    cause: str


@dataclass(slots=True)
class FakeDeadLetters:
    """Keeps what is buried.

    Attributes:
        kept: in order.
        failing: what keeps the queue from taking a message.
    """

    kept: list[Buried] = field(default_factory=list)
    failing: Unknown | None = None

    def bury(self, body: str, code: str, cause: str) -> None:
        if self.failing is not None:
            raise UnreadableError(self.failing)
        self.kept.append(Buried(body, code, cause))
