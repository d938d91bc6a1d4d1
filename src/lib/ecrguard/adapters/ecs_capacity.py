"""The container instances of ECS clusters, for tasks whose definition leaves their platform open."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import batched
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ecrguard.adapters.aws_errors import error_code, unreadable
from ecrguard.adapters.ecs_mapping import Instance, read_instance
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mypy_boto3_ecs.client import ECSClient
    from mypy_boto3_ecs.type_defs import FailureTypeDef

PAGE = 100
"""Items a page of ListClusters, ListServices and ListContainerInstances: ECS's most."""
_INSTANCES_PER_CALL = 100


class ClusterGoneError(Exception):
    """The cluster was deleted after it was listed: nothing runs there."""


@contextmanager
def calling(action: str, subject: str) -> Iterator[None]:
    """Turn botocore's errors into the product's.

    Raises:
        ClusterGoneError: the cluster does not exist.
        UnreadableError: any other failure.
    """
    try:
        yield
    except ClientError as error:
        if error_code(error) == "ClusterNotFoundException":
            raise ClusterGoneError from error
        raise unreadable(error, action, subject) from error
    except BotoCoreError as error:
        raise unreadable(error, action, subject) from error


def failure(answer: FailureTypeDef, action: str, subject: str) -> Unknown | None:
    """Why one item of a batch has no answer; None where it is gone, which is an answer."""
    reason = answer.get("reason", "")
    if reason == "MISSING":
        return None
    denied = "DENIED" in reason.upper()
    code = UnknownReason.ACCESS_DENIED if denied else UnknownReason.UNAVAILABLE
    return Unknown(code, f"{action} failed for {subject}: {reason} {answer.get('detail', '')}".rstrip(), subject)


@dataclass(slots=True)
class ClusterInstances:
    """Container instances by cluster, each cluster asked once in the life of this object: one reading of workloads.

    Attributes:
        client: boto3's ECS client.
    """

    client: ECSClient
    _known: dict[str, dict[str, Instance] | UnreadableError] = field(default_factory=dict)
    _listed: dict[tuple[str, str], tuple[str, ...] | UnreadableError] = field(default_factory=dict)

    def of(self, cluster: str, constraints: Sequence[str]) -> list[Instance]:
        """The ACTIVE instances of a cluster that meet every constraint; others are given no new tasks.

        Args:
            cluster: ARN.
            constraints: expressions in the cluster query language, as services and task definitions have them. ECS
                evaluates them itself, as the filter of ListContainerInstances.

        Raises:
            ClusterGoneError: the cluster does not exist.
            UnreadableError: denied, throttled or unavailable.
        """
        if cluster not in self._known:
            try:
                self._known[cluster] = self._describe(cluster, self._list(cluster, ""))
            except UnreadableError as error:
                self._known[cluster] = error
        known = self._known[cluster]
        if isinstance(known, UnreadableError):
            raise known
        allowed = set(known)
        for constraint in constraints:
            allowed &= set(self._list(cluster, constraint))
        return [instance for arn, instance in known.items() if arn in allowed]

    def _list(self, cluster: str, expression: str) -> tuple[str, ...]:
        if (cluster, expression) not in self._listed:
            try:
                self._listed[cluster, expression] = self._pages(cluster, expression)
            except UnreadableError as error:
                self._listed[cluster, expression] = error
        found = self._listed[cluster, expression]
        if isinstance(found, UnreadableError):
            raise found
        return found

    def _pages(self, cluster: str, expression: str) -> tuple[str, ...]:
        with calling("ecs:ListContainerInstances", f"the instances of the ECS cluster {_name(cluster)}"):
            pages = self.client.get_paginator("list_container_instances").paginate(
                cluster=cluster,
                status="ACTIVE",
                **({"filter": expression} if expression else {}),
                PaginationConfig={"PageSize": PAGE},
            )
            return tuple(dict.fromkeys(arn for page in pages for arn in page.get("containerInstanceArns", [])))

    def _describe(self, cluster: str, arns: Sequence[str]) -> dict[str, Instance]:
        action, subject = "ecs:DescribeContainerInstances", f"the instances of the ECS cluster {_name(cluster)}"
        instances: dict[str, Instance] = {}
        for some in batched(arns, _INSTANCES_PER_CALL, strict=False):
            with calling(action, subject):
                answer = self.client.describe_container_instances(cluster=cluster, containerInstances=some)
            for each in answer.get("failures", []):
                if (unknown := failure(each, action, subject)) is not None:
                    raise UnreadableError(unknown)
            found = [read_instance(each) for each in answer.get("containerInstances", [])]
            instances |= {instance.arn: instance for instance in found}
        return instances


def _name(cluster: str) -> str:
    return cluster.rpartition("/")[2]
