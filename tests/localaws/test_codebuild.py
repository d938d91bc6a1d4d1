from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_codebuild import CodeBuildClient

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/web:v1"


@pytest.fixture
def codebuild(client: Callable[[str], Any]) -> CodeBuildClient:
    found: CodeBuildClient = client("codebuild")
    return found


def create(codebuild: CodeBuildClient, name: str, **more: Any) -> Any:
    return codebuild.create_project(
        name=name,
        source={"type": "NO_SOURCE", "buildspec": "version: 0.2"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment=environment("ARM_CONTAINER"),
        serviceRole="arn:aws:iam::000000000000:role/build",
        **more,
    )["project"]


def environment(kind: str) -> Any:
    return {
        "type": kind,
        "image": IMAGE,
        "computeType": "BUILD_GENERAL1_SMALL",
        "imagePullCredentialsType": "SERVICE_ROLE",
    }


def test_a_project_is_read_as_it_was_created_by_name_or_arn(codebuild: CodeBuildClient, name: str) -> None:
    made = create(codebuild, name, cache={"type": "LOCAL", "modes": ["LOCAL_DOCKER_LAYER_CACHE"]})
    assert (made["environment"], made["cache"]["type"]) == (environment("ARM_CONTAINER"), "LOCAL")
    found = codebuild.batch_get_projects(names=[name, made["arn"], "absent"])
    assert found["projects"] == [made, made]
    assert found["projectsNotFound"] == ["absent"]


def test_an_update_changes_what_it_says_alone(codebuild: CodeBuildClient, name: str) -> None:
    create(codebuild, name, description="as before")
    changed = codebuild.update_project(name=name, environment=environment("LINUX_CONTAINER"))["project"]
    assert (changed["environment"]["type"], changed["description"]) == ("LINUX_CONTAINER", "as before")


def test_a_deleted_project_is_gone_and_may_be_deleted_again(codebuild: CodeBuildClient, name: str) -> None:
    create(codebuild, name)
    with pytest.raises(codebuild.exceptions.ResourceAlreadyExistsException):
        create(codebuild, name)
    for _ in range(2):
        codebuild.delete_project(name=name)
    assert codebuild.batch_get_projects(names=[name])["projects"] == []


def test_lists_hold_a_hundred_names_a_page(codebuild: CodeBuildClient, name: str) -> None:
    names = {f"{name}-{number}" for number in range(101)}
    for each in names:
        create(codebuild, each)
    first = codebuild.list_projects()
    assert len(first["projects"]) == 100
    assert names <= {*first["projects"], *codebuild.list_projects(nextToken=first["nextToken"])["projects"]}
    for each in names:
        codebuild.delete_project(name=each)


def test_a_fleet_is_read_by_its_arn(codebuild: CodeBuildClient, name: str) -> None:
    made = codebuild.create_fleet(
        name=name, baseCapacity=1, environmentType="ARM_CONTAINER", computeType="BUILD_GENERAL1_SMALL"
    )["fleet"]
    found = codebuild.batch_get_fleets(names=[made["arn"], "absent"])
    assert (found["fleets"], found["fleetsNotFound"]) == ([made], ["absent"])
    assert made["environmentType"] == "ARM_CONTAINER"
