from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from localaws import images, process

if TYPE_CHECKING:
    from collections.abc import Callable

    from localaws.process import LocalAws
    from mypy_boto3_ecs import ECSClient
    from tests.localaws.conftest import Repository

ROLES: Any = {
    "executionRoleArn": f"arn:aws:iam::{process.ACCOUNT}:role/execution",
    "infrastructureRoleArn": f"arn:aws:iam::{process.ACCOUNT}:role/infrastructure",
}


@pytest.fixture
def ecs(client: Callable[[str], Any]) -> ECSClient:
    found: ECSClient = client("ecs")
    return found


def express(ecs: ECSClient, name: str, image: str, **more: Any) -> Any:
    return ecs.create_express_gateway_service(serviceName=name, primaryContainer={"image": image}, **ROLES, **more)[
        "service"
    ]


def revision_of(ecs: ECSClient, service: Any) -> Any:
    [described] = ecs.describe_services(cluster="default", services=[service["serviceArn"]])["services"]
    [current] = described["currentServiceRevisions"]
    [revision] = ecs.describe_service_revisions(serviceRevisionArns=[current["arn"]])["serviceRevisions"]
    return revision


def test_an_express_service_is_a_fargate_service_that_ecs_manages(ecs: ECSClient, name: str) -> None:
    made = express(ecs, name, "nginx")
    [described] = ecs.describe_services(cluster="default", services=[name])["services"]
    assert described["serviceArn"] == made["serviceArn"]
    assert (described["launchType"], described["resourceManagementType"]) == ("FARGATE", "ECS")
    definition = ecs.describe_task_definition(taskDefinition=described["taskDefinition"])["taskDefinition"]
    assert definition["runtimePlatform"] == {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"}

    [configuration] = ecs.describe_express_gateway_service(serviceArn=made["serviceArn"])["service"][
        "activeConfigurations"
    ]
    assert configuration["cpuArchitecture"] == "X86_64"
    assert configuration["serviceRevisionArn"] == revision_of(ecs, made)["serviceRevisionArn"]


def test_services_are_listed_by_who_manages_them(ecs: ECSClient, name: str) -> None:
    made = express(ecs, name, "nginx")["serviceArn"]
    pages = ecs.get_paginator("list_services")
    managed = [arn for page in pages.paginate(resourceManagementType="ECS") for arn in page["serviceArns"]]
    own = [arn for page in pages.paginate(resourceManagementType="CUSTOMER") for arn in page["serviceArns"]]
    assert (made in managed, made in own) == (True, False)


def test_an_update_keeps_what_it_does_not_name_and_makes_a_revision(ecs: ECSClient, name: str) -> None:
    made = express(ecs, name, "nginx:1", cpuArchitecture="ARM64")
    before = revision_of(ecs, made)
    target = ecs.update_express_gateway_service(serviceArn=made["serviceArn"], primaryContainer={"image": "nginx:2"})[
        "service"
    ]["targetConfiguration"]
    assert (target["primaryContainer"]["image"], target["cpuArchitecture"]) == ("nginx:2", "ARM64")
    assert revision_of(ecs, made)["serviceRevisionArn"] == target["serviceRevisionArn"]
    assert target["serviceRevisionArn"] != before["serviceRevisionArn"]


ON_ARM64: Any = {"runtimePlatform": {"cpuArchitecture": "ARM64"}}
ON_X86_64: Any = {"runtimePlatform": {"cpuArchitecture": "X86_64"}}


@pytest.fixture
def express_of(aws: LocalAws, ecs: ECSClient) -> Callable[..., Any]:
    """A function that runs ``v1`` of a repository as an Express service, and answers its revision."""

    def created(repository: str, **more: Any) -> Any:
        return revision_of(ecs, express(ecs, repository, aws.image_uri(repository, "v1"), **more))

    return created


@pytest.mark.parametrize(
    ("built_for", "given", "overrides"),
    [
        (["linux/arm64"], {}, ON_ARM64),
        (["linux/amd64"], {"cpuArchitecture": "ARM64"}, ON_X86_64),
        (["linux/amd64"], {}, None),
        (["linux/amd64", "linux/arm64"], {"cpuArchitecture": "ARM64"}, None),
    ],
)
def test_ecs_runs_an_image_on_the_architecture_that_it_was_built_for(
    express_of: Callable[..., Any], repository: Repository, built_for: list[str], given: Any, overrides: Any
) -> None:
    built = [images.image(platform) for platform in built_for]
    repository.door.push(images.index(built) if len(built) > 1 else built[0], "v1")
    assert express_of(repository.name, **given).get("overrides") == overrides


def test_a_task_definition_of_the_callers_own_may_say_nothing_of_the_architecture(ecs: ECSClient, name: str) -> None:
    definition = ecs.register_task_definition(
        family=name,
        cpu="256",
        memory="512",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        containerDefinitions=[{"name": "Main", "image": "nginx"}],
    )["taskDefinition"]["taskDefinitionArn"]
    made = ecs.create_express_gateway_service(
        serviceName=name, taskDefinitionArn=definition, infrastructureRoleArn=ROLES["infrastructureRoleArn"]
    )["service"]
    [configuration] = made["activeConfigurations"]
    assert "cpuArchitecture" not in configuration
    assert configuration["taskDefinitionArn"] == definition
    with pytest.raises(ecs.exceptions.InvalidParameterException, match="taskDefinitionArn excludes"):
        express(ecs, f"{name}-2", "nginx", taskDefinitionArn=definition)


def test_a_deleted_service_drains_and_is_not_changed_again(ecs: ECSClient, name: str) -> None:
    arn = express(ecs, name, "nginx")["serviceArn"]
    assert ecs.delete_express_gateway_service(serviceArn=arn)["service"]["status"]["statusCode"] == "DRAINING"
    described = ecs.describe_express_gateway_service(serviceArn=arn)["service"]
    assert (described["status"]["statusCode"], described["activeConfigurations"]) == ("INACTIVE", [])
    with pytest.raises(ecs.exceptions.ServiceNotActiveException):
        ecs.update_express_gateway_service(serviceArn=arn, cpu="512")
    with pytest.raises(ecs.exceptions.ResourceNotFoundException):
        ecs.describe_express_gateway_service(serviceArn=f"{arn}-absent")
