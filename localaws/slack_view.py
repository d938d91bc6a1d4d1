"""Shows a Slack message of blocks in a terminal, about as Slack shows it (https://docs.slack.dev/reference/block-kit)."""

from __future__ import annotations

import html
import re
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
    bar = terminal.style("┃", "red")
    width = terminal.width - 6
    for text in _blocks(message["blocks"], terminal):
        for line in text.split("\n"):
            # A command is shown as it is: it is there to be copied.
            for part in [line] if line.startswith("    ") else wrap(line, width):
                terminal.line(f"  {bar} {part}".rstrip())


def _blocks(blocks: list[dict[str, Any]], terminal: Terminal) -> Iterator[str]:
    for block in blocks:
        match block["type"]:
            case "header":
                yield terminal.style(block["text"]["text"], "bold")
            case "section" if "fields" in block:
                yield "\n".join(_fields(block["fields"], terminal))
            case "section":
                yield _mrkdwn(block["text"]["text"], terminal)
            case "rich_text":
                for element in block["elements"]:
                    text = "".join(part.get("text", "") for part in element["elements"])
                    yield "\n".join(f"    {terminal.style(line, 'cyan')}" for line in text.split("\n"))
            case "divider":
                yield terminal.style("─" * 40, "dim")
            case "context":
                for element in block["elements"]:
                    yield terminal.style(plain(_mrkdwn(element["text"], terminal)), "dim")
            case other:
                yield f"({other})"


def _fields(fields: list[dict[str, Any]], terminal: Terminal) -> Iterator[str]:
    """Each field on a line, its name before its value."""
    for field in fields:
        name, _, value = field["text"].partition("\n")
        yield f"{_mrkdwn(name, terminal)}: {_mrkdwn(value, terminal)}"


def _mrkdwn(text: str, terminal: Terminal) -> str:
    for name, sign in _EMOJI.items():
        text = text.replace(name, sign)
    text = _LINK.sub(lambda found: f"{found[2]}: {found[1]}" if found[2] else found[1], text)
    text = _BOLD.sub(lambda found: terminal.style(found[1], "bold"), text)
    text = _CODE.sub(lambda found: terminal.style(found[1], "cyan"), text)
    return html.unescape(re.sub(r"^>", "  ", text, flags=re.MULTILINE))
