"""The account that the demo pushes to: services that run images, and the policy in force."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from localaws.process import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from localaws.deployment import Deployment

POLICY: Final = """\
version: 1
rules:
  - name: base images run everywhere
    repositories: [base/*]
    platforms: [linux/amd64, linux/arm64]
    on_mismatch: tag
  - name: a tag keeps its promise
    tags: ["{version}-{arch}"]
"""
MISTAKEN_POLICY: Final = """\
version: 1
rules:
  - name: production
    platforms: [linux/amd46]
    mach: any
"""

_ARM64: Final = {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}


def create_services(deployment: Deployment) -> None:
    """Create what runs images: on App Runner, on Fargate by default and for ARM64, and on Graviton instances."""
    _app_runner(deployment, "grafana", "grafana:latest")
    ecs = deployment.client("ecs")
    ecs.create_cluster(clusterName="prod")
    _ecs(deployment, "prod", "web", "shop/web:1.4", launchType="FARGATE")
    _ecs(deployment, "prod", "api", "shop/api:3.0", launchType="FARGATE")
    _ecs(deployment, "prod", "worker", "shop/worker:2.0", launchType="FARGATE", runtimePlatform=_ARM64)
    ecs.create_cluster(clusterName="graviton")
    for number in range(2):
        # As the ECS agent of an instance does it.
        identity = {"instanceId": f"i-0{number:016x}", "architecture": "arm64"}
        ecs.register_container_instance(cluster="graviton", instanceIdentityDocument=json.dumps(identity))
    _ecs(deployment, "graviton", "search", "shop/search:7", launchType="EC2")


def create_repositories(deployment: Deployment, names: Iterable[str]) -> None:
    """Create the repositories that are not there yet."""
    ecr = deployment.client("ecr")
    there = {found["repositoryName"] for found in ecr.describe_repositories()["repositories"]}
    for name in sorted(set(names) - there):
        ecr.create_repository(repositoryName=name)


def _app_runner(deployment: Deployment, name: str, image: str) -> None:
    repository, _, tag = image.partition(":")
    deployment.client("apprunner").create_service(
        ServiceName=name,
        SourceConfiguration={
            "ImageRepository": {
                "ImageIdentifier": deployment.aws.image_uri(repository, tag),
                "ImageRepositoryType": "ECR",
            },
            "AuthenticationConfiguration": {"AccessRoleArn": f"arn:aws:iam::{ACCOUNT}:role/pull-from-ecr"},
        },
    )


def _ecs(deployment: Deployment, cluster: str, name: str, image: str, **settings: Any) -> None:
    ecs = deployment.client("ecs")
    repository, _, tag = image.partition(":")
    container = {"name": "app", "image": deployment.aws.image_uri(repository, tag), "essential": True}
    # Where nothing is said about the platform, nothing is passed: that is the case to get right.
    platform = {name: settings.pop(name) for name in ("runtimePlatform",) if name in settings}
    ecs.register_task_definition(
        family=name, cpu="256", memory="512", networkMode="awsvpc", containerDefinitions=[container], **platform
    )
    ecs.create_service(cluster=cluster, serviceName=name, taskDefinition=name, desiredCount=1, **settings)
