"""ECS container instances, as the agent on them reports them."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Final

from localaws.additions import host
from localaws.additions.ecs_own import arn as ecs_arn
from localaws.additions.ecs_own import cluster, missing, new_id, paged
from localaws.additions.wire import Call, Operation, Refusal

if TYPE_CHECKING:
    from localaws.additions.host import Record

_INSTANCES: Final = host.store()
_MOST_INSTANCES: Final = 100
# What the agent reports for an instance identity document's `architecture`.
_AGENT_ARCHITECTURE: Final = {"x86_64": "x86_64", "arm64": "arm64"}


def first_of(cluster_name: str, architecture: str | None) -> Record | None:
    """The instance of a cluster that joined first, takes tasks and has that architecture; None where there is none.

    ``architecture`` is the value of ``ecs.cpu-architecture``; None for any.
    """
    infix = f":container-instance/{cluster_name}/"
    for arn, instance in _INSTANCES.items():
        wanted = {"name": "ecs.cpu-architecture", "value": architecture}
        if infix in arn and instance["status"] == "ACTIVE" and (not architecture or wanted in instance["attributes"]):
            found: Record = instance
            return found
    return None


def _register_container_instance(call: Call) -> Record:
    """Join an instance to a cluster, as the ECS agent does.

    The instance identity document says what the instance is (``instanceId``, ``architecture``); the attributes that the
    agent would find out by itself follow from it, and those in the request count before them.
    """
    joined = cluster(call)
    document = _identity(call)
    made = f"container-instance/{joined['clusterName']}/{new_id()}"
    arn = call.get("containerInstanceArn") or ecs_arn(made)
    known = {
        "ecs.cpu-architecture": _AGENT_ARCHITECTURE.get(document.get("architecture", ""), "x86_64"),
        "ecs.os-type": "linux",
        "ecs.os-family": "LINUX",
    } | {item["name"]: item.get("value", "") for item in call.get("attributes", [])}
    resources = call.get("totalResources", [])
    _INSTANCES[arn] = {
        "containerInstanceArn": arn,
        "ec2InstanceId": document.get("instanceId", f"i-{uuid.uuid4().hex[:17]}"),
        "version": 1,
        "versionInfo": call.get("versionInfo", {"agentVersion": "1.96.0"}),
        "status": "ACTIVE",
        "agentConnected": True,
        "runningTasksCount": 0,
        "pendingTasksCount": 0,
        "registeredResources": resources,
        "remainingResources": resources,
        "attributes": [{"name": name, "value": value} for name, value in sorted(known.items())],
        "registeredAt": int(time.time()),
        "tags": call.get("tags", []),
    }
    joined["registeredContainerInstancesCount"] += 1
    return {"containerInstance": _INSTANCES[arn]}


def _identity(call: Call) -> Record:
    try:
        document = json.loads(call.get("instanceIdentityDocument") or "{}")
    except ValueError as error:
        raise Refusal("ClientException", "The instance identity document is not JSON.") from error
    return document if isinstance(document, dict) else {}


def _deregister_container_instance(call: Call) -> Record:
    joined = cluster(call)
    arn = _instance_arn(call.get("containerInstance", ""), joined)
    if arn is None:
        raise Refusal("InvalidParameterException", "The referenced container instance was not found.")
    instance: Record = _INSTANCES.pop(arn)
    joined["registeredContainerInstancesCount"] -= 1
    return {"containerInstance": {**instance, "status": "INACTIVE", "agentConnected": False}}


def _list_container_instances(call: Call) -> Record:
    if call.get("filter"):
        raise Refusal("InvalidParameterException", "The cluster query language is not available in localaws.")
    name, status = cluster(call)["clusterName"], call.get("status", "ACTIVE")
    arns = [
        arn for arn, item in _INSTANCES.items() if f":container-instance/{name}/" in arn and item["status"] == status
    ]
    return paged(call, "containerInstanceArns", arns)


def _describe_container_instances(call: Call) -> Record:
    asked: list[str] = call.get("containerInstances", [])
    if not 1 <= len(asked) <= _MOST_INSTANCES:
        raise Refusal(
            "InvalidParameterException", "Container instances cannot be empty and may have at most 100 entries."
        )
    asked_of, with_tags = cluster(call), "TAGS" in call.get("include", [])
    found = [_INSTANCES[arn] for item in asked if (arn := _instance_arn(item, asked_of))]
    shown = [item if with_tags else {key: item[key] for key in item if key != "tags"} for item in found]
    absent = [item for item in asked if _instance_arn(item, asked_of) is None]
    return {"containerInstances": shown, "failures": missing(absent, {})}


def _instance_arn(reference: str, joined: Record) -> str | None:
    """The ARN of an instance of the cluster ``joined`` that is named by its ARN or by the id at the ARN's end."""
    prefix = ecs_arn(f"container-instance/{joined['clusterName']}/")
    arn = reference if reference.startswith("arn:") else prefix + reference
    return arn if arn in _INSTANCES and arn.startswith(prefix) else None


OPERATIONS: Final[dict[str, Operation]] = {
    "DeregisterContainerInstance": _deregister_container_instance,
    "DescribeContainerInstances": _describe_container_instances,
    "ListContainerInstances": _list_container_instances,
    "RegisterContainerInstance": _register_container_instance,
}
