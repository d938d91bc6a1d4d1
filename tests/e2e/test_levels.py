"""What the roles of a deployed stack may change in ECR at each level of Enforcement, as IAM has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from localaws.deployment import client, deploy
from localaws.process import ACCOUNT, REGION

if TYPE_CHECKING:
    from typing import Any

    from localaws.deployment import Deployment
    from localaws.process import LocalAws

STACK = "ecrguard-levels"
READS = {"BatchGetImage", "GetDownloadUrlForLayer", "DescribeImages", "ListTagsForResource"}
PUT, TAKE, STORE = "PutImage", "BatchDeleteImage", "UpdateImageStorageClass"
LEVELS: dict[str, dict[str, set[str]]] = {
    "audit": {},
    "tag": {"PushRole": {PUT}},
    "quarantine": {"PushRole": {PUT, TAKE}},
    "archive": {"PushRole": {PUT, TAKE}, "ReconcileRole": {STORE}},
    "delete": {"PushRole": {PUT, TAKE}, "ReconcileRole": {STORE, TAKE, PUT}},
}
"""What each role may write; roles that are not named may write nothing."""
WITH_ACTS = ("quarantine", "archive", "delete")
GUARDED, ENFORCED = "levels/*", "levels/strict-*"


def deployed(aws: LocalAws, level: str) -> Deployment:
    parameters = {
        "Enforcement": level,
        "RepositoryPattern": GUARDED,
        "EnforcementPattern": ENFORCED,
        "LinkedWorkloads": "none",
        "MaximumConcurrency": "2",
    }
    return deploy(aws, parameters, stack=STACK)


def test_each_level_lets_the_roles_do_exactly_what_it_names_and_going_back_takes_it_away(aws: LocalAws) -> None:
    for level in (*LEVELS, "audit"):
        stack = deployed(aws, level)
        iam = stack.client("iam")
        names = roles(stack)
        assert {"PushRole", "ReconcileRole", "ChangesRole", "PolicyRole", "ReconcileScheduleRole"} == names.keys()
        for role, name in names.items():
            writes = LEVELS[level].get(role, set())
            may_read = role in ("PushRole", "ReconcileRole", "ChangesRole")
            reads = READS if may_read else set()
            settings = {"DescribeRepositories"} if role == "PushRole" and level in WITH_ACTS else set()
            stated = granted(iam, name)
            # In the policies themselves, each on the repositories that it is for.
            expected = {(action, GUARDED) for action in reads} | {(action, ENFORCED) for action in writes | settings}
            assert stated == expected, f"{level}: {role}"
            # And as IAM decides on them.
            assert allowed(iam, name, "levels/strict-web") == reads | writes | settings, f"{level}: {role}"
            assert allowed(iam, name, "levels/web") == reads, f"{level}: {role}"
            assert allowed(iam, name, "web") == set(), f"{level}: {role}"


@pytest.fixture(scope="module", autouse=True)
def removed(aws: LocalAws) -> Any:
    """The stack is taken away again, for it hears of pushes as long as it is there."""
    yield
    cloudformation = client("cloudformation", aws.endpoint)
    cloudformation.delete_stack(StackName=STACK)


def roles(stack: Deployment) -> dict[str, str]:
    """The names of the stack's roles, by their names in the template."""
    resources = stack.client("cloudformation").describe_stack_resources(StackName=stack.stack)["StackResources"]
    return {
        each["LogicalResourceId"]: each["PhysicalResourceId"]
        for each in resources
        if each["ResourceType"] == "AWS::IAM::Role"
    }


def granted(iam: Any, role: str) -> set[tuple[str, str]]:
    """The actions on ECR that a role's policies allow, each with the repositories that it is allowed on."""
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    found: set[tuple[str, str]] = set()
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        for statement in document["Statement"]:
            assert statement["Effect"] == "Allow"
            for action in as_list(statement["Action"]):
                service, operation = action.split(":")
                assert "*" not in action
                if service == "ecr":
                    found |= {(operation, repository_of(arn)) for arn in as_list(statement["Resource"])}
    return found


def allowed(iam: Any, role: str, repository: str) -> set[str]:
    """Of all that can be asked of ECR, what IAM allows a role on a repository."""
    operations = client("ecr", iam.meta.endpoint_url).meta.service_model.operation_names
    answer = iam.simulate_principal_policy(
        PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:role/{role}",
        ActionNames=[f"ecr:{operation}" for operation in operations],
        ResourceArns=[f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{repository}"],
    )
    results: list[dict[str, str]] = answer["EvaluationResults"]
    assert len(results) == len(operations)
    return {result["EvalActionName"].removeprefix("ecr:") for result in results if result["EvalDecision"] == "allowed"}


def repository_of(arn: str) -> str:
    before = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/"
    assert arn.startswith(before), arn
    return arn.removeprefix(before)


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
