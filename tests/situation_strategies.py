"""Situations of an image whose platforms do not match: one that nothing speaks against, and any."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import strategies as st
from tests.situations import DIGEST, NOW, OTHER_DIGEST, REGISTRY, apprunner, ecs, push

from ecrguard.domain.action import Action
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.ledger import MAX_MANIFEST, Act
from ecrguard.domain.marker import marker_tag
from ecrguard.domain.plan import Plan, Refusal, RefusalReason
from ecrguard.domain.push import Arrival
from ecrguard.domain.reference import Registry
from ecrguard.domain.safety import Situation
from ecrguard.domain.verdict import Judgement, Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

GOOD = f"sha256:{'c' * 64}"
LATER = f"sha256:{'d' * 64}"
TAG, MARKER = "1.4", marker_tag(DIGEST)
FOREIGN = Registry("210987654321", "eu-central-1")
STALE = Unknown(UnknownReason.INVENTORY_STALE, "ecs was last read 3 hours ago", "ecs")
DENIED = Unknown(UnknownReason.ACCESS_DENIED, "lambda answered AccessDenied", "lambda")
MISMATCH = Verdict(Judgement.MISMATCH, Reason.PLATFORMS_MISMATCH, "The image is built for linux/arm64.")
EARLIER = Refusal(Action.DELETE, RefusalReason.ENFORCEMENT, "Enforcement=archive")


def act(to: str = "", digest: str = DIGEST) -> Act:
    """What the product itself did to the tag."""
    return Act("event-1", digest, to, NOW)


def proven() -> Situation:
    """A push of which all was read, that nothing speaks against taking away, and that has a last good image."""
    return Situation(
        push(TAG),
        REGISTRY,
        MISMATCH,
        exact=True,
        tags=(TAG,),
        standing=DIGEST,
        reads_workloads=True,
        movable=True,
        last_good=GOOD,
        manifest_size=500,
        acts_left=20,
    )


def due() -> Situation:
    """The same image once its tag was given back and all workloads were read after that."""
    return replace(proven(), tags=(MARKER,), standing=GOOD, act=act(GOOD))


def verdict(judgement: Judgement = Judgement.MISMATCH, unknowns: tuple[Unknown, ...] = ()) -> Verdict:
    """A verdict that says nothing but this."""
    return replace(MISMATCH, judgement=judgement, unknowns=unknowns)


_digests = st.sampled_from([DIGEST, OTHER_DIGEST, GOOD])
acts: SearchStrategy[Act] = st.builds(act, st.sampled_from(["", GOOD, OTHER_DIGEST]), _digests)
verdicts: SearchStrategy[Verdict] = st.builds(
    verdict,
    st.sampled_from([Judgement.MISMATCH, Judgement.MISMATCH, Judgement.MISMATCH, *Judgement]),
    st.sampled_from([(), (), (), (DENIED,)]),
)
_half = st.booleans()
_mostly = st.sampled_from([True, True, True, False])
situations: SearchStrategy[Situation] = st.builds(
    Situation,
    st.builds(
        lambda arrival, registry: replace(push(TAG, arrival=arrival), registry=registry),
        st.sampled_from([Arrival.PUSHED, Arrival.PUSHED, *Arrival]),
        st.sampled_from([REGISTRY, REGISTRY, REGISTRY, FOREIGN]),
    ),
    st.just(REGISTRY),
    verdicts,
    exact=_mostly,
    tags=st.lists(st.sampled_from([TAG, MARKER, MARKER, TAG, "stable", marker_tag(GOOD)]), max_size=3, unique=True).map(
        tuple
    ),
    users=st.sampled_from([(), (), (), (ecs(),), (ecs(), apprunner())]),
    standing=st.sampled_from([DIGEST, DIGEST, "", GOOD, LATER]),
    act=st.none() | acts,
    reads_workloads=_mostly,
    unread=st.sampled_from([(), (), (), (STALE,), (DENIED, STALE)]),
    movable=_half,
    last_good=st.sampled_from([GOOD, GOOD, "", DIGEST]),
    manifest_size=st.sampled_from([500, MAX_MANIFEST, MAX_MANIFEST + 1]),
    acts_left=st.sampled_from([20, 1, 0, -1]),
    children=st.sampled_from([(), (OTHER_DIGEST,), (OTHER_DIGEST, GOOD)]),
)
"""Any situation; about one in ten lets something be taken away."""

bounded: SearchStrategy[Plan] = st.builds(Plan, st.none() | st.sampled_from(Action), st.sampled_from([(), (EARLIER,)]))
"""What the limits leave, with or without a step down already."""

WORSE: dict[str, Callable[[Situation], Situation]] = {
    "it is in a foreign registry": lambda one: replace(one, push=replace(one.push, registry=FOREIGN)),
    "somebody restored it": lambda one: replace(one, push=replace(one.push, arrival=Arrival.RESTORED)),
    "a workload was changed to name it": lambda one: replace(one, push=replace(one.push, arrival=Arrival.DEPLOYED)),
    "a workload uses it": lambda one: replace(one, users=(*one.users, ecs())),
    "the evidence is weak": lambda one: replace(one, exact=False),
    "something could not be told": lambda one: replace(one, verdict=replace(one.verdict, unknowns=(DENIED,))),
    "it could not be judged": lambda one: replace(one, verdict=replace(one.verdict, judgement=Judgement.UNKNOWN)),
    "the tag has moved on": lambda one: replace(one, standing=LATER),
    "no workloads are read": lambda one: replace(one, reads_workloads=False),
    "a source is stale": lambda one: replace(one, unread=(*one.unread, STALE)),
    "a source is denied": lambda one: replace(one, unread=(DENIED, *one.unread)),
    "it has one more tag": lambda one: replace(one, tags=(*one.tags, "next")),
    "its tags cannot be moved": lambda one: replace(one, movable=False),
    "there is no last good image": lambda one: replace(one, last_good=""),
    "its manifest is too large": lambda one: replace(one, manifest_size=MAX_MANIFEST + 1),
    "the hour is spent": lambda one: replace(one, acts_left=0),
    "the marker was taken off": lambda one: replace(one, tags=tuple(tag for tag in one.tags if tag != MARKER)),
}
"""Each makes one fact of a situation worse."""
