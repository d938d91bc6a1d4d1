from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrguard.domain.platform import (
    ARCHITECTURES,
    OPERATING_SYSTEMS,
    Platform,
    PlatformError,
    architecture_named,
    parse,
    platform,
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
