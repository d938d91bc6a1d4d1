"""The reverse question: can a workload that has changed run the image that it now names?

It is asked when a workload comes to name another image, or to run on another platform, and alerted as a push would be.
Only a mismatch is alerted: what cannot be told of an image was said when it was pushed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ecrguard.domain.alert import Alert
from ecrguard.domain.image import Cure, Unknown, UnknownReason
from ecrguard.domain.judge import judge_workload
from ecrguard.domain.plan import Outcome
from ecrguard.domain.policy import LinkedMode
from ecrguard.domain.push import Arrival, Push
from ecrguard.domain.resource_tags import read_resource_tags
from ecrguard.domain.verdict import Judgement, Reason, Verdict
from ecrguard.errors import UnreadableError
from ecrguard.guard import Report
from ecrguard.observe import observe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from ecrguard.domain.image import Image
    from ecrguard.domain.reference import Registry
    from ecrguard.domain.workload import Workload
    from ecrguard.ports import AlertPublisher, ImageStore, PolicySource


@dataclass(frozen=True, slots=True)
class Occasion:
    """What showed that a workload has changed.

    Attributes:
        id: of the event, or of the pass: the same when it is handled again.
        time: of it, UTC.
    """

    id: str
    time: datetime


@dataclass(frozen=True, slots=True)
class DeployedGuard:
    """Checks workloads that have changed.

    Attributes:
        images: of the guarded registry.
        registry: that is guarded.
        guards: whether a repository of it is.
        policies: where the policy in force is.
        alerts: where alerts go.
        now: the time, UTC.
        told: takes a report of each workload, for the log.
    """

    images: ImageStore
    registry: Registry
    guards: Callable[[str], bool]
    policies: PolicySource
    alerts: AlertPublisher
    now: Callable[[], datetime]
    told: Callable[[Report], None]

    def check(self, workloads: Iterable[Workload], occasion: Occasion) -> None:
        """Judge each that names a guarded repository, then alert on those that cannot run what they name.

        Raises:
            UnreadableError: something could not be read that a later try may, and nobody was alerted; or an alert was
                not taken.
        """
        reading = _Reading(self.images)
        guarded = [workload for workload in workloads if self.guards(workload.reference.repository)]
        for report in [self._report(workload, occasion, reading) for workload in guarded]:
            if report.alerted:
                self.alerts.publish(_alert(report, self.now()))
            self.told(report)

    def _report(self, workload: Workload, occasion: Occasion, reading: _Reading) -> Report:
        named = workload.reference
        push = Push(
            arrival=Arrival.DEPLOYED,
            registry=self.registry,
            repository=named.repository,
            digest=named.digest or workload.resolved,
            tag="" if named.digest else named.tag,
            event_id=occasion.id,
            time=occasion.time,
        )
        decision = self.policies.current().decide(push.repository, push.tag, self.now().date())
        if decision.exemption is not None:
            why = f"Exempt until {decision.exemption.until} by the policy: {decision.exemption.reason}."
            return Report(push, None, _none(Reason.EXEMPT, why), rule=decision.rule, workload=workload)
        if decision.linked is LinkedMode.OFF:
            why = "The policy leaves workloads out (linked: off)."
            return Report(push, None, _none(Reason.NO_REQUIREMENT, why), rule=decision.rule, workload=workload)
        try:
            if reading.is_off(push.repository):
                why = "The repository's resource tag ecrguard:mode is off."
                return Report(push, None, _none(Reason.REPOSITORY_OFF, why), rule=decision.rule, workload=workload)
            push, image = reading.image(push)
        except UnreadableError as error:
            verdict = _untold(error.unknown)
            return Report(push, None, verdict, rule=decision.rule, workload=workload)
        verdict = judge_workload(push, image, workload)
        alerted = verdict.judgement is Judgement.MISMATCH
        return Report(push, image, verdict, alerted=alerted, rule=decision.rule, workload=workload)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What is read of images on one occasion, each once: the containers of a task often share an image."""

    images: ImageStore
    found: dict[tuple[str, str], Image] = field(default_factory=dict)
    off: dict[str, bool] = field(default_factory=dict)

    def image(self, push: Push) -> tuple[Push, Image]:
        """The image, and the push with its digest where the tag alone was named."""
        digest = push.digest or self.images.digest_of(push.repository, push.tag)
        if (push.repository, digest) not in self.found:
            self.found[push.repository, digest] = observe(self.images, push.repository, digest).image
        return replace(push, digest=digest), self.found[push.repository, digest]

    def is_off(self, repository: str) -> bool:
        if repository not in self.off:
            tags = read_resource_tags(self.images.resource_tags(repository))
            if isinstance(tags, Unknown):
                raise UnreadableError(tags)
            self.off[repository] = tags.off
        return self.off[repository]


def _none(reason: Reason, why: str) -> Verdict:
    return Verdict(Judgement.NOT_APPLICABLE, reason, why)


def _untold(unknown: Unknown) -> Verdict:
    """The verdict on what could not be read.

    Raises:
        UnreadableError: a later try may read it.
    """
    if unknown.reason.cure is Cure.WAIT:
        raise UnreadableError(unknown)
    if unknown.reason is UnknownReason.IMAGE_GONE:
        return _none(Reason.IMAGE_GONE, f"It is not there: {unknown.detail}.")
    return Verdict(
        Judgement.UNKNOWN, Reason.NOT_TOLD, f"The image could not be judged: {unknown.detail}.", unknowns=(unknown,)
    )


def _alert(report: Report, now: datetime) -> Alert:
    return Alert(report.push, report.image, report.verdict, Outcome(), report.rule, now, report.workload)
