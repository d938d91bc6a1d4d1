"""The ECS clusters of the account and Region, in whose order services and tasks are listed, and batches by cluster."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import batched
from typing import TYPE_CHECKING, Any

from ecrguard.adapters.calls import Calls, GoneError
from ecrguard.adapters.sources.listing import Tokens
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.inventory import Sighting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mypy_boto3_ecs.client import ECSClient
    from mypy_boto3_ecs.type_defs import FailureTypeDef

    from ecrguard.errors import UnreadableError

PAGE = 100
"""Items a page of ECS's listings: the most that it gives."""
GONE = ("ClusterNotFoundException",)
"""What ECS answers where a cluster does not exist: nothing runs there."""

# service/<cluster>/<name>; in the old format service/<name>.
_PARTS = 3
LIST, DESCRIBE = "ecs:ListClusters", "ecs:DescribeClusters"
"""IAM actions of listing clusters, and of asking for their default capacity."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a listing cluster by cluster goes on.

    Attributes:
        cluster: ARN; empty at the beginning.
        part: of what is listed of the cluster; empty for the first.
        token: of the page; empty for the first.
    """

    cluster: str = ""
    part: str = ""
    token: str = ""

    @classmethod
    def read(cls, cursor: str) -> Position:
        """The position that a cursor stands for."""
        parts: dict[str, Any] = json.loads(cursor) if cursor else {}
        return cls(parts.get("cluster", ""), parts.get("part", ""), parts.get("token", ""))

    @property
    def cursor(self) -> str:
        """As a text that another process can go on with."""
        parts = {"cluster": self.cluster, "part": self.part, "token": self.token}
        return json.dumps({name: value for name, value in parts.items() if value})


@dataclass(slots=True)
class Clusters:
    """The clusters, listed once in the life of this object.

    Attributes:
        client: gives boto3's ECS client.
        calls: makes the calls.
    """

    client: Callable[[], ECSClient]
    calls: Calls
    _arns: tuple[str, ...] | None = None
    _homes: dict[str, str] = field(default_factory=dict)
    _strategies: dict[str, frozenset[str]] = field(default_factory=dict)

    def arns(self) -> tuple[str, ...]:
        """Every cluster, in an order that does not depend on when it is asked for.

        Raises:
            AbsentError: the Region has no ECS.
            UnreadableError: denied, throttled, unavailable.
        """
        if self._arns is None:
            self._arns = tuple(sorted(set(self._list())))
        return self._arns

    def at(self, position: Position) -> Position | None:
        """Where a listing really goes on: with the next cluster where this one is gone; None at the end."""
        following = [arn for arn in self.arns() if arn >= position.cluster]
        if not following:
            return None
        return position if following[0] == position.cluster else Position(following[0])

    def after(self, cluster: str) -> Position | None:
        """Where a listing goes on when it has done with a cluster; None at the end."""
        following = [arn for arn in self.arns() if arn > cluster]
        return Position(following[0]) if following else None

    def note(self, cluster: str, arns: Iterable[str]) -> None:
        """Remember where ARNs were listed that do not name their cluster."""
        self._homes |= {arn: cluster for arn in arns if not cluster_of(arn)}

    def default_providers(self, cluster: str) -> frozenset[str]:
        """The capacity providers that a cluster puts tasks on that name no capacity; none where it has no strategy.

        Raises:
            GoneError: the cluster does not exist.
            UnreadableError: denied, throttled, unavailable.
        """
        if cluster not in self._strategies:
            with self.calls.to(DESCRIBE, f"the ECS cluster {name_of(cluster)}", gone=GONE):
                answer = self.client().describe_clusters(clusters=[cluster])
            if not answer.get("clusters"):
                raise GoneError(cluster)
            strategy = answer["clusters"][0].get("defaultCapacityProviderStrategy", [])
            self._strategies[cluster] = frozenset(each["capacityProvider"] for each in strategy)
        return self._strategies[cluster]

    def _list(self) -> list[str]:
        token, tokens, found = "", Tokens(), list[str]()
        while True:
            with self.calls.to(LIST, "ECS clusters"):
                answer = self.client().list_clusters(maxResults=PAGE, **going_on(token))
            found += answer.get("clusterArns", [])
            token = tokens.follow(token, answer.get("nextToken", ""), LIST, "ECS clusters")
            if not token:
                return found

    def describe[T](
        self,
        arns: Iterable[str],
        size: int,
        ask: Callable[[str, Sequence[str]], Mapping[str, T | Sighting | Unknown]],
    ) -> dict[str, T | Sighting | Unknown]:
        """Ask for services or tasks cluster by cluster, some at a time.

        ARNs of the format that ECS had until 2018 do not name their cluster. Where it was not noted, they are asked for
        in each (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html#ecs-resource-ids).

        Args:
            arns: of services or tasks.
            size: the most that one call takes.
            ask: for some ARNs of a cluster; a sighting is of one that is not there.
        """
        told: dict[str, T | Sighting | Unknown] = {}
        by_cluster: dict[str, list[str]] = {}
        for arn in dict.fromkeys(arns):
            by_cluster.setdefault(cluster_of(arn) or self._homes.get(arn, ""), []).append(arn)
        anywhere = by_cluster.pop("", [])
        for cluster, some in by_cluster.items():
            for batch in batched(some, size, strict=False):
                told |= ask(cluster, batch)
        for cluster in self.arns() if anywhere else ():
            left = [arn for arn in anywhere if isinstance(told.get(arn, Sighting(arn)), Sighting | Unknown)]
            for batch in batched(left, size, strict=False):
                found = ask(cluster, batch)
                told |= {arn: each for arn, each in found.items() if not isinstance(each, Sighting)}
        return told | {arn: Sighting(arn) for arn in anywhere if arn not in told}


def going_on(token: str) -> dict[str, Any]:
    """The parameter of a listing that asks for the page of a token; none for the first page."""
    return {"nextToken": token} if token else {}


def name_of(arn: str) -> str:
    """The last part of an ARN: the name of a cluster, of a service, of a revision."""
    return arn.rpartition("/")[2]


def cluster_of(arn: str) -> str:
    """The ARN of the cluster that the ARN of a service, a task or a daemon names; empty where it names none."""
    prefix, _, resource = arn.rpartition(":")
    parts = resource.split("/")
    return f"{prefix}:cluster/{parts[1]}" if len(parts) == _PARTS else ""


def answered[T](
    asked: Iterable[str], found: Mapping[str, T], failures: Iterable[FailureTypeDef], action: str, what: str
) -> dict[str, T | Sighting | Unknown]:
    """What a call for some items told of each.

    Failures name an item by an ARN that need not be of the format in which it was asked for, so names are compared:
    the items of one call are of one cluster.

    Args:
        asked: ARNs.
        found: what there is, by name.
        failures: of the answer.
        action: IAM action of the call.
        what: kind of the items, for people.
    """
    failed = {name_of(each.get("arn", "")): each for each in failures}
    told: dict[str, T | Sighting | Unknown] = {}
    for arn in asked:
        name, subject = name_of(arn), f"{what} {short(arn)}"
        if name in found:
            told[arn] = found[name]
        elif name in failed:
            told[arn] = failure(failed[name], action, subject) or Sighting(arn)
        else:
            detail = f"{action} answered nothing for {subject}"
            told[arn] = Unknown(UnknownReason.UNAVAILABLE, detail, subject)
    return told


def short(arn: str) -> str:
    """How people call the resource of an ARN: ``cluster/service``."""
    return arn.rpartition(":")[2].partition("/")[2]


def failure(answer: FailureTypeDef, action: str, subject: str) -> Unknown | None:
    """Why one item of a call has no answer; None where it is gone, which is an answer."""
    reason = answer.get("reason", "")
    if reason == "MISSING":
        return None
    denied = "DENIED" in reason.upper()
    code = UnknownReason.ACCESS_DENIED if denied else UnknownReason.UNAVAILABLE
    return Unknown(code, f"{action} failed for {subject}: {reason} {answer.get('detail', '')}".rstrip(), subject)


def denied(error: UnreadableError) -> Unknown:
    """Why a part may not be read.

    Raises:
        UnreadableError: it is something else, which ends the reading: the rest would fare no better.
    """
    if error.unknown.reason is not UnknownReason.ACCESS_DENIED:
        raise error
    return error.unknown
