"""The product as it is put together in a function, on the simulation's ports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.simulation.outside import Inline, Outside
from tests.simulation.world import SOURCES
from tests.situations import REGISTRY

from ecrguard.deadline import Deadline
from ecrguard.deployed import DeployedGuard
from ecrguard.enforcer import Enforcer
from ecrguard.good_tags import GoodTags
from ecrguard.guard import Guard
from ecrguard.inbox import Inbox
from ecrguard.judging import Judge
from ecrguard.pushers import PusherDesk
from ecrguard.recovery import Recovery
from ecrguard.release import Releaser
from ecrguard.remover import Remover
from ecrguard.restore import Restorer
from ecrguard.situations import Situations
from ecrguard.sweep import Sweep

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tests.fakes.ledger import FakeLedger, FakePushers
    from tests.simulation.mail import Mail
    from tests.simulation.world import World

    from ecrguard.domain.action import Action
    from ecrguard.domain.policy import Policy
    from ecrguard.domain.push import Push
    from ecrguard.domain.reference import Registry
    from ecrguard.domain.workload import Workload
    from ecrguard.ports import AlertPublisher, ImageEditor, ImageStore, Ledger, LiveWorkloads, WorkloadReader

OWN_ROLES = frozenset({f"arn:aws:iam::{REGISTRY.account}:role/ecrguard"})
"""What CloudTrail names as the caller of the product's own calls."""
STALE = timedelta(hours=2)
"""How old what is known of a source may be."""
RUNS = 120.0
"""Seconds that a function may run."""


@dataclass(frozen=True, slots=True)
class _Inventory:
    """What answers the product's questions for workloads, and for how far they have been read."""

    world: World
    now: Callable[[], datetime]

    def linked(self, registry: Registry, repository: str) -> object:
        assert registry == REGISTRY
        return self.world.linked(repository, self.now(), STALE)

    def again(self, workloads: list[Workload]) -> object:
        return self.world.again(workloads)

    def read_since(self) -> datetime | None:
        found = [self.world.states[each].complete if each in self.world.states else None for each in SOURCES]
        known = [each for each in found if each is not None]
        return min(known) if len(known) == len(found) else None


@dataclass(frozen=True, slots=True)
class _Policies:
    policy: Callable[[], Policy]

    def current(self) -> Policy:
        return self.policy()


@dataclass(slots=True)
class Product:
    """Makes the product's functions.

    Attributes:
        outside: what stands between.
        world: the truth.
        ledger: in memory.
        pushers: in memory.
        mail: the push queue.
        alerts: takes alerts.
        level: the most severe action that the stack allows.
    """

    outside: Outside
    world: World
    ledger: FakeLedger
    pushers: FakePushers
    mail: Mail
    alerts: AlertPublisher
    level: Action
    _owners: int = 0

    def guard(self) -> Guard:
        """The guard of one execution environment."""
        port, now = self.outside.port, self.outside.stage.now
        policy = self.world.policy()
        inventory = _Inventory(self.world, now)
        images: ImageStore = port("images", self.world.images)
        editor: ImageEditor = port("images", self.world.images)
        ledger: Ledger = port("ledger", self.ledger)
        workloads: WorkloadReader = port("workloads", inventory)
        live: LiveWorkloads = port("live", inventory)
        judge = Judge(images, workloads, port("policies", _Policies(lambda: policy)), now, Inline())
        recovery = Recovery(images, editor, ledger, now)
        return Guard(
            judge=judge,
            situations=Situations(images, REGISTRY, workloads, live, True, ledger, now),
            enforcer=Enforcer(images, editor, ledger, recovery, _undo, now),
            recovery=recovery,
            good_tags=GoodTags(images, editor, recovery, ledger, lambda _: self.level, self._owner, now),
            ledger=ledger,
            pushers=port("ledger", self.pushers),
            alerts=port("alerts", self.alerts),
            level=lambda _: self.level,
            owner=self._owner,
            now=now,
        )

    def inbox(self) -> Inbox:
        """The push function's inbox, for one invocation."""
        port, stage = self.outside.port, self.outside.stage
        guard, began = self.guard(), stage.seconds
        desk = PusherDesk(guard.ledger, guard.pushers, guard.alerts, OWN_ROLES, guard.owner, stage.now)
        return Inbox(
            guard,
            desk,
            REGISTRY,
            port("letters", self.mail),
            port("queue", self.mail),
            Deadline(lambda: RUNS - (stage.seconds - began)),
            5,
        )

    def sweep(self) -> Sweep:
        """The reconcile function's sweep, for one invocation."""
        stage = self.outside.stage
        began = stage.seconds
        inventory = _Inventory(self.world, stage.now)
        read_since: Callable[[], datetime | None] = self.outside.port("states", inventory).read_since
        guard = self.guard()
        enforcer = guard.enforcer
        remover = Remover(enforcer.images, enforcer.editor, enforcer.ledger, _undo, stage.now)
        return Sweep(guard, remover, read_since, Deadline(lambda: RUNS - (stage.seconds - began)))

    def deployed(self) -> DeployedGuard:
        """The changes function's guard of workloads, for one invocation."""
        guard, port = self.guard(), self.outside.port
        images: ImageStore = port("images", self.world.images)
        return DeployedGuard(
            images,
            REGISTRY,
            lambda _: True,
            guard.judge.policies,
            guard.alerts,
            guard.ledger,
            self._owner,
            guard.now,
            lambda _: None,
        )

    def releaser(self) -> Releaser:
        """The command that gives images free, for one run of it."""
        of = self.guard().enforcer
        return Releaser(of.images, of.editor, of.ledger, "arn:aws:iam::123456789012:user/ada", self._owner(), of.now)

    def restorer(self) -> Restorer:
        """The command that gives tags back, for one run of it."""
        of = self.guard().enforcer
        return Restorer(of.images, of.editor, of.ledger, "arn:aws:iam::123456789012:user/ada", self._owner(), of.now)

    def _owner(self) -> str:
        self._owners += 1
        return f"run-{self._owners}"


def _undo(push: Push) -> str:
    return f"ecrguard release {push.repository}@{push.digest}"
