"""Everything that the product talks to, with the simulation between: others go on, things fail, processes end."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.simulation.checks import WRITES, Checks
from tests.simulation.faults import Faults, failed
from tests.simulation.stage import Died
from tests.simulation.tally import ViolationError

from ecrguard.domain.image import UnknownReason
from ecrguard.errors import EcrguardError, UnreadableError
from ecrguard.ports import LinkedWorkloads

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.stage import Stage
    from tests.simulation.tally import Tally

_READS = frozenset(
    {
        *(("images", each) for each in ("manifests", "config", "digest_of", "tags_of", "resource_tags", "standing")),
        *(("ledger", each) for each in ("look", "history", "released", "acts_left", "dues", "who")),
        ("images", "movable"),
        ("images", "tagged_indexes"),
        ("policies", "current"),
        ("workloads", "linked"),
        ("live", "again"),
    }
)
"""The calls that change nothing."""
_BUSY = 4
"""How much likelier a person does something right before the registry is changed, than before any other call."""
_TELLS = frozenset({"linked", "again"})
"""Ports that never raise: what they could not read is among what they tell."""


class Inline(Executor):
    """Runs what is submitted at once: a thread of its own would not be the simulation's."""

    def submit[T](self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except EcrguardError as error:
            future.set_exception(error)
        return future


@dataclass(slots=True)
class Step:
    """One thing that happened, for the trace.

    Attributes:
        seconds: since the history began.
        who: the invocation, or whoever it was.
        what: the call, or what was done.
        arguments: of it.
        came: what came of it.
    """

    seconds: float
    who: str
    what: str
    arguments: object = ""
    came: object = ""


@dataclass(slots=True)
class Outside:
    """Stands between the product and what it talks to.

    Attributes:
        stage: the clock, and who acts.
        faults: what goes wrong.
        checks: looks at what was changed.
        tally: counts.
        meddle: lets a person do something right now, told what the call is about.
        trace: what happened.
    """

    stage: Stage
    faults: Faults
    checks: Checks
    tally: Tally
    meddle: Callable[[tuple[Any, ...]], None]
    trace: list[Step] = field(default_factory=list)

    def port(self, part: str, target: object) -> Any:
        """Whatever port of the product ``target`` is, with the simulation before it.

        Args:
            part: its name, of :data:`~tests.simulation.faults.PARTS`.
            target: does what the port says.
        """
        return _Port(self, part, target)

    def call(
        self, part: str, operation: str, do: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]
    ) -> Any:
        """One call of the product."""
        actor = self.stage.actor
        if actor is None:
            return do(*arguments, **named)
        if actor.dead:
            raise Died
        actor.at = f"{part}.{operation}"
        self.tally.add("calls", actor.at)
        weather, random = self.faults.weather, self.faults.random
        self._die(weather.dies_before, "before")
        slow = self.faults.happens(weather.slow)
        self.stage.wait(random.uniform(1, 25) if slow else random.uniform(0.005, 0.2))
        writes = part == "images" and operation in WRITES
        if self.faults.happens(weather.meddles * (_BUSY if writes else 1)):
            self.meddle((*arguments, *named.values()) if part == "images" else ())
            self.stage.actor = actor
        step = Step(self.stage.seconds, actor.name, actor.at, arguments + tuple(named.values()))
        self.trace.append(step)
        error = self.faults.before(part, operation, self.stage.seconds)
        if error is not None:
            return self._fail(step, operation, error)
        before = self.checks.picture(arguments[0]) if writes else None
        if actor.dry and (writes or (part, operation) not in _READS):
            raise ViolationError(f"a dry run called {actor.at}")
        try:
            came = do(*arguments, **named)
        except EcrguardError as error:
            step.came = error
            actor.disturbed |= part == "ledger"
            raise
        step.came = came
        if before is not None:
            self.checks.changed(actor, operation, arguments, before)
        self.checks.seen.note(actor, actor.at, arguments, named, self.stage.seconds)
        self._die(weather.dies_after, "after")
        if self.faults.happens(weather.forgets) and operation not in _TELLS:
            return self._fail(step, operation, failed(UnknownReason.UNAVAILABLE, actor.at), "lost answer")
        return came

    def note(self, who: str, what: str, arguments: object = "") -> None:
        """Put something into the trace that is no call."""
        self.trace.append(Step(self.stage.seconds, who, what, arguments))

    def _die(self, chance: float, when: str) -> None:
        actor = self.stage.actor
        if actor is not None and self.faults.happens(chance):
            actor.dead = True
            self.tally.add("faults", "process ended")
            self.tally.add("ends", f"{when} {actor.at}")
            self.note(actor.name, f"ended {when} {actor.at}")
            raise Died

    def _fail(self, step: Step, operation: str, error: UnreadableError, kind: str = "") -> Any:
        self.tally.add("faults", kind or error.unknown.reason.value)
        step.came = f"{kind} {error.unknown.reason}"
        if self.stage.actor is not None:
            self.stage.actor.disturbed = True
        if operation in _TELLS:
            return LinkedWorkloads((), (error.unknown,))
        raise error


class _Port:
    """Any port: each method of its target is a call."""

    def __init__(self, outside: Outside, part: str, target: object) -> None:
        self._outside, self._part, self._target = outside, part, target

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        do = getattr(self._target, operation)

        def called(*arguments: Any, **named: Any) -> Any:
            # A last look is taken when the call is about to be made; between it and the call others go on.
            for last_look in (each for each in (*arguments, *named.values()) if callable(each)):
                last_look()
            arguments = tuple(each for each in arguments if not callable(each))
            named = {name: each for name, each in named.items() if not callable(each)}
            return self._outside.call(self._part, operation, do, arguments, named)

        return called
