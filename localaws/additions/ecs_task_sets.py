"""Task sets: what a service runs whose deployments CodeDeploy or another controller makes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from localaws.additions import host
from localaws.additions.ecs_own import arn, cluster, detached, new_id, own
from localaws.additions.wire import Call, Operation, Refusal

if TYPE_CHECKING:
    from localaws.additions.host import Record

_TASK_SETS: Final = host.store()
_ALL: Final = {"value": 100.0, "unit": "PERCENT"}


def of(service_arn: str) -> list[Record]:
    """The task sets of a service."""
    return [detached(item) for item in _TASK_SETS.values() if item["serviceArn"] == service_arn]


def begin(service: Record) -> None:
    """Give a service that CodeDeploy will deploy its first task set, as ECS does."""
    _add(service, service["taskDefinition"], "PRIMARY", service, "CODE_DEPLOY")


def _create_task_set(call: Call) -> Record:
    service = _service(call)
    if service["deploymentController"]["type"] == "ECS":
        raise Refusal("InvalidParameterException", "The service's deployment controller must be EXTERNAL.")
    definition = own("DescribeTaskDefinition", {"taskDefinition": call.get("taskDefinition")})["taskDefinition"]
    return {"taskSet": _add(service, definition["taskDefinitionArn"], "ACTIVE", call.parameters, "EXTERNAL")}


def _add(service: Record, definition: str, status: str, asked: Record, started_by: str) -> Record:
    number, now = new_id(), int(time.time())
    name = "/".join(service["serviceArn"].split("/")[-2:])
    made = arn(f"task-set/{name}/ecs-svc/{number}")
    launch = {member: asked[member] for member in ("launchType", "capacityProviderStrategy") if asked.get(member)}
    _TASK_SETS[made] = {
        "id": f"ecs-svc/{number}",
        "taskSetArn": made,
        "serviceArn": service["serviceArn"],
        "clusterArn": service["clusterArn"],
        "startedBy": started_by,
        "status": status,
        "taskDefinition": definition,
        "computedDesiredCount": service["desiredCount"],
        "pendingCount": 0,
        "runningCount": service["desiredCount"],
        "createdAt": now,
        "updatedAt": now,
        "scale": asked.get("scale", _ALL),
        "stabilityStatus": "STEADY_STATE",
        "stabilityStatusAt": now,
        **(launch or {"launchType": "EC2"}),
    }
    found: Record = detached(_TASK_SETS[made])
    return found


def _describe_task_sets(call: Call) -> Record:
    found, asked = of(_service(call)["serviceArn"]), call.get("taskSets", [])
    names = {name for item in found for name in (item["id"], item["taskSetArn"])}
    return {
        "taskSets": [item for item in found if not asked or {item["id"], item["taskSetArn"]} & set(asked)],
        "failures": [{"arn": name, "reason": "MISSING"} for name in asked if name not in names],
    }


def _update_primary(call: Call) -> Record:
    service = _service(call)
    chosen = _named(service, call.get("primaryTaskSet", ""))
    for item in _TASK_SETS.values():
        if item["serviceArn"] == service["serviceArn"]:
            item["status"] = "PRIMARY" if item is chosen else "ACTIVE"
    service["taskDefinition"] = chosen["taskDefinition"]
    return {"taskSet": detached(chosen)}


def _delete_task_set(call: Call) -> Record:
    chosen = _named(_service(call), call.get("taskSet", ""))
    if chosen["status"] == "PRIMARY" and not call.get("force"):
        raise Refusal("InvalidParameterException", "The primary task set cannot be deleted without force.")
    del _TASK_SETS[chosen["taskSetArn"]]
    return {"taskSet": detached(chosen) | {"status": "DRAINING"}}


def _named(service: Record, reference: str) -> Record:
    for item in _TASK_SETS.values():
        if item["serviceArn"] == service["serviceArn"] and reference in (item["id"], item["taskSetArn"]):
            found: Record = item
            return found
    raise Refusal("TaskSetNotFoundException", "The specified task set was not found.")


def _service(call: Call) -> Record:
    name = f"{cluster(call)['clusterName']}/{call.get('service', '').rpartition('/')[2]}"
    service: Record | None = host.SERVICES.get(name)
    if service is None:
        raise Refusal("ServiceNotFoundException", "Service not found.")
    if service["status"] != "ACTIVE":
        raise Refusal("ServiceNotActiveException", "Service was not ACTIVE.")
    return service


OPERATIONS: Final[dict[str, Operation]] = {
    "CreateTaskSet": _create_task_set,
    "DeleteTaskSet": _delete_task_set,
    "DescribeTaskSets": _describe_task_sets,
    "UpdateServicePrimaryTaskSet": _update_primary,
}
