"""AWS in memory behind real boto3 clients: requests are signed and sent, and answers parsed, as bytes.

Between the two, nothing leaves the process. Each answer comes after the time that is stated for it, by the clock that
the benchmark runs on, and ECS refuses calls as it does where they come too fast. What a client then does is botocore's.
"""

from __future__ import annotations

import functools
import io
import json
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from unittest import mock

import boto3
import botocore.session
from botocore import endpoint
from botocore.awsrequest import AWSResponse
from tests.fakes.wire import check

from bench.stated import KINDS, RATES, seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from botocore.awsrequest import AWSPreparedRequest
    from botocore.model import Shape

    from bench.clock import Clock

type Record = dict[str, Any]

ACCOUNT, REGION = "123456789012", "eu-west-1"
_SAMPLES = 5
_SAMPLED_THEN = 5_000


@dataclass(slots=True)
class Refusal(Exception):  # noqa: N818 - what a service answers, not what a program does wrong
    """An error answer.

    Attributes:
        code: such as ``ThrottlingException``.
        message: for people.
        members: of the error's shape besides.
    """

    code: str
    message: str = "as AWS would"
    members: Record = field(default_factory=dict)


class WrongResultError(Exception):
    """What was measured is not what was meant to be."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service sends back.

    Attributes:
        body: as it is sent.
        headers: besides the usual ones.
        status: of HTTP.
        more_seconds: that it takes beyond what is stated for the call.
    """

    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    more_seconds: float = 0.0


type Service = Callable[[str, AWSPreparedRequest], Answer]
"""Answers the request of an operation, or raises a Refusal."""


def json_service(operations: Mapping[str, Callable[[Record], Record | Answer]]) -> Service:
    """A service that is spoken to in JSON, by its operations."""

    def answer(operation: str, request: AWSPreparedRequest) -> Answer:
        body: Any = request.body
        told = operations[operation](json.loads(body))
        return told if isinstance(told, Answer) else Answer(json.dumps(told).encode())

    return answer


@dataclass(slots=True)
class _Bucket:
    tokens: float
    since: float


@dataclass(slots=True)
class Aws:
    """One account in one Region.

    Attributes:
        clock: that latencies pass on.
        services: by the name that botocore has for them.
        calls: that were answered, by ``service:Operation``.
        throttled: that were refused because they came too fast.
    """

    clock: Clock
    services: Mapping[str, Service]
    calls: Counter[str] = field(default_factory=Counter)
    throttled: Counter[str] = field(default_factory=Counter)
    _buckets: dict[str, _Bucket] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def session(self) -> boto3.Session:
        """A session whose clients are answered here."""
        session = boto3.Session("AKIDBENCH", "not-a-secret", region_name=REGION)
        # botocore takes the answer of a hook for what the service has sent.
        answer: Callable[..., Any] = self._send
        session.events.register("before-send", answer)
        return session

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Within this, botocore waits on the clock before it tries again."""
        with mock.patch.object(endpoint, "time", self.clock):
            yield

    def count(self, call: str) -> int:
        """Note a call that was answered; how many of its kind that makes."""
        with self._lock:
            self.calls[call] += 1
            return self.calls[call]

    def _send(self, request: AWSPreparedRequest, event_name: str, **_: object) -> AWSResponse:
        service, operation = event_name.split(".")[1:]
        call, began = f"{service}:{operation}", self.clock()
        with self.clock.aside():
            answer = self._answer(service, operation, request) if self._may(call, began) else _error(_TOO_FAST)
        self.clock.sleep(seconds(call) + answer.more_seconds - (self.clock() - began))
        headers: Any = {"x-amzn-requestid": "0", **answer.headers}
        raw: Any = _Raw(answer.body)
        return AWSResponse(request.url, answer.status, headers, raw)

    def _answer(self, service: str, operation: str, request: AWSPreparedRequest) -> Answer:
        number = self.count(f"{service}:{operation}")
        try:
            answer = self.services[service](operation, request)
        except Refusal as refusal:
            return _error(refusal)
        if (number <= _SAMPLES or number % _SAMPLED_THEN == 0) and answer.body.startswith(b"{"):
            check(json.loads(answer.body), _output(service, operation), operation)
        return answer

    def _may(self, call: str, now: float) -> bool:
        """Whether a call does not come too fast."""
        if call not in KINDS:
            return True
        rate = RATES[KINDS[call]]
        bucket = self._buckets.setdefault(KINDS[call], _Bucket(rate.burst, now))
        bucket.tokens = min(rate.burst, bucket.tokens + (now - bucket.since) * rate.sustained)
        bucket.since = now
        if bucket.tokens < 1:
            self.throttled[call] += 1
            return False
        bucket.tokens -= 1
        return True


_TOO_FAST = Refusal("ThrottlingException", "Rate exceeded")


class _Raw(io.BytesIO):
    """A body, as urllib3 gives it."""

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


def _error(refusal: Refusal) -> Answer:
    told = {"__type": refusal.code, "message": refusal.message, **refusal.members}
    return Answer(json.dumps(told).encode(), {"x-amzn-errortype": refusal.code}, 400)


@functools.cache
def _output(service: str, operation: str) -> Shape | None:
    model = botocore.session.get_session().get_service_model(service)
    return model.operation_model(operation).output_shape
