"""CloudTrail's events of calls that change a workload, of services whose operations are the emulator's own.

And of pushes: they come later than ECR's own events of them, as on AWS, where it is minutes.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import TYPE_CHECKING, Final

from localaws.additions import host, rest
from localaws.additions.cloudtrail_events import emit, emit_call, identity, record
from localaws.additions.ecr_repository import open_repository
from localaws.additions.rest import Asked
from localaws.additions.wire import Refusal

if TYPE_CHECKING:
    from localaws.additions.host import Handler, Record, Reply

SECONDS_BEHIND: Final = 2.0
"""How long after a push CloudTrail tells of it."""
_DOOR: Final = "ecr.amazonaws.com"
"""Whose call it is when docker pushes, by address and by user agent: ECR makes it."""

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


def pushes_by_call(otherwise: Handler) -> Handler:
    """The API of ECR as ``otherwise`` has it, and an event of each image or tag that is put."""

    async def serve(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]) -> Reply:
        reply = await otherwise(method, path, headers, body, query)
        if headers.get("x-amz-target", "").endswith(".PutImage") and reply[0] < 300:  # noqa: PLR2004 - a success
            _put(json.loads(body), json.loads(reply[2]), caller=host.caller(headers))
        return reply

    return serve


def pushes_at_the_door(otherwise: Handler) -> Handler:
    """The registry door as ``otherwise`` has it, and an event of each image or tag that is put.

    What is there already is no event: the call that ECR makes is then refused.
    """

    async def serve(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]) -> Reply:
        verb, name, reference = host.registry_path(path) or ("", "", "")
        if (method, verb) != ("PUT", "manifest"):
            return await otherwise(method, path, headers, body, query)
        host.select_registry_scope(name, headers, query)
        digest, tag = f"sha256:{hashlib.sha256(body).hexdigest()}", "" if ":" in reference else reference
        there = _is_there(name, digest, tag)
        reply = await otherwise(method, path, headers, body, query)
        if reply[0] < 300 and not there:  # noqa: PLR2004 - a success
            image_id = {"imageDigest": digest} | ({"imageTag": tag} if tag else {})
            of = {"registryId": host.account(), "repositoryName": name}
            content = {"imageManifest": body.decode(), "imageManifestMediaType": headers.get("content-type", "")}
            request = of | ({"imageTag": tag} if tag else {}) | content
            _put(request, {"image": of | {"imageId": image_id} | content}, address=_DOOR, agent=_DOOR)
        return reply

    return serve


def _is_there(name: str, digest: str, tag: str) -> bool:
    try:
        repository = open_repository(name)
    except Refusal:
        return False
    image = repository.by_tag(tag) if tag else repository.by_digest(digest)
    return image is not None and image["imageDigest"] == digest


def _put(request: Record, answer: Record, *, caller: str = "", address: str = "", agent: str = "") -> None:
    said = record("ecr", "PutImage", request, answer) | {"userIdentity": identity(caller)}
    said |= {name: text for name, text in {"sourceIPAddress": address, "userAgent": agent}.items() if text}
    # In this request's account and Region: what is called later takes its context along.
    asyncio.get_running_loop().call_later(SECONDS_BEHIND, emit, "ecr", said)
