"""What the product has looked at and was told: what it could know, as opposed to what is true."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.simulation.stage import Actor
    from tests.simulation.world import World

NEVER = -1.0
_HELD = 332.0
"""Seconds for which an act may be under way, and two that clocks may differ."""


@dataclass(slots=True)
class Seen:
    """What was looked at.

    Attributes:
        world: the truth.
        looked: when an actor last looked at a tag or an image.
        asked: when an actor last asked the inventory for a repository, and the services that were known to run it.
        noted: the last good image that the ledger was told of for a tag: when it was pushed, it, and when that was.
        begun: who last wrote down that an image is to lose a tag, and when, by repository and digest.
        meant: who wrote down what a tag is to be given to, what to, and when.
        released: when a person gave an image free, by repository and digest.
    """

    world: World
    looked: dict[tuple[int, str, str], float] = field(default_factory=dict)
    asked: dict[tuple[int, str], tuple[float, frozenset[str]]] = field(default_factory=dict)
    noted: dict[tuple[str, str], tuple[str, str, float]] = field(default_factory=dict)
    begun: dict[tuple[str, str], tuple[Actor, float]] = field(default_factory=dict)
    meant: dict[tuple[str, str], list[tuple[Actor, str, float]]] = field(default_factory=dict)
    released: dict[tuple[str, str], float] = field(default_factory=dict)

    def note(self, actor: Actor, call: str, arguments: tuple[Any, ...], named: dict[str, Any], now: float) -> None:
        """Note a call that was answered."""
        match call:
            case "images.standing" | "images.digest_of" | "images.tags_of":
                self.looked[id(actor), arguments[0], "".join((*arguments[1:], *named.values()))] = now
            case "workloads.linked":
                known = frozenset(each.arn for each in self.world.seen.values() if each.repository == arguments[1])
                self.asked[id(actor), arguments[1]] = now, known
            case "ledger.begin":
                held, act = arguments
                if act is not None and not act.gone and act.ended is None:
                    self.begun[held.repository, act.digest] = actor, now
                    key = held.repository, held.subject.partition("#")[2]
                    self.meant.setdefault(key, []).append((actor, act.to, now))
            case "ledger.release":
                self.released.setdefault(arguments[:2], now)
            case "ledger.passed" | "ledger.regained":
                good, before = arguments[2], self.noted.get(arguments[:2])
                if before is None or before[0] < str(good.pushed):
                    self.noted[arguments[:2]] = str(good.pushed), good.digest, now
            case _:
                pass

    def look(self, actor: Actor, repository: str, what: str) -> float:
        """When an actor last looked at a tag, or at an image by its digest."""
        return self.looked.get((id(actor), repository, what), NEVER)

    def may_be_ours(self, key: tuple[str, str], digest: str, pushed: float) -> bool:
        """Whether a push does what an act meant to that was begun shortly before, and of which nobody knows the end."""
        return any(
            (actor.dead or actor.disturbed) and to == digest and 0 <= pushed - began <= _HELD
            for actor, to, began in self.meant.get(key, [])
        )

    def use(self, actor: Actor, repository: str) -> tuple[float, frozenset[str]]:
        """When an actor last asked for the workloads of a repository, and which were known then."""
        return self.asked.get((id(actor), repository), (NEVER, frozenset()))

    def last_good(self, repository: str, tag: str, actor: Actor) -> str:
        """The last good image of a tag that was known before an actor began; empty where there is none."""
        _, digest, since = self.noted.get((repository, tag), ("", "", 0.0))
        return digest if since < actor.began else ""

    def is_released(self, repository: str, digest: str, actor: Actor) -> bool:
        """Whether an image was given free before an actor began."""
        word = self.released.get((repository, digest))
        return word is not None and word < actor.began
