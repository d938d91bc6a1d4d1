"""The demo's own pushes, on the deployed stack: verdict, alert, action of each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from localaws.demo_cases import CASES, FROM_A_MAC, Case, Expected
from localaws.demo_checks import Seen, Stage, problems
from localaws.demo_services import create_repositories

if TYPE_CHECKING:
    from tests.e2e.guarded import Guarded

IDS = [f"{case.name}-{case.expected.judgement}" for case in CASES]


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_push_gets_its_one_verdict_and_what_follows_from_it(guarded: Guarded, case: Case) -> None:
    create_repositories(guarded.deployment, [case.repository])
    stage = Stage(
        guarded.deployment, guarded.queue, lambda pushed: guarded.push(pushed.image, pushed.repository, pushed.tag)
    )
    seen = stage.play(case)
    guarded.received += [*seen.alerts, *stage.astray]
    assert problems(case, seen) == []


VERDICT = {
    "judgement": "mismatch",
    "reason": "platforms_mismatch",
    "platforms": ["linux/arm64"],
    "needs": ["linux/amd64"],
    "done": [],
    "refused": [],
}


@pytest.mark.parametrize(
    ("seen", "expected", "problem"),
    [
        (Seen([], [], None, frozenset()), FROM_A_MAC.expected, "expected one verdict, got 0"),
        (Seen([VERDICT, VERDICT], [], None, frozenset()), FROM_A_MAC.expected, "expected one verdict, got 2"),
        (Seen([VERDICT], [], None, frozenset()), FROM_A_MAC.expected, "expected 1 alert(s), got 0"),
        (
            Seen([VERDICT], [], None, frozenset()),
            Expected("ok", "platforms_match", ["linux/arm64"], ["linux/amd64"]),
            "verdict: expected ok, got mismatch",
        ),
        (
            Seen([VERDICT], [], None, frozenset()),
            replace(FROM_A_MAC.expected, needs=["linux/arm64"]),
            "needs: expected ['linux/arm64'], got ['linux/amd64']",
        ),
        (
            Seen([VERDICT], [], None, frozenset({"latest"})),
            replace(FROM_A_MAC.expected, marked=True),
            "actions done: expected ['tag'], got none",
        ),
        (
            Seen([VERDICT], [], None, frozenset({"latest", "ecrguard-mismatch-0"})),
            FROM_A_MAC.expected,
            "marker tags: expected none, got {'ecrguard-mismatch-0'}",
        ),
    ],
)
def test_the_demo_says_what_is_not_as_it_must_be(seen: Seen, expected: Expected, problem: str) -> None:
    found = problems(replace(FROM_A_MAC, expected=expected), seen)
    assert f"grafana:latest ({FROM_A_MAC.story}): {problem}" in found
