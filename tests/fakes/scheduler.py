"""Amazon EventBridge Scheduler in memory, as its API shows schedules."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.fakes.service import ACCOUNT, REGION, FakeService
from tests.fakes.wire import Record, Refusal, connect

if TYPE_CHECKING:
    from mypy_boto3_scheduler.client import EventBridgeSchedulerClient

_PREFIX = f"arn:aws:scheduler:{REGION}:{ACCOUNT}"
_ROLE = f"arn:aws:iam::{ACCOUNT}:role/schedules"
RUN_TASK = "arn:aws:scheduler:::aws-sdk:ecs:runTask"
"""The universal target that starts tasks."""


@dataclass(slots=True)
class FakeScheduler(FakeService):
    """One account's EventBridge Scheduler in one Region: its schedules by ARN."""

    schedules: dict[str, Record] = field(default_factory=dict)

    @property
    def client(self) -> EventBridgeSchedulerClient:
        client: EventBridgeSchedulerClient = connect("scheduler", self._answer, self.region)
        return client

    def schedule(self, name: str, target: Record, *, group: str = "default", state: str = "ENABLED") -> str:
        """Create a schedule; its ARN."""
        arn = f"{_PREFIX}:schedule/{group}/{name}"
        self.schedules[arn] = {
            "Arn": arn,
            "Name": name,
            "GroupName": group,
            "State": state,
            "Target": {"RoleArn": _ROLE} | target,
        }
        return arn

    def _reply(self, operation: str, asked: Record) -> Record:
        if operation == "ListSchedules":
            arns, token = self._page(list(self.schedules), asked.get("NextToken"), asked.get("MaxResults", 100))
            shown = [self.schedules[arn] | {"Target": {"Arn": self.schedules[arn]["Target"]["Arn"]}} for arn in arns]
            return {"Schedules": shown} | ({"NextToken": token} if token else {})
        assert operation == "GetSchedule", operation
        arn = f"{_PREFIX}:schedule/{asked['GroupName']}/{asked['Name']}"
        if arn not in self.schedules:
            raise Refusal("ResourceNotFoundException", f"Schedule {asked['Name']} does not exist.")
        return self.schedules[arn]
