"""Task definitions: each revision is read from ECS once ever, since it never changes once it is registered."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ecrguard.adapters.calls import Calls, GoneError
from ecrguard.adapters.ecs_mapping import TaskDefinition, read_daemon_task_definition, read_task_definition
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mypy_boto3_ecs.client import ECSClient

    from ecrguard.ports import Revisions

DESCRIBE = "ecs:DescribeTaskDefinition"
"""IAM action that reading task definitions needs."""
DESCRIBE_OF_DAEMON = "ecs:DescribeDaemonTaskDefinition"
"""IAM action that reading the task definitions of daemons needs."""

_FORMAT = 1
# ClientException: ECS cannot describe it, since it was deleted with whatever used it. InvalidParameterException: what
# is to name it cannot name one.
_GONE = ("ClientException", "InvalidParameterException")


@dataclass(slots=True)
class Definitions:
    """Task definitions, from where they are kept or else from ECS.

    Attributes:
        client: gives boto3's ECS client.
        calls: makes the calls.
        revisions: where they are kept.
    """

    client: Callable[[], ECSClient]
    calls: Calls
    revisions: Revisions
    _known: dict[str, TaskDefinition | Unknown | None] = field(default_factory=dict)
    _latest: dict[str, TaskDefinition | Unknown | None] = field(default_factory=dict)

    def read(self, arns: Iterable[str]) -> dict[str, TaskDefinition | Unknown | None]:
        """Task definitions by ARN; Unknown for one that may not be read, None for one that is gone.

        Args:
            arns: of revisions, all that are needed at once: what is kept of them is read in one go.

        Raises:
            UnreadableError: throttled or unavailable. What was read before stays kept.
        """
        asked = dict.fromkeys(arns)
        new = [arn for arn in asked if arn not in self._known]
        kept = self.revisions.get(new) if new else {}
        self._known |= {arn: known for arn, text in kept.items() if (known := decode(text)) is not None}
        read: dict[str, str] = {}
        try:
            for arn in (arn for arn in new if arn not in self._known):
                self._known[arn] = definition = self._describe(arn)
                if isinstance(definition, TaskDefinition):
                    read[arn] = encode(definition)
        finally:
            if read:
                self.revisions.put(read)
        return {arn: self._known[arn] for arn in asked}

    def latest(self, family: str) -> TaskDefinition | Unknown | None:
        """The latest ACTIVE revision of a family, as it is now; None where there is none.

        It is asked for once in the life of this object, and not kept longer: another may be registered at any time.

        Raises:
            UnreadableError: throttled or unavailable.
        """
        if family not in self._latest:
            self._latest[family] = self._describe(family)
        return self._latest[family]

    def _describe(self, reference: str) -> TaskDefinition | Unknown | None:
        try:
            if ":daemon-task-definition/" in reference:
                return self._describe_of_daemon(reference)
            with self.calls.to(DESCRIBE, subject(reference), gone=_GONE):
                answer = self.client().describe_task_definition(taskDefinition=reference)
            return read_task_definition(answer["taskDefinition"])
        except GoneError:
            return None
        except UnreadableError as error:
            if error.unknown.reason is not UnknownReason.ACCESS_DENIED:
                raise
            return error.unknown

    def _describe_of_daemon(self, arn: str) -> TaskDefinition:
        with self.calls.to(DESCRIBE_OF_DAEMON, subject(arn), gone=_GONE):
            answer = self.client().describe_daemon_task_definition(daemonTaskDefinition=arn)
        return read_daemon_task_definition(answer["daemonTaskDefinition"])


def subject(reference: str) -> str:
    """How people call a task definition."""
    return f"the ECS task definition {reference.rpartition('/')[2]}"


def gone(arn: str, what: str) -> Unknown:
    """Why a workload is unknown whose task definition is gone although it is not.

    Args:
        arn: of the task definition.
        what: the workload, for people.
    """
    detail = f"{DESCRIBE} does not find {subject(arn)}, which {what} runs; update it if this lasts"
    return Unknown(UnknownReason.UNAVAILABLE, detail, what)


def encode(definition: TaskDefinition) -> str:
    """A task definition as a text to keep."""
    return json.dumps(
        {
            "format": _FORMAT,
            "name": definition.name,
            "cpu": definition.cpu_architecture,
            "os": definition.operating_system_family,
            "images": definition.images,
            "constraints": definition.constraints,
        },
        separators=(",", ":"),
    )


def decode(text: str) -> TaskDefinition | None:
    """The task definition that a text keeps; None where it is not of the format that this version writes."""
    try:
        kept: Any = json.loads(text)
        if kept["format"] != _FORMAT:
            return None
        return TaskDefinition(
            name=str(kept["name"]),
            cpu_architecture=str(kept["cpu"]),
            operating_system_family=str(kept["os"]),
            images=tuple((str(container), str(image)) for container, image in kept["images"]),
            constraints=tuple(str(each) for each in kept["constraints"]),
        )
    except (ValueError, KeyError, TypeError):
        return None
