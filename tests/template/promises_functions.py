"""What the functions are told, where they log, and which parts exist only when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.template.stack import attribute_of, walk
from tests.template.variants import ALL, EVERYTHING, WEBHOOK, variants

from ecrguard.config import ENFORCEMENT, ChangesConfig, GuardConfig, PushConfig, SlackConfig

if TYPE_CHECKING:
    from tests.template.stack import Stack

FUNCTIONS = ("PushFunction", "ReconcileFunction", "ChangesFunction", "SlackFunction", "PolicyFunction")


def functions_know_what_they_need(stack: Stack) -> None:
    full = stack.given(**EVERYTHING)
    common = {
        "POWERTOOLS_SERVICE_NAME": "guard",
        "POWERTOOLS_METRICS_NAMESPACE": "ecrguard",
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }
    judging = {
        "ALERTS_TOPIC_ARN": "${AlertsTopic}",
        "REPOSITORY_PATTERN": "*",
        "INVENTORY_TABLE": "${InventoryTable}",
        "LINKED_WORKLOADS": ALL,
        "RECONCILE_MINUTES": "60",
        "ENFORCEMENT": "delete",
        "ENFORCEMENT_PATTERN": "*",
        "DESTRUCTIVE_ACTS_PER_HOUR": "20",
        "HISTORY_DAYS": "90",
        "POLICY_APPLICATION_ID": "${PolicyApplication}",
        "POLICY_ENVIRONMENT_ID": "${PolicyEnvironment}",
        "POLICY_PROFILE_ID": "${PolicyProfile}",
    }
    assert full.environment("PushFunction") == common | {
        "PUSH_QUEUE_URL": "${PushQueue.QueueUrl}",
        "DEAD_LETTER_QUEUE_URL": "${DeadLetterQueue.QueueUrl}",
        "MAX_RECEIVES": "5",
        "OWN_ROLE_ARNS": "${PushRole.Arn},${ReconcileRole.Arn}",
        **judging,
    }
    assert full.environment("ReconcileFunction") == common | judging
    assert full.environment("ChangesFunction") == common | judging | {
        "CHANGES_QUEUE_URL": "${ChangesQueue.QueueUrl}",
        "DEAD_LETTER_QUEUE_URL": "${ChangesDeadLetterQueue.QueueUrl}",
        "MAX_RECEIVES": "5",
    }
    assert full.environment("SlackFunction") == common | {
        "SLACK_WEBHOOK_SECRET_ARN": WEBHOOK,
        "SLACK_QUEUE_URL": "${SlackQueue.QueueUrl}",
        "INVENTORY_TABLE": "${InventoryTable}",
    }
    assert full.environment("PolicyFunction") == common


def functions_accept_their_configuration(stack: Stack) -> None:
    topic = {"ALERTS_TOPIC_ARN": "arn:aws:sns:eu-central-1:123456789012:guard-AlertsTopic-1"}
    roles = {"OWN_ROLE_ARNS": "arn:aws:iam::123456789012:role/guard-Push-1,arn:aws:iam::123456789012:role/guard-Rec-1"}
    for variant in variants(stack):
        PushConfig.from_env(variant.environment("PushFunction") | topic | roles)
        GuardConfig.from_env(variant.environment("ReconcileFunction") | topic)
        ChangesConfig.from_env(variant.environment("ChangesFunction") | topic)
    SlackConfig.from_env(stack.given(**EVERYTHING).environment("SlackFunction"))


def functions_know_how_far_they_may_go(stack: Stack) -> None:
    asked = stack.given(
        Enforcement="quarantine", EnforcementPattern="team-a/*", DestructiveActsPerHour="3", HistoryDays="7"
    )
    for function in ("PushFunction", "ReconcileFunction", "ChangesFunction"):
        told = asked.environment(function)
        assert told["ENFORCEMENT"] == "quarantine", function
        assert told["ENFORCEMENT_PATTERN"] == "team-a/*", function
        assert told["DESTRUCTIVE_ACTS_PER_HOUR"] == "3", function
        assert told["HISTORY_DAYS"] == "7", function
    declared = stack.template["Parameters"]
    assert declared["Enforcement"]["AllowedValues"] == list(ENFORCEMENT)
    limits = {"DestructiveActsPerHour": (20, 1, 1000), "HistoryDays": (90, 1, 3650)}
    for name, expected in limits.items():
        assert (declared[name]["Default"], declared[name]["MinValue"], declared[name]["MaxValue"]) == expected, name
    for level in ENFORCEMENT:
        assert f"{level}: " in declared["Enforcement"]["Description"], level


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
        "ReconcileFunction": "reconcile.handler",
        "ChangesFunction": "changes.handler",
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
