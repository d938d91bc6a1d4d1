"""Safety: what keeps an action from being done, whoever asks for it.

Everything is refused unless it was read that nothing speaks against it: what was not read of a :class:`Situation`
refuses. What is refused falls back to the next milder action that is safe. The marker tag is refused too where
taking the image away would be: lifecycle rules that expire the marker take the whole image.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecrguard.domain.action import Action
from ecrguard.domain.image import UnknownReason
from ecrguard.domain.ledger import MAX_MANIFEST
from ecrguard.domain.marker import marker_tag
from ecrguard.domain.plan import (
    ArchiveImage,
    DeleteImage,
    MoveTag,
    Plan,
    PutMarker,
    Refusal,
    RefusalReason,
    RemoveTag,
)
from ecrguard.domain.push import Arrival
from ecrguard.domain.verdict import Judgement

if TYPE_CHECKING:
    from collections.abc import Callable

    from ecrguard.domain.image import Unknown
    from ecrguard.domain.ledger import Act
    from ecrguard.domain.plan import Step
    from ecrguard.domain.push import Push
    from ecrguard.domain.reference import Registry
    from ecrguard.domain.verdict import Verdict
    from ecrguard.domain.workload import Workload


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of an image, its tag and its use right before something is done. What was not read refuses.

    Attributes:
        push: as which the image came.
        registry: that is guarded.
        verdict: on the image.
        exact: a rule, the repository or a workload that names the very image requires what it is not.
        tags: of the image now, markers among them.
        users: workloads that use the image and may be able to run it.
        standing: digest that the pushed tag stands for now; empty where it stands for none.
        act: the last that was done to the tag by the product itself.
        reads_workloads: sources of workloads are switched on.
        unread: what could not be told of the image's use, by the inventory or by the workloads themselves.
        movable: the repository's settings let the tag be moved to another image.
        last_good: digest of the tag's last good image, which is there and still good; empty where there is none.
        manifest_size: of the image, in bytes.
        acts_left: destructive acts that this hour may still have.
        children: digests of the manifests that the image points to and nothing uses.
    """

    push: Push
    registry: Registry
    verdict: Verdict
    exact: bool = False
    tags: tuple[str, ...] = ()
    users: tuple[Workload, ...] = ()
    standing: str = ""
    act: Act | None = None
    reads_workloads: bool = False
    unread: tuple[Unknown, ...] = ()
    movable: bool = False
    last_good: str = ""
    manifest_size: int = MAX_MANIFEST + 1
    acts_left: int = 0
    children: tuple[str, ...] = ()

    @property
    def marker(self) -> str:
        """The image's marker tag."""
        return marker_tag(self.push.digest)

    @property
    def others(self) -> tuple[str, ...]:
        """The image's tags beside the pushed one and its marker."""
        return tuple(tag for tag in self.tags if tag not in (self.push.tag, self.marker))

    @property
    def begun(self) -> bool:
        """A try that was cut short has given the tag away already."""
        return self.act is not None and self.act.explains(self.push.digest, self.standing)


type _Check = Callable[[Situation], tuple[RefusalReason, str] | None]


def secure(bounded: Plan, situation: Situation) -> Plan:
    """What of that which is allowed is safe now, as steps, with the reason for each step down."""
    chosen, refusals = bounded.action, list(bounded.refusals)
    if chosen is None or chosen is Action.ALERT:
        return bounded

    def refuse(checks: tuple[_Check, ...], action: Action, instead: Action) -> Action:
        refusal = _first(checks, situation, action)
        if refusal is None:
            return action
        refusals.append(refusal)
        return instead

    chosen = refuse(_NEVER, chosen, Action.ALERT)
    if chosen.destructive:
        chosen = refuse(_UNPROVEN, chosen, Action.TAG)
    if chosen.takes_the_image:
        chosen = refuse((_other_tags,), chosen, Action.QUARANTINE)
    if chosen.destructive and not _destination(situation):
        chosen = refuse((_too_large,), chosen, Action.TAG)
    if chosen is Action.TAG:
        chosen = refuse((_other_tags,), chosen, Action.ALERT)
    if chosen.destructive and not situation.begun:
        chosen = refuse((_cap,), chosen, Action.ALERT)
    return Plan(chosen, tuple(refusals), _steps(chosen, situation), chosen if chosen.takes_the_image else None)


def secure_later(bounded: Plan, situation: Situation) -> Plan:
    """What is safe to do to an image that lost its tag before all workloads were read."""
    chosen, refusals = bounded.action, list(bounded.refusals)
    if chosen is None or not chosen.takes_the_image:
        return bounded
    refusal = _first((*_NEVER, *_UNPROVEN_LATER, _still_tagged, _unmarked, _cap), situation, chosen)
    if refusal is not None:
        return Plan(Action.ALERT, (*refusals, refusal))
    digest = situation.push.digest
    step: Step = ArchiveImage(digest)
    if chosen is Action.DELETE:
        step = DeleteImage(digest, situation.marker, situation.children)
    return Plan(chosen, tuple(refusals), (step,))


HEALING = frozenset(
    {
        RefusalReason.VERDICT_UNKNOWN,
        RefusalReason.VERDICT_INCOMPLETE,
        RefusalReason.USE_NOT_TOLD,
        RefusalReason.INVENTORY_STALE,
        RefusalReason.HOURLY_CAP,
        RefusalReason.ACCESS_DENIED,
        RefusalReason.UNAVAILABLE,
    }
)
"""Reasons that may pass by themselves, or by an operator's hand: what is due stays due."""


def _first(checks: tuple[_Check, ...], situation: Situation, action: Action) -> Refusal | None:
    found = next((why for check in checks if (why := check(situation)) is not None), None)
    return None if found is None else Refusal(action, *found)


def _steps(chosen: Action, situation: Situation) -> tuple[Step, ...]:
    steps: list[Step] = []
    digest, tag = situation.push.digest, situation.push.tag
    if chosen is not Action.ALERT and not situation.others:
        # The marker keeps the image when its last other tag goes.
        steps.append(PutMarker(situation.marker, digest))
    if chosen.destructive and (to := _destination(situation)):
        steps.append(MoveTag(tag, digest, to))
    elif chosen.destructive:
        steps.append(RemoveTag(tag, digest))
    return tuple(steps)


def _destination(situation: Situation) -> str:
    """The last good image, to which the tag is given back; empty where the tag is taken away.

    What a try that was cut short has begun is ended as it was begun, whatever the last good image is by now.
    """
    if situation.act is not None and situation.begun:
        return situation.act.to
    if not situation.movable or situation.last_good == situation.push.digest:
        return ""
    return situation.last_good


def _foreign(situation: Situation) -> tuple[RefusalReason, str] | None:
    if situation.push.registry == situation.registry:
        return None
    detail = f"The image is in {situation.push.registry.host}; this stack guards {situation.registry.host} alone."
    return RefusalReason.FOREIGN_REGISTRY, detail


def _not_judged(situation: Situation) -> tuple[RefusalReason, str] | None:
    if situation.verdict.judgement is Judgement.MISMATCH:
        return None
    if situation.verdict.judgement is Judgement.UNKNOWN:
        return RefusalReason.VERDICT_UNKNOWN, "An image that could not be judged is alerted, and not touched."
    return RefusalReason.NO_MISMATCH, "Nothing is wrong with the image."


def _not_pushed(situation: Situation) -> tuple[RefusalReason, str] | None:
    if situation.push.arrival is Arrival.RESTORED:
        detail = "Somebody brought the image back from the archive; what a person restores is not taken away again."
        return RefusalReason.NOT_PUSHED, detail
    if situation.push.arrival is Arrival.DEPLOYED:
        return RefusalReason.NOT_PUSHED, "A workload was changed to name the image; nobody pushed it."
    return None


def _in_use(situation: Situation) -> tuple[RefusalReason, str] | None:
    if not situation.users:
        return None
    more = f" and {len(situation.users) - 1} more" if len(situation.users) > 1 else ""
    detail = f"{situation.users[0].label}{more} can run the image and uses it; point it at another image first."
    return RefusalReason.IN_USE, detail


def _weak(situation: Situation) -> tuple[RefusalReason, str] | None:
    if situation.exact:
        return None
    detail = "Only workloads that run other tags speak against it; a policy rule for the repository would be a ground."
    return RefusalReason.WEAK_EVIDENCE, detail


def _incomplete(situation: Situation) -> tuple[RefusalReason, str] | None:
    if not situation.verdict.unknowns:
        return None
    return RefusalReason.VERDICT_INCOMPLETE, f"Not all could be told: {situation.verdict.unknowns[0].detail}."


def _moved(situation: Situation) -> tuple[RefusalReason, str] | None:
    push = situation.push
    if situation.begun or (situation.standing and situation.standing == push.digest):
        return None
    if not situation.standing:
        return RefusalReason.TAG_MOVED, f"The tag {push.tag} is not there any more."
    return RefusalReason.TAG_MOVED, f"The tag {push.tag} has moved on to {situation.standing}."


def _no_workloads(situation: Situation) -> tuple[RefusalReason, str] | None:
    if situation.reads_workloads:
        return None
    detail = "The stack reads no workloads (LinkedWorkloads=none), so that nothing tells whether the image is used."
    return RefusalReason.NO_WORKLOADS_READ, detail


def _untold(situation: Situation) -> tuple[RefusalReason, str] | None:
    """What is not known of the image's use, where workloads are read at all."""
    if not situation.unread:
        return None
    unknown = situation.unread[0]
    if unknown.reason in (UnknownReason.INVENTORY_STALE, UnknownReason.INVENTORY_INCOMPLETE):
        return RefusalReason.INVENTORY_STALE, f"Whether the image is used is not known: {unknown.detail}."
    return RefusalReason.USE_NOT_TOLD, f"Whether the image is used could not be told: {unknown.detail}."


def _other_tags(situation: Situation) -> tuple[RefusalReason, str] | None:
    if not situation.others:
        return None
    return RefusalReason.OTHER_TAGS, f"The image also has the tags {', '.join(situation.others)}, and they need it."


def _too_large(situation: Situation) -> tuple[RefusalReason, str] | None:
    if situation.manifest_size <= MAX_MANIFEST:
        return None
    detail = f"Expected a manifest of at most {MAX_MANIFEST} bytes to take its tag away, got {situation.manifest_size}."
    return RefusalReason.MANIFEST_TOO_LARGE, detail


def _cap(situation: Situation) -> tuple[RefusalReason, str] | None:
    if situation.acts_left > 0:
        return None
    detail = (
        "As many tags and images were taken away this hour as DestructiveActsPerHour allows; see whether all should."
    )
    return RefusalReason.HOURLY_CAP, detail


def _still_tagged(situation: Situation) -> tuple[RefusalReason, str] | None:
    tags = [tag for tag in situation.tags if tag != situation.marker]
    if not tags:
        return None
    return RefusalReason.OTHER_TAGS, f"The image was tagged {', '.join(tags)} since, and stays."


def _unmarked(situation: Situation) -> tuple[RefusalReason, str] | None:
    if situation.marker in situation.tags:
        return None
    detail = f"Somebody has taken the tag {situation.marker} off the image, and so given it free."
    return RefusalReason.MARKER_REMOVED, detail


_NEVER: tuple[_Check, ...] = (_foreign, _not_judged, _not_pushed, _in_use, _untold)
_UNPROVEN_LATER: tuple[_Check, ...] = (_weak, _no_workloads, _incomplete)
_UNPROVEN: tuple[_Check, ...] = (_weak, _moved, _no_workloads, _incomplete)
