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
        ({"TaskDefinition": "web", "taskdefinition": "api", "CLUSTER": "prod"}, Start("prod", "web")),
        ({"TaskDefinition": "web", "Cluster": None, "PlacementConstraints": None}, Start("", "web")),
        ({"Cluster": "prod"}, None),
        ({"TaskDefinition": None}, None),
        ([], None),
    ],
)
def test_the_call_itself_may_be_the_target(given: object, start: Start | None) -> None:
    target = {"Arn": RUN_TASK, "RoleArn": "r", "Input": json.dumps(given)}

    assert read_schedule(cast("ScheduleTargetTypeDef", target)) == start


@pytest.mark.parametrize("depth", [1_100, 100_000])
def test_json_may_nest_deeper_than_python_calls_itself(depth: int) -> None:
    target = {"Arn": RUN_TASK, "Input": '{"TaskDefinition": "web", "Overrides": ' + "[" * depth + "]" * depth + "}"}

    assert read_schedule(cast("ScheduleTargetTypeDef", target)) in (Start("", "web"), None)


@pytest.mark.parametrize(
    "given",
    [
        {"Cluster": 3},
        {"Cluster": ["prod"]},
        {"LaunchType": 3},
        {"CapacityProviderStrategy": "asg"},
        {"CapacityProviderStrategy": ["asg"]},
        {"CapacityProviderStrategy": [{"CapacityProvider": 3}]},
        {"PlacementConstraints": [{"Type": "memberOf", "Expression": ["attribute:a == b"]}]},
        {"PlacementConstraints": [{"Type": "memberOf", "Expression": "attribute:a == \ud800"}]},
        {"PlacementConstraints": [{"Type": "distinctInstance"}] * 11},
    ],
)
def test_a_call_that_ecs_does_not_take_starts_nothing(given: dict[str, Any]) -> None:
    target = {"Arn": RUN_TASK, "Input": json.dumps({"TaskDefinition": "web"} | given)}

    assert read_schedule(cast("ScheduleTargetTypeDef", target)) is None


LONGEST = "x" * 255
ACCOUNT = "arn:aws:ecs:eu-west-1:123456789012"


@pytest.mark.parametrize(
    ("definition", "taken"),
    [
        (LONGEST, True),
        (f"{LONGEST}:4294967295", True),
        (f"{ACCOUNT}:task-definition/{LONGEST}:7", True),
        ("arn:aws-us-gov:ecs:us-gov-west-1:123456789012:task-definition/web", True),
        (f"x{LONGEST}", False),
        (f"{ACCOUNT}:task-definition/x{LONGEST}", False),
        (f"web:{'7' * 2_000}", False),
        (f"arn:aws:ecs:{'x' * 2_000}:123456789012:task-definition/web", False),
        ("web:", False),
        ("web:latest", False),
        ("web:7\n", False),
        ("w\u00e9b", False),
        ("web\u0667", False),
        ("\ud800:1", False),
        ("prod/web", False),
        (f"{ACCOUNT}:cluster/web", False),
        ("", False),
    ],
)
def test_a_definition_is_what_ecs_takes_as_one(definition: str, *, taken: bool) -> None:
    templated = {"Id": "1", "Arn": CLUSTER, "EcsParameters": {"TaskDefinitionArn": definition}}
    universal = {"Arn": RUN_TASK, "Input": json.dumps({"Cluster": CLUSTER, "TaskDefinition": definition})}
    start = Start(CLUSTER, definition) if taken else None

    assert read_target(cast("RuleTargetTypeDef", templated)) == start
    assert read_schedule(cast("ScheduleTargetTypeDef", templated)) == start
    assert read_schedule(cast("ScheduleTargetTypeDef", universal)) == start


@pytest.mark.parametrize(
    ("cluster", "taken"),
    [
        (LONGEST, True),
        ("a-b_C1", True),
        (f"{ACCOUNT}:cluster/{LONGEST}", True),
        (f"x{LONGEST}", False),
        (f"{ACCOUNT}:cluster/x{LONGEST}", False),
        (f"{ACCOUNT}:cluster/a/b", False),
        (f"{ACCOUNT}:cluster/", False),
        (f"{ACCOUNT}:service/a", False),
        ("no such/cluster:x", False),
        ("prod ", False),
    ],
)
def test_a_cluster_is_what_ecs_takes_as_one(cluster: str, *, taken: bool) -> None:
    universal = {"Arn": RUN_TASK, "Input": json.dumps({"Cluster": cluster, "TaskDefinition": "web"})}
    templated = {"Id": "1", "Arn": cluster, "EcsParameters": {"TaskDefinitionArn": "web"}}
    start = Start(cluster, "web") if taken else None

    assert read_schedule(cast("ScheduleTargetTypeDef", universal)) == start
    if "/" in cluster:
        assert read_target(cast("RuleTargetTypeDef", templated)) == start
        assert starts_tasks(cluster) is taken


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
