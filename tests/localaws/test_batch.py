from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_batch import BatchClient

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/web:v1"
CONTAINER: Any = {"image": IMAGE, "resourceRequirements": [{"type": "VCPU", "value": "1"}]}
RESOURCES: Any = {"type": "EC2", "maxvCpus": 16, "subnets": ["subnet-1"], "instanceTypes": ["default_arm64"]}
POD_PLACE: Any = {"eksClusterArn": "arn:aws:eks:us-east-1:000000000000:cluster/blue", "kubernetesNamespace": "jobs"}
RANGES: Any = [{"targetNodes": "0:", "container": CONTAINER}]


@pytest.fixture
def batch(client: Callable[[str], Any]) -> BatchClient:
    found: BatchClient = client("batch")
    return found


@pytest.mark.parametrize(
    ("kind", "orchestration", "members"),
    [
        (
            "container",
            "ECS",
            {
                "platformCapabilities": ["FARGATE"],
                "containerProperties": CONTAINER | {"runtimePlatform": {"cpuArchitecture": "ARM64"}},
            },
        ),
        (
            "container",
            "ECS",
            {"ecsProperties": {"taskProperties": [{"containers": [CONTAINER | {"name": "app"}]}]}},
        ),
        ("container", "EKS", {"eksProperties": {"podProperties": {"containers": [{"image": IMAGE}]}}}),
        (
            "multinode",
            "ECS",
            {"nodeProperties": {"numNodes": 2, "mainNode": 0, "nodeRangeProperties": RANGES}},
        ),
    ],
)
def test_a_definition_is_described_with_all_that_it_says(
    batch: BatchClient, name: str, *, kind: Any, orchestration: str, members: Any
) -> None:
    made = batch.register_job_definition(jobDefinitionName=name, type=kind, **members)
    [found] = batch.describe_job_definitions(jobDefinitions=[made["jobDefinitionArn"]])["jobDefinitions"]
    assert found.items() >= {"status": "ACTIVE", "revision": 1, "type": kind, **members}.items()
    assert found["containerOrchestrationType"] == orchestration


def test_revisions_count_up_and_a_deregistered_one_is_inactive(batch: BatchClient, name: str) -> None:
    for _ in range(2):
        batch.register_job_definition(jobDefinitionName=name, type="container", containerProperties=CONTAINER)
    batch.deregister_job_definition(jobDefinition=f"{name}:1")
    batch.register_job_definition(jobDefinitionName=name, type="container", containerProperties=CONTAINER)

    def revisions(**asked: Any) -> list[int]:
        return [found["revision"] for found in batch.describe_job_definitions(**asked)["jobDefinitions"]]

    assert revisions(jobDefinitionName=name) == [1, 2, 3]
    assert revisions(jobDefinitionName=name, status="ACTIVE") == [2, 3]
    assert revisions(jobDefinitions=[f"{name}:1", f"{name}:9"]) == [1]


def test_lists_come_in_pages(batch: BatchClient, name: str) -> None:
    for _ in range(3):
        batch.register_job_definition(jobDefinitionName=name, type="container", containerProperties=CONTAINER)
    first = batch.describe_job_definitions(jobDefinitionName=name, maxResults=2)
    second = batch.describe_job_definitions(jobDefinitionName=name, maxResults=2, nextToken=first["nextToken"])
    assert "nextToken" not in second
    assert [found["revision"] for found in first["jobDefinitions"] + second["jobDefinitions"]] == [1, 2, 3]


def test_a_definition_that_runs_nothing_is_refused(batch: BatchClient, name: str) -> None:
    with pytest.raises(batch.exceptions.ClientException, match="is required"):
        batch.register_job_definition(jobDefinitionName=name, type="container")
    with pytest.raises(batch.exceptions.ClientException, match="does not exist"):
        batch.deregister_job_definition(jobDefinition=f"{name}:1")


@pytest.mark.parametrize(
    ("kind", "orchestration", "members"),
    [
        ("MANAGED", "ECS", {"computeResources": RESOURCES}),
        ("MANAGED", "EKS", {"computeResources": RESOURCES, "eksConfiguration": POD_PLACE}),
        ("UNMANAGED", "ECS", {"unmanagedvCpus": 8, "state": "DISABLED"}),
    ],
)
def test_an_environment_is_described_with_all_that_it_says(
    batch: BatchClient, name: str, *, kind: Any, orchestration: str, members: Any
) -> None:
    made = batch.create_compute_environment(computeEnvironmentName=name, type=kind, **members)
    for known_by in (name, made["computeEnvironmentArn"]):
        [found] = batch.describe_compute_environments(computeEnvironments=[known_by])["computeEnvironments"]
        assert found.items() >= ({"state": "ENABLED", "status": "VALID", "type": kind} | members).items()
        assert found["containerOrchestrationType"] == orchestration


def test_environments_come_in_pages(batch: BatchClient, name: str) -> None:
    names = [f"{name}-{number}" for number in range(3)]
    for each in names:
        batch.create_compute_environment(computeEnvironmentName=each, type="UNMANAGED")
    first = batch.describe_compute_environments(computeEnvironments=names, maxResults=2)
    second = batch.describe_compute_environments(computeEnvironments=names, maxResults=2, nextToken=first["nextToken"])
    assert "nextToken" not in second
    found = first["computeEnvironments"] + second["computeEnvironments"]
    assert [each["computeEnvironmentName"] for each in found] == names


def test_an_environment_that_is_disabled_stays_described(batch: BatchClient, name: str) -> None:
    batch.create_compute_environment(computeEnvironmentName=name, type="MANAGED", computeResources=RESOURCES)
    batch.update_compute_environment(computeEnvironment=name, state="DISABLED")
    [found] = batch.describe_compute_environments(computeEnvironments=[name])["computeEnvironments"]
    assert found["state"] == "DISABLED"


def test_an_environment_that_is_there_or_has_nothing_to_run_on_is_refused(batch: BatchClient, name: str) -> None:
    with pytest.raises(batch.exceptions.ClientException, match="must be specified"):
        batch.create_compute_environment(computeEnvironmentName=name, type="MANAGED")
    batch.create_compute_environment(computeEnvironmentName=name, type="UNMANAGED")
    with pytest.raises(batch.exceptions.ClientException, match="already exists"):
        batch.create_compute_environment(computeEnvironmentName=name, type="UNMANAGED")
