"""A guard with everything around it in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.fakes.dead_letters import FakeDeadLetters
from tests.fakes.images import FakeImages
from tests.fakes.policies import FakePolicies
from tests.fakes.published import RecordingAlerts
from tests.fakes.queue import FakeQueue
from tests.fakes.workloads import FakeWorkloadReader
from tests.situations import NOW, REGISTRY, REPOSITORY

from ecrguard.deadline import Deadline
from ecrguard.domain.action import Action
from ecrguard.domain.platform import parse
from ecrguard.domain.policy import Demand, Exemption, Policy, Rule, ScopedExemption
from ecrguard.guard import Guard
from ecrguard.inbox import Inbox

if TYPE_CHECKING:
    from datetime import date

    from tests.content import Content

MAX_RECEIVES = 5


@dataclass(slots=True)
class Guarded:
    """What a test arranges and looks at afterwards."""

    images: FakeImages = field(default_factory=FakeImages)
    workloads: FakeWorkloadReader = field(default_factory=FakeWorkloadReader)
    policies: FakePolicies = field(default_factory=FakePolicies)
    alerts: RecordingAlerts = field(default_factory=RecordingAlerts)
    dead_letters: FakeDeadLetters = field(default_factory=FakeDeadLetters)
    queue: FakeQueue = field(default_factory=FakeQueue)
    deadline: Deadline = field(default_factory=Deadline)
    enforcement: Action = Action.TAG

    @property
    def guard(self) -> Guard:
        return Guard(self.images, self.workloads, self.policies, self.alerts, self.enforcement, lambda: NOW)

    @property
    def inbox(self) -> Inbox:
        return Inbox(self.guard, REGISTRY, self.dead_letters, self.queue, self.deadline, MAX_RECEIVES)

    def holds(self, content: Content, *tags: str, repository: str = REPOSITORY) -> str:
        """The digest of an image that the registry holds."""
        return self.images.push(repository, content, *tags)

    def demands(self, platforms: str, on_mismatch: Action = Action.TAG) -> None:
        """Let the policy demand platforms of everything."""
        demand = Demand(tuple(parse(text) for text in platforms.split()))
        self.policies.policy = Policy((Rule("all", demand=demand, on_mismatch=on_mismatch),))

    def exempts(self, until: date) -> None:
        """Let the policy exempt everything."""
        policy = self.policies.policy
        scoped = ScopedExemption(Exemption("vendor image", until))
        self.policies.policy = Policy(policy.rules, (scoped,), policy.linked, policy.on_mismatch)

    def calls(self) -> dict[str, int]:
        """How often each thing outside was asked."""
        counts = {name: self.images.operations().count(name) for name in dict.fromkeys(self.images.operations())}
        others = {"policy": self.policies.reads, "workloads": len(self.workloads.asked)}
        return {name: count for name, count in (others | counts).items() if count}
