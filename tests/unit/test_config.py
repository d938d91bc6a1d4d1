"""The functions' configuration: a variable that is missing or wrong is named, at the first event."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ecrguard.config import (
    ENFORCEMENT,
    SOURCES,
    ChangesConfig,
    ConfigurationError,
    GuardConfig,
    PushConfig,
    SlackConfig,
)
from ecrguard.domain.action import Action
from ecrguard.domain.reference import Registry

ENVIRONMENT = {
    "POWERTOOLS_SERVICE_NAME": "ecrguard",
    "ALERTS_TOPIC_ARN": "arn:aws:sns:eu-central-1:123456789012:ecrguard-Alerts-1A2B",
    "DEAD_LETTER_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/ecrguard-Dead-1A2B",
    "PUSH_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/ecrguard-Push-1A2B",
    "MAX_RECEIVES": "5",
    "OWN_ROLE_ARNS": "arn:aws:iam::123456789012:role/ecrguard-Push-1A,arn:aws:iam::123456789012:role/ecrguard-Rec-1A",
    "ENFORCEMENT": "audit",
    "ENFORCEMENT_PATTERN": "*",
    "DESTRUCTIVE_ACTS_PER_HOUR": "20",
    "HISTORY_DAYS": "90",
    "REPOSITORY_PATTERN": "*",
    "INVENTORY_TABLE": "ecrguard-Inventory-1A2B",
    "LINKED_WORKLOADS": "ecs,apprunner",
    "RECONCILE_MINUTES": "60",
    "POLICY_APPLICATION_ID": "abc1234",
    "POLICY_ENVIRONMENT_ID": "def5678",
    "POLICY_PROFILE_ID": "ghi9012",
}


def test_a_whole_environment_is_read() -> None:
    config = PushConfig.from_env(ENVIRONMENT | {"UNRELATED": "x"})

    assert config.guard.registry == Registry("123456789012", "eu-central-1")
    assert config.guard.stack == "ecrguard"
    assert (config.guard.partition, config.queue.max_receives) == ("aws", 5)
    assert config.own_role_arns == {
        "arn:aws:iam::123456789012:role/ecrguard-Push-1A",
        "arn:aws:iam::123456789012:role/ecrguard-Rec-1A",
    }
    assert (config.guard.enforcement, config.guard.enforcement_pattern) == (Action.ALERT, "*")
    assert (config.guard.destructive_acts_per_hour, config.guard.history) == (20, timedelta(days=90))
    assert config.guard.linked_workloads == ("ecs", "apprunner")
    assert config.guard.reconcile_period == timedelta(hours=1)
    assert config.guard.inventory_limit == timedelta(hours=3)
    assert config.guard == GuardConfig.from_env(ENVIRONMENT)


def test_changes_come_from_a_queue_of_their_own() -> None:
    config = ChangesConfig.from_env(ENVIRONMENT | {"CHANGES_QUEUE_URL": "https://sqs/changes"})

    assert (config.queue.queue_url, config.queue.max_receives) == ("https://sqs/changes", 5)
    assert config.guard == GuardConfig.from_env(ENVIRONMENT)
    with pytest.raises(ConfigurationError, match="CHANGES_QUEUE_URL"):
        ChangesConfig.from_env(ENVIRONMENT)


def test_alerts_for_slack_are_posted_in_threads_that_are_kept_in_the_table() -> None:
    environment = {"SLACK_WEBHOOK_SECRET_ARN": "arn", "SLACK_QUEUE_URL": "https://sqs/slack", "INVENTORY_TABLE": "t"}

    assert SlackConfig.from_env(environment) == SlackConfig("arn", "https://sqs/slack", "t")
    for name in environment:
        with pytest.raises(ConfigurationError, match=name):
            SlackConfig.from_env({key: value for key, value in environment.items() if key != name})


def refuses(environment: dict[str, str], name: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"^expected the environment variable {name}; template.yaml sets it$"):
        PushConfig.from_env(environment)


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_a_variable_that_is_missing_is_named(name: str) -> None:
    refuses({key: value for key, value in ENVIRONMENT.items() if key != name}, name)


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_a_variable_that_is_empty_is_named(name: str) -> None:
    refuses(ENVIRONMENT | {name: ""}, name)


UNUSABLE = {
    "a topic's name without its ARN": ("ALERTS_TOPIC_ARN", "alerts"),
    "the ARN of a queue": ("ALERTS_TOPIC_ARN", "arn:aws:sqs:eu-central-1:123456789012:alerts"),
    "an ARN with a line after it": ("ALERTS_TOPIC_ARN", ENVIRONMENT["ALERTS_TOPIC_ARN"] + "\nx"),
    "no number": ("MAX_RECEIVES", "five"),
    "none at all": ("MAX_RECEIVES", "0"),
    "less than none": ("MAX_RECEIVES", "-1"),
    "no time at all": ("RECONCILE_MINUTES", "0"),
    "no act at all": ("DESTRUCTIVE_ACTS_PER_HOUR", "0"),
    "no history at all": ("HISTORY_DAYS", "0"),
    "the name of a role": ("OWN_ROLE_ARNS", "ecrguard-Push-1A"),
    "the ARN of a session": ("OWN_ROLE_ARNS", "arn:aws:sts::123456789012:assumed-role/ecrguard-Push-1A/push"),
    "a list with nothing in it": ("OWN_ROLE_ARNS", ENVIRONMENT["OWN_ROLE_ARNS"] + ","),
    "an enforcement that does not exist": ("ENFORCEMENT", "destroy"),
    "an enforcement in another case": ("ENFORCEMENT", "Tag"),
}


@pytest.mark.parametrize(("name", "value"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_a_value_that_is_not_usable_is_shown_beside_what_was_expected(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        PushConfig.from_env(ENVIRONMENT | {name: value})

    assert name in str(caught.value)
    assert repr(value) in str(caught.value)
    assert str(caught.value).startswith("expected ")


@pytest.mark.parametrize(
    ("arn", "partition", "registry"),
    [
        ("arn:aws-cn:sns:cn-north-1:123456789012:a", "aws-cn", Registry("123456789012", "cn-north-1")),
        ("arn:aws-us-gov:sns:us-gov-west-1:123456789012:a", "aws-us-gov", Registry("123456789012", "us-gov-west-1")),
        ("arn:aws-iso-b:sns:us-isob-east-1:123456789012:a", "aws-iso-b", Registry("123456789012", "us-isob-east-1")),
    ],
)
def test_the_registry_is_that_of_the_stacks_own_account_region_and_partition(
    arn: str, partition: str, registry: Registry
) -> None:
    config = PushConfig.from_env(ENVIRONMENT | {"ALERTS_TOPIC_ARN": arn})

    assert (config.guard.partition, config.guard.registry) == (partition, registry)


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("none", ()),
        ("ecs", ("ecs",)),
        ("ecs,", ("ecs",)),
        (" ecs , apprunner", ("ecs", "apprunner")),
        ("apprunner,ecs,apprunner", ("apprunner", "ecs")),
    ],
)
def test_linked_workloads_are_each_named_once_and_may_be_none(value: str, names: tuple[str, ...]) -> None:
    assert PushConfig.from_env(ENVIRONMENT | {"LINKED_WORKLOADS": value}).guard.linked_workloads == names


def test_a_source_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(ConfigurationError) as caught:
        PushConfig.from_env(ENVIRONMENT | {"LINKED_WORKLOADS": "ecs,fargate"})

    assert "LINKED_WORKLOADS, got 'fargate'" in str(caught.value)
    assert all(name in str(caught.value) for name in SOURCES)


@pytest.mark.parametrize(
    ("pattern", "repository", "guarded"),
    [
        ("*", "team/app", True),
        ("team/*", "team/app", True),
        ("team/*", "team/app/deep", True),
        ("team/*", "my-team/app", False),
        ("team/*", "team", False),
        ("*/app", "team/app", True),
        ("te*/a*p", "team/app", True),
        ("team.app", "team-app", False),
        ("team/app", "team/app", True),
        ("team/app", "team/app2", False),
    ],
)
def test_a_pattern_guards_what_the_rule_and_the_roles_take_it_for(
    pattern: str, repository: str, *, guarded: bool
) -> None:
    config = GuardConfig.from_env(ENVIRONMENT | {"REPOSITORY_PATTERN": pattern})
    assert config.guards(repository) is guarded


@pytest.mark.parametrize(
    ("enforcement", "action"),
    [
        ("audit", Action.ALERT),
        ("tag", Action.TAG),
        ("quarantine", Action.QUARANTINE),
        ("archive", Action.ARCHIVE),
        ("delete", Action.DELETE),
    ],
)
def test_each_enforcement_allows_the_action_of_its_name_and_audit_an_alert(enforcement: str, action: Action) -> None:
    assert GuardConfig.from_env(ENVIRONMENT | {"ENFORCEMENT": enforcement}).level("team/app") is action
    assert len(ENFORCEMENT) == len(Action)


@pytest.mark.parametrize(
    ("guarded", "enforced", "repository", "action"),
    [
        ("*", "*", "team/app", Action.DELETE),
        ("*", "team/*", "team/app", Action.DELETE),
        ("*", "team/*", "prod/app", Action.ALERT),
        ("*", "team/*", "my-team/app", Action.ALERT),
        ("team/*", "*", "team/app", Action.DELETE),
        ("team/*", "*", "prod/app", Action.ALERT),
        ("team/*", "*/app", "team/app", Action.DELETE),
        ("team/*", "*/app", "team/web", Action.ALERT),
        ("team/*", "*/app", "prod/app", Action.ALERT),
    ],
)
def test_where_the_stack_may_not_write_it_only_alerts(
    guarded: str, enforced: str, repository: str, action: Action
) -> None:
    patterns = {"REPOSITORY_PATTERN": guarded, "ENFORCEMENT_PATTERN": enforced}
    config = GuardConfig.from_env(ENVIRONMENT | {"ENFORCEMENT": "delete"} | patterns)
    assert config.level(repository) is action
