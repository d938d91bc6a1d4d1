"""A picture of the calls that it takes to find what runs a repository, by the number of workloads."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH, _HEIGHT = 720, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 556, 48, 340
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328; }
.title { font-weight: 600; font-size: 15px; }
.grid { stroke: #d1d9e0; }
.scan { stroke: #cf222e; fill: none; stroke-width: 2.5; }
.scan-mark { fill: #cf222e; }
.inventory { stroke: #0969da; fill: none; stroke-width: 2.5; }
.inventory-mark { fill: #0969da; }
.ground { fill: #ffffff; }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc; }
  .grid { stroke: #3d444d; }
  .ground { fill: #0d1117; }
}
"""


def draw(workloads: Sequence[int], scans: Sequence[int], queries: Sequence[int]) -> str:
    """An SVG with both axes logarithmic.

    Args:
        workloads: sizes, ascending.
        scans: calls of a live scan at each size.
        queries: calls of the inventory at each size.
    """
    across, up = _Axis(workloads, _LEFT, _RIGHT), _Axis([1, *scans, *queries], _BOTTOM, _TOP)
    title = "Calls per push by number of workloads: those of a live scan grow with it, those of the inventory do not"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}">',
        f"<title>{title}</title>",
        f"<style>{_STYLE}</style>",
        f'<rect class="ground" width="{_WIDTH}" height="{_HEIGHT}"/>',
        f'<text class="title" x="{_LEFT}" y="26">Calls to find what runs the pushed repository</text>',
    ]
    for power in across.powers:
        x = across.at(10**power)
        parts.append(f'<line class="grid" x1="{x}" y1="{_TOP}" x2="{x}" y2="{_BOTTOM}"/>')
        parts.append(f'<text x="{x}" y="{_BOTTOM + 20}" text-anchor="middle">{10**power:,}</text>')
    for power in up.powers:
        y = up.at(10**power)
        parts.append(f'<line class="grid" x1="{_LEFT}" y1="{y}" x2="{_RIGHT}" y2="{y}"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{10**power:,}</text>')
    middle = (_LEFT + _RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{_BOTTOM + 44}" text-anchor="middle">workloads in the account</text>')
    for name, label, values in (("scan", "live scan", scans), ("inventory", "inventory", queries)):
        points = [(across.at(size), up.at(value)) for size, value in zip(workloads, values, strict=True)]
        parts.append(f'<polyline class="{name}" points="{" ".join(f"{x},{y}" for x, y in points)}"/>')
        parts += [f'<circle class="{name}-mark" cx="{x}" cy="{y}" r="4"/>' for x, y in points]
        x, y = points[-1]
        parts.append(f'<text x="{x + 12}" y="{y + 4}">{label}: {values[-1]:,}</text>')
    return "\n".join([*parts, "</svg>", ""])


class _Axis:
    """A logarithmic axis over whole powers of ten."""

    def __init__(self, values: Sequence[int], start: float, end: float) -> None:
        low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
        self._low, self._high = low, max(high, low + 1)
        self._start, self._end = start, end

    @property
    def powers(self) -> range:
        return range(self._low, self._high + 1)

    def at(self, value: float) -> float:
        share = (math.log10(value) - self._low) / (self._high - self._low)
        return round(self._start + share * (self._end - self._start), 1)
