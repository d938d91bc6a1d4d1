"""Shows a Slack message of blocks in a terminal, about as Slack shows it (https://docs.slack.dev/reference/block-kit)."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from localaws.terminal import plain, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localaws.terminal import Terminal

_EMOJI: Final = {":x:": "❌", ":warning:": "⚠️", ":wrench:": "🔧", ":no_entry_sign:": "🚫", ":grey_question:": "❔"}
_LINK: Final = re.compile(r"<(https?://[^|>]+)(?:\|([^>]+))?>")
_BOLD: Final = re.compile(r"\*([^*\n]+)\*")
_CODE: Final = re.compile(r"`([^`\n]+)`")


def show(message: dict[str, Any], terminal: Terminal) -> None:
    """Write the message's blocks behind a bar, as an incoming webhook's message stands in a channel."""
    for line in lines(message, terminal):
        terminal.line(f"  {line}")


def lines(message: dict[str, Any], terminal: Terminal, *, short: bool = False) -> Iterator[str]:
    """The message in lines, in the terminal's styles.

    Commands and links are there in full, to be copied; with ``short`` commands are wrapped and links are their names.
    """
    view = _View(terminal, short=short)
    bar = terminal.style("┃", "red")
    for block in message["blocks"]:
        for line in view.block(block):
            yield f"{bar} {line}".rstrip()


@dataclass(frozen=True)
class _View:
    terminal: Terminal
    short: bool

    def block(self, block: dict[str, Any]) -> Iterator[str]:
        match block["type"]:
            case "header":
                yield self.terminal.style(block["text"]["text"], "bold")
            case "section" if "fields" in block:
                for field in block["fields"]:
                    # Its name before its value.
                    yield from self._mrkdwn(field["text"].replace("\n", ": ", 1))
            case "section":
                yield from self._mrkdwn(block["text"]["text"])
            case "rich_text":
                for element in block["elements"]:
                    yield from self._command("".join(part.get("text", "") for part in element["elements"]))
            case "divider":
                yield self.terminal.style("─" * 40, "dim")
            case "context":
                yield from self._context(block["elements"])
            case other:
                yield f"({other})"

    def _context(self, elements: list[dict[str, Any]]) -> Iterator[str]:
        for element in elements:
            for line in self._mrkdwn(element["text"]):
                yield self.terminal.style(plain(line), "dim")

    def _command(self, text: str) -> Iterator[str]:
        for line in text.split("\n"):
            for part in wrap(line, self.terminal.width - 10) if self.short else [line]:
                yield f"    {self.terminal.style(part, 'cyan')}"

    def _mrkdwn(self, text: str) -> Iterator[str]:
        for name, sign in _EMOJI.items():
            text = text.replace(name, sign)
        text = _LINK.sub(self._link, re.sub(r"^>", "  ", text, flags=re.MULTILINE))
        for paragraph in text.split("\n"):
            for line in wrap(paragraph, self.terminal.width - 6):
                bold = _BOLD.sub(lambda found: self.terminal.style(found[1], "bold"), line)
                yield html.unescape(_CODE.sub(lambda found: self.terminal.style(found[1], "cyan"), bold))

    def _link(self, found: re.Match[str]) -> str:
        return found[2] if self.short and found[2] else ": ".join(part for part in (found[2], found[1]) if part)
