"""What the local registry says of an image that ECS is about to run: its digest, and what it was built for."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from localaws.additions import host
from localaws.additions.ecr_repository import Repository, open_repository

if TYPE_CHECKING:
    from localaws.additions.host import Record

_ECR_IMAGE: Final = re.compile(
    r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/(?P<repository>[^:@]+)(:(?P<tag>[^@]+))?(@(?P<digest>.+))?"
)


def container_image(container: Record) -> Record:
    """A container definition's image as service revisions show it, with the digest that its tag has now."""
    image = {"containerName": container["name"], "image": container["image"]}
    digest = digest_of(container["image"])
    return image | ({"imageDigest": digest} if digest else {})


def digest_of(reference: str) -> str | None:
    """The digest that a reference to the local registry has now; None for other registries and absent images."""
    found = _locate(reference)
    return found[1] if found else None


def architectures_of(reference: str) -> frozenset[str]:
    """The OCI architectures that an image was built for; empty where the local registry cannot say."""
    repository, digest = _locate(reference) or (None, "")
    return frozenset(_architectures(repository, digest)) if repository else frozenset()


def _locate(reference: str) -> tuple[Repository | None, str] | None:
    """The local repository, if it is there, and the digest of a reference; None where there is no digest."""
    parts = _ECR_IMAGE.fullmatch(reference)
    if parts is None:
        return None
    repository = open_repository(parts["repository"]) if parts["repository"] in host.REPOSITORIES else None
    if parts["digest"]:
        return repository, parts["digest"]
    image = repository.by_tag(parts["tag"] or "latest") if repository else None
    return (repository, image["imageDigest"]) if image else None


def _architectures(repository: Repository, digest: str) -> list[str]:
    image = repository.by_digest(digest)
    if image is None:
        return []
    manifest = repository.manifest(image)
    if manifest.children:
        return [found for child in manifest.children for found in _architectures(repository, child)]
    config = json.loads(manifest.raw).get("config", {}).get("digest")
    content = repository.blobs.get(config)
    return [json.loads(content).get("architecture", "")] if content else []
