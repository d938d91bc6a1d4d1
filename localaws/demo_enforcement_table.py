"""Shows what enforcement did in the demo: each image with what ECR had of it, and each reason to leave one as it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from localaws.demo_refusals import ELSEWHERE
from localaws.terminal import wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from localaws.command import Ran
    from localaws.demo_enforcement import Played
    from localaws.demo_refusing import Refused
    from localaws.subscriber import Alert
    from localaws.terminal import Terminal

REFUSALS_CAPTION: Final = (
    "The policy asks to delete each of these images, and the stack may: it is deployed with Enforcement=delete. What "
    "is refused falls back to the next milder action that is safe; every one is alerted."
)
_REFUSED: Final = ("not deleted", "what stands in the way", "done instead", "as the alert says it")
_LABEL: Final = 14
_DETAIL: Final = 54
_DENIAL: Final = re.compile(r" \(AccessDeniedException: [^)]*\)")
_DIGEST: Final = re.compile(r"(sha256:[0-9a-f]{7})[0-9a-f]{57}")


def show_scene(played: Played, terminal: Terminal) -> None:
    """Write what was done about one image and how it was taken back, with what ECR had of it each time."""
    scene, shelves = played.scene, dict(played.shelves)
    terminal.line(f"\n{terminal.style(f'{scene.repository}:1', 'bold')}  {scene.story}")
    _command("plan", played, terminal, keep=("would do", "            ", "refused"))
    _row("ECR before", shelves.get("before", "nothing"), terminal)
    for sentence in _said(played.alert):
        _row("alert", sentence, terminal)
    _row("ECR then", shelves.get("pushed", ""), terminal)
    if played.follows is not None:
        for sentence in _said(played.follows):
            _row("in its thread", sentence, terminal)
        _row("ECR then", shelves.get("full reading", ""), terminal)
    _command("release", played, terminal)
    _row("ECR then", shelves.get("released", ""), terminal)
    if "pushed again" in shelves:
        _row("push again", "it is left alone", terminal)
        _row("ECR then", shelves["pushed again"], terminal)
    if "restored" in shelves:
        _command("restore", played, terminal)
        _row("ECR then", shelves["restored"], terminal)


def show_refused(refused: Sequence[Refused], terminal: Terminal) -> None:
    """Write the table of what was refused, and what was not provoked."""
    _paragraph(REFUSALS_CAPTION, terminal)
    terminal.line()
    rows = [
        (
            terminal.style(each.case.reason, "bold"),
            "\n".join(wrap(each.case.story, 24)),
            "\n".join((*_done(each), *(["(later)"] if each.case.later else []))) or "-",
            "\n".join(wrap(short(each.detail), _DETAIL)),
        )
        for each in refused
    ]
    terminal.table(_REFUSED, rows)
    terminal.line()
    listed = "; ".join(f"{reason} ({why})" for reason, why in ELSEWHERE.items())
    _paragraph(f"Not provoked here, and held by the unit tests: {listed}.", terminal)


def short(text: str) -> str:
    """A text with the beginnings of its digests, and without what AWS says of who was denied something."""
    return _DENIAL.sub(" (AccessDeniedException)", _DIGEST.sub(r"\1…", text))


def _done(refused: Refused) -> list[str]:
    names = {"tag": "marker tag", "quarantine": "quarantine"}
    return [names[each["action"]] for each in refused.alert["actions"]["done"]] if refused.alert else []


def _said(alert: Alert | None) -> Iterator[str]:
    """What a message says of what was done, will be, and was not."""
    if alert is None:
        return
    actions = alert["actions"]
    for done in actions["done"]:
        already = ", found so already" if done["result"] == "already_done" else ""
        yield f"done: {done['action']} ({short(done['detail'])}{already})"
    if actions["later"]:
        yield f"later: {actions['later']}, once all workloads have been read after this"
    for refused in actions["refused"]:
        yield f"refused: {refused['action']} ({refused['reason']}): {short(refused['detail'])}"


def _command(name: str, played: Played, terminal: Terminal, keep: Sequence[str] = ("",)) -> None:
    ran: Ran | None = played.commands.get(name)
    if ran is None:
        return
    said = " ".join(f"'{word}'" if " " in word else word for word in ran.arguments)
    _row("$", terminal.style(short(f"ecrguard {said}"), "cyan"), terminal)
    for line in (line for line in ran.lines if line.startswith(tuple(keep)) and not line.startswith("live/")):
        head, text = line[:12], line[12:]
        for number, part in enumerate(wrap(short(text), terminal.width - _LABEL - 14)):
            terminal.line(terminal.style(f"{'':<{_LABEL + 2}}{head if number == 0 else '':<12}{part}", "dim"))


def _row(label: str, text: str, terminal: Terminal) -> None:
    for number, line in enumerate(wrap(text, terminal.width - _LABEL - 2)):
        terminal.line(f"  {label if number == 0 else '':<{_LABEL}}{line}")


def _paragraph(text: str, terminal: Terminal) -> None:
    for line in wrap(text, terminal.width):
        terminal.line(terminal.style(line, "dim"))


def show_problems(problems: Iterable[str], terminal: Terminal) -> None:
    """Write what is not as it must be."""
    for problem in problems:
        terminal.line(f"{terminal.style('✗', 'red')} {problem}")
