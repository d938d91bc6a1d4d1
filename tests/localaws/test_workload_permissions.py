"""What IAM checks the reading of workloads against, where policies are enforced.

The resource of each action is the Service Authorization Reference's.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from localaws import process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

IMAGE_ARN = f"arn:aws:ecr:us-east-1:000000000000:repository/web/sha256:{'0' * 64}"
FLEET = "arn:aws:codebuild:us-east-1:000000000000:fleet/pool:1"
BUILD = {
    "name": "web",
    "source": {"type": "NO_SOURCE", "buildspec": "version: 0.2"},
    "artifacts": {"type": "NO_ARTIFACTS"},
    "environment": {"type": "ARM_CONTAINER", "image": "web", "computeType": "BUILD_GENERAL1_SMALL"},
    "serviceRole": "arn:aws:iam::000000000000:role/build",
}
DEFINITION = {"jobDefinitionName": "web", "type": "container", "containerProperties": {"image": "web"}}
FUNCTION = {"FunctionName": "web", "PackageType": "Image", "Code": {"ImageUri": "web"}, "Role": BUILD["serviceRole"]}

# The client, its method and parameters; the action; the resource, without the ARN's beginning where it is one.
CHECKED: list[tuple[str, str, Any, str, str]] = [
    ("batch", "register_job_definition", DEFINITION, "batch:RegisterJobDefinition", "job-definition/web"),
    ("batch", "describe_job_definitions", {}, "batch:DescribeJobDefinitions", "*"),
    ("batch", "describe_compute_environments", {}, "batch:DescribeComputeEnvironments", "*"),
    (
        "batch",
        "deregister_job_definition",
        {"jobDefinition": "web:1"},
        "batch:DeregisterJobDefinition",
        "job-definition/web:1",
    ),
    ("codebuild", "create_project", BUILD, "codebuild:CreateProject", "project/web"),
    ("codebuild", "list_projects", {}, "codebuild:ListProjects", "*"),
    ("codebuild", "batch_get_projects", {"names": ["web", "api"]}, "codebuild:BatchGetProjects", "project/web"),
    ("codebuild", "batch_get_fleets", {"names": [FLEET]}, "codebuild:BatchGetFleets", "fleet/pool:1"),
    ("eks", "list_clusters", {}, "eks:ListClusters", "*"),
    ("eks", "list_nodegroups", {"clusterName": "blue"}, "eks:ListNodegroups", "cluster/blue"),
    ("eks", "list_fargate_profiles", {"clusterName": "blue"}, "eks:ListFargateProfiles", "cluster/blue"),
    (
        "eks",
        "describe_nodegroup",
        {"clusterName": "blue", "nodegroupName": "arm"},
        "eks:DescribeNodegroup",
        "nodegroup/blue/arm/*",
    ),
    ("ec2", "describe_instances", {}, "ec2:DescribeInstances", "*"),
    (
        "inspector2",
        "batch_get_account_status",
        {"accountIds": [process.ACCOUNT]},
        "inspector2:BatchGetAccountStatus",
        "*",
    ),
    ("inspector2", "list_coverage", {}, "inspector2:ListCoverage", "*"),
    (
        "inspector2",
        "get_clusters_for_image",
        {"filter": {"resourceId": IMAGE_ARN}},
        "inspector2:GetClustersForImage",
        "*",
    ),
    ("bedrock-agentcore-control", "list_agent_runtimes", {}, "bedrock-agentcore:ListAgentRuntimes", "*"),
    (
        "bedrock-agentcore-control",
        "get_agent_runtime",
        {"agentRuntimeId": "agent-0123456789"},
        "bedrock-agentcore:GetAgentRuntime",
        "runtime/agent-0123456789",
    ),
    (
        "bedrock-agentcore-control",
        "list_agent_runtime_endpoints",
        {"agentRuntimeId": "agent-0123456789"},
        "bedrock-agentcore:ListAgentRuntimeEndpoints",
        "*",
    ),
    (
        "bedrock-agentcore-control",
        "get_capacity_provider",
        {"capacityProviderId": "pool-0123456789"},
        "bedrock-agentcore:GetCapacityProvider",
        "capacity-provider/pool-0123456789",
    ),
    ("sagemaker", "list_endpoints", {}, "sagemaker:ListEndpoints", "*"),
    ("sagemaker", "list_inference_components", {}, "sagemaker:ListInferenceComponents", "*"),
    ("sagemaker", "describe_endpoint", {"EndpointName": "web"}, "sagemaker:DescribeEndpoint", "endpoint/web"),
    (
        "sagemaker",
        "describe_endpoint_config",
        {"EndpointConfigName": "web"},
        "sagemaker:DescribeEndpointConfig",
        "endpoint-config/web",
    ),
    ("sagemaker", "describe_model", {"ModelName": "web"}, "sagemaker:DescribeModel", "model/web"),
    (
        "sagemaker",
        "describe_inference_component",
        {"InferenceComponentName": "web"},
        "sagemaker:DescribeInferenceComponent",
        "inference-component/web",
    ),
    ("lambda", "list_functions", {}, "lambda:ListFunctions", "*"),
    ("lambda", "get_function", {"FunctionName": "web"}, "lambda:GetFunction", "function:web"),
    ("lambda", "create_function", FUNCTION, "lambda:CreateFunction", "function:web"),
    (
        "lambda",
        "update_function_code",
        {"FunctionName": "web", "ImageUri": "web"},
        "lambda:UpdateFunctionCode",
        "function:web",
    ),
]


@pytest.fixture(scope="module")
def enforced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[process.LocalAws]:
    log: Path = tmp_path_factory.mktemp("enforced") / "server.log"
    with process.running(log=log, settings={"AUTH": "true"}) as server:
        yield server


@pytest.fixture(scope="module")
def refuses(enforced: process.LocalAws) -> Callable[..., bool]:
    """Whether IAM refuses a call to somebody who may do one action on one resource, and nothing else."""
    root = boto3.client(
        "iam",
        endpoint_url=enforced.endpoint,
        region_name=process.REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - the emulator's own root
    )
    root.create_user(UserName="reader")
    key = root.create_access_key(UserName="reader")["AccessKey"]
    reader = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=process.REGION)

    def ask(service: str, method: str, parameters: Any, action: str, resource: str) -> bool:
        statement = {"Effect": "Allow", "Action": action, "Resource": resource}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        root.put_user_policy(UserName="reader", PolicyName="one", PolicyDocument=policy)
        client = reader.client(service, endpoint_url=enforced.endpoint)  # type: ignore[call-overload]  # any name
        try:
            getattr(client, method)(**parameters)
        except ClientError as error:
            return error.response["Error"]["Code"] in {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
        return False

    return ask


@pytest.mark.parametrize("case", CHECKED, ids=[action for _, _, _, action, _ in CHECKED])
def test_an_action_is_checked_on_the_resource_that_aws_checks_it_on(
    refuses: Callable[..., bool], case: tuple[str, str, Any, str, str]
) -> None:
    service, method, parameters, action, resource = case
    beginning = f"arn:aws:{action.partition(':')[0]}:{process.REGION}:{process.ACCOUNT}:"
    whole = resource if resource == "*" else f"{beginning}{resource}"
    assert not refuses(service, method, parameters, action, whole)
    assert refuses(service, method, parameters, action, f"{beginning}other/*")
    assert refuses(service, method, parameters, f"{action}Other", "*")
