"""The predicted failure in the words that people will see."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.situations import apprunner, ecs, index, single

from ecrguard.domain.failure import predict
from ecrguard.domain.platform import parse
from ecrguard.domain.verdict import Failure, Severity

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
