"""What stands in a terminal, as an SVG picture for a document."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Final

from localaws.terminal import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_CELL: Final = (7.85, 19)
_MARGIN: Final = 16
_BACKGROUND: Final = "#1a1d21"
_TEXT: Final = "#d1d2d3"
_STYLES: Final = {
    "1": 'font-weight="bold" fill="#ffffff"',
    "2": 'fill="#8b8d91"',
    "31": 'fill="#e8706b"',
    "32": 'fill="#62b47c"',
    "33": 'fill="#d9a84e"',
    "34": 'fill="#6a9fe0"',
    "36": 'fill="#7cc7d8"',
}
_STYLED: Final = re.compile(r"\x1b\[([0-9;]+)m(.*?)\x1b\[0m", re.DOTALL)


def svg(lines: Sequence[str], title: str) -> str:
    """The lines of a terminal, with the styles that `localaws.terminal` writes, as an SVG document."""
    width = max(len(plain(line)) for line in lines) * _CELL[0] + 2 * _MARGIN
    height = len(lines) * _CELL[1] + 2 * _MARGIN
    texts = "\n".join(
        f'<text x="{_MARGIN}" y="{_MARGIN + number * _CELL[1] + 14}">{"".join(_spans(line))}</text>'
        for number, line in enumerate(lines)
    )
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" height="{height}" \
font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="13" \
fill="{_TEXT}" xml:space="preserve">
<title>{escape(title)}</title>
<rect width="100%" height="100%" rx="8" fill="{_BACKGROUND}"/>
{texts}
</svg>
"""


def _spans(line: str) -> Iterator[str]:
    end = 0
    for found in _STYLED.finditer(line):
        yield escape(line[end : found.start()])
        attributes = " ".join(_STYLES[code] for code in found[1].split(";"))
        yield f"<tspan {attributes}>{escape(found[2])}</tspan>"
        end = found.end()
    yield escape(line[end:])
