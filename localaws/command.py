"""Runs the ``ecrguard`` command as a process, on what the stack was built from, as a person runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from localaws.process import ROOT

if TYPE_CHECKING:
    from localaws.process import LocalAws

_LIBRARY: Final = ROOT / ".aws-sam" / "build" / "LibraryLayer" / "python"
_SECONDS: Final = 60


@dataclass(frozen=True)
class Ran:
    """A command that has ended.

    Attributes:
        arguments: that it was given.
        code: its exit code.
        lines: what it wrote.
    """

    arguments: tuple[str, ...]
    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """All that it wrote."""
        return "\n".join(self.lines)


def ecrguard(aws: LocalAws, *arguments: str) -> Ran:
    """Run the command with the permissions of the account's administrator, on the Python of the functions."""
    kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "PATH", "TZ") if name in os.environ}
    done = subprocess.run(
        [_interpreter(), "-m", "ecrguard", *arguments],
        env=kept | aws.environment | {"PYTHONPATH": str(_LIBRARY), "HOME": str(aws.scratch)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    return Ran(arguments, done.returncode, tuple(done.stdout.rstrip().splitlines()))


def _interpreter() -> str:
    """The Python beneath this virtual environment, which has nothing but the library."""
    beneath = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    return str(beneath) if beneath.exists() else sys.executable
