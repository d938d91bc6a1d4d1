"""The simulator sees what a product would do wrong: each of these is the product with one thing of it broken."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import pytest
from tests.simulation.history import play
from tests.simulation.product import Product
from tests.simulation.tally import Tally

from ecrguard.enforcer import Enforcer
from ecrguard.guard import Guard
from ecrguard.ports import LinkedWorkloads
from ecrguard.recovery import Recovery
from ecrguard.situations import Situations

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from ecrguard.domain.action import Action
    from ecrguard.domain.ledger import Record
    from ecrguard.domain.plan import MoveTag, RemoveTag
    from ecrguard.domain.push import Push
    from ecrguard.domain.safety import Situation
    from ecrguard.domain.workload import Workload
    from ecrguard.guard import Prepared
    from ecrguard.judging import Case
    from ecrguard.observe import Observation
    from ecrguard.ports import Held, Ledger
    from ecrguard.sweep import Sweep

MOST = 400
"""Histories until which it must have been seen."""


class _NoUse(Situations):
    """Asks nobody whether the image is used."""

    def before(self, action: Action, case: Case, observation: Observation, record: Record) -> Situation:
        return replace(super().before(action, case, observation, record), users=())

    def later(self, case: Case, observation: Observation) -> Situation:
        return replace(super().later(case, observation), users=())


class _NoOtherTags(Situations):
    """Does not mind whether the image has other tags."""

    def before(self, action: Action, case: Case, observation: Observation, record: Record) -> Situation:
        found = super().before(action, case, observation, record)
        return replace(found, tags=(case.push.tag,))


class _AsKnown:
    """Believes the inventory instead of reading workloads again."""

    def again(self, workloads: Sequence[Workload]) -> LinkedWorkloads:
        return LinkedWorkloads(tuple(workloads))


class _NoLook(Enforcer):
    """Moves the tag wherever it stands by now."""

    def _stands(self, standing: str, step: MoveTag | RemoveTag) -> None:
        del standing, step


class _NoPutBack(Recovery):
    """Does not put back what ECR took along."""

    def put_back(self, *_: object, **__: object) -> None:
        """Leave it gone."""


class _WetRehearsal(Guard):
    """Does what it was only to say."""

    def prepare(self, push: Push) -> tuple[Prepared, ...]:
        self.check(push, last_try=True)
        return ()


@dataclass(frozen=True)
class _Careless:
    """A ledger that anybody may hold at any time, or that allows any number of acts."""

    ledger: Ledger
    shares: bool = False
    spends: bool = False

    def __getattr__(self, name: str) -> object:
        return getattr(self.ledger, name)

    def hold(self, repository: str, subject: str, owner: str, now: datetime, until: datetime) -> Held:
        if self.shares:
            owner = "everybody"
        return self.ledger.hold(repository, subject, owner, now, until)

    def acts_left(self, now: datetime) -> int:
        return 99 if self.spends else self.ledger.acts_left(now)

    def spend(self, now: datetime) -> bool:
        return True if self.spends else self.ledger.spend(now)


def _as[T](kind: type[T], whole: T) -> T:
    """The same parts in another kind of thing."""
    return kind(**{each.name: getattr(whole, each.name) for each in fields(whole)})  # type: ignore[arg-type]  # both are dataclasses


def _with_situations(kind: type[Situations]) -> Callable[[Guard], Guard]:
    def break_it(guard: Guard) -> Guard:
        return replace(guard, situations=_as(kind, guard.situations))

    return break_it


def _with_enforcer(kind: type[Enforcer]) -> Callable[[Guard], Guard]:
    def break_it(guard: Guard) -> Guard:
        return replace(guard, enforcer=_as(kind, guard.enforcer))

    return break_it


def _with_ledger(*, shares: bool = False, spends: bool = False) -> Callable[[Guard], Guard]:
    def break_it(guard: Guard) -> Guard:
        ledger: object = _Careless(guard.ledger, shares, spends)
        careless: Ledger = ledger  # type: ignore[assignment]  # what it has not itself it asks of the real one
        return replace(
            guard,
            ledger=careless,
            situations=replace(guard.situations, ledger=careless),
            enforcer=replace(guard.enforcer, ledger=careless),
            good_tags=replace(guard.good_tags, ledger=careless),
            recovery=replace(guard.recovery, ledger=careless),
        )

    return break_it


def _as_known(guard: Guard) -> Guard:
    return replace(guard, situations=replace(guard.situations, live=_AsKnown()))


def _rehearses_wet(guard: Guard) -> Guard:
    return _as(_WetRehearsal, guard)


def _never_puts_back(guard: Guard) -> Guard:
    recovery = _as(_NoPutBack, guard.recovery)
    enforcer, good_tags = replace(guard.enforcer, recovery=recovery), replace(guard.good_tags, recovery=recovery)
    return replace(guard, recovery=recovery, enforcer=enforcer, good_tags=good_tags)


class _Impatient(Product):
    """Does not wait until all workloads have been read."""

    def sweep(self) -> Sweep:
        return replace(super().sweep(), read_since=self.outside.stage.now)


def _broken(break_it: Callable[[Guard], Guard]) -> type[Product]:
    class Broken(Product):
        def guard(self) -> Guard:
            return break_it(super().guard())

    return Broken


@pytest.mark.parametrize(
    ("make", "words"),
    [
        pytest.param(_broken(_with_situations(_NoUse)), "uses and is able to run", id="no look at the use"),
        pytest.param(_broken(_with_situations(_NoOtherTags)), "is marked, though", id="no look at other tags"),
        pytest.param(_broken(_as_known), "reading it again would have told", id="no live reading"),
        pytest.param(_broken(_with_enforcer(_NoLook)), "nothing ever spoke against", id="no look before the move"),
        pytest.param(_broken(_never_puts_back), "which ECR took with its tag, is gone", id="no putting back"),
        pytest.param(_broken(_with_ledger(shares=True)), "published before", id="no hold"),
        pytest.param(_broken(_with_ledger(spends=True)), "in an hour that may have", id="no cap"),
        pytest.param(_broken(_rehearses_wet), "a dry run called", id="a dry run that is none"),
        pytest.param(_Impatient, "before the tag was taken", id="no waiting for a reading"),
    ],
)
def test_the_simulator_sees(make: type[Product], words: str) -> None:
    seen = Tally()
    for number in range(MOST):
        seen.merge(play(1, number, make, harsh=True))
        if any(words in violation.partition("\n")[0] for violation in seen.violations):
            return
    pytest.fail(f"not seen in {MOST} histories; of other violations there were {len(seen.violations)}")
