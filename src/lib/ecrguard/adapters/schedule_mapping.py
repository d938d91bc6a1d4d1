"""What EventBridge's and EventBridge Scheduler's answers mean, as values: ECS tasks that they start.

A target of a rule, and a templated target of a schedule, is a cluster with ``EcsParameters``. A universal target of a
schedule is the call itself: its ``Input`` has RunTask's parameters as JSON, in the case of the AWS SDKs for Java
(https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ecrguard.adapters.ecs_mapping import NOT_STATED, Launch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_events.type_defs import EcsParametersOutputTypeDef as RuleParametersTypeDef
    from mypy_boto3_events.type_defs import TargetOutputTypeDef as RuleTargetTypeDef
    from mypy_boto3_scheduler.type_defs import EcsParametersOutputTypeDef as ScheduleParametersTypeDef
    from mypy_boto3_scheduler.type_defs import TargetOutputTypeDef as ScheduleTargetTypeDef

_CLUSTER = re.compile(r"arn:[^:]+:ecs:[^:]+:[0-9]{12}:cluster/[^/]+")
_CALLS = re.compile(r"arn:[^:]+:scheduler:[^:]*:[^:]*:aws-sdk:ecs:(?:runTask|startTask)")
_REVISION = re.compile(r":[0-9]+$")


@dataclass(frozen=True, slots=True)
class Start:
    """What starts tasks.

    Attributes:
        cluster: name or ARN; empty for the cluster ``default``.
        definition: ARN, ``family:revision``, or a family, of which the latest revision is meant.
        launch: the capacity; none where the cluster's default decides.
        constraints: expressions in the cluster query language that the instances must meet.
    """

    cluster: str
    definition: str
    launch: Launch = NOT_STATED
    constraints: tuple[str, ...] = ()

    @property
    def family(self) -> str:
        """The family whose latest revision is meant; empty where a revision is named."""
        name = self.definition.rpartition("/")[2]
        return "" if _REVISION.search(name) else name


def starts_tasks(target: str) -> bool:
    """Whether the ARN of a target is that of an ECS cluster, or of the call that starts tasks."""
    return bool(_CLUSTER.fullmatch(target) or _CALLS.fullmatch(target))


def read_target(answer: RuleTargetTypeDef) -> Start | None:
    """A target of ListTargetsByRule; None where it starts no task."""
    if not _CLUSTER.fullmatch(answer["Arn"]) or "EcsParameters" not in answer:
        return None
    return _templated(answer["Arn"], answer["EcsParameters"])


def read_schedule(answer: ScheduleTargetTypeDef) -> Start | None:
    """The target of GetSchedule; None where it starts no task."""
    if _CLUSTER.fullmatch(answer["Arn"]) and "EcsParameters" in answer:
        return _templated(answer["Arn"], answer["EcsParameters"])
    return _universal(answer.get("Input", "")) if _CALLS.fullmatch(answer["Arn"]) else None


def _templated(cluster: str, parameters: RuleParametersTypeDef | ScheduleParametersTypeDef) -> Start:
    return Start(
        cluster=cluster,
        definition=parameters["TaskDefinitionArn"],
        launch=Launch(
            parameters.get("LaunchType", ""),
            frozenset(each["capacityProvider"] for each in parameters.get("CapacityProviderStrategy", [])),
        ),
        constraints=tuple(
            expression
            for each in parameters.get("PlacementConstraints", [])
            if each.get("type") == "memberOf" and (expression := each.get("expression", ""))
        ),
    )


def _universal(text: str) -> Start | None:
    """RunTask's parameters; None where they name no task definition: such a call starts nothing."""
    try:
        given = _lower(json.loads(text))
    except ValueError:
        return None
    if not isinstance(given, dict) or not _text(given, "taskdefinition"):
        return None
    return Start(
        cluster=_text(given, "cluster"),
        definition=_text(given, "taskdefinition"),
        launch=Launch(
            _text(given, "launchtype"),
            frozenset(_text(each, "capacityprovider") for each in _records(given, "capacityproviderstrategy")),
        ),
        constraints=tuple(
            _text(each, "expression")
            for each in _records(given, "placementconstraints")
            if _text(each, "type") == "memberOf" and _text(each, "expression")
        ),
    )


def _lower(value: Any) -> Any:
    """JSON with its names in lower case: people write them as the AWS CLI does, too."""
    if isinstance(value, dict):
        return {name.lower(): _lower(each) for name, each in value.items()}
    return [_lower(each) for each in value] if isinstance(value, list) else value


def _text(record: Mapping[str, Any], name: str) -> str:
    value = record.get(name)
    return value if isinstance(value, str) else ""


def _records(record: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    value = record.get(name)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
