"""ECS services: their deployments, and the service revisions that pin what those run.

A service revision pins the digests that its images had when the deployment began (developer guide, "Container image
resolution"), so they are resolved then, from the local registry.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from localaws.additions import ecs_events, ecs_task_sets, host
from localaws.additions.ecs_images import container_image
from localaws.additions.ecs_own import cluster, definition_of, missing, own, paged
from localaws.additions.wire import Call, Operation, Refusal

if TYPE_CHECKING:
    from localaws.additions.host import Record

_REVISIONS: Final = host.store()
_LIST_PAGE: Final = 10
_MOST_SERVICES: Final = 10
_MOST_REVISIONS: Final = 20


def list_services(call: Call) -> Record:
    """ListServices, ten a page where the caller does not say."""
    cluster(call)
    kept = call.get("resourceManagementType")
    arns: list[str] = own("ListServices", call.parameters)["serviceArns"]
    if kept:
        arns = [arn for arn in arns if stored(arn).get("resourceManagementType", "CUSTOMER") == kept]
    return paged(call, "serviceArns", arns, _LIST_PAGE)


def _describe_services(call: Call) -> Record:
    if len(call.get("services", [])) > _MOST_SERVICES:
        raise Refusal("InvalidParameterException", "Services cannot be empty and may have at most 10 entries.")
    answer = own("DescribeServices", call.parameters)
    for service in answer["services"]:
        _complete(service)
    return answer


def _changed_service(name: str) -> Operation:
    """CreateService or UpdateService, with the events of the deployment that follows."""

    def operation(call: Call) -> Record:
        return {"service": change(name, call.parameters)}

    return operation


def change(name: str, parameters: Record) -> Record:
    """Create or update a service, pin what its new deployment runs, and tell of it; answers the service.

    ``name`` is ``CreateService`` or ``UpdateService``.
    """
    before = _deployments(parameters) if name == "UpdateService" else frozenset()
    service: Record = own(name, parameters)["service"]
    if _controller(service) == "CODE_DEPLOY" and name == "CreateService":
        ecs_task_sets.begin(service)
    _complete(service)
    for deployment in service["deployments"]:
        if deployment["id"] not in before:
            ecs_events.deployed(service, deployment)
    if service["status"] == "ACTIVE" and service["runningCount"] == service["desiredCount"]:
        ecs_events.steady(service)
    return service


def _delete_service(call: Call) -> Record:
    return own("DeleteService", call.parameters)


def stored(arn: str) -> Record:
    """The emulator's own record of a service; empty where there is none. What is put there is described."""
    found: Record = host.SERVICES.get("/".join(arn.split("/")[-2:]), {})
    return found


def revision_of(service: Record) -> Record:
    """The newest revision of a service that `change` answered; what is put there is described."""
    found: Record = _REVISIONS[service["currentServiceRevisions"][0]["arn"]]
    return found


def current_revisions(arn: str) -> list[str]:
    """The ARNs of the revisions that the service runs now, the newest first."""
    return [_revision_arn(arn, deployment) for deployment in stored(arn).get("deployments", [])]


def _deployments(parameters: Record) -> frozenset[str]:
    named, where = parameters.get("service", ""), parameters.get("cluster", "default").rpartition("/")[2]
    service = host.SERVICES.get(f"{where}/{named.rpartition('/')[2]}", {})
    return frozenset(deployment["id"] for deployment in service.get("deployments", []))


def _controller(service: Record) -> str:
    kind: str = service.get("deploymentController", {}).get("type", "ECS")
    return kind


def _complete(service: Record) -> None:
    """Give a service what the emulator lacks: revisions or, where another controller deploys, task sets."""
    if _controller(service) != "ECS":
        service["deployments"] = []
        service["taskSets"] = ecs_task_sets.of(service["serviceArn"])
        if not service["taskDefinition"]:
            del service["taskDefinition"]
    elif service["status"] == "ACTIVE":
        _with_revisions(service)


def _with_revisions(service: Record) -> None:
    """Give an active service its ``currentServiceRevisions``, and pin each revision's images when it is first seen."""
    current: list[Record] = []
    for deployment in service["deployments"]:
        arn = _revision_arn(service["serviceArn"], deployment)
        if arn not in _REVISIONS:
            _REVISIONS[arn] = _revision(arn, service, deployment)
        counts = (
            ("runningCount", "runningTaskCount"),
            ("pendingCount", "pendingTaskCount"),
            ("desiredCount", "requestedTaskCount"),
        )
        current.append({"arn": arn} | {shown: deployment.get(kept, 0) for kept, shown in counts})
    service["currentServiceRevisions"] = current


def _revision_arn(service_arn: str, deployment: Record) -> str:
    return service_arn.replace(":service/", ":service-revision/") + f"/{deployment['id'].rpartition('/')[2]}"


def _revision(arn: str, service: Record, deployment: Record) -> Record:
    task_definition = deployment["taskDefinition"]
    containers = definition_of(task_definition).get("containerDefinitions", [])
    revision: Record = {
        "serviceRevisionArn": arn,
        "serviceArn": service["serviceArn"],
        "clusterArn": service["clusterArn"],
        "taskDefinition": task_definition,
        "containerImages": [container_image(item) for item in containers],
        "createdAt": int(time.time()),
    }
    same = ("launchType", "capacityProviderStrategy", "platformVersion", "platformFamily", "networkConfiguration")
    return revision | {name: service[name] for name in same if service.get(name)}


def _describe_service_revisions(call: Call) -> Record:
    arns: list[str] = call.get("serviceRevisionArns", [])
    if len(arns) > _MOST_REVISIONS:
        raise Refusal("InvalidParameterException", "serviceRevisionArns may have at most 20 entries.")
    found = [_REVISIONS[arn] for arn in arns if arn in _REVISIONS]
    return {"serviceRevisions": found, "failures": missing(arns, _REVISIONS)}


OPERATIONS: Final[dict[str, Operation]] = {
    "CreateService": _changed_service("CreateService"),
    "DeleteService": _delete_service,
    "DescribeServiceRevisions": _describe_service_revisions,
    "DescribeServices": _describe_services,
    "ListServices": list_services,
    "UpdateService": _changed_service("UpdateService"),
}
