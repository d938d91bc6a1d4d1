"""What IAM checks a request against, where the emulator takes another resource than AWS does.

Of use where the emulator enforces IAM policies (AUTH=true). The resource types of each action are in the Service
Authorization Reference, "Actions, resources, and condition keys".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

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
    ("ecs", "DescribeClusters"): "clusters",
    ("ecs", "DescribeContainerInstances"): "containerInstances",
    ("ecs", "DescribeServices"): "services",
}


def resource(service: str, operation: str, request: Record) -> str | None:
    """The ARN that a request is authorized on; None where the emulator's own answer is right.

    Of a list the first stands for all: a role that may read one service of a cluster may read the others here.
    """
    named = request.get(_NAMED_BY.get((service, operation), ""))
    if isinstance(named, list):
        named = next(iter(named), None)
    return named if isinstance(named, str) and named.startswith("arn:") else None
