"""A ``LiveWorkloads`` in memory: workloads are as the inventory has them, unless a test says what became of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ecrguard.ports import LinkedWorkloads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ecrguard.domain.image import Unknown
    from ecrguard.domain.workload import Workload


@dataclass(slots=True)
class FakeLive:
    """Knows what has become of workloads since the inventory saw them.

    Attributes:
        changed: the containers of workloads that are not as they were, by ARN; none for one that is gone.
        unknowns: what could not be read.
        asked: what each question was about.
    """

    changed: dict[str, tuple[Workload, ...]] = field(default_factory=dict)
    unknowns: list[Unknown] = field(default_factory=list)
    asked: list[tuple[Workload, ...]] = field(default_factory=list)

    def again(self, workloads: Sequence[Workload]) -> LinkedWorkloads:
        self.asked.append(tuple(workloads))
        found: list[Workload] = [each for each in workloads if each.arn not in self.changed]
        for arn in dict.fromkeys(each.arn for each in workloads if each.arn in self.changed):
            found += self.changed[arn]
        return LinkedWorkloads(tuple(found), tuple(self.unknowns))
