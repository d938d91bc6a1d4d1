"""What holds of every alert, however large and whatever its texts."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from tests.alert_schema import assert_valid
from tests.strategies import alerts, enlarged, sizes

from ecrguard.adapters import sns
from ecrguard.domain.alert import AlertKind
from ecrguard.domain.verdict import Judgement
from ecrguard.rendering import chat, document, email, reading, slack

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ecrguard.domain.alert import Alert

# Said of an example that fails, or that hypothesis prints for another reason: it is no fault of the code.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

every_alert = given(alerts)
every_big_alert = given(alerts, sizes)

MENTION = re.compile(r"<[!@#]|@(?:here|channel|everyone)\b", re.IGNORECASE)
MARGIN = {
    "Image",
    "Who needs what",
    "What could not be told",
    "How to fix it",
    "What to do",
    "What was done",
    "What was asked for and not done",
    "What will be done",
    "In the ECR console",
    "Policy rule",
    "Judged",
    "Event",
    "Alert",
    "(The rest is left out here; the JSON document has it.)",
}
ESCAPED = re.compile(r"&(?:amp|lt|gt);")
# Of Block Kit's reference (https://docs.slack.dev/reference/block-kit/blocks).
SLACK_MAX_BLOCKS, SLACK_MAX_HEADER, SLACK_MAX_TEXT, SLACK_MAX_FIELD = 50, 150, 3000, 2000


def texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


def assert_printable(text: str, allowed: str = "") -> None:
    odd = {unicodedata.category(char) for char in text if char not in allowed}
    assert not odd & {"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"}, repr(text)


def assert_slack_takes(payload: Mapping[str, Any]) -> None:
    """The limits of Block Kit's reference, counted as Slack counts: in UTF-16 units."""
    assert 0 < len(payload["text"]) <= slack.MAX_FALLBACK
    assert len(payload["blocks"]) <= SLACK_MAX_BLOCKS
    for block in payload["blocks"]:
        if block["type"] == "header":
            assert 0 < len(block["text"]["text"]) <= SLACK_MAX_HEADER
        elif block["type"] == "section":
            assert 1 <= len(block.get("fields", [None])) <= 10
            assert all(0 < len(field["text"]) <= SLACK_MAX_FIELD for field in block.get("fields", []))
            assert 0 < len(block.get("text", {"text": "-"})["text"]) <= SLACK_MAX_TEXT
        elif block["type"] == "context":
            assert 1 <= len(block["elements"]) <= 10
            assert all(0 < len(element["text"]) <= SLACK_MAX_TEXT for element in block["elements"])
        elif block["type"] == "rich_text":
            assert block["elements"]
            for inner in block["elements"]:
                assert all(0 < len(element["text"]) <= SLACK_MAX_TEXT for element in inner["elements"])
        else:
            assert block == {"type": "divider"}


@every_alert
def test_document_is_valid_and_reads_back(alert: Alert) -> None:
    rendered = document.render(alert)
    assert_valid(rendered)
    assert reading.parse(document.encode(rendered)) == rendered
    assert reading.parse(json.dumps({"Type": "Notification", "Message": document.encode(rendered)})) == rendered


@every_big_alert
def test_big_document_is_valid_bounded_and_counts_what_it_left_out(alert: Alert, times: int) -> None:
    alert = enlarged(alert, times)
    rendered = document.render(alert)
    assert_valid(rendered)
    assert document.embedded_size(document.encode(rendered)) <= document.MAX_BYTES
    assert len(rendered["findings"]) + rendered["findingsOmitted"] == len(alert.verdict.findings)
    assert len(rendered["unknowns"]) + rendered["unknownsOmitted"] == len(alert.verdict.unknowns)
    offers = alert.image.offers if alert.image else ()
    assert len(rendered["image"]["platforms"]) + rendered["image"]["platformsOmitted"] == len(offers)
    # What comes first is what matters most.
    assert bool(rendered["findings"]) == bool(alert.verdict.findings)
    assert bool(rendered["unknowns"]) == bool(alert.verdict.unknowns)


@every_big_alert
def test_big_message_fits_into_sns(alert: Alert, times: int) -> None:
    alert = enlarged(alert, times)
    rendered = document.render(alert)
    attributes = sns.attributes(rendered)
    size = len(sns.message(rendered).encode()) + len(email.subject(rendered)) + len(json.dumps(attributes))
    assert size <= sns.MAX_BYTES
    assert all(attribute["StringValue"] for attribute in attributes.values())
    assert len(attributes) <= 10, "SQS takes no more with raw delivery"


@every_alert
def test_same_alert_gives_same_document(alert: Alert) -> None:
    assert document.render(alert) == document.render(alert)


@every_alert
def test_subject_is_what_sns_takes(alert: Alert) -> None:
    subject = email.subject(document.render(alert))
    assert 0 < len(subject) < 100
    assert re.fullmatch(r"[A-Za-z0-9][ -~]*", subject), subject


@every_big_alert
def test_email_is_bounded_and_keeps_its_layout(alert: Alert, times: int) -> None:
    alert = enlarged(alert, times)
    rendered = document.render(alert)
    body = email.body(rendered)
    assert len(body.encode()) <= email.MAX_BYTES
    assert_printable(body, "\n")
    # No text from outside begins a line of its own: headings and the footer are all that stands at the margin.
    first, _, rest = body.partition("\n\n")
    assert first
    margin = {line.partition(":")[0] for line in rest.splitlines() if line and not line.startswith(" ")}
    assert margin <= MARGIN


@every_big_alert
def test_chat_is_bounded_and_mentions_nobody(alert: Alert, times: int) -> None:
    alert = enlarged(alert, times)
    rendered = chat.render(document.render(alert))
    content = rendered["content"]
    assert 0 < len(content["title"]) <= chat.MAX_TITLE
    assert 0 < len(content["description"]) <= chat.MAX_DESCRIPTION
    assert len(content["nextSteps"]) <= chat.MAX_STEPS
    assert all(0 < len(step) <= chat.MAX_STEP for step in content["nextSteps"])
    for text in texts(content):
        assert_printable(text, "\n")
    shown = [content["title"], content["description"], *content["nextSteps"], rendered["metadata"]["summary"]]
    assert not any(MENTION.search(text) for text in shown)


@every_big_alert
def test_slack_takes_it_and_it_mentions_nobody(alert: Alert, times: int) -> None:
    alert = enlarged(alert, times)
    payload = slack.render(document.render(alert))
    assert_slack_takes(payload)
    # Slack parses nothing in rich_text.
    parsed = [payload["text"], *texts([block for block in payload["blocks"] if block["type"] != "rich_text"])]
    for text in parsed:
        assert not MENTION.search(text), text
        assert "&" not in ESCAPED.sub("", text), "an escape was cut in two"
    for block in payload["blocks"]:
        for part in [block.get("text"), *block.get("fields", []), *block.get("elements", [])]:
            assert not part or part["type"] != "mrkdwn" or part["verbatim"]


@given(alerts, alerts)
def test_what_follows_is_in_the_thread_of_its_alert(alert: Alert, other: Alert) -> None:
    first = document.render(replace(alert, kind=AlertKind.ALERT, thread=""))
    follows = document.render(replace(other, kind=AlertKind.RESOLVED, thread=first["id"]))
    assert first["thread"] == first["id"] != follows["id"]
    assert chat.render(first)["metadata"]["threadId"] == chat.render(follows)["metadata"]["threadId"] == first["id"]


@every_alert
def test_subject_of_what_follows_is_that_of_its_alert(alert: Alert) -> None:
    """Whichever image resolved it, and whether the image was read again or not."""
    verdict = replace(alert.verdict, judgement=Judgement.MISMATCH, findings=())
    first = replace(alert, kind=AlertKind.ALERT, verdict=verdict)
    acted = replace(first, kind=AlertKind.ACTION, image=None, push=replace(first.push, tag=first.push.tag or "latest"))
    resolved = replace(
        acted,
        kind=AlertKind.RESOLVED,
        push=replace(acted.push, digest=f"sha256:{'f' * 64}"),
        verdict=replace(verdict, judgement=Judgement.OK),
    )
    said = email.subject(document.render(replace(first, push=acted.push)))
    assert [email.subject(document.render(each)) for each in (acted, resolved)] == [f"Re: {said}"] * 2
