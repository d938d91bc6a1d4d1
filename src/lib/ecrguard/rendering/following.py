"""The sentences of what follows an alert: that it is right again, who pushed, what became of the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecrguard.rendering import acts
from ecrguard.rendering.text import listed

if TYPE_CHECKING:
    from ecrguard.rendering.document import AlertDocument

_EMOJI = {
    "resolved": "✅",
    "pusher": "👤",
    "tag": "🔖",
    "quarantine": "🔒",
    "archive": "📦",
    "delete": "🗑",
    "kept": "✋",
}
_TITLES = {
    "resolved": "Right again",
    "pusher": "Who pushed it",
    "tag": "Marked",
    "quarantine": "Quarantined",
    "archive": "Archived",
    "delete": "Deleted",
    "kept": "Kept",
}


def title(document: AlertDocument) -> str:
    """What has happened, in a word or three."""
    return _TITLES.get(_what(document), "More on an alert")


def emoji(document: AlertDocument) -> str:
    """One character for what has happened."""
    return _EMOJI.get(_what(document), "🔔")


def sentence(document: AlertDocument, about: str) -> str:
    """What has happened, said of ``about``."""
    what = _what(document)
    if what == "resolved":
        why = document["verdict"]["explanation"]
        # That of a workload begins with its name.
        return f"Right again: {why}" if document["workload"] else f"{about} is right again. {why}"
    if what == "pusher" and document["pusher"]:
        principal, how = acts.pushed_by(document["pusher"])
        return f"{principal} pushed {about} at {how}."
    if document["kind"] == "action":
        tag = document["image"]["tag"]
        return f"{about}{f', pushed as {tag},' if tag else ''} {_became(document)}."
    return f"{about}: {document['verdict']['explanation']}"


def _what(document: AlertDocument) -> str:
    """The kind; of what was done later, the most severe of it, which is the last."""
    if document["kind"] != "action":
        return document["kind"]
    done = document["actions"]["done"]
    return done[-1]["action"] if done else "kept"


def _became(document: AlertDocument) -> str:
    done = listed(dict.fromkeys(acts.participle(entry["action"]) for entry in document["actions"]["done"]))
    if done:
        return f"was {done}"
    # The last refusal decided; those before it are steps down to what was asked then.
    refused = document["actions"]["refused"][-1:]
    said = [f"was not {acts.participle(entry['action'])} ({entry['reason']})" for entry in refused]
    return said[0] if said else "stays as it is"
