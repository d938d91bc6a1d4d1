"""What keeps an image from being taken away once its tag is, and what is done where nothing does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.situation_strategies import DENIED, EARLIER, FOREIGN, GOOD, LATER, MARKER, STALE, TAG, act, due, verdict
from tests.situations import DIGEST, OTHER_DIGEST, ecs, push

from ecrguard.domain.action import Action
from ecrguard.domain.ledger import MAX_MANIFEST
from ecrguard.domain.marker import marker_tag
from ecrguard.domain.plan import ArchiveImage, DeleteImage, Plan, RefusalReason
from ecrguard.domain.push import Arrival
from ecrguard.domain.safety import HEALING, Situation, secure_later
from ecrguard.domain.verdict import Judgement

R = RefusalReason
ALERT, MARK, QUARANTINE, ARCHIVE, DELETE = Action
OK = due()


def test_what_nothing_speaks_against_is_archived_by_digest_or_deleted_by_its_marker() -> None:
    assert secure_later(Plan(ARCHIVE), OK) == Plan(ARCHIVE, (), (ArchiveImage(DIGEST),))
    assert secure_later(Plan(DELETE), OK) == Plan(DELETE, (), (DeleteImage(DIGEST, MARKER),))


def test_with_an_index_go_the_parts_that_nothing_uses() -> None:
    parts = replace(OK, children=(OTHER_DIGEST, LATER))

    assert secure_later(Plan(DELETE), parts).steps == (DeleteImage(DIGEST, MARKER, (OTHER_DIGEST, LATER)),)
    assert secure_later(Plan(ARCHIVE), parts).steps == (ArchiveImage(DIGEST),)


@pytest.mark.parametrize("action", [None, ALERT, MARK, QUARANTINE])
def test_what_takes_no_image_away_is_left_as_it_is(action: Action | None) -> None:
    planned = Plan(action, (EARLIER,))

    assert secure_later(planned, OK) is planned


def test_the_steps_down_before_are_kept() -> None:
    assert secure_later(Plan(ARCHIVE, (EARLIER,)), OK).refusals == (EARLIER,)
    refused = secure_later(Plan(ARCHIVE, (EARLIER,)), replace(OK, acts_left=0)).refusals
    assert [each.reason for each in refused] == [R.ENFORCEMENT, R.HOURLY_CAP]


# What has become of the tag or of the last good image is nothing to an image that must stand under its marker alone.
STILL = {
    "the tag has moved on": replace(OK, standing=LATER),
    "the tag is gone": replace(OK, standing="", act=None),
    "another image is good": replace(OK, last_good=LATER),
    "no image is": replace(OK, last_good="", movable=False),
    "its manifest cannot be kept": replace(OK, manifest_size=MAX_MANIFEST + 1),
    "the last act of the hour": replace(OK, acts_left=1),
    "replicated": replace(OK, push=push(TAG, arrival=Arrival.REPLICATED)),
}


@pytest.mark.parametrize("situation", STILL.values(), ids=STILL.keys())
def test_what_does_not_keep_it(situation: Situation) -> None:
    assert secure_later(Plan(DELETE), situation) == Plan(DELETE, (), (DeleteImage(DIGEST, MARKER),))


REFUSED: dict[str, tuple[Situation, RefusalReason, str]] = {
    "a foreign registry": (replace(OK, push=replace(OK.push, registry=FOREIGN)), R.FOREIGN_REGISTRY, ""),
    "it could not be judged again": (replace(OK, verdict=verdict(Judgement.UNKNOWN)), R.VERDICT_UNKNOWN, ""),
    "it passes now": (replace(OK, verdict=verdict(Judgement.OK)), R.NO_MISMATCH, ""),
    "restored": (replace(OK, push=push(TAG, arrival=Arrival.RESTORED)), R.NOT_PUSHED, ""),
    "deployed": (replace(OK, push=push(TAG, arrival=Arrival.DEPLOYED)), R.NOT_PUSHED, ""),
    "a workload came to use it": (replace(OK, users=(ecs(),)), R.IN_USE, ""),
    "weak evidence": (replace(OK, exact=False), R.WEAK_EVIDENCE, ""),
    "not all could be told": (replace(OK, verdict=verdict(unknowns=(DENIED,))), R.VERDICT_INCOMPLETE, ""),
    "no workloads are read": (replace(OK, reads_workloads=False), R.NO_WORKLOADS_READ, ""),
    "a stale source": (replace(OK, unread=(STALE,)), R.INVENTORY_STALE, ""),
    "a source that did not answer": (replace(OK, unread=(DENIED,)), R.USE_NOT_TOLD, ""),
    "tagged by somebody": (
        replace(OK, tags=(MARKER, "keep", "stable")),
        R.OTHER_TAGS,
        "The image was tagged keep, stable since, and stays.",
    ),
    "its tag is on it again": (
        replace(OK, tags=(TAG, MARKER), standing=DIGEST),
        R.OTHER_TAGS,
        "The image was tagged 1.4 since, and stays.",
    ),
    "tagged with another image's marker": (
        replace(OK, tags=(MARKER, marker_tag(GOOD))),
        R.OTHER_TAGS,
        f"The image was tagged {marker_tag(GOOD)} since, and stays.",
    ),
    "tagged in place of its marker": (
        replace(OK, tags=("keep",)),
        R.OTHER_TAGS,
        "The image was tagged keep since, and stays.",
    ),
    "its marker was taken off": (
        replace(OK, tags=()),
        R.MARKER_REMOVED,
        f"Somebody has taken the tag {MARKER} off the image, and so given it free.",
    ),
    "the hour is spent": (replace(OK, acts_left=0), R.HOURLY_CAP, ""),
    "the hour is spent, and the tag's act was begun": (
        replace(OK, acts_left=0, act=act(GOOD), standing=GOOD),
        R.HOURLY_CAP,
        "",
    ),
}


@pytest.mark.parametrize("asked", [ARCHIVE, DELETE])
@pytest.mark.parametrize(("situation", "reason", "detail"), REFUSED.values(), ids=REFUSED.keys())
def test_what_keeps_the_image(situation: Situation, reason: RefusalReason, detail: str, asked: Action) -> None:
    planned = secure_later(Plan(asked), situation)

    assert (planned.action, planned.steps, planned.later) == (ALERT, (), None)
    (refusal,) = planned.refusals
    assert (refusal.action, refusal.reason) == (asked, reason)
    assert refusal.detail
    assert detail in ("", refusal.detail)


# Of several reasons the first is given: what concerns nobody here, then use, then what is not proven, then the image.
ORDER = [
    "a foreign registry",
    "it could not be judged again",
    "restored",
    "a workload came to use it",
    "a stale source",
    "weak evidence",
    "not all could be told",
    "tagged by somebody",
    "the hour is spent",
]


def test_the_gravest_reason_is_given() -> None:
    for at, name in enumerate(ORDER):
        situation = replace(
            OK,
            push=replace(
                OK.push,
                registry=FOREIGN if at == 0 else OK.push.registry,
                arrival=Arrival.RESTORED if at <= ORDER.index("restored") else Arrival.PUSHED,
            ),
            verdict=verdict(
                Judgement.UNKNOWN if at <= ORDER.index("it could not be judged again") else Judgement.MISMATCH,
                (DENIED,) if at <= ORDER.index("not all could be told") else (),
            ),
            users=(ecs(),) if at <= ORDER.index("a workload came to use it") else (),
            exact=at > ORDER.index("weak evidence"),
            unread=(STALE,) if at <= ORDER.index("a stale source") else (),
            tags=(MARKER, "keep") if at <= ORDER.index("tagged by somebody") else (MARKER,),
            acts_left=0,
        )

        (refusal,) = secure_later(Plan(DELETE), situation).refusals
        assert refusal.reason is REFUSED[name][1]


def test_what_may_pass_by_itself_stays_due_and_what_a_person_decided_does_not() -> None:
    assert {
        R.VERDICT_UNKNOWN,
        R.VERDICT_INCOMPLETE,
        R.USE_NOT_TOLD,
        R.INVENTORY_STALE,
        R.HOURLY_CAP,
        R.ACCESS_DENIED,
        R.UNAVAILABLE,
    } == HEALING
