"""Changes: keeping the inventory fresh between passes, and judging what has come to run something else.

An event says which workload to look at again; it is then read live, and what is known of it is replaced as a whole.
Events may come in any order, late and more than once: of two observations the later counts, so that all end in the same
state. What is judged is judged before it is written down: an end between the two judges again, and says the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ecrguard.change_event import read_change
from ecrguard.deployed import Occasion
from ecrguard.domain.image import Cure, Unknown, UnknownReason
from ecrguard.domain.inventory import changed
from ecrguard.errors import AbsentError, MalformedEventError, UnreadableError
from ecrguard.inbox import MALFORMED_EVENT, RETRY_SECONDS
from ecrguard.ports import Replacement

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from ecrguard.change_event import Change
    from ecrguard.domain.inventory import Sighting
    from ecrguard.domain.workload import Workload
    from ecrguard.ports import DeadLetters, Inventory, Message, MessageQueue, WorkloadSource


@dataclass(slots=True)
class Taken:
    """What became of a batch of messages.

    Attributes:
        failed: receipts of those that are to be tried again, and why.
        buried: code and cause of those that were kept in the dead-letter queue.
        looked_at: ARNs that were read.
        ignored: events of sources that are switched off, or of what the inventory need not know.
        denied: workloads that may not be read; a pass tells of them.
    """

    failed: dict[str, Unknown] = field(default_factory=dict)
    buried: list[tuple[str, str]] = field(default_factory=list)
    looked_at: list[str] = field(default_factory=list)
    ignored: int = 0
    denied: list[Unknown] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Changes:
    """Takes events of change from their queue.

    Attributes:
        inventory: that is kept fresh.
        sources: makes each source that is switched on, by name.
        judge: is told of workloads that have come to run something else, and on what occasion.
        dead_letters: where a message goes that is none.
        queue: where messages come from.
        now: the time, UTC.
        max_receives: how often the queue hands out a message before it moves it away by itself.
    """

    inventory: Inventory
    sources: Mapping[str, Callable[[], WorkloadSource]]
    judge: Callable[[Sequence[Workload], Occasion], None]
    dead_letters: DeadLetters
    queue: MessageQueue
    now: Callable[[], datetime]
    max_receives: int

    def take(self, messages: Sequence[Message]) -> Taken:
        """Handle a batch. Workloads of one source are read together, each once."""
        taken = Taken()
        batch: dict[str, list[tuple[Message, Change]]] = {}
        for message in messages:
            try:
                change = read_change(message.body)
            except MalformedEventError as error:
                self._bury(message, MALFORMED_EVENT, str(error), taken)
                continue
            if change.source in self.sources:
                batch.setdefault(change.source, []).append((message, change))
            else:
                taken.ignored += 1
        for source, changes in batch.items():
            try:
                self._look(source, changes, taken)
            except UnreadableError as error:
                for message, _ in changes:
                    self._put_off(message, error.unknown, taken)
            except AbsentError:
                taken.ignored += len(changes)
        return taken

    def _look(self, source: str, changes: Sequence[tuple[Message, Change]], taken: Taken) -> None:
        """Read what has changed, judge what runs something else by now, and write all of it down."""
        observed = self.now()
        occasions: dict[str, Occasion] = {}
        for _, change in changes:
            for arn in [change.arn] if change.arn else self._following(source, change.family):
                occasions.setdefault(arn, Occasion(change.event_id, change.time))
        taken.ignored += 0 if occasions else len(changes)
        if not occasions:
            return
        told = self.sources[source]().read(list(occasions))
        taken.looked_at += occasions
        sightings = [each for each in told.values() if not isinstance(each, Unknown)]
        self._settle(source, sightings, occasions, observed)
        for unknown in (each for each in told.values() if isinstance(each, Unknown)):
            if unknown.reason.cure is Cure.WAIT:
                raise UnreadableError(unknown)
            taken.denied.append(unknown)

    def _settle(
        self, source: str, sightings: Sequence[Sighting], occasions: Mapping[str, Occasion], observed: datetime
    ) -> None:
        known = self.inventory.known(source, [each.arn for each in sightings])
        for each in sightings:
            workloads = changed(each, known.get(each.arn), observed)
            if workloads:
                self.judge(workloads, occasions[each.arn])
        # Also what has not changed: an observation from before it, still on its way, must not come after it.
        replacements = [Replacement(each, observed, known.get(each.arn)) for each in sightings]
        self.inventory.replace(source, replacements)

    def _following(self, source: str, family: str) -> list[str]:
        """The workloads whose image is named in a task definition of this family, whichever its revision."""
        return [
            known.arn
            for known in self.inventory.all_known(source)
            if any(definition.rpartition(":")[0] == family for definition in known.definitions)
        ]

    def _put_off(self, message: Message, cause: Unknown, taken: Taken) -> None:
        if message.receives >= self.max_receives:
            self._bury(message, cause.reason, cause.detail, taken)
            return
        taken.failed[message.receipt] = cause
        try:
            self.queue.put_off(message.receipt, RETRY_SECONDS[min(message.receives, len(RETRY_SECONDS)) - 1])
        except UnreadableError as error:
            detail = f"{cause.detail}; it could not be put off: {error}"
            taken.failed[message.receipt] = Unknown(UnknownReason.UNAVAILABLE, detail, cause.subject)

    def _bury(self, message: Message, code: str, cause: str, taken: Taken) -> None:
        try:
            self.dead_letters.bury(message.body, code, cause)
        except UnreadableError as error:
            taken.failed[message.receipt] = error.unknown
        else:
            taken.buried.append((code, cause))
