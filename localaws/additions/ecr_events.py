"""The events that ECR puts on the default bus (user guide, "Amazon ECR events and EventBridge")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.additions import host

if TYPE_CHECKING:
    from localaws.additions.ecr_manifest import Manifest
    from localaws.additions.host import Record


def pushed(repository: str, manifest: Manifest, tag: str | None) -> None:
    """An image was added, or a tag was added to one. An untagged push has no ``image-tag``."""
    _emit("PUSH", repository, manifest, tag)


def deleted(repository: str, manifest: Manifest, tag: str | None) -> None:
    """A tag, or an image, was removed."""
    _emit("DELETE", repository, manifest, tag)


def storage_class_updated(repository: str, manifest: Manifest, target: str) -> None:
    """An image went to ``ARCHIVE`` or came back to ``STANDARD``; the event names it by digest."""
    _emit("UPDATE_STORAGE_CLASS", repository, manifest, None, {"target-storage-class": target})


def _emit(action: str, repository: str, manifest: Manifest, tag: str | None, more: Record | None = None) -> None:
    detail: Record = {
        "result": "SUCCESS",
        "repository-name": repository,
        "image-digest": manifest.digest,
        "action-type": action,
        "manifest-media-type": manifest.media_type,
        **(more or {}),
    }
    if tag:
        detail["image-tag"] = tag
    if manifest.artifact_type:
        detail["artifact-media-type"] = manifest.artifact_type
    host.emit("aws.ecr", "ECR Image Action", detail, [])
