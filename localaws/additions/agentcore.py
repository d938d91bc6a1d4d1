"""Amazon Bedrock AgentCore: what the emulator forgets of runtimes, the platform of their images, capacity providers.

A runtime on microVMs takes linux/arm64 images alone, which is checked when it is created or updated; one with a
capacity provider takes what its instances run. Nothing is run.
"""

from __future__ import annotations

import json
import random
import string
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from localaws.additions import host, rest
from localaws.additions.ecs_images import architectures_of
from localaws.additions.wire import Call, Operation, Refusal

if TYPE_CHECKING:
    from localaws.additions.host import Handler, Record, Reply

# Seconds that a session may idle and live where the caller does not say (API reference, "LifecycleConfiguration").
_LIFECYCLE: Final = {"idleRuntimeSessionTimeout": 900, "maxLifetime": 28800}
_KEPT: Final = "capacityProviderConfiguration"
_PROVIDERS: Final = host.store()
_SETS: Final = frozenset({"CreateAgentRuntime", "UpdateAgentRuntime"})


def runtimes(otherwise: Handler) -> Handler:
    """AgentCore's control plane in front of ``otherwise``, which keeps the runtimes."""

    async def serve(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]) -> Reply:
        asked = rest.asked("bedrock-agentcore", method, path, query, body)
        if asked is None or asked.operation not in _SETS:
            return await otherwise(method, path, headers, body, query)
        unfit = _unfit(asked.request)
        if unfit:
            return _refused(unfit)
        sent = json.loads(body)
        whole = {**sent, "lifecycleConfiguration": _LIFECYCLE | sent.get("lifecycleConfiguration", {})}
        reply = await otherwise(method, path, headers, json.dumps(whole).encode(), query)
        if reply[0] < 300 and _KEPT in sent:  # noqa: PLR2004 - a success
            _keep(json.loads(reply[2]), sent[_KEPT])
        return reply

    return serve


def _unfit(request: Record) -> str | None:
    """Why the image cannot run where the runtime does; None where it can, or the local registry cannot say."""
    image = request.get("agentRuntimeArtifact", {}).get("containerConfiguration", {}).get("containerUri", "")
    architectures = architectures_of(image)
    if _KEPT in request or not architectures or "arm64" in architectures:
        return None
    return f"Architecture incompatible for uri '{image}'. Supported architectures: [arm64]"


def _keep(answer: Record, provider: Record) -> None:
    """Show the capacity provider with the runtime and with the version that was just made of it."""
    runtime = host.AGENT_RUNTIMES[answer["agentRuntimeId"]]
    for record in (runtime, runtime["_versions"][answer["agentRuntimeVersion"]]):
        record[_KEPT] = provider


def _refused(message: str) -> Reply:
    members = {"message": message, "reason": "FieldValidationFailed"}
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": "ValidationException"}
    return 400, headers, json.dumps(members).encode()


def _create_capacity_provider(call: Call) -> Record:
    name = call.get("name")
    if any(provider["name"] == name for provider in _PROVIDERS.values()):
        raise Refusal("ConflictException", f"Capacity provider with name {name} already exists", status=409)
    identity = f"{name}-{''.join(random.choices(string.ascii_letters + string.digits, k=10))}"  # noqa: S311 - a name
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    place = f"arn:aws:bedrock-agentcore:{host.region()}:{host.account()}"
    _PROVIDERS[identity] = {
        "capacityProviderId": identity,
        "capacityProviderArn": f"{place}:capacity-provider/{identity}",
        "name": name,
        # AWS passes through CREATING; nothing is provisioned here.
        "status": "READY",
        **{member: call.get(member) for member in ("permissionsConfiguration", "computeConfiguration")},
        "createdAt": now,
        "lastUpdatedAt": now,
    }
    shown = ("capacityProviderId", "capacityProviderArn", "name", "status")
    return {member: _PROVIDERS[identity][member] for member in shown}


def _get_capacity_provider(call: Call) -> Record:
    identity = call.get("capacityProviderId")
    if identity not in _PROVIDERS:
        raise Refusal("ResourceNotFoundException", f"Capacity provider {identity} was not found", status=404)
    found: Record = _PROVIDERS[identity]
    return found


OPERATIONS: Final[dict[str, Operation]] = {
    "CreateCapacityProvider": _create_capacity_provider,
    "GetCapacityProvider": _get_capacity_provider,
}
