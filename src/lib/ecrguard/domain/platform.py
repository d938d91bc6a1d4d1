"""Platforms: what an image is built for and what a host can run.

A platform is ``os/architecture[/variant]``, as in the OCI image specification (``image-index.md``, property
``platform``). The rules of this module are containerd's (``github.com/containerd/platforms``), which Amazon ECS, EKS
and App Runner hosts use to pick a manifest from an index. Three questions are kept apart:

* :func:`equal`: do two values name the same platform?
* :func:`host_runs`: can a host start a program built for a platform?
* :func:`satisfies`: does a platform meet a requirement that may be silent on some parts?
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from enum import StrEnum

UNKNOWN = "unknown"
"""What BuildKit writes for the os and architecture of attestations, and some tools where they do not know."""

OPERATING_SYSTEMS = frozenset(
    {
        "aix",
        "android",
        "darwin",
        "dragonfly",
        "freebsd",
        "illumos",
        "ios",
        "js",
        "linux",
        "netbsd",
        "openbsd",
        "plan9",
        "solaris",
        "wasip1",
        "windows",
        "zos",
    }
)
ARCHITECTURES = frozenset(
    {
        "386",
        "amd64",
        "arm",
        "arm64",
        "loong64",
        "mips",
        "mips64",
        "mips64le",
        "mipsle",
        "ppc",
        "ppc64",
        "ppc64le",
        "riscv",
        "riscv64",
        "s390",
        "s390x",
        "sparc",
        "sparc64",
        "wasm",
    }
)
"""The values of Go's GOOS and GOARCH that container images use."""

_ARCHITECTURE_ALIASES = {
    "i386": ("386", ""),
    "x86_64": ("amd64", ""),
    "x86-64": ("amd64", ""),
    "aarch64": ("arm64", ""),
    "armhf": ("arm", "v7"),
    "armel": ("arm", "v6"),
}
_OS_ALIASES = {"macos": "darwin"}
_ARM_NAMES = frozenset({"arm", "arm32"})
"""``arm32`` is no name of containerd's; Docker's official images have it in names and tags (``arm32v7``)."""
ARCHITECTURE_NAMES = ARCHITECTURES | frozenset(_ARCHITECTURE_ALIASES) | _ARM_NAMES
OPERATING_SYSTEM_NAMES = OPERATING_SYSTEMS | frozenset(_OS_ALIASES)
"""All names that people write for them, aliases too (``x86_64``, ``macos``)."""
_ARM64_VARIANTS = {"8": "", "v8": "", "v8.0": "", "8.0": "", "9": "v9", "9.0": "v9", "v9.0": "v9"}
_ARM_VARIANTS = {"": "v7", "7": "v7", "5": "v5", "6": "v6", "8": "v8"}
_LEVELS = {
    "amd64": re.compile(r"v[2-4]"),
    "arm": re.compile(r"v[5-8]"),
    "arm64": re.compile(r"v8\.[1-9]|v9(?:\.[1-9])?"),
}
"""The CPU levels that there are above the plain architecture, normalised; of arm all: no image is for plain arm."""
_LEVELS_IN_WORDS = {
    "amd64": "v1 to v4",
    "arm": "v5 to v8",
    "arm64": "v8 and v9, also with a minor version: v8.2",
}
_BASE_BY_NAME = frozenset({"amd64", "arm64"})
"""Architectures whose base level is written by leaving the level out."""
_WINDOWS_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+){2,3}")
_SPECIFIER = re.compile(r"(?P<os>[A-Za-z0-9_.-]+)(?:\((?P<version>[A-Za-z0-9_.-]*)\))?")
_COMPONENT = re.compile(r"[A-Za-z0-9_.-]+")
_MAX_PARTS = 3
_MAX_TEXT = 128

# Windows: from Server 2022 on, a host also runs containers of the LTSC release before its own
# (Microsoft, "Windows container version compatibility"; hcsshim's CheckHostAndContainerCompat).
_LTSC_BUILDS = (20348, 26100)


class PlatformError(ValueError):
    """A text that names no platform. The message says what was expected and, where one is near, which was meant."""


@dataclass(frozen=True, slots=True, order=True)
class Platform:
    """An operating system, an architecture and what narrows them. Build it with :func:`platform` or :func:`parse`.

    Attributes:
        os: GOOS name (``linux``, ``windows``); empty where a requirement leaves it open.
        architecture: GOARCH name (``amd64``, ``arm64``); empty where a requirement leaves it open.
        variant: CPU level (``v7`` of arm, ``v3`` of amd64); empty for the plain architecture.
        os_version: Windows' ``10.0.20348.169``; empty elsewhere.
        os_features: features of the OS that the image needs (``win32k``).
    """

    os: str
    architecture: str
    variant: str = ""
    os_version: str = ""
    os_features: frozenset[str] = frozenset()

    def __str__(self) -> str:
        """The text form ``os[(version)]/architecture[/variant]``; ``*`` stands for a part left open."""
        version = f"({self.os_version})" if self.os_version else ""
        variant = f"/{self.variant}" if self.variant else ""
        return f"{self.os or '*'}{version}/{self.architecture or '*'}{variant}"

    @property
    def known(self) -> bool:
        """Whether both os and architecture are stated; ``unknown`` and empty are not."""
        return bool(self.os and self.architecture) and UNKNOWN not in (self.os, self.architecture)


class Fit(StrEnum):
    """How a host takes a program built for a platform."""

    NATIVE = "native"
    COMPATIBLE = "compatible"
    """The engine starts it in another mode of the CPU (386 on amd64, 32-bit arm on arm64), which not every host has."""
    NONE = "none"


def platform(
    os: str, architecture: str, variant: str = "", os_version: str = "", os_features: frozenset[str] = frozenset()
) -> Platform:
    """The normalised platform of what a descriptor or an image config says, known names or not.

    An empty ``os`` stays empty: it is unknown, never that of the machine that asks.
    """
    os, architecture, variant = os.strip().lower(), architecture.strip().lower(), variant.strip().lower()
    os = _OS_ALIASES.get(os, os)
    if architecture in _ARCHITECTURE_ALIASES:
        architecture, implied = _ARCHITECTURE_ALIASES[architecture]
        variant = "" if architecture == "386" else implied or variant
    if architecture == "amd64" and variant == "v1":
        variant = ""
    elif architecture == "arm64":
        variant = _ARM64_VARIANTS.get(variant, variant)
    elif architecture == "arm":
        variant = _ARM_VARIANTS.get(variant, variant)
    return Platform(os, architecture, variant, os_version.strip(), os_features)


def parse(text: str, *, partial: bool = False) -> Platform:
    """The platform that ``os[(version)]/architecture[/variant]`` names.

    Args:
        text: for example ``linux/arm64``, ``windows(10.0.20348)/amd64``.
        partial: also take one part alone (``linux``, ``arm64``) and leave the rest open, and do not read ``linux/arm``
            as ``linux/arm/v7``: that is how requirements are written.

    Raises:
        PlatformError: more than three parts, a ``*``, an os, an architecture or a CPU level that is not in use, a
            version that is none of Windows.
    """
    if len(text) > _MAX_TEXT:
        raise PlatformError(f"expected a platform such as linux/amd64, got {len(text)} characters")
    parts = text.strip().split("/")
    first = _SPECIFIER.fullmatch(parts[0])
    if len(parts) > _MAX_PARTS or first is None or not all(_COMPONENT.fullmatch(part) for part in parts[1:]):
        raise PlatformError(f"expected os/architecture[/variant], such as linux/amd64, got {text!r}")
    version = first["version"] or ""
    _check_version(first["os"], version, text)
    if len(parts) == 1:
        if not partial:
            raise PlatformError(f"expected os/architecture[/variant], such as linux/{parts[0]}, got {text!r}")
        return _parse_single(first["os"], version, text)
    found = platform(first["os"], parts[1], parts[2] if len(parts) == _MAX_PARTS else "", version)
    _check(found.os, OPERATING_SYSTEMS, "operating system", text)
    _check(found.architecture, ARCHITECTURES, "architecture", text)
    if len(parts) == _MAX_PARTS:
        _check_level(found, parts[1], parts[2], text)
    implied_arm = found.architecture == "arm" and len(parts) < _MAX_PARTS and parts[1].strip().lower() == "arm"
    if partial and implied_arm:
        return Platform(found.os, found.architecture, "", found.os_version)
    return found


def _parse_single(name: str, version: str, text: str) -> Platform:
    known = platform(name, name)
    if known.os in OPERATING_SYSTEMS:
        return Platform(known.os, "", "", version)
    if known.architecture in ARCHITECTURES and not version:
        implied = known.variant if name.strip().lower() != "arm" else ""
        return Platform("", known.architecture, implied)
    _check(name.lower(), OPERATING_SYSTEMS | ARCHITECTURES, "operating system or architecture", text)
    raise PlatformError(f"expected os/architecture[/variant], such as linux/amd64, got {text!r}")


def _check(name: str, known: frozenset[str], what: str, text: str) -> None:
    if name in known:
        return
    near = difflib.get_close_matches(name, sorted(known | set(_ARCHITECTURE_ALIASES)), n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise PlatformError(f"{text!r} names an unknown {what} {name!r}{hint}")


def _check_version(os: str, version: str, text: str) -> None:
    if not version:
        return
    if os.lower() in OPERATING_SYSTEM_NAMES and os.lower() != "windows":
        raise PlatformError(
            f"expected a version of windows only, such as windows(10.0.20348)/amd64, got {text.strip()!r}"
        )
    if os.lower() == "windows" and _WINDOWS_VERSION.fullmatch(version) is None:
        raise PlatformError(f"expected a build such as windows(10.0.20348)/amd64 (Server 2022), got {text.strip()!r}")


def _check_level(found: Platform, name: str, stated: str, text: str) -> None:
    """Refuse a level that ``name`` cannot have, also one beside a name that has another in it (``armhf/v6``)."""
    level = cpu_level(found.architecture, stated)
    if level is not None and level == found.variant:
        return
    there = f"{found.architecture} has {_LEVELS_IN_WORDS.get(found.architecture, 'none')}"
    if level is not None:
        there = f"{name} is {found.architecture}/{found.variant}"
    raise PlatformError(f"{text!r} names an unknown CPU level {stated!r}; {there}")


def cpu_level(architecture: str, text: str) -> str | None:
    """The CPU level that ``text`` names, normalised, empty for the base level; None where there is no such level."""
    level = platform("", architecture, text).variant
    levels = _LEVELS.get(architecture)
    if levels is None:
        return None
    return level if levels.fullmatch(level) or (not level and architecture in _BASE_BY_NAME) else None


def architecture_named(text: str) -> Platform | None:
    """The partial platform of an architecture's name alone (``arm64``, ``x86_64``), None where it is no such name."""
    if text.strip().lower() in _ARM_NAMES:
        return Platform("", "arm")
    known = platform("", text)
    return Platform("", known.architecture, known.variant) if known.architecture in ARCHITECTURES else None


def equal(one: Platform, other: Platform) -> bool:
    """Whether both name the same platform, after normalising; the Windows revision (last number) does not count."""
    return (one.os, one.architecture, one.variant, one.os_features, _build(one.os_version)) == (
        other.os,
        other.architecture,
        other.variant,
        other.os_features,
        _build(other.os_version),
    )


def satisfies(offered: Platform, required: Platform) -> bool:
    """Whether ``offered`` has every part that ``required`` states; an empty part is open, features are a minimum.

    A level that is left out beside os and architecture is the base level: ``linux/amd64/v3`` does not satisfy
    ``linux/amd64``, because hosts of the base level do not choose it from an index. It satisfies ``amd64``.
    """
    base = bool(required.os) and required.architecture in _BASE_BY_NAME and not required.variant
    return (
        required.os in ("", offered.os)
        and required.architecture in ("", offered.architecture)
        and (required.variant == offered.variant or not (required.variant or base))
        and (not required.os_version or _build(required.os_version) == _build(offered.os_version))
        and required.os_features <= offered.os_features
    )


def host_runs(host: Platform, image: Platform) -> Fit:
    """How ``host`` takes a program built for ``image``; containerd's ``platforms.Only``.

    A plain ``linux/amd64`` host does not run ``amd64/v2``: the plain name promises no more than the base level.
    Whoever is unknown, host or image, fits nothing.
    """
    if not host.known or not image.known or host.os != image.os or not image.os_features <= host.os_features:
        return Fit.NONE
    if host.os == "windows" and not _windows_runs(host.os_version, image.os_version):
        return Fit.NONE
    wanted = (image.architecture, image.variant)
    if wanted in _native(host.architecture, host.variant):
        return Fit.NATIVE
    return Fit.COMPATIBLE if wanted in _compatible(host.architecture) else Fit.NONE


def _native(architecture: str, variant: str) -> set[tuple[str, str]]:
    same = {(architecture, variant)}
    if architecture == "amd64":
        return same | {("amd64", f"v{level}") for level in range(2, _level(variant) + 1)} | {("amd64", "")}
    if architecture == "arm":
        return same | {("arm", f"v{level}") for level in range(5, _level(variant) + 1)}
    if architecture == "arm64":
        return same | {("arm64", level) for level in _arm64_levels(variant)}
    return same


def _compatible(architecture: str) -> set[tuple[str, str]]:
    if architecture == "amd64":
        return {("386", "")}
    if architecture == "arm64":
        return {("arm", f"v{level}") for level in range(5, 9)}
    return set()


def _arm64_levels(variant: str) -> set[str]:
    """Armv9.x contains Armv8.(x+5), and each minor version those below it (Arm Architecture Reference Manual)."""
    match = re.fullmatch(r"v([89])(?:\.(\d{1,2}))?", variant or "v8")
    if match is None:
        return {""}
    major, minor = int(match[1]), int(match[2] or 0)
    v8_minor = min(minor + 5, 9) if major == 9 else minor  # noqa: PLR2004 - Armv9 is the name of the architecture
    levels = {f"v8.{n}" for n in range(1, v8_minor + 1)} | {""}
    if major == 9:  # noqa: PLR2004 - as above
        levels |= {f"v9.{n}" for n in range(1, minor + 1)} | {"v9"}
    return levels


def _level(variant: str) -> int:
    match = re.fullmatch(r"v(\d)", variant)
    return int(match[1]) if match else 1


def _build(os_version: str) -> tuple[str, ...]:
    return tuple(os_version.split(".")[:3]) if os_version else ()


def _windows_runs(host_version: str, image_version: str) -> bool:
    host, image = _build(host_version), _build(image_version)
    if not host or not image:
        return True
    if host[:2] != image[:2] or len(host) != len(image) or not (host[-1].isdecimal() and image[-1].isdecimal()):
        return host == image
    host_build, image_build = int(host[-1]), int(image[-1])
    if host_build < _LTSC_BUILDS[0]:
        return host_build == image_build
    oldest = max((build for build in _LTSC_BUILDS if build < host_build), default=_LTSC_BUILDS[0])
    return oldest <= image_build <= host_build
