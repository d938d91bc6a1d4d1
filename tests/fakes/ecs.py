"""Amazon ECS in memory, as its API shows it: the twin that the real reader of services runs on."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes.wire import Record, Refusal, connect, page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mypy_boto3_ecs.client import ECSClient

ACCOUNT, REGION = "123456789012", "eu-west-1"
_PREFIX = f"arn:aws:ecs:{REGION}:{ACCOUNT}"
_MOST = {"DescribeServices": 10, "DescribeContainerInstances": 100}
_COMPARISON = re.compile(r"attribute:(?P<name>\S+) (?P<operator>==|!=) (?P<value>\S+)")


@dataclass(slots=True)
class FakeEcs:
    """One account's ECS in one Region.

    Attributes:
        calls: (operation, parameters) of each call, in order.
        failing: operation to the error that it gives, or what to do with the parameters before the answer.
    """

    calls: list[tuple[str, Record]] = field(default_factory=list)
    failing: dict[str, Exception | Callable[[Record], object]] = field(default_factory=dict)
    clusters: dict[str, dict[str, Record]] = field(default_factory=dict)
    instances: dict[str, dict[str, Record]] = field(default_factory=dict)
    definitions: dict[str, Record] = field(default_factory=dict)
    failures: list[Record] = field(default_factory=list)
    """Failures that DescribeServices gives besides."""

    @property
    def client(self) -> ECSClient:
        client: ECSClient = connect("ecs", self._answer, REGION)
        return client

    def count(self, operation: str) -> int:
        return sum(name == operation for name, _ in self.calls)

    def cluster(self, name: str) -> str:
        self.clusters.setdefault(name, {})
        self.instances.setdefault(name, {})
        return f"{_PREFIX}:cluster/{name}"

    def delete_cluster(self, name: str) -> None:
        del self.clusters[name], self.instances[name]

    def definition(
        self,
        images: Mapping[str, str] | str,
        *,
        family: str = "web",
        cpu: str = "",
        os: str = "",
        constraint: str = "",
    ) -> str:
        """Register a revision; its ARN. ``images`` by container name, or the image of the container ``app``."""
        revision = 1 + sum(each["family"] == family for each in self.definitions.values())
        arn = f"{_PREFIX}:task-definition/{family}:{revision}"
        by_name = {"app": images} if isinstance(images, str) else images
        stated = {"cpuArchitecture": cpu, "operatingSystemFamily": os}
        platform = {name: value for name, value in stated.items() if value}
        self.definitions[arn] = {
            "taskDefinitionArn": arn,
            "family": family,
            "revision": revision,
            "status": "ACTIVE",
            "containerDefinitions": [{"name": name, "image": image} for name, image in by_name.items()],
            "placementConstraints": [{"type": "memberOf", "expression": constraint}] if constraint else [],
        } | ({"runtimePlatform": platform} if platform else {})
        return arn

    def service(self, name: str, definition: str, *, cluster: str = "prod", **more: Any) -> str:
        """Create a service, on Fargate unless ``more`` (as DescribeServices has it) says otherwise; its ARN."""
        cluster_arn = self.cluster(cluster)
        arn = f"{_PREFIX}:service/{cluster}/{name}"
        if not more.keys() & {"launchType", "capacityProviderStrategy"}:
            more = {"launchType": "FARGATE", "platformFamily": "Linux", "platformVersion": "1.4.0"} | more
        launch = {
            key: more[key]
            for key in ("launchType", "capacityProviderStrategy", "platformFamily", "platformVersion")
            if key in more
        }
        service = {
            "serviceArn": arn,
            "serviceName": name,
            "clusterArn": cluster_arn,
            "status": "ACTIVE",
            "desiredCount": 1,
            "runningCount": 1,
            "pendingCount": 0,
            "taskDefinition": definition,
            "schedulingStrategy": "REPLICA",
            "deployments": [self.deployment(definition, **launch)],
            "events": [],
            "placementConstraints": [],
        }
        self.clusters[cluster][arn] = {key: value for key, value in (service | more).items() if value is not None}
        return arn

    @staticmethod
    def deployment(definition: str, status: str = "PRIMARY", **more: Any) -> Record:
        identity = {"id": f"ecs-svc/{abs(hash((definition, status)))}", "status": status, "taskDefinition": definition}
        return identity | {"desiredCount": 1, "runningCount": 1, "pendingCount": 0} | more

    def instance(
        self, cpu: str = "x86_64", *, cluster: str = "prod", os: str = "LINUX", provider: str = "", **more: Any
    ) -> str:
        """Join an instance to a cluster, with the attributes that ECS's agent tells; its ARN."""
        self.cluster(cluster)
        number = len(self.instances[cluster])
        arn = f"{_PREFIX}:container-instance/{cluster}/{number:032x}"
        known = {
            "ecs.cpu-architecture": cpu,
            "ecs.os-type": "linux" if os == "LINUX" else "windows",
            "ecs.os-family": os,
        }
        self.instances[cluster][arn] = (
            {
                "containerInstanceArn": arn,
                "ec2InstanceId": f"i-{number:017x}",
                "status": "ACTIVE",
                "agentConnected": True,
                "attributes": [{"name": name, "value": value} for name, value in known.items() if value],
            }
            | ({"capacityProviderName": provider} if provider else {})
            | more
        )
        return arn

    def _answer(self, operation: str, asked: Record) -> Record:
        self.calls.append((operation, asked))
        failing = self.failing.get(operation)
        if isinstance(failing, Exception):
            raise failing
        if failing is not None:
            failing(asked)
        if operation == "ListClusters":
            return self._page("clusterArns", [f"{_PREFIX}:cluster/{name}" for name in self.clusters], asked, 100)
        if operation == "DescribeTaskDefinition":
            if asked["taskDefinition"] not in self.definitions:
                raise Refusal("ClientException", "Unable to describe task definition.")
            return {"taskDefinition": self.definitions[asked["taskDefinition"]], "tags": []}
        cluster = asked.get("cluster", "default").rpartition("/")[2]
        if cluster not in self.clusters:
            raise Refusal("ClusterNotFoundException", "Cluster not found.")
        if operation == "ListServices":
            return self._page("serviceArns", list(self.clusters[cluster]), asked, 10)
        if operation == "ListContainerInstances":
            found = [arn for arn, each in self.instances[cluster].items() if _chosen(each, asked)]
            return self._page("containerInstanceArns", found, asked, 100)
        if operation == "DescribeServices":
            answer = self._describe("services", self.clusters[cluster], asked["services"], operation)
            return {**answer, "failures": answer["failures"] + self.failures}
        assert operation == "DescribeContainerInstances", operation
        wanted = asked["containerInstances"]
        return self._describe("containerInstances", self.instances[cluster], wanted, operation)

    @staticmethod
    def _page(member: str, items: list[str], asked: Record, default: int) -> Record:
        size = asked.get("maxResults", default)
        if not 1 <= size <= 100:
            raise Refusal("InvalidParameterException", "maxResults must be between 1 and 100.")
        shown, token = page(items, asked.get("nextToken"), size)
        return {member: shown} | ({"nextToken": token} if token else {})

    @staticmethod
    def _describe(member: str, known: Mapping[str, Record], asked: Sequence[str], operation: str) -> Record:
        if not 1 <= len(asked) <= _MOST[operation]:
            raise Refusal("InvalidParameterException", f"{member} must have 1 to {_MOST[operation]} entries.")
        missing = [{"arn": arn, "reason": "MISSING"} for arn in asked if arn not in known]
        return {member: [known[arn] for arn in asked if arn in known], "failures": missing}


def _chosen(instance: Record, asked: Record) -> bool:
    if "status" in asked and instance["status"] != asked["status"]:
        return False
    if "filter" not in asked:
        return True
    comparison = _COMPARISON.fullmatch(asked["filter"])
    if comparison is None:
        raise Refusal("InvalidParameterException", "Invalid filter expression.")
    attributes = {each["name"]: each.get("value", "") for each in instance["attributes"]}
    same = attributes.get(comparison["name"]) == comparison["value"]
    return same if comparison["operator"] == "==" else not same
