"""The same world, product and invariants, driven by hypothesis: what fails is made as small as it can be."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from tests.simulation.faults import PARTS, Outage, Weather
from tests.simulation.history import History
from tests.simulation.people import TAGS
from tests.simulation.pool import AMD64, ARM64, BOTH, IMAGES
from tests.simulation.world import SOURCES, Governed

from ecrguard.domain.action import Action
from ecrguard.domain.image import UnknownReason
from ecrguard.domain.policy import LinkedMode

if TYPE_CHECKING:
    from tests.simulation.pool import Built

REPOSITORY = "team/0"


class Simulated(RuleBasedStateMachine):
    """One repository, and whatever may happen to it."""

    history: History
    _broken = False

    @initialize(
        demand=st.sampled_from((frozenset({AMD64}), frozenset({ARM64}), BOTH, frozenset[str]())),
        linked=st.sampled_from(LinkedMode),
        asked=st.sampled_from((Action.DELETE, Action.ARCHIVE, Action.QUARANTINE, Action.TAG)),
        pair=st.booleans(),
        immutable=st.booleans(),
        seed=st.integers(0, 3),
    )
    def begin(
        self, demand: frozenset[str], linked: LinkedMode, asked: Action, seed: int, *, pair: bool, immutable: bool
    ) -> None:
        random = Random(seed)  # noqa: S311 - delays of a simulation
        self.history = History(random, level=Action.DELETE, pair_takes_image=pair)
        self.history.govern(Governed(REPOSITORY, demand, linked, asked, immutable=immutable))
        for source in SOURCES:
            self.history.world.end_pass(source, self.history.stage.now(), self.history.stage.now())

    @rule(tag=st.sampled_from(TAGS[:2]), built=st.sampled_from(IMAGES))
    def push(self, tag: str, built: Built) -> None:
        self.history.people.push(REPOSITORY, tag, built)

    @rule(tag=st.sampled_from(TAGS[:2]))
    def deploy(self, tag: str) -> None:
        self.history.people.deploy(REPOSITORY, tag)

    @rule()
    def untag(self) -> None:
        self.history.people.untag()

    @rule()
    def clear_up(self) -> None:
        self.history.people.clear_up()

    @rule(seconds=st.sampled_from((0.1, 0.5, 2.0, 10.0, 60.0, 800.0)))
    def wait(self, seconds: float) -> None:
        self._run(seconds)

    @rule()
    def read_and_sweep(self) -> None:
        self.history.functions.read_and_sweep(certain=True)

    @precondition(lambda self: self.history.stage.running)
    @rule(which=st.integers(0, 3))
    def end_a_process(self, which: int) -> None:
        running = self.history.stage.running
        running[which % len(running)].dead = True

    @rule(
        part=st.sampled_from(PARTS),
        seconds=st.sampled_from((0.3, 3.0, 300.0)),
        reason=st.sampled_from((UnknownReason.THROTTLED, UnknownReason.UNAVAILABLE, UnknownReason.ACCESS_DENIED)),
    )
    def fail(self, part: str, seconds: float, reason: UnknownReason) -> None:
        now = self.history.stage.seconds
        self.history.outside.faults.weather = Weather(outages=(Outage(part, now, now + seconds, reason),))

    def _run(self, seconds: float) -> None:
        stage = self.history.stage
        until = stage.seconds + seconds
        try:
            stage.run(until)
        except BaseException:
            self._broken = True
            raise
        stage.seconds = max(stage.seconds, until)

    def teardown(self) -> None:
        if not hasattr(self, "history"):
            return
        if self._broken:
            self.history.stage.dismiss()
        else:
            self.history.stage.run()
            self.history.settle()


TestSimulated = Simulated.TestCase
TestSimulated.settings = settings(
    max_examples=300,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
