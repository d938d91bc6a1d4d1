"""What is done about a verdict: the least of what is asked, allowed and safe."""

from __future__ import annotations

from itertools import product

import pytest

from ecrguard.domain.action import Action, milder
from ecrguard.domain.marker import is_own_marker, marker_tag
from ecrguard.domain.plan import Limits, RefusalReason, plan
from ecrguard.domain.verdict import Judgement, Reason, Verdict

ALERT, TAG = Action.ALERT, Action.TAG
R = RefusalReason
DIGEST = f"sha256:{'0123456789abcdef' * 4}"


def verdict(judgement: Judgement) -> Verdict:
    return Verdict(judgement, Reason.NOT_TOLD, "")


type Row = tuple[Judgement, Action, Action | None, Action, list[Action], list[RefusalReason]]

# judgement, asked by the policy, the repository's mode, the stack's enforcement: what is done, what is refused and why
TABLE: list[Row] = [
    (Judgement.MISMATCH, ALERT, None, ALERT, [ALERT], []),
    (Judgement.MISMATCH, ALERT, None, TAG, [ALERT], []),
    (Judgement.MISMATCH, ALERT, ALERT, ALERT, [ALERT], []),
    (Judgement.MISMATCH, ALERT, ALERT, TAG, [ALERT], []),
    (Judgement.MISMATCH, ALERT, TAG, ALERT, [ALERT], []),
    (Judgement.MISMATCH, ALERT, TAG, TAG, [ALERT], []),
    (Judgement.MISMATCH, TAG, None, ALERT, [ALERT], [R.ENFORCEMENT]),
    (Judgement.MISMATCH, TAG, None, TAG, [ALERT, TAG], []),
    (Judgement.MISMATCH, TAG, ALERT, ALERT, [ALERT], [R.REPOSITORY_MODE]),
    (Judgement.MISMATCH, TAG, ALERT, TAG, [ALERT], [R.REPOSITORY_MODE]),
    (Judgement.MISMATCH, TAG, TAG, ALERT, [ALERT], [R.ENFORCEMENT]),
    (Judgement.MISMATCH, TAG, TAG, TAG, [ALERT, TAG], []),
    (Judgement.UNKNOWN, ALERT, None, ALERT, [ALERT], []),
    (Judgement.UNKNOWN, ALERT, None, TAG, [ALERT], []),
    (Judgement.UNKNOWN, ALERT, ALERT, ALERT, [ALERT], []),
    (Judgement.UNKNOWN, ALERT, ALERT, TAG, [ALERT], []),
    (Judgement.UNKNOWN, ALERT, TAG, ALERT, [ALERT], []),
    (Judgement.UNKNOWN, ALERT, TAG, TAG, [ALERT], []),
    (Judgement.UNKNOWN, TAG, None, ALERT, [ALERT], [R.VERDICT_UNKNOWN]),
    (Judgement.UNKNOWN, TAG, None, TAG, [ALERT], [R.VERDICT_UNKNOWN]),
    (Judgement.UNKNOWN, TAG, ALERT, ALERT, [ALERT], [R.VERDICT_UNKNOWN]),
    (Judgement.UNKNOWN, TAG, ALERT, TAG, [ALERT], [R.VERDICT_UNKNOWN]),
    (Judgement.UNKNOWN, TAG, TAG, ALERT, [ALERT], [R.VERDICT_UNKNOWN]),
    (Judgement.UNKNOWN, TAG, TAG, TAG, [ALERT], [R.VERDICT_UNKNOWN]),
    *(
        (judgement, asked, mode, enforcement, [], [])
        for judgement in (Judgement.OK, Judgement.NOT_APPLICABLE)
        for asked, mode, enforcement in product(Action, (None, *Action), Action)
    ),
]


def test_the_table_has_every_case() -> None:
    every = set(product(Judgement, Action, (None, *Action), Action))

    assert {row[:4] for row in TABLE} == every
    assert len(TABLE) == len(every)


@pytest.mark.parametrize(
    "row", TABLE, ids=[f"{row[0]}: asked {row[1]}, mode {row[2]}, enforcement {row[3]}" for row in TABLE]
)
def test_what_is_done_and_what_is_refused(row: Row) -> None:
    judgement, asked, mode, enforcement, actions, refused = row

    planned = plan(verdict(judgement), Limits(asked, mode, enforcement))

    assert (list(planned.actions), [refusal.reason for refusal in planned.refusals]) == (actions, refused)
    assert all(refusal.action is asked and refusal.detail for refusal in planned.refusals)
    for action in planned.actions:
        for limit in (asked, mode, enforcement):
            assert limit is None or milder(action, limit) is action


def test_the_refusal_names_the_parameter_to_change() -> None:
    (refusal,) = plan(verdict(Judgement.MISMATCH), Limits(TAG, None, ALERT)).refusals

    assert (
        refusal.detail == "The stack is deployed with Enforcement=audit; deploy it with Enforcement=tag to allow this."
    )


def test_a_marker_carries_the_digest_of_its_image() -> None:
    assert marker_tag(DIGEST) == "ecrguard-mismatch-0123456789ab"


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
