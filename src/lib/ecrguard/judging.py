"""Judging a push: everything is read that its verdict needs, in the order in which it can settle the matter.

A push that the policy exempts is not read; what its event calls an artifact asks for no workloads.
"""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ecrguard.domain.image import Cure, ImageKind, Unknown, UnknownReason
from ecrguard.domain.judge import Requirements, judge
from ecrguard.domain.marker import is_own_marker
from ecrguard.domain.policy import Decision, LinkedMode
from ecrguard.domain.push import Arrival, Push
from ecrguard.domain.resource_tags import PLATFORMS_KEY, ResourceTags, read_resource_tags
from ecrguard.domain.verdict import Judgement, Reason, Subject, SubjectKind, Verdict, rule_subject
from ecrguard.errors import UnreadableError
from ecrguard.observe import Observation, observe
from ecrguard.ports import LinkedWorkloads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from ecrguard.domain.image import Image
    from ecrguard.ports import ImageStore, PolicySource, WorkloadReader


@dataclass(frozen=True, slots=True)
class Case:
    """A push that has been judged.

    Attributes:
        push: with its digest, looked up where the event had none.
        verdict: on it.
        decision: of the policy.
        tags: of the repository.
        observation: of the image; None where it was not or could not be read.
        requirements: what was required of it; None where it was not asked.
    """

    push: Push
    verdict: Verdict
    decision: Decision = field(default_factory=Decision)
    tags: ResourceTags = field(default_factory=ResourceTags)
    observation: Observation | None = None
    requirements: Requirements | None = None

    @property
    def image(self) -> Image | None:
        """The image, where it was read."""
        return self.observation.image if self.observation else None


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges pushes.

    Attributes:
        images: of this account's registry.
        workloads: that run them.
        policies: where the policy in force is.
        now: the time, UTC.
        aside: asks for workloads while the image is read.
    """

    images: ImageStore
    workloads: WorkloadReader
    policies: PolicySource
    now: Callable[[], datetime]
    aside: Executor = field(default_factory=lambda: ThreadPoolExecutor(max_workers=1))

    def cases(self, push: Push, *, last_try: bool) -> list[Case]:
        """The push judged, once for each tag that it concerns.

        Args:
            push: as announced.
            last_try: there will be no other: what could not be told is said to be unknown instead of tried again.

        Raises:
            UnreadableError: something could not be read that a later try may.
        """
        try:
            pushes = self._complete(push)
        except UnreadableError as error:
            return [self.untold(push, error.unknown, last_try=last_try)]
        return [self.case(each, last_try=last_try) for each in pushes]

    def _complete(self, push: Push) -> list[Push]:
        """The push with the digest or the tags that its event left out."""
        if not push.digest:
            return [replace(push, digest=self.images.digest_of(push.repository, push.tag))]
        if not push.tag and push.arrival is not Arrival.PUSHED:
            # What is restored or replicated without a tag in its event may have tags all the same.
            return [replace(push, tag=tag) for tag in self.images.tags_of(push.repository, push.digest)] or [push]
        return [push]

    def case(self, push: Push, *, last_try: bool) -> Case:
        """One complete push, judged; see :meth:`cases`."""
        settled = _settled_by_name(push)
        if settled is not None:
            return Case(push, settled)
        case = self._judge(push, last_try=last_try)
        waiting = next((each for each in case.verdict.unknowns if each.reason.cure is Cure.WAIT), None)
        if case.verdict.judgement is Judgement.UNKNOWN and waiting is not None and not last_try:
            raise UnreadableError(waiting)
        return case

    def _judge(self, push: Push, *, last_try: bool) -> Case:
        decision, tags = Decision(), ResourceTags()
        try:
            decision = self.policies.current().decide(push.repository, push.tag, self.now().date())
            if decision.exemption is not None:
                why = f"Exempt until {decision.exemption.until} by the policy: {decision.exemption.reason}."
                return Case(push, Verdict(Judgement.NOT_APPLICABLE, Reason.EXEMPT, why), decision)
            tags = _read(self.images.resource_tags(push.repository))
            if tags.off:
                why = "The repository's resource tag ecrguard:mode is off."
                return Case(push, Verdict(Judgement.NOT_APPLICABLE, Reason.REPOSITORY_OFF, why), decision, tags)
            observation, requirements = self._observed(push, decision, tags)
        except UnreadableError as error:
            if error.unknown.reason is UnknownReason.IMAGE_INACCESSIBLE and self._is_archived(push):
                why = "In the archive, where nothing can pull it; it is judged when it is brought back."
                return Case(push, Verdict(Judgement.NOT_APPLICABLE, Reason.IMAGE_ARCHIVED, why), decision, tags)
            return self.untold(push, error.unknown, decision, tags, last_try=last_try)
        verdict = _with_expired(judge(push, observation.image, requirements), decision)
        return Case(push, verdict, decision, tags, observation, requirements)

    def _is_archived(self, push: Push) -> bool:
        try:
            standing = self.images.standing(push.repository, digest=push.digest)
        except UnreadableError:
            # Whether it is archived or not: what it is could not be told.
            return False
        return standing is not None and standing.archived

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

    def untold(
        self,
        push: Push,
        unknown: Unknown,
        decision: Decision | None = None,
        tags: ResourceTags | None = None,
        *,
        last_try: bool,
    ) -> Case:
        """The case of a push that could not be judged: tried again where that may help, else said."""
        decision, tags = decision or Decision(), tags or ResourceTags()
        gone = unknown.reason is UnknownReason.IMAGE_GONE
        # What was pushed is there when its event comes; a copy or a restored image may come a moment after its event.
        late = gone and push.arrival is not Arrival.PUSHED
        if (unknown.reason.cure is Cure.WAIT or late) and not last_try:
            raise UnreadableError(unknown)
        if gone:
            why = f"Deleted before it was judged: {unknown.detail}."
            return Case(push, Verdict(Judgement.NOT_APPLICABLE, Reason.IMAGE_GONE, why), decision, tags)
        why = f"The image could not be judged: {unknown.detail}."
        verdict = Verdict(Judgement.UNKNOWN, Reason.NOT_TOLD, why, unknowns=(unknown,))
        return Case(push, _with_expired(verdict, decision), decision, tags)


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


def _with_expired(verdict: Verdict, decision: Decision) -> Verdict:
    if verdict.judgement not in (Judgement.MISMATCH, Judgement.UNKNOWN) or not decision.expired:
        return verdict
    ended = decision.expired[0]
    return replace(verdict, explanation=f"{verdict.explanation} An exemption ended on {ended.until}: {ended.reason}.")
