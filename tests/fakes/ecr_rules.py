"""Rules of Amazon ECR that both of its stand-ins keep: what a manifest consists of, and which tags cannot be moved."""

from __future__ import annotations

import functools
import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.content import sha256

from ecrguard.domain.manifest import DOCKER_LIST, OCI_INDEX

if TYPE_CHECKING:
    from collections.abc import Iterable


class Parts(NamedTuple):
    """What a manifest consists of.

    Attributes:
        digest: of its bytes.
        children: digests of the manifests that an index lists.
        config: digest of an image's config; empty where it names none.
    """

    digest: str
    children: tuple[str, ...] = ()
    config: str = ""


@functools.lru_cache(maxsize=4096)
def parts(body: bytes, media_type: str) -> Parts:
    """What a manifest consists of, as far as ECR looks whether it is there."""
    digest = sha256(body)
    try:
        data: Any = json.loads(body)
    except (ValueError, RecursionError):
        return Parts(digest)
    if not isinstance(data, dict):
        return Parts(digest)
    if media_type in (OCI_INDEX, DOCKER_LIST):
        listed = data.get("manifests")
        found = (_digest(each) for each in (listed if isinstance(listed, list) else []))
        return Parts(digest, tuple(dict.fromkeys(each for each in found if each)))
    return Parts(digest, (), _digest(data.get("config")))


def _digest(descriptor: Any) -> str:
    digest = descriptor.get("digest") if isinstance(descriptor, dict) else None
    return digest if isinstance(digest, str) else ""


def locked(setting: str, filters: Iterable[str], tag: str) -> bool:
    """Whether a tag stays on its image for good: the repository's setting, or its opposite for an excluded tag."""
    excluded = setting.endswith("_WITH_EXCLUSION") and any(
        re.fullmatch(".*".join(map(re.escape, each.split("*"))), tag) for each in filters
    )
    return setting.startswith("IMMUTABLE") is not excluded
