"""The benchmark's DynamoDB answers what moto does to everything that the inventory and the ledger ask of a table."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from bench.clock import VirtualClock
from bench.dynamodb import MEGABYTE, Table, size_of
from bench.expressions import holds, updated
from bench.wire import Aws
from botocore.exceptions import ClientError
from moto import mock_aws
from tests.contract.ledger_world import CAP, act, due, entry, good, ledger_on
from tests.contract.ledger_world import told as told_alert

from ecrguard.adapters.dynamodb import items_of, put_items
from ecrguard.adapters.inventory_reader import InventoryReader
from ecrguard.adapters.inventory_table import InventoryTable
from ecrguard.adapters.pushers_table import PusherTable
from ecrguard.adapters.put_budget import PutBudget
from ecrguard.adapters.revisions import RevisionTable
from ecrguard.adapters.threads_table import ThreadTable
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.inventory import BadImage, Page, Sighting
from ecrguard.domain.ledger import Record, Release
from ecrguard.domain.platform import Platform
from ecrguard.domain.pusher import Pusher
from ecrguard.domain.reference import Registry, parse_reference
from ecrguard.domain.workload import Basis, Workload, WorkloadKind
from ecrguard.errors import LostHoldError, LostPassError, UnreadableError
from ecrguard.ports import Replacement

if TYPE_CHECKING:
    from collections.abc import Callable

    from ecrguard.adapters.ledger_table import LedgerTable

REGISTRY = Registry("123456789012", "eu-west-1")
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
NAME = "inventory"
SCHEMA: dict[str, Any] = {
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
}
OPERATIONS = {
    "query",
    "get_item",
    "batch_get_item",
    "batch_write_item",
    "put_item",
    "update_item",
    "delete_item",
    "transact_write_items",
}


def told(answer: Any) -> Any:
    """What an answer says, as far as the product looks at it."""
    looked_at = ("Item", "Items", "Attributes", "LastEvaluatedKey", "UnprocessedItems")
    said = {name: answer[name] for name in looked_at if name in answer}
    if "Responses" in answer:
        said["Responses"] = sorted(answer["Responses"].get(NAME, []), key=str)
    return said


def refused(error: ClientError) -> Any:
    response: Any = error.response
    reasons = [reason["Code"] for reason in response.get("CancellationReasons", [])]
    return response["Error"]["Code"], reasons, response.get("Item")


@dataclass
class Recorder:
    """A client that notes what it is asked, and what comes of it."""

    client: Any
    said: list[tuple[str, dict[str, Any], Any]] = field(default_factory=list)

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**asked: Any) -> Any:
            try:
                answer = getattr(self.client, operation)(**asked)
            except ClientError as error:
                self.said.append((operation, asked, refused(error)))
                raise
            self.said.append((operation, asked, told(answer)))
            return answer

        return call


def stub() -> Any:
    return Aws(VirtualClock(), {"dynamodb": Table(NAME).service()}).session().client("dynamodb")


def moto() -> Any:
    client = boto3.client(
        "dynamodb",
        region_name="eu-west-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",  # noqa: S106 - of nothing
    )
    client.create_table(TableName=NAME, **SCHEMA)
    return client


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def arn(name: str) -> str:
    return f"arn:aws:ecs:eu-west-1:123456789012:service/prod/{name}"


def sighting(name: str, *images: str, bad: str = "") -> Sighting:
    workloads = tuple(
        Workload(
            kind=WorkloadKind.ECS_SERVICE,
            arn=arn(name),
            name=f"prod/{name}",
            container=f"c{index}",
            reference=parse_reference(f"{REGISTRY.host}/{image}"),
            hosts=(Platform("linux", "amd64"),),
            basis=Basis.EXPLICIT,
        )
        for index, image in enumerate(images)
    )
    return Sighting(arn(name), workloads, (BadImage(f"{name} c", bad, "expected a reference"),) if bad else ())


def replaced(inventory: InventoryTable) -> None:
    """Workloads come, change, conflict, and go."""
    many = [sighting(f"s{number:03}", f"team/app:{number}", "team/side:1") for number in range(45)]
    inventory.replace("ecs", [Replacement(sighting("s010", "team/app:newer"), at(5), None)])
    inventory.replace("ecs", [Replacement(each, at(1), None) for each in many])
    wide = sighting("wide", *(f"team/r{number}:1" for number in range(120)), bad="https://x/team/app:1")
    inventory.replace("ecs", [Replacement(wide, at(1), None)])
    known = inventory.known("ecs", [arn("wide"), arn("s000"), arn("nowhere")])
    inventory.replace("ecs", [Replacement(sighting("wide", "team/r7:2"), at(2), known[arn("wide")])])
    inventory.replace("ecs", [Replacement(Sighting(arn("s000")), at(2), known[arn("s000")])])
    inventory.replace("ecs", [Replacement(sighting("s000", "team/app:late"), at(3), known[arn("s000")])])
    assert len(list(inventory.all_known("ecs"))) == 46


def passed(inventory: InventoryTable) -> None:
    """Passes begin, turn, stall and end, and some are lost."""
    denied = Unknown(UnknownReason.ACCESS_DENIED, "ecs:ListServices was denied", "ecs")
    running = inventory.begin("ecs", NOON)
    with pytest.raises(LostPassError):
        inventory.begin("ecs", at(1))
    first = Page((arn("s000"), arn("s001")), "2", unknowns=(denied,))
    turned = inventory.turn(running, first)
    inventory.excuse(inventory.attempt(turned, at(1)))
    for lose in (inventory.excuse, lambda lost: inventory.turn(lost, first)):
        with pytest.raises(LostPassError):
            lose(running)
    inventory.end(inventory.turn(turned, Page((arn("s002"),))), at(2))
    with pytest.raises(LostPassError):
        inventory.end(turned, at(3))
    inventory.end(inventory.begin("apprunner", NOON), at(1), absent="not in this Region")
    inventory.end(inventory.turn(inventory.begin("tasks", NOON), Page()), at(1))
    assert set(inventory.seen(running)) == {arn("s000"), arn("s001"), arn("s002")}
    inventory.forget("tasks")
    assert inventory.states().keys() == {"ecs", "apprunner"}


def leased(inventory: InventoryTable) -> None:
    assert inventory.lease("one", NOON, at(5))
    assert not inventory.lease("two", at(1), at(6))
    assert inventory.lease("one", at(2), at(7))
    inventory.release("two")
    assert inventory.lease("two", at(8), at(9))
    inventory.release("two")


def kept(revisions: RevisionTable) -> None:
    arns = [f"arn:aws:ecs:eu-west-1:123456789012:task-definition/web:{number}" for number in range(130)]
    revisions.put({each: f'{{"image": "{each}"}}' for each in arns[:60]})
    again = RevisionTable(revisions.client, revisions.table)
    assert again.get(arns).keys() == set(arns[:60])


def noted(ledger: LedgerTable) -> None:
    """Tags are held, lost, settled, right and wrong again; acts are counted; images are owed and released."""
    held = ledger.hold("team/app", "tag#1.0", "one", at(0), at(5))
    with pytest.raises(UnreadableError):
        ledger.hold("team/app", "tag#1.0", "two", at(1), at(6))
    ledger.begin(held, act("b", "a"))
    ledger.hold("team/app", "tag#1.0", "two", at(6), at(9))
    with pytest.raises(LostHoldError):
        ledger.begin(held, act("b", "a"))
    ledger.let_go(held)
    held = ledger.hold("team/app", "tag#1.0", "two", at(7), at(9))
    ledger.settle(held, told=(told_alert(),), open_=True, act=act("b", "a"))
    for name, minutes in (("a", 1), ("c", 1), ("c", 0), ("d", 2)):
        ledger.passed("team/app", "1.0", good(name, minutes))
        ledger.regained("team/app", "1.0", good(name, minutes + 1))
    ledger.begin(ledger.hold("team/app", "tag#1.0", "one", at(7), at(9)), None)
    ledger.passed("team/app", "1.0", good("a", 9))
    ledger.let_go(ledger.hold("team/app", "tag#1.0", "one", at(7), at(9)))
    ledger.settle(ledger.hold("team/app", "tag#1.0", "one", at(7), at(9)), told=(), open_=False, act=None)
    assert ledger.look("team/app", "tag#1.0") == Record(good("a", 9))
    assert [ledger.spend(NOON) for _ in range(CAP + 1)] == [True] * CAP + [False]
    assert ledger.acts_left(NOON) == 0
    for each in (entry(1), entry(2), entry(1)):
        ledger.note("team/app", "tag#1.0", each)
    assert len(ledger.history("team/app", "tag#1.0")) == 2
    for minutes in (1, 2):
        ledger.owe(due("b", minutes))
        ledger.release("team/app", "sha256:b", Release("ann", "why", at(minutes)))
    ledger.paid(due("b", 1))
    assert ledger.dues() == (due("b", 2),)
    ledger.paid(due("b", 2))
    assert ledger.released("team/app", "sha256:c") is None


def followed(client: Any) -> None:
    """Pushers are told, alerts begin threads, and calls of PutImage are counted."""
    pushers, threads = PusherTable(lambda: client, NAME), ThreadTable(lambda: client, NAME, lambda: NOON)
    for minutes in (1, 2, 0):
        pushers.know("team/app", "1.0", "sha256:b", Pusher("ann", "ecr.amazonaws.com", "", at(minutes)))
        threads.keep("alert-1", str(minutes))
    assert (pushers.who("team/app", "1.0", "sha256:c"), threads.of("alert-1")) == (None, "1")
    budget = PutBudget(lambda: client, NAME, lambda: NOON, lambda _: None, per_second=1)
    for _ in range(3):
        budget.take()


def told_all(client: Any) -> None:
    """Everything that the product says to the table."""
    inventory = InventoryTable(lambda: client, NAME)
    replaced(inventory)
    passed(inventory)
    leased(inventory)
    kept(RevisionTable(lambda: client, NAME))
    noted(ledger_on(lambda: client, NAME))
    followed(client)
    reader = InventoryReader(lambda: client, NAME, ("ecs", "apprunner"), timedelta(hours=3), lambda: at(5))
    assert len(reader.linked(REGISTRY, "team/app").workloads) == 45


def test_every_answer_is_that_of_moto() -> None:
    with mock_aws():
        recorder = Recorder(moto())
        told_all(recorder)
    assert {operation for operation, _, _ in recorder.said} == OPERATIONS

    # Outside of the mock, which would answer this client too.
    again = Recorder(stub())
    for operation, asked, _ in recorder.said:
        with suppress(ClientError):
            getattr(again, operation)(**asked)

    for benched, expected in zip(again.said, recorder.said, strict=True):
        assert benched == expected


def test_a_partition_of_more_than_a_megabyte_comes_in_pages_and_whole() -> None:
    client = stub()
    items = [{"pk": "p", "sk": f"{number:05}", "text": "x" * 900} for number in range(2_500)]
    for some in batched([*items, {"pk": "q", "sk": "0", "text": ""}], 25, strict=False):
        put_items(lambda: client, NAME, some)
    recorder: Any = Recorder(client)

    found = list(items_of(lambda: recorder, NAME, "p"))

    assert found == items
    sizes = [sum(map(size_of, answer["Items"])) for _, _, answer in recorder.said]
    assert len(sizes) == 3
    assert all(size <= MEGABYTE < size + 1_000 for size in sizes[:-1])


def test_an_item_is_as_large_as_the_developer_guide_says() -> None:
    item = {"pk": {"S": "ab"}, "sk": {"S": "\u00e9"}, "n": {"N": "1234"}, "b": {"BOOL": True}, "l": {"L": [{"S": "x"}]}}
    assert size_of(item) == (2 + 2) + (2 + 2) + (1 + 4) + (1 + 1) + (1 + 3 + 1 + 1)


UNKNOWN: dict[str, dict[str, Any]] = {
    "query": {"KeyConditionExpression": "pk = :a AND sk > :b", "ExpressionAttributeValues": {":a": {"S": "p"}}},
    "update_item": {
        "Key": {"pk": {"S": "p"}, "sk": {"S": "s"}},
        "UpdateExpression": "DELETE pages :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    },
    "put_item": {
        "Item": {"pk": {"S": "p"}, "sk": {"S": "s"}},
        "ConditionExpression": "attribute_exists(pk) OR NOT contains(a, :b)",
        "ExpressionAttributeValues": {":b": {"S": "p"}},
    },
}


ITEM: dict[str, Any] = {"a": {"S": "m"}, "n": {"N": "9"}}
VALUES: dict[str, Any] = {
    ":m": {"S": "m"},
    ":x": {"S": "x"},
    ":10": {"N": "10"},
    ":9": {"N": "9"},
    ":upper": {"S": "Z"},
}
CONDITIONS = {
    "a = :m": True,
    "a = :x": False,
    "a <> :x": True,
    "a <> :m": False,
    "a < :x": True,
    "a < :m": False,
    "a < :upper": False,
    "n < :10": True,
    "n < :9": False,
    "a < :10": False,
    "gone < :x": False,
    "gone = :x": False,
    "attribute_not_exists(gone)": True,
    "attribute_not_exists(a)": False,
    "a = :m OR a = :x AND n = :10": True,
    "(a = :m OR a = :x) AND n = :10": False,
    "n = :10 AND a = :x OR a = :m": True,
    "(a = :x OR a = :m) AND (n = :10 OR n = :9)": True,
    "#a = :m": True,
}


@pytest.mark.parametrize(("condition", "expected"), CONDITIONS.items())
def test_a_condition_holds_where_it_should(condition: str, *, expected: bool) -> None:
    asked = {"ExpressionAttributeNames": {"#a": "a"}, "ExpressionAttributeValues": VALUES}
    assert holds(condition, ITEM, asked) is expected


@pytest.mark.parametrize(
    "condition",
    [
        "",
        "a",
        "a =",
        "a = b",
        "a >= :x",
        "a > :x",
        "NOT a = :x",
        "(a = :x",
        "a = :x)",
        "a = :x OR",
        "a = :x n = :9",
        "attribute_exists(a)",
        "attribute_not_exists(a",
        "a.b = :x",
        "a BETWEEN :x AND :m",
    ],
)
def test_a_condition_that_it_does_not_know_is_not_taken_for_another(condition: str) -> None:
    with pytest.raises(NotImplementedError, match="does not know"):
        holds(condition, ITEM, {"ExpressionAttributeValues": VALUES})


UPDATES: dict[str, dict[str, Any]] = {
    "SET a = :x": {"a": {"S": "x"}, "n": {"N": "9"}},
    "SET a = :x, b = :9 REMOVE n": {"a": {"S": "x"}, "b": {"N": "9"}},
    "REMOVE a, gone": {"n": {"N": "9"}},
    "ADD n :10": {"a": {"S": "m"}, "n": {"N": "19"}},
    "SET a = :x ADD b :9": {"a": {"S": "x"}, "n": {"N": "9"}, "b": {"N": "9"}},
}


@pytest.mark.parametrize(("update", "expected"), UPDATES.items())
def test_an_update_changes_what_it_should(update: str, expected: dict[str, Any]) -> None:
    assert updated(update, ITEM, {"ExpressionAttributeValues": VALUES}) == expected
    assert ITEM == {"a": {"S": "m"}, "n": {"N": "9"}}


@pytest.mark.parametrize(
    "update", ["", "a = :x", "SET a = if_not_exists(a, :x)", "SET a = a + :9", "SET a[0] = :x", "SET a = :x SET b = :x"]
)
def test_an_update_that_it_does_not_know_is_not_taken_for_another(update: str) -> None:
    with pytest.raises(NotImplementedError, match="does not know"):
        updated(update, ITEM, {"ExpressionAttributeValues": VALUES})


@pytest.mark.parametrize("operation", UNKNOWN)
def test_an_expression_that_it_does_not_know_is_not_taken_for_another(operation: str) -> None:
    with pytest.raises(NotImplementedError, match="does not know"):
        getattr(stub(), operation)(TableName=NAME, **UNKNOWN[operation])
