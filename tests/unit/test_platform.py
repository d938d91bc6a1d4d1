from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrguard.domain.platform import (
    ARCHITECTURES,
    OPERATING_SYSTEMS,
    Fit,
    Platform,
    PlatformError,
    architecture_named,
    equal,
    host_runs,
    parse,
    platform,
    satisfies,
)

VARIANTS = ["", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v8.1", "v8.5", "v8.9", "v9", "v9.2", "v9.5", "odd"]
VERSIONS = ["", "10.0.17763", "10.0.17763.1", "10.0.17763.2", "10.0.20348.169", "10.0.26100", "strange"]
platforms = st.builds(
    platform,
    st.sampled_from(sorted(OPERATING_SYSTEMS)),
    st.sampled_from(sorted(ARCHITECTURES)),
    st.sampled_from(VARIANTS),
    st.sampled_from(VERSIONS),
)
LEVELS = {
    "amd64": ["", "v2", "v3", "v4"],
    "arm": ["v5", "v6", "v7", "v8"],
    "arm64": ["", *(f"v8.{n}" for n in range(1, 10)), "v9", *(f"v9.{n}" for n in range(1, 10))],
}
legal = st.sampled_from(
    [
        platform(os, architecture, variant, version)
        for os in sorted(OPERATING_SYSTEMS)
        for architecture in sorted(ARCHITECTURES)
        for variant in LEVELS.get(architecture, [""])
        for version in (["", "10.0.17763", "10.0.20348.169"] if os == "windows" else [""])
    ]
)
few = st.builds(
    platform,
    st.sampled_from(["linux", "windows", "", "unknown"]),
    st.sampled_from(["amd64", "arm64", "arm", ""]),
    st.sampled_from(VARIANTS),
    st.sampled_from(VERSIONS),
    st.sampled_from([frozenset[str](), frozenset({"win32k"})]),
)
linux = st.builds(
    platform, st.just("linux"), st.sampled_from(["386", "amd64", "arm64", "arm"]), st.sampled_from(VARIANTS)
)


# Normalising


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


# Reading and printing


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("linux/amd64", Platform("linux", "amd64")),
        (" Linux/X86_64 ", Platform("linux", "amd64")),
        ("linux/arm", Platform("linux", "arm", "v7")),
        ("linux/arm/v6", Platform("linux", "arm", "v6")),
        ("linux/arm64/v8", Platform("linux", "arm64")),
        ("linux/arm64/v9.0", Platform("linux", "arm64", "v9")),
        ("macOS/aarch64", Platform("darwin", "arm64")),
        ("windows(10.0.20348.169)/amd64", Platform("windows", "amd64", "", "10.0.20348.169")),
        ("windows()/amd64", Platform("windows", "amd64")),
        ("linux/amd64/v1", Platform("linux", "amd64")),
        ("linux/x86_64/V3", Platform("linux", "amd64", "v3")),
        ("linux/arm/7", Platform("linux", "arm", "v7")),
        ("linux/armhf/v7", Platform("linux", "arm", "v7")),
        ("linux/arm64/8", Platform("linux", "arm64")),
        ("linux/arm64/v8.2", Platform("linux", "arm64", "v8.2")),
    ],
)
def test_platforms_are_read_as_containerd_reads_them(text: str, expected: Platform) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("linux", Platform("linux", "")),
        ("arm64", Platform("", "arm64")),
        ("aarch64", Platform("", "arm64")),
        ("X86_64", Platform("", "amd64")),
        ("arm", Platform("", "arm")),
        ("armhf", Platform("", "arm", "v7")),
        ("linux/arm", Platform("linux", "arm")),
        ("linux/armel", Platform("linux", "arm", "v6")),
        ("linux/arm/v7", Platform("linux", "arm", "v7")),
        ("windows(10.0.20348)", Platform("windows", "", "", "10.0.20348")),
        ("windows(10.0.20348)/amd64", Platform("windows", "amd64", "", "10.0.20348")),
    ],
)
def test_a_requirement_may_leave_parts_open(text: str, expected: Platform) -> None:
    assert parse(text, partial=True) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "linux/",
        "/amd64",
        "linux//v7",
        "/linux/arm",
        "linux/arm/",
        "linux /arm",
        "linux/&arm",
        "linux/arm/v7/more",
        "*",
        "linux/*",
        "*/arm64",
        "linux/arm/*",
        "linux/unknown",
        "unknown/unknown",
        "windows(10.0/amd64",
        "windows(10.0.1)(2)/amd64",
        "linux/amd64\nlinux/arm64",
        "l" * 1000,
        "arm64(1)",
    ],
)
@pytest.mark.parametrize("partial", [False, True])
def test_what_is_no_platform_is_refused(text: str, partial: bool) -> None:  # noqa: FBT001 - a table
    with pytest.raises(PlatformError):
        parse(text, partial=partial)


@pytest.mark.parametrize("text", ["linux", "arm64"])
def test_one_part_alone_is_refused_where_a_whole_platform_is_needed(text: str) -> None:
    with pytest.raises(PlatformError, match="expected os/architecture"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [("linux/amd46", "amd64"), ("linus/amd64", "linux"), ("linux/arm46", "arm64"), ("linux/x8664", "x86_64")],
)
def test_a_slip_of_the_pen_is_answered_with_what_was_meant(text: str, meant: str) -> None:
    with pytest.raises(PlatformError, match=rf"did you mean {meant}\?"):
        parse(text)


BUILD = "expected a build such as windows(10.0.20348)/amd64 (Server 2022), got "


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("windows(ltsc2022)/amd64", BUILD),
        ("windows(10.0)/amd64", BUILD),
        ("windows(10.0.20348.169.1)/amd64", BUILD),
        ("windows(10..20348)/amd64", BUILD),
        ("linux(5.4)/amd64", "expected a version of windows only, such as windows(10.0.20348)/amd64, got "),
        ("linux(10.0.20348)/amd64", "expected a version of windows only"),
        ("linux/amd64/v9", "names an unknown CPU level 'v9'; amd64 has v1 to v4"),
        ("linux/amd64/v0", "amd64 has v1 to v4"),
        ("linux/amd64/v2.1", "amd64 has v1 to v4"),
        ("linux/amd64/2", "names an unknown CPU level '2'; amd64 has v1 to v4"),
        ("linux/x86_64/fast", "amd64 has v1 to v4"),
        ("linux/arm64/fast", "names an unknown CPU level 'fast'; arm64 has v8 and v9, also with a minor version: v8.2"),
        ("linux/arm64/v7", "arm64 has v8 and v9"),
        ("linux/arm64/v8.10", "arm64 has v8 and v9"),
        ("linux/arm/v9", "arm has v5 to v8"),
        ("linux/arm/v4", "arm has v5 to v8"),
        ("linux/armhf/v6", "names an unknown CPU level 'v6'; armhf is arm/v7"),
        ("linux/armel/v7", "armel is arm/v6"),
        ("linux/386/v7", "names an unknown CPU level 'v7'; 386 has none"),
        ("linux/i386/v1", "386 has none"),
        ("linux/riscv64/v1", "riscv64 has none"),
    ],
)
@pytest.mark.parametrize("partial", [False, True])
def test_a_version_or_level_that_no_image_can_have_is_refused(
    text: str,
    says: str,
    partial: bool,  # noqa: FBT001 - a table
) -> None:
    with pytest.raises(PlatformError) as raised:
        parse(text, partial=partial)

    assert says in str(raised.value)
    assert repr(text) in str(raised.value)


@pytest.mark.parametrize("text", ["windows(ltsc2022)", "windows(10.0)", "linux(5.4)", "linux(10.0.20348)"])
def test_an_operating_system_alone_has_no_other_versions(text: str) -> None:
    with pytest.raises(PlatformError, match=r"windows\(10\.0\.20348\)/amd64"):
        parse(text, partial=True)


def test_what_an_image_says_of_itself_is_taken_as_it_is() -> None:
    assert str(platform("windows", "amd64", "v9", "ltsc2022")) == "windows(ltsc2022)/amd64/v9"


@given(st.text(max_size=200), st.booleans())
def test_reading_fails_in_one_way_only(text: str, partial: bool) -> None:  # noqa: FBT001 - of the strategy
    try:
        parse(text, partial=partial)
    except PlatformError:
        return


@given(legal)
def test_what_is_printed_is_read_back_the_same(one: Platform) -> None:
    assert parse(str(one)) == one
    assert one.architecture == "arm" or parse(str(one), partial=True) == one


def test_parts_left_open_are_printed_as_stars() -> None:
    assert str(parse("arm64", partial=True)) == "*/arm64"
    assert str(parse("linux", partial=True)) == "linux/*"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("arm64", "*/arm64"),
        ("aarch64", "*/arm64"),
        ("x86_64", "*/amd64"),
        ("armhf", "*/arm/v7"),
        ("arm", "*/arm"),
        ("arm32", "*/arm"),
        ("latest", None),
        ("linux", None),
        ("", None),
    ],
)
def test_an_architecture_is_known_by_its_name_alone(text: str, expected: str | None) -> None:
    found = architecture_named(text)

    assert (str(found) if found else None) == expected


# Which are the same


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


# What runs on what

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


# Requirements


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
