"""What EventBridge's and EventBridge Scheduler's answers mean, as values: ECS tasks that they start.

A target of a rule, and a templated target of a schedule, is a cluster with ``EcsParameters``. A universal target of a
schedule is the call itself: its ``Input`` has RunTask's parameters as JSON, in the case of the AWS SDKs for Java
(https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html).

Neither EventBridge nor Scheduler holds these texts to what ECS takes, and whoever may create a schedule writes them.
Where ECS is sure to refuse the call, the target starts no task.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ecrguard.adapters.ecs_mapping import NOT_STATED, Launch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_events.type_defs import EcsParametersOutputTypeDef as RuleParametersTypeDef
    from mypy_boto3_events.type_defs import TargetOutputTypeDef as RuleTargetTypeDef
    from mypy_boto3_scheduler.type_defs import EcsParametersOutputTypeDef as ScheduleParametersTypeDef
    from mypy_boto3_scheduler.type_defs import TargetOutputTypeDef as ScheduleTargetTypeDef

# Clusters and families: up to 255 letters, digits, underscores and hyphens (CreateCluster, RegisterTaskDefinition).
_NAME = r"[A-Za-z0-9_-]{1,255}"
_ARN = r"arn:[a-z0-9-]{1,63}:ecs:[a-z0-9-]{1,63}:[0-9]{12}"
_CLUSTER = re.compile(rf"{_ARN}:cluster/{_NAME}")
_CLUSTER_OR_NAME = re.compile(rf"(?:{_ARN}:cluster/)?{_NAME}")
_DEFINITION = re.compile(rf"(?:{_ARN}:task-definition/)?{_NAME}(?::[0-9]{{1,10}})?")
_CALLS = re.compile(r"arn:[^:]+:scheduler:[^:]*:[^:]*:aws-sdk:ecs:(?:runTask|startTask)")
_REVISION = re.compile(r":[0-9]+$")
_CONSTRAINTS = 10
"""The most placement constraints that RunTask takes. Each is a call to ECS."""


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


def _templated(cluster: str, parameters: RuleParametersTypeDef | ScheduleParametersTypeDef) -> Start | None:
    return _start(
        cluster,
        parameters["TaskDefinitionArn"],
        Launch(
            parameters.get("LaunchType", ""),
            frozenset(each["capacityProvider"] for each in parameters.get("CapacityProviderStrategy", [])),
        ),
        [(each.get("type", ""), each.get("expression", "")) for each in parameters.get("PlacementConstraints", [])],
    )


def _start(cluster: str, definition: str, launch: Launch, constraints: Sequence[tuple[str, str]]) -> Start | None:
    """What starts tasks; None where ECS cannot take it.

    Args:
        cluster: as given; empty for none.
        definition: as given.
        launch: that is named.
        constraints: type and expression of each.
    """
    if cluster and not _CLUSTER_OR_NAME.fullmatch(cluster):
        return None
    if not _DEFINITION.fullmatch(definition) or len(constraints) > _CONSTRAINTS:
        return None
    members = tuple(expression for kind, expression in constraints if kind == "memberOf" and expression)
    return Start(cluster, definition, launch, members)


def _universal(text: str) -> Start | None:
    """RunTask's parameters; None where they are none that it takes: such a call starts nothing."""
    try:
        given: Any = json.loads(text)
        return _called(given) if isinstance(given, dict) else None
    except (ValueError, RecursionError):
        # RecursionError: JSON of a few kilobytes nests deeper than the parser follows.
        return None


def _called(given: Mapping[str, Any]) -> Start | None:
    """What a call starts. Raises ValueError where a parameter is not of RunTask's type."""
    strategy = _records(given, "CapacityProviderStrategy")
    return _start(
        _text(given, "Cluster"),
        _text(given, "TaskDefinition"),
        Launch(_text(given, "LaunchType"), frozenset(_text(each, "CapacityProvider") for each in strategy)),
        [(_text(each, "Type"), _text(each, "Expression")) for each in _records(given, "PlacementConstraints")],
    )


def _member(record: Mapping[str, Any], name: str) -> Any:
    """A member of JSON, in whatever case: people write them as the AWS CLI does, too. None where it is not given."""
    if name in record:
        return record[name]
    return next((value for each, value in record.items() if each.lower() == name.lower()), None)


def _text(record: Mapping[str, Any], name: str) -> str:
    value = _member(record, name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"expected a text as {name}")  # noqa: TRY004 - what is caught, as of JSON's parser
    # JSON can spell half a character, which no call can send: UnicodeEncodeError is a ValueError.
    value.encode()
    return value


def _records(record: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    value = _member(record, name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise ValueError(f"expected a list of objects as {name}")
    return value
