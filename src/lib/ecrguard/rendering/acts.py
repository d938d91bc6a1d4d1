"""The sentences that every reader is told of what was done, refused and put off, and of who pushed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecrguard.rendering.entries import RemedyEntry

if TYPE_CHECKING:
    from ecrguard.rendering.document import AlertDocument
    from ecrguard.rendering.entries import DoneEntry, PusherEntry, RefusedEntry

_NOUNS = {"tag": "marker tag", "archive": "archiving", "delete": "deletion"}
_PARTICIPLES = {"tag": "marked", "quarantine": "quarantined", "archive": "archived", "delete": "deleted"}
_OF_IMAGES = frozenset({"archive", "delete"})
_TAKES_THE_TAG = _OF_IMAGES | {"quarantine"}
_UNDO = "To undo it, and have the image left alone from then on:"
_WHEN = "after the next full reading of the workloads"


def participle(action: str) -> str:
    """What an image is after an action: ``archived``."""
    return _PARTICIPLES.get(action, action)


def done(document: AlertDocument, entry: DoneEntry) -> str:
    """What was done, in words."""
    action, detail = entry["action"], entry["detail"]
    already = " (found so already)" if entry["result"] == "already_done" else ""
    if action == "tag":
        return f"put the tag {detail} {_where(document)}{already}"
    if action in _OF_IMAGES:
        return f"{participle(action)} {detail}{already}"
    return f"{detail or participle(action)}{already}"


def _where(document: AlertDocument) -> str:
    """Where the marker tag is: beside the pushed one, unless that is not on the image any more."""
    tag = document["image"]["tag"]
    moved = any(each["action"] in _TAKES_THE_TAG for each in document["actions"]["done"])
    return f"beside {tag}" if tag and not moved else "on the image"


def undos(document: AlertDocument) -> list[RemedyEntry]:
    """The command that takes back what was done, and what leads up to it; each command once."""
    commands = dict.fromkeys(entry["undo"] for entry in document["actions"]["done"])
    return [RemedyEntry(text=_UNDO, command=command) for command in commands if command is not None]


def refused(entry: RefusedEntry) -> str:
    """What was asked for and not done, and why."""
    return f"{_NOUNS.get(entry['action'], entry['action'])} ({entry['reason']}): {entry['detail']}"


def later(document: AlertDocument) -> str:
    """What will be done to the image itself, and when; empty for nothing."""
    action = document["actions"]["later"]
    if action is None:
        return ""
    if any(entry["action"] == action for entry in document["actions"]["refused"]):
        return f"Whether it can be {participle(action)} is looked at again {_WHEN}."
    return f"The image will be {participle(action)} {_WHEN}, unless something is found to use it by then."


def in_short(document: AlertDocument) -> str:
    """What was done, refused and put off, in a few words without the reasons' sentences; empty for nothing."""
    actions = document["actions"]
    words = [participle(entry["action"]) for entry in actions["done"][-1:]]
    words += [f"not {participle(entry['action'])} ({entry['reason']})" for entry in actions["refused"][-1:]]
    words += [f"to be {participle(actions['later'])}"] if actions["later"] else []
    return ", ".join(words)


def pushed_by(pusher: PusherEntry) -> list[str]:
    """Who pushed, and how, in parts that can stand on lines of their own; the principal first."""
    address, agent = pusher["address"], pusher["agent"]
    how = []
    if address:
        # A push of Docker's is a call that the service makes for it.
        how.append(f"by way of {address}" if address.endswith(".amazonaws.com") else f"from {address}")
    if agent and agent != address:
        how.append(f"with {agent}")
    return [pusher["arn"] or "an unknown principal", f"{when(pusher['time'])}{', ' if how else ''}{', '.join(how)}"]


def when(time: str) -> str:
    """A time of the document for people, to the second: ``2026-11-24 02:00:00 UTC``."""
    return f"{time[:19].replace('T', ' ')} UTC"
