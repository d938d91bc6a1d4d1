"""Images that pods of Amazon EKS run, as Amazon Inspector sees them.

Kubernetes has no AWS API for its pods. Where Inspector scans the registry (ECR's enhanced scanning), it also tells
which of its images are in use, and GetClustersForImage in which clusters, of ECS and EKS; those of ECS are another
source's. What is listed here is therefore an image, and its workloads are the clusters that run it now, named by its
digest. What a cluster has yet to run is not seen, nor an image that Inspector no longer scans.

Which nodes a pod may be put on is up to Kubernetes. A cluster's nodes are its EC2 instances, which EKS tags whoever
launched them (node groups, Karpenter, Auto Mode, or only their owner), and Fargate, which is linux/amd64, where the
cluster has a profile for it (EKS user guide, "Tagging your resources for billing", "Fargate considerations"). Where all
nodes have one platform, so have the pods (``CAPACITY``). Where they differ, each pod's node selector decides, which no
API tells: the platform is ``UNKNOWN``, as it is where no node is seen. Node groups are not asked. They tell nothing of
other nodes, and a small group for x86 beside Karpenter's nodes for ARM64 would make a mismatch of every good image.
Hybrid nodes are not seen.

An Inspector that does not scan ECR answers with empty lists. That is told apart by its status, and is no empty source.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypedDict

from ecrguard.adapters.calls import Calls, GoneError
from ecrguard.adapters.sources.listing import Tokens
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.inventory import Page, Sighting
from ecrguard.domain.platform import Platform
from ecrguard.domain.reference import BadReferenceError, parse_reference
from ecrguard.domain.workload import Basis, Workload, WorkloadKind
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Unpack

    from mypy_boto3_eks.client import EKSClient
    from mypy_boto3_inspector2.client import Inspector2Client
    from mypy_boto3_inspector2.type_defs import (
        ClusterInformationTypeDef,
        GetClustersForImageRequestTypeDef,
        ListCoverageRequestTypeDef,
    )

    from ecrguard.domain.reference import ImageReference, Registry

    type Hosts = tuple[tuple[Platform, ...], Basis]

ACTIONS = (
    "inspector2:BatchGetAccountStatus",
    "inspector2:ListCoverage",
    "inspector2:GetClustersForImage",
    "eks:ListFargateProfiles",
    "ec2:DescribeInstances",
)
"""IAM actions that reading needs."""

_STATUS, _COVERAGE, _CLUSTERS, _FARGATE, _INSTANCES = ACTIONS
# Each image costs a call of its own: half of what ListCoverage would give.
_PAGE = 100
_MOST_CLUSTERS = 100
_MOST_INSTANCES = 1000
_SUBJECT = "images that Amazon Inspector sees in use"
_IMAGE = "AWS_ECR_CONTAINER_IMAGE"
_CLUSTER_TAG = "aws:eks:cluster-name"
_NAMED = 3
_AMD64 = Platform("linux", "amd64")
_LINUX = {"x86_64": _AMD64, "arm64": Platform("linux", "arm64")}
_WINDOWS = Platform("windows", "amd64")


class _Filter(TypedDict):
    Name: str
    Values: list[str]


class _Asked(TypedDict, total=False):
    Filters: list[_Filter]
    MaxResults: int
    NextToken: str


class _Instance(TypedDict, total=False):
    Architecture: str
    Platform: str


class _Reservation(TypedDict, total=False):
    Instances: list[_Instance]


class _Instances(TypedDict, total=False):
    Reservations: list[_Reservation]
    NextToken: str


class InstancesClient(Protocol):
    """What is used of boto3's EC2 client, whose own types are the largest of all services'."""

    def describe_instances(self, **asked: Unpack[_Asked]) -> _Instances:
        """DescribeInstances."""
        ...


@dataclass(slots=True)
class EksSource:
    """The images of a registry that clusters of EKS run. A ``WorkloadSource``.

    Attributes:
        inspector: gives boto3's Inspector client; called when there is something to read.
        eks: gives boto3's EKS client; called for the first cluster.
        ec2: gives boto3's EC2 client; called for the first cluster.
        registry: that is guarded, in whose account and Region Inspector is asked.
        calls: makes the calls.
    """

    inspector: Callable[[], Inspector2Client]
    eks: Callable[[], EKSClient]
    ec2: Callable[[], InstancesClient]
    registry: Registry
    calls: Calls = field(default_factory=Calls)
    _tokens: Tokens = field(default_factory=Tokens)
    _scanned: bool = field(default=False)
    _hosts: dict[str, Hosts | GoneError | UnreadableError] = field(default_factory=dict)

    def page(self, cursor: str) -> Page:
        """The images of the registry on a page of 100 that are in use.

        Raises:
            AbsentError: the Region has no Inspector.
            UnreadableError: denied, throttled, unavailable; ACCESS_DENIED also where Inspector does not scan ECR.
        """
        self._require_scanning()
        asked: ListCoverageRequestTypeDef = {
            "maxResults": _PAGE,
            "filterCriteria": {
                "accountId": [{"comparison": "EQUALS", "value": self.registry.account}],
                "resourceType": [{"comparison": "EQUALS", "value": _IMAGE}],
                "ecrImageInUseCount": [{"lowerInclusive": 1}],
            },
        }
        if cursor:
            asked["nextToken"] = cursor
        with self.calls.to(_COVERAGE, _SUBJECT):
            answer = self.inspector().list_coverage(**asked)
        arns = (each["resourceId"] for each in answer.get("coveredResources", []))
        ours = tuple(dict.fromkeys(arn for arn in arns if self._reference(arn) is not None))
        return Page(ours, self._tokens.follow(cursor, answer.get("nextToken", ""), _COVERAGE, _SUBJECT))

    def read(self, arns: Sequence[str]) -> dict[str, Sighting | Unknown]:
        """The clusters that run each asked image now: a call for an image, two more for each cluster the first time.

        Raises:
            AbsentError: as :meth:`page`.
            UnreadableError: throttled or unavailable.
        """
        read: dict[str, Sighting | Unknown] = {}
        for arn in dict.fromkeys(arns):
            try:
                read[arn] = self._read(arn)
            except UnreadableError as error:
                if error.unknown.reason is not UnknownReason.ACCESS_DENIED:
                    raise
                read[arn] = error.unknown
        return read

    def _read(self, arn: str) -> Sighting:
        reference = self._reference(arn)
        if reference is None:
            return Sighting(arn)
        self._require_scanning()
        workloads: list[Workload] = []
        for cluster in self._clusters(arn):
            if cluster["clusterArn"].split(":")[2] != "eks" or not _runs(cluster):
                continue
            try:
                workloads.append(self._workload(cluster, reference))
            except GoneError:
                continue
        return Sighting(arn, tuple(workloads))

    def _require_scanning(self) -> None:
        """Asked once in the life of this object.

        Raises:
            UnreadableError: Inspector does not scan the registry, or its status could not be read.
        """
        if self._scanned:
            return
        account = self.registry.account
        with self.calls.to(_STATUS, f"Amazon Inspector in account {account}"):
            answer = self.inspector().batch_get_account_status(accountIds=[account])
        states = [each["resourceState"]["ecr"]["status"] for each in answer["accounts"] if each["accountId"] == account]
        if states != ["ENABLED"]:
            detail = (
                f"{_STATUS} says that Amazon Inspector does not scan the images of account {account} "
                f"(ECR: {', '.join(states) or 'no status'}), so that it cannot tell which of them EKS runs; "
                "turn on the enhanced scanning of ECR, or leave eks out of LinkedWorkloads"
            )
            raise UnreadableError(Unknown(UnknownReason.ACCESS_DENIED, detail, _SUBJECT))
        self._scanned = True

    def _reference(self, arn: str) -> ImageReference | None:
        """The image that an ARN names, by its digest; None where it is of another registry, or a repository."""
        # arn:aws:ecr:<region>:<account>:repository/<name>/sha256:<digest>
        parts = arn.split(":", 5)
        if tuple(parts[2:5]) != ("ecr", self.registry.region, self.registry.account):
            return None
        name, _, digest = parts[5].removeprefix("repository/").rpartition("/")
        try:
            return parse_reference(f"{self.registry.host}/{name}@{digest}")
        except BadReferenceError:
            return None

    def _clusters(self, arn: str) -> Iterator[ClusterInformationTypeDef]:
        subject = f"the clusters that run {arn.partition(':repository/')[2]}"
        asked: GetClustersForImageRequestTypeDef = {"filter": {"resourceId": arn}, "maxResults": _MOST_CLUSTERS}
        token, tokens = "", Tokens()
        while True:
            if token:
                asked["nextToken"] = token
            with self.calls.to(_CLUSTERS, subject):
                answer = self.inspector().get_clusters_for_image(**asked)
            yield from answer.get("cluster", [])
            token = tokens.follow(token, answer.get("nextToken", ""), _CLUSTERS, subject)
            if not token:
                return

    def _workload(self, cluster: ClusterInformationTypeDef, reference: ImageReference) -> Workload:
        """Raises GoneError where the cluster does not exist any more."""
        arn = cluster["clusterArn"]
        hosts, basis = self._of_cluster(arn)
        return Workload(
            kind=WorkloadKind.EKS_CLUSTER,
            arn=arn,
            name=arn.rpartition("/")[2],
            container=_where(cluster),
            reference=reference,
            hosts=hosts,
            basis=basis,
            resolved=reference.digest,
        )

    def _of_cluster(self, arn: str) -> Hosts:
        """The platform of a cluster's nodes, asked once in the life of this object."""
        if tuple(arn.split(":")[3:5]) != (self.registry.region, self.registry.account):
            return (), Basis.UNKNOWN
        if arn not in self._hosts:
            name = arn.rpartition("/")[2]
            try:
                self._hosts[arn] = _common({*self._fargate(name), *self._nodes(name)})
            except (GoneError, UnreadableError) as error:
                self._hosts[arn] = error
        told = self._hosts[arn]
        if isinstance(told, (GoneError, UnreadableError)):
            raise told
        return told

    def _fargate(self, cluster: str) -> tuple[Platform, ...]:
        subject = f"the Fargate profiles of EKS cluster {cluster}"
        with self.calls.to(_FARGATE, subject, gone=("ResourceNotFoundException",)):
            answer = self.eks().list_fargate_profiles(clusterName=cluster, maxResults=1)
        return (_AMD64,) if answer["fargateProfileNames"] else ()

    def _nodes(self, cluster: str) -> Iterator[Platform | None]:
        """The platform of each EC2 instance of a cluster; None for one that is not known here."""
        subject = f"the nodes of EKS cluster {cluster}"
        asked: _Asked = {
            "Filters": [
                {"Name": f"tag:{_CLUSTER_TAG}", "Values": [cluster]},
                {"Name": "instance-state-name", "Values": ["pending", "running"]},
            ],
            "MaxResults": _MOST_INSTANCES,
        }
        token, tokens = "", Tokens()
        while True:
            if token:
                asked["NextToken"] = token
            with self.calls.to(_INSTANCES, subject):
                answer = self.ec2().describe_instances(**asked)
            for reservation in answer.get("Reservations", []):
                yield from map(_platform, reservation.get("Instances", []))
            token = tokens.follow(token, answer.get("NextToken", ""), _INSTANCES, subject)
            if not token:
                return


def _platform(instance: _Instance) -> Platform | None:
    # EC2 does not tell the build of Windows; for Linux it says nothing at all.
    return _WINDOWS if instance.get("Platform") else _LINUX.get(instance.get("Architecture", ""))


def _common(hosts: set[Platform | None]) -> Hosts:
    """The one platform of all nodes, if they have one."""
    known = tuple(host for host in hosts if host is not None)
    if len(known) < len(hosts):
        return (), Basis.UNRECOGNISED
    return (known, Basis.CAPACITY) if len(known) == 1 else ((), Basis.UNKNOWN)


def _runs(cluster: ClusterInformationTypeDef) -> bool:
    """Whether pods run the image now; a cluster stays listed for a day after its last one stopped."""
    details = cluster.get("clusterDetails", [])
    return not details or any(each.get("runningUnitCount", 1) for each in details)


def _where(cluster: ClusterInformationTypeDef) -> str:
    """The first few of what runs the image, ``namespace/name``; empty where Inspector does not tell."""
    names: set[str] = set()
    for each in cluster.get("clusterDetails", []):
        told = each["clusterMetadata"].get("awsEksMetadataDetails", {})
        if each.get("runningUnitCount", 1):
            names |= {f"{told.get('namespace', '')}/{one['name']}" for one in told.get("workloadInfoList", [])}
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(sorted(names)[:_NAMED]) + more
