"""Judging an image: a pure function of the image, what is required of it, and nothing else.

Requirements come from the policy or, where it names no platforms, from the repository's resource tag, and from the
workloads that are linked to the image. Each unmet one is a finding. What cannot be told makes the verdict unknown
unless something else already makes it a mismatch.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecrguard.domain.findings import (
    ORDER,
    deployed,
    names,
    of_demand,
    of_other_tags,
    of_workload,
    tag_names_platform,
)
from ecrguard.domain.image import Image, ImageKind, Unknown, UnknownReason
from ecrguard.domain.policy import Demand, LinkedMode
from ecrguard.domain.remedy import targets
from ecrguard.domain.verdict import Failure, Finding, Judgement, Reason, Severity, Subject, Verdict
from ecrguard.domain.workload import Link, Workload, link

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ecrguard.domain.push import Push


_REFERRERS_TAG = re.compile(r"[a-z0-9]+-[0-9a-f]{32,}")
"""OCI distribution specification, "Referrers Tag Schema": the algorithm and the digest of what is referred to."""


@dataclass(frozen=True, slots=True)
class Requirements:
    """All that is required of one image.

    Attributes:
        demand: platforms that the policy or the resource tag names; None where neither does.
        demanded_by: who names them; None with no demand.
        linked: which workloads count.
        workloads: those of the repository.
        unknowns: sources of workloads that could not be read.
    """

    demand: Demand | None = None
    demanded_by: Subject | None = None
    linked: LinkedMode = LinkedMode.REPOSITORY
    workloads: tuple[Workload, ...] = ()
    unknowns: tuple[Unknown, ...] = ()


def judge(push: Push, image: Image, requirements: Requirements) -> Verdict:
    """The verdict on ``image``, pushed as ``push``."""
    if image.kind is ImageKind.ARTIFACT:
        return _artifact(image)
    exact, others = _linked(push, requirements)
    if not image.offers and not image.unknowns and _REFERRERS_TAG.fullmatch(push.tag):
        why = (
            "An empty list of what refers to another image, under the tag that registries without referrers keep it by."
        )
        return Verdict(Judgement.NOT_APPLICABLE, Reason.ARTIFACT, why)
    if not image.offers:
        verdict = _without_offers(image, requirements, exact, others)
        if verdict is not None:
            return verdict
    # Weak evidence counts only where no workload names this image, and the tag does not say what the image is for.
    counted = exact or ([] if tag_names_platform(push.tag, image) else others)
    goal = targets(image, requirements.demand, counted)
    findings: list[Finding] = []
    if requirements.demand is not None and requirements.demanded_by is not None:
        findings += of_demand(push, image, requirements.demand, requirements.demanded_by, goal)
    if exact:
        findings += [finding for workload in exact for finding in of_workload(push, image, workload, goal)]
    else:
        findings += of_other_tags(push, image, counted, goal)
    findings.sort(key=lambda finding: ORDER[finding.severity])
    return _verdict(image, requirements, tuple(findings), counted)


def judge_workload(push: Push, image: Image, workload: Workload, unknowns: tuple[Unknown, ...] = ()) -> Verdict:
    """The verdict on a workload that was changed, and on nothing else: whether it can run the image that it names now.

    Args:
        push: what it names, ``deployed``.
        image: as observed.
        workload: as it is after the change.
        unknowns: what could not be told besides.
    """
    if image.kind is ImageKind.ARTIFACT:
        return _artifact(image)
    if not image.offers and image.unknowns:
        return _untold(image, unknowns)
    findings = of_workload(push, image, deployed(workload, image), targets(image, None, [workload]))
    unknowns = (*image.unknowns, *unknowns, *_unknown_workloads(findings))
    container = "," if workload.container else ""
    named = f"{workload.label}{container} was changed and names {push.image_name}"
    for finding in findings:
        if finding.severity is Severity.MISMATCH:
            why = f"{named}, which is {_built(image, finding)}; it needs {finding.requirement}."
            return Verdict(Judgement.MISMATCH, Reason.PLATFORMS_MISMATCH, why, findings, unknowns, needs=workload.hosts)
        if finding.severity is Severity.UNKNOWN:
            why = f"{named}. Whether it can run that could not be told: {finding.prediction}"
            return Verdict(Judgement.UNKNOWN, Reason.NOT_TOLD, why, findings, unknowns, needs=workload.hosts)
    why = f"{named}, which is built for {names(image.platforms)}, and it runs that."
    return Verdict(Judgement.OK, Reason.PLATFORMS_MATCH, why, findings, unknowns, needs=workload.hosts)


def speaks_of_the_image(push: Push, verdict: Verdict, workloads: Sequence[Workload]) -> bool:
    """Whether a mismatch is one of the very image, and not of workloads that run other tags of the repository.

    Args:
        push: as which the image came.
        verdict: on it.
        workloads: that it was judged with.
    """
    named = {
        workload.label
        for workload in workloads
        if link(workload, push.registry, push.repository, push.tag, push.digest) is Link.EXACT
    }
    return any(
        finding.severity is Severity.MISMATCH and (not finding.subject.arn or finding.subject.name in named)
        for finding in verdict.findings
    )


def _artifact(image: Image) -> Verdict:
    what = f"it is {image.artifact_type}" if image.artifact_type else "it has no image layers"
    return Verdict(Judgement.NOT_APPLICABLE, Reason.ARTIFACT, f"Nothing here runs in a container: {what}.")


def _untold(image: Image, unknowns: tuple[Unknown, ...]) -> Verdict:
    why = f"What the image is built for could not be told: {image.unknowns[0].detail}."
    return Verdict(Judgement.UNKNOWN, Reason.NOT_TOLD, why, unknowns=(*image.unknowns, *unknowns))


def _built(image: Image, finding: Finding) -> str:
    """What the image is, as far as a finding minds it: ``built for linux/arm64``."""
    what = "an index" if finding.failure is Failure.INDEX_NOT_SUPPORTED else "built"
    return f"{what} for {names(image.platforms)}"


def _linked(push: Push, requirements: Requirements) -> tuple[list[Workload], list[Workload]]:
    """The workloads that name the pushed tag or digest, and those that run others of the repository."""
    exact: list[Workload] = []
    others: list[Workload] = []
    if requirements.linked is LinkedMode.OFF:
        return exact, others
    for workload in requirements.workloads:
        how = link(workload, push.registry, push.repository, push.tag, push.digest)
        if how is Link.EXACT:
            exact.append(workload)
        elif how is Link.REPOSITORY and requirements.linked is LinkedMode.REPOSITORY:
            others.append(workload)
    return exact, others


def _without_offers(
    image: Image, requirements: Requirements, exact: Sequence[Workload], others: Sequence[Workload]
) -> Verdict | None:
    """The verdict on an image of which no platform is known; None where what is required decides."""
    unknowns = (*image.unknowns, *requirements.unknowns)
    unasked = requirements.demand is None and not exact and not requirements.unknowns
    if unasked and not image.unknowns:
        # The tags under which registries without the referrers API keep lists of signatures point to such, once empty.
        why = "An index without entries, and nothing requires one of it."
        return Verdict(Judgement.NOT_APPLICABLE, Reason.NO_REQUIREMENT, why)
    stateless = all(unknown.reason is UnknownReason.PLATFORM_MISSING for unknown in image.unknowns)
    if unasked and not others and stateless:
        # Cache layers of image builders and bundles of other things are pushed as images that state no platform.
        why = "It states no platform, and nothing requires one of it."
        return Verdict(Judgement.NOT_APPLICABLE, Reason.NO_REQUIREMENT, why, unknowns=unknowns)
    return _untold(image, requirements.unknowns) if image.unknowns else None


def _verdict(
    image: Image, requirements: Requirements, findings: tuple[Finding, ...], counted: Sequence[Workload]
) -> Verdict:
    demanded = requirements.demand.platforms if requirements.demand else ()
    needs = tuple(dict.fromkeys([*demanded, *(host for workload in counted for host in workload.hosts)]))
    unknowns = (*image.unknowns, *requirements.unknowns, *_unknown_workloads(findings))
    worst = findings[0] if findings else None
    if worst is not None and worst.severity is Severity.MISMATCH:
        why = f"The image is {_built(image, worst)}; {worst.subject.name} needs {worst.requirement}."
        return Verdict(Judgement.MISMATCH, Reason.PLATFORMS_MISMATCH, why, findings, unknowns, needs)
    if worst is not None and worst.severity is Severity.UNKNOWN:
        why = f"Whether {worst.subject.name} can run the image could not be told: {worst.prediction}"
        return Verdict(Judgement.UNKNOWN, Reason.NOT_TOLD, why, findings, unknowns, needs)
    if requirements.unknowns:
        why = f"Not everything that may run the image could be read: {requirements.unknowns[0].detail}."
        return Verdict(Judgement.UNKNOWN, Reason.NOT_TOLD, why, findings, unknowns, needs)
    if not demanded and not counted:
        why = "No policy rule, resource tag or linked workload requires a platform of it."
        return Verdict(Judgement.NOT_APPLICABLE, Reason.NO_REQUIREMENT, why, (), unknowns)
    why = f"The image is built for {names(image.platforms)}, and that meets all that is required of it."
    return Verdict(Judgement.OK, Reason.PLATFORMS_MATCH, why, findings, unknowns, needs)


def _unknown_workloads(findings: Sequence[Finding]) -> tuple[Unknown, ...]:
    """Workloads whose platform is not known: mending their definition lets the image be judged."""
    return tuple(
        Unknown(
            UnknownReason.WORKLOAD_PLATFORM_UNKNOWN,
            f"{finding.subject.name}: {finding.prediction.rstrip('.')}",
            finding.subject.arn,
        )
        for finding in findings
        if finding.severity is Severity.UNKNOWN and finding.subject.arn and not finding.required
    )
