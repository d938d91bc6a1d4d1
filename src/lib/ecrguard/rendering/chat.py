"""The alert for Amazon Q Developer in chat applications, which shows it in Slack, Microsoft Teams or Chime.

The fields are those of its custom notifications
(https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html). A message of any other form is dropped there
without a word. AWS documents no lengths; those here stay below Slack's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ecrguard.domain.reference import partition
from ecrguard.rendering import acts, wording
from ecrguard.rendering.text import shorten, without_broadcasts

if TYPE_CHECKING:
    from ecrguard.rendering.document import AlertDocument
    from ecrguard.rendering.entries import RemedyEntry

MAX_TITLE = 150
MAX_DESCRIPTION = 2500
MAX_STEP = 1000
MAX_STEPS = 6
_MAX_LISTED = 5
_MAX_UNKNOWNS = 3
_MAX_ACTIONS = 3
_MAX_PROSE = 400
_MAX_EXPLANATION = 1000
_MAX_CODE = 250

_LOOK_ALIKES = str.maketrans({"<": "\u2039", ">": "\u203a", "`": "'", "*": "\u2217", "~": "\u223c"})
_UNSAFE_IN_CODE = re.compile("[`<>]")
_LOOSE_UNDERSCORE = re.compile(r"(?<!\w)_|_(?!\w)")


def render(document: AlertDocument) -> dict[str, Any]:
    """The custom notification."""
    image = document["image"]
    judgement = document["verdict"]["judgement"]
    what = judgement if wording.is_alert(document) else document["kind"]
    return {
        "version": "1.0",
        "source": "custom",
        "id": document["id"],
        "content": {
            "textType": "client-markdown",
            "title": _prose(wording.heading(document), MAX_TITLE),
            "description": _description(document),
            "nextSteps": _next_steps(document),
            "keywords": ["ecrguard", what, shorten(image["repository"], _MAX_CODE)],
        },
        "metadata": {
            "threadId": document["thread"],
            "summary": _prose(wording.headline(document), MAX_TITLE),
            "eventType": f"ecrguard-{what}",
            "relatedResources": _resources(document),
            "additionalContext": {
                "account": image["account"],
                "region": image["region"],
                "judgement": judgement,
                "reason": document["verdict"]["reason"],
                "kind": document["kind"],
                "alert": document["thread"],
            },
        },
    }


def _description(document: AlertDocument) -> str:
    of, why = wording.explanation(document)
    lines = [
        f"{_code(of)}: {_prose(why, _MAX_EXPLANATION)}" if of else _prose(why, _MAX_EXPLANATION),
        _prose(wording.consequence(document)),
        # Before what may be long: it must not be what is left out.
        *_actions(document),
        f"Image: {_code(wording.reference(document))}",
    ]
    if document["pusher"] and document["kind"] != "pusher":
        principal, how = acts.pushed_by(document["pusher"])
        lines.append(f"Pushed by: {_code(principal)} {_prose(how)}")
    if wording.is_alert(document):
        lines += _judged(document)
    kept: list[str] = []
    for line in filter(None, [*lines, wording.console_url(document)]):
        if sum(len(each) + 1 for each in kept) + len(line) > MAX_DESCRIPTION:
            break
        kept.append(line)
    return "\n".join(kept)


def _actions(document: AlertDocument) -> list[str]:
    actions = document["actions"]
    later = acts.later(document)
    return [
        *(f"Done: {_prose(acts.done(document, done))}" for done in actions["done"][:_MAX_ACTIONS]),
        *(f"Not done: {_prose(acts.refused(refused))}" for refused in actions["refused"][:_MAX_ACTIONS]),
        f"Later: {_prose(later)}" if later else "",
    ]


def _judged(document: AlertDocument) -> list[str]:
    lines = [
        f"Built for: {_code(wording.built_for(document))}",
        f"Needed: {_code(wording.needed(document))}",
    ]
    findings = document["findings"]
    lines += [
        f"• {_code(finding['subject']['name'])}{wording.severity(finding)} needs {_code(finding['requirement'])}"
        for finding in findings[:_MAX_LISTED]
    ]
    lines.append(wording.left_out(max(0, len(findings) - _MAX_LISTED) + document["findingsOmitted"], "findings"))
    unknowns = wording.unknowns(document)
    lines += [
        f"Not told: {_code(unknown['reason'])} {_prose(unknown['detail'])}" for unknown in unknowns[:_MAX_UNKNOWNS]
    ]
    lines.append(wording.left_out(max(0, len(unknowns) - _MAX_UNKNOWNS) + document["unknownsOmitted"], "unknowns"))
    return lines


def _next_steps(document: AlertDocument) -> list[str]:
    undos = _shown(acts.undos(document))[:_MAX_ACTIONS]
    return [*_shown(wording.steps(document))[: MAX_STEPS - len(undos)], *undos]


def _shown(steps: list[RemedyEntry]) -> list[str]:
    return [shown for step in steps if (shown := _step(step))]


def _step(step: RemedyEntry) -> str:
    """One step; empty for a command that cannot be shown as it is: one that was changed would be run all the same."""
    command = step["command"]
    if command is None:
        return _prose(step["text"], MAX_STEP)
    shown = f"{_prose(step['text'])} `{command}`".lstrip()
    as_it_is = _UNSAFE_IN_CODE.search(command) is None and without_broadcasts(command) == command
    return shown if as_it_is and len(shown) <= MAX_STEP else ""


def _resources(document: AlertDocument) -> list[str]:
    image = document["image"]
    region = image["region"]
    repository = f"arn:{partition(region)}:ecr:{region}:{image['account']}:repository/{image['repository']}"
    arns = [finding["subject"]["arn"] for finding in document["findings"]]
    return [repository, *dict.fromkeys(arn for arn in arns[:_MAX_LISTED] if arn)]


def _code(text: str) -> str:
    return f"`{shorten(without_broadcasts(text.translate(_LOOK_ALIKES)), _MAX_CODE)}`"


def _prose(text: str, limit: int = _MAX_PROSE) -> str:
    """``text`` in which nothing is markup: Slack and Teams differ in how to escape, so look-alikes stand in."""
    plain = _LOOSE_UNDERSCORE.sub("\uff3f", text.translate(_LOOK_ALIKES)).replace("](", "] (")
    return without_broadcasts(shorten(plain, limit))
