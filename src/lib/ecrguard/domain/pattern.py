"""Patterns over repository names and tags: globs, and globs that capture a platform from a tag.

A glob has ``*`` (any characters, also none, also ``/``) and ``?`` (one character); it matches the whole text, case and
all. A capture in braces stands for a part of the tag: ``{arch}``, ``{os}``, ``{variant}`` and ``{platform}`` match only
what names such a thing, any other name (``{version}``) one character or more. So ``{version}-{arch}`` matches
``1.4-arm64`` and not ``1.4-beta``.

Matching takes time in proportion to pattern times text, whatever the two are: a tag is written by whoever pushes.
"""

from __future__ import annotations

import difflib
import fnmatch
import re
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

from ecrguard.domain.platform import (
    ARCHITECTURE_NAMES,
    OPERATING_SYSTEM_NAMES,
    Platform,
    architecture_named,
    cpu_level,
    platform,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

CAPTURES = ("arch", "os", "variant", "platform")
"""The captures that say something of a platform."""

MAX_RUNS = 8
"""``*`` and free captures in one pattern with captures."""

_CAPTURE = re.compile(r"\{([^{}]*)\}")
_CAPTURE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_NEAR_NAMES = {"architecture": "arch", "cpu": "arch", "system": "os", "operating_system": "os", "machine": "arch"}


class PatternError(ValueError):
    """A text that is no pattern of this grammar. The message says what was expected."""


@dataclass(frozen=True, slots=True)
class Globs:
    """A list of globs, of which one must match.

    Attributes:
        texts: as the policy states them.
    """

    texts: tuple[str, ...] = ("*",)
    _regex: re.Pattern[str] = field(init=False, repr=False, compare=False)
    _general: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_regex", _compile(self.texts))
        object.__setattr__(self, "_general", _compile(tuple(text for text in self.texts if "?" not in text)))

    def match(self, text: str) -> bool:
        """Whether one of the globs matches ``text``."""
        return self._regex.match(text) is not None

    def covers(self, glob: str) -> bool:
        """Whether whatever ``glob`` matches is matched here too, as far as one glob alone tells.

        A True is certain. A False may be wrong where several globs cover it together, or one with a ``?``.
        """
        # A wildcard of `glob` can only be taken in by a `*` here, and that takes in all it stands for as well.
        return glob in self.texts or self._general.match(glob) is not None


def _compile(texts: tuple[str, ...]) -> re.Pattern[str]:
    # `translate` puts what follows a `*` in an atomic group: no backtracking. `[` is no wildcard here.
    return re.compile("|".join(fnmatch.translate(text.replace("[", "[[]")) for text in texts) or r"(?!)")


class _Kind(Enum):
    LITERAL = auto()
    ONE = auto()
    RUN = auto()
    ARCH = auto()
    OS = auto()
    VARIANT = auto()
    PLATFORM = auto()


_KINDS = {"arch": _Kind.ARCH, "os": _Kind.OS, "variant": _Kind.VARIANT, "platform": _Kind.PLATFORM}


class _Token(NamedTuple):
    kind: _Kind
    text: str = ""


class _Parts(NamedTuple):
    """What has been captured so far."""

    os: str = ""
    architecture: str = ""
    variant: str = ""


class _State(NamedTuple):
    """The next token to match, where in the tag, and what has been captured."""

    place: int = 0
    start: int = 0
    parts: _Parts = _Parts()


def _names(names: frozenset[str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=lambda name: (-len(name), name)))


# CI build numbers look like it: `1.4-386` promises no architecture, `1.4-linux-386` does.
_BARE_NUMBER = frozenset({"386"})
_VARIANT = r"v\d(?:\.\d{1,2})?"
_EDGE, _END = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"
_ARCH_AND_VARIANT = rf"(?P<architecture>{_names(ARCHITECTURE_NAMES)})(?P<variant>{_VARIANT})?"
_OS = rf"(?P<os>{_names(OPERATING_SYSTEM_NAMES)})"
_CAPTURED = {
    _Kind.ARCH: re.compile(rf"{_EDGE}{_ARCH_AND_VARIANT}{_END}", re.IGNORECASE | re.ASCII),
    _Kind.OS: re.compile(rf"{_EDGE}{_OS}{_END}", re.IGNORECASE | re.ASCII),
    _Kind.VARIANT: re.compile(rf"{_EDGE}(?P<variant>{_VARIANT}){_END}", re.IGNORECASE | re.ASCII),
    _Kind.PLATFORM: re.compile(
        rf"{_EDGE}{_OS}[-_.](?P<architecture>{_names(ARCHITECTURE_NAMES)})(?:[-_.]?(?P<suffix>{_VARIANT}))?{_END}",
        re.IGNORECASE | re.ASCII,
    ),
}


@dataclass(frozen=True, slots=True)
class TagPattern:
    """A tag glob that captures a platform. Build it with :func:`tag_pattern`.

    Attributes:
        text: as the policy states it.
    """

    text: str
    _tokens: tuple[_Token, ...] = field(repr=False, compare=False)

    def capture(self, tag: str) -> Platform | None:
        """The platform that ``tag`` names, its os open where the pattern has none; None where there is no match."""
        return _match(self._tokens, tag, _State(), set())


def architectures_in(tag: str) -> tuple[Platform, ...]:
    """The partial platforms that a tag names between separators, in its order: ``1.4-armv7``, ``2-linux-arm64-slim``.

    They are those that ``*{platform}*`` or else ``*{arch}*`` would capture, all of them rather than the first.
    """
    found: list[Platform] = []
    start = 0
    while start < len(tag):
        end, named = _named_at(tag, start)
        found += [named] if named is not None else []
        start = end
    return tuple(dict.fromkeys(found))


def _named_at(tag: str, start: int) -> tuple[int, Platform | None]:
    for kind in (_Kind.PLATFORM, _Kind.ARCH):
        match = _CAPTURED[kind].match(tag, start)
        named = _platform(_add(_Parts(), match)) if match is not None else None
        if match is not None and named is not None:
            return match.end(), named
    return start + 1, None


def has_capture(text: str) -> bool:
    """Whether a tag pattern has captures, or tries to: a brace is no character of a tag."""
    return "{" in text or "}" in text


def widened(text: str) -> str:
    """The glob that matches whatever the pattern matches, and more: each capture is a ``*``."""
    return _CAPTURE.sub("*", text)


def tag_pattern(text: str) -> TagPattern:
    """The pattern that ``text`` states.

    Raises:
        PatternError: a brace that is not closed, captures that do not make one platform, or no separator beside one.
    """
    tokens: list[_Token] = []
    names: list[str] = []
    end = 0
    for capture in _CAPTURE.finditer(text):
        tokens += _glob_tokens(text[end : capture.start()], text)
        name = capture[1]
        if name in _KINDS:
            names.append(name)
            _check_separated(text, capture)
            tokens.append(_Token(_KINDS[name]))
        else:
            _check_free_name(name)
            tokens += [_Token(_Kind.ONE), _Token(_Kind.RUN)]
        end = capture.end()
    tokens += _glob_tokens(text[end:], text)
    _check_names(text, names)
    if sum(token.kind is _Kind.RUN for token in tokens) > MAX_RUNS:
        raise PatternError(f"expected at most {MAX_RUNS} wildcards in a pattern with captures, got more in {text!r}")
    return TagPattern(text, tuple(tokens))


def _glob_tokens(text: str, pattern: str) -> list[_Token]:
    if "{" in text or "}" in text:
        raise PatternError(f"expected captures such as {{version}} or {{arch}}, got a brace on its own in {pattern!r}")
    kinds = {"*": _Kind.RUN, "?": _Kind.ONE}
    parts = re.findall(r"\*+|\?|[^*?]+", text)
    return [_Token(kinds.get(part[0], _Kind.LITERAL), part) for part in parts]


def _check_separated(text: str, capture: re.Match[str]) -> None:
    before, after = text[capture.start() - 1 : capture.start()], text[capture.end() : capture.end() + 1]
    for beside in (before, after):
        if beside.isalnum() or beside in ("{", "}"):
            raise PatternError(
                f"expected a separator (- _ .) between {capture[0]} and {beside!r} in {text!r}: "
                "without one, 'charm' would name arm"
            )


def _check_free_name(name: str) -> None:
    if _CAPTURE_NAME.fullmatch(name) is None:
        raise PatternError(f"expected a name in braces, such as {{version}}, got {{{name}}}")
    near = _NEAR_NAMES.get(name.lower()) or next(iter(difflib.get_close_matches(name.lower(), CAPTURES, 1, 0.75)), "")
    if near:
        raise PatternError(f"{{{name}}} would match anything; did you mean {{{near}}}?")


def _check_names(text: str, names: list[str]) -> None:
    if len(names) != len(set(names)):
        raise PatternError(
            f"expected each of {{arch}}, {{os}}, {{variant}} and {{platform}} at most once, got {text!r}"
        )
    if "platform" in names and len(names) > 1:
        raise PatternError(f"{{platform}} has os, architecture and variant in it; {text!r} names one of them again")
    if not {"arch", "platform"} & set(names):
        raise PatternError(f"expected {{arch}} or {{platform}} in a pattern with captures, got {text!r}; else use *")


def _match(tokens: tuple[_Token, ...], tag: str, state: _State, failed: set[_State]) -> Platform | None:
    """The platform that the tokens find in ``tag`` from ``state`` on; a state that has failed is not tried again."""
    if state.place == len(tokens):
        return _platform(state.parts) if state.start == len(tag) else None
    if state in failed:
        return None
    for end, parts in _steps(tokens[state.place], tag, state.start, state.parts):
        found = _match(tokens, tag, _State(state.place + 1, end, parts), failed)
        if found is not None:
            return found
    failed.add(state)
    return None


def _steps(token: _Token, tag: str, start: int, parts: _Parts) -> Iterator[tuple[int, _Parts]]:
    """Where a token can end, and what is captured by then."""
    if token.kind is _Kind.LITERAL:
        if tag.startswith(token.text, start):
            yield start + len(token.text), parts
    elif token.kind is _Kind.ONE:
        if start < len(tag):
            yield start + 1, parts
    elif token.kind is _Kind.RUN:
        for end in range(start, len(tag) + 1):
            yield end, parts
    else:
        found = _CAPTURED[token.kind].match(tag, start)
        if found is not None:
            yield found.end(), _add(parts, found)


def _add(parts: _Parts, found: re.Match[str]) -> _Parts:
    groups = found.groupdict()
    return _Parts(
        groups.get("os") or parts.os,
        groups.get("architecture") or parts.architecture,
        groups.get("variant") or groups.get("suffix") or parts.variant,
    )


def _platform(parts: _Parts) -> Platform | None:
    named = architecture_named(parts.architecture)
    if named is None or (parts.architecture in _BARE_NUMBER and not parts.os):
        return None
    variant = cpu_level(named.architecture, parts.variant) if parts.variant else named.variant
    return None if variant is None else Platform(platform(parts.os, "").os, named.architecture, variant)
