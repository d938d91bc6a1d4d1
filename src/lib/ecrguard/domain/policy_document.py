"""The policy as a document: plain data, as YAML or JSON gives it, read into a :class:`~ecrguard.domain.policy.Policy`.

A document is taken whole or not at all, and what is wrong with it is said all at once, each problem with its place.
``docs/policy.schema.json`` is the same grammar for editors; this module also checks what a schema cannot say (unknown
platforms, names used twice, rules that can never match).
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from ecrguard.domain.action import Action
from ecrguard.domain.pattern import Globs, PatternError, TagPattern, has_capture, tag_pattern, widened
from ecrguard.domain.platform import Platform, PlatformError, parse
from ecrguard.domain.policy import Demand, Exemption, LinkedMode, Match, Policy, Rule, ScopedExemption

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from enum import StrEnum

VERSION = 1
"""Of the grammar; the only one there is."""
MAX_BYTES = 256 * 1024
"""Size of a document; well below what AppConfig takes."""
MAX_RULES = 1000
MAX_EXEMPTIONS = 1000
"""In one list of exemptions."""
MAX_ITEMS = 100
"""Globs or platforms in one list."""
MAX_NAME = 100
MAX_REASON = 500
MAX_REPOSITORY_GLOB = 256
MAX_TAG_GLOB = 128
"""Characters; ECR's own limits of what the globs are matched with."""

type Where = tuple[str | int, ...]
"""A place in the document: keys and list positions from the top."""

_TOP_KEYS = ("version", "defaults", "rules", "exemptions")
_DEFAULT_KEYS = ("linked", "on_mismatch")
_EXEMPTION_KEYS = ("repositories", "tags", "reason", "until")
_RULE_KEYS = (
    "name", "repositories", "tags", "platforms", "match", "extra", "linked", "on_mismatch", "exemptions",
)  # fmt: skip
_REPOSITORY_GLOB = re.compile(r"[a-z0-9._/*?-]+")
_TAG_GLOB = re.compile(r"[A-Za-z0-9_.*?-]+")
_TAG_PATTERN = re.compile(r"[A-Za-z0-9_.*?{}-]+")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a policy document.

    Attributes:
        where: its place; empty for the document as a whole.
        message: what was expected and what came.
        line: of the text, from 1; 0 where it is not known.
    """

    where: Where
    message: str
    line: int = 0

    @property
    def path(self) -> str:
        """The place as text, such as ``rules[2].platforms[0]``."""
        steps = (f"[{step}]" if isinstance(step, int) else f".{step[:_SHOWN]}" for step in self.where)
        return "".join(steps).removeprefix(".")

    def __str__(self) -> str:
        line = f"line {self.line}" if self.line else ""
        place = f"{self.path} ({line})" if self.path and line else self.path or line
        return f"{place}: {self.message}" if place else self.message


class PolicyError(ValueError):
    """A document that is no valid policy.

    Attributes:
        problems: all that is wrong with it; at least one.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def read_policy(data: object) -> Policy:
    """The policy that ``data`` states.

    Raises:
        PolicyError: and nothing else, whatever ``data`` is.
    """
    reader = _Reader()
    policy = reader.policy(data)
    if reader.problems:
        raise PolicyError(reader.problems)
    return policy


@dataclass(slots=True)
class _Reader:
    """Reads what can be read and notes what cannot, so that one pass finds every problem."""

    problems: list[Problem] = field(default_factory=list)

    def policy(self, data: object) -> Policy:
        top = self._mapping(data, (), _TOP_KEYS)
        if top is None:
            return Policy()
        version = top.get("version")
        if type(version) is not int or version != VERSION:
            what = _shown(version) if "version" in top else "none"
            self._note(("version",) if "version" in top else (), f"expected version: {VERSION}, got {what}")
        rules = self._rules(top["rules"]) if "rules" in top else ()
        exemptions = self._exemptions(top["exemptions"], ("exemptions",)) if "exemptions" in top else ()
        defaults = self._mapping(top["defaults"], ("defaults",), _DEFAULT_KEYS) if "defaults" in top else None
        linked = self._choice(defaults or {}, "linked", ("defaults",), LinkedMode)
        on_mismatch = self._choice(defaults or {}, "on_mismatch", ("defaults",), Action)
        unstated = Policy()
        return Policy(rules, exemptions, linked or unstated.linked, on_mismatch or unstated.on_mismatch)

    def _rules(self, value: object) -> tuple[Rule, ...]:
        found = [
            (place, self._rule(item, ("rules", place))) for place, item in self._items(value, ("rules",), MAX_RULES)
        ]
        rules = [(place, rule) for place, rule in found if rule is not None]
        self._names(rules)
        self._unreachable(rules)
        return tuple(rule for _, rule in rules)

    def _rule(self, value: object, where: Where) -> Rule | None:
        data = self._mapping(value, where, _RULE_KEYS)
        if data is None:
            return None
        before = len(self.problems)
        name = self._text(data, "name", where, MAX_NAME)
        repositories = self._repositories(data, where)
        tags = self._rule_tags(data, where)
        demand = self._demand(data, where)
        extra = self._flag(data, "extra", where)
        captures = not isinstance(tags, Globs)
        if captures and "platforms" in data:
            self._note((*where, "platforms"), "the tags capture the platform; leave platforms out, or the captures")
        if "match" in data and "platforms" not in data:
            self._note((*where, "match"), "says how many of platforms an image must have, and the rule names none")
        if "extra" in data and "platforms" not in data and not captures:
            self._note((*where, "extra"), "says whether there may be other platforms, and the rule names none")
        linked = self._choice(data, "linked", where, LinkedMode)
        on_mismatch = self._choice(data, "on_mismatch", where, Action)
        exemptions: tuple[ScopedExemption, ...] = ()
        if "exemptions" in data:
            exemptions = self._exemptions(data["exemptions"], (*where, "exemptions"))
        if len(self.problems) > before:
            return None
        return Rule(name, repositories, tags, demand, extra, linked, on_mismatch, exemptions)

    def _demand(self, data: dict[str, Any], where: Where) -> Demand | None:
        match = self._choice(data, "match", where, Match) or Match.ALL
        if "platforms" not in data:
            return None
        found: list[Platform] = []
        for place, item in self._items(data["platforms"], (*where, "platforms"), MAX_ITEMS, at_least_one=True):
            at = (*where, "platforms", place)
            text = self._word(item, at)
            try:
                found += [parse(text, partial=True)] if text else []
            except PlatformError as error:
                self._note(at, str(error))
        return Demand(tuple(dict.fromkeys(found)), match, self._flag(data, "extra", where, quiet=True))

    def _rule_tags(self, data: dict[str, Any], where: Where) -> Globs | tuple[TagPattern, ...]:
        texts = self._globs(data, "tags", where, self._check_tag_pattern)
        patterns = [text for text in texts if has_capture(text)]
        if not patterns:
            return Globs(tuple(texts))
        if len(patterns) < len(texts):
            self._note((*where, "tags"), "expected captures in all of the tags or in none; make two rules of it")
        found: list[TagPattern] = []
        for place, text in enumerate(texts):
            try:
                found += [tag_pattern(text)] if text in patterns else []
            except PatternError as error:
                self._note((*where, "tags", place), str(error))
        return tuple(found)

    def _exemptions(self, value: object, where: Where) -> tuple[ScopedExemption, ...]:
        items = self._items(value, where, MAX_EXEMPTIONS)
        found = [self._exemption(item, (*where, place)) for place, item in items]
        return tuple(one for one in found if one is not None)

    def _exemption(self, value: object, where: Where) -> ScopedExemption | None:
        data = self._mapping(value, where, _EXEMPTION_KEYS)
        if data is None:
            return None
        reason = self._text(data, "reason", where, MAX_REASON)
        until = self._date(data, "until", where)
        repositories = self._repositories(data, where)
        tags = Globs(tuple(self._globs(data, "tags", where, self._check_tag_glob)))
        return ScopedExemption(Exemption(reason, until), repositories, tags) if until else None

    def _repositories(self, data: dict[str, Any], where: Where) -> Globs:
        return Globs(tuple(self._globs(data, "repositories", where, self._check_repository_glob)))

    def _globs(self, data: dict[str, Any], key: str, where: Where, check: Callable[[str, Where], None]) -> list[str]:
        """The globs of a list that may be left out, for all; a problem's place in it stays, so that places agree."""
        if key not in data:
            return ["*"]
        texts: list[str] = []
        for place, item in self._items(data[key], (*where, key), MAX_ITEMS, at_least_one=True):
            text = self._word(item, (*where, key, place))
            if text:
                check(text, (*where, key, place))
            texts.append(text)
        return texts

    def _check_repository_glob(self, text: str, where: Where) -> None:
        if len(text) > MAX_REPOSITORY_GLOB:
            self._note(where, f"expected at most {MAX_REPOSITORY_GLOB} characters, got {len(text)}")
        elif _REPOSITORY_GLOB.fullmatch(text) is None:
            allowed = "lower-case letters, digits, - _ . / and the wildcards * and ?"
            self._note(where, f"expected a glob over repository names ({allowed}), got {_shown(text)}")

    def _check_tag_glob(self, text: str, where: Where) -> None:
        self._check_tag(text, where, _TAG_GLOB, "letters, digits, - _ . and the wildcards * and ?")

    def _check_tag_pattern(self, text: str, where: Where) -> None:
        allowed = "letters, digits, - _ ., the wildcards * and ?, captures such as {version}-{arch}"
        self._check_tag(text, where, _TAG_PATTERN, allowed)

    def _check_tag(self, text: str, where: Where, grammar: re.Pattern[str], allowed: str) -> None:
        if len(text) > MAX_TAG_GLOB:
            self._note(where, f"expected at most {MAX_TAG_GLOB} characters, got {len(text)}")
        elif grammar.fullmatch(text) is None:
            self._note(where, f"expected a glob over tags ({allowed}), got {_shown(text)}")

    def _names(self, rules: list[tuple[int, Rule]]) -> None:
        first: dict[str, int] = {}
        for place, rule in rules:
            other = first.setdefault(rule.name, place)
            if other != place:
                self._note(("rules", place, "name"), f"expected a name of its own, got that of rules[{other}]")

    def _unreachable(self, rules: list[tuple[int, Rule]]) -> None:
        for position, (place, rule) in enumerate(rules):
            above = next(((p, other) for p, other in rules[:position] if _covers(other, rule)), None)
            if above is not None:
                self._note(
                    ("rules", place),
                    f"rule {rule.name!r} can never match: rules[{above[0]}] {above[1].name!r} stands before it and "
                    "takes all that it would; put the more specific rule first",
                )

    # The leaves: each notes what it does not get, and answers with something that lets reading go on.

    def _mapping(self, value: object, where: Where, keys: tuple[str, ...]) -> dict[str, Any] | None:
        if not isinstance(value, dict):
            self._note(where, f"expected a mapping with the keys {', '.join(keys)}, got {_shown(value)}")
            return None
        for key in value:
            if key not in keys:
                name = key if isinstance(key, str) else _shown(key)
                self._note((*where, name), f"unknown key; {_meant(name, keys)}")
        return value

    def _items(
        self, value: object, where: Where, limit: int, *, at_least_one: bool = False
    ) -> Iterable[tuple[int, object]]:
        if not isinstance(value, list):
            self._note(where, f"expected a list, got {_shown(value)}")
            return ()
        if not value and at_least_one:
            self._note(where, "expected at least one item, got an empty list; leave the key out instead")
        if len(value) > limit:
            self._note(where, f"expected at most {limit} items, got {len(value)}")
        return enumerate(value[:limit])

    def _text(self, data: dict[str, Any], key: str, where: Where, limit: int) -> str:
        if key not in data:
            self._note(where, f"expected the key {key}")
            return ""
        text = self._word(data[key], (*where, key))
        if len(text) > limit:
            self._note((*where, key), f"expected at most {limit} characters, got {len(text)}")
        return text

    def _word(self, value: object, where: Where) -> str:
        """A text of one line, without blanks around it; empty where it is none."""
        if not isinstance(value, str):
            quote = "; put it in quotes" if isinstance(value, int | float) else ""
            self._note(where, f"expected a text, got {_shown(value)}{quote}")
            return ""
        if not value or value != value.strip() or not value.isprintable():
            self._note(where, f"expected a text of one line without blanks around it, got {_shown(value)}")
            return ""
        return value

    def _choice[E: StrEnum](self, data: dict[str, Any], key: str, where: Where, choices: type[E]) -> E | None:
        if key not in data:
            return None
        value = data[key]
        names = tuple(choice.value for choice in choices)
        if isinstance(value, str) and value in names:
            return choices(value)
        self._note((*where, key), f"{_meant(value if isinstance(value, str) else '', names)}, got {_shown(value)}")
        return None

    def _flag(self, data: dict[str, Any], key: str, where: Where, *, quiet: bool = False) -> bool:
        value = data.get(key, True)
        if isinstance(value, bool):
            return value
        if not quiet:
            self._note((*where, key), f"expected true or false, got {_shown(value)}")
        return True

    def _date(self, data: dict[str, Any], key: str, where: Where) -> date | None:
        text = self._text(data, key, where, MAX_NAME)
        if not text:
            return None
        try:
            if _DATE.fullmatch(text):
                return date.fromisoformat(text)
        except ValueError:
            pass
        self._note((*where, key), f"expected a date such as 2027-01-31, got {_shown(text)}")
        return None

    def _note(self, where: Where, message: str) -> None:
        self.problems.append(Problem(where, message))


def _covers(earlier: Rule, later: Rule) -> bool:
    """Whether ``earlier`` certainly matches all that ``later`` would."""
    if not all(earlier.repositories.covers(glob) for glob in later.repositories.texts):
        return False
    tags = later.tags.texts if isinstance(later.tags, Globs) else tuple(pattern.text for pattern in later.tags)
    if isinstance(earlier.tags, Globs):
        return all(earlier.tags.covers(widened(text)) for text in tags)
    return {pattern.text for pattern in earlier.tags}.issuperset(tags)


def _meant(name: str, known: tuple[str, ...]) -> str:
    name = name[:_SHOWN].lower()
    near = [one for one in known if name and one.startswith(name)] or difflib.get_close_matches(name, known)
    return f"did you mean {near[0]}?" if near else f"expected one of {', '.join(known)}"


def _shown(value: object) -> str:
    """A value as messages show it: never long, whatever it is."""
    if isinstance(value, str):
        return repr(value) if len(value) <= _SHOWN else f"{value[:_SHOWN]!r}... ({len(value)} characters)"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value) if abs(value) < 10**_SHOWN else "a huge number"
    names = {dict: "a mapping", list: "a list", type(None): "nothing"}
    return names.get(type(value), f"a {type(value).__name__}")
