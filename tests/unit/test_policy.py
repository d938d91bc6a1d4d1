from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.policies import documents

from ecrguard.domain.action import Action
from ecrguard.domain.pattern import Globs
from ecrguard.domain.platform import parse
from ecrguard.domain.policy import Decision, Demand, Exemption, LinkedMode, Match, Policy, Rule, ScopedExemption
from ecrguard.domain.policy_document import read_policy

TODAY = date(2026, 11, 20)
DOCUMENT = {
    "version": 1,
    "defaults": {"linked": "exact", "on_mismatch": "tag"},
    "rules": [
        {"name": "promise", "repositories": ["team/*"], "tags": ["{version}-{platform}", "{version}-{arch}"]},
        {"name": "lone", "repositories": ["team/*"], "tags": ["lone-{arch}"], "extra": False},
        {"name": "links", "repositories": ["team/jobs"], "linked": "off"},
        {"name": "both", "repositories": ["team/*"], "tags": ["v*"], "platforms": ["linux/amd64", "arm64"]},
        {
            "name": "either",
            "repositories": ["agents"],
            "platforms": ["linux/amd64", "linux/arm64"],
            "match": "any",
            "extra": False,
            "linked": "repository",
            "on_mismatch": "alert",
        },
    ],
}
BOTH = Demand((parse("linux/amd64"), parse("arm64", partial=True)))
ARM64 = Demand((parse("arm64", partial=True),), from_tag=True)


@pytest.mark.parametrize(
    ("repository", "tag", "expected"),
    [
        ("team/web", "v1", Decision("both", BOTH, LinkedMode.EXACT, Action.TAG)),
        ("team/web", "v1-arm64", Decision("promise", ARM64, LinkedMode.EXACT, Action.TAG)),
        (
            "team/web",
            "v1-linux-arm64",
            Decision("promise", Demand((parse("linux/arm64"),), from_tag=True), LinkedMode.EXACT, Action.TAG),
        ),
        # No architecture in the tag: the rule of promises is not meant, the next that matches is.
        ("team/web", "v1.4-beta", Decision("both", BOTH, LinkedMode.EXACT, Action.TAG)),
        ("team/web", "1.4-beta", Decision("", None, LinkedMode.EXACT, Action.TAG)),
        # Of a rule that names no platform, none is taken from the rules below it.
        ("team/jobs", "v1", Decision("links", None, LinkedMode.OFF, Action.TAG)),
        (
            "agents",
            "latest",
            Decision(
                "either",
                Demand((parse("linux/amd64"), parse("linux/arm64")), Match.ANY, extra=False),
                LinkedMode.REPOSITORY,
                Action.ALERT,
            ),
        ),
        ("other", "v1", Decision("", None, LinkedMode.EXACT, Action.TAG)),
        ("team/web", "V1", Decision("", None, LinkedMode.EXACT, Action.TAG)),
        ("team/web", "", Decision("", None, LinkedMode.EXACT, Action.TAG)),
        ("agents", "", Decision("", None, LinkedMode.EXACT, Action.TAG)),
    ],
)
def test_the_first_rule_that_matches_decides(repository: str, tag: str, expected: Decision) -> None:
    assert read_policy(DOCUMENT).decide(repository, tag, TODAY) == expected


def test_a_tag_that_promises_one_platform_may_be_an_index_unless_the_rule_says_no() -> None:
    policy = Policy((Rule("any"),))
    first, second = read_policy(DOCUMENT).rules[:2]

    assert first.demand_of("1-arm64") == ARM64
    assert second.demand_of("lone-arm64") == Demand(ARM64.platforms, extra=False, from_tag=True)
    assert policy.decide("x", "1-arm64", TODAY).demand is None


def test_no_policy_leaves_everything_to_linked_workloads_and_alerts() -> None:
    assert Policy().decide("team/web", "v1", TODAY) == Decision("", None, LinkedMode.REPOSITORY, Action.ALERT)


def exemption(reason: str, until: date, repositories: str = "*", tags: str = "*") -> ScopedExemption:
    return ScopedExemption(Exemption(reason, until), Globs((repositories,)), Globs((tags,)))


@pytest.mark.parametrize(
    ("until", "exempt"),
    [(TODAY - timedelta(1), False), (TODAY, True), (TODAY + timedelta(1), True), (date.min, False), (date.max, True)],
)
def test_an_exemption_holds_through_its_last_day(until: date, exempt: bool) -> None:  # noqa: FBT001 - a column
    decision = Policy(exemptions=(exemption("why", until),)).decide("r", "t", TODAY)

    assert (decision.exemption is not None) is exempt
    assert bool(decision.expired) is not exempt


def test_exemptions_of_the_rule_come_first_and_ended_ones_are_told() -> None:
    ended, held = TODAY - timedelta(1), TODAY + timedelta(9)
    rule = Rule("r", exemptions=(exemption("old", ended), exemption("rule", held)))
    policy = Policy((rule,), (exemption("all", held), exemption("older", ended), exemption("not mine", held, "x")))

    decision = policy.decide("team/web", "v1", TODAY)

    assert decision.rule == "r"
    assert decision.exemption == Exemption("rule", held)
    assert decision.expired == (Exemption("old", ended), Exemption("older", ended))


def test_the_exemptions_of_a_rule_that_does_not_decide_do_not_count() -> None:
    shadowed = Rule("second", exemptions=(exemption("why", date.max),))

    assert Policy((Rule("first"), shadowed)).decide("r", "t", TODAY).exemption is None


_names = st.sampled_from(["team/web", "team/jobs", "base", "x"])
_tags = st.sampled_from(["", "v1", "v1-arm64", "latest", "1.4-beta", "pr-386", "1-linux-amd64"])
_days = st.dates(date(2026, 1, 1), date(2027, 12, 31))


@given(documents, _names, _tags, _days)
def test_the_rule_named_is_the_first_that_matches(document: dict[str, Any], name: str, tag: str, day: date) -> None:
    policy = read_policy(document)

    decision = policy.decide(name, tag, day)

    matching = [rule.name for rule in policy.rules if rule.match(name, tag)]
    assert decision.rule == (matching[0] if matching else "")
    assert decision == policy.decide(name, tag, day)


@given(documents, _names, _tags, _days)
def test_an_ended_exemption_never_exempts(document: dict[str, Any], name: str, tag: str, day: date) -> None:
    decision = read_policy(document).decide(name, tag, day)

    assert decision.exemption is None or decision.exemption.until >= day
    assert all(one.until < day for one in decision.expired)


@given(documents, st.text(max_size=300), st.text(max_size=200), st.dates())
def test_every_repository_and_tag_gets_a_decision(document: dict[str, Any], name: str, tag: str, day: date) -> None:
    assert isinstance(read_policy(document).decide(name, tag, day), Decision)
