"""What goes wrong at a call, drawn from the seed: throttles, outages, refusals, lost answers, ends of processes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from random import Random

PARTS = ("images", "ledger", "policies", "workloads", "live", "alerts", "letters", "queue", "states")
"""What the product talks to; each may be out by itself."""


@dataclass(frozen=True, slots=True)
class Outage:
    """A stretch of time in which a part does not answer, or denies.

    Attributes:
        part: of :data:`PARTS`.
        begin: seconds since the history began.
        end: likewise.
        reason: what the part answers.
    """

    part: str
    begin: float
    end: float
    reason: UnknownReason


@dataclass(frozen=True, slots=True)
class Weather:
    """How much goes wrong in a history.

    Attributes:
        fails: chance that a call fails and did nothing.
        forgets: chance that a call did what it was to do, and its answer is lost.
        dies_before: chance that the process ends before a call.
        dies_after: chance that it ends right after one.
        meddles: chance that a person does something right before a call.
        slow: chance that a call takes seconds, and others overtake it.
        outages: of parts as a whole.
    """

    fails: float = 0.0
    forgets: float = 0.0
    dies_before: float = 0.0
    dies_after: float = 0.0
    meddles: float = 0.0
    slow: float = 0.0
    outages: tuple[Outage, ...] = ()

    @classmethod
    def drawn(cls, random: Random, horizon: float) -> Weather:
        """The weather of a history: fair, or bad in one way, or in all."""
        level = random.choice((0.0, 0.3, 1.0, 2.0))

        def chance(most: float) -> float:
            return most * level if random.random() < 0.6 else 0.0

        outages = []
        while random.random() < 0.2 * level:
            begin = random.uniform(0, horizon)
            end = begin + random.choice((20, 200, 2000)) * random.random()
            reason = random.choice((UnknownReason.UNAVAILABLE, UnknownReason.THROTTLED, UnknownReason.ACCESS_DENIED))
            outages.append(Outage(random.choice(PARTS), begin, end, reason))
        return cls(
            fails=chance(0.03),
            forgets=chance(0.01),
            dies_before=chance(0.008),
            dies_after=chance(0.008),
            meddles=chance(0.03),
            slow=random.choice((0.0, 0.05, 0.3)),
            outages=tuple(outages),
        )


FAIR = Weather()
"""Nothing goes wrong."""


@dataclass(slots=True)
class Faults:
    """Draws what goes wrong at each call.

    Attributes:
        random: of the history.
        weather: how much goes wrong; fair once the history is to settle.
    """

    random: Random
    weather: Weather = field(default_factory=Weather)

    def before(self, part: str, operation: str, seconds: float) -> UnreadableError | None:
        """Why a call fails; None where it goes through."""
        for outage in self.weather.outages:
            if outage.part == part and outage.begin <= seconds < outage.end:
                return failed(outage.reason, f"{part}.{operation}")
        if self.weather.fails and self.random.random() < self.weather.fails:
            throttled = self.random.random() < 0.5
            reason = UnknownReason.THROTTLED if throttled else UnknownReason.UNAVAILABLE
            return failed(reason, f"{part}.{operation}")
        return None

    def happens(self, chance: float) -> bool:
        """Whether something of a chance happens now."""
        return chance > 0 and self.random.random() < chance


def failed(reason: UnknownReason, call: str) -> UnreadableError:
    """The error of a call that failed."""
    return UnreadableError(Unknown(reason, f"{call} failed, as the simulation had it", call))
