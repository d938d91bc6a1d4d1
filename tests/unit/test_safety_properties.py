"""What holds of every plan, whatever the situation and whatever is asked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.situation_strategies import TAG, WORSE, bounded, due, proven, situations
from tests.situations import DIGEST, REGISTRY, push

from ecrguard.domain.action import Action
from ecrguard.domain.ledger import MAX_MANIFEST
from ecrguard.domain.plan import ArchiveImage, DeleteImage, Limits, MoveTag, Plan, PutMarker, RemoveTag, Step, bound
from ecrguard.domain.push import Arrival
from ecrguard.domain.safety import Situation, secure, secure_later
from ecrguard.domain.verdict import Judgement

actions = st.sampled_from(Action)
modes = st.none() | actions
TAKES = (MoveTag, RemoveTag, ArchiveImage, DeleteImage)


def taken(plan: Plan) -> list[Step]:
    """The steps that take something away."""
    return [step for step in plan.steps if isinstance(step, TAKES)]


def severity(plan: Plan) -> int:
    return -1 if plan.action is None else plan.action.severity


def harm(plan: Plan) -> int:
    """How much a plan takes away; a marker and an alert take nothing."""
    return severity(plan) if plan.action is not None and plan.action.destructive else -1


def unproven(situation: Situation) -> list[str]:
    """What speaks against taking anything away at once or later, told in other words than the code's."""
    push = situation.push
    facts = {
        "foreign": (push.registry.account, push.registry.region)
        != (situation.registry.account, situation.registry.region),
        "not pushed now": push.arrival not in {Arrival.PUSHED, Arrival.REPLICATED},
        "no mismatch": situation.verdict.judgement != "mismatch",
        "not all told": len(situation.verdict.unknowns) > 0,
        "in use": len(situation.users) > 0,
        "weak": not situation.exact,
        "use not known": not situation.reads_workloads or len(situation.unread) > 0,
    }
    return [name for name, holds in facts.items() if holds]


def against_now(situation: Situation) -> list[str]:
    """What speaks against taking the tag away besides."""
    act = situation.act
    ours = act is not None and act.digest == situation.push.digest and act.to == situation.standing
    goes_back = (
        bool(act.to)
        if act is not None and ours
        else situation.movable and situation.last_good not in ("", situation.push.digest)
    )
    facts = {
        "moved": situation.standing != situation.push.digest and not ours,
        "too large": situation.manifest_size > MAX_MANIFEST and not goes_back,
        "hour spent": situation.acts_left < 1 and not ours,
    }
    return [name for name, holds in facts.items() if holds]


@given(bounded, situations)
def test_nothing_is_taken_away_at_once_where_anything_speaks_against_it(plan: Plan, situation: Situation) -> None:
    planned = secure(plan, situation)

    against = unproven(situation) + against_now(situation)
    assert bool(taken(planned)) == (plan.action is not None and plan.action.destructive and not against), against


@given(bounded, situations)
def test_no_image_is_taken_away_later_where_anything_speaks_against_it(plan: Plan, situation: Situation) -> None:
    planned = secure_later(plan, situation)

    marked_alone = situation.tags == (situation.marker,)
    allowed = not unproven(situation) and marked_alone and situation.acts_left > 0
    assert bool(taken(planned)) == (plan.action is not None and plan.action.takes_the_image and allowed)


@given(bounded, situations)
def test_an_image_is_due_only_where_its_tag_is_taken_and_nothing_else_tags_it(plan: Plan, situation: Situation) -> None:
    planned = secure(plan, situation)

    if planned.later is not None:
        assert planned.later is planned.action is plan.action
        assert planned.later.takes_the_image
        assert {*situation.tags} <= {situation.push.tag, situation.marker}
        assert taken(planned)
        assert PutMarker(situation.marker, situation.push.digest) in planned.steps
    elif planned.action is not None:
        assert not planned.action.takes_the_image


@given(st.sampled_from(Judgement), actions, modes, actions, situations)
def test_nothing_is_more_severe_than_what_is_asked_and_allowed(
    judgement: Judgement, asked: Action, mode: Action | None, enforcement: Action, situation: Situation
) -> None:
    situation = replace(situation, verdict=replace(situation.verdict, judgement=judgement))
    plan = bound(situation.verdict, Limits(asked, mode, enforcement))
    most = min(each.severity for each in (asked, mode, enforcement) if each is not None)

    for planned in (secure(plan, situation), secure_later(plan, situation)):
        assert severity(planned) <= severity(plan) <= most
        assert planned.later is None or planned.later.severity <= most
        assert planned.refusals[: len(plan.refusals)] == plan.refusals
        if judgement is not Judgement.MISMATCH:
            assert planned.steps == ()


@given(bounded, situations)
def test_each_step_down_has_its_reason(plan: Plan, situation: Situation) -> None:
    for planned in (secure(plan, situation), secure_later(plan, situation)):
        new = planned.refusals[len(plan.refusals) :]
        assert bool(new) == (planned.action is not plan.action)
        severities = [refusal.action.severity for refusal in new]
        assert severities == sorted(severities, reverse=True)
        assert not new or new[0].action is plan.action


@given(bounded, situations)
def test_no_step_touches_another_image_or_tag_than_the_pushed_one(plan: Plan, situation: Situation) -> None:
    pushed = situation.push
    for planned in (secure(plan, situation), secure_later(plan, situation)):
        for step in planned.steps:
            assert step.digest == pushed.digest
            match step:
                case PutMarker():
                    assert step.tag == situation.marker
                case MoveTag():
                    assert step.tag == pushed.tag
                    assert step.to not in ("", pushed.digest)
                    assert step.to in {situation.last_good, situation.act.to if situation.act else ""}
                case RemoveTag():
                    assert step.tag == pushed.tag
                case DeleteImage():
                    assert step.marker == situation.marker
                    assert step.children == situation.children
                case ArchiveImage():
                    pass


@given(bounded, situations)
def test_a_marker_is_put_first_and_never_where_other_tags_are(plan: Plan, situation: Situation) -> None:
    others = {*situation.tags} - {situation.push.tag, situation.marker}
    steps = secure(plan, situation).steps

    markers = [at for at, step in enumerate(steps) if isinstance(step, PutMarker)]
    assert markers == ([0] if steps and not others else [])


@given(bounded, situations, st.sampled_from(list(WORSE)))
def test_a_fact_that_gets_worse_makes_no_plan_take_more_away(plan: Plan, situation: Situation, fact: str) -> None:
    worse = WORSE[fact](situation)

    assert harm(secure(plan, worse)) <= harm(secure(plan, situation))
    assert harm(secure_later(plan, worse)) <= harm(secure_later(plan, situation))
    if situation.acts_left > 0:
        # Where the hour is spent the tag is not even marked, which is milder than what weak evidence leaves.
        assert severity(secure(plan, worse)) <= severity(secure(plan, situation))


NOT_NOW = {
    "its tags cannot be moved",
    "there is no last good image",
    "its manifest is too large",
    "it has one more tag",
}
NOT_LATER = {"the tag has moved on", *NOT_NOW} - {"it has one more tag"}


@pytest.mark.parametrize("fact", WORSE)
def test_each_fact_alone_decides(fact: str) -> None:
    now, later = WORSE[fact](proven()), WORSE[fact](due())

    if fact not in NOT_NOW | {"the marker was taken off"}:
        assert not taken(secure(Plan(Action.DELETE), now))
    assert bool(taken(secure_later(Plan(Action.DELETE), later))) == (fact in NOT_LATER)


@given(bounded, situations)
def test_a_plan_that_was_secured_is_safe_as_it_is(plan: Plan, situation: Situation) -> None:
    for how in (secure, secure_later):
        once = how(plan, situation)
        again = how(once, situation)
        assert how(plan, situation) == once
        assert (again.action, again.refusals) == (once.action, once.refusals)
        assert again.steps == once.steps


@given(st.sampled_from(Action), st.sampled_from(Arrival))
def test_a_situation_of_which_nothing_was_read_takes_nothing_away(asked: Action, arrival: Arrival) -> None:
    for digest in (DIGEST, ""):
        for tag in (TAG, ""):
            situation = Situation(push(tag, digest, arrival), REGISTRY, proven().verdict)
            assert not taken(secure(Plan(asked), situation))
            assert not taken(secure_later(Plan(asked), situation))


def test_each_value_that_was_not_read_refuses_by_itself() -> None:
    """All others read and safe: what stands where a value was not read is never its safe value."""
    unread = Situation(push(TAG), REGISTRY, proven().verdict)
    for name in ("exact", "standing", "reads_workloads", "acts_left"):
        situation = replace(proven(), **{name: getattr(unread, name)})
        assert not taken(secure(Plan(Action.DELETE), situation)), name
    untold = replace(proven(), movable=unread.movable, last_good=unread.last_good, manifest_size=unread.manifest_size)
    assert not taken(secure(Plan(Action.DELETE), untold))
    for name in ("exact", "tags", "reads_workloads", "acts_left"):
        situation = replace(due(), **{name: getattr(unread, name)})
        assert not taken(secure_later(Plan(Action.DELETE), situation)), name
