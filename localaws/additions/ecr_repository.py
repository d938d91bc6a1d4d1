"""The images of one repository and ECR's rules for adding and removing them.

Sources: the API reference of PutImage, BatchGetImage, BatchDeleteImage and UpdateImageStorageClass; the user guide,
"Image tag mutability" and "Deleting an image". Where AWS documents no answer the choice here is the stricter one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from localaws.additions import host
from localaws.additions.ecr_manifest import DIGEST, Manifest, read_manifest
from localaws.additions.host import ImageRecord, Record
from localaws.additions.wire import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

_TAG: Final = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,299}")


class Failure(Exception):  # noqa: N818 - AWS lists these under `failures`
    """One image of a batch that could not be served: its failure code and the reason for a person."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class Repository:
    """One repository of the current account and Region; what is changed here is changed in the emulator's store."""

    name: str
    registry_id: str
    settings: Record
    images: list[ImageRecord]
    manifests: dict[str, bytes]
    blobs: dict[str, bytes]

    @property
    def place(self) -> str:
        """How ECR names the repository in its messages."""
        return f"the repository with name '{self.name}' in the registry with id '{self.registry_id}'"

    def manifest(self, image: ImageRecord) -> Manifest:
        """The manifest of ``image`` as it was pushed."""
        raw = self.manifests.get(image["imageDigest"]) or image["imageManifest"].encode()
        return read_manifest(raw, image["imageManifestMediaType"])

    def by_digest(self, digest: str) -> ImageRecord | None:
        """The image with this digest."""
        return next((image for image in self.images if image["imageDigest"] == digest), None)

    def by_tag(self, tag: str) -> ImageRecord | None:
        """The image that carries this tag now."""
        return next((image for image in self.images if tag in image["imageTags"]), None)

    def immutable(self, tag: str) -> bool:
        """Whether ``tag`` cannot move once it is set: the repository's setting, or its opposite for an excluded tag."""
        setting = self.settings.get("imageTagMutability", "MUTABLE")
        filters = self.settings.get("imageTagMutabilityExclusionFilters", [])
        excluded = setting.endswith("_WITH_EXCLUSION") and any(_wildcard(item["filter"], tag) for item in filters)
        return setting.startswith("IMMUTABLE") is not excluded

    def parents(self, digest: str) -> Iterator[str]:
        """The digests of the indexes that list ``digest``."""
        for image in self.images:
            if digest in self.manifest(image).children:
                yield image["imageDigest"]


def open_repository(name: str | None) -> Repository:
    """The repository ``name`` of the current account and Region.

    Raises:
        Refusal: ``RepositoryNotFoundException``.
    """
    registry_id = host.account()
    if not name or name not in host.REPOSITORIES:
        raise Refusal(
            "RepositoryNotFoundException",
            f"The repository with name '{name}' does not exist in the registry with id '{registry_id}'",
        )
    return Repository(
        name,
        registry_id,
        host.REPOSITORIES[name],
        host.IMAGES.setdefault(name, []),
        host.MANIFESTS.setdefault(name, {}),
        host.BLOBS.setdefault(name, {}),
    )


def put_image(repository: Repository, manifest: Manifest, tag: str | None, now: int) -> ImageRecord:
    """Add an image, or a tag to one that is there; a tag of another image moves where it may.

    ``now`` is in seconds since the epoch.

    Raises:
        Refusal: PutImage's errors; the repository is then unchanged.
    """
    if tag is not None and not _TAG.fullmatch(tag):
        raise Refusal(
            "InvalidParameterException",
            f"Invalid parameter at 'imageTag' failed to satisfy constraint: '{_TAG.pattern}'",
        )
    present = repository.by_digest(manifest.digest)
    holder = repository.by_tag(tag) if tag else None
    if present is not None and (tag is None or holder is present) and is_active(present):
        raise Refusal(
            "ImageAlreadyExistsException",
            f"Image with digest '{manifest.digest}' and tag '{tag}' already exists in {repository.place}",
        )
    moves = holder is not None and holder is not present
    if tag and moves and repository.immutable(tag):
        raise Refusal(
            "ImageTagAlreadyExistsException",
            f"The image tag '{tag}' already exists in the '{repository.name}' repository and cannot be overwritten "
            "because the tag is immutable.",
        )
    _require_references(repository, manifest)
    if tag and holder is not None and moves:
        holder["imageTags"].remove(tag)
        _sync_image_id(holder)
    image = present or _new_image(repository, manifest, now)
    if tag and tag not in image["imageTags"]:
        image["imageTags"].append(tag)
        _sync_image_id(image, tag)
    # A push of what was archived brings it back (user guide, "Restoring archived images").
    image["imageStatus"] = "ACTIVE"
    return image


def is_active(image: ImageRecord) -> bool:
    """Whether an image can be pulled: it is neither in the archive nor on its way back."""
    return image.get("imageStatus", "ACTIVE") == "ACTIVE"


def require_digest(repository: Repository, manifest: Manifest, digest: str | None) -> None:
    """Hold the manifest to the digest that the client stated, if it stated one.

    Raises:
        Refusal: ``ImageDigestDoesNotMatchException``.
    """
    if digest not in (None, manifest.digest):
        raise Refusal(
            "ImageDigestDoesNotMatchException",
            f"The image with digest '{digest}' in repository '{repository.name}' and registry ID "
            f"'{repository.registry_id}' does not match the image digest that Amazon ECR has calculated.",
        )


def _require_references(repository: Repository, manifest: Manifest) -> None:
    known = {image["imageDigest"] for image in repository.images}
    for code, what, missing in (
        ("ReferencedImagesNotFoundException", "Images", [item for item in manifest.children if item not in known]),
        ("LayersNotFoundException", "Layers", [item for item in manifest.blobs if item not in repository.blobs]),
    ):
        if missing:
            raise Refusal(
                code,
                f"{what} with digests '[{', '.join(missing)}]' required for pushing image into repository with name "
                f"'{repository.name}' in the registry with id '{repository.registry_id}' do not exist",
            )


def _new_image(repository: Repository, manifest: Manifest, now: int) -> ImageRecord:
    image = ImageRecord(
        registryId=repository.registry_id,
        repositoryName=repository.name,
        imageId={"imageDigest": manifest.digest},
        imageDigest=manifest.digest,
        imageTags=[],
        imageManifest=manifest.raw.decode(),
        imageManifestMediaType=manifest.media_type,
        imagePushedAt=now,
    )
    repository.images.append(image)
    repository.manifests[manifest.digest] = manifest.raw
    return image


def _sync_image_id(image: ImageRecord, tag: str | None = None) -> None:
    """Keep the id that the emulator's own operations show true to the tags."""
    tag = tag or (image["imageTags"][-1] if image["imageTags"] else None)
    image["imageId"] = {"imageDigest": image["imageDigest"]} | ({"imageTag": tag} if tag else {})


def find_image(repository: Repository, image_id: dict[str, str]) -> ImageRecord:
    """The image that a batch operation names by digest, by tag, or by both.

    Raises:
        Failure: the code that BatchGetImage and BatchDeleteImage list.
    """
    digest, tag = image_id.get("imageDigest"), image_id.get("imageTag")
    if digest is None and tag is None:
        raise Failure("MissingDigestAndTag", "Invalid request parameters: both tag and digest cannot be null")
    if digest is not None and not DIGEST.fullmatch(digest):
        raise Failure(
            "InvalidImageDigest",
            f"Invalid request parameters: image digest should satisfy the regex '{DIGEST.pattern}'",
        )
    if tag is not None and not _TAG.fullmatch(tag):
        raise Failure(
            "InvalidImageTag", f"Invalid request parameters: image tag should satisfy the regex '{_TAG.pattern}'"
        )
    image = repository.by_tag(tag) if tag is not None else repository.by_digest(digest or "")
    if image is None:
        raise Failure("ImageNotFound", "Requested image not found")
    if digest is not None and image["imageDigest"] != digest:
        raise Failure("ImageTagDoesNotMatchDigest", "Requested image tag does not match the requested image digest")
    return image


def delete_image(repository: Repository, image_id: dict[str, str]) -> list[dict[str, str]]:
    """Remove a tag, or an image with all its tags, and return what is gone as image ids.

    By tag alone the tag goes, and the image with it when that was its last. By digest the image goes. With both, AWS
    does not say which of the two a match means: here the image goes, so that code which is safe here is safe there.

    Raises:
        Failure: as `find_image`, and ``ImageReferencedByManifestList`` for the child of an index, its last tag too.
    """
    image = find_image(repository, image_id)
    digest, tag = image["imageDigest"], image_id.get("imageTag")
    if tag is not None and "imageDigest" not in image_id and len(image["imageTags"]) > 1:
        image["imageTags"].remove(tag)
        _sync_image_id(image)
        return [{"imageDigest": digest, "imageTag": tag}]
    if parents := sorted(repository.parents(digest)):
        raise Failure(
            "ImageReferencedByManifestList",
            f"Requested image referenced by manifest list: [{', '.join(parents)}]",
        )
    repository.images.remove(image)
    repository.manifests.pop(digest, None)
    return image_ids(image)


def image_ids(image: ImageRecord) -> list[dict[str, str]]:
    """One id for each tag of ``image``, as ListImages shows them; one without a tag where it has none."""
    digest = image["imageDigest"]
    return [{"imageDigest": digest, "imageTag": tag} for tag in image["imageTags"]] or [{"imageDigest": digest}]


def _wildcard(pattern: str, tag: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), tag) is not None
