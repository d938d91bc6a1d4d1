"""AWS Batch in memory, as its API shows job definitions and compute environments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes.service import ACCOUNT, REGION, FakeService
from tests.fakes.wire import Record, Refusal, connect

if TYPE_CHECKING:
    from mypy_boto3_batch.client import BatchClient

_PREFIX = f"arn:aws:batch:{REGION}:{ACCOUNT}"
_MOST = 100


@dataclass(slots=True)
class FakeBatch(FakeService):
    """One account's Batch job definitions and compute environments in one Region."""

    definitions: dict[str, Record] = field(default_factory=dict)
    environments: dict[str, Record] = field(default_factory=dict)

    @property
    def client(self) -> BatchClient:
        client: BatchClient = connect("batch", self._answer, self.region)
        return client

    def register(self, name: str, image: str = "", *, kind: str = "container", **properties: Any) -> str:
        """Register the next revision; its ARN. ``image`` is that of a single container."""
        revision = 1 + sum(each["jobDefinitionName"] == name for each in self.definitions.values())
        arn = f"{_PREFIX}:job-definition/{name}:{revision}"
        if image:
            properties["containerProperties"] = {"image": image} | properties.get("containerProperties", {})
        self.definitions[arn] = {
            "jobDefinitionName": name,
            "jobDefinitionArn": arn,
            "revision": revision,
            "status": "ACTIVE",
            "type": kind,
        } | properties
        return arn

    def deregister(self, arn: str) -> None:
        self.definitions[arn]["status"] = "INACTIVE"

    def environment(self, *types: str, kind: str = "EC2", **properties: Any) -> str:
        """Add a managed environment with these instance types; its name. Fargate's kinds have none."""
        name = f"environment-{len(self.environments):03}"
        resources = {"type": kind, "maxvCpus": 16, "subnets": ["subnet-1"]} | (
            {"instanceTypes": list(types)} if types else {}
        )
        self.environments[name] = {
            "computeEnvironmentName": name,
            "computeEnvironmentArn": f"{_PREFIX}:compute-environment/{name}",
            "type": "MANAGED",
            "state": "ENABLED",
            "status": "VALID",
            "containerOrchestrationType": "ECS",
            "computeResources": resources,
        } | properties
        return name

    def unmanaged(self) -> str:
        """Add an environment whose instances its owner runs; its name."""
        name = self.environment(type="UNMANAGED")
        del self.environments[name]["computeResources"]
        return name

    def _reply(self, operation: str, asked: Record) -> Record:
        replies = {
            "DescribeJobDefinitions": self._describe_definitions,
            "DescribeComputeEnvironments": self._describe_environments,
        }
        return replies[operation](asked)

    def _describe_environments(self, asked: Record) -> Record:
        assert "computeEnvironments" not in asked
        names, token = self._page(list(self.environments), asked.get("nextToken"), _size(asked))
        answer: Record = {"computeEnvironments": [self.environments[name] for name in names]}
        return answer | ({"nextToken": token} if token else {})

    def _describe_definitions(self, asked: Record) -> Record:
        if "jobDefinitions" in asked:
            if len(asked) > 1 or len(asked["jobDefinitions"]) > _MOST:
                raise Refusal("ClientException", "jobDefinitions takes up to 100, and nothing beside it.")
            arns = [arn for arn in asked["jobDefinitions"] if arn in self.definitions]
            return {"jobDefinitions": [self.definitions[arn] for arn in arns]}
        listed = [arn for arn, each in self.definitions.items() if asked.get("status") in (None, each["status"])]
        arns, token = self._page(listed, asked.get("nextToken"), _size(asked))
        return {"jobDefinitions": [self.definitions[arn] for arn in arns]} | ({"nextToken": token} if token else {})


def _size(asked: Record) -> int:
    size: int = asked.get("maxResults", _MOST)
    if not 1 <= size <= _MOST:
        raise Refusal("ClientException", f"maxResults must be between 1 and {_MOST}.")
    return size
