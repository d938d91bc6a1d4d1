"""A guard with everything around it in memory."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.fakes.dead_letters import FakeDeadLetters
from tests.fakes.images import FakeImages
from tests.fakes.ledger import FakeLedger, FakePushers
from tests.fakes.live import FakeLive
from tests.fakes.policies import FakePolicies
from tests.fakes.published import RecordingAlerts
from tests.fakes.queue import FakeQueue
from tests.fakes.workloads import FakeWorkloadReader
from tests.situations import NOW, REGISTRY, REPOSITORY

from ecrguard.deadline import Deadline
from ecrguard.domain.action import Action
from ecrguard.domain.platform import parse
from ecrguard.domain.policy import Demand, Exemption, Policy, Rule, ScopedExemption
from ecrguard.enforcer import Enforcer
from ecrguard.good_tags import GoodTags
from ecrguard.guard import Guard
from ecrguard.inbox import Inbox
from ecrguard.judging import Judge
from ecrguard.pushers import PusherDesk
from ecrguard.recovery import Recovery
from ecrguard.release import release_command
from ecrguard.remover import Remover
from ecrguard.situations import Situations
from ecrguard.sweep import Sweep

if TYPE_CHECKING:
    from datetime import date, datetime

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
    ledger: FakeLedger = field(default_factory=FakeLedger)
    pushers: FakePushers = field(default_factory=FakePushers)
    live: FakeLive = field(default_factory=FakeLive)
    reads_workloads: bool = True
    read_since: datetime | None = None
    enforcement: Action = Action.TAG
    now: datetime = NOW
    _owners: itertools.count[int] = field(default_factory=itertools.count)

    @property
    def guard(self) -> Guard:
        def now() -> datetime:
            return self.now

        def owner() -> str:
            return f"owner-{next(self._owners)}"

        images, ledger = self.images, self.ledger
        recovery = Recovery(images, images, ledger, now)
        return Guard(
            judge=Judge(images, self.workloads, self.policies, now),
            situations=Situations(images, REGISTRY, self.workloads, self.live, self.reads_workloads, ledger, now),
            enforcer=Enforcer(images, images, ledger, recovery, lambda push: release_command(push, "ecrguard"), now),
            recovery=recovery,
            good_tags=GoodTags(images, images, recovery, ledger, lambda _: self.enforcement, owner, now),
            ledger=ledger,
            pushers=self.pushers,
            alerts=self.alerts,
            level=lambda _: self.enforcement,
            owner=owner,
            now=now,
        )

    @property
    def sweep(self) -> Sweep:
        guard = self.guard
        remover = Remover(self.images, self.images, self.ledger, guard.enforcer.undo, guard.now)
        return Sweep(guard, remover, lambda: self.read_since, self.deadline)

    @property
    def inbox(self) -> Inbox:
        guard = self.guard
        desk = PusherDesk(self.ledger, self.pushers, self.alerts, frozenset(), guard.owner, lambda: self.now)
        return Inbox(guard, desk, REGISTRY, self.dead_letters, self.queue, self.deadline, MAX_RECEIVES)

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
        ledger = {name: self.ledger.calls.count(name) for name in dict.fromkeys(self.ledger.calls)}
        others = {"policy": self.policies.reads, "workloads": len(self.workloads.asked), **ledger}
        return {name: count for name, count in (others | counts).items() if count}
