"""The push queue, as SQS hands messages out: at least once, in any order, five times, then never again by itself."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.situations import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tests.simulation.stage import Stage

VISIBILITY = 720.0
"""Seconds until a message that nobody deleted is handed out again."""
MAX_RECEIVES = 5


@dataclass(slots=True, eq=False)
class Letter:
    """A message on the queue.

    Attributes:
        body: of the event.
        what: for the trace.
        receives: how often it was handed out.
        put_off: when its consumer wants it handed out again, in seconds of the history; None for the queue's own time.
        gone: it was deleted, or moved to the dead-letter queue.
    """

    body: str
    what: str
    receives: int = 0
    put_off: float | None = None
    gone: bool = False


@dataclass(slots=True)
class Mail:
    """The queue and its dead letters.

    Attributes:
        stage: the clock.
        begin: starts an invocation for a batch.
        waiting: letters that are visible.
        dead: letters that were handed out too often, and bodies that the product kept there itself.
        handed: letters that are with an invocation, by receipt.
        pending: letters that are on the queue, visible or not.
    """

    stage: Stage
    begin: Callable[[], None]
    waiting: list[Letter] = field(default_factory=list)
    dead: list[Letter] = field(default_factory=list)
    handed: dict[str, Letter] = field(default_factory=dict)
    pending: int = 0
    _receipts: int = 0

    def send(self, letter: Letter, delay: float) -> None:
        """Put a message on the queue; it becomes visible after a delay."""
        self.pending += 1
        self.stage.later(delay, lambda: self._appear(letter))

    def _appear(self, letter: Letter) -> None:
        self.waiting.append(letter)
        self.begin()

    def receive(self, most: int) -> list[tuple[str, Letter]]:
        """Hand out up to so many messages, each with a receipt; those that were handed out too often are moved away."""
        found: list[tuple[str, Letter]] = []
        while self.waiting and len(found) < most:
            letter = self.waiting.pop(0)
            self.pending -= 1
            if letter.gone:
                continue
            if letter.receives >= MAX_RECEIVES:
                letter.gone = True
                self.dead.append(Letter(letter.body, letter.what))
                continue
            letter.receives, letter.put_off = letter.receives + 1, None
            self._receipts += 1
            receipt = f"receipt-{self._receipts}"
            self.handed[receipt] = letter
            found.append((receipt, letter))
        return found

    def put_off(self, receipt: str, seconds: int) -> None:
        """Change when a message is handed out again; ``MessageQueue`` of the product's ports."""
        self.handed[receipt].put_off = self.stage.seconds + seconds

    def finish(self, receipt: str, *, handled: bool) -> None:
        """Note what became of a message that was handed out."""
        letter = self.handed.pop(receipt)
        if handled:
            letter.gone = True
        else:
            delay = VISIBILITY if letter.put_off is None else letter.put_off - self.stage.seconds
            self.send(letter, max(delay, 0.0))

    def lose(self, receipt: str, began: float) -> None:
        """Note that the process that had a message has ended."""
        letter = self.handed.pop(receipt, None)
        if letter is not None and not letter.gone:
            until = began + VISIBILITY if letter.put_off is None else letter.put_off
            self.send(letter, max(until - self.stage.seconds, 0.0))

    def bury(self, body: str, code: str, cause: str) -> None:
        """Keep a message in the dead-letter queue; ``DeadLetters`` of the product's ports."""
        del code, cause
        self.dead.append(Letter(body, "buried"))

    def redrive(self) -> int:
        """Send all dead letters again; how many there were."""
        letters, self.dead = self.dead, []
        for letter in letters:
            self.send(Letter(letter.body, letter.what), 1.0)
        return len(letters)


def event(event_id: str, time: datetime, repository: str, digest: str, tag: str, *, restored: bool = False) -> str:
    """The event with which ECR announces a push, or that an image is back from the archive."""
    action = {"action-type": "UPDATE_STORAGE_CLASS", "target-storage-class": "STANDARD"} if restored else {}
    detail = {
        "result": "SUCCESS",
        "repository-name": repository,
        "image-digest": digest,
        "action-type": "PUSH",
        **({"image-tag": tag} if tag else {}),
        **action,
    }
    return _enveloped(event_id, "ECR Image Action", time, detail)


def call_event(event_id: str, time: datetime, repository: str, digest: str, tag: str, *, ours: bool) -> str:
    """The event with which CloudTrail tells who put a tag on an image."""
    name = "ecrguard" if ours else "ci"
    role = f"arn:aws:iam::{REGISTRY.account}:role/{name}"
    detail = {
        "userIdentity": {
            "type": "AssumedRole",
            "arn": f"arn:aws:sts::{REGISTRY.account}:assumed-role/{name}/session",
            "accountId": REGISTRY.account,
            "sessionContext": {"sessionIssuer": {"type": "Role", "arn": role}},
        },
        "eventTime": f"{time:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "ecr.amazonaws.com",
        "eventName": "PutImage",
        "sourceIPAddress": "192.0.2.10",
        "userAgent": "docker",
        "requestParameters": {"repositoryName": repository, "imageTag": tag},
        "responseElements": {
            "image": {"repositoryName": repository, "imageId": {"imageDigest": digest, "imageTag": tag}}
        },
    }
    return _enveloped(event_id, "AWS API Call via CloudTrail", time, detail)


def _enveloped(event_id: str, detail_type: str, time: datetime, detail: object) -> str:
    return json.dumps(
        {
            "version": "0",
            "id": event_id,
            "detail-type": detail_type,
            "source": "aws.ecr",
            "account": REGISTRY.account,
            "time": f"{time:%Y-%m-%dT%H:%M:%SZ}",
            "region": REGISTRY.region,
            "resources": [],
            "detail": detail,
        }
    )
