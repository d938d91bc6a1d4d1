"""Posting by a bot's token, against a server that answers as Slack's Web API does."""

from __future__ import annotations

import json
import logging
import traceback
from typing import TYPE_CHECKING

import pytest
from tests.alerts import CASES
from tests.contract.slack_secrets import Secrets
from tests.fakes.slack import API, CHANNEL, TOKEN, Answer, FakeSlack, error

from ecrguard.adapters.slack import (
    DEFAULT_RETRY_AFTER,
    Slack,
    SlackAccessError,
    SlackError,
    SlackRefusedError,
    SlackThrottledError,
    SlackUnavailableError,
)
from ecrguard.rendering import document, slack

if TYPE_CHECKING:
    from collections.abc import Iterator

PAYLOAD = slack.render(document.render(CASES["pushed-from-a-mac"]))
POST = f"{API}/chat.postMessage"


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
def bot(secrets: Secrets, server: FakeSlack) -> Slack:
    secrets.holds(server.secret())
    return Slack(secrets.secret)


def test_only_a_bot_has_threads(bot: Slack, server: FakeSlack) -> None:
    other = Secrets()
    other.holds(server.webhook())
    assert bot.has_threads()
    assert not Slack(other.secret).has_threads()
    assert Slack(other.secret).post(PAYLOAD) == ""


@pytest.mark.parametrize("case", CASES)
def test_every_alert_is_taken_whole(bot: Slack, server: FakeSlack, case: str) -> None:
    payload = slack.render(document.render(CASES[case]))
    ts = bot.post(payload)
    assert server.posted[ts] == {"channel": CHANNEL, **payload, "unfurl_links": False, "unfurl_media": False}
    assert [path for path, _ in server.received] == [POST]


def test_an_answer_goes_to_its_thread(bot: Slack, server: FakeSlack) -> None:
    parent = bot.post(PAYLOAD)
    ts = bot.post({"text": "resolved"}, parent)
    assert ts != parent
    assert server.posted[ts]["thread_ts"] == parent


@pytest.mark.parametrize("code", ["thread_not_found", "restricted_action_thread_locked"])
def test_an_answer_whose_thread_is_gone_is_a_message_of_its_own(bot: Slack, server: FakeSlack, code: str) -> None:
    server.answers.append(error(code))
    ts = bot.post(PAYLOAD, "1699999999.000001")
    assert "thread_ts" not in server.posted[ts]
    assert server.posted[ts]["blocks"] == PAYLOAD["blocks"]


def test_refused_blocks_are_posted_as_text_in_the_same_thread(bot: Slack, server: FakeSlack) -> None:
    parent = bot.post(PAYLOAD)
    server.answers.append(error("invalid_blocks"))
    ts = bot.post(PAYLOAD, parent)
    assert (server.posted[ts]["text"], server.posted[ts]["thread_ts"]) == (PAYLOAD["text"], parent)
    assert "blocks" not in server.posted[ts]


def test_what_is_refused_in_every_form_is_refused(bot: Slack, server: FakeSlack) -> None:
    server.answers.extend([error("thread_not_found"), error("invalid_blocks"), error("msg_too_long")])
    with pytest.raises(SlackRefusedError, match="refused the message with msg_too_long"):
        bot.post(PAYLOAD, "1699999999.000001")
    assert len(server.received) == 3


def test_a_thread_that_is_said_to_be_gone_of_a_message_without_one_is_not_tried_for_ever(
    bot: Slack, server: FakeSlack
) -> None:
    server.answers.extend([error("thread_not_found")] * 9)
    with pytest.raises(SlackRefusedError):
        bot.post(PAYLOAD)
    assert len(server.received) == 2


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (Answer(429, '{"ok": false, "error": "ratelimited"}', (("Retry-After", "7"),)), 7.0),
        (error("ratelimited", ("Retry-After", "8")), 8.0),
        (error("rate_limited"), DEFAULT_RETRY_AFTER),
        (error("message_limit_exceeded"), DEFAULT_RETRY_AFTER),
    ],
)
def test_throttled(bot: Slack, server: FakeSlack, answer: Answer, seconds: float) -> None:
    server.answers.append(answer)
    with pytest.raises(SlackThrottledError) as raised:
        bot.post(PAYLOAD)
    assert raised.value.retry_after == seconds


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (error("internal_error"), "internal_error"),
        (error("fatal_error"), "fatal_error"),
        (Answer(503, "upstream"), "HTTP 503"),
        (Answer(500, '{"ok": false, "error": "internal_error"}'), "HTTP 500 internal_error"),
        (Answer(200, "<html>a proxy's page</html>"), "none of Slack's"),
        (Answer(200, "[]"), "none of Slack's"),
        (Answer(200, '{"ok": false}'), "none of Slack's"),
        (Answer(200, "[" * 100_000), "none of Slack's"),
    ],
)
def test_slack_at_fault(bot: Slack, server: FakeSlack, answer: Answer, words: str) -> None:
    server.answers.append(answer)
    with pytest.raises(SlackUnavailableError, match=words):
        bot.post(PAYLOAD)
    assert len(server.received) == 1


@pytest.mark.parametrize("code", ["token_revoked", "missing_scope", "not_in_channel", "is_archived"])
def test_a_bot_that_may_not_post_is_read_again_and_named(
    secrets: Secrets, bot: Slack, server: FakeSlack, code: str
) -> None:
    secrets.holds(server.secret())
    server.answers.append(error(code))
    with pytest.raises(SlackAccessError, match=f"{code}: the token in the secret needs the scope chat:write"):
        bot.post(PAYLOAD)
    assert len(server.received) == 1, "the same token is not tried again"
    secrets.stub.assert_no_pending_responses()


def test_a_replaced_token_is_used_at_once(secrets: Secrets, bot: Slack, server: FakeSlack) -> None:
    server.tokens = {"xoxb-n3w"}
    secrets.holds(server.secret("xoxb-n3w"))
    assert bot.post(PAYLOAD) in server.posted
    assert bot.post(PAYLOAD) in server.posted
    assert len(server.received) == 3


def test_a_webhook_may_take_the_place_of_a_token(secrets: Secrets, bot: Slack, server: FakeSlack) -> None:
    server.tokens = set()
    secrets.holds(server.webhook())
    assert bot.post(PAYLOAD, "1699999999.000001") == ""
    assert server.received[-1] == ("/services/T000/B000/s3cr3t", PAYLOAD)


def test_an_api_that_is_elsewhere_is_said(secrets: Secrets, bot: Slack, server: FakeSlack) -> None:
    secrets.holds(server.secret())
    server.answers.append(Answer(404, "Not Found"))
    with pytest.raises(SlackAccessError, match="the Web API answered HTTP 404: its address in the secret is wrong"):
        bot.post(PAYLOAD)


def test_an_answer_without_a_ts_is_a_post_all_the_same(bot: Slack, server: FakeSlack) -> None:
    server.answers.extend([Answer(200, '{"ok": true}'), Answer(200, '{"ok": true, "ts": 17}')])
    assert (bot.post(PAYLOAD), bot.post(PAYLOAD)) == ("", "")


@pytest.mark.parametrize(
    "answer",
    [
        error(TOKEN),
        error(f"bad token {TOKEN}"),
        Answer(400, json.dumps({"ok": False, "error": TOKEN})),
        Answer(500, f"token {TOKEN}"),
        error("not_in_channel"),
    ],
)
def test_the_token_is_in_no_error_and_no_log(
    secrets: Secrets, bot: Slack, server: FakeSlack, caplog: pytest.LogCaptureFixture, answer: Answer
) -> None:
    secrets.holds(server.secret())
    server.answers.extend([answer] * 3)
    logging.getLogger("urllib3").setLevel(logging.INFO)
    with caplog.at_level(logging.DEBUG), pytest.raises(SlackError) as raised:
        bot.post(PAYLOAD)
    assert TOKEN not in "".join(traceback.format_exception(raised.value)) + caplog.text + repr(bot)


def test_nobody_listens_and_the_trace_does_not_tell_the_token(secrets: Secrets) -> None:
    with FakeSlack() as gone:
        secrets.holds(gone.secret())
    with pytest.raises(SlackUnavailableError, match="ConnectionError") as raised:
        Slack(secrets.secret).post(PAYLOAD)
    assert TOKEN not in "".join(traceback.format_exception(raised.value))
