"""The events that ECS puts on the default bus (developer guide, "Amazon ECS events").

Deployments and tasks take no time here, so their events follow each other at once, each when what it tells is visible.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from localaws.additions import host

if TYPE_CHECKING:
    from localaws.additions.host import Record


def deployed(service: Record, deployment: Record) -> None:
    """A deployment of ``service`` began and, where its rollout is complete, ended."""
    number = deployment["id"]
    _deployment_changed(service, number, "SERVICE_DEPLOYMENT_IN_PROGRESS", f"ECS deployment {number} in progress.")
    if deployment.get("rolloutState") == "COMPLETED":
        _deployment_changed(service, number, "SERVICE_DEPLOYMENT_COMPLETED", f"ECS deployment {number} completed.")


def steady(service: Record) -> None:
    """``service`` runs as many tasks as it wants."""
    detail = {
        "eventType": "INFO",
        "eventName": "SERVICE_STEADY_STATE",
        "clusterArn": service["clusterArn"],
        "createdAt": now(),
    }
    host.emit("aws.ecs", "ECS Service Action", detail, [service["serviceArn"]])


def task_changed(task: Record) -> None:
    """A task is ``RUNNING`` or ``STOPPED``; the detail is the task as DescribeTasks shows it, with times as text."""
    detail = _shown(task) | {"updatedAt": now()}
    host.emit("aws.ecs", "ECS Task State Change", detail, [task["taskArn"]])


def now() -> str:
    """The time as ECS writes it in events."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + ".000Z"


def _deployment_changed(service: Record, deployment: str, event: str, reason: str) -> None:
    detail = {
        "eventType": "INFO",
        "eventName": event,
        "deploymentId": deployment,
        "updatedAt": now(),
        "reason": reason,
    }
    host.emit("aws.ecs", "ECS Deployment State Change", detail, [service["serviceArn"]])


def _shown(value: Any) -> Any:
    """``value`` without what is absent or the emulator's own."""
    if isinstance(value, dict):
        return {
            name: _shown(item)
            for name, item in value.items()
            if not name.startswith("_") and item is not None and item != ""
        }
    return [_shown(item) for item in value] if isinstance(value, list) else value
