"""Whatever is asked of the ledger, in whatever order, the table and its twin in memory answer the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.contract.inventory_world import TABLE
from tests.contract.ledger_world import CAP, REPO, SUBJECT, TAG, act, at, digest, due, entry, good, ledger_on, told
from tests.fakes.ledger import FakeLedger

from ecrguard.domain.ledger import Release
from ecrguard.errors import LostHoldError, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ecrguard.ports.ledger import Held, Ledger

# Few of each, so that they meet.
minutes = st.integers(0, 4)
names = st.sampled_from("abc")
acts = st.builds(
    act, names, st.sampled_from(["", "a", "b", "c"]), minutes, ended=st.none() | minutes, manifest=st.text(max_size=5)
)
tolds = st.builds(told, minutes, st.text(max_size=5)).map(lambda each: (each,))
TABLES = count()


@dataclass
class Side:
    """A ledger, and what was taken of it."""

    ledger: Ledger
    helds: list[Held] = field(default_factory=list)

    def hold(self, owner: str, now: int, until: int) -> Held:
        self.helds.append(self.ledger.hold(REPO, SUBJECT, owner, at(now), at(until)))
        return self.helds[-1]

    def held(self, number: int) -> Held:
        """Something that was taken at some time, by now lost perhaps."""
        if not self.helds:
            self.hold("first", 0, 0)
        return self.helds[number % len(self.helds)]


type Step = Callable[[Side], object]


def steps() -> st.SearchStrategy[Step]:
    """Anything that can be asked."""
    numbers = st.integers(0, 9)
    words = st.builds(Release, names, names, minutes.map(at))
    found: list[st.SearchStrategy[Step]] = [
        st.just(lambda side: side.ledger.look(REPO, SUBJECT)),
        st.builds(
            lambda owner, now, more: lambda side: side.hold(owner, now, now + more), names, minutes, st.integers(-1, 2)
        ),
        st.builds(lambda number, a: lambda side: side.ledger.begin(side.held(number), a), numbers, st.none() | acts),
        st.builds(
            lambda number, t, o, a: lambda side: side.ledger.settle(side.held(number), told=t, open_=o, act=a),
            numbers,
            tolds,
            st.booleans(),
            st.none() | acts,
        ),
        st.builds(lambda number: lambda side: side.ledger.let_go(side.held(number)), numbers),
        st.builds(lambda name, m: lambda side: side.ledger.passed(REPO, TAG, good(name, m)), names, minutes),
        st.builds(lambda name, m: lambda side: side.ledger.regained(REPO, TAG, good(name, m)), names, minutes),
        st.builds(lambda m, what: lambda side: side.ledger.note(REPO, SUBJECT, entry(m, what)), minutes, names),
        st.just(lambda side: side.ledger.history(REPO, SUBJECT)),
        st.builds(lambda name: lambda side: side.ledger.released(REPO, digest(name)), names),
        st.builds(lambda name, word: lambda side: side.ledger.release(REPO, digest(name), word), names, words),
        st.builds(lambda hour: lambda side: side.ledger.acts_left(at(60 * hour)), minutes),
        st.builds(lambda hour: lambda side: side.ledger.spend(at(60 * hour)), st.integers(0, 1)),
        st.builds(lambda name, m: lambda side: side.ledger.owe(due(name, m)), names, minutes),
        st.just(lambda side: side.ledger.dues()),
        st.builds(lambda name, m: lambda side: side.ledger.paid(due(name, m)), names, minutes),
    ]
    return st.one_of(found)


def answer(side: Side, step: Step) -> object:
    try:
        return step(side)
    except LostHoldError:
        return LostHoldError
    except UnreadableError as error:
        return error.unknown.reason


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=st.lists(steps(), min_size=10, max_size=40))
def test_the_table_and_its_twin_answer_the_same(dynamodb: Any, asked: list[Step]) -> None:
    name = f"ledger-{next(TABLES)}"
    dynamodb.create_table(TableName=name, **TABLE)
    real, fake = Side(ledger_on(lambda: dynamodb, name)), Side(FakeLedger(cap=CAP))

    for step in asked:
        assert answer(real, step) == answer(fake, step)

    for hour in range(2):
        assert real.ledger.acts_left(at(60 * hour)) == fake.ledger.acts_left(at(60 * hour))
    for read in ("look", "history"):
        assert getattr(real.ledger, read)(REPO, SUBJECT) == getattr(fake.ledger, read)(REPO, SUBJECT)
    assert real.ledger.dues() == fake.ledger.dues()
