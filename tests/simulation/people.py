"""What people and their pipelines do: push, retag, deploy, delete, and clear up by hand, at any moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.simulation.pool import AMD64, ARM64, BY_DIGEST, IMAGES, Built, name_of
from tests.simulation.world import Service

from ecrguard.domain.marker import PREFIX
from ecrguard.ports import RemoveAnswer

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.simulation.checks import Checks
    from tests.simulation.stage import Stage
    from tests.simulation.world import World

TAGS = ("latest", "v1", "dev")
ARN = "arn:aws:ecs:eu-central-1:123456789012:service/prod/web-"


@dataclass(slots=True)
class People:
    """Whoever else changes the registry and the services.

    Attributes:
        random: of the history.
        world: that they change.
        checks: are told what they wanted.
        stage: the clock.
        note: puts what they do into the trace.
        unheard: chance that the inventory hears of a change of a service by its next full reading alone.
        tags: that they use.
        back: begins to bring an image back from the archive.
        changed: tells of a service that has changed.
        broke: images that people themselves made unpullable.
        unmarked: images that people took the marker off.
    """

    random: Random
    world: World
    checks: Checks
    stage: Stage
    note: Callable[[str, str], None]
    back: Callable[[str, str], None]
    changed: Callable[[str], None]
    unheard: float = 0.04
    tags: tuple[str, ...] = TAGS
    broke: set[tuple[str, str]] = field(default_factory=set)
    unmarked: set[tuple[str, str]] = field(default_factory=set)

    def act(self) -> None:
        """Do something, drawn from what people do."""
        actor, self.stage.actor = self.stage.actor, None
        try:
            does = self.random.choices(
                (self.push, self.deploy, self.retag, self.untag, self.delete, self.undeploy, self.clear_up),
                (40, 22, 10, 6, 3, 4, 6),
            )[0]
            does()
        finally:
            self.stage.actor = actor

    def rival(self, about: tuple[Any, ...]) -> None:
        """Do something to the very tag or image that the product is about to read or change."""
        repository, names = about[0], [each for each in about[1:] if isinstance(each, str)]
        tags = self.world.tags(repository) if repository in self.world.repositories else {}
        name = names[-1] if names else ""
        digest = tags.get(name, name)
        actor, self.stage.actor = self.stage.actor, None
        chance = self.random.random()
        try:
            if name in self.tags and chance < 0.6:
                self.push(repository, name)
            elif name in self.tags and name in tags and chance < 0.7:
                self._untag(repository, name)
            elif digest in self.world.images.digests(repository) and digest in BY_DIGEST and chance < 0.85:
                self.push(repository, self.random.choice(self.tags), BY_DIGEST[digest])
            elif name in tags:
                self.deploy(repository, name)
        finally:
            self.stage.actor = actor

    def push(self, repository: str = "", tag: str = "", built: Built | None = None) -> None:
        """Push an image under a tag."""
        repository = repository or self._repository()
        tag = tag or self.random.choice(self.tags)
        built = built or self._image(repository)
        standing = self.world.tags(repository).get(tag)
        if standing == built.digest and self.world.images.pullable(repository, tag=tag):
            return
        if self.world.repositories[repository].immutable and standing not in (None, built.digest):
            return
        self.note("people", f"push {built.name} as {repository}:{tag}")
        for digest in (built.digest, *built.parts):
            self.broke.discard((repository, digest))
            self.checks.missing.pop((repository, digest), None)
        if standing is not None:
            self.world.cut[repository, standing] = self.stage.seconds
        self.world.images.push(repository, built.content, tag)
        if self.random.random() < 0.5:
            delay = self.random.choice((0.05, 1, 30)) * self.random.random()
            self.stage.later(delay, lambda: self.deploy(repository, tag))

    def retag(self) -> None:
        """Put another tag on an image that is there, as ``PutImage`` of its manifest does."""
        repository = self._repository()
        tags = self.world.tags(repository)
        if not tags:
            return
        of = self.random.choice(sorted(tags))
        self.push(repository, self.random.choice(self.tags), BY_DIGEST[tags[of]])

    def untag(self) -> None:
        """Delete a tag by its name."""
        repository = self._repository()
        tags = sorted(self.world.people_tags(repository))
        if tags:
            self._untag(repository, self.random.choice(tags))

    def _untag(self, repository: str, tag: str) -> None:
        digest = self.world.tags(repository)[tag]
        if self.world.images.untag(repository, tag) is not RemoveAnswer.REMOVED:
            return
        self.note("people", f"delete the tag {repository}:{tag}")
        if not tag.startswith(PREFIX):
            self.checks.wished((repository, tag), None)
        self.world.cut[repository, digest] = self.stage.seconds
        self._broken(repository, digest)

    def delete(self) -> None:
        """Delete an image by its digest, with all its tags."""
        repository = self._repository()
        digests = self.world.images.digests(repository)
        if not digests:
            return
        digest = self.random.choice(digests)
        if any(digest in BY_DIGEST[each].parts and each != digest for each in digests):
            return
        tags = [tag for tag, each in self.world.tags(repository).items() if each == digest]
        self.note("people", f"delete {name_of(digest)} of {repository}")
        self.world.images.delete(repository, digest)
        for tag in tags:
            if not tag.startswith(PREFIX):
                self.checks.wished((repository, tag), None)
        self._broken(repository, digest)

    def deploy(self, repository: str = "", tag: str = "") -> None:
        """Deploy a service: by a tag, which it resolves now, or by the digest that a tag stands for."""
        arn = f"{ARN}{self.random.randrange(4)}"
        before = self.world.services.get(arn)
        repository = repository or self._repository()
        tags = self.world.tags(repository)
        tag = tag or self.random.choice(self.tags)
        by_digest = self.random.random() < 0.2
        if by_digest and tags and self.random.random() < 0.3:
            tag = self.random.choice(sorted(tags))
        if tag not in tags:
            return
        digest = tags[tag]
        if by_digest and BY_DIGEST[digest].index and self.random.random() < 0.5:
            digest = self.random.choice(sorted(BY_DIGEST[digest].parts))
        if not self.world.images.pullable(repository, digest=digest):
            return
        host = before.host if before else self._host(repository, digest)
        service = Service(arn, host, repository, "" if by_digest else tag, digest, self.stage.seconds)
        named = name_of(digest) if by_digest else tag
        self.note("people", f"deploy {arn[-5:]} on {host} with {repository}:{named}, which is {name_of(digest)}")
        self.world.deploy(service)
        self._tell(arn)

    def undeploy(self) -> None:
        """Delete a service."""
        if not self.world.services:
            return
        arn = self.random.choice(sorted(self.world.services))
        repository = self.world.services[arn].repository
        self.note("people", f"delete the service {arn[-5:]}")
        del self.world.services[arn]
        self.world.seen_since.pop(arn, None)
        self.world.weigh(repository)
        self._tell(arn)

    def clear_up(self) -> None:
        """Take a marker off, or bring an image back from the archive."""
        repository = self._repository()
        markers = {tag: digest for tag, digest in self.world.tags(repository).items() if tag.startswith(PREFIX)}
        if not markers:
            return
        marker = self.random.choice(sorted(markers))
        digest = markers[marker]
        if not self.world.images.pullable(repository, digest=digest):
            self.note("people", f"bring {name_of(digest)} of {repository} back from the archive")
            self.back(repository, digest)
            return
        if self.random.random() < 0.5:
            self.push(repository, self.random.choice(self.tags), BY_DIGEST[digest])
        else:
            self.unmarked.add((repository, digest))
            self._untag(repository, marker)

    def _tell(self, arn: str) -> None:
        """Let the inventory hear of a service: soon, late, or never but for the next pass."""
        chance = self.random.random()
        if chance < self.unheard:
            return
        delay = self.random.uniform(1, 600) if chance < self.unheard + 0.1 else self.random.uniform(0.5, 20)
        self.stage.later(delay, lambda: self.changed(arn))

    def _broken(self, repository: str, digest: str) -> None:
        if digest not in self.world.images.digests(repository):
            self.broke.add((repository, digest))
            for tagging in self.world.taggings:
                if (tagging.repository, tagging.digest) == (repository, digest):
                    tagging.deleted = True

    def _repository(self) -> str:
        return self.random.choice(list(self.world.repositories))

    def _image(self, repository: str) -> Built:
        """An image to push: as the repository's rule demands more often than not."""
        demand = self.world.repositories[repository].demand
        fitting = [built for built in IMAGES if not demand - built.architectures]
        return self.random.choice(fitting if self.random.random() < 0.5 else IMAGES)

    def _host(self, repository: str, digest: str) -> str:
        """A host that runs the image, more often than not."""
        del repository
        able = sorted(BY_DIGEST[digest].architectures)
        return self.random.choice(able if self.random.random() < 0.8 else (AMD64, ARM64))
