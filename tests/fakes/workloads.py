"""A ``WorkloadReader`` in memory, for whoever judges pushes and does not care where workloads come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ecrguard.ports import LinkedWorkloads

if TYPE_CHECKING:
    from ecrguard.domain.image import Unknown
    from ecrguard.domain.reference import Registry
    from ecrguard.domain.workload import Workload


@dataclass(slots=True)
class FakeWorkloadReader:
    """Knows the workloads it is given.

    Attributes:
        workloads: of any registry and repository.
        unknowns: what every answer says could not be read.
        asked: (registry, repository) of each question, in order.
    """

    workloads: list[Workload] = field(default_factory=list)
    unknowns: list[Unknown] = field(default_factory=list)
    asked: list[tuple[Registry, str]] = field(default_factory=list)

    def linked(self, registry: Registry, repository: str) -> LinkedWorkloads:
        self.asked.append((registry, repository))
        found = [
            workload
            for workload in self.workloads
            if (workload.reference.registry, workload.reference.repository) == (registry, repository)
        ]
        return LinkedWorkloads(tuple(found), tuple(self.unknowns))
