"""The world of EKS, seen through Inspector."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from tests.contract.source_world import AT_ONCE, REGISTRY, OneServiceWorld
from tests.fakes.inspector import FakeInspector, image_arn, pods

from ecrguard.adapters.sources import eks
from ecrguard.domain.reference import parse_reference

if TYPE_CHECKING:
    from ecrguard.adapters.calls import Calls


@dataclass
class EksWorld(OneServiceWorld):
    """Images that clusters of EKS run; each named by its ARN."""

    name: ClassVar[str] = "eks"
    actions: ClassVar[tuple[str, ...]] = eks.ACTIONS
    textual: ClassVar[bool] = False
    fake: FakeInspector = field(default_factory=FakeInspector)

    def source(self, calls: Calls = AT_ONCE) -> eks.EksSource:
        fake = self.fake
        return eks.EksSource(lambda: fake.inspector, lambda: fake.eks, lambda: fake.ec2, REGISTRY, calls)

    def add(self, name: str, image: str) -> str:
        digest = f"sha256:{hashlib.sha256(name.encode()).hexdigest()}"
        arn = image_arn(parse_reference(image).repository, digest)
        return self.fake.use(arn, self.fake.cluster("prod", "x86_64"), pods("shop", name))

    def remove(self, arn: str) -> None:
        self.fake.stop(arn)

    def fill(self) -> None:
        self.add("filled", f"{REGISTRY.host}/team/app:1")

    @property
    def called(self) -> list[str]:
        action = {each.partition(":")[2]: each for each in self.actions}
        return [action[operation] for operation, _ in self.fake.calls]
