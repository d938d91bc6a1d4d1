"""Counts of what happened, over one history or all, and the violations."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


class ViolationError(AssertionError):
    """The product did what it must never do."""


@dataclass(slots=True)
class Tally:
    """What happened.

    Attributes:
        counts: by group and name.
        violations: as they are to be printed, with what reproduces them.
    """

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)

    def add(self, group: str, name: str, times: int = 1) -> None:
        """Count something."""
        self.counts[group, name] += times

    def of(self, group: str, name: str) -> int:
        """How often it happened."""
        return self.counts[group, name]

    def merge(self, other: Tally) -> None:
        """Add what another has counted."""
        self.counts.update(other.counts)
        self.violations += other.violations
