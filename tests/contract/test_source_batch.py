"""Batch job definitions as a source: where their images stand, and what they need."""

from __future__ import annotations

from typing import Any

import pytest
from tests.contract.source_world import REGISTRY
from tests.fakes.batch import FakeBatch
from tests.fakes.wire import Refusal

from ecrguard.adapters.sources.batch import BatchSource
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.inventory import BadImage, Sighting
from ecrguard.domain.platform import Platform
from ecrguard.domain.reference import parse_reference
from ecrguard.domain.workload import Basis, Workload, WorkloadKind

HOST = REGISTRY.host
APP = f"{HOST}/app:1"
AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
WINDOWS_2019 = Platform("windows", "amd64", "", "10.0.17763")
WINDOWS_2022 = Platform("windows", "amd64", "", "10.0.20348")
DENIED = Refusal("AccessDeniedException", "not authorized", 403)
ENVIRONMENTS = "DescribeComputeEnvironments"


@pytest.fixture
def batch() -> FakeBatch:
    return FakeBatch()


def source(batch: FakeBatch) -> BatchSource:
    return BatchSource(lambda: batch.client, REGISTRY)


def listed(batch: FakeBatch, arn: str) -> Sighting:
    return source(batch).page("").sightings[arn]


def images(sighting: Sighting) -> dict[str, str]:
    """Repository by container."""
    return {workload.container: workload.reference.repository for workload in sighting.workloads}


def test_a_definition_says_what_it_runs_and_where(batch: FakeBatch) -> None:
    stated = {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}
    arn = batch.register("train", APP, containerProperties={"runtimePlatform": stated})

    assert listed(batch, arn).workloads == (
        Workload(
            kind=WorkloadKind.BATCH_JOB_DEFINITION,
            arn=arn,
            name="train",
            container="",
            reference=parse_reference(APP),
            hosts=(ARM64,),
            basis=Basis.EXPLICIT,
            definition="train:1",
        ),
    )


@pytest.mark.parametrize(
    ("capabilities", "stated", "hosts", "basis"),
    [
        (["FARGATE"], ("", ""), (AMD64,), Basis.SERVICE_DEFAULT),
        (["FARGATE"], ("ARM64", ""), (ARM64,), Basis.SERVICE_DEFAULT),
        (["FARGATE"], ("", "WINDOWS_SERVER_2022_CORE"), (WINDOWS_2022,), Basis.SERVICE_DEFAULT),
        (["FARGATE"], ("X86_64", "LINUX"), (AMD64,), Basis.EXPLICIT),
        (["FARGATE"], ("X86_64", "WINDOWS_SERVER_2019_FULL"), (WINDOWS_2019,), Basis.EXPLICIT),
        (["EC2"], ("", ""), (), Basis.UNKNOWN),
        (None, ("", ""), (), Basis.UNKNOWN),
        (["MANAGED_INSTANCES"], ("", ""), (), Basis.UNKNOWN),
        (["EC2", "FARGATE"], ("", ""), (), Basis.UNKNOWN),
        (["EC2"], ("X86_64", ""), (), Basis.UNKNOWN),
        (["EC2"], ("", "LINUX"), (), Basis.UNKNOWN),
        (["MANAGED_INSTANCES"], ("ARM64", ""), (ARM64,), Basis.SERVICE_DEFAULT),
        (["EC2"], ("", "WINDOWS_SERVER_2019_CORE"), (WINDOWS_2019,), Basis.SERVICE_DEFAULT),
        (["EC2"], ("ARM64", "LINUX"), (ARM64,), Basis.EXPLICIT),
        (["FARGATE"], ("RISCV64", ""), (), Basis.UNRECOGNISED),
        (["FARGATE"], ("X86_64", "WINDOWS_SERVER_2031_CORE"), (), Basis.UNRECOGNISED),
        (["QUANTUM"], ("", ""), (), Basis.UNRECOGNISED),
    ],
)
def test_the_platform_is_what_is_stated_and_on_fargate_the_default_of_what_is_not(
    batch: FakeBatch,
    capabilities: list[str] | None,
    stated: tuple[str, str],
    hosts: tuple[Platform, ...],
    basis: Basis,
) -> None:
    runtime = zip(("cpuArchitecture", "operatingSystemFamily"), stated, strict=True)
    properties: dict[str, Any] = {
        "containerProperties": {"runtimePlatform": {name: value for name, value in runtime if value}}
    }
    if capabilities is not None:
        properties["platformCapabilities"] = capabilities
    arn = batch.register("train", APP, **properties)

    (workload,) = listed(batch, arn).workloads

    assert (workload.hosts, workload.basis) == (hosts, basis)


def test_every_container_of_an_ecs_task_counts(batch: FakeBatch) -> None:
    task = {
        "containers": [
            {"name": "main", "image": f"{HOST}/main:1"},
            {"name": "agent", "image": "public.ecr.aws/datadog/agent:7"},
            {"image": f"{HOST}/nameless:1"},
        ],
        "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
    }
    arn = batch.register("train", ecsProperties={"taskProperties": [task]}, platformCapabilities=["FARGATE"])

    sighting = listed(batch, arn)

    assert images(sighting) == {"main": "main", "3": "nameless"}
    assert {workload.hosts for workload in sighting.workloads} == {(ARM64,)}


def test_every_container_of_a_pod_counts_and_where_it_runs_is_not_told(batch: FakeBatch) -> None:
    pod = {
        "initContainers": [{"name": "fetch", "image": f"{HOST}/fetch:1"}],
        "containers": [{"image": f"{HOST}/main:1"}, {"name": "proxy", "image": f"{HOST}/proxy:1"}],
    }
    arn = batch.register("train", eksProperties={"podProperties": pod}, containerOrchestrationType="EKS")

    sighting = listed(batch, arn)

    assert images(sighting) == {"fetch": "fetch", "Default": "main", "proxy": "proxy"}
    assert {(workload.hosts, workload.basis) for workload in sighting.workloads} == {((), Basis.UNKNOWN)}


def test_every_range_of_nodes_counts(batch: FakeBatch) -> None:
    task = {"containers": [{"name": "work", "image": f"{HOST}/work:1"}]}
    pod = {"containers": [{"name": "pod", "image": f"{HOST}/pod:1"}]}
    ranges = [
        {"targetNodes": "0", "container": {"image": f"{HOST}/main:1"}},
        {"targetNodes": "1:3", "container": {"image": f"{HOST}/single:1"}},
        {"targetNodes": "4:5", "ecsProperties": {"taskProperties": [task]}},
        {"targetNodes": "6:", "eksProperties": {"podProperties": pod}},
    ]
    nodes = {"numNodes": 8, "mainNode": 0, "nodeRangeProperties": ranges}
    arn = batch.register("train", kind="multinode", nodeProperties=nodes)

    assert images(listed(batch, arn)) == {
        "nodes 0": "main",
        "nodes 1:3": "single",
        "nodes 4:5, work": "work",
        "nodes 6:, pod": "pod",
    }


@pytest.mark.parametrize(
    ("types", "of_container", "hosts", "basis"),
    [
        (["p4d.24xlarge"], "", (AMD64,), Basis.EXPLICIT),
        (["c7gn.16xlarge"], "", (ARM64,), Basis.EXPLICIT),
        ([], "c5.xlarge", (AMD64,), Basis.EXPLICIT),
        (["c7gn.16xlarge"], "c5.xlarge", (ARM64,), Basis.EXPLICIT),
        (["quantum1.large"], "", (), Basis.UNRECOGNISED),
        ([], "", (), Basis.UNKNOWN),
    ],
)
def test_nodes_run_on_the_instance_type_that_they_state(
    batch: FakeBatch, types: list[str], of_container: str, hosts: tuple[Platform, ...], basis: Basis
) -> None:
    container = {"image": APP} | ({"instanceType": of_container} if of_container else {})
    ranges = [{"targetNodes": "0:", "container": container} | ({"instanceTypes": types} if types else {})]
    nodes = {"numNodes": 2, "mainNode": 0, "nodeRangeProperties": ranges}
    arn = batch.register("train", kind="multinode", nodeProperties=nodes)

    (workload,) = listed(batch, arn).workloads

    assert (workload.hosts, workload.basis) == (hosts, basis)


def hosts(batch: FakeBatch, arn: str) -> tuple[tuple[Platform, ...], Basis]:
    (workload,) = listed(batch, arn).workloads
    return workload.hosts, workload.basis


@pytest.mark.parametrize(
    ("environments", "expected", "basis"),
    [
        ([["optimal"]], (AMD64,), Basis.CAPACITY),
        ([["default_x86_64"]], (AMD64,), Basis.CAPACITY),
        ([["default_arm64"]], (ARM64,), Basis.CAPACITY),
        ([["m6g"]], (ARM64,), Basis.CAPACITY),
        ([["c5.xlarge", "m6i", "optimal"]], (AMD64,), Basis.CAPACITY),
        ([["m6g.large"], ["c7g"], ["default_arm64"]], (ARM64,), Basis.CAPACITY),
        ([["optimal"], ["default_arm64"]], (), Basis.UNKNOWN),
        ([["m5", "m6g"]], (), Basis.UNKNOWN),
        ([["optimal"], []], (AMD64,), Basis.CAPACITY),
        ([[]], (), Basis.UNKNOWN),
        ([], (), Basis.UNKNOWN),
        ([["default_riscv64"]], (), Basis.UNRECOGNISED),
        ([["optimal"], ["m5", "quantum1.large"]], (), Basis.UNRECOGNISED),
        ([["optimal"], ["m6g"], ["quantum1"]], (), Basis.UNRECOGNISED),
    ],
)
@pytest.mark.parametrize("capabilities", [None, ["EC2"], []])
def test_on_ec2_a_silent_definition_runs_on_the_one_platform_of_all_environments(
    batch: FakeBatch,
    capabilities: list[str] | None,
    environments: list[list[str]],
    expected: tuple[Platform, ...],
    basis: Basis,
) -> None:
    for types in environments:
        batch.environment(*types)
    properties: dict[str, Any] = {} if capabilities is None else {"platformCapabilities": capabilities}
    arn = batch.register("train", APP, **properties)

    assert hosts(batch, arn) == (expected, basis)


@pytest.mark.parametrize("kind", ["EC2", "SPOT"])
@pytest.mark.parametrize("state", ["ENABLED", "DISABLED"])
@pytest.mark.parametrize("status", ["CREATING", "UPDATING", "VALID", "INVALID", "FROZEN"])
def test_an_environment_counts_that_takes_jobs_or_may_take_them_again(
    batch: FakeBatch, kind: str, state: str, status: str
) -> None:
    batch.environment("optimal")
    batch.environment("default_arm64", kind=kind, state=state, status=status)
    arn = batch.register("train", APP)

    assert hosts(batch, arn) == ((), Basis.UNKNOWN)


@pytest.mark.parametrize(
    "other",
    [
        {"status": "DELETING"},
        {"status": "DELETED"},
        {"containerOrchestrationType": "EKS"},
    ],
)
def test_an_environment_that_jobs_cannot_come_to_does_not_count(batch: FakeBatch, other: dict[str, str]) -> None:
    batch.environment("optimal")
    batch.environment("default_arm64", **other)
    arn = batch.register("train", APP)

    assert hosts(batch, arn) == ((AMD64,), Basis.CAPACITY)


@pytest.mark.parametrize("kind", ["FARGATE", "FARGATE_SPOT", "ECS_MANAGED_INSTANCES"])
def test_an_environment_that_is_not_of_ec2_does_not_count(batch: FakeBatch, kind: str) -> None:
    batch.environment("default_arm64")
    batch.environment(kind=kind)
    arn = batch.register("train", APP)

    assert hosts(batch, arn) == ((ARM64,), Basis.CAPACITY)


@pytest.mark.parametrize("new", [{"kind": "QUANTUM"}, {"type": "AUTOMATIC"}])
def test_an_environment_of_a_new_kind_is_not_taken_for_one_that_is_known(batch: FakeBatch, new: dict[str, str]) -> None:
    batch.environment("optimal")
    batch.environment("optimal", **new)
    arn = batch.register("train", APP)

    assert hosts(batch, arn) == ((), Basis.UNRECOGNISED)


def test_what_an_unmanaged_environment_runs_on_is_not_told(batch: FakeBatch) -> None:
    batch.environment("optimal")
    batch.unmanaged()
    arn = batch.register("train", APP)

    assert hosts(batch, arn) == ((), Basis.UNKNOWN)


def test_pods_run_in_environments_of_eks_and_tasks_in_those_of_ecs(batch: FakeBatch) -> None:
    batch.environment("optimal")
    batch.environment("m7g", containerOrchestrationType="EKS")
    batch.unmanaged()
    task = {"containers": [{"name": "main", "image": APP}]}
    in_task = batch.register("task", ecsProperties={"taskProperties": [task]})
    in_pod = batch.register("pod", eksProperties={"podProperties": {"containers": [{"image": APP}]}})

    assert hosts(batch, in_task) == ((), Basis.UNKNOWN)
    assert hosts(batch, in_pod) == ((ARM64,), Basis.CAPACITY)


def test_an_environment_that_does_not_say_what_orchestrates_it_is_of_ecs(batch: FakeBatch) -> None:
    name = batch.environment("m7g")
    del batch.environments[name]["containerOrchestrationType"]
    arn = batch.register("train", APP)

    assert hosts(batch, arn) == ((ARM64,), Basis.CAPACITY)


@pytest.mark.parametrize("capabilities", [["EC2", "FARGATE"], ["MANAGED_INSTANCES"]])
def test_environments_do_not_tell_of_a_job_that_may_run_elsewhere(batch: FakeBatch, capabilities: list[str]) -> None:
    batch.environment("default_arm64")
    arn = batch.register("train", APP, platformCapabilities=capabilities)

    assert hosts(batch, arn) == ((), Basis.UNKNOWN)


def test_environments_are_read_once_page_by_page(batch: FakeBatch) -> None:
    for _ in range(200):
        batch.environment("optimal")
    batch.environment("default_arm64")
    arns = [batch.register(f"job-{number:03}", APP) for number in range(120)]
    reader = source(batch)

    first = reader.page("")
    reader.page(first.cursor)
    answers = reader.read(arns)

    assert batch.count(ENVIRONMENTS) == 3
    assert {
        workload.basis for each in answers.values() if isinstance(each, Sighting) for workload in each.workloads
    } == {Basis.UNKNOWN}


def test_environments_are_not_read_where_no_definition_needs_them(batch: FakeBatch) -> None:
    stated = {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}
    ranges = [{"targetNodes": "0:", "container": {"image": APP}, "instanceTypes": ["p4d.24xlarge"]}]
    nodes = {"numNodes": 2, "mainNode": 0, "nodeRangeProperties": ranges}
    batch.register("fargate", APP, platformCapabilities=["FARGATE"])
    batch.register("managed", APP, platformCapabilities=["MANAGED_INSTANCES"])
    batch.register("stated", APP, containerProperties={"runtimePlatform": stated})
    batch.register("nodes", kind="multinode", nodeProperties=nodes)
    batch.register("elsewhere", "public.ecr.aws/team/app:1")
    batch.register("malformed", f"{HOST}/app:1=2")

    assert len(source(batch).page("").sightings) == 6
    assert batch.count(ENVIRONMENTS) == 0


def test_where_environments_are_denied_the_definitions_that_need_them_are_unknown_and_no_others(
    batch: FakeBatch,
) -> None:
    silent = [batch.register("silent", APP) for _ in range(2)]
    fargate = batch.register("fargate", APP, platformCapabilities=["FARGATE"])
    elsewhere = batch.register("elsewhere", "public.ecr.aws/team/app:1")
    batch.failing[ENVIRONMENTS] = DENIED
    reader = source(batch)

    page = reader.page("")
    answers = reader.read(silent)

    assert page.arns == (*silent, fargate, elsewhere)
    assert set(page.sightings) == {fargate, elsewhere}
    for arn in silent:
        answer = answers[arn]
        assert isinstance(answer, Unknown)
        assert answer.reason is UnknownReason.ACCESS_DENIED
        assert f"batch:{ENVIRONMENTS}" in answer.detail
    assert batch.count(ENVIRONMENTS) == 1


def test_a_malformed_image_is_told_with_its_container(batch: FakeBatch) -> None:
    task = {"containers": [{"name": "main", "image": f"{HOST}/app:1=2"}]}
    arn = batch.register("train", ecsProperties={"taskProperties": [task]})

    (bad,) = listed(batch, arn).bad_images

    assert isinstance(bad, BadImage)
    assert bad.subject == "Batch job definition train:1, container main"


def test_every_active_revision_counts_and_those_that_were_deregistered_do_not(batch: FakeBatch) -> None:
    first, second, third = (batch.register("train", f"{HOST}/app:{tag}") for tag in (1, 2, 3))
    batch.deregister(second)

    page = source(batch).page("")

    assert page.arns == (first, third)
    assert source(batch).read([second]) == {second: Sighting(second)}


def test_a_definition_that_batch_does_not_know_is_gone(batch: FakeBatch) -> None:
    arn = batch.register("train", APP)
    del batch.definitions[arn]

    assert source(batch).read([arn]) == {arn: Sighting(arn)}


def test_a_definition_that_names_no_image_runs_none(batch: FakeBatch) -> None:
    arn = batch.register("empty", containerProperties={"command": ["true"]})

    assert listed(batch, arn) == Sighting(arn)


def test_a_hundred_definitions_are_told_with_a_call(batch: FakeBatch) -> None:
    arns = [batch.register(f"job-{number:03}", APP) for number in range(200)]

    first = source(batch).page("")
    second = source(batch).page(first.cursor)
    source(batch).read(arns)

    assert (len(first.sightings), len(second.sightings), second.cursor) == (100, 100, "")
    assert batch.count("DescribeJobDefinitions") == 4
