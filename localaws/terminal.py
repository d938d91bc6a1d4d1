"""What a person sees in a terminal: steps with their seconds, and styles where they are shown.

Colours follow https://no-color.org: none where the output is no terminal or NO_COLOR is set.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
import textwrap
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_STEP_WIDTH: Final = 78
_STYLES: Final = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}
_ESCAPE: Final = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Terminal:
    """Where to write to.

    ``styled`` says whether the stream shows colours.
    """

    stream: TextIO = field(default_factory=lambda: sys.stdout)
    styled: bool = False

    @classmethod
    def of(cls, stream: TextIO) -> Terminal:
        """The terminal behind a stream, with styles if it shows them and nobody asked for none."""
        wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        return cls(stream, styled=stream.isatty() and wanted)

    @property
    def width(self) -> int:
        """Columns to write in."""
        return min(shutil.get_terminal_size((120, 24)).columns, 120)

    def style(self, text: str, *names: str) -> str:
        """``text`` in the styles named: ``bold``, ``dim`` or a colour."""
        if not self.styled or not names:
            return text
        return f"\x1b[{';'.join(_STYLES[name] for name in names)}m{text}\x1b[0m"

    def line(self, text: str = "") -> None:
        """Write one line at once."""
        print(text, file=self.stream, flush=True)

    @contextlib.contextmanager
    def step(self, text: str) -> Iterator[list[str]]:
        """Say what is being done, and how long it took; what is put into the list is said at the end."""
        print(f"{self.style('·', 'blue')} {text:<{_STEP_WIDTH}}", end=" ", file=self.stream, flush=True)
        began, said = time.monotonic(), list[str]()
        try:
            yield said
        except BaseException:
            self.line(self.style("failed", "red"))
            raise
        self.line("  ".join((self.style(f"{time.monotonic() - began:5.1f} s", "dim"), *said)))

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Write rows in columns as wide as their widest cell; a cell may have several lines and styles."""
        cells = [[cell.split("\n") for cell in row] for row in (header, *rows)]
        widths = [max(len(plain(line)) for row in cells for line in row[at]) for at in range(len(header))]
        for number, row in enumerate(cells):
            for at in range(max(len(cell) for cell in row)):
                parts = [cell[at] if at < len(cell) else "" for cell in row]
                padded = [part + " " * (width - len(plain(part))) for part, width in zip(parts, widths, strict=True)]
                line = "  ".join(padded).rstrip()
                self.line(self.style(line, "bold") if number == 0 else line)
            if number == 0:
                self.line(self.style("  ".join("─" * width for width in widths), "dim"))


def plain(text: str) -> str:
    """``text`` without its styles."""
    return _ESCAPE.sub("", text)


def wrap(text: str, width: int) -> list[str]:
    """``text`` in lines of at most ``width`` characters, cut between words only."""
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]
