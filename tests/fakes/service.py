"""What AWS services in memory have in common: they note each call, fail where told to, and list page by page."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.fakes.wire import Record, page

if TYPE_CHECKING:
    from collections.abc import Callable

ACCOUNT, REGION = "123456789012", "eu-west-1"


@dataclass(slots=True)
class FakeService(ABC):
    """One service of one account in one Region.

    Attributes:
        calls: (operation, parameters) of each call, in order.
        failing: operation to the error that it gives, or what to do with the parameters before the answer.
        stuck: each listing gives the same token, whatever it is asked for.
        region: that clients are made for.
    """

    calls: list[tuple[str, Record]] = field(default_factory=list)
    failing: dict[str, Exception | Callable[[Record], object]] = field(default_factory=dict)
    stuck: bool = False
    region: str = REGION

    def count(self, operation: str) -> int:
        return sum(name == operation for name, _ in self.calls)

    def _answer(self, operation: str, asked: Record) -> Record:
        self.calls.append((operation, asked))
        failing = self.failing.get(operation)
        if isinstance(failing, Exception):
            raise failing
        if failing is not None:
            failing(asked)
        return self._reply(operation, asked)

    @abstractmethod
    def _reply(self, operation: str, asked: Record) -> Record: ...

    def _page(self, items: list[str], token: str | None, size: int) -> tuple[list[str], str | None]:
        return (items[:size], "again") if self.stuck else page(items, token, size)
