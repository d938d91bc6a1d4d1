"""Slack at the end of the deployed stack: gets each alert, and can be down without harm to anything else."""

from __future__ import annotations

import json
from collections import deque
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from tests.e2e.guarded import wait_for
from tests.fakes.slack import Answer

from localaws import images

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.e2e.guarded import Guarded
    from tests.fakes.slack import FakeSlack


def messages(slack: FakeSlack, alert: str, sign: str = "🚨") -> list[dict[str, Any]]:
    """What was posted on one alert, or of what follows it, whether it was taken or not."""
    found = [payload for payload in list(slack.payloads) if alert in json.dumps(payload)]
    return [payload for payload in found if payload["text"].startswith(sign)]


def test_the_message_says_what_the_alert_says(guarded: Guarded, slack: FakeSlack) -> None:
    repository = guarded.repository("base/")
    image = images.image("linux/arm64", label=repository)
    guarded.push(image, repository, "1")
    [alert] = guarded.alerts(repository)
    [message] = wait_for("Slack message", lambda: messages(slack, alert["id"]))
    assert message["text"].startswith(f"🚨 Platform mismatch: {repository}:1 is built for linux/arm64")
    shown = json.dumps(message["blocks"])
    assert image.digest in shown
    for remedy in alert["findings"][0]["remedy"]:
        assert json.dumps(remedy["text"])[1:-1] in shown
        assert json.dumps(remedy["command"])[1:-1] in shown


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param([Answer(500, "rollup_error"), Answer(503, "")], id="down"),
        pytest.param([Answer(429, "rate_limited", (("Retry-After", "1"),))], id="throttles"),
    ],
)
def test_slack_away_delays_its_own_message_and_nothing_else(
    guarded: Guarded, slack: FakeSlack, answers: Sequence[Answer]
) -> None:
    repository = guarded.repository("base/")
    image = images.image("linux/arm64", label=repository)
    # What Slack did not take waits this long.
    guarded.client("sqs").set_queue_attributes(
        QueueUrl=guarded.resource("SlackQueue"), Attributes={"VisibilityTimeout": "2"}
    )
    left = slack.about[f"Platform mismatch: {repository}:1"] = deque(answers)
    guarded.push(image, repository, "1")
    [alert] = guarded.alerts(repository)
    tries = wait_for(
        "Slack message", lambda: found if len(found := messages(slack, alert["id"])) > len(answers) else []
    )
    assert len(tries) == len(answers) + 1
    assert not left
    assert len(guarded.judged(repository, "1")) == 1
    assert len(guarded.alerts(repository)) == 1


def test_who_pushed_is_a_message_of_its_own_that_names_the_alert(guarded: Guarded, slack: FakeSlack) -> None:
    repository = guarded.repository("base/")
    guarded.push(images.image("linux/arm64", label=repository), repository, "1")
    [alert] = guarded.alerts(repository)
    [message] = wait_for("message of who pushed", lambda: messages(slack, alert["id"], "👤"))
    assert f"user/developer pushed {repository}:1" in message["text"]
    assert "thread_ts" not in message


@pytest.fixture
def bot(guarded: Guarded, slack: FakeSlack) -> Iterator[FakeSlack]:
    """Slack with a token in the secret, in the place of the webhook, for the length of a test."""
    secrets, path = guarded.client("secretsmanager"), urlsplit(slack.webhook()).path
    slack.revoked.add(path)
    secrets.put_secret_value(SecretId="webhook", SecretString=slack.secret())
    yield slack
    slack.revoked.remove(path)
    slack.tokens.clear()
    secrets.put_secret_value(SecretId="webhook", SecretString=slack.webhook())


def test_by_a_bot_what_follows_is_in_the_thread_of_its_alert(guarded: Guarded, bot: FakeSlack) -> None:
    repository = guarded.repository("base/")
    guarded.push(images.image("linux/arm64", label=repository), repository, "1")
    [alert] = guarded.alerts(repository)

    def posted(sign: str) -> list[tuple[str, dict[str, Any]]]:
        found = messages(bot, alert["id"], sign)
        return [(ts, message) for ts, message in bot.posted.items() if message in found]

    [(ts, message)] = wait_for("message of the alert", lambda: posted("🚨"))
    [(_, follows)] = wait_for("message of who pushed", lambda: posted("👤"))
    assert follows["thread_ts"] == ts
    assert "thread_ts" not in message
