"""What IAM checks a request against, where the emulator takes another resource than AWS does.

Of use where the emulator enforces IAM policies (AUTH=true). The resource types of each action are in the Service
Authorization Reference, "Actions, resources, and condition keys".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from localaws.additions import host

if TYPE_CHECKING:
    from localaws.additions.host import Record

# The member of the request that names the resource, or a list of them.
_NAMED_BY: Final = {
    ("apprunner", "DeleteService"): "ServiceArn",
    ("apprunner", "DescribeService"): "ServiceArn",
    ("apprunner", "UpdateService"): "ServiceArn",
    ("ecr", "ListTagsForResource"): "resourceArn",
    ("ecr", "TagResource"): "resourceArn",
    ("ecr", "UntagResource"): "resourceArn",
    ("ecs", "DeleteExpressGatewayService"): "serviceArn",
    ("ecs", "DescribeClusters"): "clusters",
    ("ecs", "DescribeContainerInstances"): "containerInstances",
    ("ecs", "DescribeDaemon"): "daemonArn",
    ("ecs", "DescribeDaemonRevisions"): "daemonRevisionArns",
    ("ecs", "DescribeDaemonTaskDefinition"): "daemonTaskDefinition",
    ("ecs", "DescribeExpressGatewayService"): "serviceArn",
    ("ecs", "DescribeServiceRevisions"): "serviceRevisionArns",
    ("ecs", "DescribeServices"): "services",
    ("ecs", "DescribeTaskSets"): "taskSets",
    ("ecs", "DescribeTasks"): "tasks",
    ("ecs", "UpdateExpressGatewayService"): "serviceArn",
}
# The resource that the members of a request name; of a list the first.
_NAMED_IN: Final = {
    ("batch", "DeregisterJobDefinition"): "job-definition/{jobDefinition}",
    ("batch", "RegisterJobDefinition"): "job-definition/{jobDefinitionName}",
    ("bedrock-agentcore", "DeleteAgentRuntime"): "runtime/{agentRuntimeId}",
    ("bedrock-agentcore", "GetAgentRuntime"): "runtime/{agentRuntimeId}",
    ("bedrock-agentcore", "UpdateAgentRuntime"): "runtime/{agentRuntimeId}",
    ("bedrock-agentcore", "GetCapacityProvider"): "capacity-provider/{capacityProviderId}",
    # The last part of a fleet's ARN is an id that a name does not have.
    ("codebuild", "BatchGetFleets"): "fleet/{names}",
    ("codebuild", "BatchGetProjects"): "project/{names}",
    ("codebuild", "CreateFleet"): "fleet/{name}:*",
    ("ecr", "DescribeRepositories"): "repository/{repositoryNames}",
    # The last part of a node group's or a Fargate profile's ARN is an id that no request has.
    ("eks", "DescribeFargateProfile"): "fargateprofile/{clusterName}/{fargateProfileName}/*",
    ("eks", "DescribeNodegroup"): "nodegroup/{clusterName}/{nodegroupName}/*",
    ("lambda", "CreateFunction"): "function:{FunctionName}",
    ("sagemaker", "CreateEndpoint"): "endpoint/{EndpointName}",
    ("sagemaker", "CreateEndpointConfig"): "endpoint-config/{EndpointConfigName}",
    ("sagemaker", "CreateInferenceComponent"): "inference-component/{InferenceComponentName}",
    ("sagemaker", "CreateModel"): "model/{ModelName}",
    ("sagemaker", "DeleteEndpoint"): "endpoint/{EndpointName}",
    ("sagemaker", "DeleteEndpointConfig"): "endpoint-config/{EndpointConfigName}",
    ("sagemaker", "DeleteInferenceComponent"): "inference-component/{InferenceComponentName}",
    ("sagemaker", "DeleteModel"): "model/{ModelName}",
    ("sagemaker", "DescribeEndpoint"): "endpoint/{EndpointName}",
    ("sagemaker", "DescribeEndpointConfig"): "endpoint-config/{EndpointConfigName}",
    ("sagemaker", "DescribeInferenceComponent"): "inference-component/{InferenceComponentName}",
    ("sagemaker", "DescribeModel"): "model/{ModelName}",
    ("sagemaker", "UpdateEndpoint"): "endpoint/{EndpointName}",
}
# Actions without a resource type: a policy must allow them on "*".
_ON_ALL: Final = frozenset(
    {
        ("ecs", "DescribeTaskDefinition"),
        ("ecs", "ListDaemons"),
        ("ecs", "ListServices"),
        ("events", "ListRuleNamesByTarget"),
        ("events", "ListRules"),
    }
)


def resource(service: str, operation: str, request: Record) -> str | None:
    """The ARN that a request is authorized on; None where the emulator's own answer is right.

    Of a list the first stands for all: a role that may read one service of a cluster may read the others here.
    """
    match service, operation:
        case asked if asked in _ON_ALL:
            return "*"
        case "ecs", "ListTasks":
            cluster, instance = request.get("cluster", "default"), request.get("containerInstance", "*")
            return _arn("ecs", f"container-instance/{cluster.rpartition('/')[2]}/{instance.rpartition('/')[2]}")
        case "events", "ListTargetsByRule":
            bus = request.get("EventBusName", "default").rpartition("/")[2]
            return _arn("events", "/".join(["rule", *([bus] if bus != "default" else []), request["Rule"]]))
    if (service, operation) in _NAMED_IN:
        return _named_in(service, _NAMED_IN[service, operation], request)
    named = request.get(_NAMED_BY.get((service, operation), ""))
    if isinstance(named, list):
        named = next(iter(named), None)
    return named if isinstance(named, str) and named.startswith("arn:") else None


def leading_keys(request: Record) -> list[str]:
    """The partition keys that a request to DynamoDB names: the condition key ``dynamodb:LeadingKeys``.

    The attribute is ``pk`` in every table that is deployed here; keys are texts.
    """
    found = [request.get("Key", {}), request.get("Item", {})]
    for asked in request.get("RequestItems", {}).values():
        for each in asked["Keys"] if isinstance(asked, dict) else asked:
            write = next(iter(each.values())) if isinstance(asked, list) else {"Key": each}
            found.append(write.get("Key", write.get("Item", {})))
    if "KeyConditionExpression" in request:
        placeholders = re.findall(r"\bpk = (:\w+)", request["KeyConditionExpression"])
        found += [{"pk": request["ExpressionAttributeValues"][each]} for each in placeholders]
    return [str(item["pk"]["S"]) for item in found if "pk" in item]


def _arn(service: str, resource_part: str) -> str:
    return f"arn:aws:{service}:{host.region()}:{host.account()}:{resource_part}"


def _named_in(service: str, pattern: str, request: Record) -> str | None:
    """The ARN that a pattern makes of a request; of a name that is an ARN already, itself."""
    names = {member: next(iter(value), "") if isinstance(value, list) else value for member, value in request.items()}
    try:
        whole = pattern.format_map(names)
    except KeyError:
        return None
    given = whole.partition("/")[2]
    return given if given.startswith("arn:") else _arn(service, whole)
