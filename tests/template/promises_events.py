"""Which events reach the push function."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.template.pattern import matches
from tests.template.stack import ROOT

if TYPE_CHECKING:
    from tests.template.stack import Stack


def rule_takes_the_events_that_are_handled(stack: Stack) -> None:
    pattern = stack.properties("PushRule")["EventPattern"]
    samples = sorted((ROOT / "events").glob("*.json"))
    assert samples
    for sample in samples:
        expected = not sample.name.startswith("not-handled-")
        assert matches(pattern, json.loads(sample.read_text())) is expected, sample.name


def rule_leaves_what_is_no_push(stack: Stack) -> None:
    pattern = stack.properties("PushRule")["EventPattern"]
    push = json.loads((ROOT / "events" / "push-single.json").read_text())
    detail = push["detail"]
    assert matches(pattern, push)
    for name, other in {
        "another source": push | {"source": "my.ecr"},
        "a scan": push | {"detail-type": "ECR Image Scan"},
        "a pull through the cache": push | {"detail-type": "ECR Pull Through Cache Action"},
        "a failure": push | {"detail": detail | {"result": "FAILURE"}},
        "a deletion": push | {"detail": detail | {"action-type": "DELETE"}},
    }.items():
        assert not matches(pattern, other), name


def repository_pattern_narrows_the_rule(stack: Stack) -> None:
    push = json.loads((ROOT / "events" / "push-single.json").read_text())

    def taken(repositories: str, name: str) -> bool:
        pattern = stack.given(RepositoryPattern=repositories).properties("PushRule")["EventPattern"]
        return matches(pattern, push | {"detail": push["detail"] | {"repository-name": name}})

    assert taken("*", "team-a/api")
    assert taken("team-a/*", "team-a/api")
    assert not taken("team-a/*", "team-b/api")
    assert not taken("api", "team-a/api")
