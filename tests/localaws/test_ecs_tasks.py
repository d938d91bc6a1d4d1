from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from localaws import images, process

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


def define(ecs: ECSClient, family: str, image: str = "busybox", **more: Any) -> str:
    return ecs.register_task_definition(
        family=family,
        cpu="256",
        memory="512",
        networkMode="awsvpc",
        containerDefinitions=[{"name": "app", "image": image}],
        **more,
    )["taskDefinition"]["taskDefinitionArn"]


def test_a_task_runs_with_the_digest_that_its_image_has(
    aws: LocalAws, ecs: ECSClient, cluster: str, repository: Repository
) -> None:
    image = images.image("linux/amd64")
    repository.door.push(image, "v1")
    definition = define(ecs, cluster, aws.image_uri(repository.name, "v1"))
    [made] = ecs.run_task(cluster=cluster, taskDefinition=cluster, launchType="FARGATE")["tasks"]
    [task] = ecs.describe_tasks(cluster=cluster, tasks=[made["taskArn"]])["tasks"]
    assert task == made
    assert (task["lastStatus"], task["group"]) == ("RUNNING", f"family:{cluster}")
    assert (task["taskDefinitionArn"], task["platformFamily"]) == (definition, "Linux")
    assert task["attributes"] == [{"name": "ecs.cpu-architecture", "value": "x86_64"}]
    assert "containerInstanceArn" not in task
    [container] = task["containers"]
    assert container["imageDigest"] == image.digest


def test_a_task_on_instances_has_the_architecture_of_its_own(ecs: ECSClient, cluster: str) -> None:
    identity = json.dumps({"instanceId": "i-0123456789abcdef0", "architecture": "arm64"})
    joined = ecs.register_container_instance(cluster=cluster, instanceIdentityDocument=identity)["containerInstance"]
    define(ecs, cluster)
    [task] = ecs.run_task(cluster=cluster, taskDefinition=cluster, launchType="EC2")["tasks"]
    assert task["containerInstanceArn"] == joined["containerInstanceArn"]
    assert task["attributes"] == [{"name": "ecs.cpu-architecture", "value": "arm64"}]


def test_tasks_are_listed_a_hundred_a_page(ecs: ECSClient, cluster: str) -> None:
    define(ecs, cluster)
    for _ in range(11):
        ecs.run_task(cluster=cluster, taskDefinition=cluster, launchType="FARGATE", count=10)
    first = ecs.list_tasks(cluster=cluster)
    second = ecs.list_tasks(cluster=cluster, nextToken=first["nextToken"])
    assert [len(page["taskArns"]) for page in (first, second)] == [100, 10]
    with pytest.raises(ecs.exceptions.InvalidParameterException):
        ecs.describe_tasks(cluster=cluster, tasks=first["taskArns"] + second["taskArns"])
    with pytest.raises(ecs.exceptions.ClusterNotFoundException):
        ecs.list_tasks(cluster=f"{cluster}-absent")


def test_tasks_are_told_apart_by_what_started_them(ecs: ECSClient, cluster: str) -> None:
    define(ecs, cluster)
    ecs.create_service(cluster=cluster, serviceName="web", taskDefinition=cluster, launchType="FARGATE")
    [alone] = ecs.run_task(cluster=cluster, taskDefinition=cluster, launchType="FARGATE", startedBy="me")["tasks"]
    assert ecs.list_tasks(cluster=cluster, startedBy="me")["taskArns"] == [alone["taskArn"]]
    [served] = ecs.list_tasks(cluster=cluster, serviceName="web")["taskArns"]
    [task] = ecs.describe_tasks(cluster=cluster, tasks=[served])["tasks"]
    assert task["group"] == "service:web"
    assert task["startedBy"].startswith("ecs-svc/")


def test_a_stopped_task_is_listed_as_stopped(ecs: ECSClient, cluster: str) -> None:
    define(ecs, cluster)
    [task] = ecs.run_task(cluster=cluster, taskDefinition=cluster, launchType="FARGATE")["tasks"]
    stopped = ecs.stop_task(cluster=cluster, task=task["taskArn"], reason="done")["task"]
    assert (stopped["lastStatus"], stopped["stoppedReason"]) == ("STOPPED", "done")
    assert ecs.list_tasks(cluster=cluster)["taskArns"] == []
    assert ecs.list_tasks(cluster=cluster, desiredStatus="STOPPED")["taskArns"] == [task["taskArn"]]


def test_a_service_of_another_controller_shows_task_sets(ecs: ECSClient, cluster: str, name: str) -> None:
    definition = define(ecs, name)
    ecs.create_service(cluster=cluster, serviceName="web", deploymentController={"type": "EXTERNAL"}, desiredCount=1)
    made = ecs.create_task_set(cluster=cluster, service="web", taskDefinition=name, launchType="FARGATE")["taskSet"]
    ecs.update_service_primary_task_set(cluster=cluster, service="web", primaryTaskSet=made["id"])
    [service] = ecs.describe_services(cluster=cluster, services=["web"])["services"]
    [shown] = service["taskSets"]
    assert service["deployments"] == []
    assert (shown["taskSetArn"], shown["status"]) == (made["taskSetArn"], "PRIMARY")
    assert (shown["taskDefinition"], shown["launchType"]) == (definition, "FARGATE")
    assert ecs.describe_task_sets(cluster=cluster, service="web")["taskSets"] == [shown]
    ecs.delete_task_set(cluster=cluster, service="web", taskSet=made["id"], force=True)
    assert ecs.describe_task_sets(cluster=cluster, service="web")["taskSets"] == []


def test_code_deploy_begins_with_a_task_set(ecs: ECSClient, cluster: str) -> None:
    definition = define(ecs, cluster)
    controller: Any = {"type": "CODE_DEPLOY"}
    ecs.create_service(
        cluster=cluster,
        serviceName="web",
        taskDefinition=cluster,
        launchType="FARGATE",
        deploymentController=controller,
    )
    [service] = ecs.describe_services(cluster=cluster, services=["web"])["services"]
    assert [(item["status"], item["taskDefinition"]) for item in service["taskSets"]] == [("PRIMARY", definition)]


def test_a_daemon_pins_its_images_in_a_revision(
    aws: LocalAws, ecs: ECSClient, cluster: str, repository: Repository
) -> None:
    image = images.image("linux/arm64")
    repository.door.push(image, "v1")
    uri = aws.image_uri(repository.name, "v1")
    definition = ecs.register_daemon_task_definition(
        family=cluster, containerDefinitions=[{"name": "agent", "image": uri}]
    )["daemonTaskDefinitionArn"]
    cluster_arn = f"arn:aws:ecs:{process.REGION}:{process.ACCOUNT}:cluster/{cluster}"
    provider = f"arn:aws:ecs:{process.REGION}:{process.ACCOUNT}:capacity-provider/managed"
    assert ecs.list_daemons(clusterArn=cluster_arn)["daemonSummariesList"] == []
    arn = ecs.create_daemon(
        daemonName="agent",
        clusterArn=cluster_arn,
        daemonTaskDefinitionArn=definition,
        capacityProviderArns=[provider],
    )["daemonArn"]
    assert [item["daemonArn"] for item in ecs.list_daemons(clusterArn=cluster_arn)["daemonSummariesList"]] == [arn]
    [current] = ecs.describe_daemon(daemonArn=arn)["daemon"]["currentRevisions"]
    [revision] = ecs.describe_daemon_revisions(daemonRevisionArns=[current["arn"]])["daemonRevisions"]
    assert revision["daemonTaskDefinitionArn"] == definition
    assert revision["containerImages"] == [{"containerName": "agent", "image": uri, "imageDigest": image.digest}]
    ecs.delete_daemon(daemonArn=arn)
    with pytest.raises(ecs.exceptions.DaemonNotFoundException):
        ecs.describe_daemon(daemonArn=arn)
