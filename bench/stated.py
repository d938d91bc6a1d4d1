"""What the benchmark assumes of AWS: how long it takes to answer, and how often it may be asked.

The latencies are round figures for calls within a Region, stated rather than measured. They are the same for what is
compared, and no ratio rests on one of them alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ECS_READ: Final = 0.025
"""Seconds of every read of ECS."""

SECONDS: Final = {
    "ecs": ECS_READ,
    "dynamodb:GetItem": 0.004,
    "dynamodb:Query": 0.004,
    "dynamodb:BatchGetItem": 0.005,
    "dynamodb:BatchWriteItem": 0.010,
    "dynamodb:PutItem": 0.005,
    "dynamodb:UpdateItem": 0.005,
    "dynamodb:DeleteItem": 0.005,
    "dynamodb:TransactWriteItems": 0.012,
    "ecr": 0.025,
    "blob:GET": 0.020,
    "sns:Publish": 0.015,
    "appconfigdata": 0.010,
}
"""Seconds until an answer comes, by call, or by service where its calls are alike."""
QUERY_MEGABYTE: Final = 0.020
"""Seconds that a Query takes besides, for each MB of items that it reads."""


def seconds(call: str) -> float:
    """Seconds until ``call`` (``service:Operation``) is answered."""
    return SECONDS[call] if call in SECONDS else SECONDS[call.partition(":")[0]]


@dataclass(frozen=True, slots=True)
class Rate:
    """A bucket of tokens.

    Attributes:
        burst: calls that may be made at once after a rest.
        sustained: calls a second in the long run.
    """

    burst: float
    sustained: float


RATES: Final = {
    "cluster reads": Rate(50, 20),
    "service reads": Rate(100, 20),
    "revision reads": Rate(50, 20),
    "task definition reads": Rate(50, 20),
    "daemon reads": Rate(50, 20),
}
"""How often ECS may be read, for all callers of an account and Region together.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html; that the actions of a kind share a
bucket is the stricter reading of it. It names no rate of daemons: the least of the others is taken.
"""
KINDS: Final = {
    "ecs:ListClusters": "cluster reads",
    "ecs:ListServices": "service reads",
    "ecs:DescribeServices": "service reads",
    "ecs:DescribeServiceRevisions": "revision reads",
    "ecs:DescribeTaskDefinition": "task definition reads",
    "ecs:ListDaemons": "daemon reads",
}
"""The bucket that a call takes its token from."""
