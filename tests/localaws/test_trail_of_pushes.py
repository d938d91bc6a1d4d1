"""CloudTrail's events of PutImage come some time after the push, and say who called; the product reads them."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from ecrguard.domain.reference import Registry
from ecrguard.envelope import read_envelope
from ecrguard.pusher_event import read_put
from localaws import images, process

if TYPE_CHECKING:
    from collections.abc import Callable

    import boto3
    from mypy_boto3_ecr import ECRClient
    from tests.localaws.conftest import Repository

    from ecrguard.pusher_event import ImagePut

DEVELOPER = f"arn:aws:iam::{process.ACCOUNT}:user/developer"
SECONDS_BEHIND = 2.0
"""As ``localaws.additions.trail`` has it, which only the emulator's own interpreter can import."""
IMAGE, OTHER = images.image("linux/amd64"), images.image("linux/arm64")


@pytest.fixture
def trail(client: Callable[[str], Any], name: str) -> Callable[[int], list[dict[str, Any]]]:
    """A function that waits for a number of events of PutImage of the repository, and a moment for more."""
    sqs, events = client("sqs"), client("events")
    queue = sqs.create_queue(QueueName=f"{name}-trail")["QueueUrl"]
    pattern = {
        "source": ["aws.ecr"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {"eventName": ["PutImage"], "requestParameters": {"repositoryName": [name]}},
    }
    events.put_rule(Name=f"{name}-trail", EventPattern=json.dumps(pattern))
    arn = f"arn:aws:sqs:{process.REGION}:{process.ACCOUNT}:{name}-trail"
    events.put_targets(Rule=f"{name}-trail", Targets=[{"Id": "queue", "Arn": arn}])

    def come(count: int) -> list[dict[str, Any]]:
        deadline, found = time.monotonic() + SECONDS_BEHIND + 5, list[dict[str, Any]]()
        while len(found) < count and time.monotonic() < deadline:
            messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            found += [json.loads(message["Body"]) for message in messages.get("Messages", [])]
        messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        return [*found, *(json.loads(message["Body"]) for message in messages.get("Messages", []))]

    return come


def read(event: dict[str, Any]) -> ImagePut | None:
    return read_put(read_envelope(json.dumps(event)))


def test_a_push_at_the_door_is_told_afterwards_once_for_each_image_that_was_put(
    repository: Repository, trail: Callable[[int], list[dict[str, Any]]]
) -> None:
    index = images.index([IMAGE, OTHER])
    began = datetime.now(UTC).replace(microsecond=0)
    repository.door.push(index, "v1")
    ended = datetime.now(UTC)

    told = [read(event) for event in trail(3)]

    # The children have no tag, which says nothing.
    (put,) = [each for each in told if each is not None]
    assert len(told) == 3
    assert (put.registry, put.repository) == (Registry(process.ACCOUNT, process.REGION), repository.name)
    assert (put.tag, put.digest, put.role) == ("v1", index.digest, "")
    assert (put.pusher.arn, put.pusher.address) == (DEVELOPER, "ecr.amazonaws.com")
    assert began <= put.pusher.time <= ended


def test_a_tag_that_is_put_by_call_is_told_and_what_is_there_already_is_not(
    repository: Repository, ecr: ECRClient, trail: Callable[[int], list[dict[str, Any]]]
) -> None:
    repository.door.push(IMAGE, "v1")
    repository.door.push(IMAGE, "v1")
    ecr.put_image(repositoryName=repository.name, imageManifest=IMAGE.content.decode(), imageTag="v2")
    with pytest.raises(ecr.exceptions.ImageAlreadyExistsException):
        ecr.put_image(repositoryName=repository.name, imageManifest=IMAGE.content.decode(), imageTag="v2")

    told = trail(2)

    assert [put.tag for event in told if (put := read(event)) is not None] == ["v1", "v2"]
    assert told[1]["detail"]["responseElements"]["image"]["imageId"] == {"imageDigest": IMAGE.digest, "imageTag": "v2"}


def test_whose_keys_signed_the_call_is_who_called(
    aws: process.LocalAws,
    session: boto3.Session,
    client: Callable[[str], Any],
    repository: Repository,
    trail: Callable[[int], list[dict[str, Any]]],
) -> None:
    repository.door.push(IMAGE, "v1")
    iam, sts = client("iam"), client("sts")
    role = iam.create_role(RoleName=repository.name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    keys = sts.assume_role(RoleArn=role, RoleSessionName="release-7")["Credentials"]
    ecr = session.client(
        "ecr",
        endpoint_url=aws.endpoint,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    ecr.put_image(repositoryName=repository.name, imageManifest=IMAGE.content.decode(), imageTag="v2")

    put = read(trail(2)[1])

    assert put is not None
    assert put.role == role
    assert put.pusher.arn == f"arn:aws:sts::{process.ACCOUNT}:assumed-role/{repository.name}/release-7"
