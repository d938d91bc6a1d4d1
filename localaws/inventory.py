"""What a deployed stack knows of workloads, read from its table as a push reads it, and full readings begun at once."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from boto3.dynamodb.types import TypeDeserializer

if TYPE_CHECKING:
    from localaws.deployment import Deployment

SOURCES: Final = (
    "ecs",
    "tasks",
    "schedules",
    "apprunner",
    "lambda",
    "batch",
    "codebuild",
    "agentcore",
    "sagemaker",
    "eks",
)
"""All that the template's parameter LinkedWorkloads may name."""

_STATES: Final = "inventory"
_POLL_SECONDS: Final = 0.1
_VALUES: Final = TypeDeserializer()


@dataclass(frozen=True, order=True)
class Entry:
    """A container of a workload, as the stack knows it.

    Attributes:
        source: of workloads that told of it.
        kind: of the workload, as alerts name it.
        name: of the workload.
        container: of it; empty where there is but one.
        image: ``repository:tag``, or ``repository@digest``.
        needs: platforms that the image must run on.
        basis: how these are known.
        deploys_on_push: the workload starts what is pushed by itself.
    """

    source: str
    kind: str
    name: str
    container: str
    image: str
    needs: tuple[str, ...]
    basis: str
    deploys_on_push: bool = False


def entries(deployment: Deployment, repository: str) -> list[Entry]:
    """What runs images of a repository, by what a push to it would be told."""
    found = [
        Entry(
            source=item["source"],
            kind=each["kind"],
            name=each["name"],
            container=each["container"],
            image=each["image"].partition("/")[2],
            needs=tuple(each["hosts"]),
            basis=each["basis"],
            deploys_on_push=each["deploys_on_push"],
        )
        for item in _items(deployment, f"repository#{repository}")
        for each in json.loads(item["workloads"])
    ]
    return sorted(found)


def sources(deployment: Deployment) -> tuple[str, ...]:
    """The sources of workloads that the stack reads."""
    [stack] = deployment.client("cloudformation").describe_stacks(StackName=deployment.stack)["Stacks"]
    [named] = [each["ParameterValue"] for each in stack["Parameters"] if each["ParameterKey"] == "LinkedWorkloads"]
    return () if named == "none" else tuple(named.split(","))


def complete(deployment: Deployment) -> set[str]:
    """The sources that have been read as a whole."""
    return {source for source, state in _states(deployment).items() if "complete" in state}


def unreadable(deployment: Deployment) -> dict[str, list[str]]:
    """The sources of which the last reading could not read something, and why."""
    return {
        source: [unknown["detail"] for unknown in state["unknowns"]]
        for source, state in _states(deployment).items()
        if state.get("unknowns")
    }


def wait_until_complete(deployment: Deployment, *, seconds: float = 60) -> None:
    """Return once each source of the stack has been read as a whole; its schedule begins that when it is deployed.

    Raises:
        TimeoutError: it took longer than ``seconds``.
    """
    deadline, wanted = time.monotonic() + seconds, set(sources(deployment))
    while missing := wanted - complete(deployment):
        if time.monotonic() > deadline:
            why = unreadable(deployment)
            raise TimeoutError(f"{', '.join(sorted(missing))} not read as a whole within {seconds:.0f} s: {why}")
        time.sleep(_POLL_SECONDS)


def reconcile(deployment: Deployment, *read: str) -> dict[str, Any]:
    """Have all read at once that is due; what the function answers.

    Args:
        deployment: whose function is invoked.
        read: sources to be read now, due or not; a run of the schedule's that goes on is waited for then.

    Raises:
        RuntimeError: the function crashed.
    """
    for _ in range(60):
        found = _reconcile(deployment, read)
        if not read or found != {"held": True}:
            break
        time.sleep(1)
    return found


def _reconcile(deployment: Deployment, read: tuple[str, ...]) -> dict[str, Any]:
    name, asked = deployment.outputs["ReconcileFunctionName"], {"read": read}
    answer = deployment.client("lambda").invoke(FunctionName=name, Payload=json.dumps(asked).encode())
    payload = answer["Payload"].read()
    if "FunctionError" in answer:
        raise RuntimeError(f"the reconcile function ended with {answer['FunctionError']}: {payload.decode()}")
    found: dict[str, Any] = json.loads(payload)
    return found


def _states(deployment: Deployment) -> dict[str, dict[str, Any]]:
    return {
        item["sk"].removeprefix("source#"): item
        for item in _items(deployment, _STATES)
        if item["sk"].startswith("source#")
    }


def _items(deployment: Deployment, key: str) -> list[dict[str, Any]]:
    pages = (
        deployment.client("dynamodb")
        .get_paginator("query")
        .paginate(
            TableName=deployment.outputs["InventoryTableName"],
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": key}},
            ConsistentRead=True,
        )
    )
    return [
        {name: _VALUES.deserialize(value) for name, value in item.items()} for page in pages for item in page["Items"]
    ]
