"""The policy: ordered rules over repositories and tags, and what they say of one image.

The first rule that matches decides, alone: rules are not merged. Where none does, the defaults hold. A push without a
tag is matched by nothing, because what a policy governs is what a tag promises.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from ecrguard.domain.action import Action
from ecrguard.domain.pattern import Globs

if TYPE_CHECKING:
    from datetime import date

    from ecrguard.domain.pattern import TagPattern
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
        from_tag: captured from the tag, which promises it, rather than named by a rule.
    """

    platforms: tuple[Platform, ...]
    match: Match = Match.ALL
    extra: bool = True
    from_tag: bool = False


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
class ScopedExemption:
    """An exemption and the images that it is for.

    Attributes:
        exemption: reason and end.
        repositories: globs over repository names.
        tags: globs over tags.
    """

    exemption: Exemption
    repositories: Globs = field(default_factory=Globs)
    tags: Globs = field(default_factory=Globs)

    def match(self, repository: str, tag: str) -> bool:
        """Whether it is for this image, whatever the day."""
        return self.repositories.match(repository) and self.tags.match(tag)


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds for the images that a rule matches.

    Attributes:
        name: unique in the policy; verdicts and alerts cite it.
        repositories: globs over repository names.
        tags: globs over tags, or patterns that capture the platform from the tag.
        demand: platforms that the rule names; None where it names none, or its ``tags`` capture them.
        extra: whether a tag that promises one platform may stand for an index that has others too.
        linked: which linked workloads count; None for the policy's default.
        on_mismatch: what to do on a mismatch; None for the policy's default.
        exemptions: among the images that the rule matches.
    """

    name: str
    repositories: Globs = field(default_factory=Globs)
    tags: Globs | tuple[TagPattern, ...] = field(default_factory=Globs)
    demand: Demand | None = None
    extra: bool = True
    linked: LinkedMode | None = None
    on_mismatch: Action | None = None
    exemptions: tuple[ScopedExemption, ...] = ()

    def match(self, repository: str, tag: str) -> bool:
        """Whether the rule decides about this image. A pattern matches only where it captures a platform."""
        if not tag or not self.repositories.match(repository):
            return False
        return self.tags.match(tag) if isinstance(self.tags, Globs) else self._captured(tag) is not None

    def demand_of(self, tag: str) -> Demand | None:
        """The platforms asked of a tag that the rule matches; None where it leaves them to others."""
        captured = self._captured(tag)
        return self.demand if captured is None else Demand((captured,), Match.ALL, self.extra, from_tag=True)

    def _captured(self, tag: str) -> Platform | None:
        patterns = () if isinstance(self.tags, Globs) else self.tags
        return next((found for pattern in patterns if (found := pattern.capture(tag)) is not None), None)


@dataclass(frozen=True, slots=True)
class Policy:
    """Ordered rules, the defaults where no rule speaks, and exemptions whatever the rule.

    Attributes:
        rules: in the order in which they are asked; the first that matches decides.
        exemptions: over all images, asked after those of the rule.
        linked: which linked workloads count where the rule does not say.
        on_mismatch: what to do on a mismatch where the rule does not say.
    """

    rules: tuple[Rule, ...] = ()
    exemptions: tuple[ScopedExemption, ...] = ()
    linked: LinkedMode = LinkedMode.REPOSITORY
    on_mismatch: Action = Action.ALERT

    def decide(self, repository: str, tag: str, today: date) -> Decision:
        """What the policy says of ``tag`` in ``repository`` on this day (UTC).

        The same image and day always give the same decision, and ``rule`` names where it comes from. An untagged image
        gets the defaults.
        """
        if not tag:
            return Decision(linked=self.linked, on_mismatch=self.on_mismatch)
        rule = next((rule for rule in self.rules if rule.match(repository, tag)), None)
        scoped = self.exemptions if rule is None else (*rule.exemptions, *self.exemptions)
        exemptions = [one.exemption for one in scoped if one.match(repository, tag)]
        in_force = next((one for one in exemptions if today <= one.until), None)
        expired = tuple(one for one in exemptions if one.until < today)
        if rule is None:
            return Decision("", None, self.linked, self.on_mismatch, in_force, expired)
        return Decision(
            rule.name,
            rule.demand_of(tag),
            rule.linked or self.linked,
            rule.on_mismatch or self.on_mismatch,
            in_force,
            expired,
        )
