"""The Slack function, from SQS event to batch answer."""

from __future__ import annotations

import io
import json
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest
from tests.alerts import CASES
from tests.fakes.ledger import FakeThreads

import slack
from ecrguard import notify
from ecrguard.adapters.secrets import SlackSecretError
from ecrguard.adapters.slack import (
    SlackAccessError,
    SlackRefusedError,
    SlackThrottledError,
    SlackUnavailableError,
)
from ecrguard.config import ConfigurationError, SlackConfig
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.errors import UnreadableError
from ecrguard.notify import SlackBatch
from ecrguard.rendering import document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aws_lambda_powertools.utilities.typing import LambdaContext

    type Output = Callable[[], list[dict[str, Any]]]

DOCUMENTS = {case: document.encode(document.render(alert)) for case, alert in CASES.items()}
BODY = DOCUMENTS["pushed-from-a-mac"]


@dataclass
class Webhook:
    """Takes payloads, or raises the next of its errors (None for a post that succeeds)."""

    errors: list[Exception | None] = field(default_factory=list)
    posted: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0

    def has_threads(self) -> bool:
        return False

    def post(self, payload: dict[str, Any], thread: str = "") -> str:
        assert not thread
        self.asked += 1
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error
        self.posted.append(payload)
        return ""


@dataclass
class Queue:
    """Notes what is put off."""

    failing: bool = False
    put: list[tuple[str, int]] = field(default_factory=list)

    def put_off(self, receipt_handle: str, seconds: int) -> None:
        if self.failing:
            raise UnreadableError(Unknown(UnknownReason.ACCESS_DENIED, "sqs:ChangeMessageVisibility was denied"))
        self.put.append((receipt_handle, seconds))


@dataclass
class Context:
    """What Lambda tells of an invocation."""

    milliseconds: int = 29_000
    function_name: str = "slack"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = "arn:aws:lambda:eu-west-1:111122223333:function:slack"
    aws_request_id: str = "request"

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


@dataclass
class World:
    """The function with its outside in memory."""

    webhook: Webhook = field(default_factory=Webhook)
    threads: FakeThreads = field(default_factory=FakeThreads)
    queue: Queue = field(default_factory=Queue)
    context: Context = field(default_factory=Context)
    slept: list[float] = field(default_factory=list)

    def invoke(self, *bodies: str) -> list[str]:
        """The ids of the messages that are reported as failed; they are ``m1``, ``m2`` ..."""
        records = [
            {
                "messageId": f"m{number}",
                "receiptHandle": f"handle-{number}",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-west-1:111122223333:slack",
                "awsRegion": "eu-west-1",
            }
            for number, body in enumerate(bodies, 1)
        ]
        answer = slack.handler({"Records": records}, cast("LambdaContext", self.context))
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr(slack, "parts", lambda: (made.webhook, made.threads, made.queue))
    monkeypatch.setattr("time.sleep", made.slept.append)
    return made


@pytest.fixture
def output() -> Iterator[Output]:
    """What the function has logged so far, as CloudWatch gets it."""
    stream = io.StringIO()
    handler = cast("logging.StreamHandler[Any]", slack.logger.registered_handler)
    before = handler.setStream(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    handler.setStream(before)


def test_each_alert_is_posted(world: World, output: Output) -> None:
    sent = ("pushed-from-a-mac", "tagged-by-policy", "not-told")
    assert world.invoke(*(DOCUMENTS[case] for case in sent)) == []
    assert [post["blocks"][0]["text"]["text"] for post in world.webhook.posted] == [
        "🚨 Platform mismatch: shop/web:1.4.2",
        "🚨 Platform mismatch: base/python:3.13-slim",
        "❓ Not checked: shop/web:1.4.2",
    ]
    entries = output()
    assert [entry["message"] for entry in entries] == ["alert posted"] * 3
    assert entries[0]["alert"] == json.loads(BODY)["id"]
    assert entries[0]["correlation_id"] == "13cde686-328b-6117-af20-0e5566167482"


def test_envelope_of_sns_is_opened(world: World) -> None:
    assert world.invoke(json.dumps({"Type": "Notification", "Message": BODY, "Subject": "x"})) == []
    assert len(world.webhook.posted) == 1


@pytest.mark.parametrize("body", ["", "no json", "{}", '{"schemaVersion": "2.0"}', BODY.replace('"tag"', '"tog"')])
def test_malformed_is_said_and_goes_to_the_dead_letters(world: World, body: str, output: Output) -> None:
    assert world.invoke(body, BODY) == ["m1"]
    assert len(world.webhook.posted) == 1, "the next message is not held up"
    assert world.queue.put == [("handle-1", notify.PERMANENT_DELAY)], "handed out again at once, until it is moved away"
    warning = next(entry for entry in output() if entry["level"] == "WARNING")
    assert warning["code"] == "MalformedDocumentError"
    assert warning["cause"].startswith("expected ")
    assert warning["message_id"] == "m1"


def test_refused_goes_to_the_dead_letters(world: World, output: Output) -> None:
    world.webhook.errors = [SlackRefusedError("Slack refused the message with HTTP 400 invalid_payload")]
    assert world.invoke(BODY, BODY) == ["m1"]
    assert world.queue.put == [("handle-1", notify.PERMANENT_DELAY)]
    assert "invalid_payload" in output()[0]["cause"]


def test_slack_at_fault_is_tried_again_by_the_queue(world: World) -> None:
    world.webhook.errors = [SlackUnavailableError("Slack answered HTTP 500"), None]
    assert world.invoke(BODY, BODY) == ["m1"]
    assert world.queue.put == [], "after the queue's own visibility timeout"


def test_short_throttle_is_slept_through(world: World) -> None:
    world.webhook.errors = [SlackThrottledError(2.0), None]
    assert world.invoke(BODY, BODY) == []
    assert world.slept == [2.0]


def test_throttled_twice_is_put_off(world: World) -> None:
    world.webhook.errors = [SlackThrottledError(2.0), SlackThrottledError(3.0)]
    assert world.invoke(BODY) == ["m1"]
    assert world.queue.put == [("handle-1", 3)]


def test_long_throttle_puts_off_the_rest_of_the_batch(world: World) -> None:
    world.webhook.errors = [None, SlackThrottledError(10.5)]
    assert world.invoke(BODY, BODY, BODY, "no json") == ["m2", "m3", "m4"]
    assert world.webhook.asked == 2
    assert world.slept == []
    assert world.queue.put == [("handle-2", 11), ("handle-3", 11), ("handle-4", notify.PERMANENT_DELAY)]


def test_no_sleep_where_the_invocation_would_end(world: World) -> None:
    world.webhook.errors = [SlackThrottledError(4.0)]
    world.context.milliseconds = 15_000
    assert world.invoke(BODY) == ["m1"]
    assert (world.slept, world.queue.put) == ([], [("handle-1", 4)])


def test_nothing_is_started_that_could_not_end(world: World) -> None:
    world.context.milliseconds = 11_000
    assert world.invoke(BODY, BODY) == ["m1", "m2"]
    assert world.webhook.asked == 0


@pytest.mark.parametrize(
    "error",
    [
        SlackAccessError("the webhook answered HTTP 410 channel_is_archived"),
        SlackSecretError("expected the webhook's https URL"),
        UnreadableError(Unknown(UnknownReason.ACCESS_DENIED, "secretsmanager:GetSecretValue was denied")),
    ],
)
def test_dead_webhook_ends_the_batch(world: World, error: Exception) -> None:
    world.webhook.errors = [error]
    assert world.invoke(BODY, BODY, BODY) == ["m1", "m2", "m3"]
    assert world.webhook.asked == 1
    assert world.queue.put == []
    world.webhook.errors = []
    assert world.invoke(BODY) == [], "the next invocation tries again"


def test_message_that_cannot_be_put_off_still_fails_for_its_own_reason(world: World) -> None:
    world.webhook.errors = [SlackThrottledError(30)]
    world.queue.failing = True
    assert world.invoke(BODY) == ["m1"]


def test_note_says_that_it_could_not_be_put_off() -> None:
    webhook, queue = Webhook([SlackThrottledError(30)]), Queue(failing=True)
    batch = SlackBatch(webhook, FakeThreads(), queue, lambda: 29.0, lambda _: None)
    with pytest.raises(SlackThrottledError) as raised:
        batch.deliver(BODY, "handle", 1)
    assert "sqs:ChangeMessageVisibility was denied" in raised.value.__notes__[0]


def test_bug_is_logged_with_its_trace_and_stays_on_the_queue(world: World, output: Output) -> None:
    world.webhook.errors = [ZeroDivisionError("a bug")]
    assert world.invoke(BODY, BODY) == ["m1"]
    error = next(entry for entry in output() if entry["level"] == "ERROR")
    assert "ZeroDivisionError: a bug" in error["exception"]


def test_what_is_not_known_of_threads_is_logged(world: World, output: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    denied = UnreadableError(Unknown(UnknownReason.ACCESS_DENIED, "dynamodb:GetItem was denied"))
    monkeypatch.setattr(Webhook, "has_threads", lambda _: True)
    monkeypatch.setattr(FakeThreads, "of", lambda *_: (_ for _ in ()).throw(denied))
    assert world.invoke(BODY) == []
    warning = next(entry for entry in output() if entry["level"] == "WARNING")
    assert warning["message"] == "thread not known"
    assert "dynamodb:GetItem was denied" in warning["cause"]


def test_configuration_names_what_is_missing() -> None:
    environ = {"SLACK_WEBHOOK_SECRET_ARN": "arn", "SLACK_QUEUE_URL": "url", "INVENTORY_TABLE": "table"}
    assert SlackConfig.from_env(environ) == SlackConfig("arn", "url", "table")
    for name in environ:
        with pytest.raises(ConfigurationError, match=name):
            SlackConfig.from_env({**environ, name: ""})


def test_levels_that_would_write_the_webhook() -> None:
    assert all(logging.getLogger(name).getEffectiveLevel() >= logging.INFO for name in ("urllib3", "botocore"))


def test_parts_are_made_once_without_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_WEBHOOK_SECRET_ARN", "arn")
    monkeypatch.setenv("SLACK_QUEUE_URL", "url")
    monkeypatch.setenv("INVENTORY_TABLE", "table")
    slack.parts.cache_clear()
    assert slack.parts() is slack.parts()
    slack.parts.cache_clear()
