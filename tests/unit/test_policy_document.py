from __future__ import annotations

import copy
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.policies import INVALID, INVALID_TO_THE_PARSER, documents

from ecrguard.domain.policy_document import PolicyError, Problem, read_policy


@pytest.mark.parametrize(
    ("document", "says"), [pytest.param(data, says, id=what) for what, data, says in INVALID + INVALID_TO_THE_PARSER]
)
def test_each_mistake_is_told_with_its_place(document: Any, says: str) -> None:
    with pytest.raises(PolicyError) as raised:
        read_policy(document)

    assert [str(problem) for problem in raised.value.problems] == [says]


def test_every_problem_is_told_at_once() -> None:
    document = {
        "version": 1,
        "rules": [
            {"name": "a", "platforms": ["linux/amd46", "linux/amd64", "lixun"], "lnked": "off"},
            {"repositories": [1], "on_mismatch": "alarm"},
        ],
        "exemptions": [{"reason": "", "until": "tomorrow"}],
    }

    with pytest.raises(PolicyError) as raised:
        read_policy(document)

    assert [problem.path for problem in raised.value.problems] == [
        "rules[0].lnked",
        "rules[0].platforms[0]",
        "rules[0].platforms[2]",
        "rules[1]",
        "rules[1].repositories[0]",
        "rules[1].on_mismatch",
        "exemptions[0].reason",
        "exemptions[0].until",
    ]


@pytest.mark.parametrize(
    ("first", "second", "reachable"),
    [
        ({"repositories": ["*"]}, {"repositories": ["a"]}, False),
        ({"repositories": ["team/*"]}, {"repositories": ["team/web-*"]}, False),
        ({"repositories": ["team/*"]}, {"repositories": ["team/web", "other"]}, True),
        ({"repositories": ["a", "b"]}, {"repositories": ["b"]}, False),
        ({"tags": ["v*"]}, {"tags": ["v1.*"]}, False),
        ({"tags": ["v*"]}, {}, True),
        ({"tags": ["*"]}, {}, False),
        ({"tags": ["*"]}, {"tags": ["{v}-{arch}"]}, False),
        ({"tags": ["*-*"]}, {"tags": ["{v}-{arch}"]}, False),
        ({"tags": ["*arch*"]}, {"tags": ["{v}-{arch}"]}, True),
        ({"tags": ["{v}-{arch}"]}, {"tags": ["{v}-{arch}"]}, False),
        ({"tags": ["{v}-{arch}"]}, {"tags": ["*-arm64"]}, True),
        ({"tags": ["{v}-{arch}"]}, {}, True),
        ({"repositories": ["a"], "tags": ["v*"]}, {"repositories": ["a"], "tags": ["w*"]}, True),
    ],
)
def test_a_rule_that_can_never_match_is_an_error(
    first: dict[str, Any],
    second: dict[str, Any],
    reachable: bool,  # noqa: FBT001 - a table's column
) -> None:
    document = {"version": 1, "rules": [{"name": "first", **first}, {"name": "second", **second}]}

    if reachable:
        assert len(read_policy(document).rules) == 2
    else:
        with pytest.raises(PolicyError, match="can never match"):
            read_policy(document)


def test_an_empty_policy_is_a_policy() -> None:
    assert read_policy({"version": 1}).rules == ()


def test_the_largest_policy_is_read_in_time() -> None:
    rules = [{"name": f"rule {n}", "repositories": [f"team-{n}/*"], "tags": [f"{n}-*"]} for n in range(1000)]
    started = time.perf_counter()

    assert len(read_policy({"version": 1, "rules": rules}).rules) == 1000
    assert time.perf_counter() - started < 3


def problems_of(document: Any) -> tuple[Problem, ...]:
    """What is wrong with a document; anything but a PolicyError fails the test."""
    try:
        read_policy(document)
    except PolicyError as error:
        return error.problems
    return ()


_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
_keys = st.sampled_from(
    ["version", "rules", "exemptions", "defaults", "name", "tags", "platforms", "repositories", "until", "extra"]
)
_anything = st.recursive(
    _scalars | st.sampled_from(["{arch}", "{v}-{arch}", "linux/arm64", "*", "2027-01-31"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_keys | st.text(max_size=5) | st.integers(), inner),
    max_leaves=25,
)


@given(_anything)
def test_whatever_comes_is_a_policy_or_a_policy_error(document: Any) -> None:
    assert all(len(str(problem)) < 600 for problem in problems_of(document))


@given(documents, _anything, st.data())
def test_a_spoilt_document_is_a_policy_or_a_policy_error(
    document: dict[str, Any], value: Any, data: st.DataObject
) -> None:
    spoilt = copy.deepcopy(document)
    place: Any = spoilt
    while isinstance(place, dict | list) and place:
        step = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if data.draw(st.booleans()) or not isinstance(place[step], dict | list):
            place[step] = value
            break
        place = place[step]

    assert all(str(problem) for problem in problems_of(spoilt))


def test_a_problem_says_its_place() -> None:
    assert str(Problem(("rules", 2, "platforms", 0), "wrong", 14)) == "rules[2].platforms[0] (line 14): wrong"
    assert str(Problem((), "wrong", 14)) == "line 14: wrong"
    assert str(Problem(("version",), "wrong")) == "version: wrong"
    assert str(Problem((), "wrong")) == "wrong"
