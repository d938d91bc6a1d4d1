"""What a policy can say of one repository and tag."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ecrguard.domain.action import Action

if TYPE_CHECKING:
    from datetime import date

    from ecrguard.domain.platform import Platform


class Match(StrEnum):
    """How many of the platforms that a rule names an image must offer."""

    ALL = "all"
    ANY = "any"


class LinkedMode(StrEnum):
    """Which linked workloads count."""

    EXACT = "exact"
    """Only those that name the pushed tag or digest."""
    REPOSITORY = "repository"
    """Those too that run another tag of the repository, as weaker evidence."""
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Demand:
    """Platforms that an image must be built for.

    Attributes:
        platforms: possibly partial (``arm64`` alone).
        match: all of them or any.
        extra: whether other platforms may be there too.
    """

    platforms: tuple[Platform, ...]
    match: Match = Match.ALL
    extra: bool = True


@dataclass(frozen=True, slots=True)
class Exemption:
    """A stretch of time in which an image is not judged.

    Attributes:
        reason: why, for people.
        until: last day on which it holds, UTC; the day after, the image is judged again.
    """

    reason: str
    until: date


@dataclass(frozen=True, slots=True)
class Decision:
    """What the policy says of one repository and tag at one time.

    Attributes:
        rule: name of the rule that matched; empty where none did and the defaults hold.
        demand: the platforms that the rule names or captures from the tag; None where it leaves them to others.
        linked: which linked workloads count.
        on_mismatch: what the policy asks for on a mismatch.
        exemption: the exemption that is in force, if any.
        expired: exemptions that would have applied but have ended; they are said in the alert.
    """

    rule: str = ""
    demand: Demand | None = None
    linked: LinkedMode = LinkedMode.REPOSITORY
    on_mismatch: Action = Action.ALERT
    exemption: Exemption | None = None
    expired: tuple[Exemption, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """Placeholder until rules land."""

    def decide(self, repository: str, tag: str, today: date) -> Decision:
        """What the policy says of ``tag`` in ``repository`` on this day (UTC)."""
        del repository, tag, today
        return Decision()
