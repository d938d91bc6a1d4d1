"""ECS services (rolling, blue/green, task sets, Express) and ECS managed daemons.

Clusters are listed in the order of their ARNs; of each its services are listed 100 at a time, then its daemons. A page
is read as a whole: its services 10 a call, their service revisions 20 a call, and each task definition that is not
kept yet. Where a definition leaves its platform open, the instances of the cluster are asked for, once.

What is `INACTIVE` or `DRAINING` (deleted: no new task starts) runs nothing. A service that is scaled to zero counts.
Tasks that no service runs are the source ``tasks``, those that something starts later the source ``schedules``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ecrguard.adapters.calls import Calls, GoneError
from ecrguard.adapters.sources import ecs_capacity, ecs_daemons, ecs_services
from ecrguard.adapters.sources.ecs_capacity import ClusterInstances
from ecrguard.adapters.sources.ecs_clusters import GONE, PAGE, Clusters, Position, denied, going_on, name_of
from ecrguard.adapters.sources.ecs_daemons import Daemons
from ecrguard.adapters.sources.ecs_definitions import DESCRIBE, DESCRIBE_OF_DAEMON, Definitions
from ecrguard.adapters.sources.ecs_services import Services
from ecrguard.adapters.sources.listing import Tokens
from ecrguard.domain.inventory import Page, Sighting
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_ecs.client import ECSClient

    from ecrguard.domain.image import Unknown
    from ecrguard.domain.reference import Registry
    from ecrguard.ports import Revisions

_LIST, _LIST_DAEMONS = "ecs:ListServices", "ecs:ListDaemons"

ACTIONS = (
    "ecs:ListClusters",
    _LIST,
    _LIST_DAEMONS,
    *ecs_services.ACTIONS,
    *ecs_daemons.ACTIONS,
    DESCRIBE,
    DESCRIBE_OF_DAEMON,
    *ecs_capacity.ACTIONS,
)
"""IAM actions that reading needs."""

_DAEMONS = "daemons"
# The Region has no daemons; the last two are of an ECS that does not know the call yet.
_NO_DAEMONS = ("UnsupportedFeatureException", "UnknownOperationException", "InvalidAction")


@dataclass(slots=True)
class EcsSource:
    """The ECS services and daemons of this account and Region. A ``WorkloadSource``.

    Attributes:
        client: gives boto3's ECS client; called when there is something to read.
        registry: that is guarded.
        calls: makes the calls.
        revisions: where task definitions are kept.
    """

    client: Callable[[], ECSClient]
    registry: Registry
    calls: Calls
    revisions: Revisions
    _clusters: Clusters = field(init=False)
    _services: Services = field(init=False)
    _daemons: Daemons = field(init=False)
    _tokens: Tokens = field(default_factory=Tokens)

    def __post_init__(self) -> None:
        definitions = Definitions(self.client, self.calls, self.revisions)
        instances = ClusterInstances(self.client, self.calls)
        self._clusters = Clusters(self.client, self.calls)
        self._services = Services(self.client, self.registry, self.calls, self._clusters, definitions, instances)
        self._daemons = Daemons(self.client, self.registry, self.calls, definitions, instances)

    def page(self, cursor: str) -> Page:
        """Services of one cluster, 100 at most, and after the last of them its daemons.

        A cluster that went meanwhile is passed over; one that may not be read is among the page's unknowns.

        Raises:
            AbsentError: the Region has no ECS.
            UnreadableError: denied for all clusters, throttled, unavailable.
        """
        at = self._clusters.at(Position.read(cursor))
        if at is None:
            return Page()
        arns: list[str] = []
        unknowns: list[Unknown] = []
        following: Position | None = at
        while following is not None and following.cluster == at.cluster and not (following.token and arns):
            following = self._list(following, arns, unknowns)
        return Page(tuple(dict.fromkeys(arns)), following.cursor if following else "", unknowns=tuple(unknowns))

    def _list(self, at: Position, arns: list[str], unknowns: list[Unknown]) -> Position | None:
        """Add what a call lists, or why it may not; where the listing goes on."""
        after = self._clusters.after(at.cluster)
        try:
            found, token = self._of_daemons(at) if at.part == _DAEMONS else self._of_services(at)
            self._clusters.note(at.cluster, found)
            arns += found
        except GoneError:
            return after
        except UnreadableError as error:
            unknowns.append(denied(error))
            token = ""
        if token:
            return Position(at.cluster, at.part, token)
        return after if at.part == _DAEMONS else Position(at.cluster, _DAEMONS)

    def _of_services(self, at: Position) -> tuple[list[str], str]:
        subject = f"the services of the ECS cluster {name_of(at.cluster)}"
        with self.calls.to(_LIST, subject, gone=GONE):
            answer = self.client().list_services(cluster=at.cluster, maxResults=PAGE, **going_on(at.token))
        return answer.get("serviceArns", []), self._tokens.follow(at.token, answer.get("nextToken", ""), _LIST, subject)

    def _of_daemons(self, at: Position) -> tuple[list[str], str]:
        subject = f"the daemons of the ECS cluster {name_of(at.cluster)}"
        try:
            with self.calls.to(_LIST_DAEMONS, subject, gone=(*GONE, *_NO_DAEMONS)):
                answer = self.client().list_daemons(clusterArn=at.cluster, maxResults=PAGE, **going_on(at.token))
        except GoneError:
            return [], ""
        found = [each.get("daemonArn", "") for each in answer.get("daemonSummariesList", [])]
        return found, self._tokens.follow(at.token, answer.get("nextToken", ""), _LIST_DAEMONS, subject)

    def read(self, arns: Sequence[str]) -> dict[str, Sighting | Unknown]:
        """Every asked service and daemon as it is now.

        Raises:
            AbsentError: as :meth:`page`.
            UnreadableError: throttled or unavailable. The task definitions that were read before stay kept.
        """
        daemons = [arn for arn in arns if ":daemon/" in arn]
        return self._services.read(arn for arn in arns if ":daemon/" not in arn) | self._daemons.read(daemons)
