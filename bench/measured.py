"""Everything that is measured at one size, and what it has to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.account import Account
from bench.dynamodb import Table
from bench.passes import Cost, Passes, least, reconcile, scan_live
from bench.pushes import PushFigures, measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localaws.terminal import Terminal

MOST_SLOWER = 1.2
"""How much longer a push may take at the largest size than at the smallest."""
WORST = 10_000
"""Workloads that run images of one repository, such as a sidecar's, in the worst case."""
_TABLE = "inventory"


@dataclass(frozen=True, slots=True)
class Measured:
    """One size.

    Attributes:
        account: that was measured.
        passes: two full passes by the product.
        scans: two live scans, as the inventory has replaced them.
        pushes: with the inventory that the passes wrote.
    """

    account: Account
    passes: Passes
    scans: tuple[Cost, Cost]
    pushes: PushFigures


@dataclass(frozen=True, slots=True)
class Target:
    """Something that has to hold.

    Attributes:
        what: in words, with what was measured.
        met: it does.
    """

    what: str
    met: bool


def at_size(workloads: int, pushes: int, progress: Terminal) -> Measured:
    """Measure an account of this many workloads."""
    account, table = Account(workloads), Table(_TABLE)
    with progress.step(f"{workloads:,} workloads: two full passes"):
        passes = reconcile(account, table)
    with progress.step(f"{workloads:,} workloads: two live scans"):
        scans = scan_live(account)
    with progress.step(f"{workloads:,} workloads: {pushes} pushes"):
        pushed = measure(account, table, pushes, passes.since)
    return Measured(account, passes, scans, pushed)


def at_worst(workloads: int, pushes: int, progress: Terminal) -> PushFigures:
    """Push to a repository that every workload runs images of."""
    account, table = Account(workloads, per_repository=workloads), Table(_TABLE)
    with progress.step(f"{workloads:,} workloads of one repository: a full pass, {pushes} pushes"):
        return measure(account, table, pushes, reconcile(account, table).since)


def targets(measured: Sequence[Measured]) -> list[Target]:
    """What has to hold of all sizes."""
    first, last = measured[0], measured[-1]
    slower = last.pushes.p50 / first.pushes.p50
    found = [
        Target(
            f"AWS calls per push are the same at every size: {_each(measured)}",
            all(_calls(each) == _calls(first) for each in measured),
        ),
        Target(
            f"a push at {last.account.workloads:,} workloads takes {slower:.2f} times what it takes at "
            f"{first.account.workloads:,} (p50; at most {MOST_SLOWER})",
            slower <= MOST_SLOWER,
        ),
    ]
    for each in measured:
        made, needed = each.passes.first.of("ecs"), least(each.account).total()
        what = f"the first full pass of {each.account.workloads:,} workloads makes {made:,} calls of ECS"
        found.append(Target(f"{what}; pages and distinct task definitions require {needed:,}", made <= needed))
    return found


def _calls(each: Measured) -> tuple[object, object]:
    return each.pushes.least, each.pushes.most


def _each(measured: Sequence[Measured]) -> str:
    counts = dict.fromkeys((each.pushes.least.total(), each.pushes.most.total()) for each in measured)
    return " and ".join(f"{usual}, and {most} with what is kept for a while read anew" for usual, most in counts)
