"""How the tests of the sources of ECS workloads have them read, and see what they give."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.fakes.revisions import FakeRevisions
from tests.fakes.wire import Refusal

from ecrguard.adapters.calls import Calls
from ecrguard.adapters.sources.ecs import EcsSource
from ecrguard.adapters.sources.tasks import TasksSource
from ecrguard.domain.image import Unknown
from ecrguard.domain.inventory import Sighting
from ecrguard.domain.platform import Platform
from ecrguard.domain.reference import Registry

if TYPE_CHECKING:
    from tests.fakes.ecs import FakeEcs

    from ecrguard.domain.image import UnknownReason
    from ecrguard.domain.workload import Workload
    from ecrguard.ports import Revisions, WorkloadSource

REGISTRY = Registry("123456789012", "eu-west-1")
APP = f"{REGISTRY.host}/app:1"
AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
DENIED = Refusal("AccessDeniedException", "User is not authorized to perform this")
THROTTLED = Refusal("ThrottlingException", "Rate exceeded")


@dataclass
class Told:
    """What a pass tells."""

    answers: dict[str, Sighting | Unknown] = field(default_factory=dict)
    unlisted: list[Unknown] = field(default_factory=list)
    pages: int = 0

    @property
    def workloads(self) -> list[Workload]:
        return [each for one in self.answers.values() if isinstance(one, Sighting) for each in one.workloads]

    @property
    def names(self) -> list[str]:
        return sorted(each.name for each in self.workloads)

    @property
    def unknowns(self) -> list[Unknown]:
        return [*self.unlisted, *(each for each in self.answers.values() if isinstance(each, Unknown))]

    @property
    def reasons(self) -> list[tuple[UnknownReason, str]]:
        return [(each.reason, each.subject) for each in self.unknowns]


def services(ecs: FakeEcs, revisions: Revisions | None = None) -> EcsSource:
    client = ecs.client
    return EcsSource(lambda: client, REGISTRY, Calls(), FakeRevisions() if revisions is None else revisions)


def tasks(ecs: FakeEcs, revisions: Revisions | None = None) -> TasksSource:
    client = ecs.client
    return TasksSource(lambda: client, REGISTRY, Calls(), FakeRevisions() if revisions is None else revisions)


def whole(source: WorkloadSource, cursor: str = "") -> Told:
    """A pass, as the reconciler makes it."""
    told = Told()
    while not told.pages or cursor:
        page = source.page(cursor)
        unread = [arn for arn in page.arns if arn not in page.sightings]
        told.answers |= {**page.sightings, **(source.read(unread) if unread else {})}
        told.unlisted += page.unknowns
        told.pages += 1
        cursor = page.cursor
    return told


def only(answer: Sighting | Unknown) -> Workload:
    """The one workload of an answer."""
    assert isinstance(answer, Sighting), answer
    (workload,) = answer.workloads
    return workload
