"""What each level of Enforcement may change in ECR, and what of the table its functions may."""

from __future__ import annotations

import fnmatch
import itertools
from typing import TYPE_CHECKING

from tests.template.promises_permissions import ECR_READS, READERS, WITH_ACTS, roles
from tests.template.stack import as_list, attribute_of
from tests.template.variants import EVERYTHING, variants

from ecrguard.adapters.ecr_editor import ACTIONS, LATER_ACTIONS
from ecrguard.adapters.ledger_items import CAP, DUE, history_pk, ledger_pk, tag_subject
from ecrguard.config import ENFORCEMENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.template.stack import Stack

PUSH, RECONCILE = "PushFunction", "ReconcileFunction"
WRITES: Mapping[str, Mapping[str, set[str]]] = {
    "audit": {},
    "tag": {PUSH: {"ecr:PutImage"}},
    "quarantine": {PUSH: {"ecr:PutImage", "ecr:BatchDeleteImage"}},
    "archive": {
        PUSH: {"ecr:PutImage", "ecr:BatchDeleteImage"},
        RECONCILE: {"ecr:UpdateImageStorageClass"},
    },
    "delete": {
        PUSH: {"ecr:PutImage", "ecr:BatchDeleteImage"},
        RECONCILE: {"ecr:UpdateImageStorageClass", "ecr:BatchDeleteImage", "ecr:PutImage"},
    },
}
"""For each level the actions that write to ECR, by function; functions that are not named have none."""
LEVEL_READS = {"ecr:DescribeRepositories"}
"""What may be read besides where something may be taken away."""
TABLE_ACTIONS = {
    PUSH: {"Query", "GetItem", "PutItem", "UpdateItem", "DeleteItem"},
    "SlackFunction": {"GetItem", "PutItem"},
} | {
    reader: {"Query", "GetItem", "BatchGetItem", "BatchWriteItem", "PutItem", "UpdateItem", "DeleteItem"}
    for reader in READERS
}
"""What each function may do to the table."""
PARTS = {PUSH: "ledger", "SlackFunction": "threads"}
"""The part of the table that a function may do it to; those that keep the inventory may do it to all."""
PARTITIONS = {
    "repository#team/web": "inventory",
    "source#ecs": "inventory",
    "inventory": "inventory",
    "pass#ecs": "inventory",
    "lease": "inventory",
    "revision#arn:aws:ecs:eu-central-1:123456789012:task-definition/web:1": "revisions",
    ledger_pk("team/web"): "ledger",
    history_pk("team/web", tag_subject("1.4")): "ledger",
    DUE: "ledger",
    CAP: "ledger",
    "pace": "ledger",
    "pusher#team/web": "ledger",
    "thread#1f0e": "threads",
}
"""A partition of each kind that the table has, and what it is part of."""


def audit_cannot_write_to_ecr(stack: Stack) -> None:
    for variant in variants(stack, Enforcement="audit"):
        for function, statement in roles(variant):
            for action in as_list(statement["Action"]):
                assert not action.startswith("ecr:") or action in ECR_READS, f"{function}: {action}"


def each_level_may_write_what_it_names_and_nothing_else(stack: Stack) -> None:
    assert list(WRITES) == list(ENFORCEMENT)
    for level, expected in WRITES.items():
        called = {PUSH: ACTIONS[ENFORCEMENT[level]], RECONCILE: LATER_ACTIONS[ENFORCEMENT[level]]}
        assert {function: set(actions) for function, actions in called.items() if actions} == expected, level
        for variant in variants(stack, Enforcement=level):
            for function in variant.of_type("AWS::Serverless::Function"):
                found = {action for action in variant.actions(function) if action.startswith("ecr:")}
                writes = found - ECR_READS - LEVEL_READS
                assert writes == expected.get(function, set()), f"{level}: {function}"
                reads = LEVEL_READS if level in WITH_ACTS and function == PUSH else set()
                assert found & LEVEL_READS == reads, f"{level}: {function}"


def a_level_takes_nothing_from_those_before_it(stack: Stack) -> None:
    for milder, severer in itertools.pairwise(ENFORCEMENT):
        for variant in variants(stack, Enforcement=milder):
            for function in variant.of_type("AWS::Serverless::Function"):
                after = variant.given(Enforcement=severer).actions(function)
                assert variant.actions(function) <= after, f"{milder} to {severer}: {function}"


def writes_are_granted_by_level_alone(stack: Stack) -> None:
    """In policies that exist only from their level on, so that going back takes the permission away."""
    for name, policy in stack.template["Resources"].items():
        if policy["Type"] != "AWS::IAM::Policy":
            continue
        actions = {a for s in policy["Properties"]["PolicyDocument"]["Statement"] for a in as_list(s["Action"])}
        if {action for action in actions if action.startswith("ecr:")} - ECR_READS:
            assert policy["Condition"] in ("MayTag", "MayQuarantine", "MayArchive", "MayDelete"), name


def default_is_audit(stack: Stack) -> None:
    for function in (PUSH, *READERS):
        assert stack.environment(function)["ENFORCEMENT"] == "audit"
    assert "ecr:PutImage" not in stack.actions(PUSH)


def own_roles_are_those_that_may_push(stack: Stack) -> None:
    full = stack.given(**EVERYTHING)
    told = full.environment(PUSH)["OWN_ROLE_ARNS"].split(",")
    pushing = [
        attribute_of(full.properties(function)["Role"])
        for function in full.of_type("AWS::Serverless::Function")
        if "ecr:PutImage" in full.actions(function)
    ]
    assert told == [f"${{{role}.Arn}}" for role in pushing]


def table_is_written_by_those_whose_part_it_is(stack: Stack) -> None:
    for level in ENFORCEMENT:
        for function, allowed in _table_actions(stack.given(**EVERYTHING | {"Enforcement": level})).items():
            # What an action is allowed on: all of a kind of partitions, or none of it.
            found = {
                (action, part)
                for action, patterns in allowed.items()
                for partition, part in PARTITIONS.items()
                if _fits(patterns, partition)
            }
            parts = set(PARTITIONS.values()) if function in READERS else {PARTS.get(function, "")}
            expected = set(itertools.product(TABLE_ACTIONS.get(function, ()), parts))
            if function == PUSH:
                expected |= {("Query", part) for part in PARTITIONS.values()}
                revisions = {("BatchGetItem", "revisions"), ("BatchWriteItem", "revisions")}
                expected |= revisions if level in WITH_ACTS else set()
            assert found == expected, f"{level}: {function}"
    for partition in (name for name, part in PARTITIONS.items() if part == "ledger"):
        assert _fits(_table_actions(stack)[PUSH]["UpdateItem"], partition), partition


def _table_actions(stack: Stack) -> dict[str, dict[str, list[str]]]:
    """What each function may do to the table, with patterns of the partitions that it may do it in."""
    found: dict[str, dict[str, list[str]]] = {function: {} for function in stack.of_type("AWS::Serverless::Function")}
    for function, statement in roles(stack):
        for action in as_list(statement["Action"]):
            if not action.startswith("dynamodb:"):
                continue
            assert statement["Resource"] == "${InventoryTable.Arn}", function
            condition = statement.get("Condition", {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["*"]}})
            assert list(condition) == ["ForAllValues:StringLike"], function
            assert list(condition["ForAllValues:StringLike"]) == ["dynamodb:LeadingKeys"], function
            operation = action.partition(":")[2]
            assert operation not in found[function], f"{function} may {operation} twice"
            found[function][operation] = condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
    return found


def _fits(patterns: list[str], partition: str) -> bool:
    return any(fnmatch.fnmatchcase(partition, pattern) for pattern in patterns)
