"""App Runner services that run images of a repository, read live from the App Runner API.

App Runner has no setting for the architecture: it runs linux/amd64 (developer guide, "App Runner service based on a
source image"). Calls: ListServices (20 a page), DescribeService for each.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from ecrguard.adapters.aws_errors import error_code, unreadable
from ecrguard.adapters.references import naming
from ecrguard.deadline import Deadline
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.platform import Platform
from ecrguard.domain.workload import Basis, Workload, WorkloadKind
from ecrguard.errors import UnreadableError
from ecrguard.ports import LinkedWorkloads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_apprunner.client import AppRunnerClient
    from mypy_boto3_apprunner.type_defs import ServiceSummaryTypeDef, ServiceTypeDef

    from ecrguard.domain.reference import Registry

ACTIONS = ("apprunner:ListServices", "apprunner:DescribeService")
"""IAM actions that reading needs."""
REGIONS = frozenset(
    {
        "ap-northeast-1",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "eu-central-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "us-east-1",
        "us-east-2",
        "us-west-2",
    }
)
"""Regions that have App Runner. It takes no new customers, so none is expected to be added."""

SECONDS_KEPT = 25
"""What reading leaves of an invocation for judging and alerting."""
_PAGE = 20
_SUBJECT = "App Runner services"
_HOST = Platform("linux", "amd64")
# A service that failed to be created stays listed with its image and can be rebuilt; one whose deletion failed cannot.
_DEAD = frozenset({"DELETED", "DELETE_FAILED"})
_DEPLOYS = frozenset({"RUNNING", "OPERATION_IN_PROGRESS"})
# What AWS answers where a service is closed to accounts that never used it: such an account has no App Runner services.
_CLOSED = "new customers"
_NOT_SUBSCRIBED = frozenset({"OptInRequired", "SubscriptionRequiredException"})


@dataclass(slots=True)
class AppRunnerServices:
    """Reads the App Runner services of this account and Region. A ``WorkloadReader``.

    Attributes:
        client: gives boto3's App Runner client; called when there is something to read.
        deadline: of the invocation; where the time is up, reading stops as where App Runner throttles.
    """

    client: Callable[[], AppRunnerClient]
    deadline: Deadline = field(default_factory=Deadline)
    _absent: bool = field(default=False)

    def linked(self, registry: Registry, repository: str) -> LinkedWorkloads:
        """Every live service that names ``repository`` of ``registry``; a part that cannot be read is an unknown.

        Where App Runner cannot be there are no services of it: in a Region outside :data:`REGIONS` whose endpoint does
        not exist either, and in an account that AWS says it is closed to. Elsewhere an endpoint that cannot be reached
        is an unknown.
        """
        if self._absent:
            return LinkedWorkloads()
        workloads: list[Workload] = []
        unknowns: list[Unknown] = []
        try:
            client = self.client()
            for summary in self._summaries(client):
                if summary.get("Status") in _DEAD:
                    continue
                told = self._workload(client, summary, registry, repository)
                if isinstance(told, Workload):
                    workloads.append(told)
                elif told is not None:
                    unknowns.append(told)
        except UnreadableError as error:
            unknowns.append(error.unknown)
        except BotoCoreError as error:
            unknowns.append(unreadable(error, ACTIONS[0], _SUBJECT).unknown)
        return LinkedWorkloads(tuple(workloads), tuple(unknowns))

    def _summaries(self, client: AppRunnerClient) -> Iterator[ServiceSummaryTypeDef]:
        """All services, page by page; botocore has no paginator for them."""
        token, seen = "", set[str]()
        while True:
            try:
                answer = client.list_services(MaxResults=_PAGE, **({"NextToken": token} if token else {}))
            except (ClientError, BotoCoreError) as error:
                if not token and _has_no_app_runner(error, client.meta.region_name):
                    self._absent = True
                    return
                raise unreadable(error, ACTIONS[0], _SUBJECT) from error
            yield from answer.get("ServiceSummaryList", [])
            token = answer.get("NextToken", "")
            if not token:
                return
            if token in seen:
                detail = f"{ACTIONS[0]} gave the same page twice"
                raise UnreadableError(Unknown(UnknownReason.UNAVAILABLE, detail, _SUBJECT))
            seen.add(token)

    def _workload(
        self, client: AppRunnerClient, summary: ServiceSummaryTypeDef, registry: Registry, repository: str
    ) -> Workload | Unknown | None:
        """The service if it names the repository; an Unknown where that could not be told.

        Raises:
            UnreadableError: throttled or unavailable: the services after it would fare no better.
        """
        subject = f"App Runner service {summary.get('ServiceName', '')}"
        self.deadline.keep(SECONDS_KEPT, f"reading {subject}")
        try:
            answer = client.describe_service(ServiceArn=summary["ServiceArn"])
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, ClientError) and error_code(error) == "ResourceNotFoundException":
                return None
            failed = unreadable(error, ACTIONS[1], subject)
            if failed.unknown.reason is UnknownReason.ACCESS_DENIED:
                return failed.unknown
            raise failed from error
        return read_service(answer["Service"], registry, repository)


def read_service(answer: ServiceTypeDef, registry: Registry, repository: str) -> Workload | Unknown | None:
    """The service of DescribeService if its image is of ``repository``; Unknown where its image cannot be read.

    ``AutoDeploymentsEnabled`` is true where it is absent, for an image of the service's own account (API reference,
    "SourceConfiguration"). App Runner follows tags, and deploys nothing by itself while a service is paused.
    """
    source, status = answer["SourceConfiguration"], answer["Status"]
    image = source.get("ImageRepository")
    if image is None or image["ImageRepositoryType"] == "ECR_PUBLIC" or status in _DEAD:
        return None
    subject = f"App Runner service {answer['ServiceName']}"
    reference = naming(image["ImageIdentifier"], registry, repository, subject)
    if reference is None or isinstance(reference, Unknown):
        return reference
    automatic = source.get("AutoDeploymentsEnabled", True) and status in _DEPLOYS and not reference.digest
    return Workload(
        kind=WorkloadKind.APPRUNNER_SERVICE,
        arn=answer["ServiceArn"],
        name=answer["ServiceName"],
        container="",
        reference=reference,
        hosts=(_HOST,),
        basis=Basis.SERVICE_DEFAULT,
        deploys_on_push=automatic,
    )


def _has_no_app_runner(error: ClientError | BotoCoreError, region: str) -> bool:
    if isinstance(error, ClientError):
        closed = _CLOSED in str(error.response.get("Error", {}).get("Message", ""))
        return closed or error_code(error) in _NOT_SUBSCRIBED
    # Only the name that does not resolve: a time-out may be a network that hides an App Runner that is there.
    return isinstance(error, EndpointConnectionError) and region not in REGIONS
