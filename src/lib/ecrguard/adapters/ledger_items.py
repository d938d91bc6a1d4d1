"""The items of the ledger in the inventory's table, and the values that they stand for.

What is read on the path of a push stands in an item as one JSON text: DynamoDB's form of lists and maps takes many
times as long to read. What conditions ask for stands beside it, as an attribute of its own.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ecrguard.adapters.inventory_items import text_of
from ecrguard.domain.action import Action
from ecrguard.domain.ledger import Act, Due, Entry, Good, Record, Release, Told
from ecrguard.domain.plan import Done, Outcome, Refusal, RefusalReason, Result
from ecrguard.domain.push import Arrival, Push
from ecrguard.domain.reference import Registry
from ecrguard.domain.verdict import Judgement

if TYPE_CHECKING:
    from ecrguard.adapters.dynamodb import Item

DUE = "due"
"""Partition of what is due."""
CAP = "cap"
"""Partition of how many destructive acts an hour had."""
MOST_EXPLANATION = 2_000
"""Bytes of an explanation in JSON; with twenty of them, and a manifest, an item stays below DynamoDB's 400 KB."""


def ledger_pk(repository: str) -> str:
    """Partition of the records of a repository, and of its images that are left alone."""
    return f"ledger#{repository}"


def tag_subject(tag: str) -> str:
    """What the ledger calls a tag."""
    return f"tag#{tag}"


def release_sk(digest: str) -> str:
    """Sort key of somebody's word that an image is to be left alone."""
    return f"release#{digest}"


def history_pk(repository: str, subject: str) -> str:
    """Partition of the history of a tag or of a workload."""
    return f"history#{repository}#{subject}"


def due_sk(due: Due) -> str:
    """Sort key of what is due of an image."""
    return f"{due.push.repository}@{due.push.digest}"


def hour_of(now: datetime) -> str:
    """Sort key of how many destructive acts the hour of ``now`` had."""
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H")


def shortened(told: Told) -> Told:
    """The alert as the ledger remembers it: an explanation that is too long is cut."""
    explanation = told.explanation
    while len(json.dumps(explanation)) > MOST_EXPLANATION:
        explanation = explanation[: len(explanation) * 3 // 4]
    return replace(told, explanation=explanation)


def told_text(told: tuple[Told, ...]) -> str:
    """Alerts as they stand in an item."""
    return json.dumps(
        [
            [
                each.alert_id,
                each.event_id,
                each.digest,
                each.state,
                text_of(each.pushed),
                each.explanation,
                each.undone,
                each.judgement.value,
            ]
            for each in told
        ]
    )


def act_values(act: Act) -> Item:
    """The attributes of an act, by the names that an update has for their values.

    The manifest is one of its own: within a JSON text it would be longer than itself.
    """
    ended = act.ended and text_of(act.ended)
    told = [act.event_id, act.digest, text_of(act.began), ended, act.tags, act.media_type, act.known, act.gone]
    return {":act": json.dumps(told), ":to": act.to, ":before": act.before, ":manifest": act.manifest}


def record_of(item: Item) -> Record:
    """What an item says of a tag or of a workload.

    Raises:
        KeyError, TypeError, ValueError: it has something that this version does not know.
    """
    good = Good(item["good"], _time(item["good_pushed"])) if "good" in item else None
    told = tuple(
        Told(alert_id, event_id, digest, state, _time(pushed), explanation, undone, Judgement(judgement))
        for alert_id, event_id, digest, state, pushed, explanation, undone, judgement in json.loads(
            item.get("told", "[]")
        )
    )
    return Record(good, told, item.get("is_open", False), _act_of(item) if "act" in item else None)


def _act_of(item: Item) -> Act:
    event_id, digest, began, ended, tags, media_type, known, gone = json.loads(item["act"])
    return Act(
        event_id=event_id,
        digest=digest,
        to=item["act_to"],
        began=_time(began),
        ended=_time(ended) if ended is not None else None,
        tags=tuple(tags),
        media_type=media_type,
        manifest=item["manifest"],
        known=known,
        gone=gone,
    )


def release_item(repository: str, digest: str, release: Release) -> Item:
    """The item of somebody's word that an image is to be left alone."""
    return {
        "pk": ledger_pk(repository),
        "sk": release_sk(digest),
        "who": release.who,
        "why": release.why,
        "since": text_of(release.time),
    }


def release_of(item: Item) -> Release:
    """The word of an item of :func:`release_item`."""
    return Release(item["who"], item["why"], _time(item["since"]))


def due_item(due: Due) -> Item:
    """The item of what is due of an image."""
    push = due.push
    told = {
        "arrival": push.arrival.value,
        "account": push.registry.account,
        "region": push.registry.region,
        "repository": push.repository,
        "digest": push.digest,
        "tag": push.tag,
        "event_id": push.event_id,
        "time": text_of(push.time),
        "artifact": push.artifact,
        "action": due.action.value,
        "alert_id": due.alert_id,
        "begun": due.begun,
        "counted": due.counted and text_of(due.counted),
        "children": due.children,
    }
    return {"pk": DUE, "sk": due_sk(due), "since": text_of(due.since), "due": json.dumps(told)}


def due_of(item: Item) -> Due:
    """What is due by an item of :func:`due_item`."""
    told = json.loads(item["due"])
    push = Push(
        arrival=Arrival(told["arrival"]),
        registry=Registry(told["account"], told["region"]),
        repository=told["repository"],
        digest=told["digest"],
        tag=told["tag"],
        event_id=told["event_id"],
        time=_time(told["time"]),
        artifact=told["artifact"],
    )
    return Due(
        push,
        Action(told["action"]),
        _time(item["since"]),
        told["alert_id"],
        told["begun"],
        _time(told["counted"]) if told["counted"] else None,
        tuple(told["children"]),
    )


def entry_item(repository: str, subject: str, entry: Entry, kept: timedelta) -> Item:
    """The item of a line of a history; the same line always has the same."""
    text, sk = entry_text(entry)
    expires = int((entry.time + kept).timestamp())
    return {"pk": history_pk(repository, subject), "sk": sk, "entry": text, "expires": expires}


def entry_text(entry: Entry) -> tuple[str, str]:
    """A line of a history as text, and the sort key that puts it in its place."""
    outcome = entry.outcome
    told: dict[str, Any] = {
        "time": text_of(entry.time),
        "what": entry.what,
        "digest": entry.digest,
        "event_id": entry.event_id,
        "alert_id": entry.alert_id,
        "text": entry.text,
        "who": entry.who,
        "done": [[each.action.value, each.result.value, each.detail, each.undo] for each in outcome.done],
        "refusals": [[each.action.value, each.reason.value, each.detail] for each in outcome.refusals],
        "later": outcome.later.value if outcome.later else None,
    }
    text = json.dumps(told)
    return text, f"{told['time']}#{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def entry_of(item: Item) -> Entry:
    """The line of an item of :func:`entry_item`."""
    told = json.loads(item["entry"])
    outcome = Outcome(
        tuple(Done(Action(action), Result(result), detail, undo) for action, result, detail, undo in told["done"]),
        tuple(Refusal(Action(action), RefusalReason(reason), detail) for action, reason, detail in told["refusals"]),
        Action(told["later"]) if told["later"] else None,
    )
    return Entry(
        time=_time(told["time"]),
        what=told["what"],
        digest=told["digest"],
        event_id=told["event_id"],
        alert_id=told["alert_id"],
        text=told["text"],
        outcome=outcome,
        who=told["who"],
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
