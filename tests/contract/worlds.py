"""The worlds of all sources of workloads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contract.world_agentcore import AgentCoreWorld
from tests.contract.world_ecs import EcsWorld, SchedulesWorld, TasksWorld
from tests.contract.world_eks import EksWorld
from tests.contract.world_one_service import AppRunnerWorld, BatchWorld, CodeBuildWorld, LambdaWorld
from tests.contract.world_sagemaker import SageMakerWorld

if TYPE_CHECKING:
    from tests.contract.source_world import SourceWorld

WORLDS: tuple[type[SourceWorld], ...] = (
    EcsWorld,
    TasksWorld,
    SchedulesWorld,
    AppRunnerWorld,
    LambdaWorld,
    BatchWorld,
    CodeBuildWorld,
    AgentCoreWorld,
    SageMakerWorld,
    EksWorld,
)
"""One for each source. Add yours here, a line each."""
