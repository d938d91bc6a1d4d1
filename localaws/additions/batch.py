"""AWS Batch job definitions and compute environments with all that they say, their filters and pages.

The emulator keeps a definition's containers alone, forgets what orchestrates an environment, and lists environments on
one page. Jobs and queues stay the emulator's own, as does changing an environment. No environment starts an instance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from localaws.additions import host, model
from localaws.additions.wire import Call, Operation, Refusal, page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localaws.additions.host import Record

# Describing answers at most this many a page, and this many where the caller does not say.
_MOST_PAGE: Final = 100
_WHAT_RUNS: Final = ("containerProperties", "ecsProperties", "eksProperties", "nodeProperties")


def _register(call: Call) -> Record:
    described: Any = model.operation_model("batch", "RegisterJobDefinition").input_shape
    for problem in model.problems(described, call.parameters):
        raise _refusal(f"Error executing request, Exception : {problem}")
    if not any(call.get(member) for member in _WHAT_RUNS):
        raise _refusal(f"One of {', '.join(_WHAT_RUNS)} is required")
    name = call.get("jobDefinitionName")
    revisions: list[Record] = host.JOB_DEFINITIONS.setdefault(name, [])
    revision = len(revisions) + 1
    definition = {
        **call.parameters,
        "jobDefinitionArn": f"arn:aws:batch:{host.region()}:{host.account()}:job-definition/{name}:{revision}",
        "revision": revision,
        "status": "ACTIVE",
        "containerOrchestrationType": "EKS" if call.get("eksProperties") else "ECS",
    }
    revisions.append(definition)
    return {member: definition[member] for member in ("jobDefinitionName", "jobDefinitionArn", "revision")}


def _describe(call: Call) -> Record:
    named, wanted = call.get("jobDefinitions"), call.get("jobDefinitionName")
    status = call.get("status")
    found = [
        definition
        for definition in _definitions()
        if (not named or _named_by(definition) & set(named))
        and (not wanted or definition["jobDefinitionName"] == wanted)
        and (not status or definition["status"] == status)
    ]
    return _page(call, "jobDefinitions", found)


def _deregister(call: Call) -> Record:
    asked = call.get("jobDefinition")
    for definition in _definitions():
        if asked in _named_by(definition):
            definition["status"] = "INACTIVE"
            return {}
    raise _refusal(f"Error executing request, Exception : JobDefinition {asked} does not exist")


def _create_environment(call: Call) -> Record:
    described: Any = model.operation_model("batch", "CreateComputeEnvironment").input_shape
    for problem in model.problems(described, call.parameters):
        raise _refusal(f"Error executing request, Exception : {problem}")
    name = call.get("computeEnvironmentName")
    if name in host.COMPUTE_ENVIRONMENTS:
        raise _refusal(f"Object already exists: {name}")
    if call.get("type") == "MANAGED" and not call.get("computeResources"):
        raise _refusal("computeResources must be specified for a MANAGED compute environment")
    shape: Any = model.service_model("batch").shape_for("ComputeEnvironmentDetail")
    environment = {
        "state": "ENABLED",
        **{member: value for member, value in call.parameters.items() if member in shape.members},
        "computeEnvironmentArn": f"arn:aws:batch:{host.region()}:{host.account()}:compute-environment/{name}",
        # AWS passes through CREATING; nothing is provisioned here.
        "status": "VALID",
        "containerOrchestrationType": "EKS" if call.get("eksConfiguration") else "ECS",
    }
    host.COMPUTE_ENVIRONMENTS[name] = environment
    return {member: environment[member] for member in ("computeEnvironmentName", "computeEnvironmentArn")}


def _describe_environments(call: Call) -> Record:
    asked = set(call.get("computeEnvironments", []))
    found = [
        environment
        for environment in list(host.COMPUTE_ENVIRONMENTS.values())
        if not asked or {environment["computeEnvironmentName"], environment["computeEnvironmentArn"]} & asked
    ]
    return _page(call, "computeEnvironments", found)


def _page(call: Call, member: str, found: list[Record]) -> Record:
    size = min(call.get("maxResults", _MOST_PAGE), _MOST_PAGE)
    shown, token = page(found, call.get("nextToken"), size, error="ClientException")
    return {member: shown} | ({"nextToken": token} if token else {})


def _named_by(definition: Record) -> set[str]:
    """What names one revision in a request: its ARN, or ``name:revision``."""
    arn: str = definition["jobDefinitionArn"]
    return {arn, arn.rpartition("/")[2]}


def _definitions() -> Iterator[Record]:
    for revisions in list(host.JOB_DEFINITIONS.values()):
        yield from revisions


def _refusal(message: str) -> Refusal:
    return Refusal("ClientException", message)


OPERATIONS: Final[dict[str, Operation]] = {
    "CreateComputeEnvironment": _create_environment,
    "DeregisterJobDefinition": _deregister,
    "DescribeComputeEnvironments": _describe_environments,
    "DescribeJobDefinitions": _describe,
    "RegisterJobDefinition": _register,
}
