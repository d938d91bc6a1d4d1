"""The benchmark's DynamoDB answers what moto does to everything that the inventory asks of a table."""

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
from bench.wire import Aws
from botocore.exceptions import ClientError
from moto import mock_aws

from ecrguard.adapters.dynamodb import items_of, put_items
from ecrguard.adapters.inventory_reader import InventoryReader
from ecrguard.adapters.inventory_table import InventoryTable
from ecrguard.adapters.revisions import RevisionTable
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.inventory import BadImage, Page, Sighting
from ecrguard.domain.platform import Platform
from ecrguard.domain.reference import Registry, parse_reference
from ecrguard.domain.workload import Basis, Workload, WorkloadKind
from ecrguard.errors import LostPassError
from ecrguard.ports import Replacement

if TYPE_CHECKING:
    from collections.abc import Callable

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
    "batch_get_item",
    "batch_write_item",
    "put_item",
    "update_item",
    "delete_item",
    "transact_write_items",
}


def told(answer: Any) -> Any:
    """What an answer says, as far as the inventory looks at it."""
    said = {name: answer[name] for name in ("Items", "LastEvaluatedKey", "UnprocessedItems") if name in answer}
    if "Responses" in answer:
        said["Responses"] = sorted(answer["Responses"].get(NAME, []), key=str)
    return said


def refused(error: ClientError) -> Any:
    reasons: Any = error.response.get("CancellationReasons", [])
    return error.response["Error"]["Code"], [reason["Code"] for reason in reasons]


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


def told_all(client: Any) -> None:
    """Everything that the product says to the table."""
    inventory = InventoryTable(lambda: client, NAME)
    replaced(inventory)
    passed(inventory)
    leased(inventory)
    kept(RevisionTable(lambda: client, NAME))
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
        "UpdateExpression": "ADD pages :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    },
    "put_item": {
        "Item": {"pk": {"S": "p"}, "sk": {"S": "s"}},
        "ConditionExpression": "attribute_exists(pk) OR NOT contains(a, :b)",
        "ExpressionAttributeValues": {":b": {"S": "p"}},
    },
}


@pytest.mark.parametrize("operation", UNKNOWN)
def test_an_expression_that_it_does_not_know_is_not_taken_for_another(operation: str) -> None:
    with pytest.raises(NotImplementedError, match="does not know"):
        getattr(stub(), operation)(TableName=NAME, **UNKNOWN[operation])
