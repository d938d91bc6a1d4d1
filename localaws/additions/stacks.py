"""CloudFormation, where the emulator misses something of a resource.

A reference to a parameter of type Number yields text; CloudFormation makes it a number where the resource's schema has
one. The emulator hands on the text, and its queue poller stops at it. Of a DynamoDB table it leaves out point-in-time
recovery and time to live.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from localaws.additions import host

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


def completed_table(name: str, properties: Record) -> None:
    """Give an ``AWS::DynamoDB::Table`` the point-in-time recovery and the time to live of its properties."""
    recovery = properties.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled", False)
    host.set_table(name, recovery=str(recovery).lower() == "true", time_to_live=_on(properties))


def _on(properties: Record) -> Record | None:
    stated: Record | None = properties.get("TimeToLiveSpecification")
    return stated and stated | {"Enabled": str(stated.get("Enabled", True)).lower() == "true"}
