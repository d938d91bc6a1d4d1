"""What an account has in Amazon ECS, and how it comes to be there."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes.service import ACCOUNT, REGION, FakeService

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.fakes.wire import Record

PREFIX = f"arn:aws:ecs:{REGION}:{ACCOUNT}"
_LAUNCH = ("launchType", "capacityProviderStrategy", "platformFamily", "platformVersion")


@dataclass(slots=True)
class EcsAccount(FakeService):
    """Whatever it holds is by ARN, but clusters, which are by name."""

    clusters: dict[str, dict[str, Record]] = field(default_factory=dict)
    strategies: dict[str, list[str]] = field(default_factory=dict)
    """Names of the capacity providers of a cluster's default strategy, by the cluster's name."""
    instances: dict[str, dict[str, Record]] = field(default_factory=dict)
    definitions: dict[str, Record] = field(default_factory=dict)
    revisions: dict[str, Record] = field(default_factory=dict)
    express: dict[str, Record] = field(default_factory=dict)
    daemons: dict[str, Record] = field(default_factory=dict)
    daemon_revisions: dict[str, Record] = field(default_factory=dict)
    tasks: dict[str, Record] = field(default_factory=dict)
    failures: list[Record] = field(default_factory=list)
    """Failures that DescribeServices gives besides."""
    silent: set[str] = field(default_factory=set)
    """ARNs that calls for several items answer nothing for, not even a failure."""

    def cluster(self, name: str) -> str:
        self.clusters.setdefault(name, {})
        self.instances.setdefault(name, {})
        return f"{PREFIX}:cluster/{name}"

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
        arn = f"{PREFIX}:task-definition/{family}:{revision}"
        by_name = _by_name(images)
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

    def service(self, name: str, definition: str, *, cluster: str = "prod", old: bool = False, **more: Any) -> str:
        """Create a service, on Fargate unless ``more`` (as DescribeServices has it) says otherwise; its ARN.

        An ``old`` one has an ARN that does not name its cluster.
        """
        cluster_arn = self.cluster(cluster)
        arn = f"{PREFIX}:service/{name}" if old else f"{PREFIX}:service/{cluster}/{name}"
        if not more.keys() & {"launchType", "capacityProviderStrategy"}:
            more = {"launchType": "FARGATE", "platformFamily": "Linux", "platformVersion": "1.4.0"} | more
        launch = _launch(more)
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
        made: Record = {key: value for key, value in (service | more).items() if value is not None}
        self.clusters[cluster][arn] = made
        if "deploymentController" not in more and "currentServiceRevisions" not in more:
            made["currentServiceRevisions"] = [
                {
                    "arn": self._revision(
                        arn, each["taskDefinition"], **{key: each[key] for key in _LAUNCH if key in each}
                    )
                }
                for each in made["deployments"]
                if each["status"] != "INACTIVE"
            ]
        return arn

    def redeploy(self, service: str, definition: str, **more: Any) -> str:
        """Begin a deployment of a service beside those that it has; the ARN of its service revision.

        ``more`` is the capacity, and ``digests`` (by container) and ``cpu`` (that ECS runs it on instead).
        """
        known = self.clusters[service.split("/")[1]][service]
        launch = _launch(known | more)
        for each in known["deployments"]:
            each["status"] = "ACTIVE"
        known["deployments"].insert(0, self.deployment(definition, **launch))
        known["taskDefinition"] = definition
        revision = self._revision(service, definition, **(launch | more))
        known["currentServiceRevisions"].insert(0, {"arn": revision})
        return revision

    def _revision(
        self, service: str, definition: str, *, digests: Mapping[str, str] | None = None, cpu: str = "", **launch: Any
    ) -> str:
        arn = f"{service.replace(':service/', ':service-revision/')}/{len(self.revisions):019}"
        known = self.definitions.get(definition, {"containerDefinitions": []})["containerDefinitions"]
        by_name = {each["name"]: digest_of(each["image"]) for each in known} if digests is None else digests
        self.revisions[arn] = {
            "serviceRevisionArn": arn,
            "serviceArn": service,
            "clusterArn": f"{PREFIX}:cluster/{service.split('/')[1]}",
            "taskDefinition": definition,
            "containerImages": [
                {"containerName": each["name"], "image": each["image"]}
                | ({"imageDigest": by_name[each["name"]]} if each["name"] in by_name else {})
                for each in known
            ],
            **launch,
        } | ({"overrides": {"runtimePlatform": {"cpuArchitecture": cpu}}} if cpu else {})
        return arn

    def express_service(
        self, name: str, image: str, *, cpu: str = "X86_64", stated: str | None = None, cluster: str = "default"
    ) -> str:
        """Create an Express service; its ARN. ``stated`` is the architecture that its task definition has instead."""
        definition = self.definition(
            {"Main": image}, family=f"{cluster}-{name}", cpu=cpu if stated is None else stated, os="LINUX"
        )
        arn = self.service(name, definition, cluster=cluster, resourceManagementType="ECS")
        revision = self.clusters[cluster][arn]["currentServiceRevisions"][0]["arn"]
        configuration = {
            "serviceRevisionArn": revision,
            "taskDefinitionArn": definition,
            "primaryContainer": {"image": image},
        } | ({"cpuArchitecture": cpu} if cpu else {})
        self.express[arn] = {
            "cluster": cluster,
            "serviceName": name,
            "serviceArn": arn,
            "status": {"statusCode": "ACTIVE"},
            "activeConfigurations": [configuration],
        }
        return arn

    def daemon(
        self, name: str, images: Mapping[str, str] | str, *, cluster: str = "prod", providers: Sequence[str] = ("mi",)
    ) -> str:
        """Create a daemon on Managed Instances; its ARN."""
        cluster_arn, arn = self.cluster(cluster), f"{PREFIX}:daemon/{cluster}/{name}"
        by_name, number = _by_name(images), len(self.daemon_revisions)
        definition, revision = (
            f"{PREFIX}:daemon-task-definition/{name}:1",
            f"{PREFIX}:daemon-revision/{name}/{number}",
        )
        self.definitions[definition] = {
            "daemonTaskDefinitionArn": definition,
            "family": name,
            "revision": 1,
            "status": "ACTIVE",
            "containerDefinitions": [{"name": each, "image": image} for each, image in by_name.items()],
        }
        self.daemon_revisions[revision] = {
            "daemonRevisionArn": revision,
            "daemonArn": arn,
            "clusterArn": cluster_arn,
            "daemonTaskDefinitionArn": definition,
            "containerImages": [
                {"containerName": each, "image": image, "imageDigest": digest_of(image)}
                for each, image in by_name.items()
            ],
        }
        capacity = [{"arn": f"{PREFIX}:capacity-provider/{each}", "runningCount": 1} for each in providers]
        self.daemons[arn] = {
            "daemonArn": arn,
            "clusterArn": cluster_arn,
            "status": "ACTIVE",
            "currentRevisions": [{"arn": revision, "capacityProviders": capacity, "totalRunningCount": 1}],
        }
        return arn

    def task(self, definition: str, *, cluster: str = "prod", cpu: str = "x86_64", **more: Any) -> str:
        """Start a task that no service runs, on Fargate unless ``more`` says otherwise; its ARN."""
        cluster_arn, arn = self.cluster(cluster), f"{PREFIX}:task/{cluster}/{len(self.tasks):032x}"
        if not more.keys() & {"launchType", "capacityProviderName"}:
            more = {"launchType": "FARGATE", "platformFamily": "Linux", "platformVersion": "1.4.0"} | more
        known = self.definitions[definition]
        task = {
            "taskArn": arn,
            "clusterArn": cluster_arn,
            "taskDefinitionArn": definition,
            "group": f"family:{known['family']}",
            "desiredStatus": "RUNNING",
            "lastStatus": "RUNNING",
            "attributes": [{"name": "ecs.cpu-architecture", "value": cpu}] if cpu else [],
            "containers": [
                {"name": each["name"], "image": each["image"], "imageDigest": digest_of(each["image"])}
                for each in known["containerDefinitions"]
            ],
        }
        self.tasks[arn] = {key: value for key, value in (task | more).items() if value is not None}
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
        arn = f"{PREFIX}:container-instance/{cluster}/{number:032x}"
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


def digest_of(image: str) -> str:
    """The digest that ECS resolves an image to."""
    return f"sha256:{hashlib.sha256(image.encode()).hexdigest()}"


def _launch(stated: Record) -> Record:
    return {key: stated[key] for key in _LAUNCH if key in stated}


def _by_name(images: Mapping[str, str] | str) -> Mapping[str, str]:
    return {"app": images} if isinstance(images, str) else images
