"""Events of change: what is read of them, what is judged, and that all orders end in the same inventory."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes.dead_letters import FakeDeadLetters
from tests.fakes.inventory import FakeInventory
from tests.fakes.queue import FakeQueue
from tests.fakes.source import FakeSource
from tests.inventories import ARM64, REGISTRY, Clock, arn, contents, elsewhere, service, truth

from ecrguard.changes import MOST_FOLLOWERS, SECONDS_FOR_A_CHANGE, Changes, Taken
from ecrguard.deadline import Deadline
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.inventory import Sighting
from ecrguard.errors import AbsentError, UnreadableError
from ecrguard.inbox import FOREIGN_REGISTRY, MALFORMED_EVENT
from ecrguard.ports import Message, Replacement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ecrguard.deployed import Occasion
    from ecrguard.domain.workload import Workload

MAX_RECEIVES = 5


def event(service_arn: str, number: int = 0, **more: Any) -> str:
    return json.dumps(
        {
            "source": "aws.ecs",
            "detail-type": "ECS Deployment State Change",
            "account": "123456789012",
            "region": "eu-west-1",
            "id": f"event {number}",
            "time": "2026-11-24T12:00:00Z",
            "resources": [service_arn],
            "detail": {"eventName": "SERVICE_DEPLOYMENT_COMPLETED"},
        }
        | more
    )


def registered(family: str) -> str:
    definition = f"arn:aws:ecs:eu-west-1:123456789012:task-definition/{family}:7"
    detail = {
        "eventSource": "ecs.amazonaws.com",
        "eventName": "RegisterTaskDefinition",
        "responseElements": {"taskDefinition": {"taskDefinitionArn": definition}},
    }
    more: dict[str, Any] = {"detail-type": "AWS API Call via CloudTrail", "detail": detail, "resources": []}
    return event("", **more)


@dataclass
class Batch:
    """What became of some messages: of those that were handled, and why of those that are to be tried again."""

    taken: list[Taken] = field(default_factory=list)
    failed: dict[str, Unknown] = field(default_factory=dict)

    @property
    def looked_at(self) -> list[str]:
        return [arn for each in self.taken for arn in each.looked_at]

    @property
    def denied(self) -> list[Unknown]:
        return [unknown for each in self.taken for unknown in each.denied]

    @property
    def buried(self) -> list[tuple[str, str]]:
        return [each.buried for each in self.taken if each.buried is not None]


@dataclass
class Changing:
    source: FakeSource = field(default_factory=FakeSource)
    inventory: FakeInventory = field(default_factory=FakeInventory)
    clock: Clock = field(default_factory=Clock)
    judged: list[str] = field(default_factory=list)
    fails: UnreadableError | None = None
    dead_letters: FakeDeadLetters = field(default_factory=FakeDeadLetters)
    queue: FakeQueue = field(default_factory=FakeQueue)
    name: str = "ecs"

    deadline: Deadline = field(default_factory=Deadline)

    def take(self, *bodies: str, receives: int = 1) -> Batch:
        changes = Changes(
            self.inventory,
            REGISTRY,
            {self.name: lambda: self.source},
            self._judge,
            self.dead_letters,
            self.queue,
            self.deadline,
            self.clock,
            MAX_RECEIVES,
        )
        changes.begin()
        batch = Batch()
        for index, body in enumerate(bodies):
            try:
                batch.taken.append(changes.take(Message(body, receives, f"receipt {index}")))
            except UnreadableError as error:
                batch.failed[f"receipt {index}"] = error.unknown
        return batch

    def has_been_read(self) -> None:
        """A pass of the source has ended: from now on what it has may have changed."""
        running = self.inventory.begin(self.name, self.clock())
        self.inventory.end(running, self.clock())

    def _judge(self, workloads: Sequence[Workload], occasion: Occasion) -> None:
        if self.fails is not None:
            raise self.fails
        self.judged += [f"{each.name} {each.reference.tag} {each.hosts[0]}: {occasion.id}" for each in workloads]


@pytest.fixture
def changing() -> Changing:
    made = Changing()
    made.has_been_read()
    return made


def unreadable(reason: UnknownReason) -> UnreadableError:
    return UnreadableError(Unknown(reason, "as arranged", "ecs"))


def test_a_workload_is_looked_at_again_and_known_as_it_is_now(changing: Changing) -> None:
    changing.source.put(service("a", "team/app:1"))
    changing.take(event(arn("a")))
    assert contents(changing.inventory) == truth(changing.source.workloads)

    changing.source.put(service("a", "team/web:2", ARM64))
    changing.take(event(arn("a")))
    assert contents(changing.inventory) == truth(changing.source.workloads)

    changing.source.workloads.clear()
    changing.take(event(arn("a")))
    assert contents(changing.inventory) == {}


def test_workloads_of_a_batch_are_read_each_once(changing: Changing) -> None:
    changing.source.put(*(service(name) for name in "abc"))

    assert changing.take(*(event(arn(name)) for name in "abcab")).looked_at == [arn("a"), arn("b"), arn("c")]
    assert changing.take(event(arn("a"))).looked_at == [arn("a")]


def test_what_comes_to_run_something_else_is_judged_once(changing: Changing) -> None:
    changing.source.put(service("a", "team/app:1"))
    changing.take(event(arn("a"), 1))
    changing.take(event(arn("a"), 2))
    changing.source.put(service("a", "team/app:1", ARM64))
    changing.take(event(arn("a"), 3), event(arn("a"), 4))
    changing.source.put(service("a", "team/app:1", ARM64, "web:2"), elsewhere("b"))
    changing.take(event(arn("a"), 5), event(arn("b"), 6))

    assert changing.judged == ["prod/a 1 linux/amd64: event 1", "prod/a 1 linux/arm64: event 3"]


def test_what_could_not_be_judged_is_known_all_the_same_and_judged_by_the_next_try(changing: Changing) -> None:
    changing.source.put(service("a"), service("b"))
    changing.fails = unreadable(UnknownReason.THROTTLED)
    batch = changing.take(event(arn("a")), event(arn("b")))
    assert list(batch.failed) == ["receipt 0", "receipt 1"]
    assert contents(changing.inventory) == truth(changing.source.workloads)

    changing.fails = None
    assert not changing.take(event(arn("a"), 3), event(arn("b"), 4)).failed
    assert not changing.take(event(arn("a"), 5)).failed
    assert changing.judged == ["prod/a 1 linux/amd64: event 3", "prod/b 1 linux/amd64: event 4"]


def test_what_there_is_before_a_source_was_read_has_not_changed() -> None:
    changing = Changing()
    changing.source.put(service("a"))
    changing.take(event(arn("a")))
    changing.has_been_read()
    changing.take(event(arn("a")))
    assert changing.judged == []

    changing.source.put(service("a", "team/app:2"))
    changing.take(event(arn("a"), 7))
    assert changing.judged == ["prod/a 2 linux/amd64: event 7"]


def test_a_platform_that_comes_back_has_not_changed(changing: Changing) -> None:
    changing.source.put(service("a"))
    changing.take(event(arn("a"), 1))
    (workload,) = service("a").workloads
    for number in range(2, 6):
        # A cluster is scaled to none and back.
        hosts = () if number % 2 == 0 else workload.hosts
        changing.source.put(Sighting(arn("a"), (replace(workload, hosts=hosts),)))
        changing.take(event(arn("a"), number))

    assert changing.judged == ["prod/a 1 linux/amd64: event 1"]


def test_what_would_not_be_done_in_time_is_put_off(changing: Changing) -> None:
    changing.source.put(service("a"))
    changing.deadline.seconds_left = lambda: SECONDS_FOR_A_CHANGE - 1

    batch = changing.take(event(arn("a")))

    assert [cause.reason for cause in batch.failed.values()] == [UnknownReason.UNAVAILABLE]
    assert changing.source.calls == []


def test_one_workload_that_cannot_be_told_holds_up_no_other(changing: Changing) -> None:
    changing.source.put(service("a"), service("b"))
    changing.source.denied[arn("a")] = Unknown(UnknownReason.UNAVAILABLE, "its task definition is gone", arn("a"))

    batch = changing.take(event(arn("a")), event(arn("b")))

    assert list(batch.failed) == ["receipt 0"]
    assert set(contents(changing.inventory)) == {arn("b")}


def test_an_event_of_another_account_is_kept_with_its_cause(changing: Changing) -> None:
    batch = changing.take(event(arn("a"), account="210987654321"))

    assert [code for code, _ in batch.buried] == [FOREIGN_REGISTRY]
    assert changing.source.calls == []


@pytest.mark.parametrize("reason", [UnknownReason.THROTTLED, UnknownReason.UNAVAILABLE])
def test_where_a_source_does_not_answer_the_messages_are_put_off_ever_longer(
    changing: Changing, reason: UnknownReason
) -> None:
    changing.source.before = lambda *_: _raise(unreadable(reason))
    for receives in range(1, MAX_RECEIVES):
        taken = changing.take(event(arn("a")), receives=receives)
        assert [cause.reason for cause in taken.failed.values()] == [reason]

    assert [seconds for _, seconds in changing.queue.put] == [15, 60, 300, 900]


def test_on_the_last_try_it_is_kept_with_its_cause(changing: Changing) -> None:
    changing.source.before = lambda *_: _raise(unreadable(UnknownReason.THROTTLED))

    taken = changing.take(event(arn("a")), receives=MAX_RECEIVES)

    assert taken.failed == {}
    assert taken.buried == [("throttled", "as arranged")]
    assert changing.dead_letters.kept == [(event(arn("a")), "throttled", "as arranged")]


def test_a_message_that_is_no_event_is_kept_and_holds_up_nothing(changing: Changing) -> None:
    changing.source.put(service("a"))

    taken = changing.take("no event", event(arn("a")))

    assert [code for code, _ in taken.buried] == [MALFORMED_EVENT]
    assert set(contents(changing.inventory)) == {arn("a")}


def test_a_workload_that_may_not_be_read_keeps_what_is_known_of_it(changing: Changing) -> None:
    changing.source.put(service("a"), service("b"))
    changing.take(event(arn("a")), event(arn("b")))
    denied = Unknown(UnknownReason.ACCESS_DENIED, "ecs:DescribeServices was denied", arn("a"))
    changing.source.denied[arn("a")] = denied
    changing.source.put(service("b", "team/app:2"))

    taken = changing.take(event(arn("a")), event(arn("b")))

    assert taken.denied == [denied]
    assert taken.failed == {}
    assert contents(changing.inventory) == truth(changing.source.workloads)


def test_events_of_a_source_that_is_off_or_cannot_be_there_are_let_go(changing: Changing) -> None:
    changing.name = "apprunner"
    assert changing.take(event(arn("a"))).looked_at == []
    assert changing.source.calls == []
    changing.name = "ecs"
    changing.source.before = lambda *_: _raise(AbsentError("not here"))
    batch = changing.take(event(arn("a")))
    assert (batch.looked_at, batch.failed, batch.buried) == ([], {}, [])


def test_a_new_revision_has_whatever_follows_its_family_looked_at_again(changing: Changing) -> None:
    changing.name = "schedules"
    changing.source.put(
        service("nightly", definition="report:6"), service("hourly", definition="report-2:1"), service("daily")
    )
    changing.take(event(arn("x")))
    for name in ("nightly", "hourly", "daily"):
        sighting = changing.source.workloads[arn(name)]
        changing.inventory.replace("schedules", [_observed(changing, sighting)])
    changing.source.put(service("nightly", host=ARM64, definition="report:7"))

    taken = changing.take(registered("report"))

    assert taken.looked_at == [arn("nightly")]
    assert contents(changing.inventory, "schedules") == truth(changing.source.workloads)
    assert changing.take(registered("other")).looked_at == []


def test_a_family_that_very_many_follow_is_left_to_the_next_pass(changing: Changing) -> None:
    changing.name = "schedules"
    for number in range(MOST_FOLLOWERS + 1):
        changing.inventory.replace("schedules", [_observed(changing, service(f"s{number}", definition="report:1"))])

    assert changing.take(registered("report")).looked_at == []


def _observed(changing: Changing, sighting: Sighting) -> Any:
    return Replacement(sighting, changing.clock(), None)


def _raise(error: BaseException) -> None:
    raise error


def test_an_observation_that_saw_no_change_outlives_one_from_before_that_is_written_after_it(
    changing: Changing,
) -> None:
    first, then = service("a", "team/app:1"), service("a", "team/app:2")
    changing.source.put(first)
    changing.take(event(arn("a"), 1))
    changing.source.put(then)

    def meanwhile() -> None:
        changing.source.after = FakeSource().after
        changing.source.put(first)
        changing.take(event(arn("a"), 3))

    changing.source.after = meanwhile
    changing.take(event(arn("a"), 2))

    assert contents(changing.inventory) == truth(changing.source.workloads)


@dataclass(frozen=True)
class Step:
    """Something that happens: a change of a workload, or the handling of some of the events there have been."""

    change: Sighting | None = None
    events: tuple[int, ...] = ()
    nested: tuple[Step, ...] = ()
    """What happens while the events are handled, between the reading and the writing."""
    at_once: bool = False
    """It happens as soon as the workload has been read, else just before what was read is written."""


# Few, so that what happens is often of the same workload, and its state one that it has had before.
STATES = [elsewhere("a"), *(service("a", f"team/app:{tag}") for tag in (1, 2)), service("b"), elsewhere("b")]


def steps(depth: int = 2) -> st.SearchStrategy[Step]:
    # Counted from the last event on.
    indices = st.lists(st.integers(-3, -1), min_size=1, max_size=2).map(tuple)
    nested = st.lists(steps(depth - 1), max_size=3).map(tuple) if depth else st.just(())
    return st.one_of(
        st.sampled_from(STATES).map(lambda change: Step(change=change)),
        st.builds(Step, events=indices, nested=nested, at_once=st.booleans()),
    )


@dataclass
class History:
    changing: Changing
    events: list[str] = field(default_factory=list)
    handled: set[int] = field(default_factory=set)

    def play(self, step: Step) -> None:
        if step.change is not None:
            if step.change.workloads or step.change.bad_images:
                self.changing.source.put(step.change)
            else:
                self.changing.source.workloads.pop(step.change.arn, None)
            self.events.append(event(step.change.arn, len(self.events)))
            return
        chosen = {index % len(self.events) for index in step.events} if self.events else set()
        self.deliver(sorted(chosen), step.nested, at_once=step.at_once)

    def deliver(self, chosen: Sequence[int], nested: Sequence[Step] = (), *, at_once: bool = False) -> None:
        waiting = list(nested)

        def meanwhile() -> None:
            while waiting:
                self.play(waiting.pop(0))

        nothing = FakeSource().after
        self.changing.source.after = meanwhile if at_once else nothing
        self.changing.inventory.before_write = nothing if at_once else meanwhile
        taken = self.changing.take(*(self.events[index] for index in chosen))
        assert not taken.failed
        self.handled |= set(chosen)


@given(
    before=st.lists(st.sampled_from(STATES)).map(lambda found: {each.arn: each for each in found}),
    history=st.lists(steps(), max_size=8),
    order=st.randoms(use_true_random=False),
    repeated=st.booleans(),
)
@settings(max_examples=600, deadline=None)
def test_whatever_the_order_of_events_the_inventory_ends_as_the_account_is(
    before: dict[str, Sighting], history: list[Step], order: Any, *, repeated: bool
) -> None:
    changing = Changing(source=FakeSource(dict(before)))
    changing.has_been_read()
    played = History(changing)
    for known in before.values():
        changing.take(event(known.arn))
    for step in history:
        played.play(step)
    # Every event is delivered at least once, in some order, some of them again.
    left = [index for index in range(len(played.events)) if index not in played.handled]
    if repeated:
        left += order.sample(range(len(played.events)), len(played.events) // 2)
    order.shuffle(left)
    for index in left:
        played.deliver([index])

    assert contents(changing.inventory) == truth(changing.source.workloads)
