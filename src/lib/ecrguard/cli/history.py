"""``ecrguard history``: what was told and done of a tag, or of an image, as the ledger has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecrguard.cli.exits import FINE
from ecrguard.cli.stack import Stack, tools_of
from ecrguard.cli.tables import labelled, short, table, time
from ecrguard.release import image_subject
from ecrguard.subjects import tag_subject

if TYPE_CHECKING:
    from ecrguard.cli.named import Named
    from ecrguard.domain.ledger import Act, Entry, Record, Release

_HEAD = ("time (UTC)", "what", "image", "done", "text")


def history(named: Named, stack: str) -> int:
    """Print the lines that are kept, the latest first, under what is known now.

    Raises:
        EcrguardError: the ledger could not be read.
    """
    found = Stack.named(stack)
    found.check(named)
    ledger = tools_of(found.config).ledger
    subject = tag_subject(named.tag) if named.tag else image_subject(named.digest)
    record, entries = ledger.look(named.repository, subject), ledger.history(named.repository, subject)
    digests = dict.fromkeys([named.digest, *(entry.digest for entry in entries)])
    words = {digest: word for digest in digests if digest and (word := ledger.released(named.repository, digest))}
    print(labelled([("image", str(named)), *_state(record, words)]))
    kept = [entry for entry in entries if not (named.tag and named.digest) or entry.digest == named.digest]
    if kept:
        print(f"\n{table(_HEAD, map(_row, kept))}")
    else:
        print(f"\nNothing was told or done of it in the last {found.config.history.days} days.")
    return FINE


def _state(record: Record, words: dict[str, Release]) -> list[tuple[str, str]]:
    rows = []
    if record.good is not None:
        rows.append(("last good", f"{record.good.digest}, pushed {time(record.good.pushed)}"))
    if record.open and record.latest is not None:
        rows.append(("wrong", f"for {record.latest.digest}, pushed {time(record.latest.pushed)}"))
    if record.act is not None:
        rows.append(("last act", _act(record.act)))
    return [*rows, *(("released", f"{short(digest)} by {word.who}: {word.why}") for digest, word in words.items())]


def _act(act: Act) -> str:
    what = f"given back from {short(act.digest)} to {short(act.to)}" if act.to else f"taken off {short(act.digest)}"
    return f"{what}, {time(act.began)}" + ("" if act.ended else " (not known to have ended)")


def _row(entry: Entry) -> tuple[str, ...]:
    done = [str(each.action) for each in entry.outcome.done]
    refused = [f"{each.action} refused ({each.reason})" for each in entry.outcome.refusals]
    later = [f"{entry.outcome.later} later"] if entry.outcome.later else []
    return (
        time(entry.time),
        entry.what,
        short(entry.digest),
        ", ".join([*done, *refused, *later]) or "-",
        f"{entry.text} (by {entry.who})" if entry.who else entry.text,
    )
