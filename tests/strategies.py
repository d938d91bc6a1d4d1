"""Hypothesis strategies for the domain's values, with the texts that an enemy or an accident would put into them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from ecrguard.domain.action import Action
from ecrguard.domain.alert import Alert, AlertKind
from ecrguard.domain.image import Evidence, Image, ImageKind, Offer, Unknown, UnknownReason
from ecrguard.domain.plan import Done, Outcome, Refusal, RefusalReason, Result
from ecrguard.domain.platform import Platform
from ecrguard.domain.push import Arrival, Push
from ecrguard.domain.pusher import Pusher
from ecrguard.domain.reference import Registry, parse_reference
from ecrguard.domain.verdict import Failure, Finding, Judgement, Reason, Remedy, Severity, Subject, SubjectKind, Verdict
from ecrguard.domain.workload import Basis, Workload, WorkloadKind

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

_HOSTILE = (
    "\r\nBcc: everyone@example.com",
    "\x1b[31mred\x1b[0m",
    "\x00\x07\x7f\x85",
    "\u2028\u2029\u202e\u200b\ufeff",
    "\ud800",
    "\uffff\ufffe",
    "<!channel> <!here> <@U123> <https://evil.example|click>",
    "@here @channel @everyone",
    "*bold* _it_ ~no~ `code` ```block``` [x](javascript:alert(1))",
    "&amp;&lt;!here&gt;",
    '"' * 60,
    "\\" * 60,
    "&" * 200,
    "🚨" * 100,
    "e\u0301" * 20,
    "$(rm -rf /); `id`",
)

hostile_texts: SearchStrategy[str] = st.one_of(
    st.sampled_from(_HOSTILE),
    st.text(max_size=60),
    st.lists(st.sampled_from((*_HOSTILE, "plain words ", "linux/amd64 ")), max_size=3).map("".join),
    st.text(alphabet='ab"\\&<>@`*_\n', max_size=60),
)
"""Any text: control characters, mentions, markup, quotes, long ones."""

digests: SearchStrategy[str] = st.integers(0, 2**256 - 1).map(lambda number: f"sha256:{number:064x}")
_architectures = st.sampled_from(["amd64", "arm64", "arm", "386", "s390x", "riscv64"])
_times = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001 - hypothesis wants the bounds naive
    max_value=datetime(2040, 1, 1),  # noqa: DTZ001 - as above
    timezones=st.just(UTC),
)

platforms: SearchStrategy[Platform] = st.one_of(
    st.builds(Platform, st.just("linux"), _architectures, st.sampled_from(["", "v7", "v8", "v3"])),
    st.builds(Platform, st.just("windows"), st.just("amd64"), st.just(""), st.just("10.0.20348.169")),
    st.builds(
        Platform, hostile_texts, hostile_texts, hostile_texts, hostile_texts, st.frozensets(hostile_texts, max_size=3)
    ),
)
offers: SearchStrategy[Offer] = st.builds(Offer, platforms, st.sampled_from(Evidence), digests)
unknowns: SearchStrategy[Unknown] = st.builds(Unknown, st.sampled_from(UnknownReason), hostile_texts, hostile_texts)
images: SearchStrategy[Image] = st.builds(
    Image,
    digests,
    hostile_texts,
    st.sampled_from(ImageKind),
    st.lists(offers, max_size=6).map(tuple),
    st.lists(unknowns, max_size=3).map(tuple),
    hostile_texts,
)
registries: SearchStrategy[Registry] = st.builds(
    Registry,
    st.integers(0, 10**12 - 1).map(lambda number: f"{number:012d}"),
    st.sampled_from(["us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1", "us-iso-east-1", "eusc-de-east-1"]),
)
repositories: SearchStrategy[str] = st.from_regex(r"[a-z0-9]+(?:[._/-][a-z0-9]+){0,20}", fullmatch=True).map(
    lambda name: name[:256].rstrip("._/-")
)
tags: SearchStrategy[str] = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", fullmatch=True)
pushes: SearchStrategy[Push] = st.builds(
    Push,
    st.sampled_from(Arrival),
    registries,
    repositories,
    digests,
    st.one_of(st.just(""), tags),
    st.uuids().map(str),
    _times,
)
subjects: SearchStrategy[Subject] = st.builds(Subject, st.sampled_from(SubjectKind), hostile_texts, hostile_texts)
remedies: SearchStrategy[Remedy] = st.builds(Remedy, hostile_texts, st.just("") | hostile_texts)
findings: SearchStrategy[Finding] = st.builds(
    Finding,
    st.sampled_from(Severity),
    subjects,
    st.lists(platforms, max_size=3).map(tuple),
    hostile_texts,
    st.lists(platforms, max_size=3).map(tuple),
    st.none() | st.sampled_from(Failure),
    hostile_texts,
    st.lists(remedies, max_size=3).map(tuple),
)
verdicts: SearchStrategy[Verdict] = st.builds(
    Verdict,
    st.sampled_from(Judgement),
    st.sampled_from(Reason),
    hostile_texts,
    st.lists(findings, max_size=4).map(tuple),
    st.lists(unknowns, max_size=4).map(tuple),
    st.lists(platforms, max_size=4).map(tuple),
)
outcomes: SearchStrategy[Outcome] = st.builds(
    Outcome,
    st.lists(
        st.builds(Done, st.sampled_from(Action), st.sampled_from(Result), hostile_texts, hostile_texts), max_size=3
    ).map(tuple),
    st.lists(
        st.builds(Refusal, st.sampled_from(Action), st.sampled_from(RefusalReason), hostile_texts), max_size=3
    ).map(tuple),
    st.sampled_from([None, Action.ARCHIVE, Action.DELETE]),
)
pushers: SearchStrategy[Pusher] = st.builds(Pusher, hostile_texts, hostile_texts, hostile_texts, _times)
workloads: SearchStrategy[Workload] = st.builds(
    Workload,
    st.sampled_from(WorkloadKind),
    hostile_texts,
    hostile_texts,
    st.just("") | hostile_texts,
    st.just(parse_reference("111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/web:1")),
    st.lists(platforms, max_size=3).map(tuple),
    st.sampled_from(Basis),
)
_judged = (pushes, st.none() | images, verdicts, outcomes, hostile_texts, _times, st.none() | workloads)
alerts: SearchStrategy[Alert] = st.one_of(
    st.builds(Alert, *_judged, pusher=st.none() | pushers),
    st.builds(
        Alert,
        *_judged,
        kind=st.sampled_from([kind for kind in AlertKind if kind is not AlertKind.ALERT]),
        thread=st.uuids().map(str),
        pusher=st.none() | pushers,
    ),
)
"""Alerts, and what follows them."""


sizes: SearchStrategy[int] = st.sampled_from([1, 2, 7, 60, 400])
"""How often :func:`enlarged` repeats an alert's lists."""


def enlarged(alert: Alert, times: int) -> Alert:
    """The same alert with long texts and its lists repeated: what a repository with very many workloads gives.

    Tests call it themselves, so that a failing example prints small.
    """
    verdict, image, outcome = alert.verdict, alert.image, alert.outcome
    inner = min(times, 60)
    big_image = image and replace(image, offers=image.offers * times, unknowns=image.unknowns * times)
    big_findings = tuple(
        replace(
            finding,
            required=finding.required * inner,
            subject=replace(finding.subject, name=finding.subject.name * 20),
            requirement=finding.requirement * 20,
            offered=finding.offered * inner,
            prediction=finding.prediction * 20,
            remedy=tuple(Remedy(remedy.text * 20, remedy.command * 40) for remedy in finding.remedy) * inner,
        )
        for finding in verdict.findings
    )
    big_verdict = replace(
        verdict,
        explanation=verdict.explanation * 20,
        findings=big_findings * times,
        unknowns=verdict.unknowns * times,
        needs=verdict.needs * times,
    )
    workload = alert.workload
    big_workload = workload and replace(workload, name=workload.name * 40, container=workload.container * 40)
    big_outcome = Outcome(outcome.done * inner, outcome.refusals * inner, outcome.later)
    pusher = alert.pusher
    big_pusher = pusher and replace(pusher, arn=pusher.arn * 40, address=pusher.address * 40, agent=pusher.agent * 40)
    return replace(
        alert,
        image=big_image,
        verdict=big_verdict,
        outcome=big_outcome,
        rule=alert.rule * 20,
        workload=big_workload,
        pusher=big_pusher,
    )
