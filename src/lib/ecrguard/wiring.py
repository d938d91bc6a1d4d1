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
from ecrguard.adapters.inventory_reader import InventoryReader
from ecrguard.adapters.sns import SnsAlerts
from ecrguard.adapters.sqs import SqsDeadLetters
from ecrguard.adapters.visibility import SqsVisibility
from ecrguard.deadline import Deadline
from ecrguard.guard import Guard
from ecrguard.inbox import Inbox

if TYPE_CHECKING:
    from ecrguard.config import GuardConfig, PushConfig

CLIENTS = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 3},
    user_agent_extra="ecrguard",
)
"""A call that fails has failed after some 20 seconds, its retries included: the queue tries again what is worth it."""


def build_inbox(config: PushConfig) -> Inbox:
    """The push function's inbox on AWS. No client is made before a call needs it, and each is made once."""
    session, deadline = boto3.Session(), Deadline()
    common, queue = config.guard, config.queue
    guard = Guard(
        images=images(session, common),
        workloads=InventoryReader(
            functools.cache(lambda: session.client("dynamodb", config=CLIENTS)),
            common.inventory_table,
            common.linked_workloads,
            common.inventory_limit,
            utc_now,
        ),
        policies=policies(session, common),
        alerts=alerts(session, common),
        enforcement=config.enforcement,
        now=utc_now,
    )
    sqs = functools.cache(lambda: session.client("sqs", config=CLIENTS))
    return Inbox(
        guard,
        common.registry,
        SqsDeadLetters(sqs, queue.dead_letter_queue_url),
        SqsVisibility(sqs, queue.queue_url),
        deadline,
        queue.max_receives,
    )


def images(session: boto3.Session, config: GuardConfig) -> EcrImages:
    """The images of the guarded registry."""
    client = functools.cache(lambda: session.client("ecr", config=CLIENTS))
    return EcrImages(client, Blobs(), config.registry, config.partition)


def policies(session: boto3.Session, config: GuardConfig) -> AppConfigPolicy:
    """The policy in force."""
    return AppConfigPolicy(
        functools.cache(lambda: session.client("appconfigdata", config=CLIENTS)),
        config.policy_application_id,
        config.policy_environment_id,
        config.policy_profile_id,
        utc_now,
    )


def alerts(session: boto3.Session, config: GuardConfig) -> SnsAlerts:
    """The topic of alerts."""
    return SnsAlerts(functools.cache(lambda: session.client("sns", config=CLIENTS)), config.alerts_topic_arn)


def utc_now() -> datetime:
    """The time, UTC."""
    return datetime.now(UTC)
