"""Ledgers, real and fake, and what is told to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ecrguard.adapters.ledger_table import LedgerTable
from ecrguard.domain.action import Action
from ecrguard.domain.ledger import Act, Due, Entry, Good, Told
from ecrguard.domain.plan import Done, Outcome, Refusal, RefusalReason, Result
from ecrguard.domain.push import Arrival, Push
from ecrguard.domain.reference import Registry
from ecrguard.domain.verdict import Judgement

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb.client import DynamoDBClient

REPO, TAG, SUBJECT = "team/app", "1.0", "tag#1.0"
REGISTRY = Registry("123456789012", "eu-west-1")
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
CAP, HISTORY = 3, timedelta(days=90)
OUTCOME = Outcome(
    (Done(Action.QUARANTINE, Result.DONE, "took 1.0 off", "ecrguard release team/app:1.0"),),
    (Refusal(Action.DELETE, RefusalReason.IN_USE, "prod/api uses it"),),
    Action.ARCHIVE,
)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def digest(name: str) -> str:
    return "sha256:" + name * 64


def good(name: str, minutes: float) -> Good:
    return Good(digest(name), at(minutes))


def told(number: int = 1, explanation: str = "") -> Told:
    undone = number % 2 == 0
    judgement = Judgement.UNKNOWN if undone else Judgement.MISMATCH
    return Told(f"alert-{number}", f"event-{number}", digest("b"), "state", at(number), explanation, undone, judgement)


def act(name: str = "b", to: str = "", minutes: float = 1, *, ended: float | None = None, manifest: str = "") -> Act:
    return Act(
        event_id=f"event-{name}",
        digest=digest(name),
        to=digest(to) if to else "",
        began=at(minutes),
        ended=None if ended is None else at(ended),
        tags=(TAG, "ecrguard-mismatch-0123456789ab"),
        media_type="application/vnd.oci.image.manifest.v1+json",
        manifest=manifest,
        known=digest("a"),
        gone=bool(manifest),
    )


def due(name: str = "b", minutes: float = 1, action: Action = Action.ARCHIVE) -> Due:
    push = Push(Arrival.PUSHED, REGISTRY, REPO, digest(name), TAG, "event-1", at(0), artifact=True)
    return Due(push, action, at(minutes), "alert-1", begun=True, counted=at(1), children=(digest("c"), digest("d")))


def entry(minutes: float = 1, what: str = "mismatch", outcome: Outcome = OUTCOME) -> Entry:
    return Entry(at(minutes), what, digest("b"), "event-1", "alert-1", "it is \ud800 wrong", outcome, "arn:of:somebody")


@dataclass
class Watched:
    """A client that notes its calls."""

    client: Any
    calls: list[str]

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        self.calls.append(operation)
        found: Callable[..., Any] = getattr(self.client, operation)
        return found


def ledger_on(client: Callable[[], DynamoDBClient], table: str) -> LedgerTable:
    return LedgerTable(client, table, HISTORY, CAP)
