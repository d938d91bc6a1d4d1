"""Reading ECS managed daemons: agents of which each instance of a capacity provider runs one task.

A daemon's revision has the images and their digests. Nothing of it names a platform: it runs on whatever the Managed
Instances of its capacity providers are (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-daemons.html).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import batched
from typing import TYPE_CHECKING

from ecrguard.adapters.calls import Calls, GoneError
from ecrguard.adapters.ecs_service_mapping import Daemon, read_daemon, read_daemon_revision
from ecrguard.adapters.sources.ecs_clusters import GONE, answered, denied, name_of, short
from ecrguard.adapters.sources.ecs_containers import Owner, containers
from ecrguard.adapters.sources.ecs_definitions import gone
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.inventory import Sighting
from ecrguard.domain.workload import WorkloadKind
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mypy_boto3_ecs.client import ECSClient
    from mypy_boto3_ecs.type_defs import DaemonRevisionTypeDef

    from ecrguard.adapters.ecs_mapping import Hosts, TaskDefinition
    from ecrguard.adapters.ecs_service_mapping import Deployment
    from ecrguard.adapters.sources.ecs_capacity import ClusterInstances
    from ecrguard.adapters.sources.ecs_definitions import Definitions
    from ecrguard.domain.reference import Registry

ACTIONS = ("ecs:DescribeDaemon", "ecs:DescribeDaemonRevisions")
"""IAM actions that reading daemons needs, besides those of daemon task definitions and instances."""

_DESCRIBE, _REVISIONS = ACTIONS
_REVISIONS_PER_CALL = 20
_GONE = (*GONE, "DaemonNotFoundException")


@dataclass(slots=True)
class Daemons:
    """Reads daemons.

    Attributes:
        client: gives boto3's ECS client.
        registry: that is guarded.
        calls: makes the calls.
        definitions: of their tasks, where their revisions name no images.
        instances: of their clusters.
    """

    client: Callable[[], ECSClient]
    registry: Registry
    calls: Calls
    definitions: Definitions
    instances: ClusterInstances

    def read(self, arns: Iterable[str]) -> dict[str, Sighting | Unknown]:
        """Every asked daemon as it is now: a call for each, and one for 20 of their revisions.

        Raises:
            UnreadableError: throttled or unavailable.
        """
        told: dict[str, Sighting | Unknown] = {}
        alive: dict[str, Daemon] = {}
        for arn in dict.fromkeys(arns):
            daemon = self._describe(arn)
            if isinstance(daemon, Sighting | Unknown):
                told[arn] = daemon
            else:
                alive[arn] = daemon
        revisions = self._revisions(dict.fromkeys(arn for each in alive.values() for arn, _ in each.revisions))
        deployments: dict[str, list[Deployment] | Unknown] = {
            arn: self._deployments(each, revisions) for arn, each in alive.items()
        }
        # Only where a revision names no images.
        definitions = self.definitions.read(
            one.definition
            for each in deployments.values()
            if not isinstance(each, Unknown)
            for one in each
            if not one.images and one.definition
        )
        for arn, each in deployments.items():
            told[arn] = each if isinstance(each, Unknown) else self._sighting(arn, alive[arn], each, definitions)
        return told

    def _describe(self, arn: str) -> Daemon | Sighting | Unknown:
        try:
            with self.calls.to(_DESCRIBE, f"ECS daemon {short(arn)}", gone=_GONE):
                answer = self.client().describe_daemon(daemonArn=arn)
        except GoneError:
            return Sighting(arn)
        except UnreadableError as error:
            return denied(error)
        daemon = read_daemon(answer["daemon"])
        return daemon if daemon.alive else Sighting(arn)

    def _revisions(self, arns: Iterable[str]) -> dict[str, DaemonRevisionTypeDef | Sighting | Unknown]:
        told: dict[str, DaemonRevisionTypeDef | Sighting | Unknown] = {}
        for batch in batched(arns, _REVISIONS_PER_CALL, strict=False):
            told |= self._describe_revisions(batch)
        return told

    def _describe_revisions(self, arns: Sequence[str]) -> dict[str, DaemonRevisionTypeDef | Sighting | Unknown]:
        """Daemon revisions; a sighting stands for one that is gone."""
        try:
            with self.calls.to(_REVISIONS, "the revisions of ECS daemons", gone=_GONE):
                answer = self.client().describe_daemon_revisions(daemonRevisionArns=arns)
        except GoneError:
            if len(arns) == 1:
                return {arns[0]: Sighting(arns[0])}
            return {arn: each for one in arns for arn, each in self._describe_revisions([one]).items()}
        except UnreadableError as error:
            return dict.fromkeys(arns, denied(error))
        found = {name_of(each.get("daemonRevisionArn", "")): each for each in answer.get("daemonRevisions", [])}
        return answered(arns, found, answer.get("failures", []), _REVISIONS, "the ECS daemon revision")

    @staticmethod
    def _deployments(
        daemon: Daemon, revisions: Mapping[str, DaemonRevisionTypeDef | Sighting | Unknown]
    ) -> list[Deployment] | Unknown:
        found: list[Deployment] = []
        for revision, launch in daemon.revisions:
            told = revisions[revision]
            if isinstance(told, Unknown):
                return replace(told, subject=_label(daemon))
            if isinstance(told, Sighting):
                detail = f"{_REVISIONS} does not find the revision {name_of(revision)} of {_label(daemon)}"
                return Unknown(UnknownReason.UNAVAILABLE, detail, _label(daemon))
            found.append(read_daemon_revision(told, launch))
        return found

    def _sighting(
        self,
        arn: str,
        daemon: Daemon,
        deployments: Iterable[Deployment],
        definitions: Mapping[str, TaskDefinition | Unknown | None],
    ) -> Sighting | Unknown:
        label = _label(daemon)
        defined: list[tuple[TaskDefinition, Deployment]] = []
        for each in deployments:
            definition = each.undefined if each.images else definitions.get(each.definition)
            if definition is None:
                return gone(each.definition, label)
            if isinstance(definition, Unknown):
                return replace(definition, subject=label)
            defined.append((definition, each))

        def hosts(definition: TaskDefinition, deployment: Deployment) -> Hosts:
            return self.instances.hosts(daemon.cluster, definition, deployment, ())

        owner = Owner(WorkloadKind.ECS_DAEMON, arn, daemon.name, label)
        try:
            return containers(owner, self.registry, defined, hosts)
        except GoneError:
            return Sighting(arn)
        except UnreadableError as error:
            return denied(error)


def _label(daemon: Daemon) -> str:
    return f"ECS daemon {daemon.name}"
