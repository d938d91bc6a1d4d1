"""No action can be taken from a role without a promise of the template being broken."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from tests.template.promises import PROMISES
from tests.template.promises_permissions import only_linked_workloads_are_read, permissions_are_those_of_the_calls
from tests.template.stack import Stack, as_list
from tests.template.variants import ALL, EVERYTHING, KEY

if TYPE_CHECKING:
    from tests.template.stack import Properties

WHOLE = {**EVERYTHING, "LinkedWorkloads": ALL, "SlackWebhookKeyArn": KEY}


@dataclass(frozen=True)
class Lacking(Stack):
    """The template without one action in the role of one function."""

    function: str = ""
    action: str = ""

    def given(self, **overrides: str) -> Lacking:
        return replace(self, overrides=self.overrides | overrides)

    def statements(self, function: str) -> list[Properties]:
        found = super().statements(function)
        if function != self.function:
            return found
        left = [
            {**statement, "Action": [action for action in as_list(statement["Action"]) if action != self.action]}
            for statement in found
        ]
        return [statement for statement in left if statement["Action"]]


# First those that nearly every action breaks.
OF_PERMISSIONS = [
    permissions_are_those_of_the_calls,
    only_linked_workloads_are_read,
    *(promise for promise in PROMISES if promise.__module__.endswith(("_permissions", "_levels"))),
]


def broken(stack: Stack) -> bool:
    for promise in OF_PERMISSIONS:
        try:
            promise(stack)
        except (AssertionError, LookupError):
            return True
    return False


EACH = [
    pytest.param(function, action, id=f"{function}-{action}")
    for function in Stack().given(**WHOLE).of_type("AWS::Serverless::Function")
    for action in sorted(Stack().given(**WHOLE).actions(function))
]


def test_with_all_actions_no_promise_is_broken() -> None:
    assert not broken(Lacking())


@pytest.mark.parametrize(("function", "action"), EACH)
def test_an_action_that_is_removed_breaks_a_promise(function: str, action: str) -> None:
    assert broken(Lacking(function=function, action=action))
