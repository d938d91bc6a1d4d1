from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from localaws import images

if TYPE_CHECKING:
    from collections.abc import Callable

    from localaws.process import LocalAws
    from mypy_boto3_ecs import ECSClient
    from tests.localaws.conftest import Repository


@pytest.fixture
def ecs(client: Callable[[str], Any]) -> ECSClient:
    found: ECSClient = client("ecs")
    return found


@pytest.fixture
def cluster(ecs: ECSClient, name: str) -> str:
    ecs.create_cluster(clusterName=name)
    return name


def service(ecs: ECSClient, cluster: str, name: str, image: str, **more: Any) -> Any:
    definition: Any = {"containerDefinitions": [{"name": "app", "image": image, "essential": True}]}
    for member in ("runtimePlatform", "requiresCompatibilities"):
        if member in more:
            definition[member] = more.pop(member)
    ecs.register_task_definition(family=name, cpu="256", memory="512", networkMode="awsvpc", **definition)
    return ecs.create_service(cluster=cluster, serviceName=name, taskDefinition=name, desiredCount=1, **more)["service"]


def test_a_fargate_service_says_its_platform_and_pins_its_digest(
    aws: LocalAws, ecs: ECSClient, cluster: str, repository: Repository
) -> None:
    image = images.image("linux/arm64")
    repository.door.push(image, "v1")
    uri = aws.image_uri(repository.name, "v1")
    arm: Any = {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}
    made = service(ecs, cluster, "web", uri, launchType="FARGATE", runtimePlatform=arm)
    [described] = ecs.describe_services(cluster=cluster, services=[made["serviceArn"]])["services"]
    definition = ecs.describe_task_definition(taskDefinition=described["taskDefinition"])["taskDefinition"]
    assert definition["runtimePlatform"] == arm
    assert described["launchType"] == "FARGATE"

    [current] = described["currentServiceRevisions"]
    other = images.image("linux/amd64")
    repository.door.push(other, "v1")
    [revision] = ecs.describe_service_revisions(serviceRevisionArns=[current["arn"]])["serviceRevisions"]
    assert revision["containerImages"] == [{"containerName": "app", "image": uri, "imageDigest": image.digest}]

    ecs.update_service(cluster=cluster, service="web", forceNewDeployment=True)
    [described] = ecs.describe_services(cluster=cluster, services=["web"])["services"]
    newest = described["currentServiceRevisions"][0]["arn"]
    [revision] = ecs.describe_service_revisions(serviceRevisionArns=[newest])["serviceRevisions"]
    assert revision["containerImages"][0]["imageDigest"] == other.digest


def test_a_definition_that_is_silent_about_its_platform_stays_silent(ecs: ECSClient, cluster: str) -> None:
    made = service(ecs, cluster, "silent", "busybox", launchType="FARGATE")
    definition = ecs.describe_task_definition(taskDefinition=made["taskDefinition"])["taskDefinition"]
    assert "runtimePlatform" not in definition


def test_lists_of_services_hold_ten_a_page_and_so_does_describing(ecs: ECSClient, cluster: str) -> None:
    for number in range(12):
        service(ecs, cluster, f"s{number}", "busybox", launchType="FARGATE")
    pages = [page["serviceArns"] for page in ecs.get_paginator("list_services").paginate(cluster=cluster)]
    assert [len(page) for page in pages] == [10, 2]
    with pytest.raises(ecs.exceptions.InvalidParameterException):
        ecs.describe_services(cluster=cluster, services=pages[0] + pages[1])


def test_the_services_of_an_absent_cluster(ecs: ECSClient, name: str) -> None:
    with pytest.raises(ecs.exceptions.ClusterNotFoundException):
        ecs.list_services(cluster=name)


def test_an_instance_offers_the_architecture_of_its_identity_document(ecs: ECSClient, cluster: str) -> None:
    document = json.dumps({"instanceId": "i-0123456789abcdef0", "architecture": "arm64"})
    joined = ecs.register_container_instance(cluster=cluster, instanceIdentityDocument=document)["containerInstance"]
    [arn] = ecs.list_container_instances(cluster=cluster)["containerInstanceArns"]
    [found] = ecs.describe_container_instances(cluster=cluster, containerInstances=[arn])["containerInstances"]
    assert found["ec2InstanceId"] == "i-0123456789abcdef0"
    assert {item["name"]: item["value"] for item in found["attributes"]} == {
        "ecs.cpu-architecture": "arm64",
        "ecs.os-family": "LINUX",
        "ecs.os-type": "linux",
    }
    [described] = ecs.describe_clusters(clusters=[cluster])["clusters"]
    assert described["registeredContainerInstancesCount"] == 1
    ecs.deregister_container_instance(cluster=cluster, containerInstance=joined["containerInstanceArn"])
    assert ecs.list_container_instances(cluster=cluster)["containerInstanceArns"] == []


def test_attributes_of_a_windows_instance_are_stated(ecs: ECSClient, cluster: str) -> None:
    stated: Any = [
        {"name": "ecs.os-type", "value": "windows"},
        {"name": "ecs.os-family", "value": "WINDOWS_SERVER_2022_CORE"},
    ]
    joined = ecs.register_container_instance(cluster=cluster, attributes=stated)["containerInstance"]
    assert {"name": "ecs.os-family", "value": "WINDOWS_SERVER_2022_CORE"} in joined["attributes"]
    assert {"name": "ecs.cpu-architecture", "value": "x86_64"} in joined["attributes"]
    missing = ecs.describe_container_instances(cluster=cluster, containerInstances=["absent"])["failures"]
    assert missing == [{"arn": "absent", "reason": "MISSING"}]


def test_capacity_providers_stand_instead_of_a_launch_type(ecs: ECSClient, cluster: str) -> None:
    strategy: Any = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    made = service(ecs, cluster, "spot", "busybox", capacityProviderStrategy=strategy)
    assert "launchType" not in made
    assert made["capacityProviderStrategy"][0]["capacityProvider"] == "FARGATE_SPOT"
