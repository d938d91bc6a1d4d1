"""ECS tasks: those that services run and those that callers start by themselves. Nothing is run.

A task is RUNNING as soon as it is started. What the emulator leaves out of its record is filled in then: the digest of
each image, the architecture that it was placed on, the group that it belongs to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from localaws.additions import ecs_events, ecs_instances, host
from localaws.additions.ecs_images import digest_of
from localaws.additions.ecs_own import cluster, definition_of, own, paged
from localaws.additions.wire import Call, Operation, Refusal

if TYPE_CHECKING:
    from localaws.additions.host import Record

_MOST_TASKS: Final = 100
_MOST_RUN: Final = 10
_ARCHITECTURE: Final = "ecs.cpu-architecture"
_ARCHITECTURES: Final = {"ARM64": "arm64", "X86_64": "x86_64"}
# How DescribeTasks writes an operating system family.
_FAMILIES: Final = {
    "LINUX": "Linux",
    "WINDOWS_SERVER_2019_CORE": "Windows_Server_2019_Core",
    "WINDOWS_SERVER_2019_FULL": "Windows_Server_2019_Full",
    "WINDOWS_SERVER_2022_CORE": "Windows_Server_2022_Core",
    "WINDOWS_SERVER_2022_FULL": "Windows_Server_2022_Full",
    "WINDOWS_SERVER_2025_CORE": "Windows_Server_2025_Core",
    "WINDOWS_SERVER_2025_FULL": "Windows_Server_2025_Full",
}


def started(task: Record) -> None:
    """Complete the emulator's record of a task that it started, and tell of it."""
    definition = definition_of(task["taskDefinitionArn"])
    for container in task["containers"]:
        if digest := digest_of(container["image"]):
            container["imageDigest"] = digest
    task["group"] = task["group"] or f"family:{definition['family']}"
    task["startedBy"] = task.get("_deployment_id") or task["startedBy"]
    stated = definition.get("runtimePlatform") or {}
    architecture = _ARCHITECTURES.get(stated.get("cpuArchitecture", ""))
    del task["containerInstanceArn"]
    if task["launchType"] == "FARGATE":
        task["platformFamily"] = _FAMILIES.get(stated.get("operatingSystemFamily", "LINUX"), "Linux")
    elif instance := ecs_instances.first_of(task["clusterArn"].rpartition("/")[2], architecture):
        # On AWS a task that finds no instance does not start. Here it runs, and names none.
        task["containerInstanceArn"] = instance["containerInstanceArn"]
        architecture = next(item["value"] for item in instance["attributes"] if item["name"] == _ARCHITECTURE)
    task["attributes"] = [{"name": _ARCHITECTURE, "value": architecture or "x86_64"}]
    ecs_events.task_changed(task)


def stopped(task: Record) -> None:
    """Tell of a task that was stopped."""
    ecs_events.task_changed(task)


def _run_task(call: Call) -> Record:
    name = cluster(call)["clusterName"]
    if not 1 <= call.get("count", 1) <= _MOST_RUN:
        raise Refusal("InvalidParameterException", "Task count must be from 1 to 10.")
    answer = own("RunTask", call.parameters)
    arns = [task["taskArn"] for task in answer["tasks"]]
    return {"tasks": _described(name, arns)["tasks"], "failures": answer["failures"]}


def _stop_task(call: Call) -> Record:
    name = cluster(call)["clusterName"]
    arn = own("StopTask", call.parameters)["task"]["taskArn"]
    return {"task": _described(name, [arn])["tasks"][0]}


def _list_tasks(call: Call) -> Record:
    cluster_arn = cluster(call)["clusterArn"]
    wanted = {
        "clusterArn": cluster_arn,
        "desiredStatus": call.get("desiredStatus", "RUNNING"),
        "launchType": call.get("launchType"),
        "startedBy": call.get("startedBy"),
        "group": f"service:{call.get('serviceName')}" if call.get("serviceName") else None,
    }
    family, instance = call.get("family"), call.get("containerInstance")
    found = [
        arn
        for arn, task in host.TASKS.items()
        if all(value is None or task.get(member) == value for member, value in wanted.items())
        and (not family or f":task-definition/{family}:" in task["taskDefinitionArn"])
        and (not instance or task.get("containerInstanceArn", "").endswith(instance))
    ]
    return paged(call, "taskArns", found)


def _describe_tasks(call: Call) -> Record:
    asked: list[str] = call.get("tasks", [])
    if not 1 <= len(asked) <= _MOST_TASKS:
        raise Refusal("InvalidParameterException", "Tasks cannot be empty and may have at most 100 entries.")
    return _described(cluster(call)["clusterName"], asked, call.get("include", []))


def _described(cluster_name: str, arns: list[str], include: list[str] | None = None) -> Record:
    answer = own("DescribeTasks", {"cluster": cluster_name, "tasks": arns, "include": include or []})
    for task in answer["tasks"]:
        for member in [name for name, value in task.items() if value == ""]:
            del task[member]
    return answer


OPERATIONS: Final[dict[str, Operation]] = {
    "DescribeTasks": _describe_tasks,
    "ListTasks": _list_tasks,
    "RunTask": _run_task,
    "StopTask": _stop_task,
}
