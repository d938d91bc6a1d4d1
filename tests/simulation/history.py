"""One history: a world drawn from the seed, what happens in it, and what is left when all has settled."""

from __future__ import annotations

import traceback
import uuid
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from tests.fakes.ledger import FakeLedger, FakePushers
from tests.simulation import ending
from tests.simulation.checks import Checks
from tests.simulation.faults import FAIR, Faults, Weather
from tests.simulation.functions import Functions
from tests.simulation.mail import Letter, Mail, call_event, event
from tests.simulation.outside import Outside
from tests.simulation.people import TAGS, People
from tests.simulation.pool import AMD64, ARM64, BOTH
from tests.simulation.product import Product
from tests.simulation.seen import Seen
from tests.simulation.stage import Stage
from tests.simulation.tally import Tally, ViolationError
from tests.simulation.told import Alerts
from tests.simulation.tracing import told
from tests.simulation.world import SOURCES, Governed, Tagging, World

from ecrguard.domain.action import Action
from ecrguard.domain.marker import PREFIX
from ecrguard.domain.policy import LinkedMode

if TYPE_CHECKING:
    from collections.abc import Callable

_LEVELS = (Action.ALERT, Action.TAG, Action.QUARANTINE, Action.QUARANTINE, Action.ARCHIVE, Action.DELETE, Action.DELETE)


@dataclass(slots=True)
class History:
    """A world and the product in it.

    Attributes:
        random: all chance of it.
        level: the most severe action that the stack allows.
        cap: destructive acts that an hour may have.
        weather: how much goes wrong.
        harsh: everything that may be done is asked for and allowed.
        pair_takes_image: which of the two ECR does that its reference leaves open.
        make: puts the product together; a broken one, where a test wants to see that found.
    """

    random: Random
    level: Action = Action.DELETE
    cap: int = 20
    weather: Weather = FAIR
    pair_takes_image: bool = False
    harsh: bool = False
    make: Callable[..., Product] = Product
    tally: Tally = field(default_factory=Tally)
    stage: Stage = field(default_factory=Stage)
    world: World = field(default_factory=World)
    mail: Mail = field(init=False)
    checks: Checks = field(init=False)
    outside: Outside = field(init=False)
    people: People = field(init=False)
    alerts: Alerts = field(init=False)
    ledger: FakeLedger = field(init=False)
    functions: Functions = field(init=False)
    events: dict[str, Tagging] = field(default_factory=dict)
    _meddles: int = 30

    def __post_init__(self) -> None:
        self.world.images.pair_takes_image = self.pair_takes_image
        self.world.images.on_put = self._put
        self.world.images.on_restored = self._back
        self.mail = Mail(self.stage, self._wake)
        self.checks = Checks(self.world, self.stage, self.tally, self.level, self.cap, Seen(self.world))
        faults = Faults(self.random, self.weather)
        self.outside = Outside(self.stage, faults, self.checks, self.tally, self._meddle)
        self.people = People(
            self.random, self.world, self.checks, self.stage, self.outside.note, self._back, self._changed
        )
        self.alerts = Alerts(self.world, self.stage, self.tally)
        self.ledger = FakeLedger(cap=self.cap)
        product = self.make(self.outside, self.world, self.ledger, FakePushers(), self.mail, self.alerts, self.level)
        self.functions = Functions(
            self.random, self.stage, self.world, self.outside, self.tally, self.mail, product, self.events
        )

    def _meddle(self, about: tuple[Any, ...]) -> None:
        # Each act has events, and those calls: without a bound a history could go on for ever.
        if self._meddles > 0:
            self._meddles -= 1
            if about and self.random.random() < 0.7:
                self.people.rival(about)
            else:
                self.people.act()

    # What a history is made of.

    def settle_in(self) -> None:
        """Draw the repositories, what is in them, and the services."""
        random = self.random
        for number in range(1 if self.harsh else random.choice((1, 1, 1, 2, 3))):
            governed = Governed(
                f"team/{number}",
                random.choice((frozenset({AMD64}), frozenset({ARM64}), BOTH, frozenset(), frozenset({AMD64}))),
                random.choice((LinkedMode.EXACT, LinkedMode.REPOSITORY, LinkedMode.OFF)),
                random.choice((*_LEVELS, Action.DELETE)),
                random.choice((None, None, None, None, *_LEVELS)),
                immutable=random.random() < 0.1,
            )
            if self.harsh:
                self.people.unheard, self.people.tags = 0.4, TAGS[:2]
                governed = replace(governed, asked=Action.DELETE, mode=None, immutable=False)
            self.govern(governed)
        for _ in range(random.randrange(4)):
            self.people.push()
        for _ in range(random.randrange(4)):
            self.people.deploy()
        for arn in list(self.world.services):
            self.world.look_at(arn, 0.0)
        for source in SOURCES:
            self.world.end_pass(source, self.stage.now(), self.stage.now())

    def govern(self, governed: Governed) -> None:
        """Make a repository."""
        self.world.repositories[governed.name] = governed
        tags = {"ecrguard:mode": str(governed.mode)} if governed.mode else {}
        self.world.images.create(governed.name, immutable=governed.immutable, tags=tags)

    def turmoil(self, horizon: float, acts: int) -> None:
        """Let people act, functions run and things go wrong until a time, and then until nothing is due."""
        random = self.random
        for _ in range(acts):
            self.stage.later(random.uniform(0, horizon), self.people.act)
        for _ in range(random.randrange(3)):
            # Several people at once, or one in a hurry.
            moment = random.uniform(0, horizon)
            for _ in range(random.randrange(2, 5)):
                self.stage.later(moment + random.random(), self.people.act)
        self.stage.later(random.uniform(0, 300), lambda: self.functions.tick(horizon))
        for command in (
            self.functions.rehearse,
            self.functions.rehearse,
            self.functions.release,
            self.functions.restore,
        ):
            if random.random() < 0.4:
                self.stage.later(random.uniform(0, horizon), command)
        self.stage.run()

    def settle(self) -> None:
        """Let everything come right: no faults, no people, dead letters sent again, until nothing changes any more."""
        self.outside.faults.weather = FAIR
        for _ in range(40):
            before = ending.state(self)
            self.stage.seconds = max(self.stage.seconds, 0.0) + 3700
            self.functions.read_and_sweep(certain=True)
            self.stage.run()
            redriven = self.mail.redrive()
            self.stage.run()
            if not redriven and ending.state(self) == before:
                break
        else:
            raise ViolationError("it never settles: dead letters and what is due go on for ever")
        ending.check(self)

    def _wake(self) -> None:
        self.functions.wake()

    def _changed(self, arn: str) -> None:
        self.functions.changed(arn)

    # What the registry tells.

    def _put(self, repository: str, tag: str, digest: str) -> None:
        """A tag was put on an image: ECR announces it."""
        ours = self.stage.actor is not None and not self.stage.actor.person
        event_id = str(uuid.UUID(int=self.random.getrandbits(128)))
        tagging = Tagging(repository, tag, digest, self.stage.seconds, ours=ours, event_id=event_id)
        self.world.taggings.append(tagging)
        if not ours and not tag.startswith(PREFIX):
            self.checks.wished((repository, tag), tagging)
        self.world.weigh(repository)
        self.events[event_id] = tagging
        self.tally.add("events", "push by the product" if ours else "push by people")
        self._announce(event_id, repository, tag, digest)
        if self.random.random() < 0.5:
            self._trail(tagging)

    def _announce(self, event_id: str, repository: str, tag: str, digest: str, *, restored: bool = False) -> None:
        time = self.stage.now() + timedelta(seconds=self.random.uniform(-0.5, 0.5))
        body = event(event_id, time.replace(microsecond=0), repository, digest, tag, restored=restored)
        for _ in range(self.random.choice((1, 1, 1, 1, 1, 1, 2, 3))):
            chance = self.random.random()
            delay = self.random.uniform(1, 900) if chance < 0.08 else self.random.uniform(0.2, 3)
            self.tally.add("events", "late event" if chance < 0.08 else "event")
            self.mail.send(Letter(body, event_id), delay)

    def _trail(self, tagging: Tagging) -> None:
        """CloudTrail tells who put the tag, mostly some minutes later, sometimes before ECR does, sometimes twice."""
        tagging.trailed = True
        event_id = str(uuid.UUID(int=self.random.getrandbits(128)))
        time = self.stage.now().replace(microsecond=0)
        body = call_event(event_id, time, tagging.repository, tagging.digest, tagging.tag, ours=tagging.ours)
        for _ in range(self.random.choice((1, 1, 1, 2))):
            self.tally.add("events", "word of who pushed")
            self.mail.send(
                Letter(body, f"pusher of {tagging.tag}"), self.random.choice((2.0, 400.0)) * self.random.random()
            )

    def _back(self, repository: str, digest: str) -> None:
        """An image comes back from the archive, which takes a while."""

        def arrives() -> None:
            if digest in self.world.images.digests(repository):
                self.world.images.store(repository, digest, "ACTIVE")
                event_id = str(uuid.UUID(int=self.random.getrandbits(128)))
                self._announce(event_id, repository, "", digest, restored=True)

        self.stage.later(self.random.uniform(10, 1200), arrives)


def drawn(seed: int, number: int, make: Callable[..., Product] = Product, *, harsh: bool = False) -> History:
    """The history of a number, as the seed has it, before anything has happened."""
    random = Random(f"{seed}/{number}")  # noqa: S311 - what is drawn is to be drawn again, not to be secret
    horizon = random.choice((60.0, 600.0, 5000.0))
    level, weather = random.choice(_LEVELS), Weather.drawn(random, horizon)
    if harsh:
        weather = replace(weather, meddles=0.02)
    return History(
        random,
        level=Action.DELETE if harsh else level,
        cap=random.choice((20, 20, 20, 1, 2)),
        weather=weather,
        pair_takes_image=random.random() < 0.3,
        harsh=harsh,
        make=make,
    )


def play(seed: int, number: int, make: Callable[..., Product] = Product, *, harsh: bool = False) -> Tally:
    """Play a history to its end; what happened in it, with its violation if there was one."""
    history = drawn(seed, number, make, harsh=harsh)
    random = history.random
    try:
        history.settle_in()
        history.turmoil(random.choice((60.0, 600.0, 5000.0)), random.randrange(3, 20))
        history.settle()
    except ViolationError as violation:
        history.tally.violations.append(told(seed, number, str(violation), history.outside.trace))
    except Exception:  # noqa: BLE001 - whatever the product raises and nobody expected is a violation
        history.tally.violations.append(told(seed, number, traceback.format_exc(), history.outside.trace))
    history.tally.add("histories", "played")
    return history.tally
