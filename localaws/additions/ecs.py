"""Amazon ECS: container instances, service revisions, and pages where AWS answers in pages.

A service revision pins the digests that its images had when the deployment began (developer guide, "Container image
resolution"), so they are resolved then, from the local registry.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from typing import TYPE_CHECKING, Any, Final

from localaws.additions import host
from localaws.additions.ecr_repository import open_repository
from localaws.additions.wire import Call, Operation, Refusal, page

if TYPE_CHECKING:
    from localaws.additions.host import Record

_INSTANCES: Final = host.store()
_REVISIONS: Final = host.store()
_MOST_PAGE: Final = 100
_MOST_SERVICES: Final = 10
_MOST_REVISIONS: Final = 20
_MOST_INSTANCES: Final = 100
_ECR_IMAGE: Final = re.compile(
    r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/(?P<repository>[^:@]+)(:(?P<tag>[^@]+))?(@(?P<digest>.+))?"
)
# What the agent reports for an instance identity document's `architecture`.
_AGENT_ARCHITECTURE: Final = {"x86_64": "x86_64", "arm64": "arm64"}


def _listing(name: str, member: str, default_page: int) -> Operation:
    """A list operation that answers in pages of AWS's default size."""

    def operation(call: Call) -> Record:
        if name == "ListServices":
            _cluster(call)
        items: list[str] = _own(name, call.parameters)[member]
        shown, token = page(items, call.get("nextToken"), min(call.get("maxResults", default_page), _MOST_PAGE))
        return {member: shown} | ({"nextToken": token} if token else {})

    return operation


def _describe_services(call: Call) -> Record:
    if len(call.get("services", [])) > _MOST_SERVICES:
        raise Refusal("InvalidParameterException", "Services cannot be empty and may have at most 10 entries.")
    answer = _own("DescribeServices", call.parameters)
    for service in answer["services"]:
        _with_revisions(service)
    return answer


def _changed_service(name: str) -> Operation:
    """CreateService or UpdateService, remembering what the new deployment pins."""

    def operation(call: Call) -> Record:
        answer = _own(name, call.parameters)
        _with_revisions(answer["service"])
        return answer

    return operation


def _with_revisions(service: Record) -> None:
    """Give an active service its ``currentServiceRevisions``, and pin each revision's images when it is first seen."""
    if service["status"] != "ACTIVE" or service.get("deploymentController", {}).get("type", "ECS") != "ECS":
        return
    current: list[Record] = []
    for deployment in service["deployments"]:
        number = deployment["id"].rpartition("/")[2]
        arn = service["serviceArn"].replace(":service/", ":service-revision/") + f"/{number}"
        if arn not in _REVISIONS:
            _REVISIONS[arn] = _revision(arn, service, deployment)
        counts = (
            ("runningCount", "runningTaskCount"),
            ("pendingCount", "pendingTaskCount"),
            ("desiredCount", "requestedTaskCount"),
        )
        current.append({"arn": arn} | {shown: deployment.get(kept, 0) for kept, shown in counts})
    service["currentServiceRevisions"] = current


def _revision(arn: str, service: Record, deployment: Record) -> Record:
    task_definition = deployment["taskDefinition"]
    definition: Record = host.TASK_DEFINITIONS.get(task_definition.rpartition("/")[2], {})
    revision: Record = {
        "serviceRevisionArn": arn,
        "serviceArn": service["serviceArn"],
        "clusterArn": service["clusterArn"],
        "taskDefinition": task_definition,
        "containerImages": [_container_image(item) for item in definition.get("containerDefinitions", [])],
        "createdAt": int(time.time()),
    }
    same = ("launchType", "capacityProviderStrategy", "platformVersion", "platformFamily", "networkConfiguration")
    return revision | {name: service[name] for name in same if service.get(name)}


def _container_image(container: Record) -> Record:
    image = {"containerName": container["name"], "image": container["image"]}
    digest = _digest(container["image"])
    return image | ({"imageDigest": digest} if digest else {})


def _digest(reference: str) -> str | None:
    """The digest that a reference to the local registry has now; None for other registries and absent images."""
    parts = _ECR_IMAGE.fullmatch(reference)
    if parts is None or parts["digest"]:
        return parts["digest"] if parts else None
    if parts["repository"] not in host.REPOSITORIES:
        return None
    image = open_repository(parts["repository"]).by_tag(parts["tag"] or "latest")
    return image["imageDigest"] if image else None


def _describe_service_revisions(call: Call) -> Record:
    arns: list[str] = call.get("serviceRevisionArns", [])
    if len(arns) > _MOST_REVISIONS:
        raise Refusal("InvalidParameterException", "serviceRevisionArns may have at most 20 entries.")
    found = [_REVISIONS[arn] for arn in arns if arn in _REVISIONS]
    return {"serviceRevisions": found, "failures": _missing(arns, _REVISIONS)}


def _register_container_instance(call: Call) -> Record:
    """Join an instance to a cluster, as the ECS agent does.

    The instance identity document says what the instance is (``instanceId``, ``architecture``); the attributes that the
    agent would find out by itself follow from it, and those in the request count before them.
    """
    cluster = _cluster(call)
    document = _identity(call)
    arn = call.get("containerInstanceArn") or (
        f"arn:aws:ecs:{host.region()}:{host.account()}:container-instance/{cluster['clusterName']}/{uuid.uuid4().hex}"
    )
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
    cluster["registeredContainerInstancesCount"] += 1
    return {"containerInstance": _INSTANCES[arn]}


def _identity(call: Call) -> Record:
    try:
        document = json.loads(call.get("instanceIdentityDocument") or "{}")
    except ValueError as error:
        raise Refusal("ClientException", "The instance identity document is not JSON.") from error
    return document if isinstance(document, dict) else {}


def _deregister_container_instance(call: Call) -> Record:
    cluster = _cluster(call)
    arn = _instance_arn(call.get("containerInstance", ""), cluster)
    if arn is None:
        raise Refusal("InvalidParameterException", "The referenced container instance was not found.")
    instance: Record = _INSTANCES.pop(arn)
    cluster["registeredContainerInstancesCount"] -= 1
    return {"containerInstance": {**instance, "status": "INACTIVE", "agentConnected": False}}


def _list_container_instances(call: Call) -> Record:
    if call.get("filter"):
        raise Refusal("InvalidParameterException", "The cluster query language is not available in localaws.")
    name, status = _cluster(call)["clusterName"], call.get("status", "ACTIVE")
    arns = [
        arn for arn, item in _INSTANCES.items() if f":container-instance/{name}/" in arn and item["status"] == status
    ]
    shown, token = page(arns, call.get("nextToken"), min(call.get("maxResults", _MOST_PAGE), _MOST_PAGE))
    return {"containerInstanceArns": shown} | ({"nextToken": token} if token else {})


def _describe_container_instances(call: Call) -> Record:
    asked: list[str] = call.get("containerInstances", [])
    if not 1 <= len(asked) <= _MOST_INSTANCES:
        raise Refusal(
            "InvalidParameterException", "Container instances cannot be empty and may have at most 100 entries."
        )
    cluster, with_tags = _cluster(call), "TAGS" in call.get("include", [])
    found = [_INSTANCES[arn] for item in asked if (arn := _instance_arn(item, cluster))]
    shown = [item if with_tags else {key: item[key] for key in item if key != "tags"} for item in found]
    missing = [item for item in asked if _instance_arn(item, cluster) is None]
    return {"containerInstances": shown, "failures": _missing(missing, {})}


def _instance_arn(reference: str, cluster: Record) -> str | None:
    """The ARN of an instance of ``cluster`` that is named by its ARN or by the id at the ARN's end."""
    prefix = f"arn:aws:ecs:{host.region()}:{host.account()}:container-instance/{cluster['clusterName']}/"
    arn = reference if reference.startswith("arn:") else prefix + reference
    return arn if arn in _INSTANCES and arn.startswith(prefix) else None


def _cluster(call: Call) -> Record:
    name = call.get("cluster", "default").rpartition("/")[2]
    cluster: Record | None = host.CLUSTERS.get(name)
    if cluster is None:
        raise Refusal("ClusterNotFoundException", "Cluster not found.")
    return cluster


def _own(name: str, parameters: Record) -> Record:
    """The emulator's own answer; its refusal is passed on."""
    status, answer = host.ecs_action(name, parameters)
    if status >= 400:  # noqa: PLR2004 - an HTTP error
        raise Refusal(answer["__type"], answer["message"], status=status)
    return answer


def _missing(arns: list[str], store: Any) -> list[Record]:
    return [{"arn": arn, "reason": "MISSING"} for arn in arns if arn not in store]


OPERATIONS: Final[dict[str, Operation]] = {
    "CreateService": _changed_service("CreateService"),
    "DeregisterContainerInstance": _deregister_container_instance,
    "DescribeContainerInstances": _describe_container_instances,
    "DescribeServiceRevisions": _describe_service_revisions,
    "DescribeServices": _describe_services,
    "ListClusters": _listing("ListClusters", "clusterArns", 100),
    "ListContainerInstances": _list_container_instances,
    "ListServices": _listing("ListServices", "serviceArns", 10),
    "ListTaskDefinitions": _listing("ListTaskDefinitions", "taskDefinitionArns", 100),
    "RegisterContainerInstance": _register_container_instance,
    "UpdateService": _changed_service("UpdateService"),
}
