"""The sentences that e-mail, chat and Slack share, taken from the alert document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecrguard.rendering.text import is_command, listed

if TYPE_CHECKING:
    from ecrguard.rendering.document import AlertDocument, DoneEntry, FindingEntry, PlatformEntry

_TITLES = {"mismatch": "Platform mismatch", "unknown": "Not checked", "ok": "Resolved"}
_EMOJI = {"mismatch": "🚨", "unknown": "❓", "ok": "✅"}
_EVIDENCE = {"descriptor": "from the index", "config": "from the image's config"}
_KINDS = {
    "single": "single image",
    "index": "multi-platform index",
    "artifact": "artifact, not a container image",
    "unsupported": "format that is not supported",
}
_ARRIVALS = {"pushed": "Pushed", "replicated": "Replicated", "restored": "Restored from archive"}
_SHORT_DIGEST = len("sha256:") + 12


def title(document: AlertDocument) -> str:
    """What the judgement is called."""
    judgement = document["verdict"]["judgement"]
    return _TITLES.get(judgement, judgement)


def emoji(document: AlertDocument) -> str:
    """One character for the judgement."""
    return _EMOJI.get(document["verdict"]["judgement"], "🔔")


def name(document: AlertDocument) -> str:
    """What people call the image: ``repository:tag``, or the repository and the start of the digest."""
    image = document["image"]
    if image["tag"]:
        return f"{image['repository']}:{image['tag']}"
    return f"{image['repository']}@{image['digest'][:_SHORT_DIGEST]}" if image["digest"] else image["repository"]


def heading(document: AlertDocument) -> str:
    """The emoji, the judgement and the image."""
    return f"{emoji(document)} {title(document)}: {name(document)}"


def mismatches(document: AlertDocument) -> list[FindingEntry]:
    """The findings that make it a mismatch."""
    return [finding for finding in document["findings"] if finding["severity"] == "mismatch"]


def built_for(document: AlertDocument) -> str:
    """The platforms that the image offers, in words."""
    image = document["image"]
    if image["kind"] is None:
        return "not known"
    return listed(_with_rest([entry["platform"] for entry in image["platforms"]], image["platformsOmitted"])) or "none"


def needed(document: AlertDocument) -> str:
    """The platforms that anybody requires, in words."""
    verdict = document["verdict"]
    return listed(_with_rest(verdict["needs"], verdict["needsOmitted"])) or "not known"


def headline(document: AlertDocument) -> str:
    """One sentence without a full stop: the image, what it is built for and who needs something else."""
    failing = mismatches(document)
    if document["verdict"]["judgement"] == "mismatch" and failing:
        first = failing[0]
        more = len(failing) - 1
        also = f" (and {more} more)" if more else ""
        who = f"{first['subject']['name']} needs {first['requirement']}"
        return f"{name(document)} is built for {built_for(document)}; {who}{also}"
    return f"{name(document)}: {document['verdict']['explanation'].removesuffix('.')}"


def consequence(document: AlertDocument) -> str:
    """What will happen to the first who needs something else; empty where nothing is predicted."""
    failing = mismatches(document)
    return failing[0]["prediction"] if failing else ""


def evidence(entry: PlatformEntry) -> str:
    """Where a platform was read."""
    return _EVIDENCE.get(entry["evidence"], entry["evidence"])


def kind(document: AlertDocument) -> str:
    """What the image is."""
    found = document["image"]["kind"]
    return "not known" if found is None else _KINDS.get(found, found)


def arrival(document: AlertDocument) -> str:
    """How the image came to the repository, as a past participle."""
    return _ARRIVALS.get(document["arrival"], document["arrival"])


def remedies(document: AlertDocument) -> tuple[list[str], list[str]]:
    """Each remedy once, in order: the commands, and the instructions that are no commands."""
    found = list(dict.fromkeys(remedy for finding in document["findings"] for remedy in finding["remedy"]))
    return [each for each in found if is_command(each)], [each for each in found if not is_command(each)]


def done(entry: DoneEntry) -> str:
    """What was done, in words."""
    already = " (it was there already)" if entry["result"] == "already_done" else ""
    return f"{entry['action']}: {entry['detail']}{already}"


def left_out(count: int, what: str) -> str:
    """``and 3 more findings, which are left out here``; empty for none."""
    return f"and {count} more {what}, which are left out here" if count else ""


def when(time: str) -> str:
    """A time of the document for people, to the second: ``2026-11-24 02:00:00 UTC``."""
    return f"{time[:19].replace('T', ' ')} UTC"


def _with_rest(items: list[str], omitted: int) -> list[str]:
    return [*items, f"{omitted} more"] if omitted else items
