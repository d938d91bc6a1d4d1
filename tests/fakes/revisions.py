"""The twin of the table of task definitions: texts in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(slots=True)
class FakeRevisions:
    """A ``Revisions``.

    Attributes:
        texts: that are kept, by ARN.
        gets: what was asked for in each call.
        puts: what was kept in each call.
    """

    texts: dict[str, str] = field(default_factory=dict)
    gets: list[tuple[str, ...]] = field(default_factory=list)
    puts: list[tuple[str, ...]] = field(default_factory=list)

    def get(self, arns: Sequence[str]) -> Mapping[str, str]:
        self.gets.append(tuple(arns))
        return {arn: self.texts[arn] for arn in arns if arn in self.texts}

    def put(self, texts: Mapping[str, str]) -> None:
        self.puts.append(tuple(texts))
        self.texts |= texts
