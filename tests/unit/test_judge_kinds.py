"""The verdict where a kind of workload has rules of its own, and where a digest is pinned."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.situations import AMD64, DIGEST, OTHER_DIGEST, UNTOLD, ecs, index, platforms, push, single, workload

from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.judge import Requirements, judge
from ecrguard.domain.policy import LinkedMode
from ecrguard.domain.verdict import Failure, Judgement, Reason, Severity, SubjectKind
from ecrguard.domain.workload import Basis, Workload, WorkloadKind

if TYPE_CHECKING:
    from ecrguard.domain.image import Image

OK, MISMATCH, UNKNOWN = Judgement.OK, Judgement.MISMATCH, Judgement.UNKNOWN
FUNCTION = workload(WorkloadKind.LAMBDA_FUNCTION)
FUNCTION_OF_ANOTHER_TAG = workload(WorkloadKind.LAMBDA_FUNCTION, reference=":prod")


def requirements(*workloads: Workload) -> Requirements:
    return Requirements(workloads=workloads)


@pytest.mark.parametrize("basis", [Basis.UNKNOWN, Basis.CAPACITY])
def test_pods_that_run_this_very_image_ask_nothing_of_it(basis: Basis) -> None:
    hosts = () if basis is Basis.UNKNOWN else platforms("linux/arm64")
    pods = replace(workload(WorkloadKind.EKS_CLUSTER, reference=f"@{DIGEST}"), hosts=hosts, basis=basis)

    assert judge(push(), single(), requirements(pods)).reason is Reason.NO_REQUIREMENT
    other = replace(pods, reference=replace(pods.reference, digest=OTHER_DIGEST))
    assert judge(push(), single(), requirements(other)).judgement is (OK if basis is Basis.UNKNOWN else MISMATCH)


@pytest.mark.parametrize("kind", sorted(set(WorkloadKind) - {WorkloadKind.EKS_CLUSTER}))
def test_every_kind_must_run_the_image_that_it_names(kind: WorkloadKind) -> None:
    needs = requirements(workload(kind))

    assert judge(push(), single(), needs).judgement is OK
    verdict = judge(push(), single("linux/arm64"), needs)
    assert verdict.judgement is MISMATCH
    (finding,) = verdict.findings
    assert finding.subject.kind is SubjectKind(kind.value)
    assert finding.remedy


@pytest.mark.parametrize("kind", sorted(set(WorkloadKind) - {WorkloadKind.LAMBDA_FUNCTION, WorkloadKind.EKS_CLUSTER}))
def test_every_other_kind_than_lambda_takes_its_platform_from_an_index(kind: WorkloadKind) -> None:
    needs = requirements(workload(kind))

    assert judge(push(), index("linux/arm64 linux/amd64"), needs).judgement is OK
    assert judge(push(), index("linux/arm64"), needs).judgement is MISMATCH


INDEXES = {
    "with its platform": (index("linux/amd64"), "linux/amd64"),
    "with others besides": (index("linux/arm64 linux/amd64"), "linux/arm64 and linux/amd64"),
    "without its platform": (index("linux/arm64"), "linux/arm64"),
    "of which a part could not be read": (index("linux/amd64", UNTOLD), "linux/amd64"),
}


@pytest.mark.parametrize(("image", "built"), INDEXES.values(), ids=INDEXES.keys())
def test_a_function_takes_no_index_whatever_is_in_it(image: Image, built: str) -> None:
    verdict = judge(push(), image, requirements(FUNCTION))

    (finding,) = verdict.findings
    assert (finding.severity, finding.failure) == (Severity.MISMATCH, Failure.INDEX_NOT_SUPPORTED)
    assert finding.required == (AMD64,)
    assert verdict.explanation == (
        f"The image is an index for {built}; Lambda function resize needs a single image for linux/amd64."
    )


def test_an_index_is_a_mismatch_for_a_function_of_an_architecture_that_is_not_known_here() -> None:
    new = replace(FUNCTION, hosts=(), basis=Basis.UNRECOGNISED)

    verdict = judge(push(), index("linux/amd64 linux/arm64"), requirements(new))

    assert verdict.explanation.endswith("Lambda function resize needs a single image.")
    assert judge(push(), single(), requirements(new)).judgement is UNKNOWN


def test_a_function_of_another_tag_minds_the_platforms_alone() -> None:
    """That an index is pushed does not show that the function is to run it."""
    needs = requirements(FUNCTION_OF_ANOTHER_TAG)

    assert judge(push(), index("linux/amd64 linux/arm64"), needs).judgement is OK
    verdict = judge(push(), index("linux/arm64"), needs)
    assert verdict.judgement is MISMATCH
    assert verdict.findings[0].requirement == "a single image for linux/amd64 (it runs prod now)"
    assert verdict.findings[0].prediction.startswith("Once it runs this image: updating the function")


def test_that_a_push_alone_changes_nothing_is_not_said_of_what_has_been_deployed() -> None:
    (exact,) = judge(push(), single("linux/arm64"), requirements(FUNCTION)).findings
    (weak,) = judge(push(), single("linux/arm64"), requirements(FUNCTION_OF_ANOTHER_TAG)).findings

    assert exact.prediction.startswith("The push alone changes nothing, since Lambda keeps the digest")
    assert weak.prediction == (
        "Once it runs this image: every invocation fails with Runtime.InvalidEntrypoint (exec format error)."
    )


def test_what_has_pinned_the_digest_must_run_it_whatever_tag_it_names() -> None:
    """The image gets another tag: who runs it already names the former."""
    pinned = workload(WorkloadKind.ECS_SERVICE, reference=":1.3", resolved=DIGEST)
    moved = replace(pinned, resolved=OTHER_DIGEST)
    fine = ecs("linux/arm64", ":lab", name="lab/web")

    assert judge(push(), single("linux/arm64"), requirements(pinned, fine)).judgement is MISMATCH
    assert judge(push(), single("linux/arm64"), requirements(moved, fine)).judgement is OK
    exact = replace(requirements(pinned), linked=LinkedMode.EXACT)
    assert judge(push(), single("linux/arm64"), exact).judgement is MISMATCH
    assert judge(push(), single("linux/arm64"), replace(exact, workloads=(moved,))).reason is Reason.NO_REQUIREMENT


def test_that_ecs_chose_the_platform_is_said() -> None:
    express = workload(WorkloadKind.ECS_EXPRESS_SERVICE, "linux/arm64", basis=Basis.OVERRIDE)

    (finding,) = judge(push(), single(), requirements(express)).findings

    assert finding.requirement == "linux/arm64, which ECS chose for it"


@pytest.mark.parametrize("kind", sorted(set(WorkloadKind) - {WorkloadKind.EKS_CLUSTER}))
def test_where_nothing_tells_what_a_workload_runs_on_it_is_said_in_its_own_words(kind: WorkloadKind) -> None:
    (finding,) = judge(push(), single(), requirements(workload(kind, "", basis=Basis.UNKNOWN))).findings

    assert finding.severity is Severity.UNKNOWN
    (remedy,) = finding.remedy
    of_ecs = kind.value.startswith("ecs-")
    assert ("its task definition does not name a platform" in finding.prediction) is of_ecs
    assert ("runtimePlatform" in remedy.text) is of_ecs


@pytest.mark.parametrize("reason", [UnknownReason.INVENTORY_STALE, UnknownReason.INVENTORY_INCOMPLETE])
def test_an_inventory_that_may_lack_something_never_lets_an_image_pass(reason: UnknownReason) -> None:
    gap = Unknown(reason, "the inventory of ecs was last read long ago", "ecs")
    needs = replace(requirements(ecs()), unknowns=(gap,))

    verdict = judge(push(), single(), needs)

    assert (verdict.judgement, verdict.unknowns) == (UNKNOWN, (gap,))
    assert verdict.explanation == (
        "Not everything that may run the image could be read: the inventory of ecs was last read long ago."
    )
    mismatch = judge(push(), single("linux/arm64"), needs)
    assert (mismatch.judgement, mismatch.unknowns) == (MISMATCH, (gap,))


def test_a_function_and_a_service_of_one_tag_are_both_told() -> None:
    verdict = judge(push(), index("linux/amd64"), requirements(FUNCTION, ecs("linux/arm64")))

    assert [finding.failure for finding in verdict.findings] == [
        Failure.INDEX_NOT_SUPPORTED,
        Failure.NO_MATCHING_DESCRIPTOR,
    ]
    assert verdict.needs == platforms("linux/amd64 linux/arm64")
