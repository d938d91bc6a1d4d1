"""Reading a situation: what an image, its tag and its use are, right before something is done about them.

Only what the action at hand needs is read. What uses the image is asked of the inventory, and what the inventory names
is read again live; what either cannot tell keeps the image from being touched.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ecrguard.domain.image import Cure, ImageKind, Unknown, UnknownReason
from ecrguard.domain.judge import judge, speaks_of_the_image
from ecrguard.domain.manifest import read_manifest
from ecrguard.domain.safety import Situation
from ecrguard.domain.use import users
from ecrguard.domain.verdict import Judgement
from ecrguard.errors import UnreadableError
from ecrguard.indexes import parts_of
from ecrguard.observe import observe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from ecrguard.domain.action import Action
    from ecrguard.domain.ledger import Record
    from ecrguard.domain.push import Push
    from ecrguard.domain.reference import Registry
    from ecrguard.domain.workload import Workload
    from ecrguard.judging import Case
    from ecrguard.observe import Observation
    from ecrguard.ports import ImageStore, Ledger, LinkedWorkloads, LiveWorkloads, WorkloadReader


@dataclass(frozen=True, slots=True)
class Situations:
    """Reads situations.

    Attributes:
        images: of the guarded registry.
        registry: that is guarded.
        workloads: as the inventory knows them.
        live: reads them again.
        reads_workloads: sources of workloads are switched on.
        ledger: of what was done before.
        now: the time, UTC.
    """

    images: ImageStore
    registry: Registry
    workloads: WorkloadReader
    live: LiveWorkloads
    reads_workloads: bool
    ledger: Ledger
    now: Callable[[], datetime]

    def before(self, action: Action, case: Case, observation: Observation, record: Record) -> Situation:
        """The situation of an image that was pushed and is wrong.

        Args:
            action: that is allowed.
            case: the push as it was judged.
            observation: of its image.
            record: what the ledger knows of its tag.

        Raises:
            UnreadableError: the image, its tag or the ledger could not be read.
        """
        push = case.push
        tags = self._tags(case)
        linked = self.workloads.linked(push.registry, push.repository)
        if not action.destructive:
            used = users(push, observation.image, tags, linked.workloads, children_of(observation))
            return Situation(
                push,
                self.registry,
                case.verdict,
                exact=_exact(case),
                tags=tags,
                users=used,
                reads_workloads=self.reads_workloads,
                unread=linked.unknowns,
            )
        used, unread = self._use(case, observation, tags, linked)
        standing = self.images.standing(push.repository, tag=push.tag)
        return Situation(
            push,
            self.registry,
            case.verdict,
            exact=_exact(case),
            tags=tags,
            users=used,
            standing=standing.digest if standing else "",
            act=record.act,
            reads_workloads=self.reads_workloads,
            unread=unread,
            movable=self.images.movable(push.repository, push.tag),
            last_good=self._last_good(case, record, linked.workloads),
            manifest_size=len(observation.manifest.body),
            acts_left=self.ledger.acts_left(self.now()),
        )

    def later(self, case: Case, observation: Observation) -> Situation:
        """The situation of an image whose tag was taken, when all workloads have been read since.

        Raises:
            UnreadableError: the image or the ledger could not be read.
        """
        push = case.push
        tags = self._tags(case)
        linked = self.workloads.linked(push.registry, push.repository)
        live = self.live.again(linked.workloads)
        used, unread = (
            users(push, observation.image, tags, live.workloads, children_of(observation)),
            (*linked.unknowns, *live.unknowns),
        )
        used += tuple(each for each in live.workloads if each not in used and self._runs_part(push, each))
        return Situation(
            push,
            self.registry,
            case.verdict,
            exact=_exact(case),
            tags=tags,
            users=used,
            reads_workloads=self.reads_workloads,
            unread=unread,
            acts_left=self.ledger.acts_left(self.now()),
            children=children_of(observation),
        )

    def _runs_part(self, push: Push, workload: Workload) -> bool:
        """Whether the image is a part of an index that a workload names by its digest, or has pinned."""
        pinned = {digest for digest in (workload.reference.digest, workload.resolved) if digest} - {push.digest}
        return push.digest in parts_of(self.images, push.repository, pinned)

    def unused(self, case: Case, digests: Iterable[str]) -> tuple[str, ...]:
        """Those of these digests that no workload names or has pinned; none where that cannot be told."""
        push = case.push
        linked = self.workloads.linked(push.registry, push.repository)
        live = self.live.again(linked.workloads)
        if linked.unknowns or live.unknowns or not self.reads_workloads:
            return ()
        used = {digest for each in live.workloads for digest in (each.reference.digest, each.resolved)}
        return tuple(digest for digest in digests if digest not in used)

    def _tags(self, case: Case) -> tuple[str, ...]:
        standing = self.images.standing(case.push.repository, digest=case.push.digest)
        if standing is None:
            raise UnreadableError(gone(case.push.repository, case.push.digest))
        return standing.tags

    def _use(
        self, case: Case, observation: Observation, tags: tuple[str, ...], linked: LinkedWorkloads
    ) -> tuple[tuple[Workload, ...], tuple[Unknown, ...]]:
        """The users of an image, read live, and what could not be told of its use."""
        live = self.live.again(linked.workloads)
        used = users(case.push, observation.image, tags, live.workloads, children_of(observation))
        return used, (*linked.unknowns, *live.unknowns)

    def _last_good(self, case: Case, record: Record, workloads: Iterable[Workload]) -> str:
        """The last image of the tag that is there and right by what is required today; empty where there is none.

        Where the ledger knows none, as in the first days, it is what the workloads that name the tag have pinned.
        """
        push = case.push
        pinned = [
            each.resolved
            for each in workloads
            if each.reference.registry == push.registry
            and each.reference.repository == push.repository
            and not each.reference.digest
            and each.reference.tag == push.tag
        ]
        agreed = pinned[0] if len(set(pinned)) == 1 else ""
        digest = record.good.digest if record.good else agreed
        return digest if digest and digest != push.digest and self._is_good(case, digest) else ""

    def _is_good(self, case: Case, digest: str) -> bool:
        """Whether an image would pass under the tag of the case."""
        if case.requirements is None:
            return False
        standing = self.images.standing(case.push.repository, digest=digest)
        if standing is None or standing.archived:
            return False
        try:
            image = observe(self.images, case.push.repository, digest).image
        except UnreadableError as error:
            if error.unknown.reason.cure is Cure.WAIT:
                raise
            return False
        verdict = judge(replace(case.push, digest=digest), image, case.requirements)
        return verdict.judgement is Judgement.OK


def children_of(observation: Observation) -> tuple[str, ...]:
    """The digests of the manifests that an index points to, each once; none of any other image."""
    if observation.image.kind is not ImageKind.INDEX:
        return ()
    raw = observation.manifest
    manifest = read_manifest(raw.body, raw.digest, raw.media_type)
    if isinstance(manifest, Unknown):
        raise UnreadableError(manifest)
    return tuple(dict.fromkeys(child.digest for child in manifest.children))


def gone(repository: str, digest: str) -> Unknown:
    """That an image is not there any more."""
    return Unknown(UnknownReason.IMAGE_GONE, f"{repository}@{digest} is not there any more", digest)


def _exact(case: Case) -> bool:
    requirements = case.requirements
    return requirements is not None and speaks_of_the_image(case.push, case.verdict, requirements.workloads)
