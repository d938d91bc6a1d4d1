"""Exit codes, and how a command that fails says so."""

from __future__ import annotations

import sys

FINE, REFUSED, FAILED = 0, 1, 2
"""Exit codes: all is well, or done; something is wrong, or was left undone; the command could not do its work."""


def fail(message: str, code: int) -> int:
    """Say on standard error why it ends with this code."""
    print(message, file=sys.stderr)
    return code
