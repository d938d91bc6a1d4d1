from __future__ import annotations

import re

import pytest
from tests.template.stack import Stack
from tests.template.variants import ALL

ACCEPTED = {
    "AlertEmail": ("", "ops@example.com", "first.last+ecr@sub.example.co"),
    "SlackWebhookSecretArn": (
        "",
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:slack-AbCdEf",
        "arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:team/slack/hook-a1B2c3",
    ),
    "SlackWebhookKeyArn": ("", "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"),
    "LinkedWorkloads": ("none", "ecs", "eks", "ecs,apprunner", "lambda,ecs,tasks", ALL),
    "EnforcementPattern": ("*", "api", "team-a/*"),
    "RepositoryPattern": ("*", "api", "team-a/*", "*/prod-*", "a.b_c-d/e"),
}
REFUSED = {
    "AlertEmail": ("ops", "ops@example", "a@b.c d@e.f", "@example.com"),
    "SlackWebhookSecretArn": (
        "https://hooks.example.com/services/T0/B0/x",
        "slack",
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:slack",
        "arn:aws:ssm:eu-central-1:123456789012:parameter/slack-AbCdEf",
    ),
    "SlackWebhookKeyArn": ("alias/slack", "arn:aws:kms:eu-central-1:123456789012:alias/slack"),
    "LinkedWorkloads": (
        "",
        "all",
        "ecs,",
        ",ecs",
        "ecs, apprunner",
        "ecs,none",
        "none,ecs",
        "ECS",
        "ecs apprunner",
        "ec",
    ),
    "EnforcementPattern": ("", "Team", "team?", "a**", "arn:aws:ecr:::repository/a"),
    "RepositoryPattern": ("", "Team", "team?", "a**", "/a", "a b", "[a]", "arn:aws:ecr:::repository/a"),
}


def _fits(parameter: str, value: str) -> bool:
    return re.search(Stack().template["Parameters"][parameter]["AllowedPattern"], value) is not None


@pytest.mark.parametrize(
    ("parameter", "value"), [(name, value) for name, values in ACCEPTED.items() for value in values]
)
def test_takes(parameter: str, value: str) -> None:
    assert _fits(parameter, value)


@pytest.mark.parametrize(
    ("parameter", "value"), [(name, value) for name, values in REFUSED.items() for value in values]
)
def test_refuses(parameter: str, value: str) -> None:
    assert not _fits(parameter, value)


def test_every_pattern_is_tried() -> None:
    patterns = {name for name, declared in Stack().template["Parameters"].items() if "AllowedPattern" in declared}
    assert patterns == set(ACCEPTED) == set(REFUSED)
