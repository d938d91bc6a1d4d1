"""EventBridge's matching of an event against a rule, as far as the stack's rules go."""

from __future__ import annotations

import fnmatch
from typing import Any


def matches(pattern: dict[str, Any], event: dict[str, Any]) -> bool:
    """Whether a rule with this pattern takes the event."""
    return all(_matches_key(key, wanted, event) for key, wanted in pattern.items())


def _matches_key(key: str, wanted: Any, event: dict[str, Any]) -> bool:
    if key == "$or":
        return any(matches(alternative, event) for alternative in wanted)
    if isinstance(wanted, dict):
        return isinstance(event.get(key), dict) and matches(wanted, event[key])
    if wanted == [{"exists": False}]:
        return key not in event
    return key in event and any(_matches_value(one, event[key]) for one in wanted)


def _matches_value(wanted: Any, value: Any) -> bool:
    match wanted:
        case {"wildcard": pattern}:
            return isinstance(value, str) and fnmatch.fnmatchcase(
                value, pattern.replace("[", "[[]").replace("?", "[?]")
            )
        case {"anything-but": {"prefix": prefix}}:
            return isinstance(value, str) and not value.startswith(prefix)
        case dict():
            raise NotImplementedError(wanted)
        case _:
            return bool(wanted == value)
