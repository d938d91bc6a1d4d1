"""The functions as Lambda runs them, with what they log and measure; only their outside is in memory."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tests.guarded import Guarded

import push

if TYPE_CHECKING:
    import logging

    import pytest
    from aws_lambda_powertools.utilities.typing import LambdaContext

EVENTS = Path(__file__).parents[1] / "events"


@dataclass
class Context:
    """What Lambda tells of an invocation."""

    function_name: str = "push"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:eu-central-1:123456789012:function:push"
    aws_request_id: str = "request-1"
    milliseconds_left: int = 120_000

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds_left


@dataclass
class Captured:
    """A function, and what came of invoking it.

    Attributes:
        module: of its handler.
        logged: the lines that it has logged.
        printed: all that it has printed.
    """

    module: Any
    capsys: pytest.CaptureFixture[str]
    logged: list[dict[str, Any]] = field(default_factory=list)
    printed: str = ""

    def call(self, event: dict[str, Any]) -> Any:
        """What the handler answers."""
        stream = io.StringIO()
        handler = cast("logging.StreamHandler[Any]", self.module.logger.registered_handler)
        before = handler.setStream(stream)
        try:
            answer = self.module.handler(event, cast("LambdaContext", Context()))
        finally:
            handler.setStream(before)
        self.printed += stream.getvalue() + self.capsys.readouterr().out
        self.logged += [json.loads(line) for line in stream.getvalue().splitlines()]
        return answer

    def take(self, *bodies: str, receives: int = 1) -> list[str]:
        """The ids of the messages of a batch that are to be tried again; they are ``m1``, ``m2`` ..."""
        records = [
            {
                "messageId": f"m{number}",
                "receiptHandle": f"handle-{number}",
                "body": body,
                "attributes": {"ApproximateReceiveCount": str(receives)},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:push",
                "awsRegion": "eu-central-1",
            }
            for number, body in enumerate(bodies, 1)
        ]
        return [failure["itemIdentifier"] for failure in self.call({"Records": records})["batchItemFailures"]]

    def metrics(self) -> dict[str, float]:
        """The sums of the counts that were emitted in CloudWatch's embedded metric format."""
        sums: dict[str, float] = {}
        for line in self.printed.splitlines():
            emitted = json.loads(line)
            for block in emitted.get("_aws", {}).get("CloudWatchMetrics", ()):
                assert block["Namespace"] == "ecrguard"
                for metric in block["Metrics"]:
                    sums[metric["Name"]] = sums.get(metric["Name"], 0) + sum(emitted[metric["Name"]])
        return sums


class Invoked(Captured):
    """The push function; ``guarded`` is what is around it."""

    def __init__(self, guarded: Guarded, capsys: pytest.CaptureFixture[str]) -> None:
        super().__init__(push, capsys)
        self.guarded = guarded

    def invoke(self, *bodies: str, receives: int = 1) -> list[str]:
        """The ids of the messages that are to be tried again; they are ``m1``, ``m2`` ..."""
        return self.take(*bodies, receives=receives)


def installed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Invoked:
    """The function, with everything outside in memory."""
    guarded = Guarded()
    monkeypatch.setattr(push, "inbox", lambda: guarded.inbox)
    monkeypatch.setattr(push.metrics.provider, "namespace", "ecrguard")
    return Invoked(guarded, capsys)


def event(name: str = "push-index", **detail: Any) -> str:
    """A sample of an event, with members of its detail put otherwise (``image_digest``) or, by None, left out."""
    sample = json.loads((EVENTS / f"{name}.json").read_text())
    sample["detail"] |= {member.replace("_", "-"): value for member, value in detail.items()}
    sample["detail"] = {member: value for member, value in sample["detail"].items() if value is not None}
    return json.dumps(sample)
