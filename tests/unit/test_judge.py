"""The verdict on an image: every branch, with the reason that it gives."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import pytest
from tests.situations import (
    AMD64,
    ARM64,
    DIGEST,
    OTHER_DIGEST,
    UNREADABLE,
    UNTOLD,
    apprunner,
    artifact,
    ecs,
    index,
    push,
    single,
    untold,
)

from ecrguard.domain.findings import tag_names_platform
from ecrguard.domain.image import Image, ImageKind, Unknown, UnknownReason
from ecrguard.domain.judge import Requirements, judge
from ecrguard.domain.manifest import OCI_INDEX
from ecrguard.domain.platform import Platform, parse
from ecrguard.domain.policy import Demand, LinkedMode, Match
from ecrguard.domain.reference import Registry
from ecrguard.domain.verdict import Failure, Judgement, Reason, Severity, Subject, SubjectKind, rule_subject
from ecrguard.domain.workload import Basis

RULE = Subject(SubjectKind.POLICY_RULE, "policy rule web")
DENIED = Unknown(UnknownReason.ACCESS_DENIED, "apprunner:ListServices was denied", "apprunner")
OK, MISMATCH, UNKNOWN, NOT_APPLICABLE = (
    Judgement.OK,
    Judgement.MISMATCH,
    Judgement.UNKNOWN,
    Judgement.NOT_APPLICABLE,
)
MATCH, MISS, NOT_TOLD = Reason.PLATFORMS_MATCH, Reason.PLATFORMS_MISMATCH, Reason.NOT_TOLD


class Case(NamedTuple):
    image: Image
    needs: Requirements
    judgement: Judgement
    reason: Reason
    tag: str = "1.4"


def workloads(*all_of_them: object, mode: LinkedMode = LinkedMode.REPOSITORY) -> Requirements:
    return Requirements(linked=mode, workloads=tuple(all_of_them))  # type: ignore[arg-type]  # the table stays short


def demand(texts: str, match: Match = Match.ALL, *, extra: bool = True) -> Requirements:
    wanted = tuple(parse(text, partial=True) for text in texts.split())
    return Requirements(Demand(wanted, match, extra), RULE)


EXACT = {
    "the service's platform": Case(single(), workloads(ecs("linux/amd64")), OK, MATCH),
    "another platform: the image that a Mac built": Case(
        single("linux/arm64"), workloads(ecs("linux/amd64")), MISMATCH, MISS
    ),
    "an index that has it": Case(index("linux/arm64 linux/amd64"), workloads(ecs("linux/amd64")), OK, MATCH),
    "an index that lacks it": Case(index("linux/arm64"), workloads(ecs("linux/amd64")), MISMATCH, MISS),
    "an empty index": Case(index(""), workloads(ecs("linux/amd64")), MISMATCH, MISS),
    "App Runner takes amd64 alone": Case(single("linux/arm64"), workloads(apprunner()), MISMATCH, MISS),
    "all of two services": Case(
        single(), workloads(ecs("linux/amd64"), ecs("linux/arm64", name="lab/web")), MISMATCH, MISS
    ),
    "all hosts of one service": Case(single(), workloads(ecs("linux/amd64 linux/arm64")), MISMATCH, MISS),
    "by digest": Case(single("linux/arm64"), workloads(ecs("linux/amd64", f"@{DIGEST}")), MISMATCH, MISS),
    "by tag and digest: the digest decides": Case(
        single("linux/arm64"),
        workloads(ecs("linux/amd64", f":1.4@{OTHER_DIGEST}"), ecs("linux/arm64", ":1.4", name="lab/web")),
        OK,
        MATCH,
    ),
    "386 on amd64 runs with a warning": Case(single("linux/386"), workloads(ecs("linux/amd64")), OK, MATCH),
    "a CPU level beyond the plain one starts, with a warning": Case(
        single("linux/amd64/v3"), workloads(ecs("linux/amd64")), OK, MATCH
    ),
    "a CPU level in an index is not chosen": Case(
        index("linux/amd64/v3"), workloads(ecs("linux/amd64")), MISMATCH, MISS
    ),
    "Windows on Linux": Case(single("windows/amd64"), workloads(ecs("linux/amd64")), MISMATCH, MISS),
    "Windows of another build": Case(
        single("windows(10.0.17763.1)/amd64"), workloads(ecs("windows(10.0.20348)/amd64")), MISMATCH, MISS
    ),
    "Windows of the host's build, whatever the revision": Case(
        single("windows(10.0.20348.9)/amd64"), workloads(ecs("windows(10.0.20348)/amd64")), OK, MATCH
    ),
    "a service of unknown platform, and an image for one": Case(single(), workloads(ecs("")), UNKNOWN, NOT_TOLD),
    "a service of unknown platform, and an image for all that it may be": Case(
        index("linux/amd64 linux/arm64"), workloads(ecs("")), OK, MATCH
    ),
    "a mismatch with one service outweighs not knowing another": Case(
        single("linux/arm64"), workloads(ecs(""), ecs("linux/amd64", name="b")), MISMATCH, MISS
    ),
    "of the same name in another account": Case(
        single("linux/arm64"),
        workloads(ecs("linux/amd64", registry=Registry("999999999999", "eu-central-1"))),
        NOT_APPLICABLE,
        Reason.NO_REQUIREMENT,
    ),
}

REPOSITORY_WIDE = {
    "runs on what the other tags' services need": Case(single(), workloads(ecs(reference=":prod")), OK, MATCH),
    "runs on one of the platforms that they need": Case(
        single(), workloads(ecs("linux/amd64", ":prod"), ecs("linux/arm64", ":lab", name="lab/web")), OK, MATCH
    ),
    "runs on none of them": Case(
        single("linux/arm64"), workloads(ecs(reference=":prod"), apprunner(":live")), MISMATCH, MISS
    ),
    "runs on none, and the tag says so: on purpose": Case(
        single("linux/arm64"),
        workloads(ecs(reference=":prod")),
        NOT_APPLICABLE,
        Reason.NO_REQUIREMENT,
        "1.4-arm64",
    ),
    "runs on none, and the tag says another": Case(
        single("linux/arm64"), workloads(ecs(reference=":prod")), MISMATCH, MISS, "1.4-amd64"
    ),
    "an empty index is nothing to run, whatever its tag says": Case(
        index(""), workloads(ecs(reference=":prod")), NOT_APPLICABLE, Reason.NO_REQUIREMENT, "1.4-arm64"
    ),
    "not where another names this very tag": Case(
        single("linux/arm64"), workloads(ecs("linux/arm64"), ecs("linux/amd64", ":prod", name="b")), OK, MATCH
    ),
    "a service of unknown platform may need it": Case(single(), workloads(ecs("", ":prod")), OK, MATCH),
    "nobody knows what the service needs, and the image is for Windows": Case(
        single("windows/amd64"), workloads(ecs("", ":prod")), UNKNOWN, NOT_TOLD
    ),
    "policy says exact alone": Case(
        single("linux/arm64"),
        workloads(ecs(reference=":prod"), mode=LinkedMode.EXACT),
        NOT_APPLICABLE,
        Reason.NO_REQUIREMENT,
    ),
    "policy says off": Case(
        single("linux/arm64"), workloads(ecs(), mode=LinkedMode.OFF), NOT_APPLICABLE, Reason.NO_REQUIREMENT
    ),
}

DEMANDED = {
    "has all": Case(index("linux/amd64 linux/arm64"), demand("linux/amd64 linux/arm64"), OK, MATCH),
    "lacks one": Case(single(), demand("linux/amd64 linux/arm64"), MISMATCH, MISS),
    "has any": Case(single(), demand("linux/amd64 linux/arm64", Match.ANY), OK, MATCH),
    "has none of any": Case(single("linux/s390x"), demand("linux/amd64 linux/arm64", Match.ANY), MISMATCH, MISS),
    "has more, which is allowed": Case(index("linux/amd64 linux/arm64"), demand("linux/amd64"), OK, MATCH),
    "has more, which is not": Case(
        index("linux/amd64 linux/arm64"), demand("linux/amd64", extra=False), MISMATCH, MISS
    ),
    "an architecture alone, any os": Case(single("linux/arm64"), demand("arm64"), OK, MATCH),
    "an architecture alone, another": Case(single(), demand("arm64"), MISMATCH, MISS),
    "an empty index has nothing": Case(index(""), demand("linux/amd64"), MISMATCH, MISS),
    "met, and so is the service": Case(
        single(), replace(demand("linux/amd64"), workloads=(ecs("linux/amd64"),)), OK, MATCH
    ),
    "met, and the service is not": Case(
        single(), replace(demand("linux/amd64"), workloads=(ecs("linux/arm64"),)), MISMATCH, MISS
    ),
}

UNTOLD_CASES = {
    "nothing could be told": Case(untold(), workloads(ecs()), UNKNOWN, NOT_TOLD),
    "no platform is stated, and nothing is required": Case(
        untold(), Requirements(), NOT_APPLICABLE, Reason.NO_REQUIREMENT
    ),
    "no platform is stated, and the services of another tag may want it": Case(
        untold(), workloads(ecs(reference=":prod")), UNKNOWN, NOT_TOLD
    ),
    "no platform is stated, and who may run it could not be read": Case(
        untold(), Requirements(unknowns=(UNTOLD,)), UNKNOWN, NOT_TOLD
    ),
    "what it is could not be read, and nothing is required": Case(
        replace(untold(), unknowns=(UNREADABLE,)), Requirements(), UNKNOWN, NOT_TOLD
    ),
    "schema 1": Case(untold(ImageKind.UNSUPPORTED), workloads(ecs()), UNKNOWN, NOT_TOLD),
    "a part, and what was told suffices": Case(index("linux/amd64", UNTOLD), workloads(ecs("linux/amd64")), OK, MATCH),
    "a part, and what was told does not suffice the service": Case(
        index("linux/arm64", UNTOLD), workloads(ecs("linux/amd64")), UNKNOWN, NOT_TOLD
    ),
    "a part, and what was told does not suffice the policy": Case(
        index("linux/arm64", UNTOLD), demand("linux/amd64"), UNKNOWN, NOT_TOLD
    ),
    "a part, which may be one that is not allowed": Case(
        index("linux/amd64", UNTOLD), demand("linux/amd64", extra=False), UNKNOWN, NOT_TOLD
    ),
    "a part, and another is not allowed in any case": Case(
        index("linux/amd64 linux/arm64", UNTOLD), demand("linux/amd64", extra=False), MISMATCH, MISS
    ),
    "a part, and nothing is required": Case(
        index("linux/amd64", UNTOLD), Requirements(), NOT_APPLICABLE, Reason.NO_REQUIREMENT
    ),
    "who runs it could not be read": Case(single(), Requirements(unknowns=(DENIED,)), UNKNOWN, NOT_TOLD),
    "all that could be read is met, not all could": Case(
        single(), replace(workloads(ecs()), unknowns=(DENIED,)), UNKNOWN, NOT_TOLD
    ),
    "a mismatch stays one, whatever else could not be read": Case(
        single("linux/arm64"), replace(workloads(ecs()), unknowns=(DENIED,)), MISMATCH, MISS
    ),
}

REST = {
    "an artifact is not judged, whatever is required": Case(
        artifact(), replace(demand("linux/amd64"), workloads=(ecs(),)), NOT_APPLICABLE, Reason.ARTIFACT
    ),
    "nothing is required": Case(single(), Requirements(), NOT_APPLICABLE, Reason.NO_REQUIREMENT),
}


@pytest.mark.parametrize("case", EXACT.values(), ids=EXACT.keys())
def test_each_service_that_names_the_image_must_run_it(case: Case) -> None:
    _holds(case)


@pytest.mark.parametrize("case", REPOSITORY_WIDE.values(), ids=REPOSITORY_WIDE.keys())
def test_services_on_other_tags_flag_only_what_none_of_them_could_run(case: Case) -> None:
    _holds(case)


@pytest.mark.parametrize("case", DEMANDED.values(), ids=DEMANDED.keys())
def test_the_platforms_that_are_named_must_be_offered(case: Case) -> None:
    _holds(case)


@pytest.mark.parametrize("case", UNTOLD_CASES.values(), ids=UNTOLD_CASES.keys())
def test_what_cannot_be_told_never_passes_where_it_matters(case: Case) -> None:
    _holds(case)


@pytest.mark.parametrize("case", REST.values(), ids=REST.keys())
def test_what_needs_no_judging(case: Case) -> None:
    _holds(case)


def _holds(case: Case) -> None:
    verdict = judge(push(case.tag), case.image, case.needs)

    assert (verdict.judgement, verdict.reason) == (case.judgement, case.reason), verdict.explanation
    assert verdict.explanation.endswith(".")


WARNED = {
    "386 on amd64": ("linux/386", "linux/amd64", None),
    "32-bit arm on arm64": ("linux/arm/v7", "linux/arm64", None),
    "amd64/v3 on amd64": ("linux/amd64/v3", "linux/amd64", Failure.CPU_LEVEL),
}


@pytest.mark.parametrize(("image", "host", "failure"), WARNED.values(), ids=WARNED.keys())
def test_what_starts_and_may_fail_is_a_warning_and_no_mismatch(image: str, host: str, failure: Failure | None) -> None:
    verdict = judge(push(), single(image), workloads(ecs(host)))

    assert [(finding.severity, finding.failure) for finding in verdict.findings] == [(Severity.WARNING, failure)]


def test_findings_come_worst_first() -> None:
    needs = workloads(ecs("linux/386", name="a"), ecs("", name="b"), ecs("linux/arm64", name="c"))

    verdict = judge(push(), single("linux/386"), replace(needs, workloads=(ecs("linux/amd64"), *needs.workloads)))

    assert [finding.severity for finding in verdict.findings] == [
        Severity.MISMATCH,
        Severity.UNKNOWN,
        Severity.WARNING,
    ]


def test_a_verdict_says_what_was_needed_by_whom_and_what_there_is() -> None:
    verdict = judge(push(), single("linux/arm64"), replace(demand("arm64"), workloads=(apprunner(),)))

    assert verdict.needs == (Platform("", "arm64"), AMD64)
    assert verdict.explanation == "The image is built for linux/arm64; App Runner service shop needs linux/amd64."
    (finding,) = verdict.findings
    assert (finding.required, finding.offered) == ((AMD64,), (ARM64,))
    assert finding.subject == Subject(SubjectKind.APPRUNNER_SERVICE, "App Runner service shop", apprunner().arn)


def test_weaker_evidence_says_that_it_is_about_a_move() -> None:
    verdict = judge(push("1.5"), single("linux/arm64"), workloads(ecs(reference=":1.4")))

    (finding,) = verdict.findings
    assert finding.prediction.startswith("Once it runs this image: the image is pulled and cannot start")
    assert verdict.explanation == (
        "The image is built for linux/arm64; ECS service prod/web, container app needs linux/amd64 (it runs 1.4 now)."
    )
    assert not any("task definition" in remedy.text for remedy in finding.remedy), "it runs what it should"


def test_only_what_counts_is_said_to_be_needed() -> None:
    services = workloads(ecs("linux/arm64"), ecs("linux/amd64", ":prod", name="b"))

    assert judge(push(), single("linux/amd64"), services).needs == (ARM64,)


def test_a_platform_that_is_not_known_here_is_no_silent_one() -> None:
    image = index("linux/amd64 linux/arm64")
    silent, new = ecs("", basis=Basis.UNKNOWN), ecs("", basis=Basis.UNRECOGNISED)

    assert judge(push(), image, workloads(silent)).judgement is OK
    verdict = judge(push(), image, workloads(new))
    assert verdict.judgement is UNKNOWN
    assert [unknown.reason for unknown in verdict.unknowns] == [UnknownReason.WORKLOAD_PLATFORM_UNKNOWN]
    assert "this version of ecrguard does not know" in verdict.explanation


def test_services_of_another_tag_whose_platform_is_not_known_here_flag_nothing() -> None:
    services = workloads(ecs(reference=":prod"), ecs("", ":prod", name="b", basis=Basis.UNRECOGNISED))

    assert judge(push("1.5"), single("linux/arm64"), services).judgement is OK


def test_a_tag_that_breaks_its_promise_is_told_as_that() -> None:
    needs = Requirements(Demand((parse("amd64", partial=True),), from_tag=True), RULE)

    verdict = judge(push("1.4-amd64"), single("linux/arm64"), needs)

    assert verdict.explanation == (
        "The image is built for linux/arm64; policy rule web needs amd64, which the tag names."
    )
    assert verdict.findings[0].prediction == "Whoever pulls 1.4-amd64 for amd64 gets an image that does not run there."


def test_where_any_of_several_will_do_the_finding_says_so() -> None:
    (finding,) = judge(push(), single("linux/s390x"), demand("linux/amd64 linux/arm64", Match.ANY)).findings

    assert finding.prediction == "The image has neither linux/amd64 nor linux/arm64; one of them is enough."


def test_the_32_bit_warning_names_what_it_is_about() -> None:
    image = index("linux/amd64 linux/arm/v7")

    (finding,) = judge(push(), image, workloads(ecs("linux/amd64 linux/arm64"))).findings

    assert finding.prediction == ("On linux/arm64 it runs as linux/arm/v7, and only where the CPU has its 32-bit mode.")


NAMED = {
    "at the end": ("1.4-arm64", "linux/arm64", True),
    "in another spelling": ("1.4_x86_64", "linux/amd64", True),
    "with a dash in it": ("2-x86-64-slim", "linux/amd64", True),
    "as uname says it": ("aarch64.2", "linux/arm64", True),
    "in upper case": ("ARM64", "linux/arm64", True),
    "as Docker's official images have it": ("arm64v8-3.13", "linux/arm64", True),
    "another": ("1.4-amd64", "linux/arm64", False),
    "none": ("1.4-alpine", "linux/arm64", False),
    "inside a word": ("charm64", "linux/arm64", False),
    "both that it has": ("1.4-arm64-amd64", "linux/arm64 linux/amd64", True),
    "one of two that it has": ("1.4-arm64", "linux/arm64 linux/amd64", False),
    "of an image that has none": ("1.4-arm64", "", False),
}


@pytest.mark.parametrize(("tag", "offers", "named"), NAMED.values(), ids=NAMED.keys())
def test_a_tag_names_the_platform_where_all_that_the_image_has_is_in_it(tag: str, offers: str, *, named: bool) -> None:
    assert tag_names_platform(tag, index(offers)) is named


def test_a_service_that_takes_whatever_its_cluster_has_must_be_served_on_all_of_it() -> None:
    verdict = judge(push(), single(), workloads(ecs("linux/amd64 linux/arm64", basis=Basis.CAPACITY)))

    assert [finding.requirement for finding in verdict.findings] == ["linux/amd64 and linux/arm64"]


def test_an_empty_list_of_referrers_is_nothing_that_runs_whatever_is_demanded() -> None:
    empty = Image(DIGEST, OCI_INDEX, ImageKind.INDEX)
    demanded = Requirements(Demand((AMD64,)), rule_subject("all"))

    assert judge(push(f"sha256-{'a' * 64}"), empty, demanded).reason is Reason.ARTIFACT
    assert judge(push("1.4"), empty, demanded).judgement is Judgement.MISMATCH
