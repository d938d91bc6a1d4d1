"""The demo's tables: a line for each workload that is known, each push, each change; and why it came out so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from localaws.demo_checks import MARKER
from localaws.demo_stage import Changed, Seen
from localaws.terminal import wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from localaws.inventory import Entry
    from localaws.subscriber import Alert
    from localaws.terminal import Terminal

CAPTION: Final = (
    "Seconds are from the end of the push to the alert's arrival on an SQS queue that is subscribed to the topic. The "
    "functions had run before: a first start takes some seconds more. On AWS, its own delivery times come on top."
)
CHANGES_CAPTION: Final = (
    "Seconds are from the answer of the call that changed the workload to the alert's arrival or, where there is none, "
    "to its being known. On AWS, its own delivery times come on top, and the second that Lambda collects events for."
)

_KNOWN: Final = ("source", "workload", "image", "needs", "how known", "on push")
_PUSHED: Final = ("image", "built for", "needs", "verdict", "action", "alert (failure)", "seconds")
_CHANGED: Final = ("what is done", "what comes of it", "alert (failure)", "seconds")
_COLOURS: Final = {"ok": "green", "mismatch": "red", "unknown": "yellow", "not_applicable": "dim"}
_NONE: Final = "-"
_INDENT: Final = 22


def show_known(entries: Iterable[Entry], terminal: Terminal) -> None:
    """Write what the stack knows of workloads."""
    terminal.table(_KNOWN, [_known_row(entry, terminal) for entry in entries])


def _known_row(entry: Entry, terminal: Terminal) -> tuple[str, ...]:
    return (
        entry.source,
        f"{entry.kind} {terminal.style(entry.name, 'bold')}",
        _short(entry.image),
        _lines(entry.needs),
        entry.basis,
        "deploys" if entry.deploys_on_push else _NONE,
    )


def show_pushes(pushed: Sequence[Seen], terminal: Terminal) -> None:
    """Write the table of pushes, the sentence of each alert, and the marker tags that were put."""
    terminal.table(_PUSHED, [_push_row(seen, terminal) for seen in pushed])
    _caption(CAPTION, terminal)
    for seen in pushed:
        _sentences(seen.case.name, seen.alerts, terminal)
        for tag in sorted(tag for tag in seen.tags if tag.startswith(MARKER)):
            _show_sentence("", f"In ECR the image now also has the tag {tag}.", terminal)
        for message in seen.resolved:
            _show_sentence(seen.case.name, f"Right again: {message['verdict']['explanation']}", terminal)


def show_changes(came: Sequence[Seen | Changed], terminal: Terminal) -> None:
    """Write the table of changes and of the pushes between them, and the sentence of each alert."""
    terminal.table(_CHANGED, [_change_row(each, terminal) for each in came])
    _caption(CHANGES_CAPTION, terminal)
    for each in came:
        for alert in each.alerts:
            _sentences(f"{alert['image']['repository']}:{alert['image']['tag']}", [alert], terminal)


def show_pusher(told: Alert | None, terminal: Terminal) -> None:
    """Write who pushed an image, as the message in the thread of its alert says it."""
    if told is None or told["pusher"] is None:
        return
    image, pusher = told["image"], told["pusher"]
    name = f"{image['repository']}:{image['tag']}"
    _show_sentence(name, f"{pusher['arn']} pushed it by way of {pusher['address']} at {pusher['time']}.", terminal)


def _push_row(seen: Seen, terminal: Terminal) -> tuple[str, ...]:
    if not seen.verdicts:
        return (seen.case.name, *[_NONE] * 2, terminal.style("none", "red"), *[_NONE] * 3)
    line = seen.verdicts[0]
    actions = ["alert"] if seen.alerts else []
    actions += ["marker tag" for done in line["done"] if done.startswith("tag:")]
    actions += ["resolved"] if seen.resolved else []
    return (
        terminal.style(seen.case.name, "bold"),
        _lines(line["platforms"]),
        _lines(line["needs"]),
        "\n".join(terminal.style(part, _COLOURS[line["judgement"]]) for part in _verdict(seen)),
        _lines(actions),
        _failures(seen.alerts),
        _seconds(seen.seconds),
    )


def _change_row(came: Seen | Changed, terminal: Terminal) -> tuple[str, ...]:
    match came:
        case Seen():
            story = f"push {came.case.name}, built for {', '.join(came.case.expected.built_for)}"
            what = " ".join(_verdict(came)) if came.verdicts else "none"
            what = terminal.style(what, _COLOURS[came.verdicts[0]["judgement"]] if came.verdicts else "red")
        case Changed():
            story = came.change.story
            what = _lines(f"known: {_short(each.image)} on {', '.join(each.needs)}" for each in came.known)
            what = "known: nothing runs it" if what == _NONE else what
    return story, what, _failures(came.alerts), _seconds(came.seconds)


def _verdict(seen: Seen) -> list[str]:
    line = seen.verdicts[0]
    plain = line["judgement"] in ("ok", "mismatch")
    return [line["judgement"]] if plain else [line["judgement"], f"({line['reason']})"]


def _failures(alerts: Iterable[Alert]) -> str:
    return _lines(sorted({str(finding["failure"]) for alert in alerts for finding in alert["findings"][:1]}))


def _seconds(seconds: float | None) -> str:
    return _NONE if seconds is None else f"{seconds:7.2f}"


def _short(image: str) -> str:
    """An image's name with the beginning of its digest."""
    return re.sub(r"(@sha256:[0-9a-f]{7})[0-9a-f]+", r"\1", image)


def _lines(parts: Iterable[str]) -> str:
    return "\n".join(parts) or _NONE


def _caption(text: str, terminal: Terminal) -> None:
    terminal.line()
    for line in wrap(text, terminal.width):
        terminal.line(terminal.style(line, "dim"))
    terminal.line()


def _sentences(name: str, alerts: Iterable[Alert], terminal: Terminal) -> None:
    for alert in alerts:
        _show_sentence(name, alert["verdict"]["explanation"], terminal)


def _show_sentence(name: str, sentence: str, terminal: Terminal) -> None:
    first, *rest = wrap(sentence, terminal.width - _INDENT)
    terminal.line(f"{terminal.style(f'{name:<{_INDENT}}', 'bold')}{first}")
    for line in rest:
        terminal.line(f"{'':<{_INDENT}}{line}")
