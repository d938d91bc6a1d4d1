"""`make local` by hand: what it prints is enough to push and to get the alert, and it leaves nothing behind."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from tests.alert_schema import assert_valid
from tests.e2e.guarded import wait_for

from localaws import process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# What these deploy is what was built for the other tests.
pytestmark = pytest.mark.usefixtures("aws")

UP: list[str | Path] = [process.PYTHON, "-m", "localaws", "up"]


@pytest.fixture(scope="module")
def port() -> int:
    return process.free_port()


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """The command's own temporary directory, empty before and after."""
    made = tmp_path / "temporary"
    made.mkdir()
    return made


@pytest.fixture
def up(port: int, temporary: Path) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "LOCALAWS_PORT": str(port), "HOME": "/nonexistent", "TMPDIR": str(temporary)}
    with subprocess.Popen(
        [*UP, "--built"], cwd=process.ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as command:
        yield command
        command.kill()


def test_what_is_printed_is_enough_to_push_and_to_be_alerted(
    up: subprocess.Popen[str], port: int, tmp_path: Path, temporary: Path
) -> None:
    printed = _until_ready(up)
    variables = dict(re.findall(r"^export (\w+)=(\S+)$", printed, re.MULTILINE))
    assert variables == {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "ECRGUARD_STACK": "ecrguard",
        "ECRGUARD_REGISTRY": f"127.0.0.1:{port}",
    }
    client = _clients(variables)
    client("ecr").create_repository(repositoryName="web")
    [image] = re.findall(r'"ImageIdentifier": "([^"]+/web:v1)"', printed)
    client("apprunner").create_service(
        ServiceName="website",
        SourceConfiguration={
            "ImageRepository": {"ImageIdentifier": image, "ImageRepositoryType": "ECR"},
            "AuthenticationConfiguration": {"AccessRoleArn": "arn:aws:iam::000000000000:role/pull"},
        },
    )
    [table] = re.findall(r"--table-name (\S+)", printed)
    [key] = re.findall(r"--expression-attribute-values '(.+)'", printed)
    query = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": json.loads(key)}
    wait_for("known service", lambda: client("dynamodb").query(TableName=table, **query)["Items"])
    [function] = re.findall(r"--function-name (\S+)", printed)
    answer = json.load(client("lambda").invoke(FunctionName=function)["Payload"])
    assert (answer["running"], answer["unreadable"]) == ([], [])
    queue = client("sqs").create_queue(QueueName="alerts")["QueueUrl"]
    [topic] = re.findall(r"--topic-arn (\S+)", printed)
    client("sns").subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint="arn:aws:sqs:us-east-1:000000000000:alerts",
        Attributes={"RawMessageDelivery": "true"},
    )
    _localaws("layout", tmp_path / "web", "linux/arm64")
    _localaws("push", tmp_path / "web", f"{variables['ECRGUARD_REGISTRY']}/web:v1")
    [message] = wait_for(
        "alert", lambda: client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", [])
    )
    alert = _valid(message["Body"])
    assert alert["verdict"]["explanation"] == (
        "The image is built for linux/arm64; App Runner service website needs linux/amd64."
    )

    up.send_signal(signal.SIGINT)
    _, said = up.communicate(timeout=60)
    assert up.returncode == 0, said
    assert said.endswith("stopped; nothing is left running\n")
    assert _is_free(port)
    assert _left_behind(temporary) == []


def test_a_port_that_is_taken_is_said_so_and_nothing_is_started(port: int) -> None:
    with socket.create_server(("127.0.0.1", port)):
        done = subprocess.run(
            [*UP, "--port", str(port)], cwd=process.ROOT, capture_output=True, text=True, check=False, timeout=30
        )
    assert done.returncode == 1
    assert f"port {port} of 127.0.0.1 cannot be used" in done.stderr
    assert "make local LOCALAWS_PORT=" in done.stderr
    assert not done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_half_way_it_leaves_nothing_behind(port: int, temporary: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        [*UP, "--built", "--port", str(port)],
        cwd=process.ROOT,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as command:
        assert command.stderr is not None
        # The line of the deployment has begun.
        said = ""
        while "sam deploy" not in said:
            said += command.stderr.read(1)
        command.send_signal(number)
        printed, _ = command.communicate(timeout=30)
    assert command.returncode == 130
    assert "ready" not in printed
    assert _is_free(port)
    assert _left_behind(temporary) == []


def _until_ready(command: subprocess.Popen[str]) -> str:
    assert command.stdout is not None
    printed = ""
    for line in command.stdout:
        if line == "ready\n":
            return printed
        printed += line
    raise AssertionError(f"ended before it was ready: {command.stderr.read() if command.stderr else ''}")


def _localaws(*arguments: str | Path) -> None:
    done = subprocess.run(
        [process.PYTHON, "-m", "localaws", *arguments], cwd=process.ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def _clients(variables: dict[str, str]) -> Callable[[str], Any]:
    session: Any = boto3.Session(
        variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"], region_name=variables["AWS_REGION"]
    )
    return lambda service: session.client(service, endpoint_url=variables["AWS_ENDPOINT_URL"])


def _valid(body: str) -> dict[str, Any]:
    alert: dict[str, Any] = json.loads(body)
    assert_valid(alert)
    return alert


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _left_behind(directory: Path) -> list[str]:
    """Files in a command's own temporary directory, and processes that still have it as theirs."""
    processes = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if str(directory).encode() in environ.read_bytes():
                processes.append(str(environ))
    return [*map(str, directory.iterdir()), *processes]
