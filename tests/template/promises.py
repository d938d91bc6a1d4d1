"""What the stack promises, each as a check that a changed template can break (test_promises.py breaks every one)."""

from __future__ import annotations

import ast
import itertools
import json
from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore import xform_name
from tests.template.pattern import matches
from tests.template.stack import ROOT, Properties, Stack, as_list, attribute_of, walk

from ecrguard.config import PushConfig
from ecrguard.policy_yaml import load_policy
from ecrguard.telemetry import VERDICT_METRICS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

type Promise = Callable[[Stack], None]

WEBHOOK = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:slack-AbCdEf"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/0b9a"
EVERYTHING = {"AlertEmail": "ops@example.com", "SlackWebhookSecretArn": WEBHOOK, "Enforcement": "tag"}

ECR_READS = {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:DescribeImages", "ecr:ListTagsForResource"}
ONLY_ON_EVERYTHING = {"ecs:ListClusters", "ecs:ListServices", "ecs:DescribeTaskDefinition", "apprunner:ListServices"}
"""Actions of ours for which the Service Authorization Reference knows no resource type."""
FUNCTIONS = ("PushFunction", "SlackFunction", "PolicyFunction")
QUEUES = ("PushQueue", "DeadLetterQueue", "SlackQueue", "SlackDeadLetterQueue")
TOPICS = ("AlertsTopic", "AlarmsTopic")


def variants(stack: Stack, **fixed: str) -> Iterator[Stack]:
    """The template under every choice of parameters that changes permissions."""
    choices = {
        "Enforcement": ("audit", "tag"),
        "LinkedWorkloads": ("ecs,apprunner", "ecs", "apprunner", "none"),
        "SlackWebhookSecretArn": ("", WEBHOOK),
        "SlackWebhookKeyArn": ("", KEY),
    }
    free = {name: values for name, values in choices.items() if name not in fixed}
    for chosen in itertools.product(*free.values()):
        yield stack.given(**fixed, **dict(zip(free, chosen, strict=True)))


def roles(stack: Stack) -> Iterator[tuple[str, Properties]]:
    """Every statement of every function's role, by function."""
    for function in stack.of_type("AWS::Serverless::Function"):
        for statement in stack.statements(function):
            yield function, statement


def resource_policies(stack: Stack, resource: str) -> list[Properties]:
    """The statements of the policy that a queue or a topic has."""
    for policy in stack.of_type("AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy").values():
        if f"${{{resource}}}" in (policy.get("Queues") or policy["Topics"]):
            statements: list[Properties] = policy["PolicyDocument"]["Statement"]
            return statements
    return []


# --- permissions ------------------------------------------------------------------------------------------------------


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


# --- queues and topics ------------------------------------------------------------------------------------------------


def queues_and_topics_are_encrypted(stack: Stack) -> None:
    full = stack.given(**EVERYTHING)
    queues, topics = full.of_type("AWS::SQS::Queue"), full.of_type("AWS::SNS::Topic")
    assert set(queues) == set(QUEUES)
    assert set(topics) == set(TOPICS)
    for name, queue in queues.items():
        # SSE-SQS: EventBridge and SNS cannot send to a queue under alias/aws/sqs.
        assert queue.get("SqsManagedSseEnabled") is True, name
        assert "KmsMasterKeyId" not in queue, name
    for name, topic in topics.items():
        # CloudWatch cannot publish to a topic under alias/aws/sns.
        assert topic["KmsMasterKeyId"] == "${TopicsKey}", name


def queues_and_topics_refuse_plain_http(stack: Stack) -> None:
    full = stack.given(**EVERYTHING)
    for name in (*QUEUES, *TOPICS):
        refusals = [s for s in resource_policies(full, name) if s["Effect"] == "Deny"]
        assert [s["Condition"] for s in refusals] == [{"Bool": {"aws:SecureTransport": "false"}}], name
        assert [s["Principal"] for s in refusals] == ["*"], name


def services_send_only_from_this_stack(stack: Stack) -> None:
    full = stack.given(**EVERYTHING)
    senders: dict[str, Any] = {
        "PushQueue": {"ArnEquals": {"aws:SourceArn": "${PushRule.Arn}"}},
        "DeadLetterQueue": {"ArnEquals": {"aws:SourceArn": "${PushRule.Arn}"}},
        "SlackQueue": {"ArnEquals": {"aws:SourceArn": "${AlertsTopic}"}},
        "SlackDeadLetterQueue": {"ArnEquals": {"aws:SourceArn": "${AlertsTopic}"}},
        "AlarmsTopic": {"ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:*"}},
        "AlertsTopic": None,
    }
    for name, condition in senders.items():
        allowed = [s for s in resource_policies(full, name) if s["Effect"] == "Allow"]
        assert [s.get("Condition") for s in allowed] == ([condition] if condition else []), name


def alarms_can_use_the_key(stack: Stack) -> None:
    statements = stack.properties("TopicsKey")["KeyPolicy"]["Statement"]
    granted = {
        action
        for statement in statements
        if statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
        for action in statement["Action"]
    }
    assert granted == {"kms:GenerateDataKey*", "kms:Decrypt"}


def nothing_is_lost_between_queues(stack: Stack) -> None:
    full = stack.given(**EVERYTHING)
    for queue, dead in {"PushQueue": "DeadLetterQueue", "SlackQueue": "SlackDeadLetterQueue"}.items():
        assert full.properties(queue)["RedrivePolicy"]["deadLetterTargetArn"] == f"${{{dead}.Arn}}"
        for name in (queue, dead):
            assert full.properties(name)["MessageRetentionPeriod"] == 14 * 24 * 3600, name
    (target,) = full.properties("PushRule")["Targets"]
    assert target["Arn"] == "${PushQueue.Arn}"
    assert target["DeadLetterConfig"] == {"Arn": "${DeadLetterQueue.Arn}"}
    subscription = full.properties("SlackSubscription")
    assert subscription["TopicArn"] == "${AlertsTopic}"
    assert subscription["Endpoint"] == "${SlackQueue.Arn}"
    assert subscription["RawMessageDelivery"] is True
    assert subscription["RedrivePolicy"] == {"deadLetterTargetArn": "${SlackDeadLetterQueue.Arn}"}


def receives_agree(stack: Stack) -> None:
    redrive = stack.properties("PushQueue")["RedrivePolicy"]
    assert redrive["maxReceiveCount"] == 5
    assert stack.environment("PushFunction")["MAX_RECEIVES"] == str(redrive["maxReceiveCount"])


def messages_stay_hidden_for_six_timeouts(stack: Stack) -> None:
    full = stack.given(**EVERYTHING)
    for function, source in sources(full):
        queue = full.properties(attribute_of(source["Queue"]))
        assert queue["VisibilityTimeout"] >= 6 * full.properties(function)["Timeout"], function


def batches_are_small_and_fail_in_part(stack: Stack) -> None:
    full = stack.given(**EVERYTHING, MaximumConcurrency="17")
    found = dict(sources(full))
    assert set(found) == {"PushFunction", "SlackFunction"}
    for function, source in found.items():
        assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"], function
        assert source["BatchSize"] <= 10, function
    assert found["PushFunction"]["ScalingConfig"] == {"MaximumConcurrency": "17"}


def sources(stack: Stack) -> Iterator[tuple[str, Properties]]:
    """The queues that functions take messages from."""
    for name, function in stack.of_type("AWS::Serverless::Function").items():
        for event in function.get("Events", {}).values():
            yield name, event["Properties"]


# --- events -----------------------------------------------------------------------------------------------------------


def rule_takes_the_events_that_are_handled(stack: Stack) -> None:
    pattern = stack.properties("PushRule")["EventPattern"]
    samples = sorted((ROOT / "events").glob("*.json"))
    assert samples
    for sample in samples:
        expected = not sample.name.startswith("not-handled-")
        assert matches(pattern, json.loads(sample.read_text())) is expected, sample.name


def rule_leaves_what_is_no_push(stack: Stack) -> None:
    pattern = stack.properties("PushRule")["EventPattern"]
    push = json.loads((ROOT / "events" / "push-single.json").read_text())
    detail = push["detail"]
    assert matches(pattern, push)
    for name, other in {
        "another source": push | {"source": "my.ecr"},
        "a scan": push | {"detail-type": "ECR Image Scan"},
        "a pull through the cache": push | {"detail-type": "ECR Pull Through Cache Action"},
        "a failure": push | {"detail": detail | {"result": "FAILURE"}},
        "a deletion": push | {"detail": detail | {"action-type": "DELETE"}},
    }.items():
        assert not matches(pattern, other), name


def repository_pattern_narrows_the_rule(stack: Stack) -> None:
    push = json.loads((ROOT / "events" / "push-single.json").read_text())

    def taken(repositories: str, name: str) -> bool:
        pattern = stack.given(RepositoryPattern=repositories).properties("PushRule")["EventPattern"]
        return matches(pattern, push | {"detail": push["detail"] | {"repository-name": name}})

    assert taken("*", "team-a/api")
    assert taken("team-a/*", "team-a/api")
    assert not taken("team-a/*", "team-b/api")
    assert not taken("api", "team-a/api")


# --- functions --------------------------------------------------------------------------------------------------------


def functions_know_what_they_need(stack: Stack) -> None:
    full = stack.given(**EVERYTHING)
    common = {
        "POWERTOOLS_SERVICE_NAME": "guard",
        "POWERTOOLS_METRICS_NAMESPACE": "ecrguard",
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }
    assert full.environment("PushFunction") == common | {
        "ALERTS_TOPIC_ARN": "${AlertsTopic}",
        "PUSH_QUEUE_URL": "${PushQueue.QueueUrl}",
        "DEAD_LETTER_QUEUE_URL": "${DeadLetterQueue.QueueUrl}",
        "MAX_RECEIVES": "5",
        "ENFORCEMENT": "tag",
        "LINKED_WORKLOADS": "ecs,apprunner",
        "POLICY_APPLICATION_ID": "${PolicyApplication}",
        "POLICY_ENVIRONMENT_ID": "${PolicyEnvironment}",
        "POLICY_PROFILE_ID": "${PolicyProfile}",
    }
    assert full.environment("SlackFunction") == common | {
        "SLACK_WEBHOOK_SECRET_ARN": WEBHOOK,
        "SLACK_QUEUE_URL": "${SlackQueue.QueueUrl}",
    }
    assert full.environment("PolicyFunction") == common


def push_accepts_its_configuration(stack: Stack) -> None:
    topic = {"ALERTS_TOPIC_ARN": "arn:aws:sns:eu-central-1:123456789012:guard-AlertsTopic-1"}
    for variant in variants(stack):
        PushConfig.from_env(variant.environment("PushFunction") | topic)


def functions_log_where_it_expires(stack: Stack) -> None:
    full = stack.given(**EVERYTHING, LogRetentionDays="7")
    groups = full.of_type("AWS::Logs::LogGroup")
    used = set()
    for name in FUNCTIONS:
        logging = full.properties(name)["LoggingConfig"]
        # Lambda's JSON format would filter metrics by level, and have the SDK log secrets at DEBUG.
        assert logging["LogFormat"] == "Text", name
        used.add(attribute_of(logging["LogGroup"]))
    assert used == set(groups)
    for name, group in groups.items():
        assert group["RetentionInDays"] == "7", name


def functions_are_the_handlers(stack: Stack) -> None:
    full = stack.given(**EVERYTHING, Architecture="x86_64")
    found = {name: function["Handler"] for name, function in full.of_type("AWS::Serverless::Function").items()}
    assert found == {
        "PushFunction": "push.handler",
        "SlackFunction": "slack.handler",
        "PolicyFunction": "policy.handler",
    }
    common = full.template["Globals"]["Function"]
    assert common["CodeUri"] == "src/handler"
    assert common["Runtime"] == "python3.13"
    assert common["Architectures"] == [{"Ref": "Architecture"}]
    assert common["Layers"] == [{"Ref": "LibraryLayer"}]


def slack_is_there_only_when_asked_for(stack: Stack) -> None:
    assert not [name for name in stack.resources if "Slack" in name]
    assert not [name for name in stack.outputs if "Slack" in name]
    assert "SlackDeadLetterQueueUrl" in stack.given(**EVERYTHING).outputs


def email_is_there_only_when_asked_for(stack: Stack) -> None:
    assert not stack.of_type("AWS::SNS::Subscription")
    asked = stack.given(AlertEmail="ops@example.com").of_type("AWS::SNS::Subscription")
    assert {(s["Protocol"], s["Endpoint"]) for s in asked.values()} == {("email", "ops@example.com")}
    assert {s["TopicArn"] for s in asked.values()} == {"${AlertsTopic}", "${AlarmsTopic}"}


def two_stacks_fit_into_one_account_and_region(stack: Stack) -> None:
    own_scope = {"AWS::AppConfig::Environment", "AWS::AppConfig::ConfigurationProfile"}  # within their application
    full = stack.given(**EVERYTHING)
    for name, resource in full.resources.items():
        for key, value in resource.get("Properties", {}).items():
            if key == "Name" or (key.endswith("Name") and key not in ("DisplayName", "PolicyName", "MetricName")):
                fixed = not str(value).startswith(("guard", "${"))
                assert not fixed or resource["Type"] in own_scope, f"{name}.{key} is {value!r}"
    assert not [key for key, _ in walk(full.template["Outputs"]) if key == "Export"]


# --- policy -----------------------------------------------------------------------------------------------------------


def first_policy_is_valid_and_empty(stack: Stack) -> None:
    policy = load_policy(stack.properties("InitialPolicy")["Content"].encode())
    assert policy.rules == ()


def first_policy_is_never_put_again(stack: Stack) -> None:
    """Any change to either of the two resources would replace it, and undo the policy in force."""
    assert stack.template["Resources"]["InitialPolicy"]["Properties"] == {
        "ApplicationId": {"Ref": "PolicyApplication"},
        "ConfigurationProfileId": {"Ref": "PolicyProfile"},
        "Description": "No rules; linked workloads decide",
        "ContentType": "application/x-yaml",
        "Content": "version: 1\nrules: []\n",
    }
    assert stack.template["Resources"]["PolicyDeployment"]["Properties"] == {
        "ApplicationId": {"Ref": "PolicyApplication"},
        "EnvironmentId": {"Ref": "PolicyEnvironment"},
        "ConfigurationProfileId": {"Ref": "PolicyProfile"},
        "ConfigurationVersion": {"Fn::GetAtt": "InitialPolicy.VersionNumber"},
        "DeploymentStrategyId": {"Ref": "PolicyDeploymentStrategy"},
    }
    assert stack.properties("PolicyDeploymentStrategy")["Name"] == "guard-at-once"


def policies_outlive_the_stack(stack: Stack) -> None:
    kept = {n for n, r in stack.resources.items() if r.get("DeletionPolicy", "Delete") != "Delete"}
    assert kept == {"PolicyApplication", "PolicyProfile", "InitialPolicy"}
    for name in kept:
        assert stack.resources[name]["DeletionPolicy"] == "RetainExceptOnCreate", name
        assert stack.resources[name]["UpdateReplacePolicy"] == "Retain", name


def policies_are_checked_before_they_count(stack: Stack) -> None:
    assert stack.properties("PolicyProfile")["Validators"] == [{"Type": "LAMBDA", "Content": "${PolicyFunction.Arn}"}]
    assert stack.properties("PolicyFunctionPermission")["Principal"] == "appconfig.amazonaws.com"
    assert stack.resources["PolicyDeployment"]["DependsOn"] == "PolicyFunctionPermission"
    assert stack.resources["InitialPolicy"]["DependsOn"] == "PolicyFunctionPermission"
    assert stack.resources["PushFunction"]["DependsOn"] == "PolicyDeployment"


def policies_take_effect_at_once(stack: Stack) -> None:
    strategy = stack.properties("PolicyDeploymentStrategy")
    assert (strategy["DeploymentDurationInMinutes"], strategy["FinalBakeTimeInMinutes"]) == (0, 0)
    assert strategy["GrowthFactor"] == 100


# --- alarms -----------------------------------------------------------------------------------------------------------


def a_guard_that_has_stopped_says_so(stack: Stack) -> None:
    full = stack.given(**EVERYTHING)
    watched = {
        (alarm["MetricName"], alarm["Dimensions"][0]["Value"])
        for alarm in full.of_type("AWS::CloudWatch::Alarm").values()
    }
    assert watched == {
        ("ApproximateNumberOfMessagesVisible", "${DeadLetterQueue.QueueName}"),
        ("ApproximateNumberOfMessagesVisible", "${SlackDeadLetterQueue.QueueName}"),
        ("ApproximateAgeOfOldestMessage", "${PushQueue.QueueName}"),
        ("InvocationsFailedToBeSentToDlq", "${PushRule}"),
        ("Errors", "${PushFunction}"),
        ("Throttles", "${PushFunction}"),
        ("Errors", "${SlackFunction}"),
        ("VerdictUnknown", "guard"),
    }


def alarms_ring_and_say_what_to_do(stack: Stack) -> None:
    for name, alarm in stack.given(**EVERYTHING).of_type("AWS::CloudWatch::Alarm").items():
        # Not the alerts topic: it carries nothing but documents of the alert schema.
        assert alarm["AlarmActions"] == ["${AlarmsTopic}"], name
        assert alarm["OKActions"] == ["${AlarmsTopic}"], name
        assert len(alarm["AlarmDescription"]) > 40, name
        assert alarm["TreatMissingData"] == "notBreaching", name


def alarm_counts_what_the_function_counts(stack: Stack) -> None:
    alarm, told = stack.properties("UnknownVerdictsAlarm"), stack.environment("PushFunction")
    assert alarm["MetricName"] in VERDICT_METRICS.values()
    assert alarm["Namespace"] == told["POWERTOOLS_METRICS_NAMESPACE"]
    assert alarm["Dimensions"] == [{"Name": "service", "Value": told["POWERTOOLS_SERVICE_NAME"]}]


# --- parameters and outputs -------------------------------------------------------------------------------------------


def parameters_are_grouped_labelled_and_explained(stack: Stack) -> None:
    interface = stack.template["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
    declared = stack.template["Parameters"]
    assert sorted(grouped) == sorted(declared)
    assert set(interface["ParameterLabels"]) == set(declared)
    for name, parameter in declared.items():
        assert "Default" in parameter, name
        assert len(parameter["Description"]) > 20, name
        assert parameter.keys() & {"AllowedValues", "AllowedPattern", "MinValue"}, name
        assert "AllowedPattern" not in parameter or "ConstraintDescription" in parameter, name


def outputs_are_there_and_explained(stack: Stack) -> None:
    full = stack.given(**EVERYTHING)
    expected = {
        "AlertsTopicArn": "${AlertsTopic}",
        "AlarmsTopicArn": "${AlarmsTopic}",
        "PushQueueUrl": "${PushQueue.QueueUrl}",
        "DeadLetterQueueUrl": "${DeadLetterQueue.QueueUrl}",
        "SlackQueueUrl": "${SlackQueue.QueueUrl}",
        "PushRoleArn": "${PushRole.Arn}",
        "SlackDeadLetterQueueUrl": "${SlackDeadLetterQueue.QueueUrl}",
        "PushFunctionName": "${PushFunction}",
        "PushLogGroupName": "${PushLogGroup}",
        "PolicyApplicationId": "${PolicyApplication}",
        "PolicyEnvironmentId": "${PolicyEnvironment}",
        "PolicyProfileId": "${PolicyProfile}",
        "PolicyDeploymentStrategyId": "${PolicyDeploymentStrategy}",
    }
    assert {name: output["Value"] for name, output in full.outputs.items()} == expected
    for name, output in full.outputs.items():
        assert output["Description"], name


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


PROMISES: tuple[Promise, ...] = (
    audit_cannot_write_to_ecr,
    tag_adds_put_image_and_nothing_else,
    default_is_audit,
    actions_are_named_in_full,
    actions_exist,
    permissions_are_those_of_the_calls,
    every_resource_only_where_aws_has_none,
    statements_have_names_of_their_own,
    only_linked_services_are_read,
    linked_services_are_only_read,
    repository_pattern_narrows_ecr,
    push_can_do_its_work,
    slack_reads_its_secret_only,
    policy_function_only_logs,
    queues_and_topics_are_encrypted,
    queues_and_topics_refuse_plain_http,
    services_send_only_from_this_stack,
    alarms_can_use_the_key,
    nothing_is_lost_between_queues,
    receives_agree,
    messages_stay_hidden_for_six_timeouts,
    batches_are_small_and_fail_in_part,
    rule_takes_the_events_that_are_handled,
    rule_leaves_what_is_no_push,
    repository_pattern_narrows_the_rule,
    functions_know_what_they_need,
    push_accepts_its_configuration,
    functions_log_where_it_expires,
    functions_are_the_handlers,
    slack_is_there_only_when_asked_for,
    email_is_there_only_when_asked_for,
    two_stacks_fit_into_one_account_and_region,
    first_policy_is_valid_and_empty,
    first_policy_is_never_put_again,
    policies_outlive_the_stack,
    policies_are_checked_before_they_count,
    policies_take_effect_at_once,
    a_guard_that_has_stopped_says_so,
    alarms_ring_and_say_what_to_do,
    alarm_counts_what_the_function_counts,
    parameters_are_grouped_labelled_and_explained,
    outputs_are_there_and_explained,
)
