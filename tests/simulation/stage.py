"""Concurrency that a seed reproduces: actors in threads of which one goes on at a time, on a clock of its own.

An actor gives the baton away at every call to the outside (:meth:`Stage.wait`); what goes on next is what is due next
on the simulated clock. So there is no other randomness than that of the delays, and those come from the seed.
"""

from __future__ import annotations

import heapq
import math
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

BASE = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
"""The time at which histories begin."""


class Died(BaseException):  # Nothing is wrong: a process has ended, and nobody is left to catch it
    """The process that ran an actor is gone. Whoever catches it is not real: a dead process runs no handler."""


class _Worker:
    """A thread that runs one actor after the other; made once, since threads are dear."""

    def __init__(self) -> None:
        self.baton = threading.Lock()
        self.baton.acquire()
        self.job: Callable[[], None] | None = None
        self.thread: threading.Thread | None = None

    def resume(self) -> None:
        if self.thread is None:
            self.thread = threading.Thread(target=self._run, daemon=True)
            self.thread.start()
        self.baton.release()

    def _run(self) -> None:
        while True:
            self.baton.acquire()
            job, self.job = self.job, None
            if job is not None:
                job()


_IDLE: list[_Worker] = []


@dataclass(slots=True, eq=False)
class Actor:
    """One invocation of a function.

    Attributes:
        name: for the trace.
        work: what it does; it may raise nothing but :class:`Died`.
        gone: told when it has died, on the simulated clock.
        began: seconds since the history began.
        dead: its process is gone; no call of it has an effect any more.
        at: the call that it is at.
        worker: the thread that runs it; None until it has begun.
        disturbed: a call of it has failed.
        dry: it may change nothing.
        person: a person runs it, by their own will.
    """

    name: str
    work: Callable[[], None]
    gone: Callable[[], None]
    began: float = 0.0
    dead: bool = False
    at: str = "start"
    disturbed: bool = False
    dry: bool = False
    person: bool = False
    worker: _Worker | None = None


@dataclass(slots=True)
class Stage:
    """The clock, what is due on it, and the actors.

    Attributes:
        seconds: since the history began.
        actor: that has the baton; None while nobody of the product acts.
        running: actors that have begun and not ended.
    """

    seconds: float = 0.0
    actor: Actor | None = None
    running: list[Actor] = field(default_factory=list)
    _due: list[tuple[float, int, Callable[[], None] | Actor]] = field(default_factory=list)
    _count: int = 0
    _until: float = math.inf
    _main: threading.Lock = field(default_factory=threading.Lock)
    _failure: BaseException | None = None

    def now(self) -> datetime:
        """The simulated time."""
        return BASE + timedelta(seconds=self.seconds)

    def later(self, seconds: float, what: Callable[[], None]) -> None:
        """Let something happen in so many seconds."""
        self._push(seconds, what)

    def begin(self, actor: Actor) -> None:
        """Let an actor begin now."""
        actor.began = self.seconds
        self.running.append(actor)
        self._push(0.0, actor)

    def run(self, until: float = math.inf) -> None:
        """Let everything happen that is due by then, and what comes of it; actors that are not done wait there."""
        self._until = until
        if not self._main.locked():
            self._main.acquire()
        try:
            following = self._next()
        except BaseException:
            self.dismiss()
            raise
        if following is not None:
            self._give(following)
            self._main.acquire()
        if self._failure is not None:
            failure, self._failure = self._failure, None
            self.dismiss()
            raise failure

    def wait(self, seconds: float) -> None:
        """Let others go on for so many seconds. Called by the actor that has the baton.

        Raises:
            Died: its process has ended meanwhile.
        """
        me = self.actor
        assert me is not None
        assert me.worker is not None
        self._push(seconds, me)
        try:
            following = self._next()
        except BaseException as error:  # noqa: BLE001 - whatever went wrong is the history's, which the main thread runs
            self._failure, me.dead = error, True
            raise Died from None
        if following is not me:
            self._hand(following)
            me.worker.baton.acquire()
        self.actor = me
        if me.dead:
            raise Died

    def _push(self, seconds: float, what: Callable[[], None] | Actor) -> None:
        self._count += 1
        heapq.heappush(self._due, (self.seconds + seconds, self._count, what))

    def _next(self) -> Actor | None:
        """The actor that goes on next; what happens before it has happened. None where nothing is due any more."""
        while self._due and self._due[0][0] <= self._until:
            time, _, what = heapq.heappop(self._due)
            self.seconds = max(self.seconds, time)
            if isinstance(what, Actor):
                return what
            self.actor = None
            what()
        return None

    def _hand(self, following: Actor | None) -> None:
        if following is None:
            self.actor = None
            self._main.release()
        else:
            self._give(following)

    def _give(self, actor: Actor) -> None:
        if actor.worker is None:
            actor.worker = _IDLE.pop() if _IDLE else _Worker()
            actor.worker.job = lambda: self._perform(actor)
        self.actor = actor
        actor.worker.resume()

    def _perform(self, actor: Actor) -> None:
        """The whole of an actor, in its own thread."""
        worker = actor.worker
        assert worker is not None
        try:
            try:
                self._act(actor)
            finally:
                self.running.remove(actor)
            if actor.dead:
                actor.gone()
            following = None if self._failure is not None else self._next()
        except BaseException as error:  # noqa: BLE001 - as in wait()
            self._failure, following = error, None
        _IDLE.append(worker)
        self._hand(following)

    def _act(self, actor: Actor) -> None:
        try:
            if not actor.dead:
                actor.work()
        except Died:
            actor.dead = True

    def dismiss(self) -> None:
        """End the actors that are left when a history was broken off: each unwinds, and none has an effect."""
        if not self._main.locked():
            self._main.acquire()
        self._due.clear()
        for actor in list(self.running):
            actor.dead, actor.gone = True, _nobody
            if actor.worker is not None:
                self._failure = Died()
                self.actor = actor
                actor.worker.resume()
                self._main.acquire()
        self.running.clear()
        self._failure = None


def _nobody() -> None:
    """Nobody is told."""
