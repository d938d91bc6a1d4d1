"""The policy's text: YAML, of which JSON is a part, read into a policy with the line of each problem.

The text comes from people and is read by a guardrail, so the reader takes less than PyYAML does, and never guesses:

* values follow YAML 1.2, as editors and JSON Schema see them: ``off`` and ``no`` are texts, dates are texts;
* a key that stands twice in a mapping is an error, because readers disagree on which of the two counts;
* tags (``!!python/...``, ``!anything``) are refused;
* aliases are allowed, and what they expand to counts towards a limit, as does the depth.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

import yaml

from ecrguard.domain.policy_document import MAX_BYTES, PolicyError, Problem, Where, read_policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecrguard.domain.policy import Policy

MAX_NODES = 100_000
"""Values in a document, aliases expanded."""
MAX_DEPTH = 20
"""Mappings and lists within each other; a policy needs six."""

# libyaml is many times faster; a Python without it (no wheel for the machine) reads the same documents, slowly.
_LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_QUOTE_GLOB = "put a glob that begins with * in quotes"
_NULL = re.compile(r"|~|null|Null|NULL")
_TRUE, _FALSE = frozenset({"true", "True", "TRUE"}), frozenset({"false", "False", "FALSE"})
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]{1,18}|[0-9]{1,18}(?:\.[0-9]{0,18})?)(?:[eE][-+]?[0-9]{1,3})?")

type Value = str | int | float | bool | list[Value] | dict[str, Value] | None
"""Plain data, as JSON has it."""


@dataclass(frozen=True, slots=True)
class Document:
    """A text that was read.

    Attributes:
        data: what it says.
        lines: line of each value that has a place, from 1.
    """

    data: Value
    lines: dict[Where, int]


def load_policy(text: bytes) -> Policy:
    """The policy that ``text`` (UTF-8) states.

    Raises:
        PolicyError: it states none; with every problem where the YAML itself is sound, else with the first.
    """
    document = load_document(text)
    try:
        return read_policy(document.data)
    except PolicyError as error:
        located = [replace(problem, line=_line(problem.where, document.lines)) for problem in error.problems]
        raise PolicyError(sorted(located, key=lambda problem: problem.line)) from None


def load_document(text: bytes, loader: type = _LOADER) -> Document:
    """The data in ``text``, in the subset of YAML that this module takes.

    Args:
        text: UTF-8, at most ``MAX_BYTES``.
        loader: one of PyYAML's; they differ in speed.

    Raises:
        PolicyError: not this subset of YAML; the line and column of the first problem.
    """
    if len(text) > MAX_BYTES:
        raise PolicyError([Problem((), f"expected at most {MAX_BYTES} bytes, got {len(text)}")])
    try:
        decoded = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise PolicyError([Problem((), f"expected UTF-8, got the byte {text[error.start]:#04x}", line)]) from None
    reader = _Reader(yaml.parse(decoded, Loader=loader))
    try:
        return Document(reader.document(), reader.lines)
    except _RefusedError as error:
        raise PolicyError([error.problem]) from None
    except yaml.MarkedYAMLError as error:
        hint = f"; {_QUOTE_GLOB}" if "alias" in (error.context or "") else ""
        mark = error.problem_mark or error.context_mark
        raise PolicyError([_problem(mark, f"{error.problem or error.context or 'not YAML'}{hint}")]) from None
    except yaml.YAMLError as error:
        raise PolicyError([Problem((), f"not YAML: {str(error).splitlines()[0]}")]) from None
    except (ValueError, OverflowError) as error:
        # PyYAML lets these through for an escape that is no character ("\UFFFFFFFF") and a huge version in a directive.
        raise PolicyError([Problem((), f"not YAML: {error}")]) from None


def _line(where: Where, lines: dict[Where, int]) -> int:
    """The line of a place, or of what it stands in where it is missing itself."""
    return next((lines[where[:end]] for end in range(len(where), -1, -1) if where[:end] in lines), 0)


class _Mark(Protocol):
    """A place in the text, from 0; the two loaders have a type each."""

    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


class _RefusedError(Exception):
    """Sound YAML that is not taken."""

    def __init__(self, event: yaml.Event, message: str) -> None:
        super().__init__(message)
        self.problem = _problem(event.start_mark, message)


def _problem(mark: _Mark | None, message: str) -> Problem:
    return Problem((), f"column {mark.column + 1}: {message}", mark.line + 1) if mark else Problem((), message)


@dataclass(slots=True)
class _Reader:
    """Builds plain data from parsing events, which come one by one and without recursion in PyYAML."""

    events: Iterator[yaml.Event]
    lines: dict[Where, int] = field(default_factory=dict)
    anchors: dict[str | None, tuple[Value, int]] = field(default_factory=dict)
    nodes: int = 0

    def document(self) -> Value:
        value: Value = None
        seen = False
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if seen:
                    raise _RefusedError(event, "expected one document, got a second")
                seen = True
                value = self._value(next(self.events), ())
        return value

    def _value(self, event: yaml.Event, where: Where) -> Value:
        if event.start_mark is not None:
            self.lines[where] = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if not isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            raise _RefusedError(event, "expected a value")
        before = self.nodes
        self._count(1, event)
        if event.tag is not None:
            raise _RefusedError(event, f"expected plain values without YAML tags, got {event.tag}")
        if isinstance(event, yaml.ScalarEvent):
            value = _scalar(event)
        elif len(where) >= MAX_DEPTH:
            raise _RefusedError(event, f"expected at most {MAX_DEPTH} levels")
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._list(where)
        else:
            value = self._mapping(where)
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, self.nodes - before)
        return value

    def _alias(self, event: yaml.AliasEvent) -> Value:
        if event.anchor not in self.anchors:
            raise _RefusedError(event, f"expected the alias of an anchor above it, got *{event.anchor}; {_QUOTE_GLOB}")
        value, size = self.anchors[event.anchor]
        self._count(size, event)
        return value

    def _list(self, where: Where) -> list[Value]:
        items: list[Value] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self._value(event, (*where, len(items))))
        return items

    def _mapping(self, where: Where) -> dict[str, Value]:
        found: dict[str, Value] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self._value(event, (*where, ""))
            if not isinstance(key, str):
                raise _RefusedError(event, "expected a text as key")
            if key in found:
                raise _RefusedError(event, f"the key {key[:60]!r} stands twice in this mapping")
            found[key] = self._value(next(self.events), (*where, key))
            if event.start_mark is not None:
                self.lines[(*where, key)] = event.start_mark.line + 1
        return found

    def _count(self, size: int, event: yaml.Event) -> None:
        self.nodes += size
        if self.nodes > MAX_NODES:
            raise _RefusedError(event, f"expected at most {MAX_NODES} values, aliases expanded")


def _scalar(event: yaml.ScalarEvent) -> Value:
    """The value of a scalar by YAML 1.2's core schema; what is quoted is a text."""
    text = event.value
    if not event.implicit[0]:
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise _RefusedError(event, "expected characters, got half of a surrogate pair")
        return text
    if _NULL.fullmatch(text):
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
