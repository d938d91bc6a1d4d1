"""The reverse question: can a workload that has changed run the image that it now names?

It is asked when a workload comes to name another image, or to run on another platform, and alerted as a push would be:
once for each image and state, however many events tell of it. Only a mismatch is alerted: what cannot be told of an
image was said when it was pushed. A later change that is right resolves the alert.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from ecrguard.domain.alert import Alert
from ecrguard.domain.image import Cure, Unknown, UnknownReason
from ecrguard.domain.judge import judge_workload
from ecrguard.domain.ledger import MOST_TOLD, Entry, Told, is_news, state_of
from ecrguard.domain.plan import Outcome
from ecrguard.domain.policy import LinkedMode
from ecrguard.domain.push import Arrival, Push
from ecrguard.domain.resource_tags import read_resource_tags
from ecrguard.domain.verdict import Judgement, Reason, Verdict
from ecrguard.errors import UnreadableError
from ecrguard.observe import observe
from ecrguard.rendering.identity import alert_id
from ecrguard.report import Report, resolved
from ecrguard.subjects import held, workload_subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from ecrguard.domain.image import Image
    from ecrguard.domain.reference import Registry
    from ecrguard.domain.workload import Workload
    from ecrguard.ports import AlertPublisher, Held, ImageStore, Ledger, PolicySource


AGAIN = timedelta(hours=1)
"""Within this time the same state of a workload is the same change, told by another event or pass. What is found so
later has changed in between: what a workload was judged for is not judged again."""


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
        ledger: what was told of each workload.
        owner: makes a name for each hold of the ledger.
        now: the time, UTC.
        told: takes a report of each workload, for the log.
    """

    images: ImageStore
    registry: Registry
    guards: Callable[[str], bool]
    policies: PolicySource
    alerts: AlertPublisher
    ledger: Ledger
    owner: Callable[[], str]
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
            self.told(self._tell(report))

    def _tell(self, report: Report) -> Report:
        """Alert on what is wrong, once, and on what is right again."""
        workload, push = report.workload, report.push
        if workload is None:
            return report
        subject = workload_subject(workload)
        if not report.alerted:
            is_right = report.verdict.judgement is Judgement.OK
            if not is_right or not self.ledger.look(push.repository, subject).open:
                return report
        with held(self.ledger, push.repository, subject, self.owner(), self.now) as hold:
            return self._tell_held(report, hold)

    def _tell_held(self, report: Report, hold: Held) -> Report:
        push, record = report.push, hold.record
        if not report.alerted:
            if not record.open or record.latest is None:
                return report
            self._publish(resolved(report, record.latest, self.now()), hold, "resolved")
            self.ledger.settle(hold, told=record.told, open_=False, act=None)
            return replace(report, resolved=True)
        state = state_of(report.verdict)
        known = next((told for told in record.told if told.digest == push.digest), None)
        repeated = known is not None and abs(push.time - known.pushed) <= AGAIN
        if repeated and not is_news(record, push, state, report.outcome):
            return replace(report, alerted=False, known=True)
        alert = self._alert(report)
        self._publish(alert, hold, report.verdict.judgement.value)
        why = report.verdict.explanation
        told = Told(alert_id(alert), push.event_id, push.digest, state, push.time, why)
        rest = tuple(each for each in record.told if each.digest != push.digest)
        self.ledger.settle(hold, told=(told, *rest)[:MOST_TOLD], open_=True, act=None)
        return report

    def _publish(self, alert: Alert, hold: Held, what: str) -> None:
        self.alerts.publish(alert)
        push, why = alert.push, alert.verdict.explanation
        entry = Entry(self.now(), what, push.digest, push.event_id, alert_id(alert), why, alert.outcome)
        self.ledger.note(push.repository, hold.subject, entry)

    def _alert(self, report: Report) -> Alert:
        now = self.now()
        return Alert(report.push, report.image, report.verdict, Outcome(), report.rule, now, report.workload)

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
