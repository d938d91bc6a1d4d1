"""What the suite of all sources of workloads stands on: an AWS in memory with one kind of workloads in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

from tests.fakes.wire import Refusal

from ecrguard.adapters.calls import Calls
from ecrguard.domain.reference import Registry

if TYPE_CHECKING:
    from tests.fakes.service import FakeService

    from ecrguard.ports import WorkloadSource

REGISTRY = Registry("123456789012", "eu-west-1")
"""The guarded registry, in whose account and Region every world is."""
AT_ONCE = Calls()


class SourceWorld(Protocol):
    """An AWS in memory with workloads of one source in it. Made without arguments; empty at first."""

    name: ClassVar[str]
    """Of the source, as ``LinkedWorkloads`` has it."""
    actions: ClassVar[tuple[str, ...]]
    """``ACTIONS`` of the source's module."""
    textual: ClassVar[bool]
    """Its API shows an image as somebody wrote it, in what runs it, and not only what was found running."""

    def source(self, calls: Calls = AT_ONCE) -> WorkloadSource:
        """A fresh source of :data:`REGISTRY`, which makes its calls by ``calls``."""
        ...

    def add(self, name: str, image: str) -> str:
        """Add a workload of one container that runs ``image``; the ARN that the source lists it by."""
        ...

    def remove(self, arn: str) -> None:
        """Take a workload away as its owner would."""
        ...

    def fill(self) -> None:
        """Add whatever it takes for the source to call each of its actions."""
        ...

    def deny(self, action: str) -> None:
        """Refuse each call of an IAM action, as the service says it."""
        ...

    def fail(self, action: str, error: Exception) -> None:
        """Let each call of an IAM action give ``error``."""
        ...

    def stick(self) -> None:
        """From now on each listing gives the same token, whatever it is asked for: it never ends."""
        ...

    def mend(self) -> None:
        """Undo what ``deny``, ``fail`` and ``stick`` did."""
        ...

    @property
    def called(self) -> list[str]:
        """IAM action of each call, in order."""
        ...


class OneServiceWorld:
    """What a world does whose source asks one AWS service, ``fake``."""

    actions: ClassVar[tuple[str, ...]]
    fake: FakeService

    def deny(self, action: str) -> None:
        self.fail(action, Refusal("AccessDeniedException", f"User is not authorized to perform: {action}", 403))

    def fail(self, action: str, error: Exception) -> None:
        self.fake.failing[action.partition(":")[2]] = error

    def stick(self) -> None:
        self.fake.stuck = True

    def mend(self) -> None:
        self.fake.failing.clear()
        self.fake.stuck = False

    @property
    def called(self) -> list[str]:
        service = self.actions[0].partition(":")[0]
        return [f"{service}:{operation}" for operation, _ in self.fake.calls]
