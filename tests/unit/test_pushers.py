"""Who pushed is told once, beside the alert of the push, whichever of the two comes first."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.ledger import FakeLedger, FakePushers
from tests.fakes.published import RecordingAlerts
from tests.situations import DIGEST, NOW, OTHER_DIGEST, REGISTRY, REPOSITORY

from ecrguard.domain.alert import AlertKind
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.ledger import HOLD, Good, Release, Told
from ecrguard.domain.pusher import Pusher
from ecrguard.errors import UnreadableError
from ecrguard.pusher_event import ImagePut
from ecrguard.pushers import NEAR, Noted, PusherDesk, is_of

if TYPE_CHECKING:
    from collections.abc import Callable

TAG = "1.4"
SUBJECT = f"tag#{TAG}"
MARY = Pusher("arn:aws:sts::123456789012:assumed-role/ci/mary", "192.0.2.10", "docker", NOW)
JOHN = replace(MARY, arn="arn:aws:iam::123456789012:user/john", time=NOW + timedelta(minutes=3))
OWN_ROLE = "arn:aws:iam::123456789012:role/ecrguard"
SOON = timedelta(minutes=2)
"""How long after the push CloudTrail's event comes."""


def put(pusher: Pusher = MARY, digest: str = DIGEST, *, role: str = "", event_id: str = "call-1") -> ImagePut:
    return ImagePut(REGISTRY, REPOSITORY, TAG, digest, role, pusher, event_id)


def told(pushed: datetime = NOW, digest: str = DIGEST, alert_id: str = "alert-1") -> Told:
    return Told(alert_id, f"event-of-{alert_id}", digest, "state", pushed, "It runs on nothing here.")


@dataclass
class World:
    """The desk, and everything around it in memory."""

    ledger: FakeLedger = field(default_factory=FakeLedger)
    pushers: FakePushers = field(default_factory=FakePushers)
    alerts: RecordingAlerts = field(default_factory=RecordingAlerts)
    now: datetime = NOW + SOON

    @property
    def desk(self) -> PusherDesk:
        return PusherDesk(
            self.ledger,
            self.pushers,
            self.alerts,
            frozenset({OWN_ROLE}),
            lambda: f"run-{len(self.ledger.calls)}",
            lambda: self.now,
        )

    def judged(self, *alerts: Told, good: Good | None = None) -> None:
        """The guard has judged the tag and told this of it, the latest first."""
        held = self.ledger.hold(REPOSITORY, SUBJECT, "guard", self.now, self.now + HOLD)
        self.ledger.settle(held, told=alerts, open_=bool(alerts), act=None)
        if good is not None:
            self.ledger.passed(REPOSITORY, TAG, good)
        self.ledger.calls.clear()

    def said(self) -> list[tuple[str, str]]:
        """Thread and principal of what was published."""
        assert {alert.kind for alert in self.alerts.published} <= {AlertKind.PUSHER}
        return [(alert.thread, alert.pusher.arn) for alert in self.alerts.published if alert.pusher is not None]


@pytest.fixture
def world() -> World:
    return World()


def test_who_pushed_an_alerted_image_is_told_in_the_alerts_thread(world: World) -> None:
    world.judged(told())

    assert world.desk.note(put()) is Noted.TOLD

    (alert,) = world.alerts.published
    assert (alert.kind, alert.thread, alert.pusher) == (AlertKind.PUSHER, "alert-1", MARY)
    assert alert.push.image_name == f"{REPOSITORY}:{TAG}"
    assert (alert.push.digest, alert.push.event_id, alert.push.time) == (DIGEST, "event-of-alert-1", NOW)
    assert alert.verdict.explanation == "It runs on nothing here."
    assert alert.time == world.now


def test_it_is_told_once_however_often_its_event_comes(world: World) -> None:
    world.judged(told())

    assert [world.desk.note(put()) for _ in range(3)] == [Noted.TOLD, Noted.TOLD_BEFORE, Noted.TOLD_BEFORE]

    assert world.said() == [("alert-1", MARY.arn)]


def test_who_pushed_before_it_was_judged_is_kept_for_the_alert(world: World) -> None:
    assert world.desk.note(put()) is Noted.KEPT

    assert world.pushers.who(REPOSITORY, TAG, DIGEST) == MARY
    assert world.said() == []
    world.judged(told())
    # The alert has said it: when the event comes again, nothing is left to tell.
    assert world.desk.note(put()) is Noted.TOLD_BEFORE
    assert world.said() == []


def test_a_push_that_was_good_costs_one_read(world: World) -> None:
    world.judged(good=Good(DIGEST, NOW - timedelta(seconds=1)))

    assert world.desk.note(put()) is Noted.NOT_ALERTED

    assert world.ledger.calls == ["look"]
    assert world.pushers.known == {}


@pytest.mark.parametrize(
    "good",
    [
        pytest.param(Good(OTHER_DIGEST, NOW), id="another image"),
        pytest.param(Good(DIGEST, NOW - timedelta(days=1)), id="the same image, long before"),
    ],
)
def test_an_earlier_good_image_says_nothing_of_this_push(world: World, good: Good) -> None:
    world.judged(good=good)

    assert world.desk.note(put()) is Noted.KEPT


def test_a_push_that_was_alerted_and_found_good_soon_after_is_told(world: World) -> None:
    world.judged(told(), good=Good(DIGEST, NOW + timedelta(minutes=3)))

    assert world.desk.note(put()) is Noted.TOLD


@pytest.mark.parametrize("times", [1, 2])
def test_the_guards_and_our_own_tags_are_nobodys_push(world: World, times: int) -> None:
    world.judged(told())

    assert {world.desk.note(put(role=OWN_ROLE)) for _ in range(times)} == {Noted.OURS}

    assert world.said() == []
    assert world.ledger.calls == []


def test_another_roles_session_is_somebodys_push(world: World) -> None:
    world.judged(told())

    assert world.desk.note(put(role="arn:aws:iam::123456789012:role/ci")) is Noted.TOLD


def test_a_tag_given_back_after_a_release_is_not_the_push(world: World) -> None:
    world.judged(told())
    world.ledger.release(REPOSITORY, DIGEST, Release("john", "it is fine", JOHN.time + timedelta(milliseconds=400)))

    assert world.desk.note(put(JOHN)) is Noted.OURS
    assert world.desk.note(put()) is Noted.TOLD

    assert world.said() == [("alert-1", MARY.arn)]


def test_of_several_pushes_each_is_told_to_its_own_alert(world: World) -> None:
    world.judged(told(JOHN.time, alert_id="alert-2"), told())

    assert [world.desk.note(put(pusher)) for pusher in (JOHN, MARY, JOHN)] == [
        Noted.TOLD,
        Noted.TOLD,
        Noted.TOLD_BEFORE,
    ]

    assert world.said() == [("alert-2", JOHN.arn), ("alert-1", MARY.arn)]


@pytest.mark.parametrize(
    ("apart", "noted"),
    [
        (timedelta(0), Noted.TOLD),
        (NEAR, Noted.TOLD),
        (-NEAR, Noted.TOLD),
        (NEAR + timedelta(seconds=1), Noted.KEPT),
        (-NEAR - timedelta(seconds=1), Noted.KEPT),
    ],
)
def test_an_alert_is_of_a_call_when_their_times_are_near(world: World, apart: timedelta, noted: Noted) -> None:
    world.judged(told(NOW + apart))

    assert world.desk.note(put()) is noted
    assert is_of(MARY, NOW + apart) is (noted is Noted.TOLD)


def test_an_alert_of_another_image_is_not_this_calls(world: World) -> None:
    world.judged(told(digest=OTHER_DIGEST))

    assert world.desk.note(put()) is Noted.KEPT


def test_while_the_tag_is_judged_nothing_is_told_and_nothing_kept(world: World) -> None:
    held = world.ledger.hold(REPOSITORY, SUBJECT, "guard", world.now, world.now + HOLD)

    with pytest.raises(UnreadableError, match="another holds"):
        world.desk.note(put())

    assert world.pushers.known == {}
    world.ledger.settle(held, told=(told(),), open_=True, act=None)
    assert world.desk.note(put()) is Noted.TOLD


def test_the_tag_is_let_go_whatever_comes(world: World) -> None:
    world.judged(told())
    world.alerts.failing = Unknown(UnknownReason.UNAVAILABLE, "sns:Publish failed")

    with pytest.raises(UnreadableError, match="sns:Publish failed"):
        world.desk.note(put())

    assert world.ledger.leases == {}
    world.alerts.failing = None
    assert world.desk.note(put()) is Noted.TOLD


class Ended(BaseException):
    """The function ended here."""


@dataclass
class WatchedPushers(FakePushers):
    """Tells of each call, as the fake of the ledger does."""

    before: Callable[[str], object] = lambda _: None
    after: Callable[[str], object] = lambda _: None

    def know(self, repository: str, tag: str, digest: str, pusher: Pusher) -> None:
        self.before("know")
        super().know(repository, tag, digest, pusher)
        self.after("know")

    def who(self, repository: str, tag: str, digest: str) -> Pusher | None:
        self.before("who")
        known = super().who(repository, tag, digest)
        self.after("who")
        return known


@dataclass
class Guarded:
    """The guard, which handles the tag once: it holds it, asks who pushed, publishes, and settles."""

    world: World
    told: list[str] = field(default_factory=list)
    """Who pushed, as the alert says it; empty where it was not known then."""

    def handles(self) -> None:
        ledger = self.world.ledger
        held = ledger.hold(REPOSITORY, SUBJECT, "guard", self.world.now, self.world.now + HOLD)
        known = self.world.pushers.who(REPOSITORY, TAG, DIGEST)
        ledger.settle(held, told=(told(),), open_=True, act=None)
        self.told.append(known.arn if known is not None and is_of(known, NOW) else "")


@given(
    st.sampled_from(["look", "hold", "who", "released", "know", "let_go"]),
    st.sampled_from(["before", "after"]),
    st.sampled_from(["first", "meanwhile", "last"]),
    st.booleans(),
    st.integers(1, 3),
)
def test_wherever_the_function_ends_and_the_guard_comes_it_is_told_once(
    operation: str, side: str, guard_comes: str, ends: object, times: int
) -> None:
    world = World(pushers=WatchedPushers())
    guard = Guarded(world)
    pending = [operation]

    def happens(begun: str) -> None:
        if begun not in pending:
            return
        pending.clear()
        if guard_comes == "meanwhile":
            with suppress(UnreadableError):
                guard.handles()
        if ends:
            raise Ended

    if guard_comes == "first":
        guard.handles()
    for port in (world.ledger, world.pushers):
        setattr(port, side, happens)
    for _ in range(times):
        with suppress(Ended, UnreadableError):
            world.desk.note(put())
    pending.clear()
    world.now += HOLD + timedelta(seconds=1)
    world.desk.note(put())
    if not guard.told:
        guard.handles()
    world.desk.note(put())

    assert len(guard.told) == 1
    # Where it ended between telling and keeping that it was told, the same was told again.
    assert len(set(world.said())) == (0 if guard.told[0] else 1)
