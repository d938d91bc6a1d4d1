from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrguard.domain.pattern import Globs, PatternError, architectures_in, tag_pattern, widened


@pytest.mark.parametrize(
    ("glob", "text", "expected"),
    [
        ("*", "", True),
        ("*", "team/web", True),
        ("team/*", "team/a/b", True),
        ("team/*", "team", False),
        ("team/*", "steam/web", False),
        ("web-?", "web-1", True),
        ("web-?", "web-", False),
        ("web-?", "web-12", False),
        ("*-web-*", "a-web-b-web-c", True),
        ("v*", "V1", False),
        ("v1.4", "v1x4", False),
        ("[ab]*", "a", False),
        ("[ab]*", "[ab]c", True),
        ("a|b", "a", False),
        ("a", "a\n", False),
    ],
)
def test_globs(glob: str, text: str, expected: bool) -> None:  # noqa: FBT001 - a table's column
    assert Globs((glob,)).match(text) is expected


def test_no_glob_matches_nothing() -> None:
    assert not Globs(()).match("")


@pytest.mark.parametrize(
    ("pattern", "tag", "expected"),
    [
        ("{version}-{arch}", "1.4-arm64", "arm64"),
        ("{version}-{arch}", "1.4-beta", None),
        ("{version}-{arch}", "-arm64", None),
        ("{version}-{arch}", "1.4-rc1-arm64", "arm64"),
        ("{version}-{arch}", "1.4-ARM64", "arm64"),
        ("{version}-{arch}", "1.4-x86-64", "amd64"),
        ("{version}-{arch}", "1.4-armv7", "arm/v7"),
        ("{version}-{arch}", "1.4-arm64v8", "arm64"),
        ("{version}-{arch}", "1.4-amd64v3", "amd64/v3"),
        ("{version}-{arch}", "1.4-arm64v2", None),
        ("{version}-{arch}", "1.4-s390xv2", None),
        ("{version}-{arch}", "1.4-arm", "arm"),
        ("{version}-{arch}", "1.4-arm32", "arm"),
        ("{version}-{arch}", "1.4-arm32v7", "arm/v7"),
        ("{version}-{arch}", "1.4-i386", "386"),
        ("{version}-{arch}", "pr-386", None),
        ("{version}-{arch}", "1.4-arm64-slim", None),
        ("{version}-{arch}*", "1.4-arm64-slim", "arm64"),
        ("{version}_{arch}", "1.4_x86_64", "amd64"),
        ("{version}_{arch}", "1.4_aarch64", "arm64"),
        ("{arch}", "mips64le", "mips64le"),
        ("{arch}-{version}", "arm64-v8-1.0", "arm64"),
        ("v?-{arch}", "v1-arm64", "arm64"),
        ("v?-{arch}", "v12-arm64", None),
        ("*{arch}", "charm", None),
        ("{arch}*", "armada", None),
        ("{version}-{os}-{arch}", "1.4-linux-arm64", "linux/arm64"),
        ("{version}-{os}-{arch}", "1.4-windows-amd64", "windows/amd64"),
        ("{version}-{os}-{arch}", "1.4-macos-arm64", "darwin/arm64"),
        ("{version}-{os}-{arch}", "1.4-linux-386", "linux/386"),
        ("{version}-{os}-{arch}", "1.4-alpine-arm64", None),
        ("{version}-{arch}-{variant}", "1.4-arm-v6", "arm/v6"),
        ("{version}-{arch}-{variant}", "1.4-arm64-v2", None),
        ("{version}-{platform}", "1.4-linux-arm64", "linux/arm64"),
        ("{version}-{platform}", "1.4-linux_arm_v7", "linux/arm/v7"),
        ("{version}-{platform}", "1.4-linux-armv7", "linux/arm/v7"),
        ("{version}-{platform}", "1.4-linux-386", "linux/386"),
        ("{version}-{platform}", "1.4-arm64", None),
        # The first architecture has no such level: the search goes on.
        ("*{arch}*-{variant}", "amd64-arm-v7", "arm/v7"),
    ],
)
def test_captures(pattern: str, tag: str, expected: str | None) -> None:
    found = tag_pattern(pattern).capture(tag)

    assert (found and str(found).removeprefix("*/")) == expected


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("1.4-arm64", ["*/arm64"]),
        ("1.4-ARM64-slim", ["*/arm64"]),
        ("arm64", ["*/arm64"]),
        ("1.4_arm64.rc1", ["*/arm64"]),
        ("1.4-armv7", ["*/arm/v7"]),
        ("1.4-arm32v7", ["*/arm/v7"]),
        ("arm32v6-1.4", ["*/arm/v6"]),
        ("1.4-arm32", ["*/arm"]),
        ("1.4-arm", ["*/arm"]),
        ("1.4-armhf", ["*/arm/v7"]),
        ("1.4-arm64v8", ["*/arm64"]),
        ("1.4-amd64v3", ["*/amd64/v3"]),
        ("2-x86_64-slim", ["*/amd64"]),
        ("2-x86-64", ["*/amd64"]),
        ("2-i386", ["*/386"]),
        ("2-linux-arm-v7", ["linux/arm/v7"]),
        ("2-linux_arm64-slim", ["linux/arm64"]),
        ("2-linux-386", ["linux/386"]),
        ("2-arm-v7", ["*/arm"]),
        ("2-amd64-arm64", ["*/amd64", "*/arm64"]),
        ("amd64-arm64-amd64", ["*/amd64", "*/arm64"]),
        # No level of amd64: the name beside it still counts.
        ("linux-amd64-v9", ["*/amd64"]),
        ("linux-arm64v2", []),
        ("charm", []),
        ("charm64-1", []),
        ("arm64x", []),
        ("pr-386", []),
        ("linux", []),
        ("latest", []),
        ("", []),
    ],
)
def test_the_architectures_that_a_tag_names(tag: str, expected: list[str]) -> None:
    assert [str(found) for found in architectures_in(tag)] == expected


@given(st.lists(st.sampled_from(["arm64", "armv7", "386", "v8", "linux", "x86_64", "1", "web"]), max_size=6), st.data())
def test_a_tag_names_an_architecture_where_a_pattern_captures_one(parts: list[str], data: st.DataObject) -> None:
    tag = "".join(part + data.draw(st.sampled_from(["-", "_", "."])) for part in parts)
    captured = tag_pattern("*{platform}*").capture(tag) or tag_pattern("*{arch}*").capture(tag)

    assert (captured in architectures_in(tag)) if captured else not architectures_in(tag)


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("{version}", "expected {arch} or {platform}"),
        ("{version}-{os}", "expected {arch} or {platform}"),
        ("{version}-{architecture}", "did you mean {arch}?"),
        ("{version}-{Arch}", "did you mean {arch}?"),
        ("{version}-{plattform}", "did you mean {platform}?"),
        ("{arch}-{arch}", "at most once"),
        ("{platform}-{arch}", "names one of them again"),
        ("{version}{arch}", "expected a separator"),
        ("{arch}{variant}", "expected a separator"),
        ("go{arch}", "expected a separator"),
        ("{arch", "a brace on its own"),
        ("arch}-{arch}", "a brace on its own"),
        ("{}-{arch}", "expected a name in braces"),
        ("{1}-{arch}", "expected a name in braces"),
        ("*-*-*-*-*-*-*-*-*-{arch}", "at most 8 wildcards"),
    ],
)
def test_patterns_that_would_mislead_are_refused(pattern: str, says: str) -> None:
    with pytest.raises(PatternError) as raised:
        tag_pattern(pattern)

    assert says in str(raised.value)


_globs = st.text(alphabet="ab*?", min_size=1, max_size=6)


@given(_globs, _globs, st.text(alphabet="ab", max_size=8))
def test_what_is_covered_is_matched(general: str, special: str, text: str) -> None:
    if Globs((general,)).covers(special) and Globs((special,)).match(text):
        assert Globs((general,)).match(text)


@pytest.mark.parametrize(
    ("general", "special", "expected"),
    [("*", "a?", True), ("team/*", "team/web-*", True), ("team/*", "*", False), ("a?", "a*", False), ("a", "a", True)],
)
def test_covering(general: str, special: str, expected: bool) -> None:  # noqa: FBT001 - a table's column
    assert Globs((general,)).covers(special) is expected


@given(st.sampled_from(["{version}-{arch}", "*{platform}*", "{arch}_{variant}*", "{a}.{os}-{arch}"]), st.data())
def test_a_pattern_matches_no_more_than_its_widened_glob(pattern: str, data: st.DataObject) -> None:
    parts = st.sampled_from(["arm64", "linux", "v8", "-", "_", ".", "1", "amd64", "x", "armv7", "windows"])
    tag = "".join(data.draw(st.lists(parts, max_size=8)))

    if tag_pattern(pattern).capture(tag) is not None:
        assert Globs((widened(pattern),)).match(tag)


@pytest.mark.parametrize("text", ["a" * 128, "-" * 128, "arm64-" * 21, "linux-arm-" * 12])
def test_no_tag_makes_matching_slow(text: str) -> None:
    globs = Globs(("*a" * 64 + "b", "*-" * 60 + "b"))
    pattern = tag_pattern("*-*-*-*-*-*-*-{arch}-{variant}")

    started = time.perf_counter()
    globs.match(text)
    pattern.capture(text)
    architectures_in(text)

    assert time.perf_counter() - started < 1
