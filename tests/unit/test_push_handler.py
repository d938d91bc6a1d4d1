"""The push function, from SQS event to batch answer, logs and metrics."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.content import Content, config, helm, index, manifest, sha256, single
from tests.fakes.blob_server import body, running
from tests.fakes.ecr_client import ACCOUNT, REGION, FakeEcr
from tests.invoked import Invoked, event, installed

import push
from ecrguard.adapters.blobs import Blobs
from ecrguard.adapters.ecr import EcrImages
from ecrguard.config import ConfigurationError
from ecrguard.domain.image import UnknownReason
from ecrguard.domain.marker import marker_tag
from ecrguard.domain.reference import Registry

if TYPE_CHECKING:
    from ecrguard.inbox import Inbox

EVENT_ID = json.loads(event())["id"]


@pytest.fixture
def invoked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Invoked:
    return installed(monkeypatch, capsys)


def pushed(invoked: Invoked, content: Content, tag: str = "1.4.2") -> str:
    return event(image_digest=invoked.guarded.holds(content, tag), image_tag=tag)


def test_a_push_that_passes_is_logged_and_counted(invoked: Invoked) -> None:
    invoked.guarded.demands("linux/amd64")
    message = pushed(invoked, index(single(), single("arm64")))

    assert invoked.invoke(message) == []

    (line,) = invoked.logged
    assert (
        line.items()
        >= {
            "level": "INFO",
            "message": "judged",
            "correlation_id": EVENT_ID,
            "function_request_id": "request-1",
            "arrival": "pushed",
            "repository": "team/web",
            "tag": "1.4.2",
            "judgement": "ok",
            "reason": "platforms_match",
            "platforms": ["linux/amd64", "linux/arm64"],
            "needs": ["linux/amd64"],
            "rule": "all",
            "alerted": False,
        }.items()
    )
    assert invoked.metrics() == {"VerdictOk": 1}


def test_a_mismatch_is_logged_with_what_was_done_and_counted(invoked: Invoked) -> None:
    invoked.guarded.demands("linux/amd64")
    image = single("arm64")

    assert invoked.invoke(pushed(invoked, image)) == []

    (line,) = invoked.logged
    assert (
        line.items()
        >= {
            "level": "WARNING",
            "judgement": "mismatch",
            "platforms": ["linux/arm64"],
            "done": [f"tag: {marker_tag(image.digest)}"],
            "refused": [],
            "alerted": True,
        }.items()
    )
    assert invoked.metrics() == {"VerdictMismatch": 1, "ActionsDone": 1, "AlertPublished": 1}


def test_each_message_of_a_batch_ends_for_itself(invoked: Invoked) -> None:
    invoked.guarded.demands("linux/amd64")
    waiting = index(single("s390x"))
    invoked.guarded.images.withhold(waiting.digest, UnknownReason.THROTTLED)
    messages = [
        pushed(invoked, single()),
        "<html>",
        pushed(invoked, waiting),
        pushed(invoked, single("arm64")),
        pushed(invoked, helm(), "chart"),
        event("push-own-marker"),
        event("push-untagged"),
    ]

    assert invoked.invoke(*messages) == ["m3"]

    assert [(line["level"], line["message"], line.get("reason", line.get("code"))) for line in invoked.logged] == [
        ("INFO", "judged", "platforms_match"),
        ("ERROR", "dead-lettered", "malformed_event"),
        ("WARNING", "to be tried again", "throttled"),
        ("WARNING", "judged", "platforms_mismatch"),
        ("INFO", "judged", "artifact"),
        ("INFO", "judged", "own_marker"),
        ("INFO", "judged", "untagged"),
    ]
    assert invoked.logged[2]["message_id"] == "m3"
    assert [letter.body for letter in invoked.guarded.dead_letters.kept] == ["<html>"]
    assert invoked.metrics() == {
        "VerdictOk": 1,
        "DeadLettered": 1,
        "Retried": 1,
        "VerdictMismatch": 1,
        "ActionsDone": 1,
        "AlertPublished": 1,
        "VerdictNotApplicable": 3,
    }


def test_where_every_message_waits_the_function_itself_does_not_fail(invoked: Invoked) -> None:
    invoked.guarded.images.fail("resource_tags", UnknownReason.UNAVAILABLE)

    assert invoked.invoke(pushed(invoked, single()), pushed(invoked, single("arm64"))) == ["m1", "m2"]
    assert invoked.metrics() == {"Retried": 2}


def test_a_crash_leaves_its_message_on_the_queue_and_is_logged_with_its_trace(
    invoked: Invoked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise ZeroDivisionError("a bug of ours")

    good, bad = pushed(invoked, single()), pushed(invoked, single("arm64"), "bad")
    monkeypatch.setattr(type(invoked.guarded.policies), "current", crash)

    assert invoked.invoke(good, bad) == ["m1", "m2"]
    assert invoked.logged[0]["level"] == "ERROR"
    assert invoked.logged[0]["message_id"] == "m1"
    assert "a bug of ours" in invoked.logged[0]["exception"]
    assert invoked.metrics() == {"Crashed": 2}


def test_a_function_without_its_configuration_keeps_the_messages_and_names_the_variable(
    invoked: Invoked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unconfigured() -> Inbox:
        raise ConfigurationError("expected the environment variable ALERTS_TOPIC_ARN; template.yaml sets it")

    monkeypatch.setattr(push, "inbox", unconfigured)

    assert invoked.invoke(event()) == ["m1"]
    assert "ALERTS_TOPIC_ARN" in invoked.logged[0]["exception"]


def test_a_download_that_fails_is_logged_without_the_presigned_url(
    invoked: Invoked, monkeypatch: pytest.MonkeyPatch
) -> None:
    ecr = FakeEcr()
    digest = ecr.push("team/web", manifest(config("linux", "arm64")), "1.4.2")
    client = ecr.client
    with running(body(b"<Error>Signature=SECRET</Error>", 403)) as server:
        ecr.download = server.url
        real = EcrImages(lambda: client, Blobs(), Registry(ACCOUNT, REGION), "aws")
        made = invoked.guarded.inbox
        guard = replace(made.guard, judge=replace(made.guard.judge, images=real))
        monkeypatch.setattr(push, "inbox", lambda: replace(made, guard=guard))
        message = event(image_digest=digest)

        assert invoked.invoke(message) == ["m1"]
        assert invoked.invoke(message, receives=5) == []

    assert "SECRET" in server.requests[0]
    assert "SECRET" not in invoked.printed
    assert "SECRET" not in str(invoked.guarded.dead_letters.kept)
    assert "SECRET" not in str(invoked.guarded.alerts.published)
    assert sha256(config("linux", "arm64")) in invoked.guarded.dead_letters.kept[0].cause
