"""The reader of ECS services on ECS's own answers: what it makes of bad ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError, NoRegionError, ReadTimeoutError
from tests.contract.ecs_reading import APP, REGISTRY, read
from tests.fakes.wire import Refusal

from ecrguard.adapters.ecs import EcsServices
from ecrguard.domain.image import UnknownReason
from ecrguard.domain.workload import Basis

if TYPE_CHECKING:
    from mypy_boto3_ecs.client import ECSClient
    from tests.fakes.ecs import FakeEcs

    from ecrguard.ports import LinkedWorkloads

DENIED = Refusal("AccessDeniedException", "User is not authorized to perform this")
THROTTLED = Refusal("ThrottlingException", "Rate exceeded")


def reasons(answer: LinkedWorkloads) -> list[tuple[UnknownReason, str]]:
    return [(unknown.reason, unknown.subject) for unknown in answer.unknowns]


def test_an_architecture_that_is_new_is_unknown_and_names_the_workload(ecs: FakeEcs) -> None:
    ecs.service("web", ecs.definition(APP, cpu="RISCV64", os="LINUX"))

    (workload,) = read(ecs).workloads

    assert (workload.name, workload.hosts, workload.basis) == ("prod/web", (), Basis.UNRECOGNISED)


def test_a_malformed_image_that_names_the_repository_is_unknown(ecs: FakeEcs) -> None:
    ecs.service("web", ecs.definition({"app": f"https://{REGISTRY.host}/app:1"}))

    answer = read(ecs)

    assert answer.workloads == ()
    assert reasons(answer) == [
        (UnknownReason.WORKLOAD_IMAGE_INVALID, "ECS service prod/web, container app"),
    ]
    assert "https://" in answer.unknowns[0].detail


@pytest.mark.parametrize("image", ["${IMAGE}", "https://example.com/my-app:1", "", "<IMAGE1_NAME>", "app2:ü"])
def test_a_malformed_image_that_does_not_name_the_repository_says_nothing(ecs: FakeEcs, image: str) -> None:
    ecs.service("web", ecs.definition({"app": image}))

    assert read(ecs).unknowns == ()


def test_a_service_that_went_between_the_calls_is_no_failure(ecs: FakeEcs) -> None:
    definition = ecs.definition(APP)
    ecs.service("stays", definition)
    gone = ecs.service("goes", definition)
    ecs.failing["DescribeServices"] = lambda _: ecs.clusters["prod"].pop(gone, None)

    answer = read(ecs)

    assert [workload.name for workload in answer.workloads] == ["prod/stays"]
    assert answer.unknowns == ()


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("ACCESS_DENIED", UnknownReason.ACCESS_DENIED), ("SOMETHING_NEW", UnknownReason.UNAVAILABLE)],
)
def test_any_other_failure_of_a_service_is_unknown_and_names_it(
    ecs: FakeEcs, reason: str, expected: UnknownReason
) -> None:
    arn = ecs.service("web", ecs.definition(APP))
    ecs.failures = [{"arn": f"{arn}-2", "reason": reason}]

    answer = read(ecs)

    assert [workload.name for workload in answer.workloads] == ["prod/web"]
    assert reasons(answer) == [(expected, f"ECS service {arn}-2")]


def test_a_service_that_is_passed_over_in_silence_is_unknown(ecs: FakeEcs) -> None:
    reader = EcsServices(lambda: _silent_about_services(ecs))
    arn = ecs.service("web", ecs.definition(APP))

    assert reasons(reader.linked(REGISTRY, "app")) == [(UnknownReason.UNAVAILABLE, f"ECS service {arn}")]


def _silent_about_services(ecs: FakeEcs) -> ECSClient:
    client: Any = ecs.client
    client.meta.events.register_last(
        "after-call.ecs.DescribeServices", lambda parsed, **_: parsed.update(services=[], failures=[])
    )
    made: ECSClient = client
    return made


def test_a_cluster_deleted_in_the_middle_of_the_scan_is_no_failure(ecs: FakeEcs) -> None:
    for cluster in ("a", "b", "c"):
        ecs.service("web", ecs.definition(APP, family=cluster), cluster=cluster)

    def delete(asked: dict[str, Any]) -> None:
        if asked["cluster"].endswith("/b"):
            ecs.delete_cluster("b")

    for operation in ("ListServices", "DescribeServices"):
        ecs.failing = {operation: delete}
        ecs.service("web", ecs.definition(APP, family="b"), cluster="b")
        answer = read(ecs)

        assert sorted(workload.name for workload in answer.workloads) == ["a/web", "c/web"]
        assert answer.unknowns == ()


def test_a_cluster_deleted_while_its_instances_are_read_is_no_failure(ecs: FakeEcs) -> None:
    ecs.service("web", ecs.definition(APP), launchType="EC2")
    ecs.failing["ListContainerInstances"] = lambda _: ecs.delete_cluster("prod")

    answer = read(ecs)

    assert answer.workloads == ()
    assert answer.unknowns == ()


def test_a_definition_that_is_gone_is_unknown_and_names_each_service_that_uses_it(ecs: FakeEcs) -> None:
    gone = ecs.definition(APP, family="gone")
    ecs.service("a", gone)
    ecs.service("b", ecs.definition(APP))
    ecs.service("c", gone)
    del ecs.definitions[gone]

    answer = read(ecs)

    assert [workload.name for workload in answer.workloads] == ["prod/b"]
    assert reasons(answer) == [
        (UnknownReason.UNAVAILABLE, "ECS service prod/a (gone:1)"),
        (UnknownReason.UNAVAILABLE, "ECS service prod/c (gone:1)"),
    ]
    assert ecs.count("DescribeTaskDefinition") == 2


def test_definitions_that_may_not_be_read_are_unknown_and_name_the_service_and_the_action(ecs: FakeEcs) -> None:
    ecs.service("web", ecs.definition(APP))
    ecs.failing["DescribeTaskDefinition"] = DENIED

    answer = read(ecs)

    assert reasons(answer) == [(UnknownReason.ACCESS_DENIED, "ECS service prod/web (web:1)")]
    assert "ecs:DescribeTaskDefinition was denied" in answer.unknowns[0].detail


def test_one_cluster_that_may_not_be_read_silences_no_other(ecs: FakeEcs) -> None:
    for cluster in ("closed", "open"):
        ecs.service("web", ecs.definition(APP, family=cluster), cluster=cluster)

    def deny(asked: dict[str, Any]) -> None:
        if asked["cluster"].endswith("/closed"):
            raise DENIED

    ecs.failing["ListServices"] = deny

    answer = read(ecs)

    assert [workload.name for workload in answer.workloads] == ["open/web"]
    assert reasons(answer) == [(UnknownReason.ACCESS_DENIED, "the services of the ECS cluster closed")]


@pytest.mark.parametrize("operation", ["ListContainerInstances", "DescribeContainerInstances"])
def test_instances_that_may_not_be_read_leave_the_platform_unknown_and_are_asked_once(
    ecs: FakeEcs, operation: str
) -> None:
    ecs.instance()
    for name in ("a", "b"):
        ecs.service(name, ecs.definition(APP, family=name), launchType="EC2")
    ecs.failing[operation] = DENIED

    answer = read(ecs)

    assert [workload.basis for workload in answer.workloads] == [Basis.UNKNOWN, Basis.UNKNOWN]
    assert reasons(answer) == [(UnknownReason.ACCESS_DENIED, "the instances of the ECS cluster prod")]
    assert ecs.count(operation) == 1


@pytest.mark.parametrize(
    "operation",
    [
        "ListClusters",
        "ListServices",
        "DescribeServices",
        "DescribeTaskDefinition",
        "ListContainerInstances",
        "DescribeContainerInstances",
    ],
)
@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (THROTTLED, UnknownReason.THROTTLED),
        (Refusal("ServerException", "Service Unavailable", 500), UnknownReason.UNAVAILABLE),
        (ReadTimeoutError(endpoint_url="https://ecs.eu-west-1.amazonaws.com"), UnknownReason.UNAVAILABLE),
        (EndpointConnectionError(endpoint_url="https://ecs.eu-west-1.amazonaws.com"), UnknownReason.UNAVAILABLE),
    ],
    ids=["throttled", "server error", "time-out", "no connection"],
)
def test_a_call_that_may_work_later_ends_the_reading_with_one_unknown(
    ecs: FakeEcs, operation: str, error: Exception, expected: UnknownReason
) -> None:
    ecs.instance()
    for name in ("a", "b", "c"):
        ecs.service(name, ecs.definition(APP, family=name), launchType="EC2")
    ecs.failing[operation] = error

    answer = read(ecs)

    assert [unknown.reason for unknown in answer.unknowns] == [expected]
    assert ecs.count(operation) == 1


def test_what_was_read_before_the_throttle_is_kept(ecs: FakeEcs) -> None:
    for number in range(5):
        ecs.service(f"s{number}", ecs.definition(APP, family=f"f{number}"))

    def throttle(asked: dict[str, Any]) -> None:
        if asked["taskDefinition"].endswith("/f3:1"):
            raise THROTTLED

    ecs.failing["DescribeTaskDefinition"] = throttle

    answer = read(ecs)

    assert [workload.name for workload in answer.workloads] == ["prod/s0", "prod/s1", "prod/s2"]
    assert [unknown.reason for unknown in answer.unknowns] == [UnknownReason.THROTTLED]


def test_a_page_that_repeats_is_unknown_and_not_endless(ecs: FakeEcs) -> None:
    client: Any = ecs.client
    client.meta.events.register_last(
        "after-call.ecs.ListServices",
        lambda parsed, **_: parsed.update(nextToken="again"),
    )
    ecs.service("web", ecs.definition(APP))
    ecs.failing["ListServices"] = lambda asked: asked.pop("nextToken", None)

    answer = EcsServices(lambda: client).linked(REGISTRY, "app")

    assert [unknown.reason for unknown in answer.unknowns] == [UnknownReason.UNAVAILABLE]


def test_a_client_that_cannot_be_made_is_unknown() -> None:
    def broken() -> ECSClient:
        raise NoRegionError

    answer = EcsServices(broken).linked(REGISTRY, "app")

    assert reasons(answer) == [(UnknownReason.UNAVAILABLE, "ECS services")]
