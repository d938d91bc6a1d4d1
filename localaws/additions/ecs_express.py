"""ECS Express Mode: one call makes a task definition and a Fargate service, which ECS then manages.

Where the image in the local registry was not built for the architecture that the configuration states, the service
revision says that ECS runs it on another (API reference, ``ServiceRevision.overrides``). Nothing else of the managed
infrastructure (load balancer, scaling, logs) is there.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from localaws.additions import ecs_definitions, ecs_services, host
from localaws.additions.ecs_images import architectures_of
from localaws.additions.ecs_own import arn, cluster_named, detached, new_id, own
from localaws.additions.wire import Call, Operation, Refusal

if TYPE_CHECKING:
    from localaws.additions.host import Record

_EXPRESS: Final = host.store()
_CONTAINER: Final = "Main"
# The members of a request that a configuration keeps, and what they are where the caller is silent.
_DEFAULTS: Final[Record] = {
    "executionRoleArn": None,
    "taskRoleArn": None,
    "cpu": "256",
    "memory": "512",
    "cpuArchitecture": "X86_64",
    "networkConfiguration": None,
    "healthCheckPath": "/ping",
    "primaryContainer": None,
    "scalingTarget": None,
}
_OF_DEFINITION: Final = ("primaryContainer", "executionRoleArn", "taskRoleArn", "cpu", "memory", "cpuArchitecture")
_OCI: Final = {"X86_64": "amd64", "ARM64": "arm64"}


def _create(call: Call) -> Record:
    _check(call)
    if not {"primaryContainer", "taskDefinitionArn"} & set(call.parameters):
        raise Refusal("InvalidParameterException", "Specify primaryContainer or taskDefinitionArn.")
    name = call.get("serviceName") or f"express-{new_id()[:8]}"
    where = _cluster(call.get("cluster", "default"))
    if ecs_services.stored(f"{where}/{name}").get("status") == "ACTIVE":
        raise Refusal("InvalidParameterException", f"The service {name} already exists.")
    configuration = _DEFAULTS | {member: call.get(member) for member in _DEFAULTS if call.get(member) is not None}
    definition = _definition(call, f"{where}-{name}", configuration)
    service = ecs_services.change(
        "CreateService",
        {
            "cluster": where,
            "serviceName": name,
            "taskDefinition": definition,
            "desiredCount": (configuration["scalingTarget"] or {}).get("minTaskCount", 1),
            "launchType": "FARGATE",
            "deploymentConfiguration": {"strategy": "CANARY", "maximumPercent": 200, "minimumHealthyPercent": 100},
            "tags": call.get("tags", []),
        },
    )
    ecs_services.stored(service["serviceArn"])["resourceManagementType"] = "ECS"
    now = int(time.time())
    _EXPRESS[service["serviceArn"]] = {
        "cluster": where,
        "serviceName": name,
        "serviceArn": service["serviceArn"],
        "infrastructureRoleArn": call.get("infrastructureRoleArn"),
        "createdAt": now,
        "updatedAt": now,
        "tags": call.get("tags", []),
        "configurations": {},
    }
    _configure(service, configuration, definition)
    return {"service": _shown(service["serviceArn"])}


def _update(call: Call) -> Record:
    _check(call)
    express = _active(call)
    latest = ecs_services.current_revisions(express["serviceArn"])[0]
    given = {member: call.get(member) for member in _DEFAULTS if call.get(member) is not None}
    configuration = _DEFAULTS | express["configurations"][latest] | given
    definition = _definition(call, f"{express['cluster']}-{express['serviceName']}", configuration)
    parameters = {"cluster": express["cluster"], "service": express["serviceName"], "taskDefinition": definition}
    service = ecs_services.change("UpdateService", parameters | {"forceNewDeployment": True})
    express["updatedAt"] = int(time.time())
    target = _configure(service, configuration, definition)
    shown = _shown(express["serviceArn"])
    kept = ("serviceArn", "cluster", "serviceName", "status", "createdAt", "updatedAt")
    return {"service": {member: shown[member] for member in kept} | {"targetConfiguration": target}}


def _describe(call: Call) -> Record:
    service = _shown(_known(call, "ResourceNotFoundException")["serviceArn"])
    if "TAGS" not in call.get("include", []):
        service.pop("tags")
    return {"service": service}


def _delete(call: Call) -> Record:
    express = _active(call)
    own("DeleteService", {"cluster": express["cluster"], "service": express["serviceName"], "force": True})
    express["updatedAt"] = int(time.time())
    return {"service": _shown(express["serviceArn"]) | {"status": {"statusCode": "DRAINING"}}}


def _check(call: Call) -> None:
    both = [member for member in _OF_DEFINITION if member in call.parameters]
    if "taskDefinitionArn" in call.parameters and both:
        raise Refusal("InvalidParameterException", f"taskDefinitionArn excludes {', '.join(both)}.")


def _cluster(reference: str) -> str:
    """The name of a cluster; the default one is made where it is not there."""
    if reference == "default" and reference not in host.CLUSTERS:
        own("CreateCluster", {"clusterName": reference})
    name: str = cluster_named(reference)["clusterName"]
    return name


def _definition(call: Call, family: str, configuration: Record) -> str:
    """The ARN of the caller's task definition, whose settings count then, or of one made from the configuration."""
    if given := call.get("taskDefinitionArn"):
        return _adopt(given, configuration)
    container = configuration["primaryContainer"]
    if container is None:
        raise Refusal("InvalidParameterException", "primaryContainer is required.")
    port = container.get("containerPort", 80)
    same = {member: container[member] for member in ("command", "environment", "secrets") if container.get(member)}
    roles = {member: configuration[member] for member in ("executionRoleArn", "taskRoleArn") if configuration[member]}
    registered = ecs_definitions.register(
        {
            "family": family,
            "requiresCompatibilities": ["FARGATE"],
            "networkMode": "awsvpc",
            "cpu": configuration["cpu"],
            "memory": configuration["memory"],
            "runtimePlatform": {
                "cpuArchitecture": configuration["cpuArchitecture"] or "X86_64",
                "operatingSystemFamily": "LINUX",
            },
            "containerDefinitions": [
                {
                    "name": _CONTAINER,
                    "image": container["image"],
                    "essential": True,
                    "portMappings": [{"name": _CONTAINER.lower(), "containerPort": port, "protocol": "tcp"}],
                    **same,
                }
            ],
            **roles,
        }
    )
    made: str = registered["taskDefinition"]["taskDefinitionArn"]
    return made


def _adopt(reference: str, configuration: Record) -> str:
    definition = own("DescribeTaskDefinition", {"taskDefinition": reference})["taskDefinition"]
    containers = {item["name"]: item for item in definition.get("containerDefinitions", [])}
    if _CONTAINER not in containers:
        raise Refusal("InvalidParameterException", f"The task definition must have a container named {_CONTAINER}.")
    stated = (definition.get("runtimePlatform") or {}).get("cpuArchitecture")
    configuration |= {member: definition.get(member) or None for member in ("executionRoleArn", "taskRoleArn")}
    configuration |= {member: definition.get(member) for member in ("cpu", "memory")}
    configuration |= {"cpuArchitecture": stated, "primaryContainer": {"image": containers[_CONTAINER]["image"]}}
    adopted: str = definition["taskDefinitionArn"]
    return adopted


def _configure(service: Record, configuration: Record, definition: str) -> Record:
    """Keep the configuration of a service's newest revision, with the architecture that ECS runs it on."""
    revision = ecs_services.revision_of(service)
    stated = configuration["cpuArchitecture"]
    built_for = architectures_of(configuration["primaryContainer"]["image"])
    other = {"ARM64": "X86_64"}.get(stated, "ARM64")
    if built_for and _OCI[stated or "X86_64"] not in built_for and _OCI[other] in built_for:
        revision["overrides"] = {"runtimePlatform": {"cpuArchitecture": other}}
    kept = {member: value for member, value in configuration.items() if value is not None and member in _DEFAULTS}
    configured = kept | {
        "serviceRevisionArn": revision["serviceRevisionArn"],
        "taskDefinitionArn": definition,
        "ingressPaths": [{"accessType": "PUBLIC", "endpoint": f"{service['serviceName']}.ecs.{host.region()}.on.aws"}],
        "createdAt": revision["createdAt"],
    }
    _EXPRESS[service["serviceArn"]]["configurations"][revision["serviceRevisionArn"]] = configured
    found: Record = detached(configured)
    return found


def _shown(service_arn: str) -> Record:
    express = _EXPRESS[service_arn]
    service = ecs_services.stored(service_arn)
    current = ecs_services.current_revisions(service_arn) if service["status"] == "ACTIVE" else []
    shown: Record = {member: value for member, value in express.items() if member != "configurations"}
    shown["status"] = {"statusCode": service["status"]}
    shown["activeConfigurations"] = [
        express["configurations"][revision] for revision in current if revision in express["configurations"]
    ]
    if current:
        number = current[0].rpartition("/")[2]
        shown["currentDeployment"] = arn(f"service-deployment/{express['cluster']}/{express['serviceName']}/{number}")
    answer: Record = detached(shown)
    return answer


def _known(call: Call, absent: str) -> Record:
    express: Record | None = _EXPRESS.get(call.get("serviceArn", ""))
    if express is None:
        raise Refusal(absent, "The Express service was not found.")
    return express


def _active(call: Call) -> Record:
    express = _known(call, "ServiceNotFoundException")
    if ecs_services.stored(express["serviceArn"])["status"] != "ACTIVE":
        raise Refusal("ServiceNotActiveException", "The Express service is not active.")
    return express


OPERATIONS: Final[dict[str, Operation]] = {
    "CreateExpressGatewayService": _create,
    "DeleteExpressGatewayService": _delete,
    "DescribeExpressGatewayService": _describe,
    "UpdateExpressGatewayService": _update,
}
