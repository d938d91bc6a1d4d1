"""Reading an account as a whole: a pass of the product's own code, and the live scan that it has replaced."""

from __future__ import annotations

import functools
import math
import uuid
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from bench.account import REGISTRY
from bench.clock import VirtualClock
from bench.ecs import LIST_PAGE, REVISIONS_PER_CALL, SERVICES_PER_CALL, Ecs
from bench.live_scan import LiveScan
from bench.wire import Aws, WrongResultError
from ecrguard.adapters.calls import Calls
from ecrguard.adapters.inventory_table import InventoryTable
from ecrguard.adapters.pace import Pace
from ecrguard.adapters.revisions import RevisionTable
from ecrguard.adapters.sources.ecs import EcsSource
from ecrguard.clients import CLIENTS
from ecrguard.deadline import Deadline
from ecrguard.reconcile import Reconciler
from ecrguard.wiring_sources import READERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from bench.account import Account
    from bench.dynamodb import Table
    from ecrguard.domain.inventory import Pass
    from ecrguard.domain.workload import Workload

PERIOD = timedelta(hours=1)
"""How long after its end a pass is due again."""

_FOREVER = timedelta(days=30)


@dataclass(slots=True)
class Cost:
    """What something took.

    Attributes:
        calls: to AWS that were answered, by ``service:Operation``.
        throttled: calls that were refused because they came too fast.
        given_up: calls that botocore gave up after several such refusals.
        waited: seconds for answers, for the pace, and before calls were made again.
        processor: seconds of the processor.
    """

    calls: Counter[str] = field(default_factory=Counter)
    throttled: int = 0
    given_up: int = 0
    waited: float = 0.0
    processor: float = 0.0

    @property
    def seconds(self) -> float:
        """All seconds."""
        return self.waited + self.processor

    def of(self, service: str) -> int:
        """Calls to one service."""
        return sum(number for call, number in self.calls.items() if call.startswith(f"{service}:"))


@dataclass(frozen=True, slots=True)
class Passes:
    """Two passes of one account.

    Attributes:
        first: with nothing known.
        second: of an account in which nothing has changed.
        since: when the second began, UTC.
    """

    first: Cost
    second: Cost
    since: datetime


@contextmanager
def _costing(aws: Aws, clock: VirtualClock) -> Iterator[Cost]:
    """What is done within this, as soon as it is done."""
    cost, calls, throttled = Cost(), Counter(aws.calls), aws.throttled.total()
    waited, processor = clock.waited, clock.processor
    with aws.waiting():
        yield cost
    cost.calls, cost.throttled = aws.calls - calls, aws.throttled.total() - throttled
    cost.waited, cost.processor = clock.waited - waited, clock.processor - processor


def reconcile(account: Account, table: Table) -> Passes:
    """Read an account into a table twice, with the product's own code, paced as it is there."""
    clock = VirtualClock()
    aws = Aws(clock, {"ecs": Ecs(account).service(), "dynamodb": table.service()})
    reconciler = _reconciler(aws, clock, table.name)
    with _costing(aws, clock) as first:
        _run(reconciler, clock, account.workloads)
    clock.sleep(PERIOD.total_seconds())
    since = clock.utc()
    with _costing(aws, clock) as second:
        _run(reconciler, clock, 0)
    return Passes(first, second, since)


def _reconciler(aws: Aws, clock: VirtualClock, table: str) -> Reconciler:
    """What makes passes, as ``ecrguard.wiring_inventory`` puts it together."""
    session = aws.session()
    dynamodb = functools.cache(lambda: session.client("dynamodb", config=CLIENTS))
    ecs = functools.cache(lambda: session.client("ecs", config=READERS))
    calls, revisions = Calls(Pace(clock, clock.sleep)), RevisionTable(dynamodb, table)

    def judge(_: Pass, changed: Sequence[Workload]) -> None:
        if changed:
            raise WrongResultError(f"expected nothing to have changed, got {len(changed)} workloads")

    sources = {"ecs": lambda: EcsSource(ecs, REGISTRY, calls, revisions)}
    return Reconciler(InventoryTable(dynamodb, table), sources, judge, Deadline(), PERIOD, clock.utc)


def _run(reconciler: Reconciler, clock: VirtualClock, replaced: int) -> None:
    run = reconciler.run(uuid.uuid4().hex, clock.utc() + _FOREVER)
    state = run.states[0]
    if run.failures or state.complete is None or state.running is not None or run.replaced != {"ecs": replaced}:
        raise WrongResultError(f"expected a complete pass that replaces {replaced} workloads, got {run}")


def least(account: Account) -> Counter[str]:
    """The calls of ECS without which an account cannot be read: pages, and each task definition once.

    Services are described as they are listed, so a page of a hundred takes ten calls more, and five for revisions.
    Daemons are listed cluster by cluster.
    """
    pages = [
        len(services[start : start + LIST_PAGE])
        for cluster in range(account.clusters)
        for services in [account.services_of(cluster)]
        for start in range(0, len(services), LIST_PAGE)
    ]
    return Counter(
        {
            "ecs:ListClusters": math.ceil(account.clusters / LIST_PAGE),
            "ecs:ListServices": len(pages),
            "ecs:ListDaemons": account.clusters,
            "ecs:DescribeServices": sum(math.ceil(page / SERVICES_PER_CALL) for page in pages),
            "ecs:DescribeServiceRevisions": sum(math.ceil(page / REVISIONS_PER_CALL) for page in pages),
            "ecs:DescribeTaskDefinition": account.definitions,
        }
    )


def scan_live(account: Account) -> tuple[Cost, Cost]:
    """Find what runs one repository's images as a push did before: with nothing in memory, and once more."""
    clock = VirtualClock()
    aws = Aws(clock, {"ecs": Ecs(account).service()})
    scan = LiveScan(aws.session().client("ecs", config=CLIENTS))
    return _scan(scan, account, aws, clock), _scan(scan, account, aws, clock)


def _scan(scan: LiveScan, account: Account, aws: Aws, clock: VirtualClock) -> Cost:
    before = scan.given_up
    with _costing(aws, clock) as cost:
        found = scan.linked(f"{REGISTRY.host}/{account.repository(0)}")
    if len(found) != min(account.per_repository, account.workloads):
        raise WrongResultError(f"expected {account.per_repository} services to be found, got {len(found)}")
    cost.given_up = scan.given_up - before
    return cost
