"""What the functions are configured with: environment variables that the template sets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from ecrguard.domain.action import Action
from ecrguard.domain.reference import Registry
from ecrguard.errors import EcrguardError

if TYPE_CHECKING:
    from collections.abc import Mapping

SOURCES = (
    "ecs",
    "tasks",
    "schedules",
    "apprunner",
    "lambda",
    "batch",
    "codebuild",
    "agentcore",
    "sagemaker",
    "eks",
)
"""Names of the sources of workloads that there are, as the parameter ``LinkedWorkloads`` has them."""
ENFORCEMENT = {
    "audit": Action.ALERT,
    "tag": Action.TAG,
    "quarantine": Action.QUARANTINE,
    "archive": Action.ARCHIVE,
    "delete": Action.DELETE,
}
"""The values of the parameter ``Enforcement``, each with the most severe action that it allows, from mild to severe."""


class ConfigurationError(EcrguardError):
    """An environment variable is missing or not usable. The message names it and says what was expected."""


@dataclass(frozen=True, slots=True)
class GuardConfig:
    """What every function that judges images is configured with.

    Attributes:
        stack: name of the CloudFormation stack; commands for people name it.
        alerts_topic_arn: SNS topic that alerts are published on.
        repository_pattern: repositories that are guarded; ``*`` is any characters, as in the rule and the roles.
        inventory_table: DynamoDB table of the workloads.
        linked_workloads: names of the sources of workloads that are read, each once; none for the policy alone.
        reconcile_period: how long after a full reading of a source it is read again.
        enforcement: the most severe action that the stack allows, in the repositories of ``enforcement_pattern``.
        enforcement_pattern: repositories in which more than an alert is allowed, as in the roles' permissions to write.
        destructive_acts_per_hour: how many tags and images may be taken away within an hour, over all repositories.
        history: how long what was done of a tag is kept.
        policy_application_id: AppConfig application that holds the policy.
        policy_environment_id: its environment.
        policy_profile_id: its configuration profile.
    """

    stack: str
    alerts_topic_arn: str
    repository_pattern: str
    inventory_table: str
    linked_workloads: tuple[str, ...]
    reconcile_period: timedelta
    enforcement: Action
    enforcement_pattern: str
    destructive_acts_per_hour: int
    history: timedelta
    policy_application_id: str
    policy_environment_id: str
    policy_profile_id: str

    @property
    def inventory_limit(self) -> timedelta:
        """From which age on the inventory is too old: two full readings have not come to an end."""
        return 3 * self.reconcile_period

    def guards(self, repository: str) -> bool:
        """Whether a repository of the registry is guarded."""
        return _fits(self.repository_pattern, repository)

    def level(self, repository: str) -> Action:
        """The most severe action that the stack allows in a repository: an alert where it may not write."""
        if self.guards(repository) and _fits(self.enforcement_pattern, repository):
            return self.enforcement
        return Action.ALERT

    @property
    def partition(self) -> str:
        """The AWS partition that the stack is deployed in."""
        return self.alerts_topic_arn.split(":")[1]

    @property
    def registry(self) -> Registry:
        """The registry that the stack guards: of its own account and Region."""
        _, _, _, region, account, _ = self.alerts_topic_arn.split(":")
        return Registry(account, region)

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> GuardConfig:
        """Read the environment.

        Raises:
            ConfigurationError: a variable is missing or has a value that is not usable.
        """
        return cls(
            # The service that logs and metrics name is the stack.
            stack=_required(environ, "POWERTOOLS_SERVICE_NAME"),
            alerts_topic_arn=_topic_arn(environ),
            repository_pattern=_required(environ, "REPOSITORY_PATTERN"),
            inventory_table=_required(environ, "INVENTORY_TABLE"),
            linked_workloads=_sources(environ),
            reconcile_period=timedelta(minutes=_number(environ, "RECONCILE_MINUTES")),
            enforcement=_enforcement(environ),
            enforcement_pattern=_required(environ, "ENFORCEMENT_PATTERN"),
            destructive_acts_per_hour=_number(environ, "DESTRUCTIVE_ACTS_PER_HOUR"),
            history=timedelta(days=_number(environ, "HISTORY_DAYS")),
            policy_application_id=_required(environ, "POLICY_APPLICATION_ID"),
            policy_environment_id=_required(environ, "POLICY_ENVIRONMENT_ID"),
            policy_profile_id=_required(environ, "POLICY_PROFILE_ID"),
        )


@dataclass(frozen=True, slots=True)
class QueueConfig:
    """The queue that a function takes events from.

    Attributes:
        queue_url: SQS queue that events come from.
        dead_letter_queue_url: SQS queue for what cannot be settled.
        max_receives: of the queue's redrive policy.
    """

    queue_url: str
    dead_letter_queue_url: str
    max_receives: int

    @classmethod
    def from_env(cls, environ: Mapping[str, str], queue: str) -> QueueConfig:
        """Read the environment; ``queue`` is the variable that has the queue's URL.

        Raises:
            ConfigurationError: a variable is missing or has a value that is not usable.
        """
        return cls(
            queue_url=_required(environ, queue),
            dead_letter_queue_url=_required(environ, "DEAD_LETTER_QUEUE_URL"),
            max_receives=_number(environ, "MAX_RECEIVES"),
        )


@dataclass(frozen=True, slots=True)
class PushConfig:
    """The push function's configuration.

    Attributes:
        guard: what it has in common with the others that judge.
        queue: of pushes, and of the calls that tell who pushed.
        own_role_arns: the stack's roles that may push to ECR; their pushes are nobody's.
    """

    guard: GuardConfig
    queue: QueueConfig
    own_role_arns: frozenset[str]

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> PushConfig:
        """Read the environment.

        Raises:
            ConfigurationError: a variable is missing or has a value that is not usable.
        """
        guard, queue = GuardConfig.from_env(environ), QueueConfig.from_env(environ, "PUSH_QUEUE_URL")
        return cls(guard, queue, _role_arns(environ))


@dataclass(frozen=True, slots=True)
class ChangesConfig:
    """The configuration of the function that takes events of change.

    Attributes:
        guard: what it has in common with the others that judge.
        queue: of events of change.
    """

    guard: GuardConfig
    queue: QueueConfig

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> ChangesConfig:
        """Read the environment.

        Raises:
            ConfigurationError: a variable is missing or has a value that is not usable.
        """
        return cls(GuardConfig.from_env(environ), QueueConfig.from_env(environ, "CHANGES_QUEUE_URL"))


@dataclass(frozen=True, slots=True)
class SlackConfig:
    """The Slack function's configuration.

    Attributes:
        webhook_secret_arn: Secrets Manager secret with the webhook's URL.
        queue_url: SQS queue that alerts come from.
        inventory_table: DynamoDB table in which the message of each alert is kept, for what follows in its thread.
    """

    webhook_secret_arn: str
    queue_url: str
    inventory_table: str

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> SlackConfig:
        """Read the environment.

        Raises:
            ConfigurationError: a variable is missing.
        """
        return cls(
            webhook_secret_arn=_required(environ, "SLACK_WEBHOOK_SECRET_ARN"),
            queue_url=_required(environ, "SLACK_QUEUE_URL"),
            inventory_table=_required(environ, "INVENTORY_TABLE"),
        )


def _required(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "")
    if not value:
        raise ConfigurationError(f"expected the environment variable {name}; template.yaml sets it")
    return value


def _sources(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The names in a list with commas. To ask nobody is a decision, and has a word: ``none``."""
    names = (one.strip() for one in _required(environ, "LINKED_WORKLOADS").split(","))
    found = tuple(dict.fromkeys(one for one in names if one and one != "none"))
    for name in found:
        if name not in SOURCES:
            raise ConfigurationError(f"expected some of {', '.join(SOURCES)} in LINKED_WORKLOADS, got {name!r}")
    return found


def _topic_arn(environ: Mapping[str, str]) -> str:
    value = _required(environ, "ALERTS_TOPIC_ARN")
    if not re.fullmatch(r"arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]+", value):
        raise ConfigurationError(f"expected the ARN of an SNS topic in ALERTS_TOPIC_ARN, got {value!r}")
    return value


def _number(environ: Mapping[str, str], name: str) -> int:
    value = _required(environ, name)
    if not value.isdecimal() or int(value) < 1:
        raise ConfigurationError(f"expected a number from 1 in the environment variable {name}, got {value!r}")
    return int(value)


def _enforcement(environ: Mapping[str, str]) -> Action:
    value = _required(environ, "ENFORCEMENT")
    if value not in ENFORCEMENT:
        raise ConfigurationError(f"expected one of {', '.join(ENFORCEMENT)} in ENFORCEMENT, got {value!r}")
    return ENFORCEMENT[value]


def _role_arns(environ: Mapping[str, str]) -> frozenset[str]:
    """The ARNs in a list with commas."""
    value = _required(environ, "OWN_ROLE_ARNS")
    found = value.split(",")
    for arn in found:
        if not re.fullmatch(r"arn:[a-z-]+:iam::\d{12}:role/[\w+=.@/-]+", arn):
            raise ConfigurationError(
                f"expected ARNs of IAM roles, with commas between them, in OWN_ROLE_ARNS, got {value!r}"
            )
    return frozenset(found)


def _fits(pattern: str, repository: str) -> bool:
    """Whether a name is one of those that a pattern stands for, as IAM and EventBridge read it: * is any characters."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), repository) is not None
