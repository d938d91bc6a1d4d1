from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from localaws import images

if TYPE_CHECKING:
    from collections.abc import Callable

    from localaws.process import LocalAws
    from mypy_boto3_sagemaker import SageMakerClient
    from tests.localaws.conftest import Repository


@pytest.fixture
def sagemaker(client: Callable[[str], Any]) -> SageMakerClient:
    found: SageMakerClient = client("sagemaker")
    return found


@pytest.fixture
def endpoint(sagemaker: SageMakerClient, aws: LocalAws, repository: Repository) -> str:
    """An endpoint on Graviton that serves ``v1`` of the repository; model, configuration and it have one name."""
    repository.door.push(images.image("linux/arm64"), "v1")
    name = repository.name
    role = "arn:aws:iam::000000000000:role/serve"
    image = aws.image_uri(name, "v1")
    sagemaker.create_model(ModelName=name, PrimaryContainer={"Image": image}, ExecutionRoleArn=role)
    sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[
            {
                "VariantName": "all",
                "ModelName": name,
                "InstanceType": "ml.m6g.large",
                "InitialInstanceCount": 1,
            }
        ],
    )
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    return name


def test_an_endpoint_leads_to_its_instances_and_its_image(
    sagemaker: SageMakerClient, aws: LocalAws, endpoint: str
) -> None:
    described = sagemaker.describe_endpoint(EndpointName=endpoint)
    assert described["EndpointStatus"] == "InService"
    config = sagemaker.describe_endpoint_config(EndpointConfigName=described["EndpointConfigName"])
    [variant] = config["ProductionVariants"]
    assert variant["InstanceType"] == "ml.m6g.large"
    container = sagemaker.describe_model(ModelName=variant["ModelName"])["PrimaryContainer"]
    assert container == {"Image": aws.image_uri(endpoint, "v1")}


def test_an_endpoint_keeps_the_digest_that_its_tag_had(
    sagemaker: SageMakerClient, endpoint: str, repository: Repository
) -> None:
    def resolved() -> str:
        [variant] = sagemaker.describe_endpoint(EndpointName=endpoint)["ProductionVariants"]
        [image] = variant["DeployedImages"]
        return image["ResolvedImage"]

    assert resolved().endswith(f"/{endpoint}@{images.image('linux/arm64').digest}")
    other = images.image("linux/amd64")
    repository.door.push(other, "v1")
    assert not resolved().endswith(other.digest)
    sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=endpoint)
    assert resolved().endswith(f"@{other.digest}")


def test_an_inference_component_has_an_image_of_its_own(
    sagemaker: SageMakerClient, aws: LocalAws, endpoint: str
) -> None:
    sagemaker.create_inference_component(
        InferenceComponentName=endpoint,
        EndpointName=endpoint,
        VariantName="all",
        Specification={
            "Container": {"Image": aws.image_uri(endpoint, "v1")},
            "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 512},
        },
        RuntimeConfig={"CopyCount": 2},
    )
    [listed] = sagemaker.list_inference_components(EndpointNameEquals=endpoint)["InferenceComponents"]
    found = sagemaker.describe_inference_component(InferenceComponentName=listed["InferenceComponentName"])
    assert found["Specification"]["Container"]["DeployedImage"]["SpecifiedImage"] == aws.image_uri(endpoint, "v1")
    assert found["RuntimeConfig"]["CurrentCopyCount"] == 2


def test_endpoints_are_listed_in_pages(sagemaker: SageMakerClient, endpoint: str) -> None:
    for number in range(2):
        sagemaker.create_endpoint(EndpointName=f"{endpoint}-{number}", EndpointConfigName=endpoint)
    first = sagemaker.list_endpoints(NameContains=endpoint, StatusEquals="InService", MaxResults=2)
    second = sagemaker.list_endpoints(NameContains=endpoint, MaxResults=2, NextToken=first["NextToken"])
    names = [item["EndpointName"] for item in first["Endpoints"] + second["Endpoints"]]
    assert names == [f"{endpoint}-1", f"{endpoint}-0", endpoint]
    assert "NextToken" not in second


def test_what_is_deleted_is_not_found(sagemaker: SageMakerClient, endpoint: str) -> None:
    sagemaker.delete_endpoint(EndpointName=endpoint)
    with pytest.raises(ClientError, match=r"ValidationException.*Could not find endpoint"):
        sagemaker.describe_endpoint(EndpointName=endpoint)
