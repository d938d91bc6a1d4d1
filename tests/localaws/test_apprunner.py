from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from localaws.process import LocalAws
    from mypy_boto3_apprunner import AppRunnerClient


@pytest.fixture
def apprunner(client: Callable[[str], Any]) -> AppRunnerClient:
    found: AppRunnerClient = client("apprunner")
    return found


def source(image: str) -> Any:
    return {
        "ImageRepository": {"ImageIdentifier": image, "ImageRepositoryType": "ECR"},
        "AuthenticationConfiguration": {"AccessRoleArn": "arn:aws:iam::000000000000:role/pull-from-ecr"},
    }


def test_a_service_is_described_as_it_was_created(aws: LocalAws, apprunner: AppRunnerClient, name: str) -> None:
    image = aws.image_uri("web", "latest")
    made = apprunner.create_service(ServiceName=name, SourceConfiguration=source(image))["Service"]
    found = apprunner.describe_service(ServiceArn=made["ServiceArn"])["Service"]
    assert found == made
    assert found["Status"] == "RUNNING"
    assert found["SourceConfiguration"] == {"AutoDeploymentsEnabled": True, **source(image)}
    assert apprunner.delete_service(ServiceArn=made["ServiceArn"])["Service"]["Status"] == "DELETED"
    with pytest.raises(apprunner.exceptions.ResourceNotFoundException):
        apprunner.describe_service(ServiceArn=made["ServiceArn"])


def test_an_update_changes_the_image(aws: LocalAws, apprunner: AppRunnerClient, name: str) -> None:
    made = apprunner.create_service(ServiceName=name, SourceConfiguration=source(aws.image_uri("web", "v1")))["Service"]
    other = aws.image_uri("web", "v2")
    apprunner.update_service(ServiceArn=made["ServiceArn"], SourceConfiguration=source(other))
    found = apprunner.describe_service(ServiceArn=made["ServiceArn"])["Service"]
    assert found["SourceConfiguration"]["ImageRepository"]["ImageIdentifier"] == other
    apprunner.delete_service(ServiceArn=made["ServiceArn"])


def test_lists_hold_twenty_services_a_page(aws: LocalAws, apprunner: AppRunnerClient, name: str) -> None:
    chosen = source(aws.image_uri("web", "latest"))
    made = {
        apprunner.create_service(ServiceName=f"{name}-{number}", SourceConfiguration=chosen)["Service"]["ServiceArn"]
        for number in range(25)
    }
    first = apprunner.list_services()
    assert len(first["ServiceSummaryList"]) == 20
    second = apprunner.list_services(NextToken=first["NextToken"])
    assert "NextToken" not in second
    listed = {item["ServiceArn"] for item in first["ServiceSummaryList"] + second["ServiceSummaryList"]}
    assert made <= listed
    for arn in made:
        apprunner.delete_service(ServiceArn=arn)


def test_a_private_image_needs_a_role_to_pull_it(aws: LocalAws, apprunner: AppRunnerClient, name: str) -> None:
    chosen = source(aws.image_uri("web", "latest"))
    del chosen["AuthenticationConfiguration"]
    with pytest.raises(apprunner.exceptions.InvalidRequestException, match="Authentication configuration"):
        apprunner.create_service(ServiceName=name, SourceConfiguration=chosen)
