"""The reader of App Runner services on App Runner's own answers: what it asks, and what it makes of bad ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, NoRegionError
from tests.fakes.apprunner import FakeAppRunner
from tests.fakes.wire import Refusal

from ecrguard.adapters.apprunner import REGIONS, AppRunnerServices
from ecrguard.domain.image import UnknownReason
from ecrguard.domain.platform import Platform
from ecrguard.domain.reference import Registry
from ecrguard.domain.workload import Basis
from ecrguard.ports import LinkedWorkloads

if TYPE_CHECKING:
    from mypy_boto3_apprunner.client import AppRunnerClient

REGISTRY = Registry("123456789012", "eu-west-1")
APP = f"{REGISTRY.host}/app:1"
DENIED = Refusal("AccessDeniedException", "User is not authorized to perform: apprunner:ListServices")
THROTTLED = Refusal("ThrottlingException", "Rate exceeded")
NO_HOST = EndpointConnectionError(endpoint_url="https://apprunner.eu-north-1.amazonaws.com")
CLOSED = Refusal("AccessDeniedException", "AWS App Runner is no longer open to new customers.")


@pytest.fixture
def app_runner() -> FakeAppRunner:
    return FakeAppRunner()


def read(app_runner: FakeAppRunner) -> LinkedWorkloads:
    return AppRunnerServices(lambda: app_runner.client).linked(REGISTRY, "app")


def test_a_service_runs_linux_amd64_and_nothing_else(app_runner: FakeAppRunner) -> None:
    app_runner.service("site", APP)

    (workload,) = read(app_runner).workloads

    assert (workload.hosts, workload.basis) == ((Platform("linux", "amd64"),), Basis.SERVICE_DEFAULT)


def test_services_of_public_images_and_of_source_code_are_none_of_ours(app_runner: FakeAppRunner) -> None:
    app_runner.service("hello", "public.ecr.aws/aws-containers/app:1", kind="ECR_PUBLIC")
    app_runner.code_service("built")

    answer = read(app_runner)

    assert answer.workloads == ()
    assert answer.unknowns == ()


@pytest.mark.parametrize(
    ("image", "status", "automatic", "deploys"),
    [
        (APP, "RUNNING", True, True),
        (APP, "RUNNING", None, True),
        (APP, "RUNNING", False, False),
        (APP, "OPERATION_IN_PROGRESS", True, True),
        (APP, "PAUSED", True, False),
        (APP, "CREATE_FAILED", True, False),
        (f"{REGISTRY.host}/app@sha256:{'a' * 64}", "RUNNING", True, False),
    ],
)
def test_a_push_is_deployed_by_itself_where_the_service_follows_the_tag(
    app_runner: FakeAppRunner,
    image: str,
    status: str,
    automatic: bool | None,  # noqa: FBT001 - a table
    deploys: bool,  # noqa: FBT001 - a table
) -> None:
    app_runner.service("site", image, status=status, automatic=automatic)

    (workload,) = read(app_runner).workloads

    assert workload.deploys_on_push is deploys


@pytest.mark.parametrize("status", ["DELETED", "DELETE_FAILED"])
def test_a_service_that_is_over_is_not_even_described(app_runner: FakeAppRunner, status: str) -> None:
    app_runner.service("site", APP, status=status)

    assert read(app_runner).workloads == ()
    assert app_runner.count("DescribeService") == 0


def test_a_status_that_is_new_does_not_hide_a_service(app_runner: FakeAppRunner) -> None:
    app_runner.service("site", APP, status="HIBERNATING")

    assert [workload.name for workload in read(app_runner).workloads] == ["site"]


def test_a_service_that_went_between_the_calls_is_no_failure(app_runner: FakeAppRunner) -> None:
    gone = app_runner.service("goes", APP)
    app_runner.service("stays", APP)
    app_runner.failing["DescribeService"] = lambda _: app_runner.services.pop(gone, None)

    answer = read(app_runner)

    assert [workload.name for workload in answer.workloads] == ["stays"]
    assert answer.unknowns == ()


def test_a_malformed_image_that_names_the_repository_is_unknown(app_runner: FakeAppRunner) -> None:
    app_runner.service("site", f"{REGISTRY.host}/app:1=2")

    answer = read(app_runner)

    assert [(unknown.reason, unknown.subject) for unknown in answer.unknowns] == [
        (UnknownReason.WORKLOAD_IMAGE_INVALID, "App Runner service site")
    ]


def test_a_service_that_may_not_be_described_is_unknown_and_the_others_are_read(app_runner: FakeAppRunner) -> None:
    closed = app_runner.service("closed", APP)
    app_runner.service("open", APP)

    def deny(asked: dict[str, Any]) -> None:
        if asked["ServiceArn"] == closed:
            raise DENIED

    app_runner.failing["DescribeService"] = deny

    answer = read(app_runner)

    assert [workload.name for workload in answer.workloads] == ["open"]
    assert [(unknown.reason, unknown.subject) for unknown in answer.unknowns] == [
        (UnknownReason.ACCESS_DENIED, "App Runner service closed")
    ]


@pytest.mark.parametrize("operation", ["ListServices", "DescribeService"])
@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (THROTTLED, UnknownReason.THROTTLED),
        (Refusal("InternalServiceErrorException", "oops", 500), UnknownReason.UNAVAILABLE),
        (NO_HOST, UnknownReason.UNAVAILABLE),
        (ConnectTimeoutError(endpoint_url="https://apprunner.eu-west-1.amazonaws.com"), UnknownReason.UNAVAILABLE),
    ],
    ids=["throttled", "server error", "no connection", "time-out"],
)
def test_a_call_that_may_work_later_ends_the_reading_with_one_unknown(
    app_runner: FakeAppRunner, operation: str, error: Exception, expected: UnknownReason
) -> None:
    for name in ("site-a", "site-b", "site-c"):
        app_runner.service(name, APP)
    app_runner.failing[operation] = error

    answer = read(app_runner)

    assert [unknown.reason for unknown in answer.unknowns] == [expected]
    assert app_runner.count(operation) == 1


def test_a_page_that_repeats_is_unknown_and_not_endless(app_runner: FakeAppRunner) -> None:
    client: Any = app_runner.client
    client.meta.events.register_last(
        "after-call.apprunner.ListServices",
        lambda parsed, **_: parsed.update(NextToken="again"),
    )
    app_runner.failing["ListServices"] = lambda asked: asked.pop("NextToken", None)

    answer = AppRunnerServices(lambda: client).linked(REGISTRY, "app")

    assert [unknown.detail for unknown in answer.unknowns] == ["apprunner:ListServices gave the same page twice"]


def test_a_region_without_app_runner_has_no_services_and_is_asked_once() -> None:
    app_runner = FakeAppRunner(region="eu-north-1", failing={"ListServices": NO_HOST})
    reader = AppRunnerServices(lambda: app_runner.client)

    answers = [reader.linked(REGISTRY, "app") for _ in range(3)]

    assert answers == [LinkedWorkloads()] * 3
    assert app_runner.count("ListServices") == 1


def test_a_region_that_this_product_did_not_know_of_is_read_where_app_runner_answers() -> None:
    app_runner = FakeAppRunner(region="eu-north-1")
    app_runner.service("site", APP)

    assert [workload.name for workload in read(app_runner).workloads] == ["site"]


def test_a_time_out_does_not_prove_that_a_region_has_no_app_runner() -> None:
    error = ConnectTimeoutError(endpoint_url="https://apprunner.eu-north-1.amazonaws.com")
    app_runner = FakeAppRunner(region="eu-north-1", failing={"ListServices": error})

    assert [unknown.reason for unknown in read(app_runner).unknowns] == [UnknownReason.UNAVAILABLE]


def test_an_account_that_app_runner_is_closed_to_has_no_services(app_runner: FakeAppRunner) -> None:
    app_runner.failing["ListServices"] = CLOSED

    answer = read(app_runner)

    assert answer.workloads == ()
    assert answer.unknowns == ()


def test_a_caller_that_is_denied_is_told_so(app_runner: FakeAppRunner) -> None:
    app_runner.failing["ListServices"] = DENIED

    (unknown,) = read(app_runner).unknowns

    assert (unknown.reason, unknown.subject) == (UnknownReason.ACCESS_DENIED, "App Runner services")
    assert "apprunner:ListServices was denied" in unknown.detail


def test_the_regions_are_those_of_the_sdk() -> None:
    session = boto3.Session()
    partitions = session.get_available_partitions()

    known = {region for name in partitions for region in session.get_available_regions("apprunner", name)}

    assert known == REGIONS


def test_a_client_that_cannot_be_made_is_unknown() -> None:
    def broken() -> AppRunnerClient:
        raise NoRegionError

    answer = AppRunnerServices(broken).linked(REGISTRY, "app")

    assert [unknown.reason for unknown in answer.unknowns] == [UnknownReason.UNAVAILABLE]
