from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from localaws.additions import model

from localaws import images

if TYPE_CHECKING:
    from collections.abc import Callable

    from localaws.process import LocalAws
    from mypy_boto3_bedrock_agentcore_control import BedrockAgentCoreControlClient
    from tests.localaws.conftest import Repository

NETWORK: Any = {"networkMode": "PUBLIC"}
ROLE = "arn:aws:iam::000000000000:role/agent"
COMPUTE: Any = {
    "ec2Configuration": {
        "launchTemplateSource": {
            "launchParameters": {
                "operatingSystem": "LINUX_X86_64",
                "instanceRequirements": {"allowedInstanceTypes": ["m7i.large"]},
            }
        },
        "vpcConfiguration": {"subnets": ["subnet-0123456789abcdef0"], "securityGroups": ["sg-0123456789abcdef0"]},
    }
}


@pytest.fixture
def agentcore(client: Callable[[str], Any]) -> BedrockAgentCoreControlClient:
    found: BedrockAgentCoreControlClient = client("bedrock-agentcore-control")
    return found


@pytest.fixture
def artifact(aws: LocalAws, repository: Repository) -> Callable[[str], Any]:
    """A container for a runtime, of an image that is pushed for the platform."""

    def of(platform: str) -> Any:
        tag = platform.rpartition("/")[2]
        repository.door.push(images.image(platform), tag)
        return {"containerConfiguration": {"containerUri": aws.image_uri(repository.name, tag)}}

    return of


def test_a_runtime_is_listed_and_says_its_image(
    agentcore: BedrockAgentCoreControlClient, name: str, artifact: Callable[[str], Any]
) -> None:
    container = artifact("linux/arm64")
    made = agentcore.create_agent_runtime(
        agentRuntimeName=name, agentRuntimeArtifact=container, roleArn=ROLE, networkConfiguration=NETWORK
    )
    listed = {
        item["agentRuntimeId"]
        for page in agentcore.get_paginator("list_agent_runtimes").paginate()
        for item in page["agentRuntimes"]
    }
    assert made["agentRuntimeId"] in listed
    found = agentcore.get_agent_runtime(agentRuntimeId=made["agentRuntimeId"])
    assert found["agentRuntimeArtifact"] == container
    described: Any = model.operation_model("bedrock-agentcore-control", "GetAgentRuntime").output_shape
    assert set(described.required_members) <= found.keys()


def test_a_runtime_on_microvms_refuses_an_image_without_arm64(
    agentcore: BedrockAgentCoreControlClient, name: str, artifact: Callable[[str], Any]
) -> None:
    unfit = artifact("linux/amd64")
    refused = agentcore.exceptions.ValidationException
    with pytest.raises(refused, match=r"Architecture incompatible for uri .* Supported architectures: \[arm64\]"):
        agentcore.create_agent_runtime(
            agentRuntimeName=name, agentRuntimeArtifact=unfit, roleArn=ROLE, networkConfiguration=NETWORK
        )


def test_a_runtime_with_a_capacity_provider_takes_any_image(
    agentcore: BedrockAgentCoreControlClient, name: str, artifact: Callable[[str], Any]
) -> None:
    provider = agentcore.create_capacity_provider(
        name=name, permissionsConfiguration={"capacityProviderOperatorRoleArn": ROLE}, computeConfiguration=COMPUTE
    )
    capacity: Any = {"capacityProviderArn": provider["capacityProviderArn"]}
    made = agentcore.create_agent_runtime(
        agentRuntimeName=name,
        agentRuntimeArtifact=artifact("linux/amd64"),
        roleArn=ROLE,
        networkConfiguration=NETWORK,
        capacityProviderConfiguration=capacity,
    )
    for version in ({}, {"agentRuntimeVersion": "1"}):
        found = agentcore.get_agent_runtime(agentRuntimeId=made["agentRuntimeId"], **version)
        assert found["capacityProviderConfiguration"] == capacity
    identity = capacity["capacityProviderArn"].rpartition("/")[2]
    assert agentcore.get_capacity_provider(capacityProviderId=identity)["computeConfiguration"] == COMPUTE
