"""Lambda functions as a source: which are listed, and what they need."""

from __future__ import annotations

from typing import Any

import pytest
from tests.contract.source_world import REGISTRY
from tests.fakes.lambda_ import DIGEST, FakeLambda
from tests.fakes.wire import Refusal

from ecrguard.adapters.sources.lambda_ import LambdaSource
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.inventory import Sighting
from ecrguard.domain.platform import Platform
from ecrguard.domain.reference import parse_reference
from ecrguard.domain.workload import Basis, Workload, WorkloadKind

APP = f"{REGISTRY.host}/app:1"
AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")


@pytest.fixture
def functions() -> FakeLambda:
    return FakeLambda()


def source(functions: FakeLambda) -> LambdaSource:
    return LambdaSource(lambda: functions.client, REGISTRY)


def read(functions: FakeLambda, arn: str) -> Workload:
    answer = source(functions).read([arn])[arn]
    assert isinstance(answer, Sighting)
    (workload,) = answer.workloads
    return workload


def test_a_function_runs_the_digest_that_its_tag_was_resolved_to_until_its_code_is_set_anew(
    functions: FakeLambda,
) -> None:
    arn = functions.function("resize", APP, architecture="arm64")

    assert read(functions, arn) == Workload(
        kind=WorkloadKind.LAMBDA_FUNCTION,
        arn=arn,
        name="resize",
        container="",
        reference=parse_reference(APP),
        hosts=(ARM64,),
        basis=Basis.EXPLICIT,
        deploys_on_push=False,
        resolved=DIGEST,
    )


@pytest.mark.parametrize(
    ("architecture", "hosts", "basis"),
    [
        ("x86_64", (AMD64,), Basis.EXPLICIT),
        ("arm64", (ARM64,), Basis.EXPLICIT),
        ("", (AMD64,), Basis.SERVICE_DEFAULT),
        ("riscv64", (), Basis.UNRECOGNISED),
    ],
)
def test_the_platform_is_the_architecture_of_the_function(
    functions: FakeLambda, architecture: str, hosts: tuple[Platform, ...], basis: Basis
) -> None:
    arn = functions.function("resize", APP, architecture=architecture)

    workload = read(functions, arn)

    assert (workload.hosts, workload.basis) == (hosts, basis)


@pytest.mark.parametrize("digest", ["", "sha256:beef"])
def test_a_digest_that_is_not_told_or_is_none_is_left_out(functions: FakeLambda, digest: str) -> None:
    arn = functions.function("resize", APP, digest=digest)

    assert read(functions, arn).resolved == ""


def test_functions_of_a_zip_archive_are_not_listed_and_cost_no_call(functions: FakeLambda) -> None:
    for number in range(60):
        functions.zip_function(f"a-{number:02}")
    arn = functions.function("b-resize", APP)

    first = source(functions).page("")
    second = source(functions).page(first.cursor)

    assert (first.arns, second.arns, second.cursor) == ((), (arn,), "")
    assert [name for name, _ in functions.calls] == ["ListFunctions", "ListFunctions"]


def test_fifty_functions_are_listed_with_a_call(functions: FakeLambda) -> None:
    for number in range(100):
        functions.function(f"resize-{number:02}", APP)

    first = source(functions).page("")

    assert len(first.arns) == 50
    assert source(functions).page(first.cursor).cursor == ""


def test_a_function_that_was_made_anew_of_a_zip_archive_runs_no_image(functions: FakeLambda) -> None:
    arn = functions.function("resize", APP)
    functions.zip_function("resize")

    assert source(functions).read([arn]) == {arn: Sighting(arn)}


def test_versions_and_aliases_are_the_function(functions: FakeLambda) -> None:
    arn = functions.function("resize", APP)
    record = functions.functions[arn]["Configuration"]
    record["FunctionArn"] = f"{arn}:$LATEST"

    assert source(functions).page("").arns == (arn,)


@pytest.mark.parametrize("state", ["Pending", "Active", "Inactive", "Failed", "Hibernating"])
def test_a_function_counts_in_whatever_state(functions: FakeLambda, state: str) -> None:
    arn = functions.function("resize", APP, state=state)

    assert source(functions).page("").arns == (arn,)
    assert read(functions, arn).name == "resize"


def test_an_image_that_lambda_does_not_tell_is_unknown(functions: FakeLambda) -> None:
    arn = functions.function("resize", APP)
    functions.functions[arn]["Code"] = {"RepositoryType": "ECR"}

    answer = source(functions).read([arn])[arn]

    assert answer == Unknown(
        UnknownReason.UNAVAILABLE,
        "lambda:GetFunction did not tell the image of Lambda function resize",
        "Lambda function resize",
    )


def test_a_function_that_may_not_be_read_is_unknown_and_the_others_are_read(functions: FakeLambda) -> None:
    closed, open_to_us = functions.function("closed", APP), functions.function("open", APP)

    def deny(asked: dict[str, Any]) -> None:
        if asked["FunctionName"] == closed:
            raise Refusal("AccessDeniedException", "User is not authorized to perform: lambda:GetFunction", 403)

    functions.failing["GetFunction"] = deny

    answers = source(functions).read([closed, open_to_us])

    refused, told = answers[closed], answers[open_to_us]
    assert isinstance(refused, Unknown)
    assert (refused.reason, refused.subject) == (UnknownReason.ACCESS_DENIED, "Lambda function closed")
    assert isinstance(told, Sighting)
    assert [workload.name for workload in told.workloads] == ["open"]
