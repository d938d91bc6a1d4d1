"""Putting the push function's parts together, once for each execution environment."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from ecrguard.adapters.appconfig import AppConfigPolicy
from ecrguard.adapters.blobs import Blobs
from ecrguard.adapters.ecr import EcrImages
from ecrguard.adapters.sns import SnsAlerts
from ecrguard.adapters.sqs import SqsDeadLetters
from ecrguard.adapters.visibility import SqsVisibility
from ecrguard.adapters.workloads import workload_reader
from ecrguard.deadline import Deadline
from ecrguard.guard import Guard
from ecrguard.inbox import Inbox

if TYPE_CHECKING:
    from ecrguard.config import PushConfig

_CLIENTS = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 3},
    user_agent_extra="ecrguard",
)
"""A call that fails has failed after some 20 seconds, its retries included: the queue tries again what is worth it."""


def build_inbox(config: PushConfig) -> Inbox:
    """The push function's inbox on AWS. No client is made before a call needs it, and each is made once."""
    session, deadline = boto3.Session(), Deadline()
    guard = Guard(
        images=EcrImages(
            functools.cache(lambda: session.client("ecr", config=_CLIENTS)), Blobs(), config.registry, config.partition
        ),
        workloads=workload_reader(
            config.linked_workloads,
            functools.cache(lambda: session.client("ecs", config=_CLIENTS)),
            functools.cache(lambda: session.client("apprunner", config=_CLIENTS)),
            deadline,
        ),
        policies=AppConfigPolicy(
            functools.cache(lambda: session.client("appconfigdata", config=_CLIENTS)),
            config.policy_application_id,
            config.policy_environment_id,
            config.policy_profile_id,
            _now,
        ),
        alerts=SnsAlerts(functools.cache(lambda: session.client("sns", config=_CLIENTS)), config.alerts_topic_arn),
        enforcement=config.enforcement,
        now=_now,
    )
    sqs = functools.cache(lambda: session.client("sqs", config=_CLIENTS))
    return Inbox(
        guard,
        config.registry,
        SqsDeadLetters(sqs, config.dead_letter_queue_url),
        SqsVisibility(sqs, config.push_queue_url),
        deadline,
        config.max_receives,
    )


def _now() -> datetime:
    return datetime.now(UTC)
