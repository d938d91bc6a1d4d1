from __future__ import annotations

import pytest
from tests.fakes.ecs import FakeEcs


@pytest.fixture
def ecs() -> FakeEcs:
    return FakeEcs()
