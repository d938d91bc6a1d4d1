"""Live workloads: what the inventory names is read again from AWS itself, right before something is taken away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.workload import WorkloadKind
from ecrguard.errors import AbsentError, UnreadableError
from ecrguard.ports import LinkedWorkloads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ecrguard.domain.workload import Workload
    from ecrguard.ports import WorkloadSource

MOST_READ = 200
"""Workloads that are read again for one act: a few seconds of calls. What more run is not taken away."""
SOURCES = {
    WorkloadKind.ECS_SERVICE: "ecs",
    WorkloadKind.ECS_EXPRESS_SERVICE: "ecs",
    WorkloadKind.ECS_DAEMON: "ecs",
    WorkloadKind.ECS_TASK: "tasks",
    WorkloadKind.ECS_SCHEDULED_TASK: "schedules",
    WorkloadKind.APPRUNNER_SERVICE: "apprunner",
    WorkloadKind.LAMBDA_FUNCTION: "lambda",
    WorkloadKind.BATCH_JOB_DEFINITION: "batch",
    WorkloadKind.CODEBUILD_PROJECT: "codebuild",
    WorkloadKind.AGENTCORE_RUNTIME: "agentcore",
    WorkloadKind.SAGEMAKER_ENDPOINT: "sagemaker",
    WorkloadKind.EKS_CLUSTER: "eks",
}
"""The source that tells of each kind of workload, by its name in ``LinkedWorkloads``."""


@dataclass(frozen=True, slots=True)
class LiveSources:
    """Reads workloads from their sources. A ``LiveWorkloads``.

    Attributes:
        sources: gives what makes each source that is switched on, by name; asked when there is something to read.
    """

    sources: Callable[[], Mapping[str, Callable[[], WorkloadSource]]]

    def again(self, workloads: Sequence[Workload]) -> LinkedWorkloads:
        """These workloads as they are now, with all their containers, and those that could not be read."""
        wanted: dict[str, dict[str, None]] = {}
        for workload in workloads:
            wanted.setdefault(SOURCES[workload.kind], {})[workload.arn] = None
        number = sum(len(arns) for arns in wanted.values())
        if number > MOST_READ:
            detail = f"{number} workloads run images of the repository, and more than {MOST_READ} are not read again"
            return LinkedWorkloads((), (Unknown(UnknownReason.UNAVAILABLE, detail),))
        found: list[Workload] = []
        unknowns: list[Unknown] = []
        for name, arns in wanted.items():
            self._read(name, list(arns), found, unknowns)
        return LinkedWorkloads(tuple(found), tuple(unknowns))

    def _read(self, name: str, arns: list[str], found: list[Workload], unknowns: list[Unknown]) -> None:
        make = self.sources().get(name)
        if make is None:
            detail = f"{arns[0]} cannot be read again: {name} is not among LinkedWorkloads"
            unknowns.append(Unknown(UnknownReason.UNAVAILABLE, detail, arns[0]))
            return
        try:
            told = make().read(arns)
        except AbsentError as error:
            unknowns.append(Unknown(UnknownReason.UNAVAILABLE, f"{arns[0]} cannot be read again: {error}", arns[0]))
            return
        except UnreadableError as error:
            unknowns.append(error.unknown)
            return
        for arn in arns:
            sighting = told.get(arn)
            if sighting is None:
                detail = f"{name} told nothing of {arn}"
                unknowns.append(Unknown(UnknownReason.UNAVAILABLE, detail, arn))
            elif isinstance(sighting, Unknown):
                unknowns.append(sighting)
            else:
                found += sighting.workloads
                unknowns += [
                    Unknown(UnknownReason.WORKLOAD_IMAGE_INVALID, f"{bad.subject}: {bad.problem}", bad.subject)
                    for bad in sighting.bad_images
                ]
