"""API calls as CloudTrail puts them on the default bus: ``AWS API Call via CloudTrail``.

A trail delivers calls that change something, with the request's and the answer's members in camelCase and times as text
(CloudTrail user guide, "CloudTrail record contents"). Calls that were refused are not sent here.
"""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any, Final

from localaws.additions import host, model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.model import Shape

    from localaws.additions.host import Record
    from localaws.additions.wire import Call, Operation

# Lambda's operations carry the API's version in their CloudTrail names.
_EVENT_NAMES: Final = {
    ("lambda", "CreateFunction"): "CreateFunction20150331",
    ("lambda", "DeleteFunction"): "DeleteFunction20150331",
    ("lambda", "UpdateFunctionCode"): "UpdateFunctionCode20150331v2",
    ("lambda", "UpdateFunctionConfiguration"): "UpdateFunctionConfiguration20150331v2",
}
# Never logged, as they may hold secrets or are too large.
_LEFT_OUT: Final = frozenset({"Environment", "ZipFile", "environment"})


def emit_call(service: str, operation: str, request: Record, response: Record | None, *, model_name: str = "") -> None:
    """Tell the default bus of a call that succeeded, once what it changed is visible.

    Args:
        service: as its events name it: ``ecs``, ``lambda``, ``apprunner``.
        operation: the operation's name in botocore's model, such as ``CreateFunction``.
        request: its members as the caller gave them, those of a path or query among them.
        response: the answer's members; None or empty where there are none.
        model_name: botocore's name of the service, where it is another.
    """
    emit(service, record(service, operation, request, response, model_name=model_name))


def emit(service: str, recorded_call: Record) -> None:
    """Tell the default bus of a call of ``service`` that was recorded before."""
    host.emit(f"aws.{service}", "AWS API Call via CloudTrail", recorded_call, [])


def record(service: str, operation: str, request: Record, response: Record | None, *, model_name: str = "") -> Record:
    """What CloudTrail records of a call at this moment; arguments as of `emit_call`."""
    shapes = model.operation_model(model_name or service, operation)
    return {
        "eventVersion": "1.11",
        "userIdentity": identity(""),
        "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "eventSource": f"{service}.amazonaws.com",
        "eventName": _EVENT_NAMES.get((service, operation), operation),
        "awsRegion": host.region(),
        "sourceIPAddress": "127.0.0.1",
        "userAgent": "localaws",
        "requestParameters": _logged(shapes.input_shape, request),
        "responseElements": _logged(shapes.output_shape, response) if response else None,
        "requestID": str(uuid.uuid4()),
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": host.account(),
        "eventCategory": "Management",
    }


def recorded(service: str, operations: Mapping[str, Operation], names: frozenset[str]) -> dict[str, Operation]:
    """The same operations; those of ``names`` tell the bus when they succeeded."""
    return {
        name: _recorded(service, name, operation) if name in names else operation
        for name, operation in operations.items()
    }


def _recorded(service: str, name: str, operation: Operation) -> Operation:
    def recording(call: Call) -> Record:
        answer = operation(call)
        emit_call(service, name, call.parameters, answer)
        return answer

    return recording


def identity(caller: str) -> Record:
    """The element ``userIdentity`` of a record (CloudTrail user guide, "CloudTrail userIdentity element").

    ``caller`` is the ARN of who called; empty for the developer that everybody is where nobody signs in.
    """
    account = host.account()
    arn = caller or f"arn:aws:iam::{account}:user/developer"
    kind, *name = arn.rpartition(":")[2].split("/")
    if kind == "assumed-role":
        role, session = name[0], name[-1]
        issuer = {
            "type": "Role",
            "principalId": "AROALOCALAWSEXAMPLE0",
            "arn": f"arn:aws:iam::{account}:role/{role}",
            "accountId": account,
            "userName": role,
        }
        return {
            "type": "AssumedRole",
            "principalId": f"AROALOCALAWSEXAMPLE0:{session}",
            "arn": arn,
            "accountId": account,
            "sessionContext": {"sessionIssuer": issuer},
        }
    if kind == "root":
        return {"type": "Root", "principalId": account, "arn": arn, "accountId": account}
    return {
        "type": "IAMUser",
        "principalId": "AIDALOCALAWSEXAMPLE0",
        "arn": arn,
        "accountId": account,
        "userName": name[-1],
    }


def _logged(shape: Shape | None, value: Any) -> Any:
    """``value`` as CloudTrail writes it: members in camelCase, times as text, no content."""
    if shape is None or value is None:
        return value
    match shape.type_name:
        case "structure":
            kept = {name: item for name, item in value.items() if name not in _LEFT_OUT}
            members: Any = shape
            return {_camel(name): _logged(members.members.get(name), item) for name, item in kept.items()}
        case "list":
            lists: Any = shape
            return [_logged(lists.member, item) for item in value]
        case "timestamp" if isinstance(value, int | float):
            # As in "Nov 24, 2026, 2:05:09 PM".
            return time.strftime("%b %-d, %Y, %-I:%M:%S %p", time.gmtime(value))
        case _:
            return value


def _camel(name: str) -> str:
    return name[:1].lower() + name[1:]
