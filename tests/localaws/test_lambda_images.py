from __future__ import annotations

import io
import json
import time
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from localaws import images, process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_lambda import LambdaClient
    from tests.localaws.conftest import Repository

ROLE = f"arn:aws:iam::{process.ACCOUNT}:role/function"


@pytest.fixture
def functions(client: Callable[[str], Any]) -> LambdaClient:
    found: LambdaClient = client("lambda")
    return found


@pytest.fixture
def image(repository: Repository) -> images.Node:
    """An amd64 image, pushed as ``v1``."""
    made = images.image("linux/amd64")
    repository.door.push(made, "v1")
    return made


@pytest.fixture
def uri(aws: process.LocalAws, repository: Repository, image: images.Node) -> str:
    assert image.digest
    return aws.image_uri(repository.name, "v1")


@pytest.fixture
def made(functions: LambdaClient, name: str, uri: str) -> Iterator[Any]:
    """A function of the image that is there."""
    yield functions.create_function(
        FunctionName=name, PackageType="Image", Code={"ImageUri": uri}, Role=ROLE, Architectures=["arm64"]
    )
    functions.delete_function(FunctionName=name)


def zipped() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("index.py", "def handler(event, context):\n    return event\n")
    return content.getvalue()


def test_a_function_says_which_digest_its_tag_had(
    functions: LambdaClient, repository: Repository, image: images.Node, uri: str, made: Any
) -> None:
    code = functions.get_function(FunctionName=made["FunctionName"])["Code"]
    resolved = f"{uri.removesuffix(':v1')}@{image.digest}"
    assert code == {"RepositoryType": "ECR", "ImageUri": uri, "ResolvedImageUri": resolved}
    repository.door.push(images.image("linux/arm64"), "v1")
    assert functions.get_function(FunctionName=made["FunctionName"])["Code"]["ResolvedImageUri"] == resolved


def test_an_architecture_that_the_image_does_not_have_is_accepted(functions: LambdaClient, made: Any) -> None:
    found = functions.get_function(FunctionName=made["FunctionName"])["Configuration"]
    assert (found["PackageType"], found["Architectures"]) == ("Image", ["arm64"])
    assert not {"Runtime", "Handler", "Layers", "ImageUri"} & found.keys()


def test_an_update_resolves_the_tag_anew(
    functions: LambdaClient, repository: Repository, image: images.Node, uri: str, made: Any
) -> None:
    other = images.image("linux/arm64")
    repository.door.push(other, "v1")
    changed = functions.update_function_code(
        FunctionName=made["FunctionName"], ImageUri=uri, Architectures=["x86_64"], Publish=True
    )
    assert changed["Architectures"] == ["x86_64"]
    for qualifier in ("$LATEST", changed["Version"]):
        found = functions.get_function(FunctionName=made["FunctionName"], Qualifier=qualifier)["Code"]
        assert found["ResolvedImageUri"].endswith(f"@{other.digest}")
    by_digest = f"{uri.removesuffix(':v1')}@{image.digest}"
    functions.update_function_code(FunctionName=made["FunctionName"], ImageUri=by_digest)
    assert functions.get_function(FunctionName=made["FunctionName"])["Code"]["ResolvedImageUri"] == by_digest


@pytest.mark.parametrize(
    ("tag", "sentence"),
    [
        ("index", "The image manifest, config or layer media type for the source image .*:index is not supported"),
        ("chart", "The image manifest, config or layer media type for the source image .*:chart is not supported"),
        ("none", "Source image .*:none does not exist"),
        ("", "Source image .* is not valid"),
    ],
)
def test_lambda_refuses_what_it_cannot_take(
    functions: LambdaClient, repository: Repository, uri: str, made: Any, *, tag: str, sentence: str
) -> None:
    repository.door.push(images.index([images.image("linux/amd64"), images.image("linux/arm64")]), "index")
    repository.door.push(images.helm_chart(), "chart")
    wrong = uri.removesuffix(":v1") + (f":{tag}" if tag else "")
    refused = functions.exceptions.InvalidParameterValueException
    with pytest.raises(refused, match=sentence):
        functions.update_function_code(FunctionName=made["FunctionName"], ImageUri=wrong)
    with pytest.raises(refused, match=sentence):
        functions.create_function(FunctionName="other", PackageType="Image", Code={"ImageUri": wrong}, Role=ROLE)
    assert functions.get_function(FunctionName=made["FunctionName"])["Code"]["ImageUri"] == uri


def test_a_package_is_of_one_kind(functions: LambdaClient, name: str, uri: str, made: Any) -> None:
    refused = functions.exceptions.InvalidParameterValueException
    with pytest.raises(refused, match="Runtime and Handler are mandatory"):
        functions.create_function(FunctionName=f"{name}-2", Code={"ImageUri": uri}, Role=ROLE)
    with pytest.raises(refused, match="Please don't provide Handler or Runtime"):
        functions.create_function(
            FunctionName=f"{name}-2", PackageType="Image", Code={"ImageUri": uri}, Role=ROLE, Handler="a.b"
        )
    with pytest.raises(refused, match="Please provide ImageUri"):
        functions.update_function_code(FunctionName=made["FunctionName"], ZipFile=zipped())


def test_lists_hold_fifty_functions_a_page(functions: LambdaClient, name: str, made: Any) -> None:
    names = [f"{name}-{number:02}" for number in range(51)]
    for each in names:
        functions.create_function(
            FunctionName=each, Runtime="python3.13", Handler="index.handler", Code={"ZipFile": zipped()}, Role=ROLE
        )
    first = functions.list_functions(MaxItems=1000)
    assert len(first["Functions"]) == 50
    found = {
        item["FunctionName"]: item["PackageType"]
        for page in functions.get_paginator("list_functions").paginate()
        for item in page["Functions"]
    }
    assert found.items() >= {made["FunctionName"]: "Image", **dict.fromkeys(names, "Zip")}.items()
    for each in names:
        functions.delete_function(FunctionName=each)


def test_a_function_of_a_zip_file_still_runs(functions: LambdaClient, name: str) -> None:
    functions.create_function(
        FunctionName=name, Runtime="python3.13", Handler="index.handler", Code={"ZipFile": zipped()}, Role=ROLE
    )
    functions.update_function_code(FunctionName=name, ZipFile=zipped())
    assert json.load(functions.invoke(FunctionName=name, Payload=b'{"a": 1}')["Payload"]) == {"a": 1}
    functions.delete_function(FunctionName=name)


def test_the_bus_hears_of_functions_that_change(
    client: Callable[[str], Any], functions: LambdaClient, name: str, uri: str
) -> None:
    sqs, events, rule = client("sqs"), client("events"), f"{name}-functions"
    queue = sqs.create_queue(QueueName=rule)["QueueUrl"]
    pattern = {"source": ["aws.lambda"], "detail": {"requestParameters": {"functionName": [name]}}}
    events.put_rule(Name=rule, EventPattern=json.dumps(pattern))
    arn = f"arn:aws:sqs:{process.REGION}:{process.ACCOUNT}:{rule}"
    events.put_targets(Rule=rule, Targets=[{"Id": "queue", "Arn": arn}])
    functions.create_function(FunctionName=name, PackageType="Image", Code={"ImageUri": uri}, Role=ROLE)
    functions.update_function_code(FunctionName=name, ImageUri=uri)
    functions.delete_function(FunctionName=name)
    heard: list[Any] = []
    limit = time.monotonic() + 10
    while len(heard) < 3 and time.monotonic() < limit:
        messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])
        heard += [json.loads(message["Body"])["detail"] for message in messages]
    assert [detail["eventName"] for detail in heard] == [
        "CreateFunction20150331",
        "UpdateFunctionCode20150331v2",
        "DeleteFunction20150331",
    ]
    assert heard[0]["responseElements"]["functionArn"].endswith(f":function:{name}")
