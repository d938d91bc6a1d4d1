"""A repository, what runs its images and the guard over them, in memory: alerts come out as the product raises them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.fakes.images import FakeImages
from tests.fakes.ledger import FakeLedger, FakePushers
from tests.fakes.policies import FakePolicies
from tests.fakes.published import RecordingAlerts
from tests.fakes.workloads import FakeWorkloadReader

from ecrguard.domain.action import Action
from ecrguard.domain.platform import parse
from ecrguard.domain.push import Arrival, Push
from ecrguard.domain.reference import Registry, parse_reference
from ecrguard.domain.workload import Basis, Workload, WorkloadKind
from ecrguard.enforcer import Enforcer
from ecrguard.good_tags import GoodTags
from ecrguard.guard import Guard
from ecrguard.judging import Judge
from ecrguard.policy_yaml import load_policy
from ecrguard.ports import LinkedWorkloads
from ecrguard.recovery import Recovery
from ecrguard.release import release_command
from ecrguard.remover import Remover
from ecrguard.situations import Situations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.content import Content

    from ecrguard.domain.alert import Alert
    from ecrguard.domain.image import Unknown
    from ecrguard.ports import ImageStore

REGISTRY = Registry("111122223333", "eu-west-1")
TIME = datetime(2026, 11, 24, 2, 0, 0, tzinfo=UTC)
JUDGED = datetime(2026, 11, 24, 2, 0, 1, 250_000, tzinfo=UTC)


def ecs(image: str, hosts: str, service: str = "prod/web", container: str = "app") -> Workload:
    """A container of an ECS service whose task definition says where it runs; without hosts, nothing does."""
    return Workload(
        kind=WorkloadKind.ECS_SERVICE,
        arn=f"arn:aws:ecs:eu-west-1:111122223333:service/{service}",
        name=service,
        container=container,
        reference=parse_reference(f"{REGISTRY.host}/{image}"),
        hosts=tuple(parse(host) for host in hosts.split()),
        basis=Basis.EXPLICIT if hosts else Basis.UNKNOWN,
        definition=f"{service.rpartition('/')[2]}:17",
    )


def apprunner(image: str, service: str = "shop-web") -> Workload:
    """A service of App Runner that deploys what is pushed."""
    return Workload(
        kind=WorkloadKind.APPRUNNER_SERVICE,
        arn=f"arn:aws:apprunner:eu-west-1:111122223333:service/{service}/8fe1e10304f84fd2b0df550fe98a71fa",
        name=service,
        container="",
        reference=parse_reference(f"{REGISTRY.host}/{image}"),
        hosts=(parse("linux/amd64"),),
        basis=Basis.SERVICE_DEFAULT,
        deploys_on_push=True,
    )


def function(image: str, host: str, name: str = "thumbnails") -> Workload:
    """A Lambda function of an image."""
    return Workload(
        kind=WorkloadKind.LAMBDA_FUNCTION,
        arn=f"arn:aws:lambda:eu-west-1:111122223333:function:{name}",
        name=name,
        container="",
        reference=parse_reference(f"{REGISTRY.host}/{image}"),
        hosts=(parse(host),),
        basis=Basis.EXPLICIT,
        resolved=f"sha256:{'c' * 64}",
    )


def agent(image: str, name: str = "concierge") -> Workload:
    """A runtime of AgentCore on micro VMs."""
    return Workload(
        kind=WorkloadKind.AGENTCORE_RUNTIME,
        arn=f"arn:aws:bedrock-agentcore:eu-west-1:111122223333:runtime/{name}-Ab3dEf7hIj",
        name=name,
        container="",
        reference=parse_reference(f"{REGISTRY.host}/{image}"),
        hosts=(parse("linux/arm64"),),
        basis=Basis.SERVICE_DEFAULT,
    )


@dataclass(slots=True)
class Unchanged:
    """Workloads that read live are as the inventory has them."""

    def again(self, workloads: Sequence[Workload]) -> LinkedWorkloads:
        return LinkedWorkloads(tuple(workloads))


@dataclass(slots=True)
class World:
    """What a test arranges, and the alerts that come of it.

    Attributes:
        policy: without its version.
        enforcement: the most severe action that the stack allows.
        store: images are read from it; :attr:`images` where it is None.
        now: the time; of a push that is made it is the time of the event, and it is judged a moment later.
    """

    policy: str = ""
    enforcement: Action = Action.TAG
    workloads: FakeWorkloadReader = field(default_factory=FakeWorkloadReader)
    images: FakeImages = field(default_factory=FakeImages)
    store: ImageStore | None = None
    ledger: FakeLedger = field(default_factory=FakeLedger)
    pushers: FakePushers = field(default_factory=FakePushers)
    alerts: RecordingAlerts = field(default_factory=RecordingAlerts)
    now: datetime = TIME
    _owners: itertools.count[int] = field(default_factory=itertools.count)

    @property
    def enforcer(self) -> Enforcer:
        return Enforcer(
            self.images,
            self.images,
            self.ledger,
            self.recovery,
            lambda push: release_command(push, "ecrguard"),
            lambda: self.now,
        )

    @property
    def recovery(self) -> Recovery:
        return Recovery(self.images, self.images, self.ledger, lambda: self.now)

    @property
    def remover(self) -> Remover:
        return Remover(self.images, self.images, self.ledger, self.enforcer.undo, lambda: self.now)

    @property
    def judge(self) -> Judge:
        policies = FakePolicies(load_policy(f"version: 1\n{self.policy}".encode()))
        return Judge(self.store or self.images, self.workloads, policies, lambda: self.now)

    @property
    def guard(self) -> Guard:
        def owner() -> str:
            return str(next(self._owners))

        return Guard(
            judge=self.judge,
            situations=Situations(
                self.images, REGISTRY, self.workloads, Unchanged(), True, self.ledger, lambda: self.now
            ),
            enforcer=self.enforcer,
            recovery=self.recovery,
            good_tags=GoodTags(
                self.images,
                self.images,
                self.recovery,
                self.ledger,
                lambda _: self.enforcement,
                owner,
                lambda: self.now,
            ),
            ledger=self.ledger,
            pushers=self.pushers,
            alerts=self.alerts,
            level=lambda _: self.enforcement,
            owner=owner,
            now=lambda: self.now,
        )

    def holds(self, image: str, pushed: Content) -> Push:
        """The push of ``pushed`` as ``image`` (``repository:tag``), which nobody has judged yet."""
        repository, _, tag = image.partition(":")
        return push_of(repository, tag, self.images.push(repository, pushed, tag), self.now)

    def push(self, image: str, pushed: Content) -> tuple[Alert, ...]:
        """The alerts that a push raises, judged at once."""
        return self.check(self.holds(image, pushed))

    def check(self, push: Push) -> tuple[Alert, ...]:
        """The alerts that an event raises in its last try."""
        before = len(self.alerts.published)
        self.now = push.time + (JUDGED - TIME)
        self.guard.check(push, last_try=True)
        return tuple(self.alerts.published[before:])

    def pass_time(self, **time: float) -> None:
        self.now = (self.now + timedelta(**time)).replace(microsecond=0)


def push_of(repository: str, tag: str, digest: str, time: datetime = TIME) -> Push:
    """A push whose event id is that of its time."""
    push = Push(Arrival.PUSHED, REGISTRY, repository, digest, tag, "13cde686-328b-6117-af20-0e5566167482", time)
    return push if time == TIME else replace(push, event_id=f"13cde686-328b-6117-af20-{time:%y%m%d%H%M%S}")


def raised(
    image: str,
    pushed: Content,
    *workloads: Workload,
    policy: str = "",
    enforcement: Action = Action.TAG,
    unknowns: tuple[Unknown, ...] = (),
) -> Alert:
    """The alert that the push of ``pushed`` as ``image`` (``repository:tag``) raises."""
    world = World(policy, enforcement, FakeWorkloadReader(list(workloads), list(unknowns)))
    (alert,) = world.push(image, pushed)
    return alert
