"""The path of a push, with the product's own code on clients of boto3: how long it takes, and what it asks."""

from __future__ import annotations

import gc
import statistics
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bench import registry
from bench.account import REGISTRY
from bench.clock import START, WallClock
from bench.wire import ACCOUNT, REGION, Aws, WrongResultError
from ecrguard.adapters.appconfig import AppConfigPolicy
from ecrguard.adapters.ecr import EcrImages
from ecrguard.adapters.inventory_reader import InventoryReader
from ecrguard.config import GuardConfig
from ecrguard.domain.action import Action
from ecrguard.domain.push import Arrival, Push
from ecrguard.domain.verdict import Judgement
from ecrguard.judging import Judge
from ecrguard.wiring import build_guard

if TYPE_CHECKING:
    from bench.account import Account
    from bench.dynamodb import Table
    from ecrguard.guard import Guard

LIMIT = timedelta(hours=3)
"""Age from which on the inventory counts as too old."""
_APART = timedelta(seconds=1)
_TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"


@dataclass(slots=True)
class PushFigures:
    """What pushes took.

    Attributes:
        milliseconds: of each push.
        calls: to AWS, by ``service:Operation``, of each push.
        items: that a push read from the inventory.
        kilobytes: that those had.
    """

    milliseconds: list[float] = field(default_factory=list)
    calls: list[Counter[str]] = field(default_factory=list)
    items: list[int] = field(default_factory=list)
    kilobytes: list[float] = field(default_factory=list)

    @property
    def p50(self) -> float:
        """Milliseconds that half of the pushes took at most."""
        return statistics.median(self.milliseconds)

    @property
    def p95(self) -> float:
        """Milliseconds that nineteen of twenty pushes took at most."""
        if len(self.milliseconds) == 1:
            return self.milliseconds[0]
        return statistics.quantiles(self.milliseconds, n=20, method="inclusive")[-1]

    @property
    def least(self) -> Counter[str]:
        """The calls of a push that finds the states of the sources and the policy in memory."""
        return min(self.calls, key=Counter.total)

    @property
    def most(self) -> Counter[str]:
        """The calls of a push that finds neither."""
        return max(self.calls, key=Counter.total)


@dataclass(slots=True)
class _Time:
    """The time that the product sees: it goes on by a second from push to push, however quick they are."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now


def measure(account: Account, table: Table, pushes: int, since: datetime) -> PushFigures:
    """Push an image for arm64 to repositories whose workloads need amd64, again and again: each push is alerted.

    Latencies are slept. The inventory is asked in a thread of its own, as in the function.

    Args:
        account: whose repositories are pushed to.
        table: the inventory, full.
        pushes: how many are timed; one more, before them, lets clients be made.
        since: when the inventory was last read completely.
    """
    aws = Aws(
        WallClock(),
        {
            "ecr": registry.ecr(),
            "dynamodb": table.service(),
            "appconfigdata": registry.appconfigdata,
            "sns": registry.sns,
        },
    )
    time = _Time(since)
    guard = _guard(aws, table.name, time)
    figures = PushFigures()
    gc.freeze()
    try:
        _push(guard, account, pushes, time.now)
        for number in range(pushes):
            # The first of them finds nothing in memory any more.
            time.now += timedelta(minutes=2) if number == 0 else _APART
            before, read, kilobytes = Counter(aws.calls), table.read, table.kilobytes
            began = aws.clock()
            _push(guard, account, number, time.now)
            figures.milliseconds.append((aws.clock() - began) * 1000)
            figures.calls.append(aws.calls - before)
            figures.items.append(table.read - read)
            figures.kilobytes.append(table.kilobytes - kilobytes)
    finally:
        guard.judge.aside.shutdown()
        gc.unfreeze()
    return figures


def _guard(aws: Aws, table: str, time: _Time) -> Guard:
    """The guard as the push function puts it together, but for its clock and its downloads."""
    session = aws.session()
    config = GuardConfig(
        stack="ecrguard",
        alerts_topic_arn=_TOPIC,
        repository_pattern="*",
        inventory_table=table,
        linked_workloads=("ecs",),
        reconcile_period=LIMIT / 3,
        enforcement=Action.ALERT,
        enforcement_pattern="*",
        destructive_acts_per_hour=20,
        history=timedelta(days=90),
        policy_application_id="application",
        policy_environment_id="environment",
        policy_profile_id="profile",
    )
    made = build_guard(config, session)
    images, workloads, policies = made.judge.images, made.judge.workloads, made.judge.policies
    if not isinstance(images, EcrImages) or not isinstance(workloads, InventoryReader):
        raise TypeError(f"expected the product's own adapters, got {images} and {workloads}")
    if not isinstance(policies, AppConfigPolicy):
        raise TypeError(f"expected the product's own adapter, got {policies}")
    images, workloads = replace(images, blobs=registry.blobs(aws)), replace(workloads, now=time)
    policies = replace(policies, now=time)
    return replace(made, judge=Judge(images, workloads, policies, time), now=time)


def _push(guard: Guard, account: Account, number: int, now: datetime) -> None:
    repository = account.repository(number * account.per_repository % account.workloads)
    push = Push(Arrival.PUSHED, REGISTRY, repository, registry.PUSHED, f"1.{number}", f"event-{number}", now)
    reports = guard.check(push, last_try=False)
    if [(report.verdict.judgement, report.alerted) for report in reports] != [(Judgement.MISMATCH, True)]:
        raise WrongResultError(f"expected a mismatch that is alerted, got {reports}")
    found = len({finding.subject.name for finding in reports[0].verdict.findings})
    if found < min(account.per_repository, account.workloads):
        raise WrongResultError(f"expected every workload of {repository} to be found, got {found}")
