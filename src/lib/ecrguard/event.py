"""Reading ECR's EventBridge events: which images arrived.

Event shapes: Amazon ECR user guide, "Events and EventBridge". ``image-digest`` and ``image-tag`` are optional there,
and an untagged push has no ``image-tag`` or an empty one.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from ecrguard.domain.push import Arrival, Push
from ecrguard.domain.reference import Registry, is_digest
from ecrguard.errors import MalformedEventError

_IMAGE_ACTION = "ECR Image Action"
_REPLICATION_ACTION = "ECR Replication Action"
_MAX_TEXT = 512
"""More than any value that ECR puts into an event: repository names have 256 characters, tags 128."""


def read_push(body: str) -> Push:
    """The push that an EventBridge event announces.

    Args:
        body: of the queue's message: the event as JSON.

    Raises:
        MalformedEventError: it is no event, or none of an image that arrived; such a message never heals.
    """
    event = _object(_json(body), "the message")
    source = _text(event, "source", "the event")
    if source != "aws.ecr":
        raise MalformedEventError(f"expected an event of the source aws.ecr, got {source!r}")
    detail = _object(event.get("detail"), "detail")
    digest, tag = _optional(detail, "image-digest"), _optional(detail, "image-tag")
    if digest and not is_digest(digest):
        raise MalformedEventError(f"expected sha256:<64 hex digits> as image-digest, got {digest!r}")
    if not digest and not tag:
        raise MalformedEventError("expected an image-digest or an image-tag, got neither")
    registry = Registry(_text(event, "account", "the event"), _text(event, "region", "the event"))
    repository = _text(detail, "repository-name", "detail")
    arrival = _arrival(_text(event, "detail-type", "the event"), detail)
    return Push(arrival, registry, repository, digest, tag, _text(event, "id", "the event"), _time(event))


def _arrival(detail_type: str, detail: dict[str, Any]) -> Arrival:
    result, action = _text(detail, "result", "detail"), _text(detail, "action-type", "detail")
    if result != "SUCCESS":
        raise MalformedEventError(f"expected the result SUCCESS, got {result!r}: nothing has arrived")
    if detail_type == _IMAGE_ACTION and action == "PUSH":
        return Arrival.PUSHED
    if detail_type == _REPLICATION_ACTION and action == "REPLICATE":
        return Arrival.REPLICATED
    if (
        detail_type == _IMAGE_ACTION
        and action == "UPDATE_STORAGE_CLASS"
        and detail.get("target-storage-class") == "STANDARD"
    ):
        return Arrival.RESTORED
    raise MalformedEventError(
        f"expected {_IMAGE_ACTION} (PUSH, or UPDATE_STORAGE_CLASS to STANDARD) or {_REPLICATION_ACTION} (REPLICATE), "
        f"got {detail_type!r} with {action!r}"
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


def _text(data: dict[str, Any], key: str, where: str) -> str:
    value = data.get(key)
    if not _is_text(value) or not value:
        raise MalformedEventError(f"expected a text {key!r} in {where}, got {_shown(value)}")
    return str(value)


def _optional(data: dict[str, Any], key: str) -> str:
    value = data.get(key)
    if value is None:
        return ""
    if not _is_text(value):
        raise MalformedEventError(f"expected a text {key!r} in detail, got {_shown(value)}")
    return str(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _MAX_TEXT and value.isprintable()


def _shown(value: Any) -> str:
    """A value from outside as a message may carry it."""
    return repr(value[:80]) if isinstance(value, str) else type(value).__name__


def _time(event: dict[str, Any]) -> datetime:
    text = _text(event, "time", "the event")
    try:
        time = datetime.fromisoformat(text)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise MalformedEventError(f"expected an ISO 8601 time, got {text!r}") from None
