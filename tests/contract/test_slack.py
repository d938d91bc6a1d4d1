"""Posting by a webhook, against a server that answers as Slack does."""

from __future__ import annotations

import json
import logging
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError
from tests.alerts import CASES
from tests.contract.slack_secrets import Secrets
from tests.fakes.slack import Answer, FakeSlack
from tests.fakes.stubbed import stubbed

from ecrguard.adapters import slack as adapter
from ecrguard.adapters.slack import (
    Slack,
    SlackAccessError,
    SlackRefusedError,
    SlackThrottledError,
    SlackUnavailableError,
)
from ecrguard.adapters.visibility import SqsVisibility
from ecrguard.errors import UnreadableError
from ecrguard.rendering import document, slack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.stub import Stubber

PAYLOAD = slack.render(document.render(CASES["pushed-from-a-mac"]))


@pytest.fixture
def secrets() -> Secrets:
    return Secrets()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSlack]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with FakeSlack() as running:
        yield running


@pytest.fixture
def webhook(secrets: Secrets, server: FakeSlack) -> Slack:
    secrets.holds(server.webhook())
    return Slack(secrets.secret)


@pytest.mark.parametrize("case", CASES)
def test_every_alert_is_taken(webhook: Slack, server: FakeSlack, case: str) -> None:
    payload = slack.render(document.render(CASES[case]))
    webhook.post(payload)
    assert server.received == [("/services/T000/B000/s3cr3t", payload)]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ((("Retry-After", "7"),), 7),
        ((("Retry-After", "0"),), 1),
        ((("Retry-After", "-5"),), 1),
        ((("Retry-After", "nan"),), 1),
        ((("Retry-After", "1e9"),), adapter.MAX_RETRY_AFTER),
        ((("Retry-After", "soon"),), adapter.DEFAULT_RETRY_AFTER),
        ((("Retry-After", "Sat, 01 Jan 2000 00:00:00 GMT"),), 1),
        ((("Retry-After", "Fri, 01 Jan 2100 00:00:00 GMT"),), adapter.MAX_RETRY_AFTER),
        ((), adapter.DEFAULT_RETRY_AFTER),
    ],
)
def test_throttled(webhook: Slack, server: FakeSlack, header: tuple[tuple[str, str], ...], seconds: float) -> None:
    server.answers.append(Answer(429, "rate_limited", header))
    with pytest.raises(SlackThrottledError) as raised:
        webhook.post(PAYLOAD)
    assert raised.value.retry_after == seconds


@pytest.mark.parametrize("status", [500, 502, 503, 408])
def test_slack_at_fault(webhook: Slack, server: FakeSlack, status: int) -> None:
    server.answers.append(Answer(status, "rollup_error"))
    with pytest.raises(SlackUnavailableError, match=f"HTTP {status} rollup_error"):
        webhook.post(PAYLOAD)


def test_no_answer_in_time(webhook: Slack, server: FakeSlack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "TIMEOUT", (0.2, 0.2))
    server.answers.append(Answer(delay=0.6))
    with pytest.raises(SlackUnavailableError, match="ReadTimeout"):
        webhook.post(PAYLOAD)


def test_nobody_listens_and_the_trace_does_not_tell_the_url(secrets: Secrets) -> None:
    with FakeSlack() as gone:
        secrets.holds(gone.webhook())
    with pytest.raises(SlackUnavailableError, match="ConnectionError") as raised:
        Slack(secrets.secret).post(PAYLOAD)
    assert "s3cr3t" not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize(
    ("status", "code"), [(403, "action_prohibited"), (404, "no_service"), (410, "channel_is_archived")]
)
def test_dead_webhook_is_read_again_and_named(
    secrets: Secrets, webhook: Slack, server: FakeSlack, status: int, code: str
) -> None:
    secrets.holds(server.webhook())
    server.answers.append(Answer(status, code))
    with pytest.raises(SlackAccessError, match=f"HTTP {status} {code}: it was revoked"):
        webhook.post(PAYLOAD)
    assert len(server.received) == 1, "the same URL is not asked again"
    secrets.stub.assert_no_pending_responses()


def test_replaced_webhook_is_used_at_once(secrets: Secrets, webhook: Slack, server: FakeSlack) -> None:
    server.revoked.add("/services/T000/B000/s3cr3t")
    secrets.holds(server.webhook("T000/B000/n3w"))
    webhook.post(PAYLOAD)
    webhook.post(PAYLOAD)
    assert [path.rpartition("/")[2] for path, _ in server.received] == ["s3cr3t", "n3w", "n3w"]


def test_redirect_is_not_followed(secrets: Secrets, webhook: Slack, server: FakeSlack) -> None:
    secrets.holds(server.webhook())
    server.answers.append(Answer(302, "", (("Location", server.webhook("elsewhere")),)))
    with pytest.raises(SlackAccessError, match="HTTP 302"):
        webhook.post(PAYLOAD)
    assert len(server.received) == 1


def test_refused_blocks_are_posted_as_text(webhook: Slack, server: FakeSlack) -> None:
    server.answers.append(Answer(400, "invalid_blocks"))
    webhook.post(PAYLOAD)
    assert server.payloads == [PAYLOAD, {"text": PAYLOAD["text"]}]


def test_refused_text_is_refused(webhook: Slack, server: FakeSlack) -> None:
    server.answers.extend([Answer(400, "invalid_payload"), Answer(400, "invalid_payload")])
    with pytest.raises(SlackRefusedError, match="HTTP 400 invalid_payload"):
        webhook.post(PAYLOAD)


def test_body_that_repeats_the_url_is_not_told(webhook: Slack, server: FakeSlack) -> None:
    server.answers.append(Answer(500, f"cannot serve {server.webhook()}"))
    with pytest.raises(SlackUnavailableError) as raised:
        webhook.post(PAYLOAD)
    assert str(raised.value) == "Slack answered HTTP 500"


def test_debug_log_has_no_url_where_the_function_sets_levels(webhook: Slack, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("urllib3").setLevel(logging.INFO)
    with caplog.at_level(logging.DEBUG):
        webhook.post(PAYLOAD)
    assert "s3cr3t" not in caplog.text
    assert "s3cr3t" not in repr(webhook)


class TestVisibility:
    QUEUE = "https://sqs.eu-west-1.amazonaws.com/111122223333/slack"

    def _stubbed(self) -> tuple[SqsVisibility, Stubber]:
        client, stub = stubbed("sqs")
        return SqsVisibility(lambda: client, self.QUEUE), stub

    def test_put_off(self) -> None:
        visibility, stub = self._stubbed()
        expected: dict[str, Any] = {"QueueUrl": self.QUEUE, "ReceiptHandle": "handle", "VisibilityTimeout": 30}
        stub.add_response("change_message_visibility", {}, expected)
        visibility.put_off("handle", 30)
        stub.assert_no_pending_responses()

    def test_not_taken(self) -> None:
        visibility, stub = self._stubbed()
        stub.add_client_error("change_message_visibility", "AccessDenied")
        with pytest.raises(UnreadableError, match="sqs:ChangeMessageVisibility"):
            visibility.put_off("handle", 30)

    def test_no_connection(self) -> None:
        def client() -> Any:
            raise EndpointConnectionError(endpoint_url="https://sqs.eu-west-1.amazonaws.com")

        with pytest.raises(UnreadableError, match="unavailable"):
            SqsVisibility(client, self.QUEUE).put_off("handle", 30)


def test_fake_refuses_what_slack_refuses(server: FakeSlack) -> None:
    long = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}
    for payload in ({}, {"text": "x", "blocks": [{"type": "divider"}] * 51}, {"text": "x", "blocks": [long]}):
        assert server.answer("/", json.loads(json.dumps(payload))).status == 400
