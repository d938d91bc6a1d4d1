"""Trials: the tests of a module, run on mutants of it, each in a process of its own."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import dataclass
from enum import StrEnum
from importlib.machinery import SourceFileLoader
from importlib.util import spec_from_file_location
from typing import TYPE_CHECKING, override

import pytest
from hypothesis import HealthCheck, Phase, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from importlib.machinery import ModuleSpec
    from pathlib import Path
    from types import CodeType


class Fate(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    TIMED_OUT = "timed out"
    """The tests did not end: a mutant that loops is found as well."""
    SURVIVED = "survived"


# Hypothesis is imported before pytest starts, once for all trials; pytest warns that it cannot rewrite its asserts.
_OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning")


class BrokenTrialError(Exception):
    """The tests did not run, or do not pass on the module as it is."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One run of the tests of a module.

    Attributes:
        module: full name.
        path: of its source.
        source: that takes its place.
        tests: files, the quickest first.
    """

    module: str
    path: Path
    source: str
    tests: tuple[str, ...]


class _Loader(SourceFileLoader):
    """Loads a module from a text in place of its file."""

    def __init__(self, trial: Trial) -> None:
        super().__init__(trial.module, str(trial.path))
        self._trial = trial

    @override
    def get_code(self, fullname: str) -> CodeType:
        return compile(self._trial.source, str(self._trial.path), "exec", dont_inherit=True)


class _Finder:
    """Finds the one module of a trial, before all other finders."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial

    def find_spec(self, fullname: str, _path: Sequence[str] | None = None, _target: object = None) -> ModuleSpec | None:
        if fullname != self._trial.module:
            return None
        return spec_from_file_location(fullname, self._trial.path, loader=_Loader(self._trial))


def run(trials: Sequence[Trial], *, timeout: float, tell: Callable[[int], None]) -> list[Fate]:
    """The fate of each, as many at a time as there are processors.

    Args:
        trials: to run.
        timeout: of one, in seconds.
        tell: called with the number of those that have ended.

    Raises:
        BrokenTrialError: pytest itself failed.
    """
    # The same examples each time, and no shrinking: that a test fails is enough.
    phases = (Phase.explicit, Phase.generate)
    suppressed = [HealthCheck.too_slow]
    settings.register_profile(
        "mutation", deadline=None, max_examples=100, derandomize=True, phases=phases, suppress_health_check=suppressed
    )
    os.environ["HYPOTHESIS_PROFILE"] = "mutation"
    fates: list[Fate | None] = [None] * len(trials)
    waiting = iter(enumerate(trials))
    running: dict[int, tuple[int, float]] = {}
    ended = 0
    try:
        while True:
            _fill(running, waiting)
            if not running:
                return [fate for fate in fates if fate is not None]
            for at, fate in _ended(running, timeout):
                fates[at] = fate
                ended += 1
                tell(ended)
            time.sleep(0.01)
    finally:
        for pid in running:
            os.kill(pid, signal.SIGKILL)


def _fill(running: dict[int, tuple[int, float]], waiting: Iterator[tuple[int, Trial]]) -> None:
    while len(running) < (os.cpu_count() or 1):
        following = next(waiting, None)
        if following is None:
            return
        at, trial = following
        pid = os.fork()
        if pid == 0:
            _run(trial)
        running[pid] = (at, time.monotonic())


def _ended(running: dict[int, tuple[int, float]], timeout: float) -> list[tuple[int, Fate]]:
    ended: list[tuple[int, Fate]] = []
    for pid, (at, began) in list(running.items()):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            del running[pid]
            ended.append((at, _fate(os.waitstatus_to_exitcode(status))))
        elif time.monotonic() - began > timeout:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            del running[pid]
            ended.append((at, Fate.TIMED_OUT))
    return ended


def _fate(code: int) -> Fate:
    if code == pytest.ExitCode.OK:
        return Fate.SURVIVED
    # A module that cannot be imported ends the collection: INTERRUPTED.
    if code in (pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED):
        return Fate.KILLED
    raise BrokenTrialError(f"expected pytest to end with 0, 1 or 2, got {code}")


def _run(trial: Trial) -> None:
    """Run the tests and end this process."""
    code: int = pytest.ExitCode.INTERNAL_ERROR
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        sys.meta_path.insert(0, _Finder(trial))
        code = pytest.main([*_OPTIONS, *trial.tests])
    finally:
        os._exit(code)
