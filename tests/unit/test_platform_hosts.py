from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.platform_strategies import VARIANTS, VERSIONS, few

from ecrguard.domain.platform import ARCHITECTURES, OPERATING_SYSTEMS, Fit, Platform, host_runs, parse, platform

platforms = st.builds(
    platform,
    st.sampled_from(sorted(OPERATING_SYSTEMS)),
    st.sampled_from(sorted(ARCHITECTURES)),
    st.sampled_from(VARIANTS),
    st.sampled_from(VERSIONS),
)
linux = st.builds(
    platform, st.just("linux"), st.sampled_from(["386", "amd64", "arm64", "arm"]), st.sampled_from(VARIANTS)
)


NATIVE: dict[str, list[str]] = {
    "linux/386": ["linux/386"],
    "linux/amd64": ["linux/amd64"],
    "linux/amd64/v2": ["linux/amd64", "linux/amd64/v2"],
    "linux/amd64/v4": ["linux/amd64", "linux/amd64/v2", "linux/amd64/v3", "linux/amd64/v4"],
    "linux/arm/v5": ["linux/arm/v5"],
    "linux/arm/v6": ["linux/arm/v5", "linux/arm/v6"],
    "linux/arm/v7": ["linux/arm/v5", "linux/arm/v6", "linux/arm/v7"],
    "linux/arm/v8": ["linux/arm/v5", "linux/arm/v6", "linux/arm/v7", "linux/arm/v8"],
    "linux/arm64": ["linux/arm64"],
    "linux/arm64/v8.1": ["linux/arm64", "linux/arm64/v8.1"],
    "linux/arm64/v9": ["linux/arm64", "linux/arm64/v8.1", "linux/arm64/v8.5", "linux/arm64/v9"],
    "linux/arm64/v9.1": [
        "linux/arm64",
        "linux/arm64/v8.1",
        "linux/arm64/v8.5",
        "linux/arm64/v8.6",
        "linux/arm64/v9",
        "linux/arm64/v9.1",
    ],
    "windows/amd64": ["windows/amd64"],
    "linux/riscv64": ["linux/riscv64"],
}
ALL_ARM = ["linux/arm/v5", "linux/arm/v6", "linux/arm/v7", "linux/arm/v8"]
COMPATIBLE: dict[str, list[str]] = {
    "linux/amd64": ["linux/386"],
    "linux/amd64/v2": ["linux/386"],
    "linux/amd64/v4": ["linux/386"],
    "linux/arm64": ALL_ARM,
    "linux/arm64/v8.1": ALL_ARM,
    "linux/arm64/v9": ALL_ARM,
    "linux/arm64/v9.1": ALL_ARM,
}
IMAGES = sorted(
    {image for images in NATIVE.values() for image in images}
    | {"linux/amd64/v3", "linux/arm64/v8.6", "linux/arm64/v8.7", "linux/arm64/v9.2", "windows/arm64", "darwin/arm64"}
)


@pytest.mark.parametrize("host", NATIVE)
def test_a_host_runs_what_containerd_would_choose_for_it(host: str) -> None:
    found = {fit: [image for image in IMAGES if host_runs(parse(host), parse(image)) is fit] for fit in Fit}

    assert found[Fit.NATIVE] == sorted(NATIVE[host])
    assert found[Fit.COMPATIBLE] == sorted(COMPATIBLE.get(host, []))


@pytest.mark.parametrize("minor", range(12))
def test_armv9_contains_armv8_up_to_five_more_and_no_further_than_8_9(minor: int) -> None:
    host = platform("linux", "arm64", f"v9.{minor}" if minor else "v9")
    runs = [n for n in range(1, 12) if host_runs(host, platform("linux", "arm64", f"v8.{n}")) is Fit.NATIVE]

    assert runs == list(range(1, min(minor + 5, 9) + 1))


WS2016, WS2019, V2004, WS2022, WIN11, V23H2, WS2025 = 14393, 17763, 19041, 20348, 22621, 25398, 26100


@pytest.mark.parametrize(
    ("host", "images"),
    [
        (WS2016, {WS2016}),
        (WS2019, {WS2019}),
        (V2004, {V2004}),
        (WS2022, {WS2022}),
        (WIN11, {WS2022, WIN11}),
        (V23H2, {WS2022, WIN11, V23H2}),
        (WS2025, {WS2022, WIN11, V23H2, WS2025}),
        (29000, {WS2025, 29000}),
    ],
)
def test_windows_hosts_run_their_own_build_and_from_2022_on_down_to_the_ltsc_before(
    host: int, images: set[int]
) -> None:
    builds = (WS2016, WS2019, V2004, WS2022, WIN11, V23H2, WS2025, 29000)
    machine = platform("windows", "amd64", os_version=f"10.0.{host}")

    for revision in ("", ".1", ".9999"):
        runs = {
            build
            for build in builds
            if host_runs(machine, platform("windows", "amd64", os_version=f"10.0.{build}{revision}")) is Fit.NATIVE
        }
        assert runs == images


@pytest.mark.parametrize(
    ("host", "image", "runs"),
    [
        ("", "10.0.17763", True),
        ("10.0.17763", "", True),
        ("10.0.20348", "11.0.20348", False),
        ("10.0.20348", "10.1.20348", False),
        ("10.0.20348", "10.0", False),
        ("10.0.20348", "strange", False),
        ("10.0.20348", "10.0.latest", False),
    ],
)
def test_a_version_of_windows_that_is_open_fits_and_one_that_cannot_be_read_does_not(
    host: str,
    image: str,
    runs: bool,  # noqa: FBT001 - a table
) -> None:
    fit = host_runs(platform("windows", "amd64", "", host), platform("windows", "amd64", "", image))

    assert (fit is Fit.NATIVE) is runs


@pytest.mark.parametrize(
    ("host", "image", "fit"),
    [
        (frozenset(), frozenset(), Fit.NATIVE),
        (frozenset({"win32k"}), frozenset(), Fit.NATIVE),
        (frozenset({"win32k", "x"}), frozenset({"win32k"}), Fit.NATIVE),
        (frozenset(), frozenset({"win32k"}), Fit.NONE),
        (frozenset({"x"}), frozenset({"win32k"}), Fit.NONE),
    ],
)
def test_a_host_must_have_every_feature_that_an_image_needs(
    host: frozenset[str], image: frozenset[str], fit: Fit
) -> None:
    assert host_runs(platform("windows", "amd64", "", "", host), platform("windows", "amd64", "", "", image)) is fit


@given(few, few)
def test_whoever_is_unknown_fits_nothing(host: Platform, image: Platform) -> None:
    if not host.known or not image.known:
        assert host_runs(host, image) is Fit.NONE


@given(platforms)
def test_a_host_runs_what_is_built_for_itself(one: Platform) -> None:
    assert host_runs(one, one) is Fit.NATIVE


@given(st.integers(1, 9), st.integers(1, 9))
def test_a_level_of_amd64_runs_all_below_it_and_none_above(host: int, image: int) -> None:
    fit = host_runs(platform("linux", "amd64", f"v{host}"), platform("linux", "amd64", f"v{image}"))

    assert (fit is Fit.NATIVE) is (image <= host)


@given(linux, linux, linux)
def test_what_runs_natively_on_what_runs_natively_runs_natively(
    host: Platform, middle: Platform, image: Platform
) -> None:
    if host_runs(host, middle) is host_runs(middle, image) is Fit.NATIVE:
        assert host_runs(host, image) is Fit.NATIVE


@given(few, few)
def test_no_host_runs_another_operating_system(host: Platform, image: Platform) -> None:
    if host.os != image.os:
        assert host_runs(host, image) is Fit.NONE
