"""The events that App Runner puts on the default bus (developer guide, "Handling App Runner events in EventBridge").

An operation's start and its end follow each other at once: nothing is provisioned here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from localaws.additions import host

if TYPE_CHECKING:
    from localaws.additions.host import Record

_DONE: Final = {
    "CreateService": "Service creation completed successfully.",
    "DeleteService": "Service deletion completed successfully.",
    "UpdateService": "Service update completed successfully. New application and configuration is deployed.",
}


def changed(operation: str, service: Record, before: str) -> None:
    """An operation on ``service`` began and ended; ``before`` is the status that the service had until then."""
    _operation_is(service, f"{operation}Started", f"{operation} started.")
    after = service["Status"]
    for previous, current in ((before, "OPERATION_IN_PROGRESS"), ("OPERATION_IN_PROGRESS", after)):
        if previous != current:
            _status_is(service, previous, current)
    _operation_is(service, f"{operation}CompletedSuccessfully", _DONE[operation])


def _operation_is(service: Record, status: str, message: str) -> None:
    _emit("AppRunner Service Operation Status Change", service, {"operationStatus": status}, message)


def _status_is(service: Record, previous: str, current: str) -> None:
    change = {"previousServiceStatus": previous, "currentServiceStatus": current}
    _emit("AppRunner Service Status Change", service, change, f"Service status is set to {current}.")


def _emit(detail_type: str, service: Record, change: Record, message: str) -> None:
    detail = change | {
        "serviceName": service["ServiceName"],
        "serviceId": service["ServiceId"],
        "message": message,
        "severity": "INFO",
    }
    host.emit("aws.apprunner", detail_type, detail, [service["ServiceArn"]])
