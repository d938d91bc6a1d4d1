"""What must hold after every step, by the truth of the world and not by what the product thinks.

No image that a workload can run and uses ever becomes unpullable by the product's hand. No good tag is ever removed or
moved, or any tag moved to a bad image or back behind a later good one. Nothing more severe is done than is allowed.

ECR leaves some windows open, because it moves tags, archives and deletes by digest without a condition: what a person
does between the product's last look and its call is not seen. What happens there is counted, and where it can be mended
it must be mended in the end (:mod:`tests.simulation.ending`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from tests.simulation.pool import name_of
from tests.simulation.seen import NEVER, Seen
from tests.simulation.tally import ViolationError

from ecrguard.domain.action import Action
from ecrguard.domain.marker import PREFIX, marker_tag

if TYPE_CHECKING:
    from tests.simulation.stage import Actor, Stage
    from tests.simulation.tally import Tally
    from tests.simulation.world import Service, Tagging, World

WRITES = frozenset({"put_tag", "remove_tag", "remove_last_tag", "remove_image", "archive", "restore"})
"""The calls that change the registry."""
_LEAST = {
    "put_tag": Action.TAG,
    "remove_tag": Action.QUARANTINE,
    "remove_last_tag": Action.DELETE,
    "remove_image": Action.DELETE,
    "archive": Action.ARCHIVE,
    "restore": Action.ARCHIVE,
}
_HELD = 330.0
"""Seconds that a try may take between what it writes down and what it does."""
_ECHO = 3.5
"""Seconds within which a person's push cannot be told from the event of an act of the product, as clocks may differ."""
_CLOSE = 3.0
"""Seconds: of pushes closer than that the events do not tell which came first."""

type Key = tuple[str, str]
"""A repository and a tag, or a repository and a digest."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A repository right before or after a call.

    Attributes:
        tags: all of them.
        digests: of its images.
        stranded: services that cannot pull what they could run, by ARN.
    """

    tags: dict[str, str]
    digests: frozenset[str]
    stranded: frozenset[str]


@dataclass(frozen=True, slots=True)
class Change:
    """A call that has changed the registry.

    Attributes:
        actor: whose call it is.
        operation: of the port.
        arguments: of it; the first is the repository.
        before: the repository.
        after: the repository.
    """

    actor: Actor
    operation: str
    arguments: tuple[Any, ...]
    before: Picture
    after: Picture

    @property
    def repository(self) -> str:
        """That was changed."""
        return str(self.arguments[0])

    @property
    def lost(self) -> frozenset[str]:
        """Images that are gone."""
        return self.before.digests - self.after.digests

    @property
    def tags(self) -> list[tuple[str, str, str]]:
        """Tags of people that changed, with what they stood for and stand for; empty for nothing."""
        both = ((tag, self.before.tags.get(tag, ""), self.after.tags.get(tag, "")) for tag in self._names())
        return [each for each in both if each[1] != each[2] and not each[0].startswith(PREFIX)]

    def _names(self) -> list[str]:
        return sorted(self.before.tags.keys() | self.after.tags.keys())


@dataclass(slots=True)
class Checks:
    """Looks at every change that the product makes.

    Attributes:
        world: the truth.
        stage: the clock, and who acts.
        tally: where windows are counted.
        level: the most severe action that the stack allows.
        cap: destructive acts that an hour may have.
        seen: what the product has looked at.
        wish: what people last did with a tag: the tagging, or None where they took it away.
        cleared: when people last took a tag away.
        revived: tags that came back because they were taken away in the very moment.
        confused: tags that people pushed just as an act meant to, of which nobody knows how it ended.
        ours: the last thing that the product did to a tag: what it stood for before, and after.
        ours_at: when that was.
        put_back: tags that the product took along with an image and owes to people.
        missing: images that ECR took away together with a tag, and that are owed.
        taken: when the product last took a tag from an image, by repository and digest.
        unseen: services that came to an image in a window that ECR leaves open.
        acted: seconds of each destructive act, by the hour.
    """

    world: World
    stage: Stage
    tally: Tally
    level: Action
    cap: int
    seen: Seen
    wish: dict[Key, Tagging | None] = field(default_factory=dict)
    cleared: dict[Key, float] = field(default_factory=dict)
    revived: set[Key] = field(default_factory=set)
    confused: set[Key] = field(default_factory=set)
    ours: dict[Key, tuple[str, str]] = field(default_factory=dict)
    ours_at: dict[Key, float] = field(default_factory=dict)
    put_back: dict[Key, str] = field(default_factory=dict)
    missing: dict[Key, tuple[str, ...]] = field(default_factory=dict)
    taken: dict[Key, float] = field(default_factory=dict)
    unseen: set[str] = field(default_factory=set)
    acted: dict[int, list[float]] = field(default_factory=dict)

    def wished(self, key: Key, tagging: Tagging | None) -> None:
        """Note what people have done with a tag."""
        self.wish[key] = tagging
        self.revived.discard(key)
        self.confused.discard(key)
        if tagging is None:
            self.cleared[key] = self.stage.seconds

    def picture(self, repository: str) -> Picture:
        """The repository as it is."""
        services = [each for each in self.world.services.values() if each.repository == repository]
        stranded = frozenset(each.arn for each in services if self.world.stranded(each))
        return Picture(self.world.tags(repository), frozenset(self.world.images.digests(repository)), stranded)

    def changed(self, actor: Actor, operation: str, arguments: tuple[Any, ...], before: Picture) -> None:
        """Judge what the product has just changed.

        Raises:
            ViolationError: it must not have.
        """
        change = Change(actor, operation, arguments, before, self.picture(arguments[0]))
        if change.after == before and operation not in ("archive", "restore"):
            return
        for digest in change.after.digests - before.digests:
            self.missing.pop((change.repository, digest), None)
            self.tally.add("windows", "image put back")
        if actor.person:
            self._by_person(change)
        else:
            self._allowed(change)
            self._on_tags(change)
            self._on_images(change)
            self._on_use(change)

    def _by_person(self, change: Change) -> None:
        """What the product changes at a person's command is that person's wish; it takes nothing else away."""
        lost = [tag for tag, _, new in change.tags if not new]
        if lost or change.lost or change.after.stranded - change.before.stranded:
            self._fail(f"{change.operation} in {change.repository} by a command that gives back took {lost} away")

    def _allowed(self, change: Change) -> None:
        allowed = self.world.allowed(change.repository, self.level)
        if allowed.severity < _LEAST[change.operation].severity:
            self._fail(f"{change.operation} in {change.repository}, where no more than {allowed} is allowed")
        for tag, old, _ in change.tags:
            wish = self.wish.get((change.repository, tag))
            looked = self.seen.look(change.actor, change.repository, tag)
            wanted = wish is not None and wish.digest == old and wish.time < looked
            if wanted and self.seen.is_released(change.repository, old, change.actor):
                self._fail(f"{tag} is taken from {name_of(old)} of {change.repository}, which was released")

    # Tags.

    def _on_tags(self, change: Change) -> None:
        for tag, old, new in change.tags:
            key = change.repository, tag
            if change.operation == "put_tag" and not old:
                self._put_anew(change.actor, key, new)
            elif change.operation == "put_tag":
                self._moved(change.actor, key, old, new)
            elif change.operation == "remove_tag" and tag == change.arguments[1]:
                self._removed(change.actor, key, old)
            elif change.operation == "remove_tag":
                self.put_back[key] = old
            else:
                self._taken_along(change.actor, key, old)
            self.ours[key], self.ours_at[key] = (old, new), self.stage.seconds
        if change.operation in ("put_tag", "remove_tag"):
            self._bare(change)
            self._marked(change)

    def _bare(self, change: Change) -> None:
        """An image without a tag may be expired by any rule: the product leaves no wrong one so."""
        repository, before, actor = change.repository, change.before, change.actor
        for tag, digest in before.tags.items():
            wish = self.wish.get((repository, tag))
            if (repository, tag) in self.confused or digest in change.after.tags.values():
                continue
            if digest not in change.after.digests:
                continue
            if wish is None or wish.digest != digest or wish.time >= self.seen.look(actor, repository, tag):
                # What has the tag by us, or by a push since our last look, may lose it as by any push.
                continue
            looked = max(self.seen.look(actor, repository, each) for each in (digest, *before.tags))
            if self.world.cut.get((repository, digest), NEVER) < looked:
                self._fail(f"{name_of(digest)} of {repository} is left without a tag")
            self.tally.add("windows", "other tags went between look and call")

    def _marked(self, change: Change) -> None:
        """A rule that expires markers takes the whole image: none is put where people have other tags on it."""
        before, after, actor = change.before, change.after, change.actor
        for marker in after.tags.keys() - before.tags.keys():
            digest = after.tags[marker]
            if not marker.startswith(PREFIX) or digest not in before.digests:
                continue
            looked = self.seen.look(actor, change.repository, digest)
            wishes = [self.wish.get((change.repository, tag)) for tag, each in before.tags.items() if each == digest]
            known = [each for each in wishes if each is not None and each.digest == digest and each.time < looked]
            if len(known) > 1:
                self._fail(f"{name_of(digest)} of {change.repository} is marked, though {known[0]} and {known[1]}")

    def _put_anew(self, actor: Actor, key: Key, new: str) -> None:
        """A tag that is not there is given only to the image that the product took it along with."""
        if self.put_back.pop(key, "") == new:
            self.tally.add("windows", "tag put back")
            if self.wish.get(key) is None:
                self.revived.add(key)
        elif self.wish.get(key) is None and self.cleared.get(key, NEVER) >= self.seen.look(actor, *key):
            self.tally.add("windows", "tag deleted between look and move")
            self.revived.add(key)
        elif self._ended_unseen(key, new):
            # Not to be told from what ECR takes with a tag.
            self.tally.add("windows", "deleted after an act whose try died, and put back")
            self.revived.add(key)
        elif self.ours.get(key, ("", "?"))[1] == "" and self._fits(key, new):
            # It was taken from a bad image, and a later good one turned up.
            self.tally.add("windows", "tag given forward")
            if self.wish.get(key) is None and not _known(self._people(key)[-1], actor):
                # Somebody has pushed it in between, and taken it away: of neither the product has heard yet.
                self.revived.add(key)
        else:
            self._fail(f"{key[0]}:{key[1]} is put on {name_of(new)}, though the product never took it from there")

    def _ended_unseen(self, key: Key, digest: str) -> bool:
        """Whether people deleted an image, or its tags, after an act on it of which nobody learned the end."""
        actor, began = self.seen.begun.get((key[0], digest), (None, NEVER))
        died = actor is not None and (actor.dead or actor.disturbed)
        return died and self.cleared.get(key, NEVER) > began and self.ours.get(key) != (digest, "")

    def _fits(self, key: Key, digest: str) -> bool:
        return any(each.digest == digest and not self.is_bad(each) for each in self._people(key))

    def is_bad(self, tagging: Tagging) -> bool:
        """Whether a tag must not be given to an image: it was wrong all the time, and nobody's word is for it."""
        return tagging.surely_wrong and (tagging.repository, tagging.digest) not in self.seen.released

    def _moved(self, actor: Actor, key: Key, old: str, new: str) -> None:
        what = f"{key[0]}:{key[1]} is moved from {name_of(old)} to {name_of(new)}"
        wish = self.wish.get(key)
        if self.put_back.pop(key, "") == new and wish is not None and wish.time >= self.seen.look(actor, *key):
            self.tally.add("windows", "tag pushed between look and putting back")
            return
        to = max((each for each in self._people(key) if each.digest == new), key=lambda each: each.time, default=None)
        if to is None:
            self._fail(f"{what}, which never had it")
        if self.is_bad(to):
            self._fail(f"{what}, which is wrong itself")
        if self.ours.get(key, ("", ""))[1] == old and wish is not None and wish.digest != old:
            # It stands where we put it, and not where people did: giving it forward.
            self.tally.add("actions", "tag given forward")
            return
        self.tally.add("actions", "tag moved back")
        self._given_away(actor, key, old, what)
        since = wish.time if wish is not None else 0.0
        for each in self._people(key):
            good = each.surely_right and _known(each, actor) and self._there(each) and not each.deleted
            if to.time + _CLOSE < each.time < since and good and each.digest not in (new, old):
                self._fail(f"{what}, behind {each}, which was good")

    def _removed(self, actor: Actor, key: Key, old: str) -> None:
        self.tally.add("actions", "tag taken off")
        what = f"{key[0]}:{key[1]} is taken off {name_of(old)}"
        self._given_away(actor, key, old, what)
        governed, digest = self.world.repositories[key[0]], self.seen.last_good(*key, actor)
        if digest in ("", old) or not governed.demand or governed.immutable:
            return
        of = [each for each in self._people(key) if each.digest == digest]
        if of and all(each.surely_right and not each.deleted for each in of) and self._there(of[-1]):
            self._fail(f"{what}, though {of[-1]} was good and is there")

    def _given_away(self, actor: Actor, key: Key, old: str, what: str) -> None:
        """A tag was taken from an image: that must have been wrong, unless a person was quicker than ECR lets see."""
        repository = key[0]
        wish = self.wish.get(key)
        self.taken[repository, old] = self.stage.seconds
        self._spend(what)
        if wish is None or wish.digest != old:
            return
        if wish.time >= self.seen.look(actor, *key):
            self.tally.add("windows", "tag pushed between look and move")
            return
        of = self.world.taggings_of(*key, old)
        again = self.ours.get(key, ("", ""))[1] == old and wish.time - self.ours_at.get(key, NEVER) < _ECHO
        if again or self.seen.may_be_ours(key, old, wish.time):
            self.tally.add("windows", "pushed just what an act gave it, or would have")
            self.confused.add(key)
            return
        if all(each.surely_right for each in of):
            self._fail(f"{what}, and nothing ever spoke against that")
        if not any(each.ever_exact for each in of):
            self._fail(f"{what}, and no rule and no workload of that image spoke against it")
        for service in self.world.services.values():
            if service.repository == repository and service.able and service.digest == old:
                self._overlooked(actor, service, f"{what}, which {service.arn} uses and is able to run")

    def _taken_along(self, actor: Actor, key: Key, old: str) -> None:
        """A tag went with an image that was deleted by its digest: only in the moment in which it was put there."""
        wish = self.wish.get(key)
        if wish is None or wish.digest != old or wish.time < self.seen.look(actor, key[0], old):
            self._fail(f"{key[0]}:{key[1]} was deleted with {name_of(old)}, where it stood before the last look")
        self.put_back[key] = old
        self.tally.add("windows", "tag put on what is being deleted")

    # Images.

    def _on_images(self, change: Change) -> None:
        for digest in change.lost:
            if change.operation == "remove_tag":
                tags = tuple(tag for tag, each in change.before.tags.items() if each == digest)
                self.missing[change.repository, digest] = tags
                self.tally.add("windows", "ECR took the image with its tag")
                self._excuse(change, digest)
            else:
                self._deleted(change, digest)
        if change.operation == "archive":
            self._archived(change, change.arguments[1])

    def _deleted(self, change: Change, digest: str) -> None:
        self._excuse(change, digest)
        self.tally.add("actions", "image deleted" if change.operation == "remove_last_tag" else "part deleted")
        if change.operation == "remove_last_tag":
            self._blamed(change, digest, "deleted")

    def _archived(self, change: Change, digest: str) -> None:
        self._excuse(change, digest)
        self.tally.add("actions", "image archived")
        self._blamed(change, digest, "archived")
        for tag, each in change.before.tags.items():
            if each == digest and tag != marker_tag(digest):
                wish = self.wish.get((change.repository, tag))
                if wish is None or wish.time < self.seen.look(change.actor, change.repository, digest):
                    self._fail(f"{name_of(digest)} of {change.repository} is archived under its tag {tag}")
                self.tally.add("windows", "tag put on what is being archived")

    def _excuse(self, change: Change, digest: str) -> None:
        """Another tag that the image had meanwhile, and lost, will find it gone when its event is handled."""
        for tagging in self.world.taggings:
            if (tagging.repository, tagging.digest) == (change.repository, digest):
                tagging.deleted |= self.world.tags(change.repository).get(tagging.tag) != digest

    def _blamed(self, change: Change, digest: str, what: str) -> None:
        """An image itself is taken away only if it was wrong under some tag, and of itself."""
        text = f"{name_of(digest)} of {change.repository} is {what}"
        self._spend(text)
        if self.seen.is_released(change.repository, digest, change.actor):
            self._fail(f"{text}, and it was released")
        of = [each for each in self.world.taggings if (each.repository, each.digest) == (change.repository, digest)]
        if not any(each.ever_exact for each in of):
            self._fail(f"{text}, and nothing ever spoke against it")

    # Use.

    def _on_use(self, change: Change) -> None:
        for arn in change.after.stranded - change.before.stranded:
            service = self.world.services[arn]
            what = f"{arn} cannot pull {name_of(service.digest)} of {service.repository} after {change.operation}"
            self._overlooked(change.actor, service, what)
            if (service.repository, service.digest) in self.missing:
                # Owed, and mended at once or by the next try; what the inventory knew of was refused before.
                self.tally.add("windows", "used image away for a moment")
            elif service.since < self.taken.get((service.repository, service.digest), NEVER):
                self._fail(f"{what}, and it came to that before the tag was taken")
            elif service.since >= self.seen.use(change.actor, service.repository)[0]:
                self.tally.add("windows", "deployed between look and call")
            else:
                self.tally.add("windows", "deployed, and its event on its way")
            self.unseen.add(arn)

    def _overlooked(self, actor: Actor, service: Service, what: str) -> None:
        """What a function could know of a service it must heed."""
        asked, known = self.seen.use(actor, service.repository)
        since = self.world.seen_since.get(service.arn)
        if since is not None and max(since, service.since) < min(asked, actor.began):
            self._fail(f"{what}: the inventory knew")
        if service.arn in known and service.since < asked:
            self._fail(f"{what}: it was known, and reading it again would have told")

    # The rest.

    def _spend(self, what: str) -> None:
        hour, second = divmod(self.stage.seconds, 3600)
        acted = self.acted.setdefault(int(hour), [])
        acted.append(second)
        # What was counted in the hour before may be done in this one.
        if len(acted) > self.cap + sum(each < _HELD for each in acted):
            self._fail(f"{what}, and is the act {len(acted)} in an hour that may have {self.cap}")

    def _people(self, key: Key) -> list[Tagging]:
        """What people put a tag on, in order."""
        return [each for each in self.world.taggings if not each.ours and (each.repository, each.tag) == key]

    def _there(self, tagging: Tagging) -> bool:
        return self.world.images.pullable(tagging.repository, digest=tagging.digest)

    def _fail(self, what: str) -> NoReturn:
        raise ViolationError(what)


def _known(tagging: Tagging, actor: Actor) -> bool:
    """Whether a tagging's event had been handled before an actor began."""
    return tagging.handled is not None and tagging.handled < actor.began
