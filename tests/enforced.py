"""Alerts with what was done and refused, and what follows them, by name; see ``tests/alerts.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests import content
from tests.fakes.ledger import FakeLedger
from tests.fakes.workloads import FakeWorkloadReader
from tests.raising import REGISTRY, World, ecs

from ecrguard.deadline import Deadline
from ecrguard.deployed import DeployedGuard, Occasion
from ecrguard.domain.action import Action
from ecrguard.domain.pusher import Pusher
from ecrguard.pusher_event import ImagePut
from ecrguard.pushers import PusherDesk
from ecrguard.sweep import Sweep

if TYPE_CHECKING:
    from datetime import datetime

    from ecrguard.domain.alert import Alert
    from ecrguard.domain.workload import Workload

IMAGE = "shop/web:latest"
GOOD, BAD = content.single("amd64"), content.single("arm64")
JOB = "arn:aws:sts::111122223333:assumed-role/release-pipeline/build-4711"


def world(asked: str, *workloads: Workload, ledger: FakeLedger | None = None) -> World:
    """A stack that allows everything, with a policy that asks for ``asked``."""
    found = list(workloads or (ecs(IMAGE, "linux/amd64"),))
    return World(
        f"defaults: {{on_mismatch: {asked}}}\n", Action.DELETE, FakeWorkloadReader(found), ledger=ledger or FakeLedger()
    )


def pushed_after_a_good_one(asked: str, ledger: FakeLedger | None = None) -> tuple[World, Alert]:
    """A good image was pushed, and a bad one a day later."""
    made = world(asked, ledger=ledger)
    assert not made.push(IMAGE, GOOD)
    made.pass_time(days=1)
    (alert,) = made.push(IMAGE, BAD)
    return made, alert


def moved_back() -> Alert:
    """The tag was given back to its last good image, and it is known who pushed."""
    made = world("quarantine")
    made.push(IMAGE, GOOD)
    made.pass_time(days=1)
    push = made.holds(IMAGE, BAD)
    made.pushers.know(push.repository, push.tag, push.digest, by_a_job(push.time))
    (alert,) = made.check(push)
    return alert


def tag_removed() -> Alert:
    """The tag had no good image before, and was taken off."""
    (alert,) = world("quarantine").push(IMAGE, BAD)
    return alert


def in_use() -> Alert:
    """Quarantine was asked for, and another service is able to run the image and names it."""
    services = (ecs(IMAGE, "linux/amd64"), ecs(IMAGE, "linux/arm64", "lab/web"))
    (alert,) = world("quarantine", *services).push(IMAGE, BAD)
    return alert


def capped() -> Alert:
    """This hour has had all the destructive acts that it may have."""
    return pushed_after_a_good_one("quarantine", FakeLedger(cap=0))[1]


def to_be_deleted() -> Alert:
    """The tag was given back at once, and the image itself is to be deleted later."""
    return pushed_after_a_good_one("delete")[1]


def resolved() -> Alert:
    """A good image was pushed after a bad one."""
    made, _ = pushed_after_a_good_one("alert")
    made.pass_time(minutes=12)
    (alert,) = made.push(IMAGE, content.index(content.single("amd64"), content.single("arm64")))
    return alert


def resolved_workload() -> Alert:
    """A workload was changed to an image that it cannot run, and then to one that it can."""
    made = World()
    for tag, pushed in (("3.0", BAD), ("3.1", GOOD)):
        made.images.push("shop/api", pushed, tag)
    guard = DeployedGuard(
        images=made.images,
        registry=REGISTRY,
        guards=lambda _: True,
        policies=made.judge.policies,
        alerts=made.alerts,
        ledger=made.ledger,
        owner=lambda: "one",
        now=lambda: made.now,
        told=lambda _: None,
    )
    guard.check([ecs("shop/api:3.0", "linux/amd64", "prod/api")], Occasion("change-1", made.now))
    made.pass_time(minutes=20)
    guard.check([ecs("shop/api:3.1", "linux/amd64", "prod/api")], Occasion("change-2", made.now))
    _, alert = made.alerts.published
    return alert


def by_a_job(time: datetime) -> Pusher:
    return Pusher(JOB, "203.0.113.7", "containerd/2.1.4", time)


def pusher() -> Alert:
    """CloudTrail tells some minutes after the alert who pushed, by Docker."""
    made, alert = pushed_after_a_good_one("alert")
    push = alert.push
    put = ImagePut(
        registry=push.registry,
        repository=push.repository,
        tag=push.tag,
        digest=push.digest,
        role="arn:aws:iam::111122223333:role/release-pipeline",
        pusher=Pusher(JOB, "ecr.amazonaws.com", "ecr.amazonaws.com", push.time),
        event_id="0f1c5f57-9c53-4e1c-9b3f-5a106f0a3f0e",
    )
    made.pass_time(minutes=4)
    PusherDesk(made.ledger, made.pushers, made.alerts, frozenset(), made.guard.owner, lambda: made.now).note(put)
    return made.alerts.published[-1]


def swept(made: World) -> Alert:
    """What is said when all workloads have been read since."""
    made.pass_time(hours=1)
    Sweep(made.guard, made.remover, lambda: made.now, Deadline()).run(made.ledger.dues())
    return made.alerts.published[-1]


def archived() -> Alert:
    """The image that lost its tag was archived."""
    return swept(pushed_after_a_good_one("archive")[0])


def deleted() -> Alert:
    """The image that lost its tag was deleted."""
    return swept(pushed_after_a_good_one("delete")[0])


def kept() -> Alert:
    """Somebody has tagged the image since, so that it is not archived."""
    made, alert = pushed_after_a_good_one("archive")
    made.images.push("shop/web", BAD, "arm-test")
    assert alert.outcome.later is Action.ARCHIVE
    return swept(made)


CASES = {
    "quarantined-moved-back": moved_back(),
    "quarantined-tag-removed": tag_removed(),
    "refused-in-use": in_use(),
    "capped": capped(),
    "to-be-deleted": to_be_deleted(),
    "resolved": resolved(),
    "resolved-workload": resolved_workload(),
    "pusher": pusher(),
    "archived": archived(),
    "deleted": deleted(),
    "kept": kept(),
}
