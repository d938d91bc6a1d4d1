"""What the benchmark says: tables for a person."""

from __future__ import annotations

import os
import platform
from collections import Counter
from typing import TYPE_CHECKING

import boto3

from bench import stated
from bench.passes import least

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from localaws.terminal import Terminal

    from bench.measured import Measured, Target
    from bench.passes import Cost
    from bench.pushes import PushFigures


def assumptions(out: Terminal, first: Measured) -> None:
    """What all figures rest on."""
    account = first.account
    made_with = f"Python {platform.python_version()}, boto3 {boto3.__version__}, {os.cpu_count()} cores"
    out.line(f"{made_with}. AWS is in memory, behind real boto3 clients, and answers after stated times, in ms:")
    for service in dict.fromkeys(call.partition(":")[0] for call in stated.SECONDS):
        times = {
            call.partition(":")[2] or "each call": seconds * 1000
            for call, seconds in stated.SECONDS.items()
            if call.partition(":")[0] == service
        }
        out.line(f"  {service:<14}{', '.join(f'{time:g} {call}' for call, time in times.items())}")
    out.line(f"  and for each MB that a Query reads {stated.QUERY_MEGABYTE * 1000:g} more")
    out.line("ECS refuses what comes faster than (at once / a second):")
    out.line("  " + ", ".join(f"{kind} {rate.burst:g}/{rate.sustained:g}" for kind, rate in stated.RATES.items()))
    out.line(
        f"The services run on Fargate, {account.per_cluster:,} a cluster. {account.per_definition} share a task "
        f"definition, the images of {account.per_repository} are in one repository."
    )
    out.line("All time of a push is real. Of passes and scans the processor's time is real, and waiting is added up.")
    out.line()


def pushes(out: Terminal, measured: Sequence[Measured]) -> None:
    """The path of a push, beside the live scan that each push made before."""
    out.line(out.style("A push, and the live scan that it made before", "bold"))
    header = [
        "workloads",
        "push p50\nms",
        "p95\nms",
        "AWS\ncalls",
        "of them\nQuery",
        "items\nread",
        "live scan, first\ncalls",
        "\nthrottled",
        "\nseconds",
        "live scan, later\ncalls",
        "\nthrottled",
        "\nseconds",
    ]
    rows = [
        [
            f"{each.account.workloads:,}",
            f"{each.pushes.p50:.1f}",
            f"{each.pushes.p95:.1f}",
            _range(each.pushes.least.total(), each.pushes.most.total()),
            _range(each.pushes.least["dynamodb:Query"], each.pushes.most["dynamodb:Query"]),
            _range(min(each.pushes.items), max(each.pushes.items)),
            *(cell for scan in each.scans for cell in _scan(scan)),
        ]
        for each in measured
    ]
    out.table(header, rows)
    usual, more = measured[0].pushes.least, measured[0].pushes.most - measured[0].pushes.least
    out.line(f"Calls of a push: {_listed(usual)}.")
    out.line(f"Those in brackets, where what is kept for 30 and 60 seconds is read anew: {_listed(more)}.")
    out.line()


def passes(out: Terminal, measured: Sequence[Measured]) -> None:
    """Full passes, beside a live scan."""
    out.line(out.style("A full pass, paced to half of what ECS sustains", "bold"))
    header = [
        "workloads",
        "first: ECS\ncalls",
        "\nleast",
        "\nratio",
        "\nthrottled",
        "DynamoDB\ncalls",
        "seconds\n(waiting + processor)",
        "again: ECS\ncalls",
        "DynamoDB\ncalls",
        "seconds\n(waiting + processor)",
        "one live scan\ncalls",
        "\nseconds",
    ]
    rows = [_pass(each) for each in measured]
    out.table(header, rows)
    out.line()


def _pass(each: Measured) -> list[str]:
    first, second, needed = each.passes.first, each.passes.second, least(each.account).total()
    return [
        f"{each.account.workloads:,}",
        f"{first.of('ecs'):,}",
        f"{needed:,}",
        f"{first.of('ecs') / needed:.3f}",
        f"{first.throttled:,}",
        f"{first.of('dynamodb'):,}",
        _seconds(first),
        f"{second.of('ecs'):,}",
        f"{second.of('dynamodb'):,}",
        _seconds(second),
        f"{each.scans[0].of('ecs'):,}",
        f"{each.scans[0].seconds:,.1f}",
    ]


def operations(out: Terminal, measured: Sequence[Measured]) -> None:
    """Calls by operation."""
    out.line(out.style("Calls by operation: first pass / again / a live scan", "bold"))
    costs = [(each.passes.first, each.passes.second, each.scans[0]) for each in measured]
    names = sorted({call for row in costs for cost in row for call in cost.calls}, reverse=True)
    rows = [[name, *(" / ".join(f"{cost.calls[name]:,}" for cost in row) for row in costs)] for name in names]
    out.table(["call", *(f"{each.account.workloads:,}" for each in measured)], rows)
    out.line()


def worst(out: Terminal, workloads: int, figures: PushFigures) -> None:
    """A repository that very many workloads run images of."""
    out.line(
        out.style(f"The worst case: {workloads:,} workloads run images of the repository that is pushed to", "bold")
    )
    row = [f"{figures.least['dynamodb:Query']}", f"{min(figures.items):,}", f"{min(figures.kilobytes):,.0f}"]
    header = ["Query\npages", "items\nread", "KB\nread", "push p50\nms", "p95\nms"]
    out.table(header, [[*row, f"{figures.p50:,.0f}", f"{figures.p95:,.0f}"]])
    out.line()


def conclusions(out: Terminal, measured: Sequence[Measured], found: Sequence[Target]) -> None:
    """The ratios, and which targets are met."""
    last = measured[-1]
    scan, queries = last.scans[1], last.pushes.least["dynamodb:Query"]
    calls = scan.of("ecs")
    out.line(
        f"At {last.account.workloads:,} workloads a push took {calls:,} calls and {scan.seconds:,.0f} s to find what "
        f"runs its repository; it now takes {queries}, made while the image is read: 1 for {calls // queries:,}."
    )
    again = last.passes.second
    out.line(
        f"Keeping the inventory true takes {again.of('ecs'):,} calls of ECS and {again.seconds:,.0f} s a pass, "
        "however many pushes there are."
    )
    for target in found:
        out.line(f"{out.style('met', 'green') if target.met else out.style('NOT MET', 'red')}: {target.what}")


def _scan(cost: Cost) -> list[str]:
    return [f"{cost.of('ecs'):,}", f"{cost.throttled:,}", f"{cost.seconds:,.1f}"]


def _seconds(cost: Cost) -> str:
    return f"{cost.seconds:,.1f} ({cost.waited:,.1f} + {cost.processor:,.1f})"


def _range(usual: int, most: int) -> str:
    return f"{usual}" if usual == most else f"{usual} ({most})"


def _listed(calls: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(Counter(calls).items())) or "none"
