"""The live scan that the inventory has replaced: what a push cost when it read every service of the account.

Its calls and nothing else: the services of every cluster, ten a call, and each task definition that was not kept from
an earlier push. It kept 10,000 of them, in the memory of one execution environment, and paced nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import batched
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from bench.ecs import LIST_PAGE, SERVICES_PER_CALL
from ecrguard.adapters.aws_errors import error_code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_ecs.client import ECSClient

MOST_KEPT = 10_000
"""Task definitions that were kept."""


@dataclass(slots=True)
class LiveScan:
    """Finds what runs a repository's images by reading everything.

    Where ECS throttles a call until botocore gives up, the scan ended there and the push went back to its queue, to
    scan from the start. Here the call is made again, so what a scan costs is the least that it did.

    Attributes:
        client: boto3's ECS client.
        given_up: calls that botocore gave up.
    """

    client: ECSClient
    given_up: int = 0
    _kept: dict[str, list[str]] = field(default_factory=dict)

    def linked(self, repository_uri: str) -> list[str]:
        """The ARNs of the services that run an image of the repository."""
        return [
            service["serviceArn"]
            for cluster in list(self._clusters())
            for arns in batched(list(self._arns(cluster)), SERVICES_PER_CALL, strict=False)
            for service in self._insist(self.client.describe_services, cluster=cluster, services=arns)["services"]
            if any(self._names(each["taskDefinition"], repository_uri) for each in service["deployments"])
        ]

    def _clusters(self) -> Iterator[str]:
        token = ""
        while True:
            answer = self._insist(self.client.list_clusters, maxResults=LIST_PAGE, nextToken=token)
            yield from answer["clusterArns"]
            token = answer.get("nextToken", "")
            if not token:
                return

    def _arns(self, cluster: str) -> Iterator[str]:
        token = ""
        while True:
            answer = self._insist(self.client.list_services, cluster=cluster, maxResults=LIST_PAGE, nextToken=token)
            yield from answer["serviceArns"]
            token = answer.get("nextToken", "")
            if not token:
                return

    def _names(self, definition: str, repository_uri: str) -> bool:
        """Whether a container of a task definition runs an image of the repository."""
        if definition not in self._kept:
            answer = self._insist(self.client.describe_task_definition, taskDefinition=definition)
            while len(self._kept) >= MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            containers = answer["taskDefinition"].get("containerDefinitions", [])
            self._kept[definition] = [each.get("image", "") for each in containers]
        return any(image.startswith(f"{repository_uri}:") for image in self._kept[definition])

    def _insist[**P, T](self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Make a call until it is not throttled."""
        while True:
            try:
                return call(*args, **kwargs)
            except ClientError as error:
                if error_code(error) != "ThrottlingException":
                    raise
                self.given_up += 1
