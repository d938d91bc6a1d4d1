"""The images that people push in a history, made once: singles, and indexes for one platform or for both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.content import Content, config, index, manifest

if TYPE_CHECKING:
    from collections.abc import Iterable

AMD64, ARM64 = "amd64", "arm64"
BOTH = frozenset({AMD64, ARM64})


@dataclass(frozen=True, slots=True)
class Built:
    """An image as somebody has built it.

    Attributes:
        name: for the trace.
        content: its bytes.
        digest: of its manifest.
        parts: architecture of each manifest that a host may run, by digest; of a single image its own.
        index: it is an index, and its parts are its children.
    """

    name: str
    content: Content
    digest: str
    parts: dict[str, str]
    index: bool

    @property
    def architectures(self) -> frozenset[str]:
        """What it is built for."""
        return frozenset(self.parts.values())


def _single(architecture: str, number: int) -> Content:
    body = config("linux", architecture, created=f"2026-11-{number + 1:02}T00:00:00Z")
    made = manifest(body)
    entry = {"platform": {"os": "linux", "architecture": architecture}}
    return Content(made.body, made.media_type, made.blobs, entry=entry)


def _singles(architecture: str, numbers: Iterable[int]) -> list[Built]:
    made = []
    for number in numbers:
        content = _single(architecture, number)
        digest = content.digest
        made.append(Built(f"{architecture}-{number}", content, digest, {digest: architecture}, index=False))
    return made


def _index(name: str, *children: Built) -> Built:
    content = index(*(child.content for child in children))
    parts = {digest: architecture for child in children for digest, architecture in child.parts.items()}
    return Built(name, content, content.digest, parts, index=True)


_AMD = _singles(AMD64, range(4))
_ARM = _singles(ARM64, range(4))
IMAGES: tuple[Built, ...] = (
    *_AMD,
    *_ARM,
    _index("both-0", _AMD[0], _ARM[0]),
    _index("both-1", _AMD[1], _ARM[1]),
    # Shares a part with the one before, and with an image that is pushed by itself.
    _index("both-2", _AMD[1], _ARM[2]),
    _index("amd64-in-index", _AMD[2]),
    _index("arm64-in-index", _ARM[1]),
    _index("arm64-in-index-too", _ARM[3]),
)
BY_DIGEST = {built.digest: built for built in IMAGES}


def runs(host: str, digest: str) -> bool:
    """Whether a host of an architecture is able to run an image or a part of one, by its digest."""
    return host in BY_DIGEST[digest].architectures


def needs(host: str, digest: str) -> tuple[str, ...]:
    """The digests that a host pulls to run an image that it is able to run."""
    built = BY_DIGEST[digest]
    part = next(part for part, architecture in built.parts.items() if architecture == host)
    return (digest, part) if built.index else (digest,)


def name_of(digest: str) -> str:
    """How the trace calls a digest; empty for none."""
    return BY_DIGEST[digest].name if digest in BY_DIGEST else digest[:19]
