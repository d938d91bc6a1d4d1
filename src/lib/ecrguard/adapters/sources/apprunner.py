"""App Runner services.

App Runner has no setting for the architecture: it runs linux/amd64 (developer guide, "App Runner service based on a
source image"). ListServices tells no image: each service is described.

Services that are paused, or that failed to be created, count: they name the image and run it when they are resumed or
built again. Those that are deleted, or that failed to be, do not; nor do images of ECR Public.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ecrguard.adapters.aws_errors import error_code
from ecrguard.adapters.calls import Calls
from ecrguard.adapters.references import in_registry
from ecrguard.adapters.sources.listing import Tokens, one_by_one, sighting
from ecrguard.domain.inventory import BadImage, Page, Sighting
from ecrguard.domain.platform import Platform
from ecrguard.domain.workload import Basis, Workload, WorkloadKind
from ecrguard.errors import AbsentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mypy_boto3_apprunner.client import AppRunnerClient
    from mypy_boto3_apprunner.type_defs import ServiceTypeDef

    from ecrguard.domain.image import Unknown
    from ecrguard.domain.reference import ImageReference, Registry

ACTIONS = ("apprunner:ListServices", "apprunner:DescribeService")
"""IAM actions that reading needs."""
_LIST, _DESCRIBE = ACTIONS
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
class AppRunnerSource:
    """The App Runner services of this account and Region. A ``WorkloadSource``.

    Attributes:
        client: gives boto3's App Runner client; called when there is something to read.
        registry: that is guarded.
        calls: makes the calls; ``absent`` where App Runner is not listed for the Region.
    """

    client: Callable[[], AppRunnerClient]
    registry: Registry
    calls: Calls = field(default_factory=Calls)
    _tokens: Tokens = field(default_factory=Tokens)

    def page(self, cursor: str) -> Page:
        """The services of a page, 20 at most.

        Raises:
            AbsentError: the Region has no App Runner, or AWS says that it is closed to this account.
            UnreadableError: denied, throttled, unavailable.
        """
        with self.calls.to(_LIST, _SUBJECT), _closed_is_absent():
            answer = self.client().list_services(MaxResults=_PAGE, **({"NextToken": cursor} if cursor else {}))
        # By what is known to be over: a status that is new must not make a service invisible.
        alive = (each["ServiceArn"] for each in answer["ServiceSummaryList"] if each.get("Status") not in _DEAD)
        return Page(
            tuple(dict.fromkeys(alive)), self._tokens.follow(cursor, answer.get("NextToken", ""), _LIST, _SUBJECT)
        )

    def read(self, arns: Sequence[str]) -> dict[str, Sighting | Unknown]:
        """Every asked service as it is now, each with a call of its own.

        Raises:
            AbsentError: as :meth:`page`.
            UnreadableError: throttled or unavailable.
        """
        return one_by_one(arns, self._read)

    def _read(self, arn: str) -> Sighting:
        subject = f"App Runner service {_name(arn)}"
        with self.calls.to(_DESCRIBE, subject, gone=("ResourceNotFoundException",)), _closed_is_absent():
            answer = self.client().describe_service(ServiceArn=arn)
        return sighting(arn, [_workload(arn, answer["Service"], self.registry)])


def _workload(arn: str, service: ServiceTypeDef, registry: Registry) -> Workload | BadImage | None:
    """The service if its image is of the registry.

    ``AutoDeploymentsEnabled`` is true where it is absent, for an image of the service's own account (API reference,
    "SourceConfiguration"). App Runner follows tags, and deploys nothing by itself while a service is paused.
    """
    source, status = service["SourceConfiguration"], service["Status"]
    image = source.get("ImageRepository")
    if image is None or image["ImageRepositoryType"] == "ECR_PUBLIC" or status in _DEAD:
        return None
    reference = in_registry(image["ImageIdentifier"], registry, f"App Runner service {service['ServiceName']}")
    if reference is None or isinstance(reference, BadImage):
        return reference
    return Workload(
        kind=WorkloadKind.APPRUNNER_SERVICE,
        arn=arn,
        name=service["ServiceName"],
        container="",
        reference=reference,
        hosts=(_HOST,),
        basis=Basis.SERVICE_DEFAULT,
        deploys_on_push=_follows(reference, automatic=source.get("AutoDeploymentsEnabled", True), status=status),
    )


def _follows(reference: ImageReference, *, automatic: bool, status: str) -> bool:
    return automatic and status in _DEPLOYS and not reference.digest


def _name(arn: str) -> str:
    # arn:aws:apprunner:<region>:<account>:service/<name>/<id>
    return arn.split("/")[1] if "/" in arn else arn


@contextmanager
def _closed_is_absent() -> Iterator[None]:
    """Around one call.

    Raises:
        AbsentError: AWS says that App Runner is closed to this account: it has no services.
    """
    try:
        yield
    except ClientError as error:
        closed = _CLOSED in str(error.response.get("Error", {}).get("Message", ""))
        if closed or error_code(error) in _NOT_SUBSCRIBED:
            raise AbsentError("App Runner is closed to this account") from error
        raise
