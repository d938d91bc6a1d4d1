from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from ecrguard.adapters.ecs_mapping import Launch
from ecrguard.adapters.ecs_task_mapping import read_task
from ecrguard.domain.platform import Platform
from ecrguard.domain.workload import Basis

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import TaskTypeDef

    from ecrguard.adapters.ecs_mapping import Hosts

PREFIX = "arn:aws:ecs:eu-west-1:123456789012"
AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
WINDOWS_2022 = Platform("windows", "amd64", "", "10.0.20348")


def task(**more: Any) -> TaskTypeDef:
    base = {
        "taskArn": f"{PREFIX}:task/prod/1",
        "clusterArn": f"{PREFIX}:cluster/prod",
        "taskDefinitionArn": f"{PREFIX}:task-definition/web:7",
    }
    return cast("TaskTypeDef", base | more)


def test_a_task_is_called_by_its_cluster_and_family() -> None:
    read = read_task(task(containerInstanceArn="i1"))

    assert (read.name, read.cluster, read.instance) == ("prod/web", f"{PREFIX}:cluster/prod", "i1")
    assert read.deployment.definition == f"{PREFIX}:task-definition/web:7"


@pytest.mark.parametrize(
    ("attribute", "family", "host"),
    [
        ("x86_64", "Linux", ((AMD64,), Basis.CAPACITY)),
        ("x86_64", "LINUX", ((AMD64,), Basis.CAPACITY)),
        ("arm64", "Linux", ((ARM64,), Basis.CAPACITY)),
        ("arm64", "", ((ARM64,), Basis.CAPACITY)),
        ("x86_64", "Windows_Server_2022_Core", ((WINDOWS_2022,), Basis.CAPACITY)),
        ("x86_64", "", None),
        ("", "Linux", None),
        ("", "", None),
        ("riscv64", "Linux", ((), Basis.UNRECOGNISED)),
        ("x86_64", "Plan9", ((), Basis.UNRECOGNISED)),
    ],
)
def test_a_host_is_known_by_its_attribute_and_family(attribute: str, family: str, host: Hosts | None) -> None:
    attributes = [{"name": "other", "value": "x"}, {"name": "ecs.cpu-architecture", "value": attribute}]

    assert read_task(task(attributes=attributes, platformFamily=family)).host == host


@pytest.mark.parametrize(
    ("more", "launch"),
    [
        ({"launchType": "FARGATE", "platformFamily": "Linux"}, Launch("FARGATE", platform_family="LINUX")),
        ({"launchType": "EC2"}, Launch("EC2")),
        ({"launchType": "EC2", "capacityProviderName": "asg"}, Launch(providers=frozenset({"asg"}))),
        ({}, Launch()),
    ],
)
def test_a_capacity_provider_says_more_than_a_launch_type(more: dict[str, Any], launch: Launch) -> None:
    assert read_task(task(**more)).deployment.launch == launch


def test_images_are_told_by_the_task_only_if_by_all_its_containers() -> None:
    containers = [{"name": "app", "image": "app:1", "imageDigest": "sha256:1"}, {"name": "logs", "image": "logs:1"}]

    told = read_task(task(containers=containers)).deployment
    silent = read_task(task(containers=[*containers, {"name": "new"}])).deployment

    assert told.images == (("app", "app:1"), ("logs", "logs:1"))
    assert told.digests == silent.digests == (("app", "sha256:1"),)
    assert silent.images == read_task(task()).deployment.images == ()
