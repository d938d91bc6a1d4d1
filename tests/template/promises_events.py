"""Which events reach the functions."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tests.template.pattern import matches
from tests.template.promises_permissions import operations
from tests.template.stack import ROOT
from tests.template.variants import ALL, EVERYTHING

from ecrguard.change_event import CALLS
from ecrguard.config import SOURCES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.template.stack import Stack

CALL = "AWS API Call via CloudTrail"
NO_CHANGE = {"change-ecs-task-of-service", "change-call-refused"}
"""Samples of events of which no workload is to be read again."""
CHANGE_RULES = {
    "EcsChangesRule",
    "TaskChangesRule",
    "AppRunnerChangesRule",
    "CallsRule",
    "ScheduleCallsRule",
    "SageMakerCallsRule",
}
PUSH_RULES = {"PushRule", "PushersRule"}
"""The rules whose events go to the push function."""


def rule_takes_the_events_that_are_handled(stack: Stack) -> None:
    pattern = stack.properties("PushRule")["EventPattern"]
    for sample in samples():
        event = json.loads(sample.read_text())
        expected = not sample.name.startswith(("not-handled-", "change-")) and event["detail-type"] != CALL
        assert matches(pattern, event) is expected, sample.name


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


def who_pushed_is_heard_and_no_other_call(stack: Stack) -> None:
    pattern = stack.properties("PushersRule")["EventPattern"]
    narrow = stack.given(RepositoryPattern="team-a/*").properties("PushersRule")["EventPattern"]
    pushed = _call("ecr", "PutImage") | {"source": "aws.ecr"}
    pushed["detail"]["requestParameters"] = {"repositoryName": "team-a/web", "imageTag": "1"}
    assert matches(pattern, pushed)
    assert matches(narrow, pushed)
    elsewhere = pushed["detail"] | {"requestParameters": {"repositoryName": "team-b/web"}}
    assert matches(pattern, pushed | {"detail": elsewhere})
    assert not matches(narrow, pushed | {"detail": elsewhere})
    for name, event in {
        "a push that was refused": pushed | {"detail": pushed["detail"] | {"errorCode": "AccessDenied"}},
        "another call": pushed | {"detail": pushed["detail"] | {"eventName": "BatchDeleteImage"}},
        "a look-alike": pushed | {"source": "my.ecr"},
        "an event of ECR's own": pushed | {"detail-type": "ECR Image Action"},
    }.items():
        assert not matches(pattern, event), name
    for sample in samples():
        event = json.loads(sample.read_text())
        detail = event["detail"]
        expected = event["source"] == "aws.ecr" and event["detail-type"] == CALL and "errorCode" not in detail
        assert matches(pattern, event) is expected, sample.name


def changes_that_are_handled_are_heard_once(stack: Stack) -> None:
    full = stack.given(**EVERYTHING)
    assert [sample for sample in samples() if sample.name.startswith("change-")]
    for sample in samples():
        heard = heard_by(full, json.loads(sample.read_text()))
        expected = sample.name.startswith("change-") and sample.stem not in NO_CHANGE
        assert len(heard) == expected, f"{sample.name}: {heard}"


def changes_are_heard_of_linked_sources_only(stack: Stack) -> None:
    service = {"source": "aws.ecs", "detail-type": "ECS Deployment State Change", "detail": {}}
    action = service | {"detail-type": "ECS Service Action"}
    operation = {"source": "aws.apprunner", "detail-type": "AppRunner Service Operation Status Change", "detail": {}}
    status = operation | {"detail-type": "AppRunner Service Status Change"}
    of_source = {"ecs": [service, action], "tasks": [_task()], "apprunner": [operation, status]}
    for chosen in (*SOURCES, "none", ALL):
        variant = stack.given(LinkedWorkloads=chosen)
        for source, events in of_source.items():
            for event in events:
                assert len(heard_by(variant, event)) == (source in chosen.split(",")), f"{chosen}: {event}"


def calls_that_are_handled_are_heard_and_no_others(stack: Stack) -> None:
    """Of all that the services have: what is heard and is no change would be buried as malformed."""
    for chosen in (*SOURCES, "none", ALL):
        variant = stack.given(LinkedWorkloads=chosen)
        heard = {
            (service, name)
            for pattern in _patterns(variant)
            for service in (source.removeprefix("aws.") for source in pattern["source"])
            for name in pattern["detail"].get("eventName", [])
            if re.sub(r"\d{8}(v\d)?$", "", name) in operations(service)
        }
        assert heard == {call for call, (source, _) in CALLS.items() if source in chosen.split(",")}, chosen
        for service, name in CALLS:
            assert len(heard_by(variant, _call(service, name))) == ((service, name) in heard), f"{chosen}: {name}"


def what_changes_nothing_is_not_heard(stack: Stack) -> None:
    full = stack.given(**EVERYTHING)
    for name, event in {
        "a call that was refused": _call("ecs", "UpdateService", errorCode="AccessDenied"),
        "a call of another service": _call("apprunner", "UpdateService"),
        "a task of a service": _task(group="service:web"),
        "a task that is not running yet": _task(lastStatus="PENDING"),
        "a look-alike": _task() | {"source": "my.ecs"},
    }.items():
        assert not heard_by(full, event), name


def samples() -> list[Path]:
    """The samples of events that the functions meet."""
    found = sorted((ROOT / "events").glob("*.json"))
    assert found
    return found


def heard_by(stack: Stack, event: dict[str, Any]) -> list[str]:
    """The rules for changes that take an event."""
    rules = stack.of_type("AWS::Events::Rule")
    assert rules.keys() <= CHANGE_RULES | PUSH_RULES
    return [name for name in rules.keys() & CHANGE_RULES if matches(rules[name]["EventPattern"], event)]


def _patterns(stack: Stack) -> list[dict[str, Any]]:
    rules = stack.of_type("AWS::Events::Rule")
    patterns = [rule["EventPattern"] for name, rule in rules.items() if name in CHANGE_RULES]
    return [pattern for pattern in patterns if pattern["detail-type"] == [CALL]]


def _call(service: str, name: str, **detail: str) -> dict[str, Any]:
    return {
        "source": f"aws.{service}",
        "detail-type": CALL,
        "detail": {"eventSource": f"{service}.amazonaws.com", "eventName": name} | detail,
    }


def _task(**detail: str) -> dict[str, Any]:
    return {
        "source": "aws.ecs",
        "detail-type": "ECS Task State Change",
        "detail": {"group": "family:migrate", "lastStatus": "RUNNING"} | detail,
    }
