"""What the parts of ECS share: the emulator's own answers, clusters, and pages."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any, Final

from localaws.additions import host
from localaws.additions.wire import Call, Refusal, page

if TYPE_CHECKING:
    from localaws.additions.host import Record

MOST_PAGE: Final = 100


def own(name: str, parameters: Record) -> Record:
    """The emulator's own answer to an operation of ECS; its refusal is passed on."""
    status, answer = host.ecs_action(name, parameters)
    if status >= 400:  # noqa: PLR2004 - an HTTP error
        raise Refusal(answer["__type"], answer["message"], status=status)
    return answer


def cluster(call: Call) -> Record:
    """The cluster that the request names; ``ClusterNotFoundException`` where there is none."""
    return cluster_named(call.get("cluster", "default"))


def cluster_named(reference: str) -> Record:
    """The cluster of that name or ARN; ``ClusterNotFoundException`` where there is none."""
    found: Record | None = host.CLUSTERS.get(reference.rpartition("/")[2])
    if found is None:
        raise Refusal("ClusterNotFoundException", "Cluster not found.")
    return found


def paged(call: Call, member: str, items: list[Any], default_page: int = MOST_PAGE) -> Record:
    """One page of ``items`` as an answer's ``member``, of the size that the request asks for and ECS allows."""
    shown, token = page(items, call.get("nextToken"), min(call.get("maxResults", default_page), MOST_PAGE))
    return {member: shown} | ({"nextToken": token} if token else {})


def missing(arns: list[str], store: Any) -> list[Record]:
    """The failures of those ``arns`` that are not in ``store``."""
    return [{"arn": arn, "reason": "MISSING"} for arn in arns if arn not in store]


def arn(resource: str) -> str:
    """The ARN of an ECS resource of the current account and Region, such as ``cluster/default``."""
    return f"arn:aws:ecs:{host.region()}:{host.account()}:{resource}"


def definition_of(reference: str) -> Record:
    """The task definition of that ARN or ``family:revision``; empty where there is none."""
    found: Record = host.TASK_DEFINITIONS.get(reference.rpartition("/")[2], {})
    return found


def detached(value: Any) -> Any:
    """A copy of a JSON value that later changes of the original do not reach."""
    return json.loads(json.dumps(value))


def new_id() -> str:
    """An id as ECS makes them: 32 hexadecimal digits."""
    return uuid.uuid4().hex
