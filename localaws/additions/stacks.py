"""CloudFormation's coercion of property values, where the emulator misses it.

A reference to a parameter of type Number yields text; CloudFormation makes it a number where the resource's schema has
one. The emulator hands on the text, and its queue poller stops at it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from localaws.additions.host import Record

_EVENT_SOURCE_NUMBERS: Final = frozenset(
    {"BatchSize", "MaximumBatchingWindowInSeconds", "MaximumConcurrency", "MaximumRetryAttempts"}
)


def numbered_event_source(properties: Record) -> Record:
    """The properties of an ``AWS::Lambda::EventSourceMapping`` with numbers where its schema has numbers."""
    return {name: _number(name, value) for name, value in properties.items()}


def _number(name: str, value: object) -> object:
    if isinstance(value, dict):
        return {inner: _number(inner, item) for inner, item in value.items()}
    return int(value) if name in _EVENT_SOURCE_NUMBERS and isinstance(value, str) else value
