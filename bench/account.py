"""The account that is measured: services on Fargate, as many as asked for, in whatever shape the numbers give.

Everything of a service follows from its number, so that an account of any size takes no memory.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

from bench.wire import ACCOUNT, REGION, Record
from ecrguard.domain.reference import Registry

REGISTRY = Registry(ACCOUNT, REGION)
PREFIX = f"arn:aws:ecs:{REGION}:{ACCOUNT}"


@dataclass(frozen=True, slots=True)
class Account:
    """An account's ECS services. Their images are for linux/amd64, which Fargate runs where nothing else is said.

    Attributes:
        workloads: how many services there are.
        per_cluster: services of a cluster at most.
        per_definition: services that share a revision of a task definition.
        per_repository: services whose images are in one repository.
    """

    workloads: int
    per_cluster: int = 1_000
    per_definition: int = 2
    per_repository: int = 10

    @property
    def clusters(self) -> int:
        """How many clusters there are."""
        return math.ceil(self.workloads / self.per_cluster)

    @property
    def definitions(self) -> int:
        """How many revisions of task definitions are run."""
        return math.ceil(self.workloads / self.per_definition)

    @property
    def repositories(self) -> int:
        """How many repositories images are in."""
        return math.ceil(self.workloads / self.per_repository)

    def cluster_arn(self, number: int) -> str:
        """The ARN of a cluster."""
        return f"{PREFIX}:cluster/cluster-{number:03}"

    def services_of(self, cluster: int) -> range:
        """The numbers of a cluster's services."""
        return range(cluster * self.per_cluster, min((cluster + 1) * self.per_cluster, self.workloads))

    def service_arn(self, number: int) -> str:
        """The ARN of a service."""
        return f"{PREFIX}:service/cluster-{number // self.per_cluster:03}/service-{number:06}"

    def revision_arn(self, number: int) -> str:
        """The ARN of a service's revision."""
        return f"{PREFIX}:service-revision/cluster-{number // self.per_cluster:03}/service-{number:06}/{number:019}"

    def definition_arn(self, definition: int) -> str:
        """The ARN of a revision of a task definition, by its own number."""
        return f"{PREFIX}:task-definition/family-{definition:06}:1"

    def repository(self, number: int) -> str:
        """The repository that a service's image is in."""
        return f"team/app-{number // self.per_repository:05}"

    def image(self, number: int) -> str:
        """The image that a service runs."""
        return f"{REGISTRY.host}/{self.repository(number)}:1"

    def service(self, number: int) -> Record:
        """A service, as DescribeServices has it."""
        definition = self.definition_arn(number // self.per_definition)
        launch = {"launchType": "FARGATE", "platformVersion": "1.4.0", "platformFamily": "Linux"}
        counts = {"desiredCount": 2, "pendingCount": 0, "runningCount": 2}
        deployment = {"id": f"ecs-svc/{number:019}", "status": "PRIMARY", "taskDefinition": definition}
        return {
            "serviceArn": self.service_arn(number),
            "serviceName": f"service-{number:06}",
            "clusterArn": self.cluster_arn(number // self.per_cluster),
            "status": "ACTIVE",
            "taskDefinition": definition,
            "schedulingStrategy": "REPLICA",
            "deploymentController": {"type": "ECS"},
            "deployments": [deployment | launch | counts],
            "currentServiceRevisions": [
                {
                    "arn": self.revision_arn(number),
                    "requestedTaskCount": 2,
                    "runningTaskCount": 2,
                    "pendingTaskCount": 0,
                }
            ],
            "placementConstraints": [],
            "events": [],
            **launch,
            **counts,
        }

    def revision(self, number: int) -> Record:
        """A service's revision, as DescribeServiceRevisions has it."""
        return {
            "serviceRevisionArn": self.revision_arn(number),
            "serviceArn": self.service_arn(number),
            "clusterArn": self.cluster_arn(number // self.per_cluster),
            "taskDefinition": self.definition_arn(number // self.per_definition),
            "launchType": "FARGATE",
            "platformVersion": "1.4.0",
            "platformFamily": "Linux",
            "containerImages": [
                {"containerName": "app", "image": self.image(number), "imageDigest": running_digest(number)}
            ],
        }

    def definition(self, definition: int) -> Record:
        """A revision of a task definition, as DescribeTaskDefinition has it."""
        image = self.image(definition * self.per_definition)
        return {
            "taskDefinitionArn": self.definition_arn(definition),
            "family": f"family-{definition:06}",
            "revision": 1,
            "status": "ACTIVE",
            "requiresCompatibilities": ["FARGATE"],
            "networkMode": "awsvpc",
            "cpu": "256",
            "memory": "512",
            "containerDefinitions": [{"name": "app", "image": image, "essential": True}],
            "placementConstraints": [],
        }


def running_digest(number: int) -> str:
    """The digest of the image that a service has pinned."""
    return f"sha256:{hashlib.sha256(str(number).encode()).hexdigest()}"
