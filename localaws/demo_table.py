"""The demo's table: one line for each push, and why it came out so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from localaws.demo_checks import MARKER
from localaws.terminal import wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from localaws.demo_cases import Case
    from localaws.demo_checks import Seen
    from localaws.terminal import Terminal

CAPTION: Final = (
    "Seconds are from the end of the push to the alert's arrival on an SQS queue that is subscribed to the topic. The "
    "functions had run before: a first start takes some seconds more. On AWS, its own delivery times come on top."
)

_HEADER: Final = ("image", "built for", "needs", "verdict", "action", "alert (failure)", "seconds")
_COLOURS: Final = {"ok": "green", "mismatch": "red", "unknown": "yellow", "not_applicable": "dim"}
_NONE: Final = "-"


def show_table(played: Sequence[tuple[Case, Seen]], terminal: Terminal) -> None:
    """Write the table, the sentence of each alert, and the marker tags that were put."""
    terminal.table(_HEADER, [_row(case, seen, terminal) for case, seen in played])
    terminal.line()
    for line in wrap(CAPTION, terminal.width):
        terminal.line(terminal.style(line, "dim"))
    terminal.line()
    for case, seen in played:
        for alert in seen.alerts:
            _show_sentence(case.name, alert["verdict"]["explanation"], terminal)
        for tag in sorted(tag for tag in seen.tags if tag.startswith(MARKER)):
            _show_sentence("", f"In ECR the image now also has the tag {tag}.", terminal)


def _row(case: Case, seen: Seen, terminal: Terminal) -> tuple[str, ...]:
    if not seen.verdicts:
        return (case.name, *[_NONE] * 2, terminal.style("none", "red"), *[_NONE] * 3)
    line = seen.verdicts[0]
    verdict = (
        line["judgement"] if line["judgement"] in ("ok", "mismatch") else f"{line['judgement']}\n({line['reason']})"
    )
    actions = (["alert"] if seen.alerts else []) + ["marker tag" for done in line["done"] if done.startswith("tag:")]
    failures = {finding["failure"] for alert in seen.alerts for finding in alert["findings"][:1]}
    return (
        terminal.style(case.name, "bold"),
        _lines(line["platforms"]),
        _lines(line["needs"]),
        "\n".join(terminal.style(part, _COLOURS[line["judgement"]]) for part in verdict.split("\n")),
        _lines(actions),
        _lines(sorted(str(failure) for failure in failures)),
        _NONE if seen.seconds is None else f"{seen.seconds:7.2f}",
    )


def _lines(parts: Iterable[str]) -> str:
    return "\n".join(parts) or _NONE


def _show_sentence(name: str, sentence: str, terminal: Terminal) -> None:
    indent = 22
    first, *rest = wrap(sentence, terminal.width - indent)
    terminal.line(f"{terminal.style(f'{name:<{indent}}', 'bold')}{first}")
    for line in rest:
        terminal.line(f"{'':<{indent}}{line}")
