"""Putting together what keeps the inventory: passes and changes. The push function needs none of it."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import boto3

from ecrguard.adapters.inventory_table import InventoryTable
from ecrguard.adapters.sqs import SqsDeadLetters
from ecrguard.adapters.visibility import SqsVisibility
from ecrguard.changes import Changes
from ecrguard.clients import CLIENTS
from ecrguard.clock import utc_now
from ecrguard.deadline import Deadline
from ecrguard.deployed import DeployedGuard, Occasion
from ecrguard.domain.inventory import read_since
from ecrguard.reconcile import Reconciler
from ecrguard.remover import Remover
from ecrguard.sweep import Sweep
from ecrguard.wiring import alerts, build_guard, images, ledger, new_owner, policies
from ecrguard.wiring_sources import sources_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ecrguard.config import ChangesConfig, GuardConfig
    from ecrguard.domain.inventory import Pass
    from ecrguard.domain.workload import Workload
    from ecrguard.ports import WorkloadSource
    from ecrguard.report import Report


def build_reconciler(config: GuardConfig, told: Callable[[Report], None]) -> Reconciler:
    """What makes passes, on AWS.

    Args:
        config: of the function.
        told: takes a report of each workload that was judged.
    """
    session = boto3.Session()
    guard = _deployed_guard(session, config, told)

    def judge(running: Pass, workloads: Sequence[Workload]) -> None:
        guard.check(workloads, Occasion(f"{running.source}-{running.started.isoformat()}", running.started))

    inventory, sources = _inventory(session, config)
    return Reconciler(inventory, sources, judge, Deadline(), config.reconcile_period, utc_now)


def build_changes(config: ChangesConfig, told: Callable[[Report], None]) -> Changes:
    """What takes events of change, on AWS.

    Args:
        config: of the function.
        told: takes a report of each workload that was judged.
    """
    session, queue = boto3.Session(), config.queue
    guard = _deployed_guard(session, config.guard, told)
    inventory, sources = _inventory(session, config.guard)
    sqs = functools.cache(lambda: session.client("sqs", config=CLIENTS))
    return Changes(
        inventory=inventory,
        registry=config.guard.registry,
        sources=sources,
        judge=guard.check,
        dead_letters=SqsDeadLetters(sqs, queue.dead_letter_queue_url),
        queue=SqsVisibility(sqs, queue.queue_url),
        deadline=Deadline(),
        now=utc_now,
        max_receives=queue.max_receives,
    )


def build_sweep(config: GuardConfig) -> Sweep:
    """What archives and deletes images that are due, on AWS."""
    session = boto3.Session()
    dynamodb = functools.cache(lambda: session.client("dynamodb", config=CLIENTS))
    inventory = InventoryTable(dynamodb, config.inventory_table)
    guard = build_guard(config, session)
    enforcer = guard.enforcer
    return Sweep(
        guard,
        Remover(enforcer.images, enforcer.editor, enforcer.ledger, enforcer.undo, utc_now),
        lambda: read_since(inventory.states(), config.linked_workloads),
        Deadline(),
    )


def _inventory(
    session: boto3.Session, config: GuardConfig
) -> tuple[InventoryTable, dict[str, Callable[[], WorkloadSource]]]:
    """The inventory, and what makes the sources that are switched on."""
    dynamodb = functools.cache(lambda: session.client("dynamodb", config=CLIENTS))
    return InventoryTable(dynamodb, config.inventory_table), sources_of(session, dynamodb, config)


def _deployed_guard(session: boto3.Session, config: GuardConfig, told: Callable[[Report], None]) -> DeployedGuard:
    dynamodb = functools.cache(lambda: session.client("dynamodb", config=CLIENTS))
    return DeployedGuard(
        images=images(session, config),
        registry=config.registry,
        guards=config.guards,
        policies=policies(session, config),
        alerts=alerts(session, config),
        ledger=ledger(dynamodb, config),
        owner=new_owner,
        now=utc_now,
        told=told,
    )
