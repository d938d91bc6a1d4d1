from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from localaws.additions import model
from localaws.additions.wire import Call, JsonService, Refusal

if TYPE_CHECKING:
    from localaws.additions.wire import Operation

IMAGE = {
    "registryId": "000000000000",
    "repositoryName": "web",
    "imageDigest": "sha256:00",
    "imageTags": ["v1"],
    "imagePushedAt": 1.5,
    "imageSizeInBytes": 5,
    "imageStatus": "ACTIVE",
}


def problems(detail: dict[str, Any]) -> list[str]:
    shape = model.operation_model("ecr", "DescribeImages").output_shape
    assert shape is not None
    return list(model.problems(shape, {"imageDetails": [detail]}))


def test_an_answer_that_fits_the_model_has_no_problems() -> None:
    assert problems(IMAGE) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"imageStatus": "LOST"}, "'LOST' is none of ACTIVE, ARCHIVED, ACTIVATING"),
        ({"registryId": "12"}, "does not match [0-9]{12}"),
        ({"architecture": "arm64"}, "ImageDetail has no member architecture"),
        ({"imageTags": "v1"}, "expected a list"),
        ({"imageTags": [""]}, "0 long, at least 1 expected"),
        ({"imageSizeInBytes": "5"}, "expected a whole number"),
        ({"imagePushedAt": "today"}, "expected a number"),
        ({"imageScanStatus": []}, "expected the structure ImageScanStatus"),
        ({"imageDigest": None}, "expected a string"),
    ],
)
def test_what_aws_cannot_say_is_named(change: dict[str, Any], sentence: str) -> None:
    [problem] = problems(IMAGE | change)
    assert problem.startswith("$.imageDetails[0].") if "architecture" not in change else True
    assert sentence in problem


def test_a_missing_member_is_named() -> None:
    shape = model.operation_model("apprunner", "DescribeService").output_shape
    assert shape is not None
    assert list(model.problems(shape, {})) == ["$: DescribeServiceResponse requires Service"]


def answer(operation: Operation) -> tuple[int, Any]:
    service = JsonService("ecr", {"DescribeImages": operation})
    headers = {"x-amz-target": "AmazonEC2ContainerRegistry_V20150921.DescribeImages"}
    status, _, body = asyncio.run(service("POST", "/", headers, b'{"repositoryName": "web"}', {}))
    return status, json.loads(body)


def test_an_answer_that_does_not_fit_is_a_loud_500() -> None:
    status, body = answer(lambda _call: {"imageDetails": [IMAGE | {"imageStatus": "LOST"}]})
    assert (status, body["__type"]) == (500, "InternalFailure")
    assert "imageStatus: 'LOST' is none of" in body["message"]


def test_an_error_that_the_operation_does_not_have_is_a_loud_500() -> None:
    def refuse(_call: Call) -> dict[str, Any]:
        raise Refusal("ImageTagAlreadyExistsException", "not here")

    status, body = answer(refuse)
    assert (status, body["__type"]) == (500, "InternalFailure")


def test_a_refusal_of_the_operation_is_sent() -> None:
    def refuse(call: Call) -> dict[str, Any]:
        raise Refusal("RepositoryNotFoundException", f"no {call.get('repositoryName')}")

    assert answer(refuse) == (400, {"__type": "RepositoryNotFoundException", "message": "no web"})
