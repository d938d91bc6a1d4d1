"""AWS Lambda in memory, as its API shows functions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.fakes.service import ACCOUNT, REGION, FakeService
from tests.fakes.wire import Record, Refusal, connect

if TYPE_CHECKING:
    from mypy_boto3_lambda.client import LambdaClient

DIGEST = "sha256:" + "d" * 64
_PREFIX = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function"
_ROLE = f"arn:aws:iam::{ACCOUNT}:role/function"
_MOST_PAGE = 50
# What GetFunction tells and ListFunctions does not.
_STATES = frozenset({"State", "LastUpdateStatus"})


@dataclass(slots=True)
class FakeLambda(FakeService):
    """One account's Lambda functions in one Region, unpublished versions alone."""

    functions: dict[str, Record] = field(default_factory=dict)

    @property
    def client(self) -> LambdaClient:
        client: LambdaClient = connect("lambda", self._answer, self.region)
        return client

    def function(
        self, name: str, image: str, *, architecture: str = "x86_64", digest: str = DIGEST, state: str = "Active"
    ) -> str:
        """Create a function of an image; its ARN. An empty ``architecture`` or ``digest`` is not told."""
        code = {"RepositoryType": "ECR", "ImageUri": image}
        if digest:
            code["ResolvedImageUri"] = f"{image.partition('@')[0]}@{digest}"
        return self._add(name, "Image", code, architecture, state)

    def zip_function(self, name: str) -> str:
        """Create a function of a zip archive; its ARN."""
        return self._add(name, "Zip", {"RepositoryType": "S3", "Location": "https://example.com/zip"}, "arm64")

    def _add(self, name: str, package: str, code: Record, architecture: str, state: str = "Active") -> str:
        arn = f"{_PREFIX}:{name}"
        configuration: Record = {
            "FunctionName": name,
            "FunctionArn": arn,
            "Role": _ROLE,
            "PackageType": package,
            "Version": "$LATEST",
            "MemorySize": 128,
            "State": state,
            "LastUpdateStatus": "Successful",
        }
        if architecture:
            configuration["Architectures"] = [architecture]
        self.functions[arn] = {"Configuration": configuration, "Code": code}
        return arn

    def _reply(self, operation: str, asked: Record) -> Record:
        if operation == "ListFunctions":
            # Asking for more than 50 gives 50.
            size = min(asked.get("MaxItems", _MOST_PAGE), _MOST_PAGE)
            arns, token = self._page(sorted(self.functions), asked.get("Marker"), size)
            listed = [
                {name: value for name, value in self.functions[arn]["Configuration"].items() if name not in _STATES}
                for arn in arns
            ]
            return {"Functions": listed} | ({"NextMarker": token} if token else {})
        assert operation == "GetFunction", operation
        if asked["FunctionName"] not in self.functions:
            raise Refusal("ResourceNotFoundException", f"Function not found: {asked['FunctionName']}", 404)
        return self.functions[asked["FunctionName"]]
