from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from localaws import images, process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_eks import EKSClient
    from mypy_boto3_inspector2 import Inspector2Client
    from tests.localaws.conftest import Repository

ROLE = "arn:aws:iam::000000000000:role/cluster"
SUBNETS = ["subnet-0a", "subnet-0b"]


@pytest.fixture
def eks(client: Callable[[str], Any]) -> EKSClient:
    found: EKSClient = client("eks")
    return found


@pytest.fixture
def cluster(eks: EKSClient, name: str) -> Iterator[Any]:
    yield eks.create_cluster(name=name, roleArn=ROLE, resourcesVpcConfig={"subnetIds": SUBNETS})["cluster"]
    eks.delete_cluster(name=name)


@pytest.fixture
def inspector(client: Callable[[str], Any]) -> Iterator[Inspector2Client]:
    found: Inspector2Client = client("inspector2")
    found.enable(resourceTypes=["ECR"])
    yield found
    found.disable(resourceTypes=["ECR"])


def image_arn(repository: Repository, digest: str) -> str:
    return f"arn:aws:ecr:{process.REGION}:{process.ACCOUNT}:repository/{repository.name}/{digest}"


def test_a_cluster_has_node_groups_and_fargate_profiles(eks: EKSClient, cluster: Any) -> None:
    name = cluster["name"]
    eks.create_nodegroup(
        clusterName=name,
        nodegroupName="arm",
        subnets=SUBNETS,
        nodeRole=ROLE,
        amiType="AL2023_ARM_64_STANDARD",
        instanceTypes=["m7g.large"],
    )
    eks.create_fargate_profile(
        clusterName=name, fargateProfileName="jobs", podExecutionRoleArn=ROLE, selectors=[{"namespace": "jobs"}]
    )
    assert eks.list_nodegroups(clusterName=name)["nodegroups"] == ["arm"]
    assert eks.describe_nodegroup(clusterName=name, nodegroupName="arm")["nodegroup"]["amiType"].endswith(
        "ARM_64_STANDARD"
    )
    assert eks.list_fargate_profiles(clusterName=name)["fargateProfileNames"] == ["jobs"]
    found = eks.describe_fargate_profile(clusterName=name, fargateProfileName="jobs")["fargateProfile"]
    assert found["selectors"] == [{"namespace": "jobs"}]
    eks.delete_fargate_profile(clusterName=name, fargateProfileName="jobs")
    assert eks.list_fargate_profiles(clusterName=name)["fargateProfileNames"] == []


@pytest.mark.parametrize(
    ("instance_type", "architecture"),
    [("m7g.large", "arm64"), ("c6gn.large", "arm64"), ("a1.large", "arm64"), ("g5.xlarge", "x86_64")],
)
def test_the_nodes_of_a_group_are_instances_of_its_type(
    client: Callable[[str], Any], eks: EKSClient, cluster: Any, instance_type: str, architecture: str
) -> None:
    def nodes() -> list[str]:
        ours = [
            {"Name": "tag:aws:eks:cluster-name", "Values": [cluster["name"]]},
            {"Name": "instance-state-name", "Values": ["running"]},
        ]
        answer = client("ec2").describe_instances(Filters=ours)
        return [item["Architecture"] for each in answer["Reservations"] for item in each["Instances"]]

    group: Any = {"clusterName": cluster["name"], "nodegroupName": "nodes"}
    scaling: Any = {"minSize": 1, "maxSize": 4, "desiredSize": 2}
    eks.create_nodegroup(**group, subnets=SUBNETS, nodeRole=ROLE, instanceTypes=[instance_type], scalingConfig=scaling)
    assert nodes() == [architecture] * 2
    eks.delete_nodegroup(**group)
    assert nodes() == []


def test_node_groups_are_listed_in_pages(eks: EKSClient, cluster: Any) -> None:
    name = cluster["name"]
    for number in range(3):
        eks.create_nodegroup(clusterName=name, nodegroupName=f"n{number}", subnets=SUBNETS, nodeRole=ROLE)
    first = eks.list_nodegroups(clusterName=name, maxResults=2)
    second = eks.list_nodegroups(clusterName=name, maxResults=2, nextToken=first["nextToken"])
    assert first["nodegroups"] + second["nodegroups"] == ["n0", "n1", "n2"]
    with pytest.raises(eks.exceptions.ResourceNotFoundException):
        eks.list_fargate_profiles(clusterName="absent")


def test_inspector_tells_which_clusters_run_an_image(
    aws: process.LocalAws, eks: EKSClient, cluster: Any, inspector: Inspector2Client, repository: Repository
) -> None:
    used, unused = images.image("linux/arm64"), images.image("linux/amd64")
    repository.door.push(images.index([used]), "v1")
    repository.door.push(unused, "v2")
    eks.tag_resource(resourceArn=cluster["arn"], tags={"localaws:runs/shop/web": aws.image_uri(repository.name, "v1")})
    pages = inspector.get_paginator("list_coverage").paginate(
        filterCriteria={
            "resourceType": [{"comparison": "EQUALS", "value": "AWS_ECR_CONTAINER_IMAGE"}],
            "ecrRepositoryName": [{"comparison": "EQUALS", "value": repository.name}],
        }
    )
    counts = {
        item["resourceId"]: item["resourceMetadata"]["ecrImage"]["inUseCount"]
        for page in pages
        for item in page["coveredResources"]
    }
    assert counts == {image_arn(repository, used.digest): 1, image_arn(repository, unused.digest): 0}

    answer = inspector.get_clusters_for_image(filter={"resourceId": image_arn(repository, used.digest)})
    [found] = answer["cluster"]
    [details] = found["clusterDetails"]
    assert found["clusterArn"] == cluster["arn"]
    assert details["clusterMetadata"]["awsEksMetadataDetails"] == {
        "namespace": "shop",
        "workloadInfoList": [{"name": "web", "type": "Deployment"}],
    }
    answer = inspector.get_clusters_for_image(filter={"resourceId": image_arn(repository, unused.digest)})
    assert answer["cluster"] == []


def test_coverage_can_be_of_images_in_use_alone(
    aws: process.LocalAws, eks: EKSClient, cluster: Any, inspector: Inspector2Client, repository: Repository
) -> None:
    used = images.image("linux/arm64")
    repository.door.push(used, "v1")
    repository.door.push(images.image("linux/amd64"), "v2")
    eks.tag_resource(resourceArn=cluster["arn"], tags={"localaws:runs/shop/web": aws.image_uri(repository.name, "v1")})
    in_use = inspector.list_coverage(
        filterCriteria={
            "ecrImageInUseCount": [{"lowerInclusive": 1}],
            "ecrRepositoryName": [{"comparison": "EQUALS", "value": repository.name}],
        }
    )
    assert [item["resourceId"] for item in in_use["coveredResources"]] == [image_arn(repository, used.digest)]


def test_inspector_knows_the_tasks_of_ecs_too(
    aws: process.LocalAws, client: Callable[[str], Any], inspector: Inspector2Client, repository: Repository
) -> None:
    ecs, image = client("ecs"), images.image()
    repository.door.push(image, "v1")
    cluster = ecs.create_cluster(clusterName=repository.name)["cluster"]["clusterArn"]
    container = {"name": "app", "image": aws.image_uri(repository.name, "v1"), "essential": True}
    ecs.register_task_definition(
        family=repository.name, cpu="256", memory="512", networkMode="awsvpc", containerDefinitions=[container]
    )
    [task] = ecs.run_task(cluster=cluster, taskDefinition=repository.name, launchType="FARGATE")["tasks"]
    [found] = inspector.get_clusters_for_image(filter={"resourceId": image_arn(repository, image.digest)})["cluster"]
    [details] = found["clusterDetails"]
    assert found["clusterArn"] == cluster
    shown = {"detailsGroup": task["group"], "taskDefinitionArn": task["taskDefinitionArn"]}
    assert details["clusterMetadata"]["awsEcsMetadataDetails"] == shown


def test_an_inspector_that_does_not_scan_knows_nothing(
    aws: process.LocalAws, client: Callable[[str], Any], eks: EKSClient, cluster: Any, repository: Repository
) -> None:
    image, inspector = images.image(), client("inspector2")
    repository.door.push(image, "v1")
    eks.tag_resource(resourceArn=cluster["arn"], tags={"localaws:runs/shop/web": aws.image_uri(repository.name, "v1")})
    assert inspector.list_coverage()["coveredResources"] == []
    asked = {"resourceId": image_arn(repository, image.digest)}
    assert inspector.get_clusters_for_image(filter=asked)["cluster"] == []
