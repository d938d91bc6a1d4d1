"""The reverse question: can a workload that was changed run the image that it names now?"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.situations import (
    DIGEST,
    UNREADABLE,
    UNTOLD,
    apprunner,
    artifact,
    ecs,
    index,
    platforms,
    push,
    single,
    untold,
    workload,
)

from ecrguard.domain.image import Image, Unknown, UnknownReason
from ecrguard.domain.judge import Requirements, judge, judge_workload
from ecrguard.domain.push import Arrival
from ecrguard.domain.verdict import Judgement, Reason, Severity
from ecrguard.domain.workload import Basis, Workload, WorkloadKind

NAMED = push(arrival=Arrival.DEPLOYED)
BY_DIGEST = replace(NAMED, tag="")
OK, MISMATCH, UNKNOWN, NOT_APPLICABLE = (
    Judgement.OK,
    Judgement.MISMATCH,
    Judgement.UNKNOWN,
    Judgement.NOT_APPLICABLE,
)
SERVICE = "ECS service prod/web, container app, was changed and names team/web:1.4"


class Case(NamedTuple):
    image: Image
    workload: Workload
    judgement: Judgement
    reason: Reason
    explanation: str


CASES = {
    "it runs it": Case(
        single(), ecs(), OK, Reason.PLATFORMS_MATCH, f"{SERVICE}, which is built for linux/amd64, and it runs that."
    ),
    "it cannot run it": Case(
        single("linux/arm64"),
        ecs(),
        MISMATCH,
        Reason.PLATFORMS_MISMATCH,
        f"{SERVICE}, which is built for linux/arm64; it needs linux/amd64.",
    ),
    "an index lacks what it needs": Case(
        index("linux/arm64 linux/s390x"),
        ecs(),
        MISMATCH,
        Reason.PLATFORMS_MISMATCH,
        f"{SERVICE}, which is built for linux/arm64 and linux/s390x; it needs linux/amd64.",
    ),
    "one without parts": Case(
        single("linux/arm64"),
        apprunner(),
        MISMATCH,
        Reason.PLATFORMS_MISMATCH,
        "App Runner service shop was changed and names team/web:1.4, which is built for linux/arm64; it needs "
        "linux/amd64.",
    ),
    "a function and an index": Case(
        index("linux/amd64"),
        workload(WorkloadKind.LAMBDA_FUNCTION),
        MISMATCH,
        Reason.PLATFORMS_MISMATCH,
        "Lambda function resize was changed and names team/web:1.4, which is an index for linux/amd64; it needs a "
        "single image for linux/amd64.",
    ),
    "it starts and may fail: no mismatch": Case(
        single("linux/386"),
        ecs(),
        OK,
        Reason.PLATFORMS_MATCH,
        f"{SERVICE}, which is built for linux/386, and it runs that.",
    ),
    "nothing tells what it runs on": Case(
        single(),
        ecs(""),
        UNKNOWN,
        Reason.NOT_TOLD,
        f"{SERVICE}. Whether it can run that could not be told: its task definition does not name a platform, and no "
        "instance of its cluster could be asked.",
    ),
    "a part of the image could not be read": Case(
        index("linux/arm64", UNTOLD),
        ecs(),
        UNKNOWN,
        Reason.NOT_TOLD,
        f"{SERVICE}. Whether it can run that could not be told: a part of the image could not be read: expected an "
        "architecture, got none.",
    ),
    "nothing of the image could be read": Case(
        replace(untold(), unknowns=(UNREADABLE,)),
        ecs(),
        UNKNOWN,
        Reason.NOT_TOLD,
        "What the image is built for could not be told: expected a JSON object, got a tar file.",
    ),
    "an empty index": Case(
        index(""),
        ecs(),
        MISMATCH,
        Reason.PLATFORMS_MISMATCH,
        f"{SERVICE}, which is built for no platform; it needs linux/amd64.",
    ),
    "a chart": Case(
        artifact(),
        ecs(),
        NOT_APPLICABLE,
        Reason.ARTIFACT,
        "Nothing here runs in a container: it is application/vnd.cncf.helm.config.v1+json.",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_a_workload_names_is_judged_for_it(case: Case) -> None:
    verdict = judge_workload(NAMED, case.image, case.workload)

    assert (verdict.judgement, verdict.reason) == (case.judgement, case.reason)
    assert verdict.explanation == case.explanation


def test_what_could_not_be_told_is_kept_and_makes_no_pass_a_mismatch() -> None:
    denied = Unknown(UnknownReason.ACCESS_DENIED, "denied", "lambda")

    verdict = judge_workload(NAMED, index("linux/amd64", UNTOLD), ecs(), (denied,))

    assert (verdict.judgement, verdict.unknowns) == (OK, (UNTOLD, denied))
    hostless = judge_workload(NAMED, single(), ecs(""))
    assert [unknown.reason for unknown in hostless.unknowns] == [UnknownReason.WORKLOAD_PLATFORM_UNKNOWN]


def test_it_is_to_be_changed_back_or_get_another_image_or_another_platform() -> None:
    (finding,) = judge_workload(NAMED, single("linux/arm64"), ecs()).findings

    back, build, copy, definition = finding.remedy
    assert back.text == "Change it back to what it was before."
    assert build.command.startswith("docker buildx build --platform linux/amd64 ")
    assert copy.command.startswith("docker pull --platform linux/amd64 ")
    assert '"cpuArchitecture": "ARM64"' in definition.text


def test_another_build_of_windows_can_be_changed_back_too() -> None:
    image, service = single("windows(10.0.17763.5)/amd64"), ecs("windows(10.0.20348)/amd64")

    (finding,) = judge_workload(NAMED, image, service).findings

    assert [remedy.text for remedy in finding.remedy] == [
        "Change it back to what it was before.",
        "Build it FROM a base image of Windows build 10.0.20348.",
    ]


def test_nothing_is_said_to_deploy_a_push() -> None:
    (of_apprunner,) = judge_workload(NAMED, single("linux/arm64"), apprunner()).findings
    (of_function,) = judge_workload(NAMED, single("linux/arm64"), workload(WorkloadKind.LAMBDA_FUNCTION)).findings

    assert of_apprunner.prediction.startswith("On deployment:")
    assert of_function.prediction == "Every invocation fails with Runtime.InvalidEntrypoint (exec format error)."


def test_what_is_named_by_its_digest_is_called_so_and_pushed_again_under_a_tag() -> None:
    verdict = judge_workload(BY_DIGEST, single("linux/arm64"), ecs(reference=f"@{DIGEST}"))

    assert f"was changed and names team/web@{DIGEST}, which" in verdict.explanation
    assert "/team/web:NEW_TAG --push" in verdict.findings[0].remedy[1].command


@pytest.mark.parametrize("kind", WorkloadKind)
def test_every_kind_is_judged(kind: WorkloadKind) -> None:
    changed = workload(kind)

    verdict = judge_workload(NAMED, single("linux/arm64"), changed)

    assert verdict.judgement is MISMATCH
    assert verdict.explanation.startswith(changed.label)
    assert verdict.needs == changed.hosts


images = st.sampled_from(
    [
        single("linux/amd64"),
        single("linux/arm64"),
        single("linux/386"),
        single("windows(10.0.20348.9)/amd64"),
        index("linux/amd64 linux/arm64"),
        index("linux/arm64"),
        index("linux/arm64", UNTOLD),
        index(""),
        untold(),
        artifact(),
    ]
)
hosts = st.sampled_from(["linux/amd64", "linux/arm64", "linux/amd64 linux/arm64", "windows(10.0.20348)/amd64", ""])


# Pods are not judged so.
kinds = st.sampled_from(sorted(set(WorkloadKind) - {WorkloadKind.EKS_CLUSTER}))


@given(images, kinds, hosts)
def test_a_change_is_judged_as_the_push_of_what_it_names_would_be(image: Image, kind: WorkloadKind, texts: str) -> None:
    changed = replace(workload(kind), hosts=platforms(texts), basis=Basis.EXPLICIT if texts else Basis.UNKNOWN)

    reverse = judge_workload(NAMED, image, changed)
    forward = judge(push(), image, Requirements(workloads=(changed,)))

    assert (reverse.judgement, reverse.reason) == (forward.judgement, forward.reason)
    assert [(each.severity, each.failure) for each in reverse.findings] == [
        (each.severity, each.failure) for each in forward.findings
    ]
    assert all(each.remedy for each in reverse.findings if each.severity is Severity.MISMATCH)
