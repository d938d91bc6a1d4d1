from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import requests

from localaws import process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from localaws.images import Node
    from mypy_boto3_ecr import ECRClient


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[process.LocalAws]:
    log: Path = tmp_path_factory.mktemp("localaws") / "server.log"
    with process.running(log=log) as server:
        yield server


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    return boto3.Session("test", "test", region_name=process.REGION)


@pytest.fixture(scope="session")
def client(aws: process.LocalAws, session: boto3.Session) -> Callable[[str], Any]:
    made: dict[str, Any] = {}

    def of(service: str) -> Any:
        if service not in made:
            made[service] = session.client(service, endpoint_url=aws.endpoint)  # type: ignore[call-overload]  # any name
        return made[service]

    return of


@pytest.fixture(scope="session")
def ecr(client: Callable[[str], Any]) -> ECRClient:
    found: ECRClient = client("ecr")
    return found


@pytest.fixture
def name() -> str:
    return f"t{uuid.uuid4().hex[:10]}"


@dataclass(frozen=True)
class Door:
    """A repository seen through the registry protocol, one request at a time."""

    url: str

    def put_blobs(self, node: Node) -> None:
        for below in node:
            if not below.is_manifest:
                answer = requests.post(
                    f"{self.url}/blobs/uploads/", params={"digest": below.digest}, data=below.content, timeout=10
                )
                assert answer.status_code == 201, answer.text

    def put_manifest(self, node: Node, reference: str | None = None) -> requests.Response:
        return requests.put(
            f"{self.url}/manifests/{reference or node.digest}",
            data=node.content,
            headers={"Content-Type": node.media_type},
            timeout=10,
        )

    def push(self, node: Node, tag: str | None = None) -> None:
        """Everything below the node, then the node itself."""
        self.put_blobs(node)
        for below in node:
            if below.is_manifest:
                answer = self.put_manifest(below, tag if below is node else None)
                assert answer.status_code == 201, answer.text


@dataclass(frozen=True)
class Repository:
    name: str
    door: Door
    take_events: Callable[[], list[dict[str, Any]]]


@pytest.fixture
def repository(aws: process.LocalAws, ecr: ECRClient, client: Callable[[str], Any], name: str) -> Repository:
    ecr.create_repository(repositoryName=name)
    return Repository(name, Door(f"{aws.endpoint}/v2/{name}"), _listen(client, name))


def _listen(client: Callable[[str], Any], repository: str) -> Callable[[], list[dict[str, Any]]]:
    """A function that takes the events of one repository off their queue, in the order of their arrival."""
    sqs, events = client("sqs"), client("events")
    queue = sqs.create_queue(QueueName=repository)["QueueUrl"]
    arn = f"arn:aws:sqs:{process.REGION}:{process.ACCOUNT}:{repository}"
    events.put_rule(
        Name=repository, EventPattern=json.dumps({"source": ["aws.ecr"], "detail": {"repository-name": [repository]}})
    )
    events.put_targets(Rule=repository, Targets=[{"Id": "queue", "Arn": arn}])

    def take() -> list[dict[str, Any]]:
        taken: list[dict[str, Any]] = []
        while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            taken += [json.loads(message["Body"]) for message in messages]
            entries = [{"Id": str(at), "ReceiptHandle": item["ReceiptHandle"]} for at, item in enumerate(messages)]
            sqs.delete_message_batch(QueueUrl=queue, Entries=entries)
        return taken

    return take
