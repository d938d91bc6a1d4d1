from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws
from tests.contract.inventory_world import TABLE, Clock, FakeWorld, RealWorld, World
from tests.fakes.ecs import FakeEcs
from tests.fakes.inventory import FakeInventory

from ecrguard.adapters.inventory_table import InventoryTable

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def ecs() -> FakeEcs:
    return FakeEcs()


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client(
            "dynamodb",
            region_name="eu-west-1",
            aws_access_key_id="x",
            aws_secret_access_key="x",  # noqa: S106 - of nothing
        )


@pytest.fixture
def table(dynamodb: Any) -> Iterator[InventoryTable]:
    dynamodb.create_table(TableName="inventory", **TABLE)
    yield InventoryTable(lambda: dynamodb, "inventory")
    dynamodb.delete_table(TableName="inventory")


@pytest.fixture(params=["real", "fake"])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "fake":
        return FakeWorld(FakeInventory(), Clock())
    return RealWorld(request.getfixturevalue("table"), Clock())
