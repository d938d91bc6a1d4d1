"""CodeBuild projects as a source: what their builds run on."""

from __future__ import annotations

import pytest
from tests.contract.source_world import REGISTRY
from tests.fakes.codebuild import FakeCodeBuild
from tests.fakes.wire import Refusal

from ecrguard.adapters.sources.codebuild import CodeBuildSource
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.inventory import Sighting
from ecrguard.domain.platform import Platform
from ecrguard.domain.reference import Registry, parse_reference
from ecrguard.domain.workload import Basis, Workload, WorkloadKind

HOST = REGISTRY.host
APP = f"{HOST}/app:1"
AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
DENIED = Refusal("AccessDeniedException", "User is not authorized", 403)
KINDS = [
    ("LINUX_CONTAINER", AMD64),
    ("LINUX_GPU_CONTAINER", AMD64),
    ("LINUX_LAMBDA_CONTAINER", AMD64),
    ("ARM_CONTAINER", ARM64),
    ("ARM_LAMBDA_CONTAINER", ARM64),
    ("WINDOWS_CONTAINER", Platform("windows", "amd64")),
    ("WINDOWS_SERVER_2019_CONTAINER", Platform("windows", "amd64", "", "10.0.17763")),
    ("WINDOWS_SERVER_2022_CONTAINER", Platform("windows", "amd64", "", "10.0.20348")),
]
ON_MACHINES = ["LINUX_EC2", "ARM_EC2", "WINDOWS_EC2", "MAC_ARM"]


@pytest.fixture
def codebuild() -> FakeCodeBuild:
    return FakeCodeBuild()


def source(codebuild: FakeCodeBuild) -> CodeBuildSource:
    return CodeBuildSource(lambda: codebuild.client, REGISTRY)


def read(codebuild: FakeCodeBuild, arn: str) -> Workload:
    answer = source(codebuild).read([arn])[arn]
    assert isinstance(answer, Sighting)
    (workload,) = answer.workloads
    return workload


def test_a_project_says_what_its_builds_run_in(codebuild: FakeCodeBuild) -> None:
    arn = codebuild.project("tests", APP, kind="ARM_CONTAINER")

    assert read(codebuild, arn) == Workload(
        kind=WorkloadKind.CODEBUILD_PROJECT,
        arn=arn,
        name="tests",
        container="",
        reference=parse_reference(APP),
        hosts=(ARM64,),
        basis=Basis.EXPLICIT,
    )


@pytest.mark.parametrize(("kind", "host"), KINDS)
def test_the_type_of_the_environment_says_the_platform(codebuild: FakeCodeBuild, kind: str, host: Platform) -> None:
    workload = read(codebuild, codebuild.project("tests", APP, kind=kind))

    assert (workload.hosts, workload.basis) == ((host,), Basis.EXPLICIT)


def test_every_type_that_the_sdk_knows_is_known(codebuild: FakeCodeBuild) -> None:
    shape = codebuild.client.meta.service_model.shape_for("EnvironmentType")

    assert sorted(getattr(shape, "enum", ())) == sorted([kind for kind, _ in KINDS] + ON_MACHINES)


def test_a_type_that_is_new_is_not_taken_for_another(codebuild: FakeCodeBuild) -> None:
    workload = read(codebuild, codebuild.project("tests", APP, kind="RISCV_CONTAINER"))

    assert (workload.hosts, workload.basis) == ((), Basis.UNRECOGNISED)


@pytest.mark.parametrize("kind", ON_MACHINES)
@pytest.mark.parametrize("image", [APP, "aws/codebuild/macos-arm-base:14", f"{HOST}/app:1=2"])
def test_a_build_on_a_machine_runs_no_container(codebuild: FakeCodeBuild, kind: str, image: str) -> None:
    arn = codebuild.project("tests", image, kind=kind)

    assert source(codebuild).read([arn]) == {arn: Sighting(arn)}


@pytest.mark.parametrize("image", ["aws/codebuild/standard:7.0", "aws/codebuild/amazonlinux-aarch64-standard:3.0"])
def test_images_that_codebuild_provides_are_none_of_ours(codebuild: FakeCodeBuild, image: str) -> None:
    arn = codebuild.project("tests", image)

    assert source(codebuild).read([arn]) == {arn: Sighting(arn)}


def test_on_a_fleet_the_type_is_that_of_the_fleet(codebuild: FakeCodeBuild) -> None:
    arn = codebuild.project("tests", APP, kind="LINUX_CONTAINER", fleet=codebuild.fleet("arm", "ARM_CONTAINER"))

    assert read(codebuild, arn).hosts == (ARM64,)


def test_on_a_fleet_of_machines_a_build_runs_no_container(codebuild: FakeCodeBuild) -> None:
    arn = codebuild.project("tests", APP, kind="LINUX_CONTAINER", fleet=codebuild.fleet("macs", "MAC_ARM"))

    assert source(codebuild).read([arn]) == {arn: Sighting(arn)}


def test_what_a_build_needs_on_a_fleet_that_is_gone_is_not_known(codebuild: FakeCodeBuild) -> None:
    fleet = codebuild.fleet("arm", "ARM_CONTAINER")
    arn = codebuild.project("tests", APP, fleet=fleet)
    del codebuild.fleets[fleet]

    workload = read(codebuild, arn)

    assert (workload.hosts, workload.basis) == ((), Basis.UNKNOWN)


def test_a_fleet_is_asked_for_once_and_only_where_it_matters(codebuild: FakeCodeBuild) -> None:
    shared, other = codebuild.fleet("arm", "ARM_CONTAINER"), codebuild.fleet("x86", "LINUX_CONTAINER")
    arns = [codebuild.project(f"ours-{number:03}", APP, fleet=shared) for number in range(150)]
    arns += [codebuild.project("theirs", "aws/codebuild/standard:7.0", fleet=other)]

    source(codebuild).read(arns)

    assert [asked["names"] for name, asked in codebuild.calls if name == "BatchGetFleets"] == [[shared]]


def test_a_fleet_that_may_not_be_read_leaves_its_projects_unknown_and_no_others(codebuild: FakeCodeBuild) -> None:
    on_a_fleet = codebuild.project("fleet", APP, fleet=codebuild.fleet("arm", "ARM_CONTAINER"))
    alone = codebuild.project("alone", APP)
    codebuild.failing["BatchGetFleets"] = DENIED

    answers = source(codebuild).read([on_a_fleet, alone])

    refused, told = answers[on_a_fleet], answers[alone]
    assert isinstance(refused, Unknown)
    assert (refused.reason, refused.subject) == (UnknownReason.ACCESS_DENIED, "CodeBuild fleets")
    assert isinstance(told, Sighting)
    assert [workload.name for workload in told.workloads] == ["alone"]


@pytest.mark.parametrize("missing", ["environment", "project"])
def test_a_project_of_which_codebuild_says_nothing_is_unknown(codebuild: FakeCodeBuild, missing: str) -> None:
    arn = codebuild.project("tests", APP)
    if missing == "environment":
        del codebuild.projects["tests"]["environment"]
    else:
        codebuild.failing["BatchGetProjects"] = lambda asked: asked.update(names=["another"])

    answer = source(codebuild).read([arn])[arn]

    assert answer == Unknown(
        UnknownReason.UNAVAILABLE,
        "codebuild:BatchGetProjects did not tell the environment of CodeBuild project tests",
        "CodeBuild project tests",
    )


def test_projects_are_listed_by_name_so_that_none_moves_while_the_pages_are_read(codebuild: FakeCodeBuild) -> None:
    source(codebuild).page("")

    assert codebuild.calls == [("ListProjects", {"sortBy": "NAME", "sortOrder": "ASCENDING"})]


def test_a_hundred_projects_are_listed_and_read_with_a_call_each(codebuild: FakeCodeBuild) -> None:
    for number in range(200):
        codebuild.project(f"project-{number:03}", APP)

    first = source(codebuild).page("")
    second = source(codebuild).page(first.cursor)
    source(codebuild).read(first.arns)

    assert (len(first.arns), len(second.arns), second.cursor) == (100, 100, "")
    assert [name for name, _ in codebuild.calls] == ["ListProjects", "ListProjects", "BatchGetProjects"]


def test_projects_have_the_arns_of_their_partition(codebuild: FakeCodeBuild) -> None:
    codebuild.project("tests", APP)
    in_china = CodeBuildSource(lambda: codebuild.client, Registry("123456789012", "cn-north-1"))

    assert in_china.page("").arns == ("arn:aws-cn:codebuild:cn-north-1:123456789012:project/tests",)
