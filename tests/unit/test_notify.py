"""What follows an alert is in its thread, each message is posted once, and no alert waits for the threads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.alerts import CASES
from tests.fakes.ledger import FakeThreads
from tests.fakes.queue import FakeQueue

from ecrguard.adapters.slack import SlackThrottledError, SlackUnavailableError
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.errors import UnreadableError
from ecrguard.notify import THREAD_DELAY, AheadError, SlackBatch
from ecrguard.rendering import document

FOLLOWING = ["resolved", "pusher", "action"]


def message(identity: str, kind: str = "alert", thread: str = "") -> str:
    rendered: Any = document.render(CASES["pushed-from-a-mac"])
    return document.encode({**rendered, "id": identity, "kind": kind, "thread": thread or identity})


@dataclass
class Bot:
    """A channel with threads: the ``ts`` of a message is its number. It raises the next of its errors, if any."""

    errors: list[Exception | None] = field(default_factory=list)
    posted: list[str] = field(default_factory=list)
    """The thread of each message."""
    tells: bool = True
    threads: bool = True

    def has_threads(self) -> bool:
        return self.threads

    def post(self, payload: dict[str, Any], thread: str = "") -> str:
        assert payload["blocks"]
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error
        self.posted.append(thread)
        return f"ts-{len(self.posted)}" if self.tells else ""


@dataclass
class BrokenThreads(FakeThreads):
    """Threads that cannot be read or cannot be kept."""

    failing: tuple[str, ...] = ()

    def of(self, alert_id: str) -> str:
        self._fail("of")
        return super().of(alert_id)

    def keep(self, alert_id: str, ts: str) -> None:
        self._fail("keep")
        super().keep(alert_id, ts)

    def _fail(self, operation: str) -> None:
        if operation in self.failing:
            raise UnreadableError(Unknown(UnknownReason.ACCESS_DENIED, f"{operation} was denied"))


@dataclass
class World:
    """Batches of messages, one after another, with everything around them in memory."""

    bot: Bot = field(default_factory=Bot)
    threads: BrokenThreads = field(default_factory=BrokenThreads)
    queue: FakeQueue = field(default_factory=FakeQueue)
    troubles: list[str] = field(default_factory=list)

    def deliver(self, body: str, receives: int = 1) -> None:
        batch = SlackBatch(self.bot, self.threads, self.queue, lambda: 29.0, lambda _: None)
        try:
            batch.deliver(body, "receipt", receives)
        finally:
            self.troubles += batch.troubles


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("kind", FOLLOWING)
def test_what_follows_is_posted_in_the_thread_of_its_alert(world: World, kind: str) -> None:
    world.deliver(message("one"))
    world.deliver(message("two"))
    world.deliver(message("after-one", kind, "one"))
    world.deliver(message("after-two", kind, "two"))
    assert world.bot.posted == ["", "", "ts-1", "ts-2"]


def test_answers_to_an_answer_are_in_the_alerts_thread_too(world: World) -> None:
    world.deliver(message("one"))
    world.deliver(message("pusher", "pusher", "one"))
    world.deliver(message("resolved", "resolved", "one"))
    assert world.bot.posted == ["", "ts-1", "ts-1"]


@pytest.mark.parametrize("kind", ["alert", *FOLLOWING])
def test_the_same_message_is_posted_once_however_often_it_comes(world: World, kind: str) -> None:
    world.deliver(message("one"))
    body = message("one" if kind == "alert" else "after-one", kind, "one")
    for receives in (1, 2, 1):
        world.deliver(body, receives)
    assert len(world.bot.posted) == (1 if kind == "alert" else 2)


def test_what_was_not_posted_is_posted_by_the_next_try(world: World) -> None:
    world.bot.errors = [SlackUnavailableError("no answer"), None]
    with pytest.raises(SlackUnavailableError):
        world.deliver(message("one"))
    world.deliver(message("one"), 2)
    assert world.bot.posted == [""]


def test_what_follows_waits_once_for_its_alert(world: World) -> None:
    with pytest.raises(AheadError, match="the alert one that it follows"):
        world.deliver(message("after-one", "resolved", "one"))
    assert (world.bot.posted, world.queue.put) == ([], [("receipt", THREAD_DELAY)])
    world.deliver(message("one"))
    world.deliver(message("after-one", "resolved", "one"), 2)
    assert world.bot.posted == ["", "ts-1"]


def test_what_follows_an_alert_that_is_not_known_is_a_message_of_its_own(world: World) -> None:
    world.deliver(message("after-one", "resolved", "one"), 2)
    assert world.bot.posted == [""]


def test_what_follows_and_comes_too_early_does_not_hold_up_the_batch(world: World) -> None:
    batch = SlackBatch(world.bot, world.threads, world.queue, lambda: 29.0, lambda _: None)
    with pytest.raises(AheadError):
        batch.deliver(message("after-one", "resolved", "one"), "receipt-1", 1)
    batch.deliver(message("one"), "receipt-2", 1)
    assert world.bot.posted == [""]


@pytest.mark.parametrize(("failing", "posts"), [(("of",), 2), (("keep",), 2), (("of", "keep"), 2), ((), 1)])
def test_an_alert_is_posted_even_where_threads_are_not_known(
    world: World, failing: tuple[str, ...], posts: int
) -> None:
    world.threads.failing = failing
    world.deliver(message("one"))
    world.deliver(message("one"), 2)
    assert len(world.bot.posted) == posts, "twice rather than never"
    assert len(world.troubles) == 2 * len(failing)
    assert all("was denied" in trouble for trouble in world.troubles)


def test_a_service_that_does_not_tell_what_it_posted_keeps_no_thread(world: World) -> None:
    world.bot.tells = False
    world.deliver(message("one"))
    assert world.threads.kept == {}


def test_the_first_alert_by_a_token_that_replaces_a_webhook_begins_a_thread(world: World) -> None:
    world.bot.threads = False
    world.deliver(message("one"))
    world.bot.threads = True
    world.deliver(message("after-one", "resolved", "one"))
    assert world.bot.posted == ["", "ts-1"]


def test_a_throttle_is_slept_through_in_the_thread(world: World) -> None:
    world.deliver(message("one"))
    world.bot.errors = [SlackThrottledError(2.0), None]
    world.deliver(message("after-one", "action", "one"))
    assert world.bot.posted == ["", "ts-1"]
