from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrguard.domain.platform import Fit, Platform, host_runs, parse
from ecrguard.domain.reference import Registry, parse_reference
from ecrguard.domain.verdict import SubjectKind
from ecrguard.domain.workload import Basis, Link, Workload, WorkloadKind, cpu_architecture, ecs_platform, label_of, link

REGISTRY = Registry("123456789012", "us-east-1")
ONE, TWO = "sha256:" + "1" * 64, "sha256:" + "2" * 64
APP = f"{REGISTRY.host}/team/app"
FAMILIES = ("WINDOWS_SERVER_2016_FULL", "WINDOWS_SERVER_2019_CORE", "WINDOWS_SERVER_2022_FULL", "LINUX", "")


def workload(image: str) -> Workload:
    reference = parse_reference(image)
    return Workload(WorkloadKind.ECS_SERVICE, "arn", "prod/web", "app", reference, (), Basis.UNKNOWN)


@pytest.mark.parametrize(
    ("image", "tag", "digest", "expected"),
    [
        (f"{APP}:1", "1", ONE, Link.EXACT),
        (f"{APP}:1", "2", ONE, Link.REPOSITORY),
        (f"{APP}:1", "", ONE, Link.REPOSITORY),
        (APP, "latest", ONE, Link.EXACT),
        (APP, "1", ONE, Link.REPOSITORY),
        (f"{APP}@{ONE}", "1", ONE, Link.EXACT),
        (f"{APP}@{ONE}", "", ONE, Link.EXACT),
        (f"{APP}@{ONE}", "1", TWO, Link.REPOSITORY),
        (f"{APP}:1@{ONE}", "1", TWO, Link.REPOSITORY),
        (f"{APP}:2@{ONE}", "1", ONE, Link.EXACT),
        (f"{APP}@{ONE}", "", TWO, Link.REPOSITORY),
        ("team/app:1", "1", ONE, None),
        (f"{REGISTRY.host}/team/app2:1", "1", ONE, None),
        (f"{REGISTRY.host}/app:1", "1", ONE, None),
        ("123456789012.dkr.ecr.us-east-2.amazonaws.com/team/app:1", "1", ONE, None),
        ("210987654321.dkr.ecr.us-east-1.amazonaws.com/team/app:1", "1", ONE, None),
        (f"{REGISTRY.host}.evil.com/team/app:1", "1", ONE, None),
        ("123456789012.dkr-ecr.us-east-1.on.aws/team/app:1", "1", ONE, Link.EXACT),
        ("123456789012.dkr.ecr-fips.us-east-1.amazonaws.com/team/app:2", "1", ONE, Link.REPOSITORY),
    ],
)
def test_a_workload_is_linked_by_its_digest_else_by_its_tag(
    image: str, tag: str, digest: str, expected: Link | None
) -> None:
    assert link(workload(image), REGISTRY, "team/app", tag, digest) is expected


@pytest.mark.parametrize(
    ("image", "resolved", "expected"),
    [
        (f"{APP}:1", ONE, Link.EXACT),
        (f"{APP}:2", ONE, Link.EXACT),
        (f"{APP}:1", TWO, Link.EXACT),
        (f"{APP}:2", TWO, Link.REPOSITORY),
        (f"{APP}:2", "", Link.REPOSITORY),
        (f"{APP}@{TWO}", TWO, Link.REPOSITORY),
        (f"{REGISTRY.host}/team/app2:1", ONE, None),
    ],
)
def test_a_workload_is_linked_by_the_digest_that_it_has_pinned_besides(
    image: str, resolved: str, expected: Link | None
) -> None:
    assert link(replace(workload(image), resolved=resolved), REGISTRY, "team/app", "1", ONE) is expected


def test_what_has_pinned_nothing_is_not_linked_to_a_push_without_a_digest() -> None:
    assert link(workload(f"{APP}:2"), REGISTRY, "team/app", "1", "") is Link.REPOSITORY


@given(
    st.sampled_from([f"{APP}:1", f"{APP}:2", APP, f"{APP}@{ONE}", f"{APP}:1@{TWO}"]),
    st.sampled_from(["", "1", "2", "latest"]),
    st.sampled_from([ONE, TWO]),
)
def test_every_reference_to_a_repository_is_linked_to_each_of_its_pushes(image: str, tag: str, digest: str) -> None:
    assert link(workload(image), REGISTRY, "team/app", tag, digest) is not None
    assert link(workload(image), REGISTRY, "team/other", tag, digest) is None


@pytest.mark.parametrize(
    ("cpu", "family", "expected"),
    [
        ("X86_64", "LINUX", Platform("linux", "amd64")),
        ("ARM64", "LINUX", Platform("linux", "arm64")),
        ("", "LINUX", Platform("linux", "")),
        ("ARM64", "", Platform("", "arm64")),
        ("", "", Platform("", "")),
        ("X86_64", "WINDOWS_SERVER_2016_FULL", Platform("windows", "amd64", "", "10.0.14393")),
        ("X86_64", "WINDOWS_SERVER_2019_FULL", Platform("windows", "amd64", "", "10.0.17763")),
        ("X86_64", "WINDOWS_SERVER_2019_CORE", Platform("windows", "amd64", "", "10.0.17763")),
        ("X86_64", "WINDOWS_SERVER_2004_CORE", Platform("windows", "amd64", "", "10.0.19041")),
        ("X86_64", "WINDOWS_SERVER_20H2_CORE", Platform("windows", "amd64", "", "10.0.19042")),
        ("X86_64", "WINDOWS_SERVER_2022_CORE", Platform("windows", "amd64", "", "10.0.20348")),
        ("X86_64", "WINDOWS_SERVER_2022_FULL", Platform("windows", "amd64", "", "10.0.20348")),
        ("X86_64", "WINDOWS_SERVER_2025_CORE", Platform("windows", "amd64", "", "10.0.26100")),
        ("", "WINDOWS_SERVER_2025_FULL", Platform("windows", "", "", "10.0.26100")),
        ("X86", "LINUX", None),
        ("x86_64", "LINUX", None),
        ("ARM64V9", "", None),
        ("X86_64", "BOTTLEROCKET", None),
        ("X86_64", "WINDOWS_SERVER_2031_CORE", None),
        ("X86_64", "2019_CORE", None),
        ("", "WINDOWS", None),
    ],
)
def test_runtime_platforms_of_ecs_are_read_and_new_values_are_not_guessed(
    cpu: str, family: str, expected: Platform | None
) -> None:
    assert ecs_platform(cpu, family) == expected


def test_every_value_of_the_sdk_s_model_is_known() -> None:
    import botocore.session  # noqa: PLC0415 - needed here alone

    model = botocore.session.get_session().get_service_model("ecs")
    architectures = model.shape_for("CPUArchitecture").enum  # type: ignore[attr-defined]  # the stubs know no string shapes
    families = model.shape_for("OSFamily").enum  # type: ignore[attr-defined]  # the stubs know no string shapes

    assert [(cpu, os) for cpu in architectures for os in families if ecs_platform(cpu, os) is None] == []


@given(st.sampled_from(["X86_64", "ARM64", ""]), st.sampled_from(FAMILIES))
def test_a_host_of_ecs_is_known_if_both_parts_are_stated_and_runs_its_own_images(cpu: str, family: str) -> None:
    host = ecs_platform(cpu, family)

    assert host is not None
    assert host.known is bool(cpu and family)
    assert host_runs(host, host) is (Fit.NATIVE if host.known else Fit.NONE)


@given(st.text(max_size=30), st.text(max_size=30))
def test_what_is_not_known_is_none_and_never_an_error(cpu: str, family: str) -> None:
    if cpu not in ("", "X86_64", "ARM64"):
        assert ecs_platform(cpu, family) is None


def test_a_workload_is_called_by_its_kind_its_name_and_its_container() -> None:
    reference = parse_reference(f"{APP}:1")
    site = Workload(WorkloadKind.APPRUNNER_SERVICE, "arn", "site", "", reference, (), Basis.SERVICE_DEFAULT)

    assert workload(f"{APP}:1").label == "ECS service prod/web, container app"
    assert site.label == "App Runner service site"


@pytest.mark.parametrize("kind", WorkloadKind)
def test_every_kind_has_a_name_and_stands_for_a_subject(kind: WorkloadKind) -> None:
    assert label_of(kind, "x", "").endswith(" x")
    assert SubjectKind(kind.value).name == kind.name


@pytest.mark.parametrize(
    ("platform", "name"),
    [
        ("linux/amd64", "X86_64"),
        ("linux/arm64", "ARM64"),
        ("linux/amd64/v3", ""),
        ("linux/s390x", ""),
        ("windows/amd64", ""),
    ],
)
def test_ecs_has_names_for_plain_linux_architectures_alone(platform: str, name: str) -> None:
    assert cpu_architecture(parse(platform)) == name
    if name:
        assert ecs_platform(name, "LINUX") == parse(platform)
