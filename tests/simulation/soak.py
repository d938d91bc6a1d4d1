"""``make soak``: many histories from one seed, what happened in them, and every violation with what reproduces it."""

from __future__ import annotations

import argparse
import functools
import multiprocessing
import os
import sys
import time
from itertools import groupby
from typing import TYPE_CHECKING

from localaws.terminal import Terminal
from tests.simulation.history import play
from tests.simulation.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SHOWN = 3
"""Violations whose steps are printed; of the others only what reproduces them."""
_PIECE = 20
"""Histories that a process plays before it says so."""
_TITLES = {
    "histories": "histories",
    "events": "what happened",
    "faults": "faults",
    "ends": "processes ended, by the call they were at",
    "actions": "actions of the product on the registry",
    "refusals": "refusals in alerts",
    "alerts": "alerts",
    "windows": "windows that ECR leaves open, each mended or with nobody to blame",
}


def main(arguments: Sequence[str]) -> int:
    """Play, print, and answer 1 where anything was violated."""
    asked = _asked(arguments)
    terminal = Terminal.of(sys.stdout)
    terminal.line(f"{asked.histories} histories from the seed {asked.seed}, the first is {asked.first}")
    began, total = time.monotonic(), Tally()
    for done, piece in enumerate(_played(asked.seed, range(asked.first, asked.first + asked.histories)), 1):
        total.merge(piece)
        if done * _PIECE % 500 == 0:
            played, seconds = total.of("histories", "played"), time.monotonic() - began
            steps = sum(times for (group, _), times in total.counts.items() if group == "calls")
            terminal.line(
                f"· {played:6} histories  {steps:9} calls  {len(total.violations):3} violations  {seconds:5.0f} s"
            )
    terminal.line()
    terminal.table(("what", "how often"), list(_rows(total)))
    terminal.line()
    for violation in total.violations[:_SHOWN]:
        terminal.line(terminal.style(violation, "red"))
        terminal.line()
    for violation in total.violations[_SHOWN:]:
        terminal.line(terminal.style("\n".join(violation.split("\n  ")[:1]), "red"))
    style = "red" if total.violations else "green"
    seconds = time.monotonic() - began
    summary = f"{len(total.violations)} violations in {total.of('histories', 'played')} histories, {seconds:.0f} s"
    terminal.line(terminal.style(summary, "bold", style))
    return 1 if total.violations else 0


def _asked(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of all chance; the same seed plays the same histories")
    parser.add_argument("--histories", type=int, default=10_000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="number of the first")
    return parser.parse_args(arguments)


def _played(seed: int, numbers: range) -> Iterator[Tally]:
    pieces = [numbers[at : at + _PIECE] for at in range(0, len(numbers), _PIECE)]
    some = functools.partial(_piece, seed)
    if len(pieces) == 1:
        yield some(pieces[0])
        return
    # Not forked: a child would have the threads' locks and not the threads.
    with multiprocessing.get_context("spawn").Pool(os.process_cpu_count()) as pool:
        yield from pool.imap_unordered(some, pieces)


def _piece(seed: int, numbers: range) -> Tally:
    total = Tally()
    for number in numbers:
        total.merge(play(seed, number))
    return total


def _rows(total: Tally) -> Iterator[tuple[str, str]]:
    found = {
        group: list(counts) for group, counts in groupby(sorted(total.counts.items()), key=lambda each: each[0][0])
    }
    calls = sum(times for _, times in found.pop("calls", []))
    for group, title in _TITLES.items():
        yield title, f"{calls} calls" if group == "histories" else ""
        for (_, name), times in found.get(group, []):
            yield f"  {name}", f"{times:9}"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
