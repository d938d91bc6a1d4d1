from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.platform_strategies import VARIANTS

from ecrguard.domain.platform import platform


@pytest.mark.parametrize(
    ("stated", "normal"),
    [
        (("Linux", "AMD64", ""), "linux/amd64"),
        ((" linux ", " amd64 ", " V1 "), "linux/amd64"),
        (("macos", "arm64", ""), "darwin/arm64"),
        (("linux", "i386", ""), "linux/386"),
        (("linux", "i386", "v1"), "linux/386"),
        (("linux", "x86_64", ""), "linux/amd64"),
        (("linux", "x86-64", "v1"), "linux/amd64"),
        (("linux", "x86_64", "v3"), "linux/amd64/v3"),
        (("linux", "amd64", "v2"), "linux/amd64/v2"),
        (("linux", "aarch64", ""), "linux/arm64"),
        (("linux", "aarch64", "8"), "linux/arm64"),
        (("linux", "arm64", "v8"), "linux/arm64"),
        (("linux", "arm64", "v8.0"), "linux/arm64"),
        (("linux", "arm64", "v8.1"), "linux/arm64/v8.1"),
        (("linux", "arm64", "9"), "linux/arm64/v9"),
        (("linux", "arm64", "9.0"), "linux/arm64/v9"),
        (("linux", "arm64", "v9.0"), "linux/arm64/v9"),
        (("linux", "arm64", "v9.2"), "linux/arm64/v9.2"),
        (("linux", "armhf", ""), "linux/arm/v7"),
        (("linux", "armhf", "v6"), "linux/arm/v7"),
        (("linux", "armel", ""), "linux/arm/v6"),
        (("linux", "arm", ""), "linux/arm/v7"),
        (("linux", "arm", "7"), "linux/arm/v7"),
        (("linux", "arm", "5"), "linux/arm/v5"),
        (("linux", "arm", "6"), "linux/arm/v6"),
        (("linux", "arm", "8"), "linux/arm/v8"),
        (("linux", "riscv64", ""), "linux/riscv64"),
        (("plan10", "z80", ""), "plan10/z80"),
    ],
)
def test_spellings_of_one_platform_become_one(stated: tuple[str, str, str], normal: str) -> None:
    assert str(platform(*stated)) == normal


@pytest.mark.parametrize(
    ("os", "architecture"), [("", "amd64"), ("linux", ""), ("", ""), ("unknown", "unknown"), ("linux", "unknown")]
)
def test_what_is_not_stated_is_unknown_and_never_that_of_the_machine_that_asks(os: str, architecture: str) -> None:
    found = platform(os, architecture)

    assert (found.os, found.architecture) == (os, architecture)
    assert not found.known


@given(*[st.text(max_size=12) | st.sampled_from([*VARIANTS, "8", "9.0", "x86-64", "i386", "armhf", "macos"])] * 4)
def test_normalising_twice_is_normalising_once(os: str, architecture: str, variant: str, version: str) -> None:
    once = platform(os, architecture, variant, version)

    assert platform(once.os, once.architecture, once.variant, once.os_version) == once
