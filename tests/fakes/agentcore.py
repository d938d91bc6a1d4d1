"""Amazon Bedrock AgentCore in memory, as its control plane shows runtimes, their endpoints and capacity providers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.fakes.service import ACCOUNT, REGION, FakeService
from tests.fakes.wire import Record, Refusal, connect

if TYPE_CHECKING:
    from mypy_boto3_bedrock_agentcore_control.client import BedrockAgentCoreControlClient

_PREFIX = f"arn:aws:bedrock-agentcore:{REGION}:{ACCOUNT}"
_ROLE = f"arn:aws:iam::{ACCOUNT}:role/agent"
_THEN = datetime(2026, 3, 1, tzinfo=UTC)
_SUMMARY = (
    "agentRuntimeArn",
    "agentRuntimeId",
    "agentRuntimeVersion",
    "agentRuntimeName",
    "description",
    "lastUpdatedAt",
    "status",
)
_MOST = 100


@dataclass(slots=True)
class FakeAgentCore(FakeService):
    """One account's AgentCore in one Region: versions of runtimes by id, endpoints by id and name."""

    runtimes: dict[str, list[Record]] = field(default_factory=dict)
    endpoints: dict[str, dict[str, Record]] = field(default_factory=dict)
    providers: dict[str, Record] = field(default_factory=dict)

    @property
    def client(self) -> BedrockAgentCoreControlClient:
        client: BedrockAgentCoreControlClient = connect("bedrock-agentcore-control", self._answer, self.region)
        return client

    def runtime(self, name: str, image: str = "", *, status: str = "READY", provider: str = "") -> str:
        """Create a runtime of an image, or of code where there is none; its ARN."""
        identity = f"{name}-{len(self.runtimes):010}"
        self.runtimes[identity] = []
        self.endpoints[identity] = {}
        self.update(arn := f"{_PREFIX}:runtime/{identity}", image, status=status, provider=provider)
        return arn

    def update(self, arn: str, image: str = "", *, status: str = "READY", provider: str = "") -> str:
        """Make the next version of a runtime, which the endpoint DEFAULT follows; the version."""
        identity = arn.rpartition("/")[2]
        version = str(len(self.runtimes[identity]) + 1)
        self.runtimes[identity].append(
            {
                "agentRuntimeArn": arn,
                "agentRuntimeId": identity,
                "agentRuntimeName": identity.rpartition("-")[0],
                "agentRuntimeVersion": version,
                "createdAt": _THEN,
                "lastUpdatedAt": _THEN,
                "roleArn": _ROLE,
                "networkConfiguration": {"networkMode": "PUBLIC"},
                "status": status,
                "lifecycleConfiguration": {"idleRuntimeSessionTimeout": 900, "maxLifetime": 28800},
                "description": "an agent",
                "agentRuntimeArtifact": _artifact(image),
            }
            | ({"capacityProviderConfiguration": {"capacityProviderArn": provider}} if provider else {})
        )
        self.endpoint(arn, "DEFAULT", version)
        return version

    def endpoint(self, arn: str, name: str, live: str, *, target: str = "", status: str = "READY") -> None:
        """Create or turn an endpoint of a runtime; an empty version is left out."""
        self.endpoints[arn.rpartition("/")[2]][name] = (
            {
                "name": name,
                "agentRuntimeEndpointArn": f"{arn}/runtime-endpoint/{name}",
                "agentRuntimeArn": arn,
                "status": status,
                "id": f"{name}-0000000000",
                "createdAt": _THEN,
                "lastUpdatedAt": _THEN,
            }
            | ({"liveVersion": live} if live else {})
            | ({"targetVersion": target} if target else {})
        )

    def provider(self, name: str, system: str) -> str:
        """Create a capacity provider of an operating system; its ARN."""
        identity = f"{name}-0000000000"
        arn = f"{_PREFIX}:capacity-provider/{identity}"
        parameters = {"operatingSystem": system, "instanceRequirements": {"allowedInstanceTypes": ["m7i.large"]}}
        ec2 = {
            "launchTemplateSource": {"launchParameters": parameters},
            "vpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]},
        }
        self.providers[identity] = {
            "capacityProviderId": identity,
            "capacityProviderArn": arn,
            "name": name,
            "status": "READY",
            "permissionsConfiguration": {"capacityProviderOperatorRoleArn": _ROLE},
            "computeConfiguration": {"ec2Configuration": ec2},
            "createdAt": _THEN,
            "lastUpdatedAt": _THEN,
        }
        return arn

    def _reply(self, operation: str, asked: Record) -> Record:
        if operation == "ListAgentRuntimes":
            identities, token = self._page(list(self.runtimes), asked.get("nextToken"), asked.get("maxResults", _MOST))
            latest = [self.runtimes[each][-1] for each in identities]
            return {"agentRuntimes": [{key: one[key] for key in _SUMMARY} for one in latest]} | _next(token)
        if operation == "GetCapacityProvider":
            return _held(self.providers, asked["capacityProviderId"])
        versions = _held(self.runtimes, identity := asked["agentRuntimeId"])
        if operation == "GetAgentRuntime":
            by_number = {each["agentRuntimeVersion"]: each for each in versions}
            return _held(by_number, asked.get("agentRuntimeVersion") or max(by_number, key=int))
        assert operation == "ListAgentRuntimeEndpoints", operation
        held = self.endpoints[identity]
        names, token = self._page(list(held), asked.get("nextToken"), asked.get("maxResults", _MOST))
        return {"runtimeEndpoints": [held[name] for name in names]} | _next(token)


def _artifact(image: str) -> Record:
    if image:
        return {"containerConfiguration": {"containerUri": image}}
    code = {"s3": {"bucket": "code", "prefix": "agent.zip"}}
    return {"codeConfiguration": {"code": code, "runtime": "PYTHON_3_13", "entryPoint": ["main.py"]}}


def _held[T](held: dict[str, T], name: str) -> T:
    if name not in held:
        raise Refusal("ResourceNotFoundException", f"{name} was not found.", 404)
    return held[name]


def _next(token: str | None) -> Record:
    return {"nextToken": token} if token else {}
