"""What the functions may do, and that it is no more than they do."""

from __future__ import annotations

import ast
from functools import cache
from typing import TYPE_CHECKING

import botocore.session
from botocore import xform_name
from tests.template.stack import ROOT, Properties, Stack, as_list
from tests.template.variants import EVERYTHING, KEY, WEBHOOK, variants

if TYPE_CHECKING:
    from collections.abc import Iterator

ECR_READS = {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:DescribeImages", "ecr:ListTagsForResource"}
ONLY_ON_EVERYTHING = {"ecs:ListClusters", "ecs:ListServices", "ecs:DescribeTaskDefinition", "apprunner:ListServices"}
"""Actions of ours for which the Service Authorization Reference knows no resource type."""


def audit_cannot_write_to_ecr(stack: Stack) -> None:
    for variant in variants(stack, Enforcement="audit"):
        for function, statement in roles(variant):
            for action in as_list(statement["Action"]):
                assert not action.startswith("ecr:") or action in ECR_READS, f"{function}: {action}"


def tag_adds_put_image_and_nothing_else(stack: Stack) -> None:
    for audit in variants(stack, Enforcement="audit"):
        tag = audit.given(Enforcement="tag")
        for function in audit.of_type("AWS::Serverless::Function"):
            added = tag.actions(function) - audit.actions(function)
            assert added == ({"ecr:PutImage"} if function == "PushFunction" else set()), function
            assert audit.actions(function) <= tag.actions(function), function


def default_is_audit(stack: Stack) -> None:
    assert stack.environment("PushFunction")["ENFORCEMENT"] == "audit"
    assert "ecr:PutImage" not in stack.actions("PushFunction")


def actions_are_named_in_full(stack: Stack) -> None:
    for variant in variants(stack):
        for function, statement in roles(variant):
            assert statement["Effect"] == "Allow", f"{function}: {statement}"
            for action in as_list(statement["Action"]):
                assert "*" not in action, f"{function}: {action}"


def actions_exist(stack: Stack) -> None:
    for variant in variants(stack):
        for function, statement in roles(variant):
            for action in as_list(statement["Action"]):
                service, operation = action.split(":")
                assert operation in operations(service), f"{function}: {action}"


def permissions_are_those_of_the_calls(stack: Stack) -> None:
    allowed = stack.given(**EVERYTHING)
    granted = allowed.actions("PushFunction") | allowed.actions("SlackFunction")
    # What Lambda and SNS do in the function's name.
    implied = {
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "kms:GenerateDataKey",
        "kms:Decrypt",
    }
    implied |= {"logs:CreateLogStream", "logs:PutLogEvents"}
    assert {xform_name(action.split(":")[1]) for action in granted - implied} == calls_of_the_adapters()


def every_resource_only_where_aws_has_none(stack: Stack) -> None:
    for variant in variants(stack):
        for function, statement in roles(variant):
            if "*" in as_list(statement["Resource"]):
                assert set(as_list(statement["Action"])) <= ONLY_ON_EVERYTHING, f"{function}: {statement['Sid']}"


def statements_have_names_of_their_own(stack: Stack) -> None:
    for variant in variants(stack):
        for function in variant.of_type("AWS::Serverless::Function"):
            sids = [statement["Sid"] for statement in variant.statements(function)]
            assert len(set(sids)) == len(sids), sids


def only_linked_services_are_read(stack: Stack) -> None:
    for choice, services in {
        "ecs,apprunner": {"ecs", "apprunner"},
        "ecs": {"ecs"},
        "apprunner": {"apprunner"},
        "none": set[str](),
    }.items():
        variant = stack.given(LinkedWorkloads=choice)
        readable = {action.split(":")[0] for action in variant.actions("PushFunction")}
        assert readable & {"ecs", "apprunner"} == services, choice
        told = variant.environment("PushFunction")["LINKED_WORKLOADS"]
        assert set(told.split(",")) == (services or {"none"}), choice


def linked_services_are_only_read(stack: Stack) -> None:
    for action in stack.actions("PushFunction"):
        service, operation = action.split(":")
        assert service not in ("ecs", "apprunner") or operation.startswith(("List", "Describe")), action


def repository_pattern_narrows_ecr(stack: Stack) -> None:
    variant = stack.given(RepositoryPattern="team-a/*", Enforcement="tag")
    for _, statement in roles(variant):
        if any(action.startswith("ecr:") for action in as_list(statement["Action"])):
            assert statement["Resource"] == "arn:aws:ecr:eu-central-1:123456789012:repository/team-a/*"


def push_can_do_its_work(stack: Stack) -> None:
    needed = {
        "ecr:BatchGetImage": "arn:aws:ecr:eu-central-1:123456789012:repository/*",
        "sqs:ReceiveMessage": "${PushQueue.Arn}",
        "sqs:SendMessage": "${DeadLetterQueue.Arn}",
        "sns:Publish": "${AlertsTopic}",
        "kms:GenerateDataKey": "${TopicsKey.Arn}",
        "kms:Decrypt": "${TopicsKey.Arn}",
        "appconfig:GetLatestConfiguration": (
            "arn:aws:appconfig:eu-central-1:123456789012:application/${PolicyApplication}"
            "/environment/${PolicyEnvironment}/configuration/${PolicyProfile}"
        ),
        "logs:PutLogEvents": "${PushLogGroup.Arn}",
    }
    for action, resource in needed.items():
        found = [s["Resource"] for s in stack.statements("PushFunction") if action in as_list(s["Action"])]
        assert found == [resource], action


def slack_reads_its_secret_only(stack: Stack) -> None:
    plain = stack.given(SlackWebhookSecretArn=WEBHOOK)
    by_service = {action.split(":")[0] for action in plain.actions("SlackFunction")}
    assert by_service == {"logs", "sqs", "secretsmanager"}
    for statement in plain.statements("SlackFunction"):
        if "secretsmanager:GetSecretValue" in as_list(statement["Action"]):
            assert statement["Resource"] == WEBHOOK
    with_key = plain.given(SlackWebhookKeyArn=KEY)
    extra = with_key.statements("SlackFunction")[len(plain.statements("SlackFunction")) :]
    assert [(s["Action"], s["Resource"]) for s in extra] == [("kms:Decrypt", KEY)]


def policy_function_only_logs(stack: Stack) -> None:
    assert {action.split(":")[0] for action in stack.actions("PolicyFunction")} == {"logs"}


def roles(stack: Stack) -> Iterator[tuple[str, Properties]]:
    """Every statement of every function's role, by function."""
    for function in stack.of_type("AWS::Serverless::Function"):
        for statement in stack.statements(function):
            yield function, statement


@cache
def calls_of_the_adapters() -> frozenset[str]:
    """The operations of AWS that the product's adapters call, as boto3 names them."""
    known = {
        xform_name(operation)
        for service in ("apprunner", "appconfig", "ecr", "ecs", "secretsmanager", "sns", "sqs")
        for operation in operations(service)
    }
    called = set()
    for path in (ROOT / "src/lib/ecrguard/adapters").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Attribute(attr="get_paginator"), args=[ast.Constant(value=str(name))]):
                    called.add(name)
                case ast.Call(func=ast.Attribute(attr=name)):
                    called.add(name)
    return frozenset(called & known)


@cache
def operations(service: str) -> frozenset[str]:
    """The operations of the AWS API behind an IAM prefix."""
    session = botocore.session.get_session()
    apis = {"appconfig": ("appconfig", "appconfigdata")}.get(service, (service,))
    return frozenset(name for api in apis for name in session.get_service_model(api).operation_names)
