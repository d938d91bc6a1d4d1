"""Reading CloudTrail's events of PutImage: who pushed an image.

ECR's own events name no principal. A trail that logs the management events of the Region tells of each call some
minutes later, as ``AWS API Call via CloudTrail``. Record: CloudTrail user guide, "CloudTrail record contents" and
"CloudTrail userIdentity element"; the Amazon ECR user guide has one of PutImage.

A manifest may have 4 MiB; CloudTrail leaves a member out of a record that grows too large (``omitted``), so that
nothing here rests on the manifest, and either of request and answer is enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ecrguard.domain.pusher import Pusher
from ecrguard.domain.reference import is_digest
from ecrguard.envelope import moment, optional, shown, text
from ecrguard.errors import MalformedEventError

if TYPE_CHECKING:
    from ecrguard.domain.reference import Registry
    from ecrguard.envelope import Envelope

CALL = "AWS API Call via CloudTrail"
"""The detail-type of what CloudTrail tells."""
_MAX_TEXT = 512
"""Characters that are kept of what a caller can word: names of sessions, the user agent."""


@dataclass(frozen=True, slots=True)
class ImagePut:
    """A call of PutImage that gave a tag to an image of the event's own registry.

    Attributes:
        registry: account and Region that the call was made in.
        repository: name within the registry.
        tag: that was given.
        digest: of the image.
        role: ARN of the IAM role whose session the caller is; empty for any other principal.
        pusher: who called, and when.
        event_id: EventBridge's id of the event.
    """

    registry: Registry
    repository: str
    tag: str
    digest: str
    role: str
    pusher: Pusher
    event_id: str


def read_put(envelope: Envelope) -> ImagePut | None:
    """The call that an event tells of; None where it says nothing about a tag of the registry.

    That is so for the children of an index, which have no tag; for an image of another account's registry, which the
    caller's own trail records too; and where CloudTrail has left out what the image is.

    Raises:
        MalformedEventError: it is no record of a call of PutImage that succeeded; such a message never heals.
    """
    detail = envelope.detail
    if envelope.source != "aws.ecr":
        raise MalformedEventError(f"expected an event of the source aws.ecr, got {envelope.source!r}")
    if (name := text(detail, "eventName", "detail")) != "PutImage":
        raise MalformedEventError(f"expected a call of PutImage, got {name!r}")
    if detail.get("errorCode"):
        raise MalformedEventError(f"expected a call that succeeded, got {shown(detail['errorCode'])} of PutImage")
    request, answer = detail.get("requestParameters"), _at(detail.get("responseElements"), "image")
    if _first((answer, "registryId"), (request, "registryId")) not in ("", envelope.registry.account):
        return None
    repository = _first((request, "repositoryName"), (answer, "repositoryName"))
    image_id = _at(answer, "imageId")
    tag = _first((request, "imageTag"), (image_id, "imageTag"))
    digest = _first((image_id, "imageDigest"), (request, "imageDigest"))
    whole = not any(_at(place, "omitted") for place in (detail, request, detail.get("responseElements")))
    if whole and not repository:
        raise MalformedEventError("expected a repositoryName among the parameters of PutImage, got none")
    if digest and not is_digest(digest):
        raise MalformedEventError(f"expected sha256:<64 hex digits> as imageDigest, got {shown(digest)}")
    if whole and not digest:
        raise MalformedEventError("expected an imageDigest in the answer of PutImage, got none")
    if not (repository and tag and digest):
        return None
    role, pusher = _caller(envelope)
    return ImagePut(envelope.registry, repository, tag, digest, role, pusher, envelope.id)


def _caller(envelope: Envelope) -> tuple[str, Pusher]:
    identity = envelope.detail.get("userIdentity")
    issuer = _at(identity, "sessionContext", "sessionIssuer")
    # Callers of other accounts and AWS services have no ARN; the id of a foreign role's session ends with its name.
    principal = _first((identity, "arn"), (identity, "principalId"), (identity, "invokedBy"))
    if not principal:
        raise MalformedEventError(f"expected an arn or a principalId in userIdentity, got {shown(identity)}")
    pusher = Pusher(
        arn=principal,
        address=_first((envelope.detail, "sourceIPAddress")),
        agent=_first((envelope.detail, "userAgent")),
        time=moment(stated) if (stated := optional(envelope.detail, "eventTime")) else envelope.time,
    )
    return _first((issuer, "arn")) if _first((issuer, "type")) == "Role" else "", pusher


def _at(value: Any, *path: str) -> Any:
    """What is at a path of members; None where there is nothing."""
    for member in path:
        value = value.get(member) if isinstance(value, dict) else None
    return value


def _first(*places: tuple[Any, str]) -> str:
    """The first member that is a text, as a message may carry it; empty where there is none."""
    for holder, member in places:
        found = _at(holder, member)
        if isinstance(found, str) and found:
            return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in found[:_MAX_TEXT])
    return ""
