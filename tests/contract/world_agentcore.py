"""The world of AgentCore."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from tests.contract.source_world import AT_ONCE, REGISTRY, OneServiceWorld
from tests.fakes.agentcore import FakeAgentCore

from ecrguard.adapters.sources import agentcore

if TYPE_CHECKING:
    from ecrguard.adapters.calls import Calls


@dataclass
class AgentCoreWorld(OneServiceWorld):
    """AgentCore runtimes."""

    name: ClassVar[str] = "agentcore"
    actions: ClassVar[tuple[str, ...]] = agentcore.ACTIONS
    textual: ClassVar[bool] = True
    fake: FakeAgentCore = field(default_factory=FakeAgentCore)

    def source(self, calls: Calls = AT_ONCE) -> agentcore.AgentCoreSource:
        return agentcore.AgentCoreSource(lambda: self.fake.client, REGISTRY, calls)

    def add(self, name: str, image: str) -> str:
        return self.fake.runtime(name, image)

    def remove(self, arn: str) -> None:
        del self.fake.runtimes[arn.rpartition("/")[2]]

    def fill(self) -> None:
        self.fake.runtime("filled", f"{REGISTRY.host}/team/app:1", provider=self.fake.provider("large", "LINUX_X86_64"))
