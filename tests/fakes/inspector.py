"""Amazon Inspector in memory, with the clusters of EKS, and their EC2 instances, that stand behind what it tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.fakes.service import ACCOUNT, REGION, FakeService
from tests.fakes.wire import Record, Refusal, connect

if TYPE_CHECKING:
    from mypy_boto3_eks.client import EKSClient
    from mypy_boto3_inspector2.client import Inspector2Client

_THEN = datetime(2026, 3, 1, tzinfo=UTC)
_FINE = {"errorCode": "ALREADY_ENABLED", "errorMessage": "none"}
_MOST_COVERED, _MOST_CLUSTERS = 200, 100
_LEAST_INSTANCES, _MOST_INSTANCES = 5, 1000


def image_arn(name: str, digest: str, *, account: str = ACCOUNT, region: str = REGION) -> str:
    """The ARN of an image, as Inspector calls it."""
    return f"arn:aws:ecr:{region}:{account}:repository/{name}/{digest}"


def cluster_arn(name: str, *, service: str = "eks", account: str = ACCOUNT, region: str = REGION) -> str:
    """The ARN of a cluster."""
    return f"arn:aws:{service}:{region}:{account}:cluster/{name}"


def pods(namespace: str = "", *workloads: str, running: int | None = 1) -> Record:
    """Pods of one namespace that run an image, as Inspector tells of them."""
    told: Record = {"namespace": namespace} if namespace else {}
    if workloads:
        told["workloadInfoList"] = [{"name": name, "type": "Deployment"} for name in workloads]
    return {"lastInUse": _THEN, "clusterMetadata": {"awsEksMetadataDetails": told}} | (
        {} if running is None else {"runningUnitCount": running, "stoppedUnitCount": 0}
    )


def tasks() -> Record:
    """Tasks of ECS that run an image, as Inspector tells of them."""
    definition = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/web:1"
    told = {"awsEcsMetadataDetails": {"detailsGroup": "service:web", "taskDefinitionArn": definition}}
    return {"lastInUse": _THEN, "runningUnitCount": 1, "stoppedUnitCount": 0, "clusterMetadata": told}


@dataclass(slots=True)
class FakeInspector(FakeService):
    """One account's Inspector, EKS and EC2 in one Region, with one list of calls.

    Attributes:
        scanning: what Inspector says of its scanning of ECR; empty for an account of which it says nothing.
        uses: clusters by ARN with their details, by the ARN of the image that they run.
        profiles: names of Fargate profiles by cluster of EKS.
        nodes: EC2 instances by cluster of EKS.
    """

    scanning: str = "ENABLED"
    uses: dict[str, dict[str, list[Record]]] = field(default_factory=dict)
    profiles: dict[str, list[str]] = field(default_factory=dict)
    nodes: dict[str, list[Record]] = field(default_factory=dict)

    @property
    def inspector(self) -> Inspector2Client:
        client: Inspector2Client = connect("inspector2", self._answer, self.region)
        return client

    @property
    def eks(self) -> EKSClient:
        client: EKSClient = connect("eks", self._answer, self.region)
        return client

    @property
    def ec2(self) -> Any:
        return connect("ec2", self._answer, self.region)

    def cluster(self, name: str, *architectures: str, fargate: tuple[str, ...] = (), windows: int = 0) -> str:
        """Create a cluster of EKS with a running node for each architecture; its ARN."""
        self.profiles[name] = list(fargate)
        self.nodes[name] = [_node(architecture) for architecture in architectures]
        self.nodes[name] += [_node("x86_64") | {"Platform": "Windows"} for _ in range(windows)]
        return cluster_arn(name)

    def use(self, image: str, cluster: str, *details: Record) -> str:
        """Let a cluster run an image; the image's ARN."""
        self.uses.setdefault(image, {})[cluster] = list(details)
        return image

    def stop(self, image: str) -> None:
        """Stop all pods that run an image: its clusters stay known for a day."""
        for details in self.uses[image].values():
            details[:] = [each | {"runningUnitCount": 0, "stoppedUnitCount": 1} for each in details]

    def _reply(self, operation: str, asked: Record) -> Record:
        if operation == "BatchGetAccountStatus":
            return {"accounts": [self._status(account) for account in asked["accountIds"] if self.scanning]}
        if operation == "ListCoverage":
            return self._coverage(asked)
        if operation == "GetClustersForImage":
            # What it answers of an image that no cluster has run is not documented: its shape has at least one.
            used = self.uses[asked["filter"]["resourceId"]]
            arns, token = self._page(list(used), asked.get("nextToken"), asked.get("maxResults", _MOST_CLUSTERS))
            told = [{"clusterArn": arn} | ({"clusterDetails": used[arn]} if used[arn] else {}) for arn in arns]
            return {"cluster": told} | _next(token)
        if operation == "ListFargateProfiles":
            if asked["clusterName"] not in self.profiles:
                raise Refusal("ResourceNotFoundException", "No cluster found.", 404)
            names, token = self._page(self.profiles[asked["clusterName"]], asked.get("nextToken"), asked["maxResults"])
            return {"fargateProfileNames": names} | _next(token)
        assert operation == "DescribeInstances", operation
        return self._instances(asked)

    def _status(self, account: str) -> Record:
        states = {kind: _FINE | {"status": "ENABLED"} for kind in ("ec2", "lambda")}
        states["ecr"] = _FINE | {"status": self.scanning}
        return {"accountId": account, "state": _FINE | {"status": "ENABLED"}, "resourceState": states}

    def _coverage(self, asked: Record) -> Record:
        size = asked.get("maxResults", _MOST_COVERED)
        if not 1 <= size <= _MOST_COVERED:
            raise Refusal("ValidationException", f"maxResults must be between 1 and {_MOST_COVERED}.")
        (in_use,) = asked["filterCriteria"]["ecrImageInUseCount"]
        counts = {arn: _running(used) for arn, used in self.uses.items() if self.scanning == "ENABLED"}
        shown = [arn for arn, count in counts.items() if count >= in_use["lowerInclusive"]]
        arns, token = self._page(shown, asked.get("nextToken"), size)
        told = [
            {
                "resourceType": "AWS_ECR_CONTAINER_IMAGE",
                "resourceId": arn,
                "accountId": arn.split(":")[4],
                "scanType": "PACKAGE",
                "resourceMetadata": {"ecrImage": {"tags": ["1"], "lastInUseAt": _THEN, "inUseCount": counts[arn]}},
            }
            for arn in arns
        ]
        return {"coveredResources": told} | _next(token)

    def _instances(self, asked: Record) -> Record:
        size = asked["MaxResults"]
        if not _LEAST_INSTANCES <= size <= _MOST_INSTANCES:
            raise Refusal("InvalidParameterValue", f"MaxResults: {_LEAST_INSTANCES} to {_MOST_INSTANCES}.")
        wanted = {each["Name"]: each["Values"] for each in asked["Filters"]}
        (cluster,) = wanted["tag:aws:eks:cluster-name"]
        states = wanted["instance-state-name"]
        held = {str(each): node for each, node in enumerate(self.nodes[cluster]) if node["State"]["Name"] in states}
        keys, token = self._page(list(held), asked.get("NextToken"), size)
        found = [{"Instances": [held[key]]} for key in keys]
        return {"Reservations": found} | ({"NextToken": token} if token else {})


def _node(architecture: str) -> Record:
    return {"Architecture": architecture, "State": {"Code": 16, "Name": "running"}}


def _running(used: dict[str, list[Record]]) -> int:
    return sum(each.get("runningUnitCount", 1) for details in used.values() for each in details or [{}])


def _next(token: str | None) -> Record:
    return {"nextToken": token} if token else {}
