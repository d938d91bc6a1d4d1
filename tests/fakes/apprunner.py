"""AWS App Runner in memory, as its API shows it: the twin that the real reader of services runs on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.fakes.service import ACCOUNT, REGION, FakeService
from tests.fakes.wire import Record, Refusal, connect

if TYPE_CHECKING:
    from mypy_boto3_apprunner.client import AppRunnerClient

_PREFIX = f"arn:aws:apprunner:{REGION}:{ACCOUNT}"
_THEN = datetime(2026, 3, 1, tzinfo=UTC)
_SUMMARY = ("ServiceName", "ServiceId", "ServiceArn", "CreatedAt", "UpdatedAt", "Status")
_MOST_PAGE = 20


@dataclass(slots=True)
class FakeAppRunner(FakeService):
    """One account's App Runner in one Region."""

    services: dict[str, Record] = field(default_factory=dict)

    @property
    def client(self) -> AppRunnerClient:
        client: AppRunnerClient = connect("apprunner", self._answer, self.region)
        return client

    def service(
        self,
        name: str,
        image: str,
        *,
        kind: str = "ECR",
        status: str = "RUNNING",
        automatic: bool | None = True,
    ) -> str:
        """Create a service of an image; its ARN. ``automatic`` None leaves AutoDeploymentsEnabled out."""
        source: Record = {"ImageRepository": {"ImageIdentifier": image, "ImageRepositoryType": kind}}
        if automatic is not None:
            source["AutoDeploymentsEnabled"] = automatic
        return self._add(name, source, status)

    def code_service(self, name: str) -> str:
        """Create a service that App Runner builds from source code."""
        version = {"Type": "BRANCH", "Value": "main"}
        code = {"RepositoryUrl": "https://github.com/example/app", "SourceCodeVersion": version}
        return self._add(name, {"CodeRepository": code, "AutoDeploymentsEnabled": True}, "RUNNING")

    def _add(self, name: str, source: Record, status: str) -> str:
        identity = f"{len(self.services):032x}"
        arn = f"{_PREFIX}:service/{name}/{identity}"
        self.services[arn] = {
            "ServiceName": name,
            "ServiceId": identity,
            "ServiceArn": arn,
            "CreatedAt": _THEN,
            "UpdatedAt": _THEN,
            "Status": status,
            "SourceConfiguration": source,
            "InstanceConfiguration": {"Cpu": "1024", "Memory": "2048"},
            "AutoScalingConfigurationSummary": {"AutoScalingConfigurationName": "DefaultConfiguration"},
            "NetworkConfiguration": {"EgressConfiguration": {"EgressType": "DEFAULT"}},
        }
        return arn

    def _reply(self, operation: str, asked: Record) -> Record:
        if operation == "ListServices":
            size = asked.get("MaxResults", _MOST_PAGE)
            if not 1 <= size <= _MOST_PAGE:
                raise Refusal("InvalidRequestException", f"MaxResults must be between 1 and {_MOST_PAGE}.")
            arns, token = self._page(list(self.services), asked.get("NextToken"), size)
            summaries = [{name: self.services[arn][name] for name in _SUMMARY} for arn in arns]
            return {"ServiceSummaryList": summaries} | ({"NextToken": token} if token else {})
        assert operation == "DescribeService", operation
        if asked["ServiceArn"] not in self.services:
            raise Refusal("ResourceNotFoundException", "Service not found.")
        return {"Service": self.services[asked["ServiceArn"]]}
