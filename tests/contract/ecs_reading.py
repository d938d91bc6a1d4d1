"""How the tests of the reader of ECS services have it read, and see what it gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecrguard.adapters.ecs import EcsServices
from ecrguard.domain.platform import Platform
from ecrguard.domain.reference import Registry

if TYPE_CHECKING:
    from tests.fakes.ecs import FakeEcs

    from ecrguard.ports import LinkedWorkloads

REGISTRY = Registry("123456789012", "eu-west-1")
APP = f"{REGISTRY.host}/app:1"
AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")


def read(ecs: FakeEcs) -> LinkedWorkloads:
    return EcsServices(lambda: ecs.client).linked(REGISTRY, "app")
