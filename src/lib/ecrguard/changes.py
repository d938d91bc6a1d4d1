"""Changes: keeping the inventory fresh between passes, and judging what has come to run something else.

An event says which workload to look at again; it is then read live, and what is known of it is replaced as a whole.
Events may come in any order, late and more than once: of two observations the later counts, so that all end in the same
state.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ecrguard.change_event import read_change
from ecrguard.deployed import Occasion
from ecrguard.domain.image import Cure, Unknown
from ecrguard.errors import AbsentError, MalformedEventError, UnreadableError
from ecrguard.inbox import FOREIGN_REGISTRY, MALFORMED_EVENT, RETRY_SECONDS
from ecrguard.settle import Told, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from ecrguard.change_event import Change
    from ecrguard.deadline import Deadline
    from ecrguard.domain.reference import Registry
    from ecrguard.domain.workload import Workload
    from ecrguard.ports import DeadLetters, Inventory, Message, MessageQueue, WorkloadSource

SECONDS_FOR_A_CHANGE = 30
"""Enough to look at what one event is of, where AWS answers."""
MOST_FOLLOWERS = 100
"""Workloads that one event may have looked at again; where more follow a family, the next pass sees them."""


@dataclass(slots=True)
class Taken:
    """What became of a message.

    Attributes:
        looked_at: ARNs that were read.
        denied: workloads that may not be read; a pass tells of them.
        buried: code and cause, where the message was kept in the dead-letter queue.
    """

    looked_at: list[str] = field(default_factory=list)
    denied: list[Unknown] = field(default_factory=list)
    buried: tuple[str, str] | None = None


@dataclass(slots=True)
class Changes:
    """Takes events of change from their queue.

    Attributes:
        inventory: that is kept fresh.
        registry: that is guarded; events come from its account and Region.
        sources: makes each source that is switched on, by name.
        judge: is told of the containers of a workload that have come to run something else, and on what occasion.
        dead_letters: where a message goes that cannot be handled.
        queue: where messages come from.
        deadline: of the invocation; a message is taken only if there is time to see it through.
        now: the time, UTC.
        max_receives: how often the queue hands out a message before it moves it away by itself.
    """

    inventory: Inventory
    registry: Registry
    sources: Mapping[str, Callable[[], WorkloadSource]]
    judge: Callable[[Sequence[Workload], Occasion], None]
    dead_letters: DeadLetters
    queue: MessageQueue
    deadline: Deadline
    now: Callable[[], datetime]
    max_receives: int
    _made: dict[str, WorkloadSource] = field(default_factory=dict)
    _settled: set[tuple[str, str]] = field(default_factory=set)
    _read: dict[str, bool] = field(default_factory=dict)

    def begin(self) -> None:
        """A new batch has come: what was read for the last is not news any more."""
        self._made.clear()
        self._settled.clear()
        self._read.clear()

    def take(self, message: Message) -> Taken:
        """Handle a message. A workload that was read for another of the same batch is not read again.

        Raises:
            UnreadableError: to be tried again; the queue keeps the message, for a time that grows with each try.
        """
        try:
            change = read_change(message.body)
        except MalformedEventError as error:
            return self._bury(message, Taken(), MALFORMED_EVENT, str(error))
        if change.registry != self.registry:
            cause = f"expected an event of the registry {self.registry.host}, got one of {change.registry.host}"
            return self._bury(message, Taken(), FOREIGN_REGISTRY, cause)
        taken = Taken()
        try:
            if change.source in self.sources:
                self._look(change, taken)
        except UnreadableError as error:
            if message.receives >= self.max_receives:
                return self._bury(message, taken, error.unknown.reason, error.unknown.detail)
            self._put_off(message, error)
            raise
        return taken

    def _look(self, change: Change, taken: Taken) -> None:
        """Read what has changed, write it down, and judge what runs something else by now."""
        arns = [arn for arn in self._arns(change) if (change.source, arn) not in self._settled]
        if not arns:
            return
        self.deadline.keep(SECONDS_FOR_A_CHANGE, f"looking at {arns[0]} again")
        observed = self.now()
        try:
            told = self._source(change.source).read(arns)
        except AbsentError:
            return
        taken.looked_at += arns
        unknowns = [each for each in told.values() if isinstance(each, Unknown)]
        sightings = [each for each in told.values() if not isinstance(each, Unknown)]
        occasion = Occasion(change.event_id, change.time)
        judge = (lambda workloads: self.judge(workloads, occasion)) if self._has_been_read(change.source) else None
        settled = settle(self.inventory, Told(change.source, sightings, observed), judge, always=True)
        waiting = [each for each in (*settled.unjudged, *unknowns) if each.reason.cure is Cure.WAIT]
        if waiting:
            raise UnreadableError(waiting[0])
        taken.denied += unknowns
        self._settled |= {(change.source, arn) for arn in arns}

    def _arns(self, change: Change) -> list[str]:
        """The workload of an event, or those whose image is named in a task definition of its family."""
        if change.arn:
            return [change.arn]
        following = [
            known.arn
            for known in self.inventory.all_known(change.source)
            if any(definition.rpartition(":")[0] == change.family for definition in known.definitions)
        ]
        return following if len(following) <= MOST_FOLLOWERS else []

    def _source(self, name: str) -> WorkloadSource:
        if name not in self._made:
            self._made[name] = self.sources[name]()
        return self._made[name]

    def _has_been_read(self, source: str) -> bool:
        """Whether a pass of the source has ended. Until then what it has is not known to have changed."""
        if not self._read:
            self._read = {name: state.ended is not None for name, state in self.inventory.states().items()}
        return self._read.get(source, False)

    def _put_off(self, message: Message, cause: UnreadableError) -> None:
        try:
            self.queue.put_off(message.receipt, RETRY_SECONDS[min(message.receives, len(RETRY_SECONDS)) - 1])
        except UnreadableError as error:
            cause.add_note(f"It could not be put off: {error}")

    def _bury(self, message: Message, taken: Taken, code: str, cause: str) -> Taken:
        self.dead_letters.bury(message.body, code, cause)
        taken.buried = (code, cause)
        return taken
