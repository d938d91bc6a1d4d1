"""Stopping on a signal without leaving anything behind.

A command gets KeyboardInterrupt once, and never half-way through making something that it would then have to undo.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

INTERRUPTED: Final = 130
"""The exit code of a command that was interrupted before it had done its work, as shells have it."""


@dataclass
class _State:
    held: bool = False
    asked: bool = False


_state: Final = _State()


def stop_on_signals() -> None:
    """Have the signals that end a program raise KeyboardInterrupt, once: what follows must be let finish."""

    def interrupt(*_: object) -> None:
        for number in stopping:
            signal.signal(number, signal.SIG_IGN)
        if not _state.held:
            raise KeyboardInterrupt
        _state.asked = True

    # A shell without job control starts background commands with SIGINT ignored: set all the same.
    stopping = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup
        stopping.append(signal.SIGHUP)
    for number in stopping:
        signal.signal(number, interrupt)


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Hold an interrupt back for the length of a ``with`` block; it is raised at the block's end."""
    _state.held = True
    try:
        yield
    finally:
        _state.held = False
        if _state.asked:
            _state.asked = False
            raise KeyboardInterrupt


@contextlib.contextmanager
def temporary_directory() -> Iterator[Path]:
    """A directory that takes every temporary file of this process, and goes with all of them at the block's end."""
    made, before = None, tempfile.tempdir
    try:
        with held():
            made = tempfile.tempdir = tempfile.mkdtemp(prefix="ecrguard-")
        yield Path(made)
    finally:
        tempfile.tempdir = before
        if made is not None:
            shutil.rmtree(made, ignore_errors=True)
