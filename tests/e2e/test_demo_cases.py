"""The demo's own workloads, pushes and changes on the deployed stack: what is known, and verdict, alert, action."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from localaws.demo_account import STANDING, Standing
from localaws.demo_cases import CASES, FROM_A_MAC, Case, Expected
from localaws.demo_changes import CHANGES, Change
from localaws.demo_checks import problems, problems_of_standing
from localaws.demo_stage import Changed, Seen, Stage

from ecrguard.config import SOURCES
from localaws import inventory

if TYPE_CHECKING:
    from tests.e2e.guarded import Guarded

IDS = [f"{case.name}-{case.expected.judgement}" for case in CASES]


@pytest.mark.parametrize("standing", STANDING, ids=[f"{each.known.source}-{each.known.name}" for each in STANDING])
def test_the_first_reading_of_the_account_finds_what_was_there_before_the_stack(
    known_at_first: dict[str, list[inventory.Entry]], standing: Standing
) -> None:
    assert problems_of_standing(standing, known_at_first[standing.repository]) == []


def test_the_account_has_a_workload_of_every_source() -> None:
    assert inventory.SOURCES == SOURCES
    assert {standing.known.source for standing in STANDING} == set(SOURCES)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_push_gets_its_one_verdict_and_what_follows_from_it(guarded: Guarded, case: Case) -> None:
    assert problems(push(guarded, case)) == []


def test_a_change_is_known_by_its_event_and_alerted_where_the_image_cannot_run(guarded: Guarded) -> None:
    [web] = [case for case in CASES if case.name == "shop/web:1.4"]
    push(guarded, web)
    for step in CHANGES:
        came = push(guarded, step) if isinstance(step, Case) else change(guarded, step)
        assert problems(came) == []


def push(guarded: Guarded, case: Case) -> Seen:
    guarded.account.repositories([case.repository])
    return Stage(guarded.deployment, guarded.account, guarded.mail).play(case)


def change(guarded: Guarded, step: Change) -> Changed:
    return Stage(guarded.deployment, guarded.account, guarded.mail).change(step)


VERDICT = {
    "judgement": "mismatch",
    "reason": "platforms_mismatch",
    "platforms": ["linux/arm64"],
    "needs": ["linux/amd64"],
    "done": [],
    "refused": [],
}


def seen(case: Case = FROM_A_MAC, *, verdicts: int = 1, tags: frozenset[str] = frozenset()) -> Seen:
    return Seen(case, [VERDICT] * verdicts, [], None, tags)


def expecting(expected: Expected) -> Case:
    return replace(FROM_A_MAC, expected=expected)


@pytest.mark.parametrize(
    ("came", "problem"),
    [
        (seen(verdicts=0), "expected one verdict, got 0"),
        (seen(verdicts=2), "expected one verdict, got 2"),
        (seen(), "expected 1 alert(s), got 0"),
        (
            seen(expecting(Expected("ok", "platforms_match", ["linux/arm64"], ["linux/amd64"]))),
            "verdict: expected ok, got mismatch",
        ),
        (
            seen(expecting(replace(FROM_A_MAC.expected, needs=["linux/arm64"]))),
            "needs: expected ['linux/arm64'], got ['linux/amd64']",
        ),
        (
            seen(expecting(replace(FROM_A_MAC.expected, marked=True)), tags=frozenset({"latest"})),
            "actions done: expected ['tag'], got none",
        ),
        (
            seen(tags=frozenset({"latest", "ecrguard-mismatch-0"})),
            "marker tags: expected none, got {'ecrguard-mismatch-0'}",
        ),
    ],
)
def test_the_demo_says_what_of_a_push_is_not_as_it_must_be(came: Seen, problem: str) -> None:
    assert f"grafana:latest ({FROM_A_MAC.story}): {problem}" in problems(came)


def test_the_demo_says_what_is_not_known_as_it_must_be() -> None:
    standing = STANDING[0]
    [problem] = problems_of_standing(standing, [])
    assert problem == f"ecs-service prod/web: known: expected {[standing.known]}, got none"
    [created, *_] = (step for step in CHANGES if isinstance(step, Change))
    assert problems(Changed(created, (), [], 0.0)) == [
        f"{created.story}: known: expected {list(created.known)}, got none"
    ]
    assert problems(Changed(replace(created, subject="ECS service prod/news"), created.known, [], 0.0)) == [
        f"{created.story}: expected 1 alert(s), got 0"
    ]
