"""The sources that there are, made by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ecrguard.adapters.calls import Calls
from ecrguard.adapters.sources import (
    agentcore,
    apprunner,
    batch,
    codebuild,
    ecs,
    eks,
    lambda_,
    sagemaker,
    schedules,
    tasks,
)
from ecrguard.domain.reference import partition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import boto3
    from botocore.config import Config

    from ecrguard.domain.reference import Registry
    from ecrguard.ports import Revisions, WorkloadSource

ACTIONS: Mapping[str, tuple[str, ...]] = {
    "ecs": ecs.ACTIONS,
    "tasks": tasks.ACTIONS,
    "schedules": schedules.ACTIONS,
    "apprunner": apprunner.ACTIONS,
    "lambda": lambda_.ACTIONS,
    "batch": batch.ACTIONS,
    "codebuild": codebuild.ACTIONS,
    "agentcore": agentcore.ACTIONS,
    "sagemaker": sagemaker.ACTIONS,
    "eks": eks.ACTIONS,
}
"""The IAM actions that each source needs, by its name in ``LinkedWorkloads``."""

_AGENTCORE = "bedrock-agentcore-control"
# https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/agentcore-regions.html; botocore lists none for it.
_AGENTCORE_REGIONS = frozenset(
    {
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-south-1",
        "ap-south-2",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-southeast-5",
        "ap-southeast-7",
        "ca-central-1",
        "eu-central-1",
        "eu-north-1",
        "eu-south-1",
        "eu-south-2",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-gov-west-1",
        "us-west-1",
        "us-west-2",
    }
)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Makes sources. Clients are made once, when a source first needs them.

    Attributes:
        session: that clients are made in.
        config: of the clients.
        registry: that is guarded.
        revisions: where task definitions are kept.
        pace: waits until a call of an IAM action may be made.
        clients: of each service, once made.
    """

    session: boto3.Session
    config: Config
    registry: Registry
    revisions: Revisions
    pace: Callable[[str], None]
    clients: dict[str, Any] = field(default_factory=dict)

    def makers(self, names: tuple[str, ...]) -> dict[str, Callable[[], WorkloadSource]]:
        """What makes each source that ``names`` switch on: a new one for every pass and every batch of changes."""
        of, registry, calls = self._client, self.registry, self._calls
        ecs_, revisions = of("ecs"), self.revisions
        makers: dict[str, Callable[[], WorkloadSource]] = {
            "ecs": lambda: ecs.EcsSource(ecs_, registry, calls("ecs"), revisions),
            "tasks": lambda: tasks.TasksSource(ecs_, registry, calls("ecs"), revisions),
            "schedules": lambda: schedules.SchedulesSource(
                ecs_, of("events"), of("scheduler"), registry, calls("scheduler"), revisions
            ),
            "apprunner": lambda: apprunner.AppRunnerSource(of("apprunner"), registry, calls("apprunner")),
            "lambda": lambda: lambda_.LambdaSource(of("lambda"), registry, calls("lambda")),
            "batch": lambda: batch.BatchSource(of("batch"), registry, calls("batch")),
            "codebuild": lambda: codebuild.CodeBuildSource(of("codebuild"), registry, calls("codebuild")),
            "agentcore": lambda: agentcore.AgentCoreSource(of(_AGENTCORE), registry, calls(_AGENTCORE)),
            "sagemaker": lambda: sagemaker.SageMakerSource(of("sagemaker"), registry, calls("sagemaker")),
            "eks": lambda: eks.EksSource(of("inspector2"), of("eks"), of("ec2"), registry, calls("inspector2")),
        }
        return {name: makers[name] for name in names}

    def _client(self, service: str) -> Callable[[], Any]:
        """What makes boto3's client of a service, once, when it is first needed."""
        make: Any = self.session.client

        def client() -> Any:
            if service not in self.clients:
                self.clients[service] = make(service, config=self.config)
            return self.clients[service]

        return client

    def _calls(self, service: str) -> Calls:
        return Calls(self.pace, absent=not is_listed(self.session, service, self.registry.region))


def is_listed(session: boto3.Session, service: str, region: str) -> bool:
    """Whether a service may be in a Region: it is listed there, or nothing is known of where it is.

    Only where it is not does an endpoint whose name does not resolve mean that the service is absent.
    """
    if service == _AGENTCORE:
        return region in _AGENTCORE_REGIONS
    known = session.get_available_regions(service)
    return not known or region in session.get_available_regions(service, partition(region))
