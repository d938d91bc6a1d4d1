"""Amazon ECS: every operation that is added, and which of them a trail tells of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from localaws.additions import (
    cloudtrail_events,
    ecs_daemons,
    ecs_definitions,
    ecs_express,
    ecs_instances,
    ecs_services,
    ecs_task_sets,
    ecs_tasks,
)

if TYPE_CHECKING:
    from localaws.additions.wire import Operation

_RECORDED: Final = frozenset(
    {
        "CreateDaemon",
        "CreateExpressGatewayService",
        "CreateService",
        "CreateTaskSet",
        "DeleteDaemon",
        "DeleteExpressGatewayService",
        "DeleteService",
        "DeleteTaskSet",
        "RegisterTaskDefinition",
        "RunTask",
        "StopTask",
        "UpdateDaemon",
        "UpdateExpressGatewayService",
        "UpdateService",
        "UpdateServicePrimaryTaskSet",
    }
)

OPERATIONS: Final[dict[str, Operation]] = cloudtrail_events.recorded(
    "ecs",
    ecs_daemons.OPERATIONS
    | ecs_definitions.OPERATIONS
    | ecs_express.OPERATIONS
    | ecs_instances.OPERATIONS
    | ecs_services.OPERATIONS
    | ecs_task_sets.OPERATIONS
    | ecs_tasks.OPERATIONS,
    _RECORDED,
)
