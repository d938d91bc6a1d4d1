"""``make bench-inventory``: a push and a full pass at every size, beside the live scan that they have replaced.

Exits with 1 where a target is missed. ``SIZES`` and ``PUSHES`` narrow what is measured.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from localaws.terminal import Terminal

from bench import plot, report
from bench.measured import WORST, Measured, at_size, at_worst, targets

if TYPE_CHECKING:
    from collections.abc import Mapping

SIZES = (10, 1_000, 10_000, 100_000)
PUSHES = 50
_WORST_PUSHES = 10


def main() -> int:
    """Measure, and say what came of it; the exit code is 0 where every target is met."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--picture", type=Path, metavar="FILE.svg", help="put a picture of calls per push there")
    arguments = parser.parse_args()
    try:
        sizes, pushes = settings(os.environ)
    except ValueError as error:
        parser.error(str(error))
    progress, out = Terminal.of(sys.stderr), Terminal.of(sys.stdout)
    measured = [at_size(size, pushes, progress) for size in sizes]
    in_one = min(WORST, sizes[-1])
    worst = at_worst(in_one, min(pushes, _WORST_PUSHES), progress)
    found = targets(measured)
    report.assumptions(out, measured[0])
    report.pushes(out, measured)
    report.passes(out, measured)
    report.operations(out, measured)
    report.worst(out, in_one, worst)
    report.conclusions(out, measured, found)
    if arguments.picture:
        arguments.picture.write_text(_picture(measured))
    return 0 if all(target.met for target in found) else 1


def settings(environ: Mapping[str, str]) -> tuple[list[int], int]:
    """The sizes, ascending, and how many pushes to time.

    Raises:
        ValueError: one of the variables is not what it should be.
    """
    try:
        sizes = sorted({int(text) for text in environ.get("SIZES", "").replace(",", " ").split()} or {*SIZES})
        pushes = int(environ.get("PUSHES") or PUSHES)
    except ValueError:
        raise ValueError('expected whole numbers, as in SIZES="10 1000" PUSHES=20') from None
    if sizes[0] < 1 or pushes < 1:
        raise ValueError("expected SIZES and PUSHES of at least 1")
    return sizes, pushes


def _picture(measured: list[Measured]) -> str:
    return plot.draw(
        [each.account.workloads for each in measured],
        [each.scans[1].of("ecs") for each in measured],
        [each.pushes.least["dynamodb:Query"] for each in measured],
    )


if __name__ == "__main__":
    sys.exit(main())
