"""What a failed AWS call means: denied, throttled or unavailable. No adapter reads it as "nothing"."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.errors import UnreadableError

# Services spell the same answer in many ways: botocore's retry handlers and the services' own models list these.
_DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "ExpiredToken",
        "ExpiredTokenException",
        "Forbidden",
        "InvalidClientTokenId",
        "InvalidSecurity",
        "InvalidSignatureException",
        "KMSAccessDenied",
        "KMSAccessDeniedException",
        "NotAuthorized",
        "OptInRequired",
        "SignatureDoesNotMatch",
        "UnauthorizedOperation",
        "UnrecognizedClientException",
    }
)
_THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "KMSThrottling",
        "KMSThrottlingException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttled",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)


def error_code(error: ClientError) -> str:
    """The service's code of an error answer, such as ``ThrottlingException``."""
    return str(error.response.get("Error", {}).get("Code", ""))


def unreadable(error: ClientError | BotoCoreError, action: str, subject: str) -> UnreadableError:
    """The product's error for a failed call.

    Whatever is not known to be a refusal is worth asking again: it is retried by the queue and ends in the dead-letter
    queue with its cause.

    Args:
        error: as botocore raised it, after botocore's own retries.
        action: IAM action of the call, such as ``ecr:BatchGetImage``; a denied caller is told to allow it.
        subject: what was asked about, for people.
    """
    reason, what = _classify(error)
    if reason is UnknownReason.ACCESS_DENIED:
        where = "the role of ecrguard's function"
        if action.startswith("ecr:"):
            where += ", and in the repository's policy if it has one"
        detail = f"{action} was denied for {subject} ({what}); allow it in {where}"
    else:
        detail = f"{action} failed for {subject}: {what}"
    return UnreadableError(Unknown(reason, detail, subject))


def _classify(error: ClientError | BotoCoreError) -> tuple[UnknownReason, str]:
    if isinstance(error, ClientError):
        code = error_code(error)
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        # Whoever quotes it ends the sentence.
        message = str(error.response.get("Error", {}).get("Message", "")).rstrip(". ")
        what = f"{code}: {message}" if message else code or f"HTTP {status}"
        if code in _DENIED or (not code and status == 403):  # noqa: PLR2004 - HTTP's Forbidden
            return UnknownReason.ACCESS_DENIED, what
        return (UnknownReason.THROTTLED if code in _THROTTLED else UnknownReason.UNAVAILABLE), what
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return UnknownReason.ACCESS_DENIED, str(error)
    return UnknownReason.UNAVAILABLE, f"{type(error).__name__}: {error}"
