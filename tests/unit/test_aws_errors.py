"""What a failed AWS call means: denied is for an operator, everything else is worth asking again."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ReadTimeoutError,
)
from botocore.retries import standard

from ecrguard.adapters.aws_errors import error_code, unreadable
from ecrguard.domain.image import UnknownReason

DENIED, THROTTLED, UNAVAILABLE = UnknownReason.ACCESS_DENIED, UnknownReason.THROTTLED, UnknownReason.UNAVAILABLE


def answer(code: str, message: str = "why", status: int = 400) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "BatchGetImage")


ERRORS: dict[str, tuple[ClientError | BotoCoreError, UnknownReason]] = {
    "JSON services deny": (answer("AccessDeniedException"), DENIED),
    "query services deny": (answer("AccessDenied", status=403), DENIED),
    "SNS denies": (answer("AuthorizationError", status=403), DENIED),
    "KMS denies": (answer("KMSAccessDeniedException"), DENIED),
    "a token that has expired": (answer("ExpiredTokenException"), DENIED),
    "a token that is none": (answer("UnrecognizedClientException"), DENIED),
    "403 without a word": (answer("", "", 403), DENIED),
    "no credentials": (NoCredentialsError(), DENIED),
    "half of the credentials": (PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"), DENIED),
    "JSON services throttle": (answer("ThrottlingException"), THROTTLED),
    "query services throttle": (answer("Throttling"), THROTTLED),
    "too many requests": (answer("TooManyRequestsException", status=429), THROTTLED),
    "a fault of the service": (answer("ServerException", status=500), UNAVAILABLE),
    "a code of tomorrow": (answer("SomethingNewException"), UNAVAILABLE),
    "500 without a word": (answer("", "", 500), UNAVAILABLE),
    "no route": (EndpointConnectionError(endpoint_url="https://api.ecr.eu-central-1.amazonaws.com"), UNAVAILABLE),
    "no answer": (ReadTimeoutError(endpoint_url="https://api.ecr.eu-central-1.amazonaws.com"), UNAVAILABLE),
    "no connection": (ConnectTimeoutError(endpoint_url="https://api.ecr.eu-central-1.amazonaws.com"), UNAVAILABLE),
    "a request that is none": (ParamValidationError(report="bad"), UNAVAILABLE),
}


@pytest.mark.parametrize(("error", "reason"), ERRORS.values(), ids=ERRORS.keys())
def test_each_error_has_its_reason(error: ClientError | BotoCoreError, reason: UnknownReason) -> None:
    unknown = unreadable(error, "ecr:BatchGetImage", "team/web").unknown

    assert (unknown.reason, unknown.subject) == (reason, "team/web")
    assert unknown.detail.startswith("ecr:BatchGetImage ")
    assert "team/web" in unknown.detail


def test_every_code_that_botocore_knows_for_a_throttle_is_one() -> None:
    codes: list[str] = vars(standard.ThrottledRetryableChecker)["_THROTTLED_ERROR_CODES"]

    assert codes
    for code in codes:
        assert unreadable(answer(code), "a:B", "x").unknown.reason is THROTTLED, code


def test_whoever_is_denied_is_told_what_was_and_what_aws_said() -> None:
    message = "User: arn:aws:sts::123456789012:assumed-role/push is not authorized"

    unknown = unreadable(answer("AccessDeniedException", message), "ecr:BatchGetImage", "team/web").unknown

    assert "ecr:BatchGetImage was denied for team/web" in unknown.detail
    assert message in unknown.detail


@pytest.mark.parametrize(
    ("action", "where"),
    [
        ("ecr:BatchGetImage", "the role of ecrguard's function, and in the repository's policy if it has one"),
        ("apprunner:ListServices", "the role of ecrguard's function"),
        ("secretsmanager:GetSecretValue", "the role of ecrguard's function"),
    ],
)
def test_whoever_is_denied_is_told_where_to_allow_it(action: str, where: str) -> None:
    assert unreadable(answer("AccessDeniedException"), action, "x").unknown.detail.endswith(f"; allow it in {where}")


def test_a_detail_has_no_full_stop_of_its_own() -> None:
    detail = unreadable(answer("ServerException", "Something is wrong."), "ecr:PutImage", "x").unknown.detail

    assert detail == "ecr:PutImage failed for x: ServerException: Something is wrong"


def test_an_answer_without_a_code_has_none() -> None:
    assert error_code(ClientError({}, "BatchGetImage")) == ""
    assert unreadable(ClientError({}, "BatchGetImage"), "a:B", "x").unknown.reason is UNAVAILABLE
