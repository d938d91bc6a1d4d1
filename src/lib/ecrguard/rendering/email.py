"""The alert as an e-mail, and as one line for text messages."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from ecrguard.rendering import acts, wording
from ecrguard.rendering.text import shorten, shorten_middle

if TYPE_CHECKING:
    from ecrguard.rendering.document import AlertDocument
    from ecrguard.rendering.entries import FindingEntry

MAX_SUBJECT = 99
"""SNS takes a subject of less than 100 ASCII characters, without control characters (API reference of Publish)."""
MAX_BYTES = 24 * 1024
"""Most bytes of a body; what is left out is in the JSON document."""

_RE = "Re: "
_WIDTH = 78
_MAX_LISTED = 10
_MAX_SHORT = 140
_MAX_TAIL = 70


def subject(document: AlertDocument) -> str:
    """The subject: the judgement, and the image or the workload that was changed; of what follows, ``Re:`` that.

    Mail programs put what has the same subject into one thread, so that it has nothing that differs within one: what
    resolves an alert is another image, and who pushed may be told by somebody who has not read it.
    """
    start = f"{wording.alert_title(document)}: "
    room = MAX_SUBJECT - len(_RE) - len(start)
    text = start + shorten_middle(wording.about(document), room)
    said = shorten(text.replace("…", "..."), MAX_SUBJECT - len(_RE)).encode("ascii", "replace").decode()
    return said if wording.is_alert(document) else _RE + said


def short(document: AlertDocument) -> str:
    """One line, as for a text message: what is wrong, what was done about it and what was not."""
    done = shorten(acts.in_short(document), _MAX_TAIL) if wording.is_alert(document) else ""
    tail = f"; {done}" if done else ""
    return shorten(f"ecrguard: {wording.headline(document)}", _MAX_SHORT - len(tail)) + tail


def body(document: AlertDocument) -> str:
    """The e-mail's text, at most :data:`MAX_BYTES` large: what is wrong and what was done first, then what to do.

    What follows an alert says what is new, and leaves the rest to the alert.
    """
    first = [*_paragraph(_first_words(document)), "", *_actions(document)]
    if wording.is_alert(document):
        parts = [*_image(document), *_findings(document), *_unknowns(document), *_steps(document)]
    else:
        parts = _image_in_short(document)
    return _bounded("\n".join([*first, *parts, *_footer(document)]))


def _first_words(document: AlertDocument) -> str:
    said = ": ".join(filter(None, wording.explanation(document)))
    return f"{said} {wording.consequence(document)}".strip()


def _image(document: AlertDocument) -> list[str]:
    image = document["image"]
    media_type = f" ({image['mediaType']})" if image["mediaType"] else ""
    shown = image["platforms"][: 2 * _MAX_LISTED]
    platforms = [f"{entry['platform']} ({wording.evidence(entry)})" for entry in shown]
    first, *others = platforms or [wording.built_for(document)]
    return [
        "Image",
        f"  reference  {image['uri']}",
        f"  digest     {image['digest'] or 'not known'}",
        f"  kind       {wording.kind(document) or 'not known'}{media_type}",
        f"  {'event' if document['workload'] else 'arrival':<10} {_event(document)}",
        *_pusher(document),
        f"  built for  {first}",
        *(f"             {other}" for other in others),
        *_rest(len(image["platforms"]) - len(shown) + image["platformsOmitted"], "platforms"),
        "",
    ]


def _image_in_short(document: AlertDocument) -> list[str]:
    image = document["image"]
    built_for = [f"  built for  {wording.built_for(document)}"] if image["kind"] else []
    return [
        "Image",
        f"  reference  {wording.reference(document)}",
        f"  digest     {image['digest'] or 'not known'}",
        f"  {'event' if document['workload'] else 'arrival':<10} {_event(document)}",
        *_pusher(document),
        *built_for,
        "",
    ]


def _pusher(document: AlertDocument) -> list[str]:
    if document["pusher"] is None or document["kind"] == "pusher":
        return []
    principal, how = acts.pushed_by(document["pusher"])
    return [f"  pushed by  {principal}", f"             {how}"]


def _event(document: AlertDocument) -> str:
    return f"{wording.arrival(document)} {acts.when(document['event']['time'])}"


def _findings(document: AlertDocument) -> list[str]:
    if not document["findings"]:
        return []
    lines = ["Who needs what"]
    for number, finding in enumerate(document["findings"][:_MAX_LISTED], 1):
        lines += _finding(number, finding)
    rest = max(0, len(document["findings"]) - _MAX_LISTED) + document["findingsOmitted"]
    return [*lines, *_rest(rest, "findings"), ""]


def _finding(number: int, finding: FindingEntry) -> list[str]:
    arn = finding["subject"]["arn"]
    return [
        f"  {number}. {finding['subject']['name']}{wording.severity(finding)}",
        *([f"     {arn}"] if arn else []),
        *_paragraph(f"needs {finding['requirement']}", "     "),
        *_paragraph(finding["prediction"], "     "),
    ]


def _unknowns(document: AlertDocument) -> list[str]:
    unknowns = wording.unknowns(document)
    if not unknowns:
        return []
    lines = ["What could not be told"]
    for unknown in unknowns[:_MAX_LISTED]:
        subject = unknown["subject"]
        about = f" ({subject})" if subject and subject not in unknown["detail"] else ""
        lines += _paragraph(f"- {unknown['reason']}: {unknown['detail']}{about}", "  ", "    ")
    rest = max(0, len(unknowns) - _MAX_LISTED) + document["unknownsOmitted"]
    return [*lines, *_rest(rest, "of these"), ""]


def _steps(document: AlertDocument) -> list[str]:
    steps = wording.steps(document)
    if not steps:
        return []
    lines = [wording.steps_title(document)]
    for step in steps[:_MAX_LISTED]:
        lines += _paragraph(f"- {step['text']}", "  ", "    ")
        # Never wrapped: a command is to be copied as it stands.
        lines += [f"      {step['command']}"] if step["command"] else []
    return [*lines, *_rest(max(0, len(steps) - _MAX_LISTED), "remedies"), ""]


def _actions(document: AlertDocument) -> list[str]:
    actions = document["actions"]
    lines: list[str] = []
    if actions["done"]:
        lines.append("What was done")
        for done in actions["done"]:
            lines += _paragraph(f"- {acts.done(document, done)}", "  ", "    ")
        lines += _rest(actions["doneOmitted"], "actions")
        for undo in acts.undos(document):
            # Never wrapped: a command is to be copied as it stands.
            lines += [*_paragraph(undo["text"], "  "), f"      {undo['command']}"]
        lines.append("")
    if actions["refused"]:
        lines.append("What was asked for and not done")
        for refused in actions["refused"]:
            lines += _paragraph(f"- {acts.refused(refused)}", "  ", "    ")
        lines += [*_rest(actions["refusedOmitted"], "actions"), ""]
    if actions["later"]:
        lines += ["What will be done", *_paragraph(f"- {acts.later(document)}", "  ", "    "), ""]
    return lines


def _footer(document: AlertDocument) -> list[str]:
    url = wording.console_url(document)
    return [
        *(["In the ECR console", f"  {url}", ""] if url else []),
        *([f"Policy rule: {document['policyRule'] or 'none'}"] if wording.is_alert(document) else []),
        f"Judged:      {acts.when(document['judgedAt'])}",
        f"Event:       {document['event']['id']}",
        f"Alert:       {document['thread']}",
    ]


def _rest(count: int, what: str) -> list[str]:
    return [f"  {wording.left_out(count, what)}"] if count else []


def _paragraph(text: str, indent: str = "", further: str | None = None) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent if further is None else further,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _bounded(text: str) -> str:
    if len(text.encode()) <= MAX_BYTES:
        return f"{text}\n"
    notice = "\n\n(The rest is left out here; the JSON document has it.)\n"
    kept = text.encode()[: MAX_BYTES - len(notice)].decode(errors="ignore")
    return kept.rpartition("\n")[0] + notice
