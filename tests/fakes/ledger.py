"""The ledger in memory: the twin of the table under ``tests/contract/test_ledger.py``."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ecrguard.adapters.ledger_items import due_sk, entry_text, hour_of, shortened, tag_subject
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.ledger import MOST_TOLD, Act, Due, Entry, Good, Record, Release, Told
from ecrguard.errors import LostHoldError, UnreadableError
from ecrguard.ports.ledger import Held

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from ecrguard.domain.pusher import Pusher


@dataclass(slots=True)
class FakeLedger:
    """What was told and done of each tag.

    Attributes:
        cap: destructive acts that an hour may have.
        before: called with the name of each operation before it begins; what it raises, the operation raises.
        after: called once it is done; what it raises is raised though all is written: a run that ends there.
        calls: the names of the operations that began, in order.
    """

    cap: int = 20
    before: Callable[[str], object] = lambda _: None
    after: Callable[[str], object] = lambda _: None
    calls: list[str] = field(default_factory=list)
    records: dict[tuple[str, str], Record] = field(default_factory=dict)
    leases: dict[tuple[str, str], tuple[str, datetime]] = field(default_factory=dict)
    releases: dict[tuple[str, str], Release] = field(default_factory=dict)
    owed: dict[str, Due] = field(default_factory=dict)
    spent: dict[str, int] = field(default_factory=dict)
    _lines: dict[tuple[str, str], dict[str, Entry]] = field(default_factory=dict)
    _faults: dict[str, list[UnknownReason]] = field(default_factory=dict)

    def fail(self, operation: str, reason: UnknownReason, times: int = 1_000_000) -> None:
        """Let the next calls of an operation fail, before they do anything."""
        self._faults[operation] = [reason] * times

    # The port.

    def look(self, repository: str, subject: str) -> Record:
        with self._called("look"):
            return self.records.get((repository, subject), Record())

    def hold(self, repository: str, subject: str, owner: str, now: datetime, until: datetime) -> Held:
        with self._called("hold"):
            lease = self.leases.get((repository, subject))
            if lease is not None and lease[0] != owner and lease[1] >= now:
                raise _error(UnknownReason.UNAVAILABLE, f"another holds {subject} of {repository}")
            self.leases[repository, subject] = (owner, until)
            return Held(repository, subject, owner, self.records.get((repository, subject), Record()))

    def begin(self, held: Held, act: Act | None) -> None:
        with self._called("begin"):
            self._change(held.repository, held.subject, replace(self._held(held), act=act))

    def settle(self, held: Held, *, told: tuple[Told, ...], open_: bool, act: Act | None) -> Record:
        with self._called("settle"):
            record = self._held(held)
            del self.leases[held.repository, held.subject]
            kept = tuple(map(shortened, told[:MOST_TOLD]))
            return self._change(held.repository, held.subject, Record(record.good, kept, open_, act))

    def let_go(self, held: Held) -> None:
        with self._called("let_go"):
            if self.leases.get((held.repository, held.subject), ("", None))[0] == held.owner:
                del self.leases[held.repository, held.subject]

    def passed(self, repository: str, tag: str, good: Good) -> Record:
        with self._called("passed"):
            record = self.records.get((repository, tag_subject(tag)), Record())
            if record.act is not None and good.digest in record.act.given:
                return record
            return self._note_good(repository, tag, record, good)

    def regained(self, repository: str, tag: str, good: Good) -> Record:
        with self._called("regained"):
            return self._note_good(repository, tag, self.records.get((repository, tag_subject(tag)), Record()), good)

    def note(self, repository: str, subject: str, entry: Entry) -> None:
        with self._called("note"):
            _, sk = entry_text(entry)
            self._lines.setdefault((repository, subject), {})[sk] = entry

    def history(self, repository: str, subject: str) -> tuple[Entry, ...]:
        with self._called("history"):
            lines = self._lines.get((repository, subject), {})
            return tuple(lines[sk] for sk in sorted(lines, reverse=True))

    def released(self, repository: str, digest: str) -> Release | None:
        with self._called("released"):
            return self.releases.get((repository, digest))

    def release(self, repository: str, digest: str, release: Release) -> None:
        with self._called("release"):
            self.releases.setdefault((repository, digest), release)

    def acts_left(self, now: datetime) -> int:
        with self._called("acts_left"):
            return max(0, self.cap - self.spent.get(hour_of(now), 0))

    def spend(self, now: datetime) -> bool:
        with self._called("spend"):
            hour = hour_of(now)
            if self.spent.get(hour, 0) >= self.cap:
                return False
            self.spent[hour] = self.spent.get(hour, 0) + 1
            return True

    def owe(self, due: Due) -> None:
        with self._called("owe"):
            self.owed[due_sk(due)] = due

    def dues(self) -> tuple[Due, ...]:
        with self._called("dues"):
            return tuple(sorted(self.owed.values(), key=lambda due: (due.since, due_sk(due))))

    def paid(self, due: Due) -> None:
        with self._called("paid"):
            there = self.owed.get(due_sk(due))
            if there is not None and there.since == due.since:
                del self.owed[due_sk(due)]

    @contextmanager
    def _called(self, operation: str) -> Iterator[None]:
        self.before(operation)
        self.calls.append(operation)
        faults = self._faults.get(operation)
        if faults:
            raise _error(faults.pop(), f"arranged for {operation}")
        yield
        self.after(operation)

    def _held(self, held: Held) -> Record:
        """What is known of what is held, which must be held still."""
        if self.leases.get((held.repository, held.subject), ("", None))[0] != held.owner:
            raise LostHoldError(f"another has taken over {held.subject} of {held.repository}")
        return self.records.get((held.repository, held.subject), Record())

    def _note_good(self, repository: str, tag: str, record: Record, good: Good) -> Record:
        if record.good is not None and record.good.pushed >= good.pushed:
            return record
        return self._change(repository, tag_subject(tag), replace(record, good=good))

    def _change(self, repository: str, subject: str, record: Record) -> Record:
        self.records[repository, subject] = record
        return record


@dataclass(slots=True)
class FakePushers:
    """Who pushed what."""

    known: dict[tuple[str, str, str], Pusher] = field(default_factory=dict)

    def know(self, repository: str, tag: str, digest: str, pusher: Pusher) -> None:
        there = self.known.get((repository, tag, digest))
        if there is None or there.time < pusher.time:
            self.known[repository, tag, digest] = pusher

    def who(self, repository: str, tag: str, digest: str) -> Pusher | None:
        return self.known.get((repository, tag, digest))


@dataclass(slots=True)
class FakeThreads:
    """What a chat knows the messages of alerts by."""

    kept: dict[str, str] = field(default_factory=dict)

    def of(self, alert_id: str) -> str:
        return self.kept.get(alert_id, "")

    def keep(self, alert_id: str, ts: str) -> None:
        self.kept.setdefault(alert_id, ts)


def _error(reason: UnknownReason, detail: str) -> UnreadableError:
    return UnreadableError(Unknown(reason, detail, "the ledger"))
