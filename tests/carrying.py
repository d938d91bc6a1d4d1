"""What carries plans out, with everything around it in memory: a wrong image was pushed over a good one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.content import docker, single
from tests.fakes.images import FakeImages
from tests.fakes.ledger import FakeLedger
from tests.situations import NOW, REPOSITORY, push

from ecrguard.domain.action import Action
from ecrguard.domain.ledger import Act
from ecrguard.domain.marker import marker_tag
from ecrguard.domain.plan import MoveTag, Plan, PutMarker, Refusal, RefusalReason, RemoveTag
from ecrguard.enforcer import Carried, Enforcer
from ecrguard.ports import RawManifest
from ecrguard.recovery import Recovery
from ecrguard.subjects import tag_subject

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ecrguard.domain.plan import Step
    from ecrguard.ports import Held

GOOD, BAD, OTHER = docker("amd64"), single("arm64"), single("s390x")
MARKER = marker_tag(BAD.digest)
PUSH = push("1.4", BAD.digest)
MANIFEST = RawManifest(BAD.digest, BAD.media_type, BAD.body)
MARK, MOVE, REMOVE = (
    PutMarker(MARKER, BAD.digest),
    MoveTag("1.4", BAD.digest, GOOD.digest),
    RemoveTag("1.4", BAD.digest),
)
BEFORE = Refusal(Action.DELETE, RefusalReason.ENFORCEMENT, "no more is allowed")
UNDO = f"release {BAD.digest}"


@dataclass
class World:
    """A wrong image that was pushed over a good one, and what gives its tag back."""

    images: FakeImages = field(default_factory=FakeImages)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    time: datetime = NOW

    def __post_init__(self) -> None:
        self.images.push(REPOSITORY, GOOD, "1.4")
        self.images.push(REPOSITORY, BAD, "1.4")

    @property
    def enforcer(self) -> Enforcer:
        recovery = Recovery(self.images, self.images, self.ledger, lambda: self.time)
        undo = "release {}".format
        return Enforcer(
            self.images, self.images, self.ledger, recovery, lambda push: undo(push.digest), lambda: self.time
        )

    def hold(self, act: Act | None = None) -> Held:
        hold = self.ledger.hold(REPOSITORY, tag_subject("1.4"), "me", NOW, NOW + timedelta(minutes=5))
        if act is not None:
            self.ledger.begin(hold, act)
            hold = self.ledger.hold(REPOSITORY, tag_subject("1.4"), "me", NOW, NOW + timedelta(minutes=5))
        self.ledger.calls.clear()
        return hold

    def carry_out(self, *steps: Step, act: Act | None = None, last_try: bool = False) -> Carried:
        plan = Plan(Action.QUARANTINE, (BEFORE,), steps, Action.ARCHIVE)
        return self.enforcer.carry_out(plan, PUSH, MANIFEST, self.hold(act), last_try=last_try)

    def at(self, operation: str, happens: Callable[[], object], number: int = 1) -> None:
        """Let something happen once, right before the call of that number of an operation."""
        calls: list[str] = []

        def hook(begun: str) -> None:
            calls.append(begun)
            if begun == operation and calls.count(operation) == number:
                happens()

        self.images.before = hook

    @property
    def act(self) -> Act | None:
        return self.ledger.records[REPOSITORY, tag_subject("1.4")].act

    @property
    def tags(self) -> dict[str, str]:
        return self.images.tags(REPOSITORY)

    def edits(self) -> list[str]:
        return [each for each in self.images.operations() if each in {"put_tag", "remove_tag"}]


def moving(**changes: object) -> Act:
    """What is written down before the tag is given back."""
    return replace(Act(PUSH.event_id, BAD.digest, GOOD.digest, NOW), **changes)  # type: ignore[arg-type]  # its fields


def removing(*tags: str, **changes: object) -> Act:
    """What is written down before the tag is taken away."""
    act = Act(PUSH.event_id, BAD.digest, "", NOW, None, tags, BAD.media_type, BAD.body.decode())
    return replace(act, **changes)  # type: ignore[arg-type]  # its fields
