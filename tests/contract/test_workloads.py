"""What every reader of workloads does: the real one on fake AWS clients, and the fake that other tests judge with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import pytest
from tests.fakes.apprunner import FakeAppRunner
from tests.fakes.ecs import FakeEcs
from tests.fakes.wire import Refusal
from tests.fakes.workloads import FakeWorkloadReader

from ecrguard.adapters.workloads import ACTIONS, workload_reader
from ecrguard.config import ConfigurationError
from ecrguard.deadline import Deadline
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.platform import Platform
from ecrguard.domain.reference import Registry, parse_reference
from ecrguard.domain.workload import Basis, Workload, WorkloadKind

if TYPE_CHECKING:
    from ecrguard.ports import WorkloadReader

REGISTRY = Registry("123456789012", "eu-west-1")
HOST = REGISTRY.host
DIGEST = "sha256:" + "a" * 64
AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")


class World(Protocol):
    """Something with workloads in it, and a reader of them."""

    @property
    def reader(self) -> WorkloadReader: ...
    def ecs_service(self, name: str, images: dict[str, str], cpu: str = "") -> None: ...
    def app_runner_service(self, name: str, image: str) -> None: ...
    def break_app_runner(self) -> None: ...
    def mend_app_runner(self) -> None: ...


@dataclass(slots=True)
class RealWorld:
    """The real reader on AWS in memory."""

    ecs: FakeEcs = field(default_factory=FakeEcs)
    app_runner: FakeAppRunner = field(default_factory=FakeAppRunner)
    reader: WorkloadReader = field(init=False)

    def __post_init__(self) -> None:
        self.reader = workload_reader(
            ("ecs", "apprunner"), lambda: self.ecs.client, lambda: self.app_runner.client, Deadline()
        )

    def ecs_service(self, name: str, images: dict[str, str], cpu: str = "") -> None:
        os = "LINUX" if cpu else ""
        self.ecs.service(name, self.ecs.definition(images, family=name, cpu=cpu, os=os))

    def app_runner_service(self, name: str, image: str) -> None:
        self.app_runner.service(name, image)

    def break_app_runner(self) -> None:
        self.app_runner.failing["ListServices"] = Refusal("AccessDeniedException", "is not authorized to perform")

    def mend_app_runner(self) -> None:
        self.app_runner.failing.clear()


@dataclass(slots=True)
class FakeWorld:
    """The fake reader."""

    reader: FakeWorkloadReader = field(default_factory=FakeWorkloadReader)

    def ecs_service(self, name: str, images: dict[str, str], cpu: str = "") -> None:
        basis = Basis.EXPLICIT if cpu else Basis.SERVICE_DEFAULT
        host = ARM64 if cpu == "ARM64" else AMD64
        kind, arn = WorkloadKind.ECS_SERVICE, f"arn:aws:ecs:eu-west-1:123456789012:service/prod/{name}"
        self.reader.workloads += [
            Workload(kind, arn, f"prod/{name}", container, parse_reference(image), (host,), basis, f"{name}:1")
            for container, image in images.items()
        ]

    def app_runner_service(self, name: str, image: str) -> None:
        kind, arn = WorkloadKind.APPRUNNER_SERVICE, f"arn:aws:apprunner:eu-west-1:123456789012:service/{name}/1"
        reference, basis = parse_reference(image), Basis.SERVICE_DEFAULT
        self.reader.workloads.append(
            Workload(kind, arn, name, "", reference, (AMD64,), basis, deploys_on_push=not reference.digest)
        )

    def break_app_runner(self) -> None:
        self.reader.unknowns.append(
            Unknown(UnknownReason.ACCESS_DENIED, "apprunner:ListServices was denied", "App Runner services")
        )

    def mend_app_runner(self) -> None:
        self.reader.unknowns.clear()


@pytest.fixture(params=[RealWorld, FakeWorld], ids=["real", "fake"])
def world(request: pytest.FixtureRequest) -> World:
    made: World = request.param()
    return made


def names(reader: WorkloadReader, repository: str = "team/app", registry: Registry = REGISTRY) -> list[str]:
    return sorted(workload.label for workload in reader.linked(registry, repository).workloads)


def test_an_account_without_workloads_has_none_and_nothing_unknown(world: World) -> None:
    answer = world.reader.linked(REGISTRY, "team/app")

    assert answer.workloads == ()
    assert answer.unknowns == ()


def test_each_workload_says_what_it_runs_and_where(world: World) -> None:
    world.ecs_service("api", {"app": f"{HOST}/team/app:1.4"}, cpu="ARM64")
    world.app_runner_service("site", f"{HOST}/team/app:latest")

    api, site = world.reader.linked(REGISTRY, "team/app").workloads

    assert (api.kind, api.name, api.container, api.definition) == (WorkloadKind.ECS_SERVICE, "prod/api", "app", "api:1")
    assert (api.reference.tag, api.hosts, api.basis) == ("1.4", (ARM64,), Basis.EXPLICIT)
    assert api.arn == "arn:aws:ecs:eu-west-1:123456789012:service/prod/api"
    assert not api.deploys_on_push
    assert (site.kind, site.name, site.container, site.definition) == (
        WorkloadKind.APPRUNNER_SERVICE,
        "site",
        "",
        "",
    )
    assert (site.reference.tag, site.hosts, site.basis) == ("latest", (AMD64,), Basis.SERVICE_DEFAULT)
    assert site.deploys_on_push


def test_every_container_of_a_task_counts_and_only_those_of_the_repository(world: World) -> None:
    sidecars = {
        "proxy": f"{HOST}/team/app:proxy",
        "agent": "public.ecr.aws/datadog/agent:7",
        "other": f"{HOST}/other:1",
    }
    world.ecs_service("api", {"app": f"{HOST}/team/app:1"} | sidecars)

    assert names(world.reader) == ["ECS service prod/api, container app", "ECS service prod/api, container proxy"]


@pytest.mark.parametrize(
    "image",
    [
        f"{HOST}/team/app:1.4",
        f"{HOST}/team/app@{DIGEST}",
        f"{HOST}/team/app:1.4@{DIGEST}",
        f"{HOST}/team/app",
        "123456789012.dkr-ecr.eu-west-1.on.aws/team/app:1",
        "123456789012.dkr.ecr-fips.eu-west-1.amazonaws.com/team/app:1",
    ],
)
def test_a_reference_of_any_form_links_to_its_repository(world: World, image: str) -> None:
    world.ecs_service("api", {"app": image})

    assert names(world.reader) == ["ECS service prod/api, container app"]


@pytest.mark.parametrize(
    "image",
    [
        "team/app:1.4",
        "docker.io/team/app:1.4",
        f"{HOST}/team/app2:1.4",
        f"{HOST}/team:1.4",
        f"{HOST}/prefix/team/app:1.4",
        "210987654321.dkr.ecr.eu-west-1.amazonaws.com/team/app:1.4",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/app:1.4",
        f"{HOST}.evil.com/team/app:1.4",
    ],
)
def test_other_registries_and_repositories_are_not_linked(world: World, image: str) -> None:
    world.ecs_service("api", {"app": image})

    answer = world.reader.linked(REGISTRY, "team/app")

    assert answer.workloads == ()
    assert answer.unknowns == ()


def test_none_is_lost_among_many(world: World) -> None:
    for number in range(231):
        world.ecs_service(f"s{number:03}", {"app": f"{HOST}/team/app:{number}"})
    for number in range(45):
        world.app_runner_service(f"r{number:03}", f"{HOST}/team/app:{number}")

    found = names(world.reader)

    assert len(found) == len(set(found)) == 231 + 45


def test_a_source_that_cannot_be_read_is_named_and_silences_no_other(world: World) -> None:
    world.ecs_service("api", {"app": f"{HOST}/team/app:1"})
    world.break_app_runner()

    answer = world.reader.linked(REGISTRY, "team/app")

    assert [workload.name for workload in answer.workloads] == ["prod/api"]
    assert [(unknown.reason, unknown.subject) for unknown in answer.unknowns] == [
        (UnknownReason.ACCESS_DENIED, "App Runner services")
    ]


def test_what_could_not_be_read_once_is_asked_again(world: World) -> None:
    world.break_app_runner()
    world.reader.linked(REGISTRY, "team/app")
    world.mend_app_runner()
    world.app_runner_service("site", f"{HOST}/team/app:1")

    answer = world.reader.linked(REGISTRY, "team/app")

    assert [workload.name for workload in answer.workloads] == ["site"]
    assert answer.unknowns == ()


def test_a_new_service_is_seen_by_the_next_read(world: World) -> None:
    world.ecs_service("api", {"app": f"{HOST}/team/app:1"})
    before = names(world.reader)
    world.ecs_service("worker", {"app": f"{HOST}/team/app:1"})

    assert before == ["ECS service prod/api, container app"]
    assert names(world.reader) == [*before, "ECS service prod/worker, container app"]


def test_only_the_sources_named_are_asked() -> None:
    world = RealWorld()
    world.ecs_service("api", {"app": f"{HOST}/team/app:1"})
    world.app_runner_service("site", f"{HOST}/team/app:1")

    ecs_alone = workload_reader(["ecs"], lambda: world.ecs.client, lambda: world.app_runner.client, Deadline())
    none = workload_reader([], lambda: world.ecs.client, lambda: world.app_runner.client, Deadline())

    assert names(ecs_alone) == ["ECS service prod/api, container app"]
    assert world.app_runner.calls == []
    assert names(none) == []


def test_a_source_that_does_not_exist_is_a_configuration_error() -> None:
    world = RealWorld()
    with pytest.raises(ConfigurationError, match=r"expected some of ecs, apprunner in LINKED_WORKLOADS, got 'eks'"):
        workload_reader(["ecs", "eks"], lambda: world.ecs.client, lambda: world.app_runner.client, Deadline())


def test_the_readers_call_no_more_than_the_actions_they_declare() -> None:
    world = RealWorld()
    world.ecs.instance()
    silent = world.ecs.definition(f"{HOST}/team/app:1", constraint="attribute:ecs.os-type == linux")
    world.ecs.service("api", silent, launchType="EC2")
    world.app_runner_service("site", f"{HOST}/team/app:1")

    world.reader.linked(REGISTRY, "team/app")

    assert {f"ecs:{name}" for name, _ in world.ecs.calls} == set(ACTIONS["ecs"])
    assert {f"apprunner:{name}" for name, _ in world.app_runner.calls} == set(ACTIONS["apprunner"])
