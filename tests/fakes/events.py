"""Amazon EventBridge in memory, as its API shows event buses, rules and their targets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes.service import ACCOUNT, REGION, FakeService
from tests.fakes.wire import Record, Refusal, connect

if TYPE_CHECKING:
    from mypy_boto3_events.client import EventBridgeClient

_PREFIX = f"arn:aws:events:{REGION}:{ACCOUNT}"
_MOST = 100


@dataclass(slots=True)
class FakeEvents(FakeService):
    """One account's EventBridge in one Region.

    Attributes:
        buses: names.
        rules: targets of each rule, by bus and name.
    """

    buses: list[str] = field(default_factory=lambda: ["default"])
    rules: dict[tuple[str, str], list[Record]] = field(default_factory=dict)

    @property
    def client(self) -> EventBridgeClient:
        client: EventBridgeClient = connect("events", self._answer, self.region)
        return client

    def rule(self, name: str, *targets: Record, bus: str = "default") -> str:
        """Create a rule; its ARN."""
        if bus not in self.buses:
            self.buses.append(bus)
        numbered = [{"Id": str(number)} | target for number, target in enumerate(targets)]
        self.rules[bus, name] = numbered
        return f"{_PREFIX}:rule/{name}" if bus == "default" else f"{_PREFIX}:rule/{bus}/{name}"

    def delete(self, arn: str) -> None:
        bus, _, name = arn.partition(":rule/")[2].rpartition("/")
        del self.rules[bus or "default", name]

    def _reply(self, operation: str, asked: Record) -> Record:
        if operation == "ListEventBuses":
            arns, token = self._page([f"{_PREFIX}:event-bus/{bus}" for bus in self.buses], asked.get("NextToken"), 2)
            buses = [{"Name": arn.partition("/")[2], "Arn": arn} for arn in arns]
            return {"EventBuses": buses} | _next(token)
        bus = asked.get("EventBusName", "default")
        if bus not in self.buses:
            raise Refusal("ResourceNotFoundException", f"Event bus {bus} does not exist.")
        if operation == "ListRuleNamesByTarget":
            found = [
                name
                for (of_bus, name), targets in self.rules.items()
                if of_bus == bus and any(target["Arn"] == asked["TargetArn"] for target in targets)
            ]
            names, token = self._page(found, asked.get("NextToken"), asked.get("Limit", _MOST))
            return {"RuleNames": names} | _next(token)
        assert operation == "ListTargetsByRule", operation
        if (bus, asked["Rule"]) not in self.rules:
            raise Refusal("ResourceNotFoundException", f"Rule {asked['Rule']} does not exist on EventBus {bus}.")
        targets = self.rules[bus, asked["Rule"]]
        ids, token = self._page([each["Id"] for each in targets], asked.get("NextToken"), 2)
        return {"Targets": [each for each in targets if each["Id"] in ids]} | _next(token)


def ecs_target(cluster: str, definition: str, **more: Any) -> Record:
    """A target that starts a task of a definition in a cluster; ``more`` as ``EcsParameters`` has it."""
    return {"Arn": cluster, "EcsParameters": {"TaskDefinitionArn": definition} | more}


def _next(token: str | None) -> Record:
    return {"NextToken": token} if token else {}
