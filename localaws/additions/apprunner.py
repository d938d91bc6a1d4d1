"""AWS App Runner's control plane: services that run an image, as the API describes them. Nothing is run.

App Runner has no field for an architecture: it runs linux/amd64.
"""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Final

from localaws.additions import apprunner_events, cloudtrail_events, host
from localaws.additions.wire import Call, JsonService, Operation, Refusal, page

if TYPE_CHECKING:
    from localaws.additions.host import Record

_SERVICES: Final = host.store()
# ListServices answers at most this many a page, and this many where the caller does not say.
_MOST_PAGE: Final = 20
_SUMMARY: Final = ("ServiceName", "ServiceId", "ServiceArn", "ServiceUrl", "CreatedAt", "UpdatedAt", "Status")


def _create_service(call: Call) -> Record:
    name = call.get("ServiceName", "")
    if any(service["ServiceName"] == name for service in _SERVICES.values()):
        raise Refusal("InvalidRequestException", f"Service with the provided name already exists: {name}.")
    service_id, now = uuid.uuid4().hex, int(time.time())
    arn = f"{_prefix()}:service/{name}/{service_id}"
    _SERVICES[arn] = {
        "ServiceName": name,
        "ServiceId": service_id,
        "ServiceArn": arn,
        "ServiceUrl": f"{service_id[:10]}.{host.region()}.awsapprunner.com",
        "CreatedAt": now,
        "UpdatedAt": now,
        # AWS passes through OPERATION_IN_PROGRESS; nothing is provisioned here.
        "Status": "RUNNING",
        "SourceConfiguration": _source(call),
        "InstanceConfiguration": {"Cpu": "1024", "Memory": "2048", **call.get("InstanceConfiguration", {})},
        "AutoScalingConfigurationSummary": {
            "AutoScalingConfigurationArn": f"{_prefix()}:autoscalingconfiguration/DefaultConfiguration/1/{'0' * 31}1",
            "AutoScalingConfigurationName": "DefaultConfiguration",
            "AutoScalingConfigurationRevision": 1,
        },
        "NetworkConfiguration": call.get(
            "NetworkConfiguration",
            {"EgressConfiguration": {"EgressType": "DEFAULT"}, "IngressConfiguration": {"IsPubliclyAccessible": True}},
        ),
    }
    return _operated("CreateService", _SERVICES[arn], "OPERATION_IN_PROGRESS")


def _source(call: Call) -> Record:
    """The source as DescribeService shows it: deployments are automatic unless the service's owner said no."""
    source: Record = call.get("SourceConfiguration", {})
    if "ImageRepository" not in source and "CodeRepository" not in source:
        raise Refusal("InvalidRequestException", "SourceConfiguration needs an ImageRepository or a CodeRepository.")
    private = source.get("ImageRepository", {}).get("ImageRepositoryType") == "ECR"
    if private and "AccessRoleArn" not in source.get("AuthenticationConfiguration", {}):
        raise Refusal(
            "InvalidRequestException", "Authentication configuration is required for a private ECR repository."
        )
    return {"AutoDeploymentsEnabled": private or "CodeRepository" in source, **source}


def _list_services(call: Call) -> Record:
    size = min(call.get("MaxResults", _MOST_PAGE), _MOST_PAGE)
    shown, token = page(list(_SERVICES.values()), call.get("NextToken"), size, error="InvalidRequestException")
    summaries = [{name: service[name] for name in _SUMMARY} for service in shown]
    return {"ServiceSummaryList": summaries} | ({"NextToken": token} if token else {})


def _describe_service(call: Call) -> Record:
    return {"Service": _service(call)}


def _update_service(call: Call) -> Record:
    service = _service(call)
    if "SourceConfiguration" in call.parameters:
        service["SourceConfiguration"] |= call.get("SourceConfiguration")
    for member in ("InstanceConfiguration", "NetworkConfiguration"):
        service[member] |= call.get(member, {})
    service["UpdatedAt"] = int(time.time())
    return _operated("UpdateService", service, service["Status"])


def _delete_service(call: Call) -> Record:
    service = _service(call)
    del _SERVICES[service["ServiceArn"]]
    gone = {**service, "Status": "DELETED", "DeletedAt": int(time.time())}
    return _operated("DeleteService", gone, service["Status"])


def _operated(operation: str, service: Record, before: str) -> Record:
    """The answer of an operation that changed ``service``, which is told of; ``before`` is its status until then."""
    apprunner_events.changed(operation, service, before)
    return {"Service": service, "OperationId": str(uuid.uuid4())}


def _service(call: Call) -> Record:
    arn = call.get("ServiceArn", "")
    if arn not in _SERVICES:
        raise Refusal("ResourceNotFoundException", f"Service not found for arn: {arn}.")
    found: Record = _SERVICES[arn]
    return found


def _prefix() -> str:
    return f"arn:aws:apprunner:{host.region()}:{host.account()}"


_OPERATIONS: Final[dict[str, Operation]] = {
    "CreateService": _create_service,
    "DeleteService": _delete_service,
    "DescribeService": _describe_service,
    "ListServices": _list_services,
    "UpdateService": _update_service,
}

_RECORDED: Final = cloudtrail_events.recorded(
    "apprunner", _OPERATIONS, frozenset({"CreateService", "DeleteService", "UpdateService"})
)

SERVICE: Final = JsonService("apprunner", _RECORDED, content_type="application/x-amz-json-1.0")
