"""What only the table has: its calls, entries of other versions, what fails, and what expires."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from tests.contract.ledger_world import (
    HISTORY,
    NOON,
    REPO,
    SUBJECT,
    TAG,
    Watched,
    act,
    at,
    digest,
    due,
    entry,
    good,
    ledger_on,
    told,
)

from ecrguard.domain.image import UnknownReason
from ecrguard.domain.ledger import Release
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ecrguard.adapters.inventory_table import InventoryTable
    from ecrguard.adapters.ledger_table import LedgerTable

WORD = Release("arn:of:ann", "the vendor has no other", at(1))


@pytest.fixture
def watched(table: InventoryTable) -> Watched:
    return Watched(table.client(), [])


@pytest.fixture
def ledger(table: InventoryTable, watched: Watched) -> LedgerTable:
    client: Any = watched
    return ledger_on(lambda: client, table.table)


OPERATIONS: dict[str, tuple[Callable[[LedgerTable], object], str]] = {
    "look": (lambda ledger: ledger.look(REPO, SUBJECT), "get_item"),
    "hold": (lambda ledger: ledger.hold(REPO, SUBJECT, "one", NOON, at(5)), "update_item"),
    "passed": (lambda ledger: ledger.passed(REPO, TAG, good("a", 1)), "update_item"),
    "regained": (lambda ledger: ledger.regained(REPO, TAG, good("a", 1)), "update_item"),
    "note": (lambda ledger: ledger.note(REPO, SUBJECT, entry()), "put_item"),
    "history": (lambda ledger: ledger.history(REPO, SUBJECT), "query"),
    "released": (lambda ledger: ledger.released(REPO, digest("b")), "get_item"),
    "release": (lambda ledger: ledger.release(REPO, digest("b"), WORD), "put_item"),
    "acts_left": (lambda ledger: ledger.acts_left(NOON), "get_item"),
    "spend": (lambda ledger: ledger.spend(NOON), "update_item"),
    "owe": (lambda ledger: ledger.owe(due()), "put_item"),
    "dues": (lambda ledger: ledger.dues(), "query"),
    "paid": (lambda ledger: ledger.paid(due()), "delete_item"),
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_everything_is_one_call_whether_it_changes_something_or_not(
    ledger: LedgerTable, watched: Watched, operation: str
) -> None:
    do, call = OPERATIONS[operation]
    do(ledger)
    do(ledger)
    assert watched.calls == [call, call]


def test_what_is_held_is_changed_in_one_call_each(ledger: LedgerTable, watched: Watched) -> None:
    held = ledger.hold(REPO, SUBJECT, "one", NOON, at(5))
    ledger.begin(held, act())
    ledger.settle(held, told=(told(),), open_=True, act=act())
    ledger.let_go(held)
    assert watched.calls == ["update_item"] * 4


class Denying:
    """A table that nobody may use."""

    def __getattr__(self, operation: str) -> Callable[..., object]:
        def refuse(**_: object) -> object:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, operation)

        return refuse


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_is_denied_says_so_and_names_the_ledger(operation: str) -> None:
    client: Any = Denying()
    with pytest.raises(UnreadableError) as refused:
        OPERATIONS[operation][0](ledger_on(lambda: client, "inventory"))

    assert refused.value.unknown.reason is UnknownReason.ACCESS_DENIED
    assert "denied for the ledger" in refused.value.unknown.detail


# (pk, sk, attribute, what another version wrote there, what reads it)
STRANGE: list[tuple[str, str, str, dict[str, str] | None, str]] = [
    (f"ledger#{REPO}", SUBJECT, "told", {"S": '[{"alert": "1"}]'}, "look"),
    (f"ledger#{REPO}", SUBJECT, "told", {"S": "[["}, "look"),
    (f"ledger#{REPO}", SUBJECT, "told", {"N": "1"}, "look"),
    (f"ledger#{REPO}", SUBJECT, "act", {"S": '["e", "d", "yesterday", null, [], ""]'}, "look"),
    (f"ledger#{REPO}", SUBJECT, "manifest", None, "look"),
    (f"ledger#{REPO}", SUBJECT, "good_pushed", {"S": "yesterday"}, "passed"),
    (f"ledger#{REPO}", SUBJECT, "act", {"S": "{}"}, "hold"),
    (f"ledger#{REPO}", f"release#{digest('b')}", "why", None, "released"),
    ("due", f"{REPO}@{digest('b')}", "due", {"S": '{"action": "shred"}'}, "dues"),
    ("due", f"{REPO}@{digest('b')}", "since", None, "dues"),
    ("cap", "2026-11-24T12", "acts", {"S": "many"}, "acts_left"),
]


@pytest.mark.parametrize(
    "strange", STRANGE, ids=[f"{operation} {attribute} {value}" for _, _, attribute, value, operation in STRANGE]
)
def test_an_entry_that_another_version_wrote_is_not_taken_for_none(
    ledger: LedgerTable, watched: Watched, strange: tuple[str, str, str, dict[str, str] | None, str]
) -> None:
    pk, sk, attribute, value, operation = strange
    ledger.passed(REPO, TAG, good("a", 0))
    held = ledger.hold(REPO, SUBJECT, "one", NOON, at(5))
    ledger.settle(held, told=(told(),), open_=True, act=act("b", "a"))
    ledger.release(REPO, digest("b"), WORD)
    ledger.owe(due())
    ledger.spend(NOON)
    change = f"SET {attribute} = :value" if value else f"REMOVE {attribute}"
    values = {"ExpressionAttributeValues": {":value": value}} if value else {}
    watched.client.update_item(
        TableName=ledger.table, Key={"pk": {"S": pk}, "sk": {"S": sk}}, UpdateExpression=change, **values
    )

    with pytest.raises(UnreadableError) as refused:
        OPERATIONS[operation][0](ledger)

    assert refused.value.unknown.reason is UnknownReason.UNAVAILABLE
    assert f"the ledger has an entry for {pk} {sk}" in refused.value.unknown.detail


def test_a_line_of_a_history_that_another_version_wrote_is_not_left_out(ledger: LedgerTable, watched: Watched) -> None:
    ledger.note(REPO, SUBJECT, entry())
    strange = {"pk": f"history#{REPO}#{SUBJECT}", "sk": "2026", "entry": '{"what": "mismatch"}'}
    watched.client.put_item(TableName=ledger.table, Item={name: {"S": text} for name, text in strange.items()})

    with pytest.raises(UnreadableError, match=f"history#{REPO}"):
        ledger.history(REPO, SUBJECT)


def test_what_is_kept_for_a_time_expires_and_nothing_else(ledger: LedgerTable, watched: Watched) -> None:
    ledger.passed(REPO, TAG, good("a", 0))
    ledger.settle(ledger.hold(REPO, SUBJECT, "one", NOON, at(5)), told=(told(),), open_=True, act=act())
    ledger.note(REPO, SUBJECT, entry(1))
    ledger.release(REPO, digest("b"), WORD)
    ledger.owe(due())
    ledger.spend(NOON)

    items = watched.client.scan(TableName=ledger.table)["Items"]

    expires = {item["pk"]["S"]: int(item["expires"]["N"]) for item in items if "expires" in item}
    assert len(items) == 5
    assert expires.keys() == {f"history#{REPO}#{SUBJECT}", "cap"}
    assert expires[f"history#{REPO}#{SUBJECT}"] == int((at(1) + HISTORY).timestamp())
    assert expires["cap"] >= at(60).timestamp()
