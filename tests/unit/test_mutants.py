"""The mutants that ``make mutation`` makes of a rule."""

from __future__ import annotations

import ast

import pytest
from tests.mutation.operators import mutants

from ecrguard.domain.action import Action

# a line of a function, and what takes its place
CHANGED: dict[str, tuple[str, set[str]]] = {
    "a condition": ("if a: b()", {"a => (True)", "a => (False)", "b() => pass"}),
    "one of two": (
        "c = a and b",
        {"c = a and b => pass", "a and b => ((a) or (b))", "a and b => ((b))", "a and b => ((a))"},
    ),
    "a comparison": ("return a <= 0", {"a <= 0 => a < 0", "a <= 0 => a > 0", "0 => 1"}),
    "a check of a table": ("return (a, *b)", {"(a, *b) => (*b, )", "(a, *b) => (a, )"}),
    "the next action": ("return Action.ALERT", {"Action.ALERT => Action.TAG", "Action.ALERT => Action.DELETE"}),
    "no member of an enumeration": ("return a.b", set()),
    "a difference": ("return a - {b}", {"a - {b} => a", "a - {b} => {b}", "a - {b} => a + {b}", "{b} => set()"}),
    "an argument": ("return f(a, b=c)", {"f(a, b=c) => f(a)"}),
    "all and any": ("return all(a)", {"all(a) => any(a)"}),
    "not": ("return not a", {"not a => (a)"}),
    "a docstring": ('"""x"""', set()),
    "an annotation": ("x: int | None", set()),
}


@pytest.mark.parametrize(("line", "changes"), CHANGED.values(), ids=CHANGED.keys())
def test_each_thing_is_broken_in_each_way(line: str, changes: set[str]) -> None:
    source = f"def rule(a):\n    {line}\n"

    made = mutants(source, {"Action": Action})

    assert {mutant.name.removeprefix("rule: ") for mutant in made} == changes
    assert len({mutant.source for mutant in made} | {source}) == len(made) + 1
    for mutant in made:
        ast.parse(mutant.source)
        assert mutant.line == 2


def test_a_function_may_find_nothing() -> None:
    names = [
        [mutant.name for mutant in mutants(f"def rule() -> {declared}:\n    return x\n", {})]
        for declared in ("bool", "tuple[str, ...]", "str | None", "str")
    ]

    assert names == [
        ["rule: return x => return True", "rule: return x => return False"],
        ["rule: return x => return ()"],
        ["rule: return x => return None"],
        [],
    ]


def test_what_is_broken_twice_alike_has_a_name_of_its_own() -> None:
    made = mutants("class Rule:\n    a: bool = False\n    b: bool = False\n", {})

    assert [mutant.name for mutant in made] == ["Rule: False => True", "Rule: False => True (2)"]
