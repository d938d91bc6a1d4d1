"""The product's functions, and its commands at a person's hand, as they are invoked in a history."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.simulation.product import RUNS, Product
from tests.simulation.stage import Actor
from tests.simulation.world import SOURCES
from tests.situations import REGISTRY

from ecrguard.deployed import Occasion
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.marker import PREFIX
from ecrguard.domain.push import Arrival, Push
from ecrguard.errors import UnreadableError
from ecrguard.ports import Message

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.simulation.mail import Letter, Mail
    from tests.simulation.outside import Outside
    from tests.simulation.stage import Stage
    from tests.simulation.tally import Tally
    from tests.simulation.world import Tagging, World

TRIES = 4
"""How often a person repeats a command that failed, and a queue a change that could not be judged."""


@dataclass(slots=True)
class Functions:
    """Invokes the product.

    Attributes:
        random: of the history.
        stage: the clock.
        world: the truth.
        outside: what stands between.
        tally: counts.
        mail: the push queue.
        product: makes the functions.
        events: the tagging that each event is of, by the event's id.
    """

    random: Random
    stage: Stage
    world: World
    outside: Outside
    tally: Tally
    mail: Mail
    product: Product
    events: dict[str, Tagging] = field(default_factory=dict)
    _invocations: int = 0

    # The push function.

    def wake(self) -> None:
        """Something is visible on the push queue."""
        self.stage.later(self.random.uniform(0, 0.5), self._push_function)

    def _push_function(self) -> None:
        batch = self.mail.receive(self.random.choice((1, 1, 1, 2, 3)))
        if batch:
            self._invoke("push", lambda: self._take(batch), lambda began: self._lose(batch, began))

    def _take(self, batch: list[tuple[str, Letter]]) -> None:
        inbox = self.product.inbox()
        results: list[tuple[str, bool]] = []
        for receipt, letter in batch:
            try:
                handled = inbox.take(Message(letter.body, letter.receives, receipt))
            except UnreadableError as error:
                self.outside.note(letter.what, f"is to be tried again: {error.unknown.detail}")
                results.append((receipt, False))
            else:
                if handled.buried is None:
                    self._handled(letter)
                results.append((receipt, True))
        if self.outside.faults.happens(self.outside.faults.weather.forgets):
            self.tally.add("faults", "answer to the queue lost")
            results = [(receipt, False) for receipt, _ in results]
        for receipt, ok in results:
            self.mail.finish(receipt, handled=ok)

    def _handled(self, letter: Letter) -> None:
        tagging = self.events.get(letter.what)
        if tagging is not None and tagging.handled is None:
            tagging.handled = self.stage.seconds
            # ECR may have taken it along with another of its tags a moment ago: it is owed, and cannot be judged.
            tagging.deleted |= tagging.digest not in self.world.images.digests(tagging.repository)

    def _lose(self, batch: list[tuple[str, Letter]], began: float) -> None:
        for receipt, _ in batch:
            self.mail.lose(receipt, began)

    # The reconcile function.

    def tick(self, until: float) -> None:
        """The schedule of the reconcile function, which goes on for as long as something happens."""
        if self.stage.seconds < until or self.mail.pending:
            self.read_and_sweep()
            self.stage.later(self.random.uniform(200, 400), lambda: self.tick(until))

    def read_and_sweep(self, *, certain: bool = False) -> None:
        """A run of the reconcile function: some sources are read, then what is due is seen to."""
        last = 0.0
        for source in SOURCES:
            if certain or self.random.random() < 0.7:
                last = max(last, self._read(source, denied=not certain and self.random.random() < 0.05))
        self.stage.later(last + 1.0, lambda: self._invoke("sweep", self._sweep, _nobody))

    def _read(self, source: str, *, denied: bool) -> float:
        """Begin a pass; how long it takes."""
        began, takes = self.stage.now(), self.random.choice((2, 60, 200)) * self.random.random()
        known = {**self.world.seen, **self.world.services}
        for arn in sorted(arn for arn, each in known.items() if each.source == source):
            self._see_later(arn, takes * self.random.random())
        unknowns = (Unknown(UnknownReason.ACCESS_DENIED, f"{source} is denied", source),) if denied else ()
        self.stage.later(takes, lambda: self.world.end_pass(source, began, self.stage.now(), unknowns))
        return takes

    def _see_later(self, arn: str, delay: float) -> None:
        self.stage.later(delay, lambda: self.world.look_at(arn, self.stage.seconds))

    def _sweep(self) -> None:
        sweep = self.product.sweep()
        try:
            sweep.run(sweep.guard.ledger.dues())
        except UnreadableError as error:
            self.outside.note("sweep", f"ends: {error.unknown.detail}")

    # The changes function.

    def changed(self, arn: str) -> None:
        """An event tells that a service has changed: the inventory looks, and what it names is judged."""
        self.world.look_at(arn, self.stage.seconds)
        if arn in self.world.services:
            self._judge_later(arn, Occasion(f"change-{self._invocations}", self.stage.now()), 0.0, TRIES)

    def _judge_later(self, arn: str, occasion: Occasion, delay: float, tries: int) -> None:
        def again(_: float) -> None:
            if tries > 1:
                self._judge_later(arn, occasion, 120.0, tries - 1)

        def judge() -> None:
            service = self.world.services.get(arn)
            if service is None:
                return
            try:
                self.product.deployed().check([service.workload()], occasion)
            except UnreadableError as error:
                self.outside.note("changes", f"are to be tried again: {error.unknown.detail}")
                again(0.0)

        self.stage.later(delay, lambda: self._invoke("changes", judge, again))

    # Commands.

    def rehearse(self) -> None:
        """Ask what would be done about some image; nothing may change by it."""
        tagging = self._some()
        if tagging is None:
            return
        push = Push(
            Arrival.PUSHED,
            REGISTRY,
            tagging.repository,
            tagging.digest,
            tagging.tag,
            "rehearsal",
            self.stage.now(),
        )
        self._invoke("dry", lambda: self._prepare(push), _nobody)

    def _prepare(self, push: Push) -> None:
        try:
            self.product.guard().prepare(push)
        except UnreadableError as error:
            self.outside.note("dry", f"ends: {error.unknown.detail}")

    def release(self) -> None:
        """A person gives an image free, by its tag and digest or by its digest alone."""
        tagging = self._some()
        if tagging is None:
            return
        tags = (tagging.tag,) if self.random.random() < 0.7 else ()
        self._command(
            f"release {tagging}",
            lambda: self.product.releaser().release(tagging.repository, tagging.digest, tags, "it is meant so").again,
        )

    def restore(self) -> None:
        """A person puts a tag on its last good image."""
        tagging = self._some()
        if tagging is not None:
            self._command(
                f"restore {tagging.repository}:{tagging.tag}",
                lambda: self.product.restorer().restore(tagging.repository, tagging.tag, "roll back").again,
            )

    def _command(self, what: str, run: Callable[[], bool], tries: int = TRIES) -> None:
        def again(_: float) -> None:
            if tries > 1:
                self.stage.later(400.0, lambda: self._command(what, run, tries - 1))

        def work() -> None:
            self.outside.note("people", what)
            try:
                if run():
                    again(0.0)
            except UnreadableError as error:
                self.outside.note("people", f"see an error: {error.unknown.detail}")
                again(0.0)

        self._invoke("person", work, again)

    def _some(self) -> Tagging | None:
        taggings = [each for each in self.world.taggings if not each.tag.startswith(PREFIX)]
        return self.random.choice(taggings) if taggings else None

    def _invoke(self, name: str, work: Callable[[], None], gone: Callable[[float], None]) -> None:
        self._invocations += 1
        actor = Actor(f"{name}-{self._invocations}", work, lambda: gone(actor.began))
        actor.dry, actor.person = name == "dry", name == "person"
        self.tally.add("events", f"{name} invocation")
        self.stage.later(RUNS, lambda: self._time_out(actor))
        self.stage.begin(actor)

    def _time_out(self, actor: Actor) -> None:
        if actor in self.stage.running and not actor.dead:
            actor.dead = True
            self.tally.add("faults", "timeout")
            self.outside.note(actor.name, "is out of time")


def _nobody(began: float) -> None:
    """Nobody minds the end of a process: the schedule, or a person, comes again."""
    del began
