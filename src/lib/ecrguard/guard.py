"""The main use case: a push is observed, judged, planned for and acted on, and alerted where it must be.

Calls are made in the order in which they can settle the matter: a push that the policy exempts is not read, what its
event calls an artifact asks for no workloads.
"""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ecrguard.domain.action import Action
from ecrguard.domain.alert import Alert
from ecrguard.domain.image import Cure, ImageKind, Unknown, UnknownReason
from ecrguard.domain.judge import Requirements, judge
from ecrguard.domain.marker import is_own_marker, marker_tag
from ecrguard.domain.plan import Done, Limits, Outcome, Plan, Refusal, RefusalReason, Result, plan
from ecrguard.domain.policy import Decision, LinkedMode
from ecrguard.domain.push import Arrival, Push
from ecrguard.domain.resource_tags import PLATFORMS_KEY, ResourceTags, read_resource_tags
from ecrguard.domain.verdict import Judgement, Reason, Subject, SubjectKind, Verdict, rule_subject
from ecrguard.errors import UnreadableError
from ecrguard.observe import Observation, observe
from ecrguard.ports import LinkedWorkloads, TagAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from ecrguard.domain.image import Image
    from ecrguard.domain.workload import Workload
    from ecrguard.ports import AlertPublisher, ImageStore, PolicySource, WorkloadReader


@dataclass(frozen=True, slots=True)
class Report:
    """What came of one push, for logs, metrics and the dead-letter queue.

    Attributes:
        push: with its digest, looked up where the event had none.
        image: as observed; None where it was not or could not be read.
        verdict: on it.
        outcome: what was done and refused.
        alerted: it is alerted.
        rule: the policy rule that matched.
        unsettled: what kept it from being judged though a later try could: the event is to be kept.
        workload: whose change was judged, where nothing was pushed.
    """

    push: Push
    image: Image | None
    verdict: Verdict
    outcome: Outcome = field(default_factory=Outcome)
    alerted: bool = False
    rule: str = ""
    unsettled: Unknown | None = None
    workload: Workload | None = None


@dataclass(frozen=True, slots=True)
class _Case:
    """What is known of a push when it has been judged."""

    push: Push
    verdict: Verdict
    decision: Decision = field(default_factory=Decision)
    tags: ResourceTags = field(default_factory=ResourceTags)
    observation: Observation | None = None


@dataclass(frozen=True, slots=True)
class Guard:
    """Checks pushes.

    Attributes:
        images: of this account's registry.
        workloads: that run them.
        policies: where the policy in force is.
        alerts: where alerts go.
        enforcement: the most severe action that the stack allows.
        now: the time, UTC.
        aside: asks for workloads while the image is read.
    """

    images: ImageStore
    workloads: WorkloadReader
    policies: PolicySource
    alerts: AlertPublisher
    enforcement: Action
    now: Callable[[], datetime]
    aside: Executor = field(default_factory=lambda: ThreadPoolExecutor(max_workers=1))

    def check(self, push: Push, *, last_try: bool) -> tuple[Report, ...]:
        """Everything that follows from one event; one report for each tag that it concerns.

        Args:
            push: as announced.
            last_try: there will be no other: what could not be told is alerted as unknown instead of tried again.

        Raises:
            UnreadableError: something could not be read that a later try may, and nothing was done; or an alert was
                not taken, and the actions before it are found done by the next try.
        """
        try:
            pushes = self._complete(push)
        except UnreadableError as error:
            cases = [self._untold(push, error.unknown, last_try=last_try)]
        else:
            cases = [self._case(each, last_try=last_try) for each in pushes]
        # All are judged before anything is done, and all is done before anything is said: a try that fails on the way
        # has alerted nobody.
        return tuple(self._alert(report) for report in [self._act(case) for case in cases])

    def give_up(self, push: Push, unknown: Unknown) -> Report:
        """Say of a push that it could not be judged, without trying.

        Raises:
            UnreadableError: the alert was not taken.
        """
        return self._alert(self._act(self._untold(push, unknown, last_try=True)))

    def _complete(self, push: Push) -> list[Push]:
        """The push with the digest or the tags that its event left out."""
        if not push.digest:
            return [replace(push, digest=self.images.digest_of(push.repository, push.tag))]
        if not push.tag and push.arrival is not Arrival.PUSHED:
            # What is restored or replicated without a tag in its event may have tags all the same.
            return [replace(push, tag=tag) for tag in self.images.tags_of(push.repository, push.digest)] or [push]
        return [push]

    def _case(self, push: Push, *, last_try: bool) -> _Case:
        settled = _settled_by_name(push)
        if settled is not None:
            return _Case(push, settled)
        case = self._judge(push, last_try=last_try)
        waiting = next((each for each in case.verdict.unknowns if each.reason.cure is Cure.WAIT), None)
        if case.verdict.judgement is Judgement.UNKNOWN and waiting is not None and not last_try:
            raise UnreadableError(waiting)
        return case

    def _judge(self, push: Push, *, last_try: bool) -> _Case:
        decision, tags = Decision(), ResourceTags()
        try:
            decision = self.policies.current().decide(push.repository, push.tag, self.now().date())
            if decision.exemption is not None:
                why = f"Exempt until {decision.exemption.until} by the policy: {decision.exemption.reason}."
                return _Case(push, Verdict(Judgement.NOT_APPLICABLE, Reason.EXEMPT, why), decision)
            tags = _read(self.images.resource_tags(push.repository))
            if tags.off:
                why = "The repository's resource tag ecrguard:mode is off."
                return _Case(push, Verdict(Judgement.NOT_APPLICABLE, Reason.REPOSITORY_OFF, why), decision, tags)
            observation, requirements = self._observed(push, decision, tags)
        except UnreadableError as error:
            return self._untold(push, error.unknown, decision, tags, last_try=last_try)
        verdict = _with_expired(judge(push, observation.image, requirements), decision)
        return _Case(push, verdict, decision, tags, observation)

    def _observed(self, push: Push, decision: Decision, tags: ResourceTags) -> tuple[Observation, Requirements]:
        """The image, and what is required of it: the inventory is asked while the image is read."""
        if decision.linked is LinkedMode.OFF or push.artifact:
            observation = observe(self.images, push.repository, push.digest)
            linked = LinkedWorkloads()
            # An image config that calls itself an artifact is an image all the same.
            if decision.linked is not LinkedMode.OFF and observation.image.kind is not ImageKind.ARTIFACT:
                linked = self.workloads.linked(push.registry, push.repository)
        else:
            asked = self.aside.submit(self.workloads.linked, push.registry, push.repository)
            try:
                observation = observe(self.images, push.repository, push.digest)
            finally:
                # Waited for whatever comes of the image: a function that has answered is frozen as it is.
                wait([asked])
            linked = asked.result()
        demand, subject = decision.demand, rule_subject(decision.rule)
        if demand is None:
            demand, subject = tags.demand, Subject(SubjectKind.RESOURCE_TAG, f"resource tag {PLATFORMS_KEY}")
        return observation, Requirements(
            demand, subject if demand else None, decision.linked, linked.workloads, linked.unknowns
        )

    def _untold(
        self,
        push: Push,
        unknown: Unknown,
        decision: Decision | None = None,
        tags: ResourceTags | None = None,
        *,
        last_try: bool,
    ) -> _Case:
        """The case of a push that could not be judged: tried again where that may help, else said."""
        decision, tags = decision or Decision(), tags or ResourceTags()
        gone = unknown.reason is UnknownReason.IMAGE_GONE
        # What was pushed is there when its event comes; a copy or a restored image may come a moment after its event.
        late = gone and push.arrival is not Arrival.PUSHED
        if (unknown.reason.cure is Cure.WAIT or late) and not last_try:
            raise UnreadableError(unknown)
        if gone:
            why = f"Deleted before it was judged: {unknown.detail}."
            return _Case(push, Verdict(Judgement.NOT_APPLICABLE, Reason.IMAGE_GONE, why), decision, tags)
        why = f"The image could not be judged: {unknown.detail}."
        verdict = Verdict(Judgement.UNKNOWN, Reason.NOT_TOLD, why, unknowns=(unknown,))
        return _Case(push, _with_expired(verdict, decision), decision, tags)

    def _act(self, case: _Case) -> Report:
        planned = plan(case.verdict, Limits(case.decision.on_mismatch, case.tags.mode, self.enforcement))
        outcome, undone = self._carry_out(case, planned)
        return Report(
            push=case.push,
            image=case.observation.image if case.observation else None,
            verdict=case.verdict,
            outcome=outcome,
            alerted=Action.ALERT in planned.actions,
            rule=case.decision.rule,
            unsettled=undone or _unsettled(case),
        )

    def _alert(self, report: Report) -> Report:
        if report.alerted:
            alert = Alert(report.push, report.image, report.verdict, report.outcome, report.rule, self.now())
            self.alerts.publish(alert)
        return report

    def _carry_out(self, case: _Case, planned: Plan) -> tuple[Outcome, Unknown | None]:
        """What was done, and why something was not that a later try may do. The alert does not wait for that try."""
        if Action.TAG not in planned.actions or case.observation is None:
            return Outcome((), planned.refusals), None
        try:
            answer = self._put_marker(case.push, case.observation)
        except UnreadableError as error:
            reason = _REFUSALS.get(error.unknown.reason, RefusalReason.UNAVAILABLE)
            refusal = Refusal(Action.TAG, reason, f"{error.unknown.detail}.")
            undone = error.unknown if reason is RefusalReason.UNAVAILABLE else None
            return Outcome((), (*planned.refusals, refusal)), undone
        if isinstance(answer, Done):
            return Outcome((answer,), planned.refusals), None
        return Outcome((), (*planned.refusals, answer)), None

    def _put_marker(self, push: Push, observation: Observation) -> Done | Refusal:
        marker = marker_tag(push.digest)
        answer = self.images.put_tag(push.repository, observation.manifest, marker)
        if answer is TagAnswer.IMMUTABLE:
            detail = f"Another image has the tag {marker}, and the repository's tags cannot be moved."
            return Refusal(Action.TAG, RefusalReason.TAG_IMMUTABLE, detail)
        undo = (
            f"aws ecr batch-delete-image --region {push.registry.region} --repository-name {push.repository} "
            f"--image-ids imageTag={marker}"
        )
        result = Result.DONE if answer is TagAnswer.PUT else Result.ALREADY_DONE
        return Done(Action.TAG, result, marker, undo)


_REFUSALS = {
    UnknownReason.ACCESS_DENIED: RefusalReason.ACCESS_DENIED,
    UnknownReason.IMAGE_GONE: RefusalReason.IMAGE_GONE,
}


def _read(tags: Mapping[str, str]) -> ResourceTags:
    found = read_resource_tags(tags)
    if isinstance(found, Unknown):
        raise UnreadableError(found)
    return found


def _settled_by_name(push: Push) -> Verdict | None:
    """The verdict on a push that needs no reading, for its tag alone."""
    if is_own_marker(push.tag, push.digest):
        return Verdict(Judgement.NOT_APPLICABLE, Reason.OWN_MARKER, "This product's own marker tag.")
    if not push.tag:
        # The children of an index come so, before the index: judged alone each would be a false alarm.
        why = "Untagged: a part of an index that comes next, or an image that nothing names by tag."
        return Verdict(Judgement.NOT_APPLICABLE, Reason.UNTAGGED, why)
    return None


def _unsettled(case: _Case) -> Unknown | None:
    if case.verdict.judgement is not Judgement.UNKNOWN:
        return None
    return next((each for each in case.verdict.unknowns if each.reason.cure is not Cure.NEW_IMAGE), None)


def _with_expired(verdict: Verdict, decision: Decision) -> Verdict:
    if verdict.judgement not in (Judgement.MISMATCH, Judgement.UNKNOWN) or not decision.expired:
        return verdict
    ended = decision.expired[0]
    return replace(verdict, explanation=f"{verdict.explanation} An exemption ended on {ended.until}: {ended.reason}.")
