"""Who pushed what, and the threads of alerts: the tables in DynamoDB, and the fakes that others are tested with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.ledger import FakePushers, FakeThreads

from ecrguard.adapters.pushers_table import PusherTable
from ecrguard.adapters.threads_table import ThreadTable
from ecrguard.domain.image import UnknownReason
from ecrguard.domain.pusher import Pusher
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from ecrguard.adapters.inventory_table import InventoryTable
    from ecrguard.ports.ledger import Pushers, Threads

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
DIGEST, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64
REPO = "team/app"


def pusher(name: str, minutes: float = 0) -> Pusher:
    arn = f"arn:aws:sts::123456789012:assumed-role/ci/{name}"
    return Pusher(arn, "ecr.amazonaws.com", "", NOON + timedelta(minutes=minutes))


@pytest.fixture(params=["real", "fake"])
def pushers(request: pytest.FixtureRequest) -> Pushers:
    if request.param == "fake":
        return FakePushers()
    table: InventoryTable = request.getfixturevalue("table")
    return PusherTable(table.client, table.table)


@pytest.fixture(params=["real", "fake"])
def threads(request: pytest.FixtureRequest) -> Threads:
    if request.param == "fake":
        return FakeThreads()
    table: InventoryTable = request.getfixturevalue("table")
    return ThreadTable(table.client, table.table, lambda: NOON)


def test_who_pushed_is_known_of_the_image_under_its_tag_alone(pushers: Pushers) -> None:
    pushers.know(REPO, "1.0", DIGEST, pusher("ann"))
    pushers.know(REPO, "", DIGEST, pusher("bob"))

    assert pushers.who(REPO, "1.0", DIGEST) == pusher("ann")
    assert pushers.who(REPO, "", DIGEST) == pusher("bob")
    others = [(REPO, "1.0", OTHER), (REPO, "2.0", DIGEST), ("team", "1.0", DIGEST)]
    assert [pushers.who(*other) for other in others] == [None, None, None]


@pytest.mark.parametrize("order", [(0, 5), (5, 0)])
def test_of_several_who_pushed_the_same_the_latest_counts(pushers: Pushers, order: tuple[float, float]) -> None:
    for minutes in (*order, *order):
        pushers.know(REPO, "1.0", DIGEST, pusher(f"at-{minutes}", minutes))

    assert pushers.who(REPO, "1.0", DIGEST) == pusher("at-5", 5)


def test_the_first_thread_of_an_alert_stays(threads: Threads) -> None:
    assert threads.of("alert-1") == ""
    threads.keep("alert-1", "1700000000.000100")
    threads.keep("alert-1", "1700000000.000200")
    threads.keep("alert-2", "1700000000.000300")

    assert [threads.of(alert) for alert in ("alert-1", "alert-2", "alert-3")] == [
        "1700000000.000100",
        "1700000000.000300",
        "",
    ]


def test_both_expire(table: InventoryTable) -> None:
    PusherTable(table.client, table.table).know(REPO, "1.0", DIGEST, pusher("ann"))
    ThreadTable(table.client, table.table, lambda: NOON).keep("alert-1", "1")

    items: Any = table.client().scan(TableName=table.table)["Items"]

    expires = {item["pk"]["S"]: datetime.fromtimestamp(int(item["expires"]["N"]), UTC) for item in items}
    assert expires == {f"pusher#{REPO}": NOON + timedelta(days=1), "thread#alert-1": NOON + timedelta(days=30)}


def test_an_entry_that_another_version_wrote_is_not_taken_for_none(table: InventoryTable) -> None:
    for pk, sk in ((f"pusher#{REPO}", f"1.0@{DIGEST}"), ("thread#alert-1", "slack")):
        table.client().put_item(TableName=table.table, Item={"pk": {"S": pk}, "sk": {"S": sk}, "name": {"S": "x"}})

    for read, name in (
        (lambda: PusherTable(table.client, table.table).who(REPO, "1.0", DIGEST), f"pusher#{REPO} 1.0@{DIGEST}"),
        (lambda: ThreadTable(table.client, table.table, lambda: NOON).of("alert-1"), "thread#alert-1 slack"),
    ):
        with pytest.raises(UnreadableError) as refused:
            read()
        assert (refused.value.unknown.reason, refused.value.unknown.subject) == (UnknownReason.UNAVAILABLE, name)
