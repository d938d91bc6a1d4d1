"""The envelope of EventBridge's events: what each of them says, whatever it is of.

Shape: Amazon EventBridge user guide, "Events". Values come from outside: they are held to what a message can carry.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ecrguard.domain.reference import Registry
from ecrguard.errors import MalformedEventError

_MAX_TEXT = 2048
"""As long as an ARN may be; names of repositories have 256 characters, tags 128."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event of an AWS service.

    Attributes:
        source: that sent it, such as ``aws.ecr``.
        detail_type: what it is.
        registry: account and Region that it comes from.
        id: of the event.
        time: of the event, UTC.
        resources: ARNs of what it is about.
        detail: the rest.
    """

    source: str
    detail_type: str
    registry: Registry
    id: str
    time: datetime
    resources: tuple[str, ...]
    detail: dict[str, Any]


def read_envelope(body: str) -> Envelope:
    """The event in a message.

    Raises:
        MalformedEventError: it is no event; such a message never heals.
    """
    event = _object(_json(body), "the message")
    resources = event.get("resources") or []
    return Envelope(
        source=text(event, "source", "the event"),
        detail=_object(event.get("detail"), "detail"),
        detail_type=text(event, "detail-type", "the event"),
        registry=Registry(text(event, "account", "the event"), text(event, "region", "the event")),
        id=text(event, "id", "the event"),
        time=moment(text(event, "time", "the event")),
        resources=tuple(each for each in resources if _is_text(each)) if isinstance(resources, list) else (),
    )


def _json(body: str) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise MalformedEventError(
            f"expected an EventBridge event as JSON, got {len(body)} characters: {error}"
        ) from None
    except RecursionError:
        raise MalformedEventError("expected an EventBridge event, got JSON that is nested too deeply") from None


def _object(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise MalformedEventError(f"expected a JSON object as {where}, got {type(value).__name__}")
    return value


def text(data: dict[str, Any], key: str, where: str) -> str:
    """A member that must be there.

    Raises:
        MalformedEventError: it is not a text, or an empty one.
    """
    value = data.get(key)
    if not _is_text(value) or not value:
        raise MalformedEventError(f"expected a text {key!r} in {where}, got {shown(value)}")
    return str(value)


def optional(data: dict[str, Any], key: str) -> str:
    """A member of ``detail`` that may be absent; then empty.

    Raises:
        MalformedEventError: it is there, and not a text.
    """
    value = data.get(key)
    if value is None:
        return ""
    if not _is_text(value):
        raise MalformedEventError(f"expected a text {key!r} in detail, got {shown(value)}")
    return str(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _MAX_TEXT and value.isprintable()


def shown(value: Any) -> str:
    """A value from outside as a message may carry it."""
    return repr(value[:80]) if isinstance(value, str) else type(value).__name__


def moment(stated: str) -> datetime:
    """A time as events state it, UTC.

    Raises:
        MalformedEventError: it is none.
    """
    try:
        time = datetime.fromisoformat(stated)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise MalformedEventError(f"expected an ISO 8601 time, got {stated!r}") from None
