"""Amazon ECS in memory, as its API shows it: the twin that the sources of ECS workloads run on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.fakes.ecs_account import PREFIX, EcsAccount
from tests.fakes.wire import Record, Refusal, connect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_ecs.client import ECSClient

_MOST = {
    "DescribeServices": 10,
    "DescribeServiceRevisions": 20,
    "DescribeDaemonRevisions": 20,
    "DescribeContainerInstances": 100,
    "DescribeTasks": 100,
    "DescribeClusters": 100,
}
_OF_CLUSTER = {
    "ListServices": "serviceArns",
    "ListTasks": "taskArns",
    "ListDaemons": "daemonSummariesList",
    "ListContainerInstances": "containerInstanceArns",
    "DescribeServices": "services",
    "DescribeTasks": "tasks",
    "DescribeContainerInstances": "containerInstances",
}
_ONE = {
    "DescribeExpressGatewayService": ("service", "serviceArn", "ResourceNotFoundException"),
    "DescribeDaemon": ("daemon", "daemonArn", "DaemonNotFoundException"),
}
_SEVERAL = {
    "DescribeClusters": ("clusters", "clusters"),
    "DescribeServiceRevisions": ("serviceRevisions", "serviceRevisionArns"),
    "DescribeDaemonRevisions": ("daemonRevisions", "daemonRevisionArns"),
}
_COMPARISON = re.compile(r"attribute:(?P<name>\S+) (?P<operator>==|!=) (?P<value>\S+)")


@dataclass(slots=True)
class FakeEcs(EcsAccount):
    """One account's ECS in one Region."""

    @property
    def client(self) -> ECSClient:
        client: ECSClient = connect("ecs", self._answer, self.region)
        return client

    def _reply(self, operation: str, asked: Record) -> Record:
        if operation in _OF_CLUSTER:
            reference = asked.get("cluster") or asked.get("clusterArn") or "default"
            return self._of_cluster(operation, asked, reference.rpartition("/")[2])
        if operation in _ONE:
            return self._one(operation, asked)
        if operation in ("DescribeTaskDefinition", "DescribeDaemonTaskDefinition"):
            return self._definition(operation, asked)
        if operation == "ListClusters":
            return self._listed("clusterArns", list(self._all_clusters()), asked, 100)
        member, parameter = _SEVERAL[operation]
        known = {
            "clusters": self._all_clusters(),
            "serviceRevisions": self.revisions,
            "daemonRevisions": self.daemon_revisions,
        }[member]
        return self._describe(member, parameter, known, asked, operation)

    def _one(self, operation: str, asked: Record) -> Record:
        member, parameter, code = _ONE[operation]
        known = self.express if member == "service" else self.daemons
        if asked[parameter] not in known:
            raise Refusal(code, "It was not found.")
        return {member: known[asked[parameter]]}

    def _of_cluster(self, operation: str, asked: Record, cluster: str) -> Record:
        if cluster not in self.clusters:
            raise Refusal("ClusterNotFoundException", "Cluster not found.")
        if operation.startswith("List"):
            return self._list_of_cluster(operation, asked, cluster)
        known = {
            "tasks": {arn: each for arn, each in self.tasks.items() if each["clusterArn"].endswith(f"/{cluster}")},
            "services": self.clusters[cluster],
            "containerInstances": self.instances[cluster],
        }
        member = _OF_CLUSTER[operation]
        answer = self._describe(member, member, known[member], asked, operation)
        return answer | ({"failures": answer["failures"] + self.failures} if member == "services" else {})

    def _list_of_cluster(self, operation: str, asked: Record, cluster: str) -> Record:
        member = _OF_CLUSTER[operation]
        wanted = asked.get("desiredStatus")
        of_cluster = f"{PREFIX}:cluster/{cluster}"
        known: dict[str, list[str]] = {
            "serviceArns": list(self.clusters[cluster]),
            "taskArns": [
                arn
                for arn, each in self.tasks.items()
                if each["clusterArn"] == of_cluster and each["desiredStatus"] == wanted
            ],
            "containerInstanceArns": [arn for arn, each in self.instances[cluster].items() if _chosen(each, asked)],
            "daemonSummariesList": [arn for arn, each in self.daemons.items() if each["clusterArn"] == of_cluster],
        }
        answer = self._listed(member, known[member], asked, 10 if member == "serviceArns" else 100)
        if member == "daemonSummariesList":
            answer[member] = [{"daemonArn": arn, "status": self.daemons[arn]["status"]} for arn in answer[member]]
        return answer

    def _definition(self, operation: str, asked: Record) -> Record:
        if operation == "DescribeDaemonTaskDefinition":
            if asked["daemonTaskDefinition"] not in self.definitions:
                raise Refusal("ClientException", "The specified daemon task definition was not found.")
            return {"daemonTaskDefinition": self.definitions[asked["daemonTaskDefinition"]]}
        wanted = asked["taskDefinition"]
        of_family = [each for each in self.definitions.values() if each["family"] == wanted]
        active = [each for each in of_family if each["status"] == "ACTIVE"]
        found = self.definitions.get(wanted) or (active[-1] if active else None)
        if found is None:
            raise Refusal("ClientException", "Unable to describe task definition.")
        return {"taskDefinition": found, "tags": []}

    def _all_clusters(self) -> dict[str, Record]:
        return {
            f"{PREFIX}:cluster/{name}": {
                "clusterArn": f"{PREFIX}:cluster/{name}",
                "clusterName": name,
                "defaultCapacityProviderStrategy": [
                    {"capacityProvider": provider} for provider in self.strategies.get(name, [])
                ],
            }
            for name in self.clusters
        }

    def _listed(self, member: str, items: list[str], asked: Record, default: int) -> Record:
        size = asked.get("maxResults", default)
        if not 1 <= size <= 100:
            raise Refusal("InvalidParameterException", "maxResults must be between 1 and 100.")
        shown, token = self._page(items, asked.get("nextToken"), size)
        return {member: shown} | ({"nextToken": token} if token else {})

    def _describe(
        self, member: str, parameter: str, known: Mapping[str, Record], asked: Record, operation: str
    ) -> Record:
        wanted = [arn for arn in asked[parameter] if arn not in self.silent]
        if not 1 <= len(asked[parameter]) <= _MOST[operation]:
            raise Refusal("InvalidParameterException", f"{parameter} must have 1 to {_MOST[operation]} entries.")
        missing = [{"arn": arn, "reason": "MISSING"} for arn in wanted if arn not in known]
        return {member: [known[arn] for arn in wanted if arn in known], "failures": missing}


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
