"""App Runner services as a source: what counts, what deploys by itself, and where App Runner is not."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError
from tests.contract.source_world import REGISTRY
from tests.fakes.apprunner import FakeAppRunner
from tests.fakes.wire import Refusal

from ecrguard.adapters.sources.apprunner import AppRunnerSource
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.inventory import Sighting
from ecrguard.domain.platform import Platform
from ecrguard.domain.reference import parse_reference
from ecrguard.domain.workload import Basis, Workload, WorkloadKind
from ecrguard.errors import AbsentError, UnreadableError

APP = f"{REGISTRY.host}/app:1"
DENIED = Refusal("AccessDeniedException", "User is not authorized to perform: apprunner:DescribeService")
CLOSED = Refusal("AccessDeniedException", "AWS App Runner is no longer open to new customers.")
NOT_SUBSCRIBED = Refusal("SubscriptionRequiredException", "The account needs a subscription.")


@pytest.fixture
def app_runner() -> FakeAppRunner:
    return FakeAppRunner()


def source(app_runner: FakeAppRunner) -> AppRunnerSource:
    return AppRunnerSource(lambda: app_runner.client, REGISTRY)


def read(app_runner: FakeAppRunner, arn: str) -> Workload:
    answer = source(app_runner).read([arn])[arn]
    assert isinstance(answer, Sighting)
    (workload,) = answer.workloads
    return workload


def test_a_service_runs_linux_amd64_and_nothing_else(app_runner: FakeAppRunner) -> None:
    arn = app_runner.service("site", APP)

    assert read(app_runner, arn) == Workload(
        kind=WorkloadKind.APPRUNNER_SERVICE,
        arn=arn,
        name="site",
        container="",
        reference=parse_reference(APP),
        hosts=(Platform("linux", "amd64"),),
        basis=Basis.SERVICE_DEFAULT,
        deploys_on_push=True,
    )


def test_services_of_public_images_and_of_source_code_are_none_of_ours(app_runner: FakeAppRunner) -> None:
    public = app_runner.service("hello", "public.ecr.aws/aws-containers/app:1", kind="ECR_PUBLIC")
    malformed = app_runner.service("malformed", "public.ecr.aws/aws-containers/app:1=2", kind="ECR_PUBLIC")
    built = app_runner.code_service("built")

    answers = source(app_runner).read([public, malformed, built])

    assert answers == {arn: Sighting(arn) for arn in (public, malformed, built)}


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
    arn = app_runner.service("site", image, status=status, automatic=automatic)

    assert read(app_runner, arn).deploys_on_push is deploys


@pytest.mark.parametrize("status", ["DELETED", "DELETE_FAILED"])
def test_a_service_that_is_over_is_neither_listed_nor_a_workload(app_runner: FakeAppRunner, status: str) -> None:
    arn = app_runner.service("site", APP, status=status)

    assert source(app_runner).page("").arns == ()
    assert source(app_runner).read([arn]) == {arn: Sighting(arn)}


def test_a_status_that_is_new_does_not_hide_a_service(app_runner: FakeAppRunner) -> None:
    arn = app_runner.service("site", APP, status="HIBERNATING")

    assert source(app_runner).page("").arns == (arn,)
    assert read(app_runner, arn).name == "site"


def test_twenty_services_are_listed_with_a_call(app_runner: FakeAppRunner) -> None:
    for number in range(40):
        app_runner.service(f"site-{number}", APP)

    first = source(app_runner).page("")

    assert len(first.arns) == 20
    assert source(app_runner).page(first.cursor).cursor == ""


def test_a_service_that_may_not_be_described_is_unknown_and_the_others_are_read(app_runner: FakeAppRunner) -> None:
    closed, open_to_us = app_runner.service("closed", APP), app_runner.service("open", APP)

    def deny(asked: dict[str, Any]) -> None:
        if asked["ServiceArn"] == closed:
            raise DENIED

    app_runner.failing["DescribeService"] = deny

    answers = source(app_runner).read([closed, open_to_us])

    refused, told = answers[closed], answers[open_to_us]
    assert isinstance(refused, Unknown)
    assert (refused.reason, refused.subject) == (UnknownReason.ACCESS_DENIED, "App Runner service closed")
    assert isinstance(told, Sighting)
    assert [workload.name for workload in told.workloads] == ["open"]


@pytest.mark.parametrize("answer", [CLOSED, NOT_SUBSCRIBED], ids=["closed", "not subscribed"])
def test_an_account_that_app_runner_is_closed_to_has_none(app_runner: FakeAppRunner, answer: Refusal) -> None:
    arn = app_runner.service("site", APP)
    app_runner.failing = {"ListServices": answer, "DescribeService": answer}

    with pytest.raises(AbsentError, match="App Runner is closed to this account"):
        source(app_runner).page("")
    with pytest.raises(AbsentError):
        source(app_runner).read([arn])


def test_a_time_out_does_not_prove_that_a_region_has_no_app_runner(app_runner: FakeAppRunner) -> None:
    app_runner.failing["ListServices"] = ConnectTimeoutError(endpoint_url="https://apprunner.eu-north-1.amazonaws.com")

    with pytest.raises(UnreadableError) as caught:
        source(app_runner).page("")

    assert caught.value.unknown.reason is UnknownReason.UNAVAILABLE
