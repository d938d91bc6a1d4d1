"""Findings: each requirement that an image does not meet, what will fail, and what mends it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ecrguard.domain.failure import predict, predict_for_index, takes_no_index
from ecrguard.domain.image import Image, ImageKind
from ecrguard.domain.pattern import architectures_in
from ecrguard.domain.platform import Fit, Platform, host_runs, satisfies
from ecrguard.domain.policy import Demand, Match
from ecrguard.domain.remedy import Goal, mend, push_again
from ecrguard.domain.verdict import Failure, Finding, Remedy, Severity, Subject, SubjectKind
from ecrguard.domain.workload import Basis, Workload, WorkloadKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ecrguard.domain.failure import Prediction
    from ecrguard.domain.push import Push

ORDER = {Severity.MISMATCH: 0, Severity.UNKNOWN: 1, Severity.WARNING: 2}
"""Place of each severity, the worst first."""

_POSSIBLE = (Platform("linux", "amd64"), Platform("linux", "arm64"))
"""What a task of a silent definition may run on; a definition for Windows always names its operating system."""


def of_demand(push: Push, image: Image, demand: Demand, subject: Subject, goal: Goal) -> tuple[Finding, ...]:
    """What the image lacks, or has too much, of the platforms that a policy rule or a resource tag names.

    Args:
        push: as which the image came.
        image: as observed.
        demand: of platforms.
        subject: whose demand it is.
        goal: an image that would be right (:func:`ecrguard.domain.remedy.targets`).
    """
    offered = image.platforms
    missing = [need for need in demand.platforms if not any(satisfies(offer, need) for offer in offered)]
    unmet = bool(missing) if demand.match is Match.ALL else len(missing) == len(demand.platforms)
    surplus = [offer for offer in offered if not any(satisfies(offer, need) for need in demand.platforms)]
    requirement = _requirement(demand)
    if image.unknowns and (unmet or (not surplus and not demand.extra)):
        return (_undetermined(image, subject, demand.platforms, requirement),)
    if unmet:
        text = _lacking(push, demand, missing)
    elif surplus and not demand.extra:
        text = f"The image also has {names(surplus)}, which the policy does not allow."
    else:
        return ()
    remedy = push_again(push, goal)
    return (Finding(Severity.MISMATCH, subject, demand.platforms, requirement, offered, Failure.POLICY, text, remedy),)


def _lacking(push: Push, demand: Demand, missing: Sequence[Platform]) -> str:
    if demand.from_tag:
        return f"Whoever pulls {push.tag} for {names(missing)} gets an image that does not run there."
    if demand.match is Match.ANY and len(missing) > 1:
        return f"The image has neither {names(missing, ' nor ')}; one of them is enough."
    return f"The image has no {names(missing, ' and no ')}; what relies on the policy cannot run it there."


def of_workload(push: Push, image: Image, workload: Workload, goal: Goal) -> tuple[Finding, ...]:
    """At most one finding: the worst over all hosts that the workload may be placed on.

    Args:
        push: as which the image came.
        image: as observed.
        workload: that runs it.
        goal: an image that would be right.
    """
    if takes_no_index(workload) and image.kind is ImageKind.INDEX:
        return (_found(push, image, workload, predict_for_index(), goal),)
    if not workload.hosts:
        return _of_hostless(image, workload)
    fits = {host: fit(host, image) for host in workload.hosts}
    refusing = [host for host, how in fits.items() if how is Fit.NONE]
    required = _needed(workload)
    if refusing and image.unknowns:
        return (_undetermined(image, _subject(workload), workload.hosts, required),)
    if refusing:
        return (_refused(push, image, workload, refusing, goal),)
    compatible = [host for host, how in fits.items() if how is Fit.COMPATIBLE]
    if not compatible:
        return ()
    taken = [one for one in image.platforms if any(host_runs(host, one) is Fit.COMPATIBLE for host in compatible)]
    text = f"On {names(compatible)} it runs as {names(taken)}, and only where the CPU has its 32-bit mode."
    return (Finding(Severity.WARNING, _subject(workload), workload.hosts, required, image.platforms, None, text),)


def _refused(push: Push, image: Image, workload: Workload, refusing: Sequence[Platform], goal: Goal) -> Finding:
    prediction = min((predict(host, image, workload) for host in refusing), key=lambda each: ORDER[each.severity])
    return _found(push, image, workload, prediction, goal)


def _found(push: Push, image: Image, workload: Workload, prediction: Prediction, goal: Goal) -> Finding:
    remedy: tuple[Remedy, ...] = ()
    if prediction.severity is Severity.MISMATCH:
        remedy = mend(push, image, workload, goal, prediction)
    required = _needed(workload)
    if prediction.failure is Failure.INDEX_NOT_SUPPORTED:
        required = f"a single image for {required}" if workload.hosts else "a single image"
    return Finding(
        prediction.severity,
        _subject(workload),
        workload.hosts,
        required,
        image.platforms,
        prediction.failure,
        prediction.text,
        remedy,
    )


def of_other_tags(push: Push, image: Image, others: Sequence[Workload], goal: Goal) -> tuple[Finding, ...]:
    """Workloads that run other tags of the repository: found only where the image runs on nothing that they need.

    Args:
        push: as which the image came.
        image: as observed.
        others: the workloads.
        goal: an image that would be right.
    """
    if any(workload.basis is Basis.UNRECOGNISED for workload in others):
        return ()
    hosts = {host for workload in others for host in workload.hosts or _POSSIBLE}
    if any(fit(host, image) is not Fit.NONE for host in hosts):
        return ()
    return tuple(
        replace(
            finding,
            requirement=f"{finding.requirement} (it runs {_running(workload)} now)",
            prediction=f"Once it runs this image: {finding.prediction[:1].lower()}{finding.prediction[1:]}",
            remedy=push_again(push, goal),
        )
        for workload in others
        for finding in of_workload(push, image, deployed(workload, image), goal)
    )


def deployed(workload: Workload, image: Image) -> Workload:
    """The workload as it is once it runs the image, for whatever reason it does."""
    return replace(workload, deploys_on_push=False, resolved=image.digest)


def tag_names_platform(tag: str, image: Image) -> bool:
    """Whether the tag says which platform it is for, and the image has just that: ``1.4-arm64``, ``2-x86_64-slim``."""
    named = architectures_in(tag)
    return bool(named and image.offers) and all(
        any(satisfies(offer, need) for need in named) for offer in image.platforms
    )


def fit(host: Platform, image: Image) -> Fit:
    """The best way in which a host takes one of the platforms that an image offers."""
    fits = {host_runs(host, platform) for platform in image.platforms}
    return next((how for how in (Fit.NATIVE, Fit.COMPATIBLE) if how in fits), Fit.NONE)


def names(platforms: Iterable[Platform], last: str = " and ") -> str:
    """Platforms in a sentence; one that names its architecture alone stands without the ``*`` for the rest."""
    texts = [str(platform).removeprefix("*/") for platform in platforms]
    if not texts:
        return "no platform"
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])}{last}{texts[-1]}"


def _of_hostless(image: Image, workload: Workload) -> tuple[Finding, ...]:
    """A workload whose platform is not known: only an image for every platform that it could be is safe."""
    if workload.basis is Basis.UNRECOGNISED:
        text = "its platform is one that this version of ecrguard does not know."
        remedy = Remedy("Update ecrguard, or name the platform in the policy and leave workloads out (linked: off).")
    elif all(fit(host, image) is not Fit.NONE for host in _POSSIBLE):
        return ()
    elif workload.kind in _OF_TASK_DEFINITIONS:
        text = "its task definition does not name a platform, and no instance of its cluster could be asked."
        remedy = Remedy(f'Set "runtimePlatform" in a new revision of the task definition {workload.definition}.')
    else:
        text = "what its hosts are could not be told."
        remedy = Remedy("Name the platform in the policy, and leave workloads out (linked: off).")
    return (
        Finding(
            Severity.UNKNOWN,
            _subject(workload),
            (),
            "a platform that is not known",
            image.platforms,
            None,
            text,
            (remedy,),
        ),
    )


_OF_TASK_DEFINITIONS = frozenset(
    {
        WorkloadKind.ECS_SERVICE,
        WorkloadKind.ECS_EXPRESS_SERVICE,
        WorkloadKind.ECS_DAEMON,
        WorkloadKind.ECS_TASK,
        WorkloadKind.ECS_SCHEDULED_TASK,
    }
)


def _undetermined(image: Image, subject: Subject, required: tuple[Platform, ...], requirement: str) -> Finding:
    text = f"a part of the image could not be read: {image.unknowns[0].detail}."
    return Finding(Severity.UNKNOWN, subject, required, requirement, image.platforms, None, text)


def _subject(workload: Workload) -> Subject:
    return Subject(SubjectKind(workload.kind.value), workload.label, workload.arn)


def _needed(workload: Workload) -> str:
    needed = names(workload.hosts)
    return f"{needed}, which ECS chose for it" if workload.basis is Basis.OVERRIDE else needed


def _running(workload: Workload) -> str:
    return workload.reference.tag if not workload.reference.digest else "another image, by digest,"


def _requirement(demand: Demand) -> str:
    required = names(demand.platforms, " and " if demand.match is Match.ALL else " or ")
    if demand.from_tag:
        return f"{required}, which the tag names"
    return required if demand.extra else f"{required} and nothing else"
