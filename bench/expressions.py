"""DynamoDB's expressions: conditions, and updates, as far as the product writes them.

What is not known here is an error, so that no expression is taken for another.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.wire import Record

_TOKEN = re.compile(r"\s*(\(|\)|<>|<|=|[#:]?\w+|\S)")
_CLAUSE = re.compile(r"\b(SET|REMOVE|ADD)\b")
_ASSIGNMENT = re.compile(r"(#?\w+) = (:\w+)")
_ADDITION = re.compile(r"(#?\w+) (:\w+)")
_NAME = re.compile(r"#?\w+")


def holds(expression: str, item: Record, asked: Record) -> bool:
    """Whether a condition holds for an item.

    Args:
        expression: the condition.
        item: as it is; empty where there is none.
        asked: the request, with the names and values of the condition.

    Raises:
        NotImplementedError: it has something that is not known here.
    """
    condition = _Condition(expression, [token for token in _TOKEN.findall(expression) if token], item, asked)
    held = condition.alternatives()
    if condition.left:
        raise unknown(expression)
    return held


def updated(expression: str, item: Record, asked: Record) -> Record:
    """An item with the changes of an update.

    Raises:
        NotImplementedError: it has something that is not known here.
    """
    start, *clauses = _CLAUSE.split(expression)
    if start.strip() or not clauses or len(set(clauses[::2])) < len(clauses[::2]):
        raise unknown(expression)
    then, values = dict(item), asked.get("ExpressionAttributeValues", {})
    for kind, changes in zip(clauses[::2], clauses[1::2], strict=True):
        for change in changes.strip().split(", "):
            if kind == "REMOVE":
                then.pop(_named(_parts(_NAME, change)[0], asked), None)
                continue
            name, value = _parts(_ASSIGNMENT if kind == "SET" else _ADDITION, change)
            given = values[value]
            if kind == "ADD":
                before = item.get(_named(name, asked), {"N": "0"})
                given = {"N": str(Decimal(before["N"]) + Decimal(given["N"]))}
            then[_named(name, asked)] = given
    return then


def unknown(what: str) -> NotImplementedError:
    """The error for something that is not known here."""
    return NotImplementedError(f"the table of the benchmark does not know {what!r}")


@dataclass(slots=True)
class _Condition:
    """A condition that is read from left to right; AND binds more than OR (developer guide)."""

    expression: str
    left: list[str]
    item: Record
    asked: Record

    def alternatives(self) -> bool:
        held = self._all()
        while self._comes("OR"):
            held = self._all() or held
        return held

    def _all(self) -> bool:
        held = self._one()
        while self._comes("AND"):
            held = self._one() and held
        return held

    def _one(self) -> bool:
        if self._comes("("):
            held = self.alternatives()
            self._must(")")
            return held
        if self._comes("attribute_not_exists"):
            self._must("(")
            name = self._name()
            self._must(")")
            return name not in self.item
        have, sign, want = self.item.get(self._name()), self._next(), self._value()
        match sign:
            case "=":
                return have == want
            case "<>":
                return have != want
            case "<":
                return have is not None and _is_less(have, want)
            case _:
                raise unknown(self.expression)

    def _next(self) -> str:
        if not self.left:
            raise unknown(self.expression)
        return self.left.pop(0)

    def _comes(self, token: str) -> bool:
        if self.left[:1] != [token]:
            return False
        del self.left[0]
        return True

    def _must(self, token: str) -> None:
        if not self._comes(token):
            raise unknown(self.expression)

    def _name(self) -> str:
        name = self._next()
        if _NAME.fullmatch(name) is None or name == "NOT":
            raise unknown(self.expression)
        return _named(name, self.asked)

    def _value(self) -> Record:
        value = self._next()
        if not value.startswith(":"):
            raise unknown(self.expression)
        found: Record = self.asked["ExpressionAttributeValues"][value]
        return found


def _is_less(one: Record, other: Record) -> bool:
    """Whether a value is less than another; two of different types never are."""
    if "S" in one and "S" in other:
        return bool(one["S"].encode() < other["S"].encode())
    if "N" in one and "N" in other:
        return Decimal(one["N"]) < Decimal(other["N"])
    return False


def _named(name: str, asked: Record) -> str:
    return str(asked["ExpressionAttributeNames"][name]) if name.startswith("#") else name


def _parts(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    found = pattern.fullmatch(text)
    if found is None:
        raise unknown(text)
    return found.groups() or (found.group(),)
