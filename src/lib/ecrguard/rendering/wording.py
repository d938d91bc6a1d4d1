"""The sentences that e-mail, chat and Slack share, taken from the alert document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecrguard.domain.workload import WorkloadKind, label_of
from ecrguard.rendering import following
from ecrguard.rendering.entries import RemedyEntry
from ecrguard.rendering.text import listed

if TYPE_CHECKING:
    from ecrguard.rendering.document import AlertDocument
    from ecrguard.rendering.entries import (
        FindingEntry,
        PlatformEntry,
        UnknownEntry,
        WorkloadEntry,
    )

_TITLES = {"mismatch": "Platform mismatch", "unknown": "Not checked"}
_EMOJI = {"mismatch": "🚨", "unknown": "❓"}
_EVIDENCE = {"descriptor": "from the index", "config": "from the image's config"}
_KINDS = {
    "single": "single image",
    "index": "multi-platform index",
    "artifact": "artifact, not a container image",
    "unsupported": "format that is not supported",
}
_INDEX_REJECTED = "index_not_supported"
_ARRIVALS = {
    "pushed": "Pushed",
    "replicated": "Replicated",
    "restored": "Restored from archive",
    "deployed": "Workload changed",
}
# What to do about a push that could not be judged, by the cure of what could not be told. What is kept for the operator
# is in the dead-letter queue whatever else only needs time, and is sent again the same way.
_NEXT_STEPS = (
    ("operator", "Mend the cause, then send the push again from the dead-letter queue (docs/deploy.md)."),
    ("wait", "It is kept in the dead-letter queue: send it again when the cause is over (docs/deploy.md)."),
)
_NEW_IMAGE = "Push the image again: asking ECR again gives the same answer."
_SHORT_DIGEST = len("sha256:") + 12


def is_alert(document: AlertDocument) -> bool:
    """Whether it is an alert; else it is what follows one."""
    return document["kind"] == "alert"


def title(document: AlertDocument) -> str:
    """What the judgement is called, or what has happened since."""
    return alert_title(document) if is_alert(document) else following.title(document)


def alert_title(document: AlertDocument) -> str:
    """What the judgement of the alert is called, which this is or follows."""
    judgement = document["verdict"]["judgement"]
    if judgement == "mismatch" and _is_of_index(document):
        return "Image format mismatch"
    # What is right again was, as a rule, a platform mismatch.
    return _TITLES.get(judgement, judgement if is_alert(document) else _TITLES["mismatch"])


def emoji(document: AlertDocument) -> str:
    """One character for the judgement, or for what has happened since."""
    if not is_alert(document):
        return following.emoji(document)
    return _EMOJI.get(document["verdict"]["judgement"], "🔔")


def name(document: AlertDocument) -> str:
    """What people call the image: ``repository:tag``, or the repository and the start of the digest."""
    image = document["image"]
    if image["tag"]:
        return f"{image['repository']}:{image['tag']}"
    return f"{image['repository']}@{image['digest'][:_SHORT_DIGEST]}" if image["digest"] else image["repository"]


def about(document: AlertDocument) -> str:
    """What the alert is about: the image that was pushed, or the workload that was changed."""
    workload = document["workload"]
    return _label(workload) if workload else name(document)


def now_about(document: AlertDocument) -> str:
    """What the message is about: what the alert is, but the image by its digest where something became of it later.

    Its tag stands for another image by then, or for none.
    """
    image = document["image"]
    if document["kind"] == "action" and image["digest"]:
        return f"{image['repository']}@{image['digest'][:_SHORT_DIGEST]}"
    return about(document)


def reference(document: AlertDocument) -> str:
    """The reference of the image: as which it came, or by its digest where that is not its tag any more."""
    image = document["image"]
    if document["kind"] == "action" and image["digest"]:
        return f"{image['registry']}/{image['repository']}@{image['digest']}"
    return image["uri"]


def _label(workload: WorkloadEntry) -> str:
    container = workload["container"] or ""
    try:
        return label_of(WorkloadKind(workload["kind"]), workload["name"], container)
    except ValueError:
        # A document of a newer minor version.
        return f"{workload['kind']} {workload['name']}"


def console_url(document: AlertDocument) -> str | None:
    """Where the image is to be seen; None for one that was deleted, or where that is not known."""
    deleted = any(entry["action"] == "delete" for entry in document["actions"]["done"])
    return None if deleted else document["image"]["consoleUrl"]


def heading(document: AlertDocument) -> str:
    """The emoji, the judgement and what it is about."""
    return f"{emoji(document)} {title(document)}: {now_about(document)}"


def explanation(document: AlertDocument) -> tuple[str, str]:
    """What the explanation is of, to stand before it with a colon, and the explanation.

    The former is empty for a workload that was changed, and for what follows an alert: the explanation names it.
    """
    if not is_alert(document):
        return "", following.sentence(document, now_about(document))
    return "" if document["workload"] else name(document), document["verdict"]["explanation"]


def mismatches(document: AlertDocument) -> list[FindingEntry]:
    """The findings that make it a mismatch."""
    return [finding for finding in document["findings"] if finding["severity"] == "mismatch"]


def built_for(document: AlertDocument) -> str:
    """The platforms that the image offers, in words."""
    image = document["image"]
    if image["kind"] is None:
        return "not known"
    return listed(_with_rest([entry["platform"] for entry in image["platforms"]], image["platformsOmitted"])) or "none"


def is_what(document: AlertDocument) -> str:
    """What is the matter with the image, to stand behind its name: ``is built for linux/arm64``."""
    return f"is {'an index' if _is_of_index(document) else 'built'} for {built_for(document)}"


def _is_of_index(document: AlertDocument) -> bool:
    """Whether what matters first is that the image is an index."""
    return [finding["failure"] for finding in mismatches(document)][:1] == [_INDEX_REJECTED]


def needed(document: AlertDocument) -> str:
    """The platforms that anybody requires, in words."""
    verdict = document["verdict"]
    return listed(_with_rest(verdict["needs"], verdict["needsOmitted"])) or "not known"


def headline(document: AlertDocument) -> str:
    """One sentence without a full stop: the image, what it is built for and who needs something else."""
    failing = mismatches(document)
    of, why = explanation(document)
    if of and document["verdict"]["judgement"] == "mismatch" and failing:
        first = failing[0]
        more = len(failing) - 1
        also = f" (and {more} more)" if more else ""
        who = f"{first['subject']['name']} needs {first['requirement']}"
        return f"{of} {is_what(document)}; {who}{also}"
    return f"{of}: {why}".removeprefix(": ").removesuffix(".")


def consequence(document: AlertDocument) -> str:
    """What will happen to the first who needs something else; empty where nothing is predicted."""
    failing = mismatches(document) if is_alert(document) else []
    return failing[0]["prediction"] if failing else ""


def evidence(entry: PlatformEntry) -> str:
    """Where a platform was read."""
    return _EVIDENCE.get(entry["evidence"], entry["evidence"])


def kind(document: AlertDocument) -> str:
    """What the image is; empty where that is not known."""
    found = document["image"]["kind"]
    return _KINDS.get(found, found) if found else ""


def arrival(document: AlertDocument) -> str:
    """How the image came to the repository, or what else happened, to stand before the time."""
    return _ARRIVALS.get(document["arrival"], document["arrival"])


def severity(finding: FindingEntry) -> str:
    """`` (warning)``, to stand behind who requires it; empty for a mismatch, which is what an alert is about."""
    return "" if finding["severity"] == "mismatch" else f" ({finding['severity']})"


def unknowns(document: AlertDocument) -> list[UnknownEntry]:
    """What could not be told and is not said elsewhere: by a finding, or by the explanation, which has one of them."""
    findings = [finding for finding in document["findings"] if finding["severity"] == "unknown"]
    found = [unknown for unknown in document["unknowns"] if not any(_says(each, unknown) for each in findings)]
    alone = len(found) == 1 and not document["unknownsOmitted"]
    return [] if alone and found[0]["detail"] in document["verdict"]["explanation"] else found


def _says(finding: FindingEntry, unknown: UnknownEntry) -> bool:
    return finding["subject"]["arn"] == unknown["subject"] and finding["prediction"].rstrip(".") in unknown["detail"]


def steps_title(document: AlertDocument) -> str:
    """What the steps are called."""
    return "What to do" if document["verdict"]["judgement"] == "unknown" else "How to fix it"


def steps(document: AlertDocument) -> list[RemedyEntry]:
    """Each remedy once, in order, then what is to be done about a push that could not be judged; the alert's alone."""
    if not is_alert(document):
        return []
    found = [remedy for finding in document["findings"] for remedy in finding["remedy"]]
    if document["verdict"]["judgement"] == "unknown" and not document["workload"]:
        found += [RemedyEntry(text=step, command=None) for step in _next_steps(document)]
    return list({(each["text"], each["command"]): each for each in found}.values())


def _next_steps(document: AlertDocument) -> list[str]:
    cures = {unknown["cure"] for unknown in document["unknowns"]}
    new_image = [_NEW_IMAGE] if "new_image" in cures else []
    return [*new_image, *[step for cure, step in _NEXT_STEPS if cure in cures][:1]]


def left_out(count: int, what: str) -> str:
    """``and 3 more findings, which are left out here``; empty for none."""
    return f"and {count} more {what}, which are left out here" if count else ""


def _with_rest(items: list[str], omitted: int) -> list[str]:
    return [*items, f"{omitted} more"] if omitted else items
