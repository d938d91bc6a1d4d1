"""CodeBuild projects whose builds run in an image of the registry.

The environment's type says the platform. A project that builds on a compute fleet has its platform from the fleet: the
project's own type is ignored then (API reference, "ProjectEnvironment"). A build pulls the image anew, by the tag that
the project names. Images that a single build is started with instead, or that a buildspec names, are not known here.

Builds that run on a machine rather than in a container (``LINUX_EC2`` and such, ``MAC_ARM``) name a machine image.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ecrguard.adapters.calls import Calls
from ecrguard.adapters.references import in_registry
from ecrguard.adapters.sources.listing import Tokens, sighting
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.inventory import BadImage, Page, Sighting
from ecrguard.domain.platform import Platform
from ecrguard.domain.reference import partition
from ecrguard.domain.workload import Basis, Workload, WorkloadKind
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from mypy_boto3_codebuild.client import CodeBuildClient
    from mypy_boto3_codebuild.type_defs import ProjectEnvironmentOutputTypeDef, ProjectTypeDef

    from ecrguard.domain.reference import ImageReference, Registry

ACTIONS = ("codebuild:ListProjects", "codebuild:BatchGetProjects", "codebuild:BatchGetFleets")
"""IAM actions that reading needs."""

_LIST, _GET, _FLEETS = ACTIONS
_MOST = 100
_SUBJECT = "CodeBuild projects"
_HOSTS = {
    "LINUX_CONTAINER": Platform("linux", "amd64"),
    "LINUX_GPU_CONTAINER": Platform("linux", "amd64"),
    "LINUX_LAMBDA_CONTAINER": Platform("linux", "amd64"),
    "ARM_CONTAINER": Platform("linux", "arm64"),
    "ARM_LAMBDA_CONTAINER": Platform("linux", "arm64"),
    "WINDOWS_CONTAINER": Platform("windows", "amd64"),
    "WINDOWS_SERVER_2019_CONTAINER": Platform("windows", "amd64", "", "10.0.17763"),
    "WINDOWS_SERVER_2022_CONTAINER": Platform("windows", "amd64", "", "10.0.20348"),
}
_ON_MACHINES = frozenset({"LINUX_EC2", "ARM_EC2", "WINDOWS_EC2", "MAC_ARM"})


@dataclass(slots=True)
class CodeBuildSource:
    """The CodeBuild projects of this account and Region. A ``WorkloadSource``.

    Attributes:
        client: gives boto3's CodeBuild client; called when there is something to read.
        registry: that is guarded, in whose account and Region the projects are.
        calls: makes the calls.
    """

    client: Callable[[], CodeBuildClient]
    registry: Registry
    calls: Calls = field(default_factory=Calls)
    _tokens: Tokens = field(default_factory=Tokens)
    _fleets: dict[str, str | Unknown] = field(default_factory=dict)

    def page(self, cursor: str) -> Page:
        """The projects of a page, 100 at most, in the order of their names: that does not change while it is read.

        Raises:
            AbsentError: the Region has no CodeBuild.
            UnreadableError: denied, throttled, unavailable.
        """
        with self.calls.to(_LIST, _SUBJECT):
            answer = self.client().list_projects(
                sortBy="NAME", sortOrder="ASCENDING", **({"nextToken": cursor} if cursor else {})
            )
        arns = tuple(dict.fromkeys(self._arn(name) for name in answer.get("projects", [])))
        return Page(arns, self._tokens.follow(cursor, answer.get("nextToken", ""), _LIST, _SUBJECT))

    def read(self, arns: Sequence[str]) -> dict[str, Sighting | Unknown]:
        """Every asked project as it is now, 100 a call.

        CodeBuild refuses a call as a whole: where it may not tell of one project, all of the call are unknown.

        Raises:
            AbsentError: as :meth:`page`.
            UnreadableError: throttled or unavailable.
        """
        read: dict[str, Sighting | Unknown] = {}
        for batch in itertools.batched(dict.fromkeys(arns), _MOST, strict=False):
            read |= self._read(batch)
        return read

    def _read(self, arns: Sequence[str]) -> dict[str, Sighting | Unknown]:
        try:
            with self.calls.to(_GET, _SUBJECT):
                answer = self.client().batch_get_projects(names=[_name(arn) for arn in arns])
        except UnreadableError as error:
            if error.unknown.reason is UnknownReason.ACCESS_DENIED:
                return dict.fromkeys(arns, error.unknown)
            raise
        projects = {self._arn(each.get("name", "")): each for each in answer.get("projects", [])}
        gone = {self._arn(name) for name in answer.get("projectsNotFound", [])}
        self._ask_fleets(projects.values())
        return {arn: self._told(arn, projects.get(arn), gone=arn in gone) for arn in arns}

    def _told(self, arn: str, project: ProjectTypeDef | None, *, gone: bool) -> Sighting | Unknown:
        subject = f"CodeBuild project {_name(arn)}"
        if gone:
            return Sighting(arn)
        if project is None or "environment" not in project:
            return Unknown(UnknownReason.UNAVAILABLE, f"{_GET} did not tell the environment of {subject}", subject)
        environment = project["environment"]
        kind: str | Unknown = environment["type"]
        reference = in_registry(environment["image"], self.registry, subject)
        if reference and (fleet := _fleet(environment)):
            kind = self._fleets.get(fleet, "")
        if isinstance(kind, Unknown):
            return kind
        if kind in _ON_MACHINES or reference is None:
            return Sighting(arn)
        return sighting(arn, [reference if isinstance(reference, BadImage) else _workload(arn, reference, kind)])

    def _ask_fleets(self, projects: Collection[ProjectTypeDef]) -> None:
        """Learn the environment type of the fleets that the projects of the registry's images build on."""
        environments = [each["environment"] for each in projects if "environment" in each]
        named = dict.fromkeys(
            fleet
            for each in environments
            if (fleet := _fleet(each)) and in_registry(each["image"], self.registry, _SUBJECT)
        )
        asked = [fleet for fleet in named if fleet not in self._fleets]
        if not asked:
            return
        try:
            with self.calls.to(_FLEETS, "CodeBuild fleets"):
                answer = self.client().batch_get_fleets(names=asked)
        except UnreadableError as error:
            if error.unknown.reason is not UnknownReason.ACCESS_DENIED:
                raise
            self._fleets |= dict.fromkeys(asked, error.unknown)
            return
        found = {each.get("arn", ""): str(each.get("environmentType", "")) for each in answer.get("fleets", [])}
        # A fleet that is gone has no type: what a build there needs cannot be told.
        self._fleets |= {fleet: found.get(fleet, "") for fleet in asked}

    def _arn(self, name: str) -> str:
        region, account = self.registry.region, self.registry.account
        return f"arn:{partition(region)}:codebuild:{region}:{account}:project/{name}"


def _workload(arn: str, reference: ImageReference, kind: str) -> Workload:
    """The project; ``kind`` is the type of its environment, empty where its fleet does not exist."""
    host = _HOSTS.get(kind)
    without = Basis.UNRECOGNISED if kind else Basis.UNKNOWN
    return Workload(
        kind=WorkloadKind.CODEBUILD_PROJECT,
        arn=arn,
        name=_name(arn),
        container="",
        reference=reference,
        hosts=(host,) if host else (),
        basis=Basis.EXPLICIT if host else without,
    )


def _fleet(environment: ProjectEnvironmentOutputTypeDef) -> str:
    return environment.get("fleet", {}).get("fleetArn", "")


def _name(arn: str) -> str:
    # arn:aws:codebuild:<region>:<account>:project/<name>
    return arn.rpartition("/")[2]
