"""A ``PolicySource`` in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ecrguard.domain.policy import Policy
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from ecrguard.domain.image import Unknown


@dataclass(slots=True)
class FakePolicies:
    """Has one policy.

    Attributes:
        policy: in force.
        failing: what keeps it from being read.
        reads: how often it was asked for.
    """

    policy: Policy = field(default_factory=Policy)
    failing: Unknown | None = None
    reads: int = 0

    def current(self) -> Policy:
        self.reads += 1
        if self.failing is not None:
            raise UnreadableError(self.failing)
        return self.policy
