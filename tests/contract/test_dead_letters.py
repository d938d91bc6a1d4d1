"""Dead letters on SQS: the message as it came, with its cause beside it, whatever stands in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.dead_letters import Buried, FakeDeadLetters
from tests.fakes.wire import Record, Refusal, connect

from ecrguard.adapters.sqs import SqsDeadLetters
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from ecrguard.ports import DeadLetters

QUEUE_URL = "https://sqs.eu-central-1.amazonaws.com/123456789012/dead"
# SendMessage: #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF.
_NOT_TAKEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass
class FakeSqs:
    """One queue, with SQS's rules for what a message may hold."""

    sent: list[Record] = field(default_factory=list)
    failing: Refusal | None = None

    def answer(self, operation: str, asked: Record) -> Record:
        assert operation == "SendMessage"
        if self.failing is not None:
            raise self.failing
        attributes = asked["MessageAttributes"]
        texts = [asked["MessageBody"], *(each["StringValue"] for each in attributes.values())]
        if any(not text or _NOT_TAKEN.search(text) for text in texts):
            raise Refusal("InvalidMessageContents")
        assert asked["QueueUrl"] == QUEUE_URL
        self.sent.append(asked)
        return {"MessageId": "1", "MD5OfMessageBody": "0" * 32}


@pytest.fixture(params=["fake", "sqs"])
def letters(request: pytest.FixtureRequest) -> DeadLetters:
    if request.param == "fake":
        return FakeDeadLetters(failing=Unknown(UnknownReason.ACCESS_DENIED, "arranged"))
    sqs = FakeSqs(failing=Refusal("AccessDenied", "not authorized", 403))
    client = connect("sqs", sqs.answer, "eu-central-1")
    return SqsDeadLetters(lambda: client, QUEUE_URL)


def test_a_letter_that_is_not_taken_is_an_error(letters: DeadLetters) -> None:
    with pytest.raises(UnreadableError) as caught:
        letters.bury("{}", "malformed_event", "expected more")

    assert caught.value.unknown.reason is UnknownReason.ACCESS_DENIED


def test_the_letter_is_the_message_as_it_came_with_code_and_cause_as_attributes() -> None:
    sqs = FakeSqs()
    client = connect("sqs", sqs.answer, "eu-central-1")

    SqsDeadLetters(lambda: client, QUEUE_URL).bury('{"id": "1"}', "throttled", "ecr:BatchGetImage failed")

    (sent,) = sqs.sent
    assert sent["MessageBody"] == '{"id": "1"}'
    assert {name: each["StringValue"] for name, each in sent["MessageAttributes"].items()} == {
        "code": "throttled",
        "cause": "ecr:BatchGetImage failed",
    }


_sqs = FakeSqs()
_client = connect("sqs", _sqs.answer, "eu-central-1")


@given(st.text(max_size=3000) | st.sampled_from(["", "\ud800", "\x00\x1b", "\ufffe\uffff", "x" * 5000]))
def test_any_cause_can_be_sent(cause: str) -> None:
    SqsDeadLetters(lambda: _client, QUEUE_URL).bury("{}", "malformed_event", cause)

    text = _sqs.sent[-1]["MessageAttributes"]["cause"]["StringValue"]
    assert len(text) <= 1024


def test_the_twin_keeps_what_it_is_given() -> None:
    letters = FakeDeadLetters()

    letters.bury("{}", "throttled", "later")

    assert letters.kept == [Buried("{}", "throttled", "later")]
