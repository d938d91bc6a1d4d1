"""The container instances of ECS clusters, for tasks whose definition leaves their platform open."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import batched
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ecrguard.adapters.aws_errors import error_code
from ecrguard.adapters.ecs_mapping import Instance, hosts_of, needs_instances, overridden, read_instance
from ecrguard.adapters.sources.ecs_clusters import GONE, PAGE, failure, going_on, name_of
from ecrguard.adapters.sources.listing import Tokens
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mypy_boto3_ecs.client import ECSClient

    from ecrguard.adapters.calls import Calls
    from ecrguard.adapters.ecs_mapping import Hosts, TaskDefinition
    from ecrguard.adapters.ecs_service_mapping import Deployment

DESCRIBE = "ecs:DescribeContainerInstances"
"""IAM action that describing instances needs."""
_LIST = "ecs:ListContainerInstances"
ACTIONS = (_LIST, DESCRIBE)
"""IAM actions that finding the instances of a cluster needs."""

_INSTANCES_PER_CALL = 100


@dataclass(slots=True)
class ClusterInstances:
    """Container instances by cluster, each asked for once in the life of this object.

    Attributes:
        client: gives boto3's ECS client.
        calls: makes the calls.
    """

    client: Callable[[], ECSClient]
    calls: Calls
    _known: dict[str, Instance | None] = field(default_factory=dict)
    _listed: dict[tuple[str, str], tuple[str, ...] | UnreadableError] = field(default_factory=dict)
    _refused: dict[str, UnreadableError] = field(default_factory=dict)

    def hosts(
        self, cluster: str, definition: TaskDefinition, deployment: Deployment, constraints: Sequence[str]
    ) -> Hosts:
        """The platforms that tasks may be put on, from the cluster's instances where nothing else tells.

        A constraint that ECS cannot evaluate leaves them unknown (``Basis.UNKNOWN``): a service, a task definition or a
        schedule may have any text as one. It says nothing of the cluster or of others, so it is no failure that would
        end the reading of them; and the workload stays one, since it names its image and is told of to whoever pushes
        it.

        Args:
            cluster: ARN.
            definition: of the tasks.
            deployment: that they are of.
            constraints: of placement, besides the definition's own.

        Raises:
            GoneError: the cluster does not exist.
            UnreadableError: denied, throttled or unavailable.
        """
        if deployment.override:
            return overridden(definition, deployment.launch, deployment.override)
        definition = deployment.stating(definition)
        if not needs_instances(definition, deployment.launch):
            return hosts_of(definition, deployment.launch)
        instances = self.of(cluster, (*constraints, *definition.constraints))
        return hosts_of(definition, deployment.launch, instances)

    def of(self, cluster: str, constraints: Sequence[str]) -> list[Instance]:
        """The ACTIVE instances of a cluster that meet every constraint; others are given no new tasks.

        Args:
            cluster: ARN.
            constraints: expressions in the cluster query language, as services and task definitions have them. ECS
                evaluates them itself, as the filter of ListContainerInstances. One that it cannot evaluate is met by
                none: ECS puts no task anywhere by it.

        Raises:
            GoneError: the cluster does not exist.
            UnreadableError: denied, throttled or unavailable.
        """
        found = self.described(cluster, self._list(cluster, ""))
        allowed = {instance.arn for instance in found}
        for constraint in constraints:
            allowed &= set(self._list(cluster, constraint))
        return [instance for instance in found if instance.arn in allowed]

    def described(self, cluster: str, arns: Iterable[str]) -> list[Instance]:
        """Some instances of a cluster, whatever their state; those that are gone are absent.

        Raises:
            GoneError: the cluster does not exist.
            UnreadableError: denied, throttled or unavailable.
        """
        asked = list(dict.fromkeys(arns))
        for batch in batched((arn for arn in asked if arn not in self._known), _INSTANCES_PER_CALL, strict=False):
            if cluster in self._refused:
                raise self._refused[cluster]
            try:
                found = self._describe(cluster, batch)
            except UnreadableError as error:
                self._refused[cluster] = error
                raise
            self._known |= {arn: found.get(arn) for arn in batch}
        return [instance for arn in asked if (instance := self._known[arn]) is not None]

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
        subject, token, tokens, found = _subject(cluster), "", Tokens(), list[str]()
        while True:
            with self.calls.to(_LIST, subject, gone=GONE):
                try:
                    answer = self.client().list_container_instances(
                        cluster=cluster,
                        status="ACTIVE",
                        maxResults=PAGE,
                        **({"filter": expression} if expression else {}),
                        **going_on(token),
                    )
                except ClientError as error:
                    # Of a first page nothing but the expression is in doubt: those of the whole cluster were listed.
                    if expression and not token and error_code(error) == "InvalidParameterException":
                        return ()
                    raise
            found += answer.get("containerInstanceArns", [])
            token = tokens.follow(token, answer.get("nextToken", ""), _LIST, subject)
            if not token:
                return tuple(dict.fromkeys(found))

    def _describe(self, cluster: str, arns: Sequence[str]) -> dict[str, Instance]:
        subject = _subject(cluster)
        with self.calls.to(DESCRIBE, subject, gone=GONE):
            answer = self.client().describe_container_instances(cluster=cluster, containerInstances=arns)
        for each in answer.get("failures", []):
            if (unknown := failure(each, DESCRIBE, subject)) is not None:
                raise UnreadableError(unknown)
        found = [read_instance(each) for each in answer.get("containerInstances", [])]
        return {instance.arn: instance for instance in found}


def _subject(cluster: str) -> str:
    return f"the instances of the ECS cluster {name_of(cluster)}"
