"""CloudTrail's events of calls that change a workload, of services whose operations are the emulator's own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from localaws.additions import rest
from localaws.additions.cloudtrail_events import emit_call
from localaws.additions.rest import Asked

if TYPE_CHECKING:
    from localaws.additions.host import Handler, Reply

CALLS: Final = {
    "batch": frozenset({"RegisterJobDefinition", "DeregisterJobDefinition"}),
    "bedrock-agentcore": frozenset({"CreateAgentRuntime", "UpdateAgentRuntime", "DeleteAgentRuntime"}),
    "codebuild": frozenset({"CreateProject", "UpdateProject", "DeleteProject"}),
    "events": frozenset({"PutTargets", "RemoveTargets", "DeleteRule"}),
    "sagemaker": frozenset({"CreateEndpoint", "UpdateEndpoint", "DeleteEndpoint"}),
    "scheduler": frozenset({"CreateSchedule", "UpdateSchedule", "DeleteSchedule"}),
}
"""The calls that are told of, by the emulator's name of the service."""


def recording(service: str, otherwise: Handler) -> Handler:
    """``otherwise``, and an event of each of its `CALLS` that succeeds."""

    async def serve(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]) -> Reply:
        reply = await otherwise(method, path, headers, body, query)
        target = headers.get("x-amz-target", "").rpartition(".")[2]
        if target:
            asked = Asked(target, json.loads(body)) if target in CALLS[service] else None
        else:
            asked = rest.asked(service, method, path, query, body)
        if reply[0] < 300 and asked is not None and asked.operation in CALLS[service]:  # noqa: PLR2004 - a success
            answer = json.loads(reply[2]) if reply[2] else None
            emit_call(service, asked.operation, asked.request, answer, model_name=rest.MODELS.get(service, service))
        return reply

    return serve
