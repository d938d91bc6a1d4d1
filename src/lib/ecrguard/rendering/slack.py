"""The alert as a Slack message of blocks (https://docs.slack.dev/reference/block-kit).

Commands are in ``rich_text`` blocks, where Slack parses nothing: what is copied is the command, character by
character. Other texts are mrkdwn with ``&``, ``<`` and ``>`` escaped, so that no text from outside can mention a
channel or a person, and ``verbatim``, so that Slack itself turns no ``@name`` into a mention.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any

from ecrguard.rendering import acts, wording
from ecrguard.rendering.text import ELLIPSIS, clean, shorten, without_broadcasts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ecrguard.rendering.document import AlertDocument
    from ecrguard.rendering.entries import FindingEntry, RemedyEntry

MAX_HEADER = 150
MAX_TEXT = 3000
MAX_FALLBACK = 1000

_MAX_FINDINGS = 5
_MAX_UNKNOWNS = 3
_MAX_STEPS = 6
_MAX_ACTIONS = 4
_MAX_NAME = 300
_MAX_PROSE = 1500
_SIGNS = {"mismatch": ":x:", "warning": ":warning:", "unknown": ":grey_question:"}
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_LINK = re.compile(r"https://[^\s<>|]{1,2000}")


def render(document: AlertDocument) -> dict[str, Any]:
    """The payload for an incoming webhook. ``text`` is what notifications and screen readers say."""
    return {"text": fallback(document), "blocks": list(_blocks(document))}


def fallback(document: AlertDocument) -> str:
    """The alert in one line of escaped text."""
    # The headline of what follows an alert says by itself what it is.
    title = f"{wording.title(document)}: " if wording.is_alert(document) else ""
    return _escape(f"{wording.emoji(document)} {title}{wording.headline(document)}", MAX_FALLBACK)


def _blocks(document: AlertDocument) -> Iterator[dict[str, Any]]:
    title = _escape(wording.heading(document), MAX_HEADER)
    yield {"type": "header", "text": {"type": "plain_text", "text": title, "emoji": True}}
    yield _section(f"*{_bold(_explanation(document))}*")
    yield {"type": "section", "fields": [_mrkdwn(field) for field in _fields(document)]}
    yield from _actions(document)
    if wording.is_alert(document):
        yield from _judged(document)
    yield {"type": "divider"}
    yield {"type": "context", "elements": [_mrkdwn(text) for text in _context(document)]}


def _explanation(document: AlertDocument) -> str:
    # What it is of is in the header.
    return wording.explanation(document)[1]


def _judged(document: AlertDocument) -> Iterator[dict[str, Any]]:
    findings = document["findings"]
    for finding in findings[:_MAX_FINDINGS]:
        yield _section(_finding(finding))
    rest = max(0, len(findings) - _MAX_FINDINGS) + document["findingsOmitted"]
    yield from _note(wording.left_out(rest, "findings"))
    unknowns = wording.unknowns(document)
    for unknown in unknowns[:_MAX_UNKNOWNS]:
        yield _section(f":grey_question: {_code(unknown['reason'])} {_escape(unknown['detail'])}")
    rest = max(0, len(unknowns) - _MAX_UNKNOWNS) + document["unknownsOmitted"]
    yield from _note(wording.left_out(rest, "unknowns"))
    yield from _steps(document)


def _fields(document: AlertDocument) -> Iterator[str]:
    if document["image"]["kind"] or wording.is_alert(document):
        yield f"*Built for*\n{_code(wording.built_for(document))}"
    if wording.is_alert(document):
        yield f"*Needed*\n{_code(wording.needed(document))}"
    yield f"*Image*\n{_code(wording.reference(document))}"
    when = ", ".join(filter(None, (acts.when(document["event"]["time"]), wording.kind(document))))
    yield f"*{_bold(wording.arrival(document))}*\n{_escape(when)}"
    if document["pusher"] and document["kind"] != "pusher":
        principal, how = acts.pushed_by(document["pusher"])
        yield f"*Pushed by*\n{_code(principal)} {_escape(how)}"


def _finding(finding: FindingEntry) -> str:
    sign = _SIGNS.get(finding["severity"], ":warning:")
    needs = f"{sign} {_code(finding['subject']['name'])} needs {_code(finding['requirement'])}"
    return f"{needs}\n>{_escape(finding['prediction'])}" if finding["prediction"] else needs


def _steps(document: AlertDocument) -> Iterator[dict[str, Any]]:
    steps = wording.steps(document)[:_MAX_STEPS]
    if steps:
        yield _section(f"*{wording.steps_title(document)}*")
    for step in steps:
        yield _rich_text(*_step(step))


def _step(step: RemedyEntry) -> Iterator[dict[str, Any]]:
    if step["text"]:
        text = shorten(f"• {step['text']}", MAX_TEXT)
        yield {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    if step["command"]:
        yield _preformatted(step["command"])


def _actions(document: AlertDocument) -> Iterator[dict[str, Any]]:
    for done in document["actions"]["done"][:_MAX_ACTIONS]:
        yield _section(f":wrench: *Done:* {_escape(acts.done(document, done))}")
    for undo in acts.undos(document)[:_MAX_ACTIONS]:
        yield _rich_text(*_step(undo))
    for refused in document["actions"]["refused"][:_MAX_ACTIONS]:
        yield _section(f":no_entry_sign: *Not done:* {_escape(acts.refused(refused))}")
    later = acts.later(document)
    if later:
        yield _section(f":hourglass_flowing_sand: *Later:* {_escape(later)}")


def _context(document: AlertDocument) -> Iterator[str]:
    image = document["image"]
    url = wording.console_url(document)
    if url and _LINK.fullmatch(url):
        yield f"<{url}|Open in the ECR console>"
    yield f"account {_escape(image['account'])}, {_escape(image['region'])}"
    if wording.is_alert(document):
        yield f"policy rule {_code(document['policyRule'])}" if document["policyRule"] else "no policy rule"
    if image["digest"]:
        yield _code(image["digest"])
    yield f"alert {_escape(document['thread'])}"


def _rich_text(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": list(elements)}


def _preformatted(command: str) -> dict[str, Any]:
    return {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": shorten(command, MAX_TEXT)}]}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _mrkdwn(text)}


def _note(text: str) -> Iterable[dict[str, Any]]:
    return [{"type": "context", "elements": [_mrkdwn(text)]}] if text else []


def _mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _escape(text: str, limit: int = _MAX_PROSE) -> str:
    """``text`` escaped, at most ``limit`` characters then; no escape is cut in two."""
    pieces = [_ESCAPES.get(char, char) for char in without_broadcasts(clean(text))]
    if sum(map(len, pieces)) <= limit:
        return "".join(pieces)
    room = limit - len(ELLIPSIS)
    kept = itertools.takewhile(lambda end: end <= room, itertools.accumulate(map(len, pieces)))
    return "".join(pieces[: len(list(kept))]) + ELLIPSIS


def _code(text: str) -> str:
    return f"`{_escape(text.replace('`', "'"), _MAX_NAME)}`"


def _bold(text: str) -> str:
    return _escape(text.replace("*", "\u2217"))
