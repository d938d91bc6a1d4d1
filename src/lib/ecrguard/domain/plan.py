"""The plan: what will be done about a verdict, and what was asked for but is refused, with the reason.

A plan is made in two pure steps. :func:`bound` takes what the policy asks for down to what is allowed; where more than
an alert is left, what the image and its tag are is read, and :func:`ecrguard.domain.safety.secure` takes it down to
what is safe. An image is taken away in two acts: its tag at once, the image itself (archive, delete) once all workloads
have been read after that, so that nothing that came to run it in the meantime is overlooked.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ecrguard.domain.action import Action, milder
from ecrguard.domain.verdict import Judgement

if TYPE_CHECKING:
    from ecrguard.domain.verdict import Verdict


class RefusalReason(StrEnum):
    """Why an action that was asked for is not done. Stable."""

    ENFORCEMENT = "enforcement"
    """The stack's Enforcement parameter does not allow it."""
    REPOSITORY_MODE = "repository_mode"
    """The repository's ``ecrguard:mode`` asks for something milder."""
    VERDICT_UNKNOWN = "verdict_unknown"
    VERDICT_INCOMPLETE = "verdict_incomplete"
    """It is a mismatch, but something about the image or what runs it could not be told."""
    WEAK_EVIDENCE = "weak_evidence"
    """Only workloads that run other tags of the repository speak against it."""
    FOREIGN_REGISTRY = "foreign_registry"
    """The image is in another account's or Region's registry."""
    NOT_PUSHED = "not_pushed"
    """Nobody pushed it now: it was brought back from the archive, or a workload was changed to name it."""
    IN_USE = "in_use"
    """A workload that is able to run the image uses it."""
    USE_NOT_TOLD = "use_not_told"
    """What uses the image could not be read."""
    INVENTORY_STALE = "inventory_stale"
    NO_WORKLOADS_READ = "no_workloads_read"
    """The stack reads no workloads (LinkedWorkloads=none): nothing tells whether the image is in use."""
    TAG_MOVED = "tag_moved"
    """The tag does not stand for the image any more."""
    OTHER_TAGS = "other_tags"
    """The image has other tags, which nothing was found wrong with."""
    MARKER_REMOVED = "marker_removed"
    """Somebody has taken the marker off the image since it was quarantined."""
    NEEDED_BY_INDEX = "needed_by_index"
    """An index of the repository contains the image."""
    HOURLY_CAP = "hourly_cap"
    """As many destructive acts as an hour may have are done."""
    MANIFEST_TOO_LARGE = "manifest_too_large"
    """The manifest cannot be kept for the case that ECR takes the image away together with its tag."""
    TAG_IMMUTABLE = "tag_immutable"
    NOT_SUPPORTED = "not_supported"
    """ECR does not do it for this image."""
    IMAGE_GONE = "image_gone"
    POLICY = "policy"
    """The policy asks for something milder by now."""
    NO_MISMATCH = "no_mismatch"
    """Nothing is wrong with the image any more: what runs it, or the policy, has changed since."""
    ACCESS_DENIED = "access_denied"
    UNAVAILABLE = "unavailable"
    """ECR did not do it, in as many tries as the queue gives; the message is dead-lettered besides."""


class Result(StrEnum):
    """How an action ended."""

    DONE = "done"
    ALREADY_DONE = "already_done"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An action that was asked for and not done.

    Attributes:
        action: what was asked for.
        reason: stable code.
        detail: one sentence: why, and what to change to allow it.
    """

    action: Action
    reason: RefusalReason
    detail: str


@dataclass(frozen=True, slots=True)
class PutMarker:
    """Put the marker tag on the image.

    Attributes:
        tag: the marker.
        digest: of the image.
    """

    tag: str
    digest: str

    def __str__(self) -> str:
        return f"put the tag {self.tag} on {self.digest}"


@dataclass(frozen=True, slots=True)
class MoveTag:
    """Give the pushed tag back to its last good image.

    Attributes:
        tag: that was pushed.
        digest: of the image that it stands for.
        to: digest of the last good image.
    """

    tag: str
    digest: str
    to: str

    def __str__(self) -> str:
        return f"move the tag {self.tag} from {self.digest} to its last good image, {self.to}"


@dataclass(frozen=True, slots=True)
class RemoveTag:
    """Take the pushed tag off the image.

    Attributes:
        tag: that was pushed.
        digest: of the image that it stands for, and that stays.
    """

    tag: str
    digest: str

    def __str__(self) -> str:
        return f"take the tag {self.tag} off {self.digest}"


@dataclass(frozen=True, slots=True)
class ArchiveImage:
    """Move the image to the archive storage class."""

    digest: str

    def __str__(self) -> str:
        return f"archive {self.digest}"


@dataclass(frozen=True, slots=True)
class DeleteImage:
    """Take the image's last tag, its marker, away, and the image with it; then what it alone contained.

    Attributes:
        digest: of the image.
        marker: its last tag. ECR deletes an image with its last tag, and keeps one that somebody else has tagged since.
        children: manifests that it points to; those that are tagged or that another index needs stay.
    """

    digest: str
    marker: str
    children: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = f" and what of its {len(self.children)} parts nothing else needs" if self.children else ""
        return f"delete {self.digest}{parts}"


type Step = PutMarker | MoveTag | RemoveTag | ArchiveImage | DeleteImage


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do.

    Attributes:
        action: the most severe that is left; None where there is nothing to say or do.
        refusals: what was asked for and is not done, one for each step down.
        steps: what is changed in ECR, in order.
        later: what is done to the image itself once all workloads have been read after these steps; None for nothing.
    """

    action: Action | None
    refusals: tuple[Refusal, ...] = ()
    steps: tuple[Step, ...] = ()
    later: Action | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """An action that was carried out.

    Attributes:
        action: which.
        result: whether it changed something or found it already so.
        detail: what exactly (the marker tag's name).
        undo: the command that takes it back; empty where there is nothing to undo.
    """

    action: Action
    result: Result
    detail: str
    undo: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done about one push.

    Attributes:
        done: actions carried out, the alert itself not among them.
        refusals: actions asked for and not done.
        later: what will be done to the image itself; None for nothing.
    """

    done: tuple[Done, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    later: Action | None = None

    @property
    def changed(self) -> bool:
        """Whether anything was changed by it."""
        return any(each.result is Result.DONE for each in self.done)


@dataclass(frozen=True, slots=True)
class Limits:
    """What bounds an action.

    Attributes:
        asked: what the policy asks for on a mismatch.
        mode: what the repository's own resource tag asks for; it may only be milder. None where it has none.
        enforcement: the most severe action that the stack allows.
    """

    asked: Action
    mode: Action | None
    enforcement: Action


def bound(verdict: Verdict, limits: Limits) -> Plan:
    """What of that which is asked is allowed, with the reason for each step down; steps are for safety to say.

    Nothing is done about an image that passed or needs no judging. One that could not be judged is alerted only: an
    unknown is never a ground to touch an image.
    """
    if verdict.judgement in (Judgement.OK, Judgement.NOT_APPLICABLE):
        return Plan(None)
    refusals: list[Refusal] = []
    chosen = limits.asked
    if verdict.judgement is Judgement.UNKNOWN and chosen is not Action.ALERT:
        detail = "An image that could not be judged is alerted, and not touched."
        refusals.append(Refusal(chosen, RefusalReason.VERDICT_UNKNOWN, detail))
        chosen = Action.ALERT
    if limits.mode is not None and milder(chosen, limits.mode) is not chosen:
        detail = f"The repository's resource tag ecrguard:mode asks for no more than {limits.mode}."
        refusals.append(Refusal(chosen, RefusalReason.REPOSITORY_MODE, detail))
        chosen = limits.mode
    if milder(chosen, limits.enforcement) is not chosen:
        allowed = "audit" if limits.enforcement is Action.ALERT else str(limits.enforcement)
        detail = f"The stack is deployed with Enforcement={allowed}; deploy it with Enforcement={chosen} to allow this."
        refusals.append(Refusal(chosen, RefusalReason.ENFORCEMENT, detail))
        chosen = limits.enforcement
    return Plan(chosen, tuple(refusals))
