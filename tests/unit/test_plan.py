"""What may be done about a verdict: the least of what is asked and allowed, and how each step is called."""

from __future__ import annotations

from itertools import pairwise, product

import pytest

from ecrguard.domain.action import Action, milder
from ecrguard.domain.marker import PREFIX, is_own_marker, marker_tag
from ecrguard.domain.plan import (
    ArchiveImage,
    DeleteImage,
    Done,
    Limits,
    MoveTag,
    Outcome,
    Plan,
    PutMarker,
    Refusal,
    RefusalReason,
    RemoveTag,
    Result,
    Step,
    bound,
)
from ecrguard.domain.verdict import Judgement, Reason, Verdict

ALERT, TAG, QUARANTINE, ARCHIVE, DELETE = Action
R = RefusalReason
DIGEST = f"sha256:{'0123456789abcdef' * 4}"
OTHER = f"sha256:{'fedcba9876543210' * 4}"


def verdict(judgement: Judgement) -> Verdict:
    return Verdict(judgement, Reason.NOT_TOLD, "")


# what it is, whether it is destructive, whether it takes the image itself; from mild to severe
ACTIONS = [
    (ALERT, "alert", False, False),
    (TAG, "tag", False, False),
    (QUARANTINE, "quarantine", True, False),
    (ARCHIVE, "archive", True, True),
    (DELETE, "delete", True, True),
]


def test_the_actions_from_mild_to_severe() -> None:
    assert [(each, each.value, each.destructive, each.takes_the_image) for each in Action] == ACTIONS
    assert [each.severity for each in Action] == [0, 1, 2, 3, 4]
    for one, other in pairwise(Action):
        assert milder(one, other) is milder(other, one) is one


type Row = tuple[Judgement, Action, Action | None, Action, Action | None, list[tuple[Action, RefusalReason]]]
MISMATCH, UNKNOWN = Judgement.MISMATCH, Judgement.UNKNOWN

# judgement, asked by the policy, the repository's mode, the stack's enforcement: what is left, what is refused and why
TABLE: list[Row] = [
    (MISMATCH, ALERT, None, ALERT, ALERT, []),
    (MISMATCH, ALERT, None, DELETE, ALERT, []),
    (MISMATCH, ALERT, DELETE, DELETE, ALERT, []),
    (MISMATCH, TAG, None, ALERT, ALERT, [(TAG, R.ENFORCEMENT)]),
    (MISMATCH, TAG, None, TAG, TAG, []),
    (MISMATCH, TAG, ALERT, ALERT, ALERT, [(TAG, R.REPOSITORY_MODE)]),
    (MISMATCH, TAG, ALERT, TAG, ALERT, [(TAG, R.REPOSITORY_MODE)]),
    (MISMATCH, TAG, TAG, ALERT, ALERT, [(TAG, R.ENFORCEMENT)]),
    (MISMATCH, TAG, DELETE, TAG, TAG, []),
    (MISMATCH, QUARANTINE, None, QUARANTINE, QUARANTINE, []),
    (MISMATCH, QUARANTINE, None, TAG, TAG, [(QUARANTINE, R.ENFORCEMENT)]),
    (MISMATCH, ARCHIVE, None, DELETE, ARCHIVE, []),
    (MISMATCH, ARCHIVE, None, QUARANTINE, QUARANTINE, [(ARCHIVE, R.ENFORCEMENT)]),
    (MISMATCH, DELETE, None, DELETE, DELETE, []),
    (MISMATCH, DELETE, DELETE, DELETE, DELETE, []),
    (MISMATCH, DELETE, ARCHIVE, DELETE, ARCHIVE, [(DELETE, R.REPOSITORY_MODE)]),
    (MISMATCH, DELETE, ARCHIVE, TAG, TAG, [(DELETE, R.REPOSITORY_MODE), (ARCHIVE, R.ENFORCEMENT)]),
    (MISMATCH, DELETE, TAG, ARCHIVE, TAG, [(DELETE, R.REPOSITORY_MODE)]),
    (UNKNOWN, ALERT, None, ALERT, ALERT, []),
    (UNKNOWN, ALERT, ALERT, DELETE, ALERT, []),
    (UNKNOWN, TAG, None, ALERT, ALERT, [(TAG, R.VERDICT_UNKNOWN)]),
    (UNKNOWN, TAG, ALERT, TAG, ALERT, [(TAG, R.VERDICT_UNKNOWN)]),
    (UNKNOWN, DELETE, None, DELETE, ALERT, [(DELETE, R.VERDICT_UNKNOWN)]),
    (UNKNOWN, DELETE, TAG, ALERT, ALERT, [(DELETE, R.VERDICT_UNKNOWN)]),
    (Judgement.OK, DELETE, None, DELETE, None, []),
    (Judgement.NOT_APPLICABLE, DELETE, None, DELETE, None, []),
    (Judgement.OK, TAG, ALERT, ALERT, None, []),
]


@pytest.mark.parametrize(
    "row", TABLE, ids=[f"{row[0]}: asked {row[1]}, mode {row[2]}, enforcement {row[3]}" for row in TABLE]
)
def test_what_is_left_and_what_is_refused(row: Row) -> None:
    judgement, asked, mode, enforcement, action, refused = row

    planned = bound(verdict(judgement), Limits(asked, mode, enforcement))

    assert planned.action is action
    assert [(refusal.action, refusal.reason) for refusal in planned.refusals] == refused
    assert all(refusal.detail for refusal in planned.refusals)
    assert (planned.steps, planned.later) == ((), None)


EVERY = list(product(Judgement, Action, (None, *Action), Action))


def test_a_mismatch_gets_the_least_of_what_is_asked_and_allowed_and_each_step_down_its_reason() -> None:
    for _, asked, mode, enforcement in (row for row in EVERY if row[0] is MISMATCH):
        planned = bound(verdict(MISMATCH), Limits(asked, mode, enforcement))

        by_mode = asked if mode is None or mode.severity >= asked.severity else mode
        steps = [(asked, R.REPOSITORY_MODE)] if by_mode is not asked else []
        steps += [(by_mode, R.ENFORCEMENT)] if enforcement.severity < by_mode.severity else []
        assert planned.action is min((by_mode, enforcement), key=list(Action).index)
        assert [(refusal.action, refusal.reason) for refusal in planned.refusals] == steps


def test_nothing_but_an_alert_comes_of_what_is_no_mismatch() -> None:
    for judgement, asked, mode, enforcement in EVERY:
        planned = bound(verdict(judgement), Limits(asked, mode, enforcement))

        if judgement is UNKNOWN:
            assert planned.action is ALERT
            assert [each.reason for each in planned.refusals] == [R.VERDICT_UNKNOWN] * (asked is not ALERT)
        elif judgement is not MISMATCH:
            assert planned == Plan(None)


DETAILS = {
    "deployed to audit": (
        Limits(TAG, None, ALERT),
        "The stack is deployed with Enforcement=audit; deploy it with Enforcement=tag to allow this.",
    ),
    "deployed for less": (
        Limits(DELETE, None, QUARANTINE),
        "The stack is deployed with Enforcement=quarantine; deploy it with Enforcement=delete to allow this.",
    ),
    "a milder repository": (
        Limits(DELETE, TAG, DELETE),
        "The repository's resource tag ecrguard:mode asks for no more than tag.",
    ),
}


@pytest.mark.parametrize(("limits", "detail"), DETAILS.values(), ids=DETAILS.keys())
def test_the_refusal_names_what_to_change(limits: Limits, detail: str) -> None:
    (refusal,) = bound(verdict(MISMATCH), limits).refusals

    assert refusal.detail == detail


STEPS: dict[str, tuple[Step, str]] = {
    "marker": (PutMarker("m", DIGEST), f"put the tag m on {DIGEST}"),
    "moved": (MoveTag("1", DIGEST, OTHER), f"move the tag 1 from {DIGEST} to its last good image, {OTHER}"),
    "taken off": (RemoveTag("1", DIGEST), f"take the tag 1 off {DIGEST}"),
    "archived": (ArchiveImage(DIGEST), f"archive {DIGEST}"),
    "deleted": (DeleteImage(DIGEST, "m"), f"delete {DIGEST}"),
    "deleted with parts": (
        DeleteImage(DIGEST, "m", (OTHER, OTHER)),
        f"delete {DIGEST} and what of its 2 parts nothing else needs",
    ),
}


@pytest.mark.parametrize(("step", "text"), STEPS.values(), ids=STEPS.keys())
def test_a_step_says_what_it_changes(step: Step, text: str) -> None:
    assert str(step) == text


def test_an_outcome_has_changed_something_only_by_what_was_done_anew() -> None:
    done, found = Done(TAG, Result.DONE, "m"), Done(QUARANTINE, Result.ALREADY_DONE, "1")

    assert (done.undo, done.detail) == ("", "m")
    assert not Outcome().changed
    assert not Outcome((found,), (Refusal(DELETE, R.IN_USE, "it is"),), DELETE).changed
    assert Outcome((found, done)).changed


def test_a_marker_carries_the_digest_of_its_image() -> None:
    assert marker_tag(DIGEST) == "ecrguard-mismatch-0123456789ab"
    assert marker_tag(DIGEST).startswith(PREFIX)


MARKERS = {
    "its own": ("ecrguard-mismatch-0123456789ab", DIGEST, True),
    "of another image": ("ecrguard-mismatch-ffffffffffff", DIGEST, False),
    "that says more": ("ecrguard-mismatch-0123456789abc", DIGEST, False),
    "in upper case": ("ECRGUARD-mismatch-0123456789ab", DIGEST, False),
    "without a digest to compare": ("ecrguard-mismatch-", "", False),
    "an ordinary tag": ("1.4", DIGEST, False),
    "no tag": ("", DIGEST, False),
}


@pytest.mark.parametrize(("tag", "digest", "own"), MARKERS.values(), ids=MARKERS.keys())
def test_only_a_marker_of_this_very_image_is_taken_for_the_products_own(tag: str, digest: str, *, own: bool) -> None:
    assert is_own_marker(tag, digest) is own
