"""Texts in columns. What comes from outside is shown on one line, and nothing in it moves the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecrguard.rendering.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

_SHORT_DIGEST = len("sha256:") + 12


def labelled(rows: Iterable[tuple[str, str]]) -> str:
    """Each text behind its label; a label that is the one before is left out."""
    lines, before = [], ""
    for label, text in rows:
        lines.append(f"{'' if label == before else label:<12}{clean(text)}".rstrip())
        before = label
    return "\n".join(lines)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns as wide as they must be, under their heads."""
    cells = [[*head], *([clean(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def short(digest: str) -> str:
    """As much of a digest as tells images of a repository apart."""
    return digest[:_SHORT_DIGEST]


def time(value: datetime) -> str:
    """A time, UTC, to the second."""
    return f"{value:%Y-%m-%d %H:%M:%S}"
