"""What the functions may do, and that it is no more than they do."""

from __future__ import annotations

import ast
import itertools
import json
import re
from functools import cache
from typing import TYPE_CHECKING

import botocore.session
from botocore import xform_name
from tests.template.stack import ROOT, Properties, Stack, as_list
from tests.template.variants import ALL, EVERYTHING, KEY, WEBHOOK, variants

from ecrguard.adapters.sources.catalogue import ACTIONS
from ecrguard.config import ENFORCEMENT, SOURCES

if TYPE_CHECKING:
    from collections.abc import Iterator

ECR_READS = {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:DescribeImages", "ecr:ListTagsForResource"}
ONLY_ON_EVERYTHING = {
    "ecs:ListClusters",
    "ecs:ListServices",
    "ecs:ListTasks",  # has instances as resources, but the tasks of a whole cluster are of no instance
    "ecs:DescribeTaskDefinition",
    "ecs:ListDaemons",
    "events:ListEventBuses",
    "events:ListRuleNamesByTarget",
    "scheduler:ListSchedules",
    "apprunner:ListServices",
    "lambda:ListFunctions",
    "batch:DescribeJobDefinitions",
    "batch:DescribeComputeEnvironments",
    "codebuild:ListProjects",
    "bedrock-agentcore:ListAgentRuntimes",
    "bedrock-agentcore:ListAgentRuntimeEndpoints",
    "sagemaker:ListEndpoints",
    "sagemaker:ListInferenceComponents",
    "inspector2:BatchGetAccountStatus",
    "inspector2:ListCoverage",
    "inspector2:GetClustersForImage",
    "ec2:DescribeInstances",
}
"""Actions of ours for which the Service Authorization Reference knows no resource type."""
WITH_ACTS = ("quarantine", "archive", "delete")
"""The values of Enforcement at which something may be taken away."""
MOST_INLINE = 10_240
"""Characters, white space aside, that all inline policies of a role may have together (IAM user guide, quotas)."""
LONGEST = 130
"""Characters of the longest value that a reference may have: a table's ARN in a Region and a stack of long names."""
NO_CALLS = {"search"}
"""Operations (of SageMaker) that have the name of a method of Python's, which the adapters do call."""
READERS = ("ReconcileFunction", "ChangesFunction")
"""The functions that read workloads."""


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
    granted = {action for function, _ in roles(allowed) for action in allowed.actions(function)}
    # What Lambda and SNS do in the function's name.
    implied = {
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "kms:GenerateDataKey",
        "kms:Decrypt",
    }
    implied |= {"logs:CreateLogStream", "logs:PutLogEvents"}
    called = calls_of_the_adapters()
    # A transaction is no action of its own: it needs those of the writes that it is made of.
    called = called - {"transact_write_items"} | {"put_item", "delete_item"}
    assert {xform_name(action.split(":")[1]) for action in granted - implied} == called


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


def only_linked_workloads_are_read(stack: Stack) -> None:
    """And of each source exactly what its reader calls."""
    for choice, enforcement in itertools.product((*SOURCES, "none", ALL), ENFORCEMENT):
        variant = stack.given(LinkedWorkloads=choice, Enforcement=enforcement)
        none = variant.given(LinkedWorkloads="none")
        linked = {action for source in SOURCES if source in choice.split(",") for action in source_actions(source)}
        for function in (*READERS, "PushFunction"):
            # Before a tag is taken away, its image's use is read from the sources themselves.
            needed = linked if function in READERS or enforcement in WITH_ACTS else set()
            assert variant.actions(function) - none.actions(function) == needed, f"{function}: {choice}, {enforcement}"
            assert variant.environment(function)["LINKED_WORKLOADS"] == choice


def no_statement_is_for_two_sources(stack: Stack) -> None:
    for source, enforcement in itertools.product(SOURCES, ENFORCEMENT):
        variant = stack.given(LinkedWorkloads=source, Enforcement=enforcement)
        none = variant.given(LinkedWorkloads="none").of_type("AWS::IAM::Policy")
        readers = ["${ReconcileRole}", "${ChangesRole}", *(["${PushRole}"] if enforcement in WITH_ACTS else [])]
        policies = variant.of_type("AWS::IAM::Policy")
        added = [(each["PolicyName"], each["Roles"]) for name, each in policies.items() if name not in none]
        assert added == [(source, readers)], source


def workloads_are_only_read(stack: Stack) -> None:
    for source in SOURCES:
        for action in source_actions(source):
            operation = action.split(":")[1]
            assert operation.startswith(("List", "Describe", "Get", "BatchGet")), action
    # Of ECR and DynamoDB other promises tell.
    beside = {"logs", "sqs", "sns", "kms", "appconfig", "ecr", "dynamodb"}
    read = {action for source in SOURCES for action in source_actions(source)}
    for function in (*READERS, "PushFunction"):
        for action in stack.given(**EVERYTHING).actions(function):
            assert action in read or action.split(":")[0] in beside, f"{function}: {action}"


def push_reads_no_workloads_where_it_takes_no_tag_away(stack: Stack) -> None:
    for enforcement in ENFORCEMENT:
        for variant in variants(stack, Enforcement=enforcement):
            services = {action.split(":")[0] for action in variant.actions("PushFunction")}
            assert enforcement in WITH_ACTS or services == {
                *("logs", "sqs", "sns", "kms", "appconfig", "ecr", "dynamodb")
            }, enforcement
            reads = [s for s in variant.statements("PushFunction") if s["Sid"] == "ReadTheInventory"]
            assert [(s["Action"], s["Resource"]) for s in reads] == [("dynamodb:Query", "${InventoryTable.Arn}")]


def policies_fit_into_a_role(stack: Stack) -> None:
    full = stack.given(**EVERYTHING, RepositoryPattern="r" * 256, EnforcementPattern="e" * 256)
    for function in full.of_type("AWS::Serverless::Function"):
        text = re.sub(r"\s", "", json.dumps(full.statements(function)))
        longest = re.sub(
            r"\$\{[^}]+\}", "x" * LONGEST, text.replace("eu-central-1", "x" * 14).replace(":aws:", ":aws-us-gov:")
        )
        assert len(longest) <= MOST_INLINE, f"{function}: {len(longest)}"


def repository_pattern_narrows_ecr(stack: Stack) -> None:
    variant = stack.given(RepositoryPattern="team-a/*", EnforcementPattern="team-a/web-*", Enforcement="delete")
    for _, statement in roles(variant):
        actions = {action for action in as_list(statement["Action"]) if action.startswith("ecr:")}
        if actions:
            pattern = "team-a/*" if actions <= ECR_READS else "team-a/web-*"
            assert statement["Resource"] == f"arn:aws:ecr:eu-central-1:123456789012:repository/{pattern}", actions
    # What is not narrowed by itself is no wider than what is guarded.
    for _, statement in roles(stack.given(RepositoryPattern="team-a/*", Enforcement="delete")):
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
        "dynamodb:Query": "${InventoryTable.Arn}",
        "dynamodb:UpdateItem": "${InventoryTable.Arn}",
        "logs:PutLogEvents": "${PushLogGroup.Arn}",
    }
    for action, resource in needed.items():
        found = [s["Resource"] for s in stack.statements("PushFunction") if action in as_list(s["Action"])]
        assert found == [resource], action


def changed_workloads_can_be_judged(stack: Stack) -> None:
    as_push = ("ReadImages", "ReadThePolicy", "Alert", "EncryptAlerts")
    push = {s["Sid"]: s for s in stack.statements("PushFunction")}
    for function in READERS:
        found = {s["Sid"]: s for s in stack.statements(function)}
        assert [found[sid] for sid in as_push] == [push[sid] for sid in as_push], function
        for needed in ("ALERTS_TOPIC_ARN", "POLICY_APPLICATION_ID", "POLICY_ENVIRONMENT_ID", "POLICY_PROFILE_ID"):
            assert stack.environment(function)[needed] == stack.environment("PushFunction")[needed], function
    changes = {s["Sid"]: s["Resource"] for s in stack.statements("ChangesFunction")}
    assert changes["TakeChanges"] == "${ChangesQueue.Arn}"
    assert changes["BuryWhatCannotBeHandled"] == "${ChangesDeadLetterQueue.Arn}"


def slack_reads_its_secret_only(stack: Stack) -> None:
    plain = stack.given(SlackWebhookSecretArn=WEBHOOK)
    by_service = {action.split(":")[0] for action in plain.actions("SlackFunction")}
    assert by_service == {"logs", "sqs", "secretsmanager", "dynamodb"}
    for statement in plain.statements("SlackFunction"):
        if "secretsmanager:GetSecretValue" in as_list(statement["Action"]):
            assert statement["Resource"] == WEBHOOK
    with_key = plain.given(SlackWebhookKeyArn=KEY)
    extra = with_key.statements("SlackFunction")[len(plain.statements("SlackFunction")) :]
    assert [(s["Action"], s["Resource"]) for s in extra] == [("kms:Decrypt", KEY)]


def policy_function_only_logs(stack: Stack) -> None:
    assert stack.actions("PolicyFunction") == {"logs:CreateLogStream", "logs:PutLogEvents"}


def roles(stack: Stack) -> Iterator[tuple[str, Properties]]:
    """Every statement of every function's role, by function."""
    for function in stack.of_type("AWS::Serverless::Function"):
        for statement in stack.statements(function):
            yield function, statement


@cache
def source_actions(source: str) -> frozenset[str]:
    """The actions that the reader of a source declares, and calls (tests/contract holds that)."""
    return frozenset(ACTIONS[source])


@cache
def calls_of_the_adapters() -> frozenset[str]:
    """The operations of AWS that the product's adapters call, as boto3 names them."""
    own = ("appconfig", "dynamodb", "ecr", "secretsmanager", "sns", "sqs")
    services = {*own, *(action.split(":")[0] for source in SOURCES for action in source_actions(source))}
    known = {xform_name(operation) for service in services for operation in operations(service)}
    called = set()
    for path in (ROOT / "src/lib/ecrguard/adapters").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Attribute(attr="get_paginator"), args=[ast.Constant(value=str(name))]):
                    called.add(name)
                case ast.Call(func=ast.Attribute(attr=name)):
                    called.add(name)
    return frozenset(called & known - NO_CALLS)


@cache
def operations(service: str) -> frozenset[str]:
    """The operations of the AWS API behind an IAM prefix."""
    session = botocore.session.get_session()
    named_otherwise = {
        "appconfig": ("appconfig", "appconfigdata"),
        "bedrock-agentcore": ("bedrock-agentcore-control",),
    }
    apis = named_otherwise.get(service, (service,))
    return frozenset(name for api in apis for name in session.get_service_model(api).operation_names)
