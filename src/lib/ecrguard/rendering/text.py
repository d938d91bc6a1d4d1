"""Texts that come from outside (image configs, names, error messages), made safe to show and bounded in length."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import quote

from ecrguard.domain.reference import partition

if TYPE_CHECKING:
    from collections.abc import Iterable

ELLIPSIS = "…"

# https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html; the isolated partitions publish none.
_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
    "aws-eusc": "console.amazonaws-eusc.eu",
}
_BROADCAST = re.compile(r"@(?=(?:here|channel|everyone|group)\b)", re.IGNORECASE)


def clean(text: str) -> str:
    """``text`` on one line, without anything that a terminal, a mail client or SQS would not print as it is.

    Control characters and separators become spaces, invisible format characters (direction overrides, zero-width
    spaces) go, and what has no meaning (lone surrogates, unassigned code points) becomes U+FFFD.
    """
    text = text.strip()
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _stand_in(char) for char in text).strip()


def _stand_in(char: str) -> str:
    category = unicodedata.category(char)
    if category == "Cf":
        return ""
    return " " if category in ("Cc", "Zl", "Zp", "Zs") else "\ufffd"


def shorten(text: str, limit: int) -> str:
    """``text`` cleaned, and at most ``limit`` characters of it; a cut shows as an ellipsis at the end."""
    text = clean(text)
    return text if len(text) <= limit else text[: limit - 1] + ELLIPSIS


def shorten_middle(text: str, limit: int) -> str:
    """``text`` cleaned, and at most ``limit`` characters of it, cut in the middle: names differ at their ends."""
    text = clean(text)
    if len(text) <= limit:
        return text
    tail = (limit - 3) * 2 // 3
    return f"{text[: limit - 3 - tail]}...{text[-tail:]}"


def listed(items: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``; empty for none."""
    *head, last = [*items] or [""]
    return f"{', '.join(head)} and {last}" if head else last


def without_broadcasts(text: str) -> str:
    """``text`` in which ``@here``, ``@channel`` and their like call nobody: their ``@`` becomes the full-width one."""
    return _BROADCAST.sub("\uff20", text)


def console_url(account: str, region: str, repository: str, digest: str | None) -> str | None:
    """Where the AWS console shows the image, or its repository where the digest is unknown.

    None in the isolated partitions, whose consoles have no published address.
    """
    host = _CONSOLES.get(partition(region))
    if host is None:
        return None
    image = f"/_/image/{quote(digest, safe=':')}/details" if digest else ""
    page = f"ecr/repositories/private/{quote(account)}/{quote(repository)}{image}"
    return f"https://{quote(region)}.{host}/{page}?region={quote(region)}"
