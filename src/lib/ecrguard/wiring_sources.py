"""Putting the sources of workloads together: for whoever reads workloads themselves, and not only the inventory."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from botocore.config import Config

from ecrguard.adapters.pace import Pace
from ecrguard.adapters.revisions import RevisionTable
from ecrguard.adapters.sources.catalogue import Catalogue
from ecrguard.clients import CLIENTS

if TYPE_CHECKING:
    from collections.abc import Callable

    import boto3
    from mypy_boto3_dynamodb.client import DynamoDBClient

    from ecrguard.config import GuardConfig
    from ecrguard.ports import WorkloadSource

READERS = CLIENTS.merge(Config(retries={"mode": "standard", "total_max_attempts": 5}))
"""Sources are read where nobody waits for it: a throttled call is tried more often."""


def sources_of(
    session: boto3.Session, dynamodb: Callable[[], DynamoDBClient], config: GuardConfig
) -> dict[str, Callable[[], WorkloadSource]]:
    """What makes the sources that are switched on."""
    revisions = RevisionTable(dynamodb, config.inventory_table)
    pace = Pace(time.monotonic, time.sleep)
    return Catalogue(session, READERS, config.registry, revisions, pace).makers(config.linked_workloads)
