"""An ``AlertPublisher`` in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ecrguard.domain.alert import Alert
    from ecrguard.domain.image import Unknown


def _nothing() -> None:
    """Nothing happens before an alert is taken."""


@dataclass(slots=True)
class RecordingAlerts:
    """Keeps what is published.

    Attributes:
        published: in order.
        failing: what keeps the topic from taking an alert.
        before: called ahead of each publish, for tests of order.
    """

    published: list[Alert] = field(default_factory=list)
    failing: Unknown | None = None
    before: Callable[[], None] = _nothing

    def publish(self, alert: Alert) -> None:
        self.before()
        if self.failing is not None:
            raise UnreadableError(self.failing)
        self.published.append(alert)
