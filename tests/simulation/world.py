"""The world of a history: repositories and their rules, services that run images, and what the inventory knows of them.

Everything here is the truth, or the inventory's lagging picture of it; nothing of it is the product's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.fakes.images import FakeImages
from tests.simulation.pool import BY_DIGEST, name_of, needs, runs
from tests.situations import REGISTRY

from ecrguard.domain.action import Action
from ecrguard.domain.inventory import SourceState, gaps
from ecrguard.domain.marker import PREFIX
from ecrguard.domain.pattern import Globs
from ecrguard.domain.platform import parse
from ecrguard.domain.policy import Demand, LinkedMode, Policy, Rule
from ecrguard.domain.reference import parse_reference
from ecrguard.domain.workload import Basis, Workload, WorkloadKind
from ecrguard.ports import LinkedWorkloads

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from ecrguard.domain.image import Unknown

SOURCES = ("ecs", "lambda")
"""Sources of workloads, each read in passes of its own."""


@dataclass(frozen=True, slots=True)
class Governed:
    """A repository, and what the policy has for it.

    Attributes:
        name: of it.
        demand: architectures that its rule names; empty where it names none.
        linked: which workloads count.
        asked: what the rule asks for on a mismatch.
        mode: what its resource tag asks for; None where it has none.
        immutable: its tags cannot be moved.
    """

    name: str
    demand: frozenset[str] = frozenset()
    linked: LinkedMode = LinkedMode.REPOSITORY
    asked: Action = Action.DELETE
    mode: Action | None = None
    immutable: bool = False

    def rule(self) -> Rule:
        """Its rule in the policy."""
        demand = Demand(tuple(parse(f"linux/{each}") for each in sorted(self.demand))) if self.demand else None
        return Rule(self.name, Globs((self.name,)), demand=demand, linked=self.linked, on_mismatch=self.asked)


@dataclass(frozen=True, slots=True)
class Service:
    """A service as it is deployed: it runs the digest that its reference stood for then.

    Attributes:
        arn: of it.
        host: architecture that it runs on.
        repository: of its image.
        tag: that it names; empty where it names a digest.
        digest: that it has pinned.
        since: when it was deployed so, in seconds of the history.
    """

    arn: str
    host: str
    repository: str
    tag: str
    digest: str
    since: float

    @property
    def source(self) -> str:
        """The source that tells of it."""
        return SOURCES[int(self.arn.rpartition("-")[2]) % len(SOURCES)]

    @property
    def able(self) -> bool:
        """Whether it is able to run what it has pinned."""
        return runs(self.host, self.digest)

    def names(self, tag: str, digest: str) -> bool:
        """Whether it names a tag or digest, or has the digest pinned: what policy rules call an exact link."""
        return (bool(self.tag) and self.tag == tag) or self.digest == digest

    def needs(self) -> tuple[str, ...]:
        """The digests that it pulls at its next start."""
        return needs(self.host, self.digest) if self.able else ()

    def workload(self) -> Workload:
        """As a source tells of it."""
        named = f":{self.tag}" if self.tag else f"@{self.digest}"
        return Workload(
            WorkloadKind.ECS_SERVICE,
            self.arn,
            self.arn.rpartition("/")[2],
            "app",
            parse_reference(f"{REGISTRY.host}/{self.repository}{named}"),
            (parse(f"linux/{self.host}"),),
            Basis.EXPLICIT,
            "app:1",
            resolved=self.digest,
        )


@dataclass(slots=True)
class Tagging:
    """A tag that came to stand for an image, and what could be said against it from then on.

    Attributes:
        repository: of both.
        tag: that was put.
        digest: that it was put on.
        time: in seconds of the history.
        ours: the product put it.
        ever_exact: at some time a rule or a workload of this very image spoke against it.
        ever_wrong: at some time anything did.
        ever_right: at some time nothing did.
        ever_mild: at some time nothing of this very image did.
        handled: when its event had been handled for good, in seconds of the history; None while it has not.
        event_id: of its event.
        trailed: CloudTrail tells who put it.
        deleted: people have deleted the image since, or the product has before its event was handled.
    """

    repository: str
    tag: str
    digest: str
    time: float
    ours: bool = False
    ever_exact: bool = False
    ever_wrong: bool = False
    ever_right: bool = False
    ever_mild: bool = False
    handled: float | None = None
    event_id: str = ""
    trailed: bool = False
    deleted: bool = False

    @property
    def surely_right(self) -> bool:
        """Nothing ever spoke against it."""
        return self.ever_right and not self.ever_wrong

    @property
    def surely_wrong(self) -> bool:
        """A rule or a workload of this very image spoke against it all the time."""
        return self.ever_exact and not self.ever_mild

    def __str__(self) -> str:
        return f"{self.repository}:{self.tag} -> {name_of(self.digest)} at {self.time:.1f} s"


@dataclass(slots=True)
class World:
    """What there is.

    Attributes:
        images: the registry.
        repositories: by name.
        services: as they are, by ARN.
        seen: as the inventory has them, by ARN.
        seen_since: since when the inventory has a service as it is; absent where it has it otherwise.
        states: of the sources.
        taggings: of all tags, in order.
        cut: when people last took a tag from an image, or moved one away, by repository and digest.
    """

    images: FakeImages = field(default_factory=FakeImages)
    repositories: dict[str, Governed] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    seen: dict[str, Service] = field(default_factory=dict)
    seen_since: dict[str, float] = field(default_factory=dict)
    states: dict[str, SourceState] = field(default_factory=dict)
    taggings: list[Tagging] = field(default_factory=list)
    cut: dict[tuple[str, str], float] = field(default_factory=dict)

    def policy(self) -> Policy:
        """The policy in force."""
        return Policy(tuple(each.rule() for each in self.repositories.values()))

    def taggings_of(self, repository: str, tag: str, digest: str) -> list[Tagging]:
        """Each time that a tag came to stand for an image."""
        return [each for each in self.taggings if (each.repository, each.tag, each.digest) == (repository, tag, digest)]

    # The oracle.

    def weigh(self, repository: str) -> None:
        """Note what speaks against the taggings of a repository now, by the truth and by the inventory."""
        truth, picture = self._services(self.services, repository), self._services(self.seen, repository)
        for tagging in self.taggings:
            if tagging.repository == repository and not tagging.tag.startswith(PREFIX):
                self._weigh(tagging, truth)
                if picture != truth:
                    self._weigh(tagging, picture)

    @staticmethod
    def _services(services: Mapping[str, Service], repository: str) -> list[Service]:
        return [each for each in services.values() if each.repository == repository]

    def _weigh(self, tagging: Tagging, services: Sequence[Service]) -> None:
        exact, weak = self.against(tagging.repository, tagging.tag, tagging.digest, services)
        tagging.ever_exact |= exact
        tagging.ever_mild |= not exact
        tagging.ever_wrong |= exact or weak
        tagging.ever_right |= not (exact or weak)

    def against(self, repository: str, tag: str, digest: str, services: Sequence[Service]) -> tuple[bool, bool]:
        """Whether a rule or a workload of this very image speaks against it, and whether others do alone."""
        governed, built = self.repositories[repository], BY_DIGEST[digest]
        if governed.demand - built.architectures:
            return True, False
        if governed.linked is LinkedMode.OFF:
            return False, False
        exact = [each for each in services if each.names(tag, digest)]
        if exact:
            return any(not runs(each.host, digest) for each in exact), False
        weak = governed.linked is LinkedMode.REPOSITORY and bool(services)
        return False, weak and not any(runs(each.host, digest) for each in services)

    def allowed(self, repository: str, level: Action) -> Action:
        """The most that may be done about a mismatch in a repository."""
        governed = self.repositories[repository]
        return min(
            (governed.asked, level, *([governed.mode] if governed.mode else [])), key=lambda action: action.severity
        )

    # The inventory.

    def look_at(self, arn: str, seconds: float) -> None:
        """Let the inventory see a service as it is now."""
        service = self.services.get(arn)
        known = self.seen.get(arn)
        if service is not None:
            self.seen[arn] = service
        else:
            self.seen.pop(arn, None)
        self.seen_since.setdefault(arn, seconds)
        for repository in {each.repository for each in (service, known) if each is not None}:
            self.weigh(repository)

    def deploy(self, service: Service) -> None:
        """Deploy a service; the inventory does not know yet."""
        before = self.services.get(service.arn)
        self.services[service.arn] = service
        self.seen_since.pop(service.arn, None)
        for repository in {each.repository for each in (service, before) if each is not None}:
            self.weigh(repository)

    def linked(self, repository: str, now: datetime, limit: timedelta) -> LinkedWorkloads:
        """What the inventory answers a push."""
        known = tuple(each.workload() for each in self.seen.values() if each.repository == repository)
        return LinkedWorkloads(known, gaps(self.states, SOURCES, now, limit))

    def again(self, workloads: Sequence[Workload]) -> LinkedWorkloads:
        """What the sources answer of workloads, read again."""
        arns = dict.fromkeys(each.arn for each in workloads)
        return LinkedWorkloads(tuple(self.services[arn].workload() for arn in arns if arn in self.services))

    def end_pass(self, source: str, started: datetime, now: datetime, unknowns: tuple[Unknown, ...] = ()) -> None:
        """Note that a full reading of a source has ended."""
        before = self.states.get(source, SourceState(source))
        complete = before.complete if unknowns else started
        self.states[source] = SourceState(source, complete, now, unknowns)

    # What is to be seen of the registry.

    def tags(self, repository: str) -> dict[str, str]:
        """The tags of a repository, markers too."""
        return self.images.tags(repository)

    def people_tags(self, repository: str) -> dict[str, str]:
        """The tags of a repository that are not the product's."""
        return {tag: digest for tag, digest in self.tags(repository).items() if not tag.startswith(PREFIX)}

    def stranded(self, service: Service) -> str:
        """The digest that a service is not able to pull though it could run it; empty where all is well."""
        wanted = (*service.needs(), service.digest) if service.able else ()
        return next((each for each in wanted if not self.images.pullable(service.repository, digest=each)), "")
