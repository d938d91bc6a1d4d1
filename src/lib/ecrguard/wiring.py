"""Putting the push function's parts together, once for each execution environment."""

from __future__ import annotations

import functools
import time
import uuid
from typing import TYPE_CHECKING

import boto3

from ecrguard.adapters.appconfig import AppConfigPolicy
from ecrguard.adapters.blobs import Blobs
from ecrguard.adapters.ecr import EcrImages
from ecrguard.adapters.ecr_editor import EcrEditor
from ecrguard.adapters.inventory_reader import InventoryReader
from ecrguard.adapters.ledger_table import LedgerTable
from ecrguard.adapters.pushers_table import PusherTable
from ecrguard.adapters.put_budget import PutBudget
from ecrguard.adapters.sns import SnsAlerts
from ecrguard.adapters.sqs import SqsDeadLetters
from ecrguard.adapters.visibility import SqsVisibility
from ecrguard.clients import CLIENTS, EDITORS
from ecrguard.clock import utc_now
from ecrguard.deadline import Deadline
from ecrguard.enforcer import Enforcer
from ecrguard.good_tags import GoodTags
from ecrguard.guard import Guard
from ecrguard.inbox import Inbox
from ecrguard.judging import Judge
from ecrguard.live import LiveSources
from ecrguard.pushers import PusherDesk
from ecrguard.recovery import Recovery
from ecrguard.release import release_command
from ecrguard.situations import Situations

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_dynamodb.client import DynamoDBClient

    from ecrguard.config import GuardConfig, PushConfig
    from ecrguard.ports import WorkloadSource


def build_inbox(config: PushConfig) -> Inbox:
    """The push function's inbox on AWS. No client is made before a call needs it, and each is made once."""
    session, deadline = boto3.Session(), Deadline()
    common, queue = config.guard, config.queue
    guard = build_guard(common, session)
    sqs = functools.cache(lambda: session.client("sqs", config=CLIENTS))
    return Inbox(
        guard,
        PusherDesk(guard.ledger, guard.pushers, guard.alerts, config.own_role_arns, new_owner, utc_now),
        common.registry,
        SqsDeadLetters(sqs, queue.dead_letter_queue_url),
        SqsVisibility(sqs, queue.queue_url),
        deadline,
        queue.max_receives,
    )


def build_guard(config: GuardConfig, session: boto3.Session | None = None) -> Guard:
    """The guard on AWS.

    Args:
        config: of the stack.
        session: whose credentials it works with; that of the environment where None.
    """
    session = session or boto3.Session()
    dynamodb = functools.cache(lambda: session.client("dynamodb", config=CLIENTS))
    store = images(session, config)
    workloads = InventoryReader(
        dynamodb, config.inventory_table, config.linked_workloads, config.inventory_limit, utc_now
    )
    kept = ledger(dynamodb, config)
    changes = editor(session, dynamodb, config)
    recovery = Recovery(store, changes, kept, utc_now)
    return Guard(
        judge=Judge(store, workloads, policies(session, config), utc_now),
        situations=Situations(
            store,
            config.registry,
            workloads,
            LiveSources(functools.cache(lambda: _sources(session, config))),
            bool(config.linked_workloads),
            kept,
            utc_now,
        ),
        enforcer=Enforcer(store, changes, kept, recovery, lambda push: release_command(push, config.stack), utc_now),
        recovery=recovery,
        good_tags=GoodTags(store, changes, recovery, kept, config.level, new_owner, utc_now),
        ledger=kept,
        pushers=PusherTable(dynamodb, config.inventory_table),
        alerts=alerts(session, config),
        level=config.level,
        owner=new_owner,
        now=utc_now,
    )


def images(session: boto3.Session, config: GuardConfig) -> EcrImages:
    """The images of the guarded registry."""
    client = functools.cache(lambda: session.client("ecr", config=CLIENTS))
    return EcrImages(client, Blobs(), config.registry, config.partition)


def editor(session: boto3.Session, dynamodb: Callable[[], DynamoDBClient], config: GuardConfig) -> EcrEditor:
    """What changes the images of the guarded registry."""
    client = functools.cache(lambda: session.client("ecr", config=EDITORS))
    budget = PutBudget(dynamodb, config.inventory_table, utc_now, time.sleep)
    return EcrEditor(client, config.registry, budget.take)


def ledger(dynamodb: Callable[[], DynamoDBClient], config: GuardConfig) -> LedgerTable:
    """The ledger, in the inventory's table."""
    return LedgerTable(dynamodb, config.inventory_table, config.history, config.destructive_acts_per_hour)


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


def new_owner() -> str:
    """A name for one hold of the ledger: no two handlers have the same, not even of the same event."""
    return uuid.uuid4().hex


def _sources(session: boto3.Session, config: GuardConfig) -> Mapping[str, Callable[[], WorkloadSource]]:
    # Only what takes something away reads workloads itself; the others need not load the sources.
    from ecrguard.wiring_sources import sources_of  # noqa: PLC0415

    dynamodb = functools.cache(lambda: session.client("dynamodb", config=CLIENTS))
    return sources_of(session, dynamodb, config)
