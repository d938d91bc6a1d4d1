"""Judging an image: a pure function of the image, what is required of it, and nothing else.

Requirements come from the policy or, where it names no platforms, from the repository's resource tag, and from the
workloads that are linked to the image. Each unmet one is a finding. What cannot be told makes the verdict unknown
unless something else already makes it a mismatch.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ecrguard.domain.failure import build_commands, definition_remedy, predict
from ecrguard.domain.image import Image, ImageKind, Unknown, UnknownReason
from ecrguard.domain.platform import ARCHITECTURES, Fit, Platform, architecture_named, host_runs, satisfies
from ecrguard.domain.policy import Demand, LinkedMode, Match
from ecrguard.domain.verdict import Failure, Finding, Judgement, Reason, Severity, Subject, SubjectKind, Verdict
from ecrguard.domain.workload import Link, Workload, WorkloadKind, link

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ecrguard.domain.push import Push

_SUBJECTS = {
    WorkloadKind.ECS_SERVICE: SubjectKind.ECS_SERVICE,
    WorkloadKind.APPRUNNER_SERVICE: SubjectKind.APPRUNNER_SERVICE,
}
_POSSIBLE = (Platform("linux", "amd64"), Platform("linux", "arm64"))
"""What a workload of unknown platform may be; Windows definitions always name their operating system."""
_ORDER = {Severity.MISMATCH: 0, Severity.UNKNOWN: 1, Severity.WARNING: 2}


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
        what = image.artifact_type or "an index of artifacts"
        return Verdict(Judgement.NOT_APPLICABLE, Reason.ARTIFACT, f"Nothing here runs in a container: it is {what}.")
    exact, others = _linked(push, requirements)
    if not image.offers:
        verdict = _without_offers(image, requirements, exact, others)
        if verdict is not None:
            return verdict
    findings: list[Finding] = []
    kept = _kept(image, requirements.demand, exact)
    if requirements.demand is not None and requirements.demanded_by is not None:
        findings += _demand_findings(push, image, requirements.demand, requirements.demanded_by, kept)
    for workload in exact:
        findings += _workload_findings(push, image, workload, kept)
    if not exact:
        findings += _repository_findings(push, image, others, kept)
    findings.sort(key=lambda finding: _ORDER[finding.severity])
    return _verdict(image, requirements, tuple(findings), [*exact, *others])


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
    if not image.unknowns:
        return None
    why = f"What the image is built for could not be told: {image.unknowns[0].detail}."
    return Verdict(Judgement.UNKNOWN, Reason.NOT_TOLD, why, unknowns=unknowns)


def _verdict(
    image: Image, requirements: Requirements, findings: tuple[Finding, ...], workloads: Sequence[Workload]
) -> Verdict:
    demanded = requirements.demand.platforms if requirements.demand else ()
    needs = tuple(dict.fromkeys([*demanded, *(host for workload in workloads for host in workload.hosts)]))
    unknowns = (*image.unknowns, *requirements.unknowns)
    severities = {finding.severity for finding in findings}
    offers = _names(image.platforms)
    if Severity.MISMATCH in severities:
        worst = findings[0]
        return Verdict(
            Judgement.MISMATCH,
            Reason.PLATFORMS_MISMATCH,
            f"The image is built for {offers}; {worst.subject.name} needs {worst.requirement}.",
            findings,
            unknowns,
            needs,
        )
    if Severity.UNKNOWN in severities:
        missing = next(finding for finding in findings if finding.severity is Severity.UNKNOWN)
        why = f"Whether {missing.subject.name} can run the image could not be told: {missing.prediction}"
        return Verdict(Judgement.UNKNOWN, Reason.NOT_TOLD, why, findings, unknowns, needs)
    if requirements.unknowns:
        why = f"Not everything that may run the image could be read: {requirements.unknowns[0].detail}."
        return Verdict(Judgement.UNKNOWN, Reason.NOT_TOLD, why, findings, unknowns, needs)
    if not demanded and not workloads:
        why = "No policy rule, resource tag or linked workload requires a platform of it."
        return Verdict(Judgement.NOT_APPLICABLE, Reason.NO_REQUIREMENT, why, (), unknowns)
    why = f"The image is built for {offers}, and that meets all that is required of it."
    return Verdict(Judgement.OK, Reason.PLATFORMS_MATCH, why, findings, unknowns, needs)


def _linked(push: Push, requirements: Requirements) -> tuple[list[Workload], list[Workload]]:
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


def _kept(image: Image, demand: Demand | None, exact: Sequence[Workload]) -> tuple[Platform, ...]:
    """The platforms that a rebuilt image must not lose: all of an index, that of a single image where it is needed."""
    if image.kind is ImageKind.INDEX:
        return image.platforms
    demanded = demand.platforms if demand is not None and demand.match is Match.ALL else ()
    needed = any(satisfies(offer, need) for offer in image.platforms for need in demanded) or any(
        _fit(host, image) is not Fit.NONE for workload in exact for host in workload.hosts
    )
    return image.platforms if needed else ()


def _demand_findings(
    push: Push, image: Image, demand: Demand, subject: Subject, kept: tuple[Platform, ...]
) -> list[Finding]:
    offered = image.platforms
    missing = [need for need in demand.platforms if not any(satisfies(offer, need) for offer in offered)]
    unmet = bool(missing) if demand.match is Match.ALL else len(missing) == len(demand.platforms)
    surplus = [offer for offer in offered if not any(satisfies(offer, need) for need in demand.platforms)]
    requirement = _requirement(demand)
    if unmet and image.unknowns:
        return [_undetermined(image, subject, demand.platforms, requirement)]
    if unmet:
        text = f"The image has no {_names(missing, ' or ')}; a workload that relies on the policy cannot run it."
    elif surplus and not demand.extra:
        text = f"The image also has {_names(surplus)}, which the policy does not allow."
    elif image.unknowns and not demand.extra:
        return [_undetermined(image, subject, demand.platforms, requirement)]
    else:
        return []
    if not demand.extra:
        kept = tuple(offer for offer in offered if offer not in surplus)
    remedy = build_commands(push.uri, missing if unmet else (), kept, image)
    return [
        Finding(Severity.MISMATCH, subject, demand.platforms, requirement, offered, Failure.POLICY, text, remedy),
    ]


def _workload_findings(push: Push, image: Image, workload: Workload, kept: tuple[Platform, ...]) -> list[Finding]:
    """At most one finding: the worst over all hosts that the workload may be placed on."""
    if not workload.hosts:
        return _hostless_findings(image, workload)
    fits = {host: _fit(host, image) for host in workload.hosts}
    refusing = [host for host, fit in fits.items() if fit is Fit.NONE]
    if refusing and image.unknowns:
        return [_undetermined(image, _subject(workload), workload.hosts, _names(workload.hosts))]
    if refusing:
        prediction = min((predict(host, image, workload) for host in refusing), key=lambda p: _ORDER[p.severity])
        remedy = (*build_commands(push.uri, refusing, kept, image), *definition_remedy(workload, image))
        return [
            Finding(
                prediction.severity,
                _subject(workload),
                workload.hosts,
                _names(workload.hosts),
                image.platforms,
                prediction.failure,
                prediction.text,
                remedy if prediction.severity is Severity.MISMATCH else (),
            )
        ]
    if Fit.COMPATIBLE in fits.values():
        text = f"{_names(image.platforms)} runs on {_names(workload.hosts)} only where the CPU has its 32-bit mode."
        return [
            Finding(
                Severity.WARNING,
                _subject(workload),
                workload.hosts,
                _names(workload.hosts),
                image.platforms,
                None,
                text,
                (),
            )
        ]
    return []


def _hostless_findings(image: Image, workload: Workload) -> list[Finding]:
    """A workload whose platform is not known: only an image for every platform that it could be is safe."""
    if all(_fit(host, image) is not Fit.NONE for host in _POSSIBLE):
        return []
    text = "its definition does not tell the platform, and no instance is there that does."
    remedy = (f'set "runtimePlatform" in the task definition {workload.definition}',)
    return [
        Finding(
            Severity.UNKNOWN,
            _subject(workload),
            (),
            "a platform that is not known",
            image.platforms,
            None,
            text,
            remedy,
        )
    ]


def _repository_findings(
    push: Push, image: Image, others: Sequence[Workload], kept: tuple[Platform, ...]
) -> list[Finding]:
    """Workloads that run other tags: a mismatch only where the image runs on none of the platforms that they need."""
    if not others or tag_names_platform(push.tag, image):
        return []
    hosts = {host for workload in others for host in workload.hosts or _POSSIBLE}
    if any(_fit(host, image) is not Fit.NONE for host in hosts):
        return []
    return [
        replace(
            finding, prediction=f"If {workload.name} is moved from {workload.reference} to this: {finding.prediction}"
        )
        for workload in others
        for finding in _workload_findings(push, image, workload, kept)
    ]


def tag_names_platform(tag: str, image: Image) -> bool:
    """Whether the tag says which platform it is for, and the image has just that: ``1.4-arm64``, ``2-x86_64-slim``."""
    named = [found for word in _words(tag) if (found := architecture_named(word)) is not None]
    return bool(named and image.offers) and all(
        any(satisfies(offer, need) for need in named) for offer in image.platforms
    )


def _words(tag: str) -> Iterable[str]:
    """The parts of a tag between separators, with the architecture names that have separators of their own."""
    spelled = re.sub(r"x86[-_]64", "amd64", tag.lower())
    spelled = re.sub(r"\barm64v8\b", "arm64", re.sub(r"\barm32v(\d)\b", r"arm", spelled))
    return (word for word in re.split(r"[-_.]", spelled) if word in ARCHITECTURES or architecture_named(word))


def _fit(host: Platform, image: Image) -> Fit:
    fits = {host_runs(host, offer.platform) for offer in image.offers}
    return next((fit for fit in (Fit.NATIVE, Fit.COMPATIBLE) if fit in fits), Fit.NONE)


def _undetermined(image: Image, subject: Subject, required: tuple[Platform, ...], requirement: str) -> Finding:
    text = f"a part of the image could not be read: {image.unknowns[0].detail}."
    return Finding(Severity.UNKNOWN, subject, required, requirement, image.platforms, None, text, ())


def _subject(workload: Workload) -> Subject:
    return Subject(_SUBJECTS[workload.kind], workload.label, workload.arn)


def _requirement(demand: Demand) -> str:
    names = _names(demand.platforms, " and " if demand.match is Match.ALL else " or ")
    return names if demand.extra else f"{names} and nothing else"


def _names(platforms: Iterable[Platform], last: str = " and ") -> str:
    names = [str(platform) for platform in platforms]
    if not names:
        return "no platform"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])}{last}{names[-1]}"
