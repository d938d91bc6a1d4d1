from __future__ import annotations

import pytest
from hypothesis import given
from tests.unit.platform_strategies import few

from ecrguard.domain.platform import Platform, parse, satisfies


@pytest.mark.parametrize(
    ("offered", "required", "satisfied"),
    [
        ("linux/arm64", "linux/arm64", True),
        ("linux/arm64", "arm64", True),
        ("linux/arm64", "linux", True),
        ("linux/arm64", "amd64", False),
        ("windows/amd64", "linux", False),
        ("linux/arm/v6", "linux/arm", True),
        ("linux/arm/v6", "linux/arm/v7", False),
        ("linux/amd64", "linux/386", False),
        # A level that is left out is the base level, where os and architecture are stated.
        ("linux/amd64/v3", "linux/amd64", False),
        ("linux/amd64/v3", "linux/amd64/v1", False),
        ("linux/amd64/v3", "linux/amd64/v3", True),
        ("linux/amd64/v3", "linux/amd64/v2", False),
        ("linux/amd64", "linux/amd64/v3", False),
        ("linux/amd64/v3", "amd64", True),
        ("linux/amd64/v3", "linux", True),
        ("linux/arm64/v9", "linux/arm64", False),
        ("linux/arm64/v9", "arm64", True),
        ("linux/arm64/v8", "linux/arm64", True),
        ("linux/arm/v7", "linux/arm", True),
        ("linux/386", "linux/386", True),
        ("windows(10.0.20348.169)/amd64", "windows/amd64", True),
        ("windows(10.0.20348.169)/amd64", "windows(10.0.20348)/amd64", True),
        ("windows(10.0.17763.1)/amd64", "windows(10.0.20348)", False),
        ("windows/amd64", "windows(10.0.20348)", False),
    ],
)
def test_an_offer_satisfies_a_requirement_that_states_no_more_than_it_has(
    offered: str,
    required: str,
    satisfied: bool,  # noqa: FBT001 - a table
) -> None:
    assert satisfies(parse(offered), parse(required, partial=True)) is satisfied


@given(few, few)
def test_a_requirement_that_leaves_more_open_is_satisfied_by_more(offered: Platform, required: Platform) -> None:
    assert satisfies(offered, offered)
    if satisfies(offered, required):
        for wider in (
            Platform("", required.architecture, required.variant, required.os_version, required.os_features),
            Platform(required.os, "", "", required.os_version, required.os_features),
            Platform(required.os, required.architecture, required.variant),
            Platform("", ""),
        ):
            assert satisfies(offered, wider)
