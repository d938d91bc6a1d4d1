"""Reading events of change: which workloads are to be looked at again.

No event is believed for what it says of a workload, only for which workload it is of: it may come late, twice, or
before another that it follows. Event shapes: Amazon ECS developer guide, "Amazon ECS events"; AWS App Runner developer
guide, "Handling App Runner events in EventBridge"; CloudTrail user guide, "CloudTrail record contents".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ecrguard.domain.reference import partition
from ecrguard.envelope import Envelope, read_envelope, shown, text
from ecrguard.errors import MalformedEventError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from ecrguard.domain.reference import Registry

_SERVICE_EVENTS = frozenset({"ECS Deployment State Change", "ECS Service Action"})
_TASK_EVENT = "ECS Task State Change"
_APP_RUNNER_EVENTS = frozenset({"AppRunner Service Operation Status Change", "AppRunner Service Status Change"})
_CALL = "AWS API Call via CloudTrail"
_TASK_DEFINITION = re.compile(r"arn:[^:]+:ecs:[^:]+:[0-9]{12}:task-definition/(?P<family>[A-Za-z0-9_-]+):[0-9]+")

_FUNCTION = re.compile(
    r"(?:(?:arn:[^:]+:lambda:[^:]+:)?[0-9]{12}:)?(?:function:)?(?P<name>[A-Za-z0-9_-]{1,140})(?::[^:]+)?"
)


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be looked at again.

    Attributes:
        source: name of the source of workloads.
        arn: of the workload; empty where a family is named.
        family: of task definitions of which there is a new revision: whatever follows its latest changes.
        registry: account and Region that the event comes from.
        event_id: EventBridge's id of the event.
        time: of the event, UTC.
    """

    source: str
    arn: str
    family: str
    registry: Registry
    event_id: str
    time: datetime


def read_change(body: str) -> Change:
    """The change that an EventBridge event announces.

    Args:
        body: of the queue's message: the event as JSON.

    Raises:
        MalformedEventError: it is no event, or none of a change that is known here; such a message never heals.
    """
    envelope = read_envelope(body)
    if envelope.detail_type in _SERVICE_EVENTS:
        return _of_resource(envelope, "ecs", ":service/")
    if envelope.detail_type in _APP_RUNNER_EVENTS:
        return _of_resource(envelope, "apprunner", ":service/")
    if envelope.detail_type == _TASK_EVENT:
        return _change(envelope, "tasks", text(envelope.detail, "taskArn", "detail"))
    if envelope.detail_type == _CALL:
        return _of_call(envelope)
    raise MalformedEventError(f"expected an event of a change of workloads, got {envelope.detail_type!r}")


def _of_resource(envelope: Envelope, source: str, kind: str) -> Change:
    arn = next((arn for arn in envelope.resources if kind in arn), "")
    if not arn:
        raise MalformedEventError(f"expected the ARN of a service among the resources of {envelope.detail_type!r}")
    return _change(envelope, source, arn)


def _of_call(envelope: Envelope) -> Change:
    detail = envelope.detail
    name, event_source = text(detail, "eventName", "detail"), text(detail, "eventSource", "detail")
    where = CALLS.get((event_source.removesuffix(".amazonaws.com"), name))
    if where is None:
        raise MalformedEventError(f"expected a call that changes a workload, got {name} of {event_source}")
    if detail.get("errorCode"):
        raise MalformedEventError(f"expected a call that succeeded, got {detail['errorCode']} of {name}")
    source, arn_of = where
    arn = arn_of(envelope)
    if source == "schedules" and (definition := _TASK_DEFINITION.fullmatch(arn)):
        return _change(envelope, source, "", definition["family"])
    return _change(envelope, source, arn)


def _change(envelope: Envelope, source: str, arn: str, family: str = "") -> Change:
    return Change(source, arn, family, envelope.registry, envelope.id, envelope.time)


def _at(*path: str) -> Callable[[Envelope], str]:
    """Finds the ARN at a path of members in the call's record."""

    def find(envelope: Envelope) -> str:
        found: Any = envelope.detail
        for member in path:
            found = found.get(member) if isinstance(found, dict) else None
        if not isinstance(found, str) or not found.startswith("arn:"):
            where = ".".join(path)
            where = ".".join(path)
            raise MalformedEventError(f"expected an ARN as {where} in the record of the call, got {shown(found)}")
        return found

    return find


def _named(service: str, pattern: str, *paths: str) -> Callable[[Envelope], str]:
    """Makes the ARN of names among the call's parameters; a parameter may already be an ARN."""

    def find(envelope: Envelope) -> str:
        parameters = envelope.detail.get("requestParameters")
        names = [_name(parameters, path) for path in paths]
        if names[-1].startswith("arn:"):
            return names[-1]
        return _arn(envelope, service, pattern.format(*names))

    return find


def _name(parameters: Any, path: str) -> str:
    name, _, default = path.partition("=")
    value = parameters.get(name) if isinstance(parameters, dict) else None
    value = default if value is None else value
    if not isinstance(value, str) or not value:
        raise MalformedEventError(f"expected a text {name!r} among the parameters of the call, got {shown(value)}")
    return value


def _either(*finds: Callable[[Envelope], str]) -> Callable[[Envelope], str]:
    """Takes what the first can find: CloudTrail leaves out of a record what is too large or too secret for it."""

    def find(envelope: Envelope) -> str:
        for each in finds[:-1]:
            try:
                return each(envelope)
            except MalformedEventError:
                continue
        return finds[-1](envelope)

    return find


def _function(envelope: Envelope) -> str:
    """A function by its ARN, without a version; or by its name or partial ARN (``account:function:name``)."""
    response = envelope.detail.get("responseElements")
    given = response.get("functionArn") if isinstance(response, dict) else None
    if not isinstance(given, str):
        given = _name(envelope.detail.get("requestParameters"), "functionName")
    found = _FUNCTION.fullmatch(given)
    if found is None:
        raise MalformedEventError(f"expected the name or the ARN of a function, got {shown(given)}")
    return _arn(envelope, "lambda", f"function:{found['name']}")


def _rule(envelope: Envelope) -> str:
    """A rule by its name and its event bus, which may be an ARN. PutTargets says ``rule``, DeleteRule ``name``."""
    parameters = envelope.detail.get("requestParameters")
    rule = _name(parameters, "rule" if isinstance(parameters, dict) and "rule" in parameters else "name")
    # The name of a partner's bus has slashes of its own.
    bus = _name(parameters, "eventBusName=default").rpartition(":event-bus/")[2]
    name = rule if bus == "default" else f"{bus}/{rule}"
    return _arn(envelope, "events", f"rule/{name}")


def _arn(envelope: Envelope, service: str, resource: str) -> str:
    region, account = envelope.registry.region, envelope.registry.account
    return f"arn:{partition(region)}:{service}:{region}:{account}:{resource}"


_SCHEDULE = _named("scheduler", "schedule/{}/{}", "groupName=default", "name")
_PROJECT = _named("codebuild", "project/{}", "name")
_RUNTIME = _named("bedrock-agentcore", "runtime/{}", "agentRuntimeId")
_ENDPOINT = _named("sagemaker", "endpoint/{}", "endpointName")
CALLS: Mapping[tuple[str, str], tuple[str, Callable[[Envelope], str]]] = {
    ("ecs", "CreateService"): ("ecs", _at("responseElements", "service", "serviceArn")),
    ("ecs", "UpdateService"): ("ecs", _at("responseElements", "service", "serviceArn")),
    ("ecs", "DeleteService"): ("ecs", _at("responseElements", "service", "serviceArn")),
    ("ecs", "CreateExpressGatewayService"): ("ecs", _at("responseElements", "service", "serviceArn")),
    ("ecs", "UpdateExpressGatewayService"): ("ecs", _at("responseElements", "service", "serviceArn")),
    ("ecs", "DeleteExpressGatewayService"): ("ecs", _at("responseElements", "service", "serviceArn")),
    ("ecs", "CreateTaskSet"): ("ecs", _at("responseElements", "taskSet", "serviceArn")),
    ("ecs", "UpdateTaskSet"): ("ecs", _at("responseElements", "taskSet", "serviceArn")),
    ("ecs", "DeleteTaskSet"): ("ecs", _at("responseElements", "taskSet", "serviceArn")),
    ("ecs", "UpdateServicePrimaryTaskSet"): ("ecs", _at("responseElements", "taskSet", "serviceArn")),
    ("ecs", "CreateDaemon"): ("ecs", _at("responseElements", "daemonArn")),
    ("ecs", "UpdateDaemon"): ("ecs", _at("responseElements", "daemonArn")),
    ("ecs", "DeleteDaemon"): ("ecs", _at("responseElements", "daemonArn")),
    ("ecs", "RegisterTaskDefinition"): ("schedules", _at("responseElements", "taskDefinition", "taskDefinitionArn")),
    ("events", "PutTargets"): ("schedules", _rule),
    ("events", "RemoveTargets"): ("schedules", _rule),
    ("events", "DeleteRule"): ("schedules", _rule),
    ("scheduler", "CreateSchedule"): ("schedules", _either(_at("responseElements", "scheduleArn"), _SCHEDULE)),
    ("scheduler", "UpdateSchedule"): ("schedules", _either(_at("responseElements", "scheduleArn"), _SCHEDULE)),
    ("scheduler", "DeleteSchedule"): ("schedules", _SCHEDULE),
    ("lambda", "CreateFunction20150331"): ("lambda", _function),
    ("lambda", "UpdateFunctionCode20150331v2"): ("lambda", _function),
    ("lambda", "DeleteFunction20150331"): ("lambda", _function),
    ("batch", "RegisterJobDefinition"): ("batch", _at("responseElements", "jobDefinitionArn")),
    ("batch", "DeregisterJobDefinition"): ("batch", _named("batch", "job-definition/{}", "jobDefinition")),
    ("codebuild", "CreateProject"): ("codebuild", _either(_at("responseElements", "project", "arn"), _PROJECT)),
    ("codebuild", "UpdateProject"): ("codebuild", _either(_at("responseElements", "project", "arn"), _PROJECT)),
    ("codebuild", "DeleteProject"): ("codebuild", _PROJECT),
    ("bedrock-agentcore", "CreateAgentRuntime"): ("agentcore", _at("responseElements", "agentRuntimeArn")),
    ("bedrock-agentcore", "UpdateAgentRuntime"): (
        "agentcore",
        _either(_at("responseElements", "agentRuntimeArn"), _RUNTIME),
    ),
    ("bedrock-agentcore", "DeleteAgentRuntime"): ("agentcore", _RUNTIME),
    ("sagemaker", "CreateEndpoint"): ("sagemaker", _either(_at("responseElements", "endpointArn"), _ENDPOINT)),
    ("sagemaker", "UpdateEndpoint"): ("sagemaker", _either(_at("responseElements", "endpointArn"), _ENDPOINT)),
    ("sagemaker", "DeleteEndpoint"): ("sagemaker", _ENDPOINT),
}
"""Calls that change a workload: the source that it is of, and what finds its ARN in CloudTrail's record."""
