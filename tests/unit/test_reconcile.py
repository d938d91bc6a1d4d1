"""Passes: what they find, what they drop and when, and where they go on."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.inventory import FakeInventory
from tests.fakes.source import FakeSource
from tests.inventories import ARM64, Clock, arn, contents, elsewhere, service, truth

from ecrguard.deadline import Deadline
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.inventory import Pass, SourceState
from ecrguard.errors import AbsentError, UnreadableError
from ecrguard.ports import Replacement
from ecrguard.reconcile import MOST_STALLS, SECONDS_FOR_A_PAGE, Reconciler, Run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ecrguard.domain.workload import Workload

PERIOD = timedelta(hours=1)


def error(reason: UnknownReason) -> UnreadableError:
    return UnreadableError(Unknown(reason, f"as arranged: {reason}", "ecs"))


@dataclass
class Reconciling:
    source: FakeSource = field(default_factory=FakeSource)
    inventory: FakeInventory = field(default_factory=FakeInventory)
    clock: Clock = field(default_factory=Clock)
    seconds_left: float = 1000
    judged: list[str] = field(default_factory=list)
    others: dict[str, FakeSource] = field(default_factory=dict)
    unjudgeable: set[str] = field(default_factory=set)

    def run(self, owner: str = "me") -> Run:
        sources: dict[str, Callable[[], Any]] = {"ecs": lambda: self.source}
        sources |= {name: partial(self.others.__getitem__, name) for name in self.others}
        deadline = Deadline(lambda: self.seconds_left)
        reconciler = Reconciler(self.inventory, sources, self._judge, deadline, PERIOD, self.clock)
        return reconciler.run(owner, self.clock() + timedelta(minutes=5))

    def _judge(self, running: Pass, workloads: Sequence[Workload]) -> None:
        assert running.source == "ecs"
        if workloads[0].name in self.unjudgeable:
            raise error(UnknownReason.THROTTLED)
        self.judged += [f"{each.name} {each.reference.tag} {each.hosts[0]}" for each in workloads]

    def state(self, source: str = "ecs") -> SourceState:
        return self.inventory.states().get(source, SourceState(source))

    def later(self, by: timedelta = PERIOD) -> None:
        self.clock.time += by


@pytest.fixture
def pass_() -> Reconciling:
    return Reconciling()


def test_a_pass_finds_everything(pass_: Reconciling) -> None:
    pass_.source.put(*(service(name) for name in "abcde"), elsewhere("f"))

    run = pass_.run()

    assert contents(pass_.inventory) == truth(pass_.source.workloads)
    assert (run.pages, run.replaced, run.removed, run.failures) == ({"ecs": 3}, {"ecs": 5}, {"ecs": 0}, {})
    assert pass_.state().complete is not None


def test_a_pass_reads_no_more_than_its_pages(pass_: Reconciling) -> None:
    pass_.source.put(*(service(name) for name in "abcde"))
    pass_.run()
    assert pass_.source.calls == ["page", "read"] * 3
    pass_.source.tells, pass_.source.calls = True, []
    pass_.later()
    pass_.run()
    assert pass_.source.calls == ["page"] * 3


def test_what_has_not_changed_is_not_written_again(pass_: Reconciling) -> None:
    pass_.source.put(*(service(name) for name in "abcd"))
    pass_.run()
    pass_.later()
    pass_.source.put(service("b", "team/app:2"))

    run = pass_.run()

    assert run.replaced == {"ecs": 1}
    assert contents(pass_.inventory) == truth(pass_.source.workloads)


def test_what_has_gone_is_dropped_after_a_complete_pass(pass_: Reconciling) -> None:
    pass_.source.put(*(service(name) for name in "abcde"))
    pass_.run()
    del pass_.source.workloads[arn("a")], pass_.source.workloads[arn("e")]
    pass_.later()

    run = pass_.run()

    assert run.removed == {"ecs": 2}
    assert contents(pass_.inventory) == truth(pass_.source.workloads)


@pytest.mark.parametrize("part", ["listing", "workload"])
def test_nothing_is_dropped_where_a_part_could_not_be_read(pass_: Reconciling, part: str) -> None:
    pass_.source.put(*(service(name) for name in "abc"))
    pass_.run()
    complete = pass_.state().complete
    denied = Unknown(UnknownReason.ACCESS_DENIED, "ecs:DescribeServices was denied", arn("b"))
    if part == "listing":
        pass_.source.unlisted = (denied,)
    else:
        pass_.source.denied[arn("b")] = denied
    del pass_.source.workloads[arn("a")]
    pass_.later()

    run = pass_.run()

    assert set(contents(pass_.inventory)) == {arn("a"), arn("b"), arn("c")}
    assert "ecs" not in run.removed
    assert pass_.state().unknowns == (denied,)
    assert pass_.state().complete == complete


def test_a_source_that_is_denied_says_so_and_keeps_what_it_has(pass_: Reconciling) -> None:
    pass_.source.put(service("a"))
    pass_.run()
    pass_.later()
    denied = error(UnknownReason.ACCESS_DENIED)
    pass_.source.before = lambda *_: _raise(denied)

    run = pass_.run()

    assert run.failures == {"ecs": denied.unknown}
    assert pass_.state().unknowns == (denied.unknown,)
    assert pass_.state().running is None
    assert set(contents(pass_.inventory)) == {arn("a")}


def test_a_source_that_cannot_be_there_is_no_failure(pass_: Reconciling) -> None:
    pass_.source.before = lambda *_: _raise(AbsentError("apprunner is not in this Region"))

    run = pass_.run()

    assert run.failures == {}
    assert pass_.state().absent == "apprunner is not in this Region"
    assert not pass_.state().due(pass_.clock(), PERIOD)


@pytest.mark.parametrize("call", ["page", "read"])
@pytest.mark.parametrize("reason", [UnknownReason.THROTTLED, UnknownReason.UNAVAILABLE])
def test_a_source_that_throttles_is_gone_on_with_at_the_page_that_failed(
    pass_: Reconciling, reason: UnknownReason, call: str
) -> None:
    pass_.source.put(*(service(name) for name in "abcde"))
    pass_.source.before = _fails(error(reason), call, arn("c"))

    first = pass_.run()
    pass_.source.before = lambda *_: None
    pass_.source.calls = []
    pass_.run()

    assert first.failures["ecs"].reason is reason
    assert pass_.source.calls == ["page", "read"] * 2
    assert contents(pass_.inventory) == truth(pass_.source.workloads)
    assert pass_.state().complete is not None


def test_a_source_that_fails_silences_no_other(pass_: Reconciling) -> None:
    pass_.others["apprunner"] = FakeSource({arn("x"): service("x")})
    pass_.source.before = lambda *_: _raise(error(UnknownReason.THROTTLED))

    pass_.run()

    assert pass_.state("apprunner").complete is not None
    assert pass_.state().complete is None


def test_a_run_stops_while_there_is_time_and_the_next_goes_on(pass_: Reconciling) -> None:
    pass_.source.put(*(service(name) for name in "abcde"))

    def tire(name: str, _: object) -> None:
        pass_.seconds_left = SECONDS_FOR_A_PAGE - 1 if name == "read" else 1000

    pass_.source.before = tire
    runs = 0
    while pass_.state().complete is None:
        pass_.seconds_left = 1000
        run = pass_.run()
        assert run.pages == {"ecs": 1}
        assert run.failures == {}
        runs += 1

    assert runs == 3
    assert pass_.source.calls == ["page", "read"] * 3
    assert contents(pass_.inventory) == truth(pass_.source.workloads)


def test_a_page_that_never_works_has_its_pass_begun_anew_and_that_is_said(pass_: Reconciling) -> None:
    pass_.source.put(*(service(name) for name in "abcde"))
    expired = error(UnknownReason.UNAVAILABLE)
    pass_.source.before = _fails(expired, "page", arn("c"))
    for _ in range(MOST_STALLS):
        pass_.run()
    assert pass_.state().unknowns == ()

    pass_.source.before = lambda *_: None
    pass_.source.calls = []
    pass_.others = {}
    pass_.run()

    assert pass_.source.calls == ["page", "read"] * 3
    assert pass_.state().complete is not None
    assert pass_.state().unknowns == ()


def test_a_pass_that_is_begun_anew_is_unknown_until_it_is_complete(pass_: Reconciling) -> None:
    pass_.source.before = lambda *_: _raise(error(UnknownReason.UNAVAILABLE))
    for _ in range(MOST_STALLS + 1):
        pass_.run()

    (unknown,) = pass_.state().unknowns
    assert unknown.reason is UnknownReason.UNAVAILABLE
    assert "did not get beyond its page 1 in 3 tries" in unknown.detail


def test_a_pass_is_due_again_after_its_period(pass_: Reconciling) -> None:
    pass_.run()
    pass_.source.calls = []
    pass_.later(PERIOD - timedelta(minutes=1))
    pass_.run()
    assert pass_.source.calls == []
    pass_.later(timedelta(minutes=1))
    pass_.run()
    assert pass_.source.calls == ["page"]


def test_a_pass_of_which_something_was_denied_is_due_again_sooner(pass_: Reconciling) -> None:
    pass_.source.unlisted = (Unknown(UnknownReason.ACCESS_DENIED, "ecs:ListServices was denied", "prod"),)
    pass_.run()
    pass_.source.unlisted, pass_.source.calls = (), []
    pass_.later(timedelta(minutes=14))
    pass_.run()
    assert pass_.source.calls == []
    pass_.later(timedelta(minutes=1))
    pass_.run()
    assert pass_.source.calls == ["page"]
    assert pass_.state().unknowns == ()


def test_one_run_at_a_time(pass_: Reconciling) -> None:
    def interfere(*_: object) -> None:
        pass_.source.before = lambda *_: None
        assert pass_.run("another").held

    pass_.source.before = interfere
    run = pass_.run()

    assert not run.held
    assert pass_.source.calls == ["page"]


def test_a_run_whose_lease_ran_out_leaves_the_pass_to_the_next(pass_: Reconciling) -> None:
    pass_.source.put(*(service(name) for name in "abcde"))

    def overtaken(name: str, _: object) -> None:
        if name == "read":
            pass_.source.before = lambda *_: None
            pass_.later(timedelta(minutes=6))
            assert not pass_.run("another").held

    pass_.source.before = overtaken
    pass_.run()

    assert contents(pass_.inventory) == truth(pass_.source.workloads)
    assert pass_.state().running is None
    assert pass_.source.calls == ["page", *["page", "read"] * 3, "read"]


def test_a_run_that_ends_in_an_error_gives_the_lease_back(pass_: Reconciling) -> None:
    pass_.source.before = lambda *_: _raise(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        pass_.run()
    pass_.source.before = lambda *_: None

    assert not pass_.run("another").held


def test_what_was_observed_since_the_pass_began_is_not_dropped_by_it(pass_: Reconciling) -> None:
    pass_.source.put(*(service(name) for name in "cde"))

    def create(name: str, asked: object) -> None:
        # Created behind the page that is being read, and seen by its event.
        if name == "read" and arn("d") in str(asked):
            created = service("a")
            pass_.inventory.replace("ecs", [Replacement(created, pass_.clock(), None)])
            pass_.source.put(created)

    pass_.source.before = create
    pass_.run()

    assert contents(pass_.inventory) == truth(pass_.source.workloads)


def test_what_there_is_at_the_first_pass_has_not_changed(pass_: Reconciling) -> None:
    pass_.source.put(service("a"), service("b"))
    pass_.run()
    assert pass_.judged == []


@pytest.mark.parametrize(
    ("then", "judged"),
    [
        pytest.param(service("a", "team/app:2"), ["prod/a 2 linux/amd64"], id="another tag"),
        pytest.param(service("a", host=ARM64), ["prod/a 1 linux/arm64"], id="another platform"),
        pytest.param(service("a", definition="web:2"), [], id="another revision of the same"),
        pytest.param(service("new"), ["prod/new 1 linux/amd64"], id="a new workload"),
        pytest.param(elsewhere("a"), [], id="another registry"),
    ],
)
def test_what_has_come_to_run_something_else_is_judged(pass_: Reconciling, then: Any, judged: list[str]) -> None:
    pass_.source.put(service("a"))
    pass_.run()
    pass_.later()
    pass_.source.put(then)

    pass_.run()
    pass_.later()
    pass_.run()

    assert pass_.judged == judged


def test_what_could_not_be_judged_keeps_nothing_from_being_known_and_is_judged_by_the_next_pass(
    pass_: Reconciling,
) -> None:
    pass_.source.put(service("a"), service("b"))
    pass_.run()
    pass_.later()
    pass_.source.put(service("a", "team/app:2"), service("b", "team/app:2"))
    pass_.unjudgeable = {"prod/a"}

    run = pass_.run()

    assert [unknown.reason for unknown in run.unjudged] == [UnknownReason.THROTTLED]
    assert contents(pass_.inventory) == truth(pass_.source.workloads)
    assert pass_.state().unknowns == ()
    assert pass_.judged == ["prod/b 2 linux/amd64"]
    pass_.unjudgeable = set()
    for _ in range(2):
        pass_.later()
        pass_.run()
    assert pass_.judged == ["prod/b 2 linux/amd64", "prod/a 2 linux/amd64"]


@pytest.mark.parametrize("ends", [ZeroDivisionError, KeyboardInterrupt])
def test_a_source_that_ends_every_run_keeps_no_other_from_its_turn_and_is_begun_anew(
    pass_: Reconciling, ends: type[BaseException]
) -> None:
    pass_.others = {"tasks": FakeSource(), "lambda": FakeSource()}
    pass_.source.before = lambda *_: _raise(ends())
    for _ in range(MOST_STALLS + 3):
        with suppress(ends):
            pass_.run()
        pass_.later(timedelta(minutes=6))

    assert pass_.state("tasks").complete is not None
    assert pass_.state("lambda").complete is not None
    assert "did not get beyond its page 1 in 3 tries" in pass_.state().unknowns[0].detail


def test_a_source_of_many_pages_keeps_no_other_from_its_turn(pass_: Reconciling) -> None:
    pass_.source.put(*(service(name) for name in "abcdefgh"))
    pass_.others = {"tasks": FakeSource()}

    def tire(name: str, _: object) -> None:
        pass_.seconds_left = SECONDS_FOR_A_PAGE - 1 if name == "read" else 1000

    pass_.source.before = tire
    for _ in range(2):
        pass_.seconds_left = 1000
        pass_.run()

    assert pass_.state("tasks").complete is not None
    assert pass_.state().running is not None


def test_what_a_late_listing_left_out_is_looked_at_before_it_is_dropped(pass_: Reconciling) -> None:
    pass_.source.put(*(service(name) for name in "abc"))
    pass_.run()
    pass_.later()
    del pass_.source.workloads[arn("c")]
    listed = service("c", "team/app:2")

    def put_back(name: str, asked: object) -> None:
        if name == "read" and arn("a") in str(asked):
            # It was there all the time, and the listing did not say so.
            pass_.source.put(listed)

    pass_.source.size = 3
    pass_.source.before = put_back
    run = pass_.run()

    assert run.removed == {"ecs": 0}
    assert contents(pass_.inventory) == truth(pass_.source.workloads)
    assert pass_.judged == ["prod/c 2 linux/amd64"]


def test_a_source_that_has_been_there_is_not_taken_to_be_absent(pass_: Reconciling) -> None:
    pass_.source.put(service("a"))
    pass_.run()
    pass_.later()
    pass_.source.before = lambda *_: _raise(AbsentError("apprunner is not in this Region"))

    pass_.run()

    assert pass_.state().absent == ""
    (unknown,) = pass_.state().unknowns
    assert unknown.reason is UnknownReason.UNAVAILABLE
    assert set(contents(pass_.inventory)) == {arn("a")}


def test_a_source_that_is_switched_off_leaves_nothing_behind(pass_: Reconciling) -> None:
    pass_.others["tasks"] = FakeSource({arn("t"): service("t")})
    pass_.run()
    assert set(contents(pass_.inventory, "tasks")) == {arn("t")}
    pass_.others = {}

    pass_.run()

    assert contents(pass_.inventory, "tasks") == {}
    assert "tasks" not in pass_.inventory.states()


def _fails(error: BaseException, call: str, part: str) -> Callable[[str, object], None]:
    """What fails one call of a source, where this is a part of what it is asked."""

    def fail(name: str, asked: object) -> None:
        if name == call and part in str(asked):
            raise error

    return fail


def _raise(error: BaseException) -> None:
    raise error
