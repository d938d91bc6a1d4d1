"""AWS CodeBuild in memory, as its API shows projects and compute fleets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.fakes.service import ACCOUNT, REGION, FakeService
from tests.fakes.wire import Record, Refusal, connect

if TYPE_CHECKING:
    from mypy_boto3_codebuild.client import CodeBuildClient

_PREFIX = f"arn:aws:codebuild:{REGION}:{ACCOUNT}"
_MOST = 100


@dataclass(slots=True)
class FakeCodeBuild(FakeService):
    """One account's CodeBuild in one Region."""

    projects: dict[str, Record] = field(default_factory=dict)
    fleets: dict[str, Record] = field(default_factory=dict)

    @property
    def client(self) -> CodeBuildClient:
        client: CodeBuildClient = connect("codebuild", self._answer, self.region)
        return client

    def project(self, name: str, image: str, *, kind: str = "LINUX_CONTAINER", fleet: str = "") -> str:
        """Create a project that builds in an image; its ARN."""
        environment: Record = {"type": kind, "image": image, "computeType": "BUILD_GENERAL1_SMALL"}
        if fleet:
            environment["fleet"] = {"fleetArn": fleet}
        arn = f"{_PREFIX}:project/{name}"
        self.projects[name] = {"name": name, "arn": arn, "environment": environment}
        return arn

    def fleet(self, name: str, kind: str) -> str:
        """Create a compute fleet of an environment type; its ARN."""
        arn = f"{_PREFIX}:fleet/{name}:00000000-0000-0000-0000-000000000000"
        self.fleets[arn] = {"arn": arn, "name": name, "environmentType": kind, "baseCapacity": 1}
        return arn

    def _reply(self, operation: str, asked: Record) -> Record:
        if operation == "ListProjects":
            names, token = self._page(sorted(self.projects), asked.get("nextToken"), _MOST)
            return ({"projects": names} if names else {}) | ({"nextToken": token} if token else {})
        if not 1 <= len(asked["names"]) <= _MOST:
            raise Refusal("InvalidInputException", f"names takes 1 to {_MOST}.")
        if operation == "BatchGetProjects":
            return _found(self.projects, asked["names"], "projects", "projectsNotFound")
        assert operation == "BatchGetFleets", operation
        return _found(self.fleets, asked["names"], "fleets", "fleetsNotFound")


def _found(held: dict[str, Record], asked: list[str], found: str, missing: str) -> Record:
    answer = {
        found: [held[name] for name in asked if name in held],
        missing: [name for name in asked if name not in held],
    }
    # An empty list is left out: the shapes want one item at least.
    return {name: value for name, value in answer.items() if value}
