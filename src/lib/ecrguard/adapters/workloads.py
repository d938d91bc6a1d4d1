"""What runs images of a repository: the sources of workloads that are switched on, asked together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecrguard.adapters import apprunner, ecs
from ecrguard.config import ConfigurationError
from ecrguard.ports import LinkedWorkloads

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_apprunner.client import AppRunnerClient
    from mypy_boto3_ecs.client import ECSClient

    from ecrguard.deadline import Deadline
    from ecrguard.domain.reference import Registry
    from ecrguard.ports import WorkloadReader

ACTIONS = {"ecs": ecs.ACTIONS, "apprunner": apprunner.ACTIONS}
"""The sources there are, by the name that switches them on, and the IAM actions that each needs."""


@dataclass(frozen=True, slots=True)
class Workloads:
    """Asks every source. A ``WorkloadReader``.

    Attributes:
        sources: each answers for itself; one that cannot be read says so in its unknowns and silences no other.
    """

    sources: tuple[WorkloadReader, ...]

    def linked(self, registry: Registry, repository: str) -> LinkedWorkloads:
        """What all sources know, in their order."""
        answers = [source.linked(registry, repository) for source in self.sources]
        return LinkedWorkloads(
            tuple(workload for answer in answers for workload in answer.workloads),
            tuple(unknown for answer in answers for unknown in answer.unknowns),
        )


def workload_reader(
    names: Sequence[str],
    ecs_client: Callable[[], ECSClient],
    apprunner_client: Callable[[], AppRunnerClient],
    deadline: Deadline,
) -> Workloads:
    """A reader of the sources that ``names`` switch on; none at all where there are no names.

    Args:
        names: keys of :data:`ACTIONS`, each once, from the environment variable ``LINKED_WORKLOADS``.
        ecs_client: gives boto3's ECS client.
        apprunner_client: gives boto3's App Runner client.
        deadline: of the invocation.

    Raises:
        ConfigurationError: a name that is no source.
    """
    for name in names:
        if name not in ACTIONS:
            raise ConfigurationError(f"expected some of {', '.join(ACTIONS)} in LINKED_WORKLOADS, got {name!r}")
    sources: dict[str, WorkloadReader] = {
        "ecs": ecs.EcsServices(ecs_client, deadline),
        "apprunner": apprunner.AppRunnerServices(apprunner_client, deadline),
    }
    return Workloads(tuple(sources[name] for name in names))
