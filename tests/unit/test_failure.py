"""The predicted failure in the words that people will see."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.situations import DIGEST, apprunner, ecs, index, single, workload

from ecrguard.domain.failure import predict, takes_no_index
from ecrguard.domain.platform import parse
from ecrguard.domain.verdict import Failure, Severity
from ecrguard.domain.workload import WorkloadKind

if TYPE_CHECKING:
    from ecrguard.domain.image import Image
    from ecrguard.domain.workload import Workload

PREDICTED = {
    "a single image of another architecture starts and dies": (
        "linux/amd64",
        single("linux/arm64"),
        ecs(),
        Failure.EXEC_FORMAT,
        "exec format error, tasks stop with exit code 1",
    ),
    "the same on App Runner": (
        "linux/amd64",
        single("linux/arm64"),
        apprunner(),
        Failure.EXEC_FORMAT,
        "the application log says exec format error; the deployment fails",
    ),
    "an index without the platform is not pulled": (
        "linux/amd64",
        index("linux/arm64"),
        ecs(),
        Failure.NO_MATCHING_DESCRIPTOR,
        "CannotPullContainerError: ... image Manifest does not contain descriptor matching platform 'linux/amd64'",
    ),
    "the same on App Runner, which says less": (
        "linux/amd64",
        index("linux/arm64"),
        apprunner(),
        Failure.NO_MATCHING_DESCRIPTOR,
        "it cannot pull the image, since the index has no entry for linux/amd64",
    ),
    "Windows on Linux": (
        "linux/amd64",
        single("windows/amd64"),
        ecs(),
        Failure.WRONG_OS,
        'image operating system "windows" cannot be used on this platform',
    ),
    "another build of Windows": (
        "windows(10.0.20348)/amd64",
        single("windows(10.0.17763.5)/amd64"),
        ecs("windows(10.0.20348)/amd64"),
        Failure.WINDOWS_BUILD,
        "The container operating system does not match the host operating system (image 10.0.17763.5, host 10.0.20348)",
    ),
}


@pytest.mark.parametrize(("host", "image", "workload", "failure", "words"), PREDICTED.values(), ids=PREDICTED.keys())
def test_the_failure_is_predicted_as_it_will_be_printed(
    host: str, image: Image, workload: Workload, failure: Failure, words: str
) -> None:
    prediction = predict(parse(host), image, workload)

    assert (prediction.severity, prediction.failure) == (Severity.MISMATCH, failure)
    assert words in prediction.text


def test_a_cpu_level_that_the_host_may_lack_is_a_warning() -> None:
    prediction = predict(parse("linux/amd64"), single("linux/amd64/v3"), ecs())

    assert (prediction.severity, prediction.failure) == (Severity.WARNING, Failure.CPU_LEVEL)


@pytest.mark.parametrize(
    ("automatic", "words"), [(True, "App Runner deploys this push by itself:"), (False, "On deployment:")]
)
def test_whether_app_runner_deploys_the_push_by_itself_is_said(*, automatic: bool, words: str) -> None:
    workload = replace(apprunner(), deploys_on_push=automatic)

    assert predict(parse("linux/amd64"), single("linux/arm64"), workload).text.startswith(words)
    assert predict(parse("linux/amd64"), index("linux/arm64"), workload).text.startswith(words)


NO_DESCRIPTOR = (
    "CannotPullContainerError: ... image Manifest does not contain descriptor matching platform 'linux/amd64'"
)
EXEC_FORMAT = "the image is pulled and cannot start: the container's log says exec format error"
EXITED = "with exit code 1 and Essential container in task exited"
OVERRIDE = "ECS may notice that when it deploys an Express service, and run its tasks on ARM64 instead."
ONLY_TASKS = "No deployment fails: the stopped tasks alone show it."
# What is seen of an index without linux/amd64, and of a single image for linux/arm64.
SEEN = {
    WorkloadKind.ECS_SERVICE: (
        f"Tasks stop before they start with {NO_DESCRIPTOR}.",
        f"T{EXEC_FORMAT[1:]}, tasks stop {EXITED}.",
    ),
    WorkloadKind.ECS_EXPRESS_SERVICE: (
        f"Tasks stop before they start with {NO_DESCRIPTOR}. {OVERRIDE}",
        f"T{EXEC_FORMAT[1:]}, tasks stop {EXITED}. {OVERRIDE}",
    ),
    WorkloadKind.ECS_DAEMON: (
        f"Tasks stop before they start with {NO_DESCRIPTOR}.",
        f"T{EXEC_FORMAT[1:]}, tasks stop {EXITED}.",
    ),
    WorkloadKind.ECS_TASK: (
        f"A task that is run with this image stops before it starts with {NO_DESCRIPTOR}.",
        f"When a task is run with it, {EXEC_FORMAT}, the task stops {EXITED}.",
    ),
    WorkloadKind.ECS_SCHEDULED_TASK: (
        f"Each task that is started on schedule stops before it starts with {NO_DESCRIPTOR}. {ONLY_TASKS}",
        f"Each time that a task is started on schedule, {EXEC_FORMAT}, the task stops {EXITED}. {ONLY_TASKS}",
    ),
    WorkloadKind.APPRUNNER_SERVICE: (
        "On deployment: it cannot pull the image, since the index has no entry for linux/amd64; the deployment fails.",
        (
            "On deployment: the image is pulled and cannot start, and the application log says exec format error; the "
            "deployment fails."
        ),
    ),
    WorkloadKind.LAMBDA_FUNCTION: (
        (
            "Updating the function to this image is refused: The image manifest, config or layer media type for the "
            "source image ... is not supported. The function goes on with the image that it has."
        ),
        (
            "The push alone changes nothing, since Lambda keeps the digest that it has resolved. Once the function's "
            "code is updated to this image, every invocation fails with Runtime.InvalidEntrypoint (exec format error)."
        ),
    ),
    WorkloadKind.BATCH_JOB_DEFINITION: (
        (
            "Jobs fail before they start: the image cannot be pulled, since the index has no entry for linux/amd64 (on "
            "ECS, CannotPullContainerError)."
        ),
        "Jobs fail: the image is pulled and cannot start, and the job's log says exec format error.",
    ),
    WorkloadKind.CODEBUILD_PROJECT: (
        (
            "Builds fail before their first command with BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE, since the index has no "
            "entry for linux/amd64."
        ),
        (
            "Builds fail before their first command: the image is pulled, and what is in it cannot be executed (exec "
            "format error)."
        ),
    ),
    WorkloadKind.AGENTCORE_RUNTIME: (
        (
            "Creating or updating the runtime with this image is refused, or it does not start: the image has nothing "
            "for linux/amd64."
        ),
        (
            "Creating or updating the runtime with this image is refused, or it does not start: the image has nothing "
            "for linux/amd64."
        ),
    ),
    WorkloadKind.SAGEMAKER_ENDPOINT: (
        (
            "Creating or updating the endpoint with this image fails: it cannot be pulled, since the index has no "
            "entry for linux/amd64."
        ),
        (
            "Creating or updating the endpoint with this image fails: the endpoint's log in CloudWatch says exec "
            "format error, and the container did not pass the ping health check."
        ),
    ),
    WorkloadKind.EKS_CLUSTER: (
        "Pods with this image do not start: ImagePullBackOff, ... no match for platform in manifest.",
        "Pods with this image end in CrashLoopBackOff, and their log says exec format error.",
    ),
}
CODES = {
    WorkloadKind.LAMBDA_FUNCTION: (Failure.INDEX_NOT_SUPPORTED, Failure.EXEC_FORMAT),
    WorkloadKind.AGENTCORE_RUNTIME: (Failure.ARCHITECTURE_REFUSED, Failure.ARCHITECTURE_REFUSED),
}


@pytest.mark.parametrize("kind", WorkloadKind)
def test_each_kind_of_workload_fails_in_its_own_way(kind: WorkloadKind) -> None:
    predicted = [
        predict(parse("linux/amd64"), image, workload(kind)) for image in (index("linux/arm64"), single("linux/arm64"))
    ]

    assert tuple(each.text for each in predicted) == SEEN[kind]
    assert tuple(each.failure for each in predicted) == CODES.get(
        kind, (Failure.NO_MATCHING_DESCRIPTOR, Failure.EXEC_FORMAT)
    )
    assert {each.severity for each in predicted} == {Severity.MISMATCH}


@pytest.mark.parametrize("image", [single("linux/amd64"), index("linux/amd64")], ids=["single", "index"])
def test_agentcore_on_micro_vms_says_what_it_has(image: Image) -> None:
    runtime = workload(WorkloadKind.AGENTCORE_RUNTIME, "linux/arm64")

    assert predict(parse("linux/arm64"), image, runtime).text == (
        "Creating or updating the runtime with this image is refused: Architecture incompatible for uri '...'. "
        "Supported architectures: [arm64]."
    )


def test_a_function_that_runs_the_image_already_fails_now() -> None:
    function = workload(WorkloadKind.LAMBDA_FUNCTION, resolved=DIGEST)

    prediction = predict(parse("linux/amd64"), single("linux/arm64"), function)

    assert prediction.text == "Every invocation fails with Runtime.InvalidEntrypoint (exec format error)."


@pytest.mark.parametrize("kind", WorkloadKind)
def test_another_operating_system_is_said_in_the_words_of_docker_s_engine_where_it_pulls(kind: WorkloadKind) -> None:
    engine = {each for each in WorkloadKind if each.value.startswith("ecs-")} | {
        WorkloadKind.APPRUNNER_SERVICE,
        WorkloadKind.BATCH_JOB_DEFINITION,
        WorkloadKind.CODEBUILD_PROJECT,
    }

    prediction = predict(parse("linux/amd64"), single("windows/amd64"), workload(kind))

    assert prediction.failure is Failure.WRONG_OS
    words = 'image operating system "windows" cannot be used' if kind in engine else "it is for windows, and the host"
    assert words in prediction.text


def test_express_services_are_overridden_to_what_ecs_has_alone() -> None:
    express = workload(WorkloadKind.ECS_EXPRESS_SERVICE)

    for image in (single("linux/s390x"), index("linux/arm64/v9 linux/s390x"), index("")):
        assert "ECS may notice" not in predict(parse("linux/amd64"), image, express).text


def test_lambda_alone_takes_no_index() -> None:
    assert [kind for kind in WorkloadKind if takes_no_index(workload(kind))] == [WorkloadKind.LAMBDA_FUNCTION]
