"""Reading ECR's EventBridge events: which images arrived.

Event shapes: Amazon ECR user guide, "Events and EventBridge". ``image-digest`` and ``image-tag`` are optional there,
and an untagged push has no ``image-tag`` or an empty one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ecrguard.domain.push import Arrival, Push
from ecrguard.domain.reference import is_digest
from ecrguard.envelope import optional, read_envelope, text
from ecrguard.errors import MalformedEventError

if TYPE_CHECKING:
    from ecrguard.envelope import Envelope

_IMAGE_ACTION = "ECR Image Action"
_REPLICATION_ACTION = "ECR Replication Action"
# What ECR calls an artifact's media type is that of the manifest's config; absent for an index.
_IMAGE_CONFIGS = frozenset(
    {
        "",
        "application/vnd.docker.container.image.v1+json",
        "application/vnd.oci.image.config.v1+json",
    }
)


def read_push(body: str) -> Push:
    """The push that an EventBridge event announces.

    Args:
        body: of the queue's message: the event as JSON.

    Raises:
        MalformedEventError: it is no event, or none of an image that arrived; such a message never heals.
    """
    return push_of(read_envelope(body))


def push_of(envelope: Envelope) -> Push:
    """As :func:`read_push`, of an event whose envelope has been read."""
    if envelope.source != "aws.ecr":
        raise MalformedEventError(f"expected an event of the source aws.ecr, got {envelope.source!r}")
    detail = envelope.detail
    digest, tag = optional(detail, "image-digest"), optional(detail, "image-tag")
    if digest and not is_digest(digest):
        raise MalformedEventError(f"expected sha256:<64 hex digits> as image-digest, got {digest!r}")
    if not digest and not tag:
        raise MalformedEventError("expected an image-digest or an image-tag, got neither")
    return Push(
        arrival=_arrival(envelope.detail_type, detail),
        registry=envelope.registry,
        repository=text(detail, "repository-name", "detail"),
        digest=digest,
        tag=tag,
        event_id=envelope.id,
        time=envelope.time,
        artifact=optional(detail, "artifact-media-type") not in _IMAGE_CONFIGS,
    )


def _arrival(detail_type: str, detail: dict[str, Any]) -> Arrival:
    result, action = text(detail, "result", "detail"), text(detail, "action-type", "detail")
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
