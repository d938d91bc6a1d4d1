from __future__ import annotations

import pytest
from hypothesis import given
from tests.unit.platform_strategies import few

from ecrguard.domain.platform import Platform, equal, parse, platform


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("linux/arm64", "linux/arm64/v8", True),
        ("linux/arm", "linux/arm/v7", True),
        ("linux/amd64", "linux/x86_64/v1", True),
        ("linux/amd64", "linux/amd64/v2", False),
        ("linux/amd64", "windows/amd64", False),
        ("linux/arm/v6", "linux/arm/v7", False),
        ("windows(10.0.20348.1)/amd64", "windows(10.0.20348.2)/amd64", True),
        ("windows(10.0.20348)/amd64", "windows(10.0.26100)/amd64", False),
        ("windows(10.0.20348)/amd64", "windows/amd64", False),
    ],
)
def test_platforms_are_equal_after_normalising_but_for_the_revision_of_windows(
    one: str,
    other: str,
    same: bool,  # noqa: FBT001 - a table
) -> None:
    assert equal(parse(one), parse(other)) is same


def test_platforms_that_need_different_features_are_not_equal() -> None:
    plain = platform("windows", "amd64")

    assert not equal(plain, platform("windows", "amd64", os_features=frozenset({"win32k"})))


@given(few, few, few)
def test_being_equal_is_an_equivalence(one: Platform, two: Platform, three: Platform) -> None:
    assert equal(one, one)
    assert equal(one, two) == equal(two, one)
    assert not (equal(one, two) and equal(two, three)) or equal(one, three)
