"""Reading an image's config: the platform that it states, or why it states none."""

from __future__ import annotations

import pytest
from tests.content import OCI_CONFIG, config, encode, sha256

from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.manifest import MAX_CONFIG_BYTES, Descriptor, read_config
from ecrguard.domain.platform import Platform


def _descriptor(body: bytes) -> Descriptor:
    return Descriptor(OCI_CONFIG, sha256(body), len(body))


PLATFORMS = {
    "linux/amd64": (config(), Platform("linux", "amd64")),
    "a variant": (config("linux", "arm", variant="v6"), Platform("linux", "arm", "v6")),
    "spelled otherwise": (config("Linux", "x86_64"), Platform("linux", "amd64")),
    "Windows with its build": (
        config("windows", "amd64", **{"os.version": "10.0.20348.169", "os.features": ["win32k"]}),
        Platform("windows", "amd64", "", "10.0.20348.169", frozenset({"win32k"})),
    ),
    "a bottle of Homebrew": (
        config("darwin", "arm64", **{"os.version": "macOS 15.1"}),
        Platform("darwin", "arm64", "", "macOS 15.1"),
    ),
    "null where nothing is to be said": (
        config("linux", "amd64", variant=None, **{"os.features": None}),
        Platform("linux", "amd64"),
    ),
    "an architecture that nobody knows yet": (config("linux", "loong128"), Platform("linux", "loong128")),
}


@pytest.mark.parametrize(("body", "expected"), PLATFORMS.values(), ids=PLATFORMS.keys())
def test_a_config_gives_its_platform(body: bytes, expected: Platform) -> None:
    assert read_config(body, _descriptor(body)) == expected


CONFIGS = {
    "architecture left out": (encode({"os": "linux"}), UnknownReason.PLATFORM_MISSING),
    "os left out": (encode({"architecture": "amd64"}), UnknownReason.PLATFORM_MISSING),
    "both empty": (config("", ""), UnknownReason.PLATFORM_MISSING),
    "both unknown": (config("unknown", "unknown"), UnknownReason.PLATFORM_MISSING),
    "architecture null": (encode({"os": "linux", "architecture": None}), UnknownReason.PLATFORM_MISSING),
    "a tar file": (b"\x1f\x8b\x08\x00", UnknownReason.CONFIG_MALFORMED),
    "a list": (b"[]", UnknownReason.CONFIG_MALFORMED),
    "architecture twice": (
        b'{"os": "linux", "architecture": "amd64", "architecture": "arm64"}',
        UnknownReason.CONFIG_MALFORMED,
    ),
    "architecture twice, once in upper case": (
        b'{"os": "linux", "architecture": "amd64", "Architecture": "arm64"}',
        UnknownReason.CONFIG_MALFORMED,
    ),
    "architecture with a line break": (config("linux", "amd64\nx"), UnknownReason.CONFIG_MALFORMED),
    "over the cap": (b" " * (MAX_CONFIG_BYTES + 1), UnknownReason.CONFIG_TOO_LARGE),
}


@pytest.mark.parametrize(("body", "reason"), CONFIGS.values(), ids=CONFIGS.keys())
def test_a_config_that_does_not_tell_its_platform_is_an_unknown(body: bytes, reason: UnknownReason) -> None:
    found = read_config(body, _descriptor(body))

    assert isinstance(found, Unknown)
    assert (found.reason, found.subject) == (reason, sha256(body))


def test_a_config_with_another_digest_is_not_parsed() -> None:
    found = read_config(config("linux", "amd64"), _descriptor(config("linux", "arm64")))

    assert isinstance(found, Unknown)
    assert found.reason is UnknownReason.CONFIG_DIGEST_MISMATCH


def test_labels_that_differ_by_case_are_no_fault_of_a_config() -> None:
    body = config("linux", "amd64", config={"Labels": {"Vendor": "a", "vendor": "b"}, "OS": "x"})

    assert read_config(body, _descriptor(body)) == Platform("linux", "amd64")
