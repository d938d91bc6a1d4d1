from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import pytest

from ecrguard.adapters.ecs_mapping import Launch
from ecrguard.adapters.schedule_mapping import Start, read_schedule, read_target, starts_tasks

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import TargetOutputTypeDef as RuleTargetTypeDef
    from mypy_boto3_scheduler.type_defs import TargetOutputTypeDef as ScheduleTargetTypeDef

CLUSTER = "arn:aws:ecs:eu-west-1:123456789012:cluster/prod"
DEFINITION = "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:7"
RUN_TASK = "arn:aws:scheduler:::aws-sdk:ecs:runTask"


@pytest.mark.parametrize(
    ("arn", "starts"),
    [
        (CLUSTER, True),
        ("arn:aws-cn:ecs:cn-north-1:123456789012:cluster/prod", True),
        (RUN_TASK, True),
        ("arn:aws:scheduler:::aws-sdk:ecs:startTask", True),
        ("arn:aws-us-gov:scheduler:::aws-sdk:ecs:runTask", True),
        ("arn:aws:scheduler:::aws-sdk:ecs:updateService", False),
        ("arn:aws:scheduler:::aws-sdk:sqs:sendMessage", False),
        ("arn:aws:ecs:eu-west-1:123456789012:service/prod/web", False),
        ("arn:aws:lambda:eu-west-1:123456789012:function:cluster/prod", False),
        ("", False),
    ],
)
def test_targets_that_start_tasks_are_told_by_their_arn(arn: str, *, starts: bool) -> None:
    assert starts_tasks(arn) is starts


PARAMETERS = [
    ({}, Launch(), ()),
    ({"LaunchType": "FARGATE"}, Launch("FARGATE"), ()),
    (
        {"CapacityProviderStrategy": [{"capacityProvider": "a"}, {"capacityProvider": "b", "base": 1}]},
        Launch(providers=frozenset({"a", "b"})),
        (),
    ),
    (
        {
            "PlacementConstraints": [
                {"type": "distinctInstance"},
                {"type": "memberOf", "expression": "attribute:a == b"},
            ]
        },
        Launch(),
        ("attribute:a == b",),
    ),
]


@pytest.mark.parametrize(("parameters", "launch", "constraints"), PARAMETERS)
def test_rules_and_schedules_state_the_same(
    parameters: dict[str, Any], launch: Launch, constraints: tuple[str, ...]
) -> None:
    target = {"Id": "1", "Arn": CLUSTER, "EcsParameters": {"TaskDefinitionArn": DEFINITION} | parameters}
    expected = Start(CLUSTER, DEFINITION, launch, constraints)

    assert read_target(cast("RuleTargetTypeDef", target)) == expected
    assert read_schedule(cast("ScheduleTargetTypeDef", target)) == expected


def test_a_target_that_starts_no_task_is_none() -> None:
    assert read_target({"Id": "1", "Arn": "arn:aws:sqs:eu-west-1:123456789012:queue"}) is None
    assert read_target({"Id": "1", "Arn": CLUSTER}) is None
    assert read_schedule({"Arn": "arn:aws:sqs:eu-west-1:123456789012:queue", "RoleArn": "r"}) is None
    assert read_schedule({"Arn": CLUSTER, "RoleArn": "r"}) is None


@pytest.mark.parametrize(
    ("given", "start"),
    [
        ({"TaskDefinition": "web"}, Start("", "web")),
        ({"Cluster": "prod", "TaskDefinition": DEFINITION}, Start("prod", DEFINITION)),
        ({"cluster": "prod", "taskDefinition": "web:7"}, Start("prod", "web:7")),
        ({"TaskDefinition": "web", "LaunchType": "EC2"}, Start("", "web", Launch("EC2"))),
        (
            {"TaskDefinition": "web", "CapacityProviderStrategy": [{"CapacityProvider": "asg", "Weight": 1}]},
            Start("", "web", Launch(providers=frozenset({"asg"}))),
        ),
        (
            {
                "TaskDefinition": "web",
                "PlacementConstraints": [{"Type": "memberOf", "Expression": "attribute:a == b"}, {"Type": "new"}],
            },
            Start("", "web", Launch(), ("attribute:a == b",)),
        ),
        ({"TaskDefinition": "web", "CapacityProviderStrategy": "asg", "LaunchType": 3}, Start("", "web")),
        ({"Cluster": "prod"}, None),
        ({"TaskDefinition": None}, None),
        ([], None),
    ],
)
def test_the_call_itself_may_be_the_target(given: object, start: Start | None) -> None:
    target = {"Arn": RUN_TASK, "RoleArn": "r", "Input": json.dumps(given)}

    assert read_schedule(cast("ScheduleTargetTypeDef", target)) == start


@pytest.mark.parametrize(
    ("definition", "family"),
    [
        ("web", "web"),
        ("web:7", ""),
        (DEFINITION, ""),
        (DEFINITION.removesuffix(":7"), "web"),
        ("web-1_x", "web-1_x"),
    ],
)
def test_a_definition_without_revision_is_a_family(definition: str, family: str) -> None:
    assert Start("", definition).family == family
