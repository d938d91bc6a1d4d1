"""Batch's compute environments: what jobs run on whose definition leaves the platform open.

A definition does not name an environment. A job goes to the queue that it is submitted to, and a queue to its
environments, which all have one architecture (API reference, "ComputeEnvironmentOrder"), as all instance types of an
environment have ("ComputeResource"). So where every environment that such jobs can come to has the same platform, that
is where they run (``CAPACITY``). Where the platforms differ, each job runs on one of them, and nothing but its
submission says on which. To ask that the image runs on all of them would be a false alarm at every image that is built
for the one queue it is meant for, in each account with a queue for x86 and one for ARM64. To be content with any of
them would let the wrong one pass. So it is ``UNKNOWN``: an image for both is safe, and any other is looked at.

Environments that are ``DISABLED`` or ``INVALID`` count: they take jobs again once somebody turns them on or mends them,
and a platform that is right only while one of them is off would make a mismatch of an image that is meant for it. Those
that are being deleted do not count. An unmanaged environment has whatever container instances its owner puts into it,
of which Batch tells nothing: with such a one the platform is ``UNKNOWN``, as it is where there is no environment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ecrguard.adapters.sources.instance_types import instance_platform
from ecrguard.adapters.sources.listing import Tokens
from ecrguard.domain.platform import Platform
from ecrguard.domain.workload import Basis
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mypy_boto3_batch.client import BatchClient
    from mypy_boto3_batch.type_defs import ComputeEnvironmentDetailTypeDef

    from ecrguard.adapters.calls import Calls

    type Hosts = tuple[tuple[Platform, ...], Basis]

ACTIONS = ("batch:DescribeComputeEnvironments",)
"""IAM actions that reading needs."""

ECS, EKS = "ECS", "EKS"
"""What environments and definitions are orchestrated by."""

(_DESCRIBE,) = ACTIONS
_PAGE = 100
_SUBJECT = "Batch compute environments"
_GONE = frozenset({"DELETING", "DELETED"})
_ON_EC2 = frozenset({"EC2", "SPOT"})
# Jobs for these name them in `platformCapabilities`.
_ELSEWHERE = frozenset({"FARGATE", "FARGATE_SPOT", "ECS_MANAGED_INSTANCES"})
# Batch chooses among families of one architecture (API reference, "ComputeResource").
_BUNDLES = {
    "optimal": Platform("linux", "amd64"),
    "default_x86_64": Platform("linux", "amd64"),
    "default_arm64": Platform("linux", "arm64"),
}


@dataclass(slots=True)
class ComputeEnvironments:
    """The compute environments of this account and Region, asked for once in the life of this object.

    Attributes:
        client: gives boto3's Batch client.
        calls: makes the calls.
    """

    client: Callable[[], BatchClient]
    calls: Calls
    _read: tuple[ComputeEnvironmentDetailTypeDef, ...] | UnreadableError | None = field(default=None)

    def hosts(self, orchestration: str) -> Hosts:
        """The platform that jobs on EC2 run on, if all environments that they can come to have the same.

        Args:
            orchestration: of the jobs, :data:`ECS` or :data:`EKS`.

        Raises:
            UnreadableError: denied, throttled or unavailable; each time, though it is asked once.
        """
        if self._read is None:
            try:
                self._read = tuple(self._pages())
            except UnreadableError as error:
                self._read = error
        if isinstance(self._read, UnreadableError):
            raise self._read
        return _common(
            _hosts(each)
            for each in self._read
            if each.get("containerOrchestrationType", ECS) == orchestration and _takes_jobs_on_ec2(each)
        )

    def _pages(self) -> Iterator[ComputeEnvironmentDetailTypeDef]:
        token, tokens = "", Tokens()
        while True:
            with self.calls.to(_DESCRIBE, _SUBJECT):
                answer = self.client().describe_compute_environments(
                    maxResults=_PAGE, **({"nextToken": token} if token else {})
                )
            yield from answer["computeEnvironments"]
            token = tokens.follow(token, answer.get("nextToken", ""), _DESCRIBE, _SUBJECT)
            if not token:
                return


def _takes_jobs_on_ec2(environment: ComputeEnvironmentDetailTypeDef) -> bool:
    """Whether jobs on EC2 can come to it, now or later; a kind that is not known here may take them."""
    kind = environment.get("computeResources", {}).get("type")
    return environment.get("status") not in _GONE and kind not in _ELSEWHERE


def _hosts(environment: ComputeEnvironmentDetailTypeDef) -> Hosts:
    if environment.get("type") == "UNMANAGED":
        return (), Basis.UNKNOWN
    resources = environment.get("computeResources")
    if environment.get("type") != "MANAGED" or resources is None or resources["type"] not in _ON_EC2:
        return (), Basis.UNRECOGNISED
    hosts = {_BUNDLES.get(each) or instance_platform(each) for each in resources.get("instanceTypes", [])}
    known = tuple(host for host in hosts if host is not None)
    return (known, Basis.CAPACITY) if len(known) == len(hosts) else ((), Basis.UNRECOGNISED)


def _common(environments: Iterable[Hosts]) -> Hosts:
    """The one platform of all environments, if they have one."""
    told = list(environments)
    bases = {basis for _, basis in told}
    hosts = tuple({host for some, _ in told for host in some})
    if Basis.UNRECOGNISED in bases:
        return (), Basis.UNRECOGNISED
    return (hosts, Basis.CAPACITY) if bases == {Basis.CAPACITY} and len(hosts) == 1 else ((), Basis.UNKNOWN)
