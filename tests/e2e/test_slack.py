"""Slack at the end of the deployed stack: gets each alert, and can be down without harm to anything else."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.guarded import wait_for
from tests.fakes.slack import Answer

from localaws import images

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.e2e.guarded import Guarded
    from tests.fakes.slack import FakeSlack


def messages(slack: FakeSlack, alert: str) -> list[dict[str, Any]]:
    """What was posted on one alert, whether it was taken or not."""
    return [payload for payload in list(slack.payloads) if alert in json.dumps(payload)]


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
    # Messages that are still on their way would take these answers.
    for alert in guarded.received:
        wait_for("Slack message", partial(messages, slack, alert["id"]))
    # What Slack did not take waits this long.
    guarded.client("sqs").set_queue_attributes(
        QueueUrl=guarded.resource("SlackQueue"), Attributes={"VisibilityTimeout": "2"}
    )
    slack.answers.extend(answers)
    guarded.push(image, repository, "1")
    [alert] = guarded.alerts(repository)
    assert [done["result"] for done in alert["actions"]["done"]] == ["done"]
    tries = wait_for(
        "Slack message", lambda: found if len(found := messages(slack, alert["id"])) > len(answers) else []
    )
    assert len(tries) == len(answers) + 1
    assert not slack.answers
    assert len(guarded.judged(repository, "1")) == 1
    assert len(guarded.alerts(repository)) == 1
