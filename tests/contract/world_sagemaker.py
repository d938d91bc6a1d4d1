"""The world of SageMaker."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from tests.contract.source_world import AT_ONCE, REGISTRY, OneServiceWorld
from tests.fakes.sagemaker import FakeSageMaker, variant

from ecrguard.adapters.sources import sagemaker

if TYPE_CHECKING:
    from ecrguard.adapters.calls import Calls

_IMAGE = f"{REGISTRY.host}/team/app:1"


@dataclass
class SageMakerWorld(OneServiceWorld):
    """SageMaker endpoints."""

    name: ClassVar[str] = "sagemaker"
    actions: ClassVar[tuple[str, ...]] = sagemaker.ACTIONS
    textual: ClassVar[bool] = True
    fake: FakeSageMaker = field(default_factory=FakeSageMaker)

    def source(self, calls: Calls = AT_ONCE) -> sagemaker.SageMakerSource:
        return sagemaker.SageMakerSource(lambda: self.fake.client, REGISTRY, calls)

    def add(self, name: str, image: str) -> str:
        return self.fake.serve(name, image)

    def remove(self, arn: str) -> None:
        self.fake.remove(arn)

    def fill(self) -> None:
        self.fake.model("filled", _IMAGE)
        self.fake.config("filled", variant(model="filled", name="models"), variant())
        self.fake.endpoint("filled", status="Creating")
        self.fake.component("one", "filled", {"Container": {"DeployedImage": {"SpecifiedImage": _IMAGE}}})
