"""The ECR API on images: what goes in, comes out and is refused.

Sources: the Amazon ECR API reference; the messages are those that users report.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from localaws.additions import ecr_events, host
from localaws.additions.ecr_manifest import DIGEST, Manifest, read_manifest
from localaws.additions.ecr_repository import (
    Failure,
    Repository,
    delete_image,
    find_image,
    image_ids,
    is_active,
    open_repository,
    put_image,
    require_digest,
)
from localaws.additions.wire import Call, Operation, Refusal, page

if TYPE_CHECKING:
    from collections.abc import Callable

    from localaws.additions.host import ImageRecord, Record

# AWS's own limits a call.
_MOST_IMAGE_IDS: Final = 100
_DEFAULT_PAGE: Final = 100
_MOST_PAGE: Final = 1000


def _put_image(call: Call) -> Record:
    repository = open_repository(call.get("repositoryName"))
    raw: str = call.get("imageManifest", "")
    tag, digest = call.get("imageTag"), call.get("imageDigest")
    manifest = read_manifest(raw.encode(), call.get("imageManifestMediaType"))
    require_digest(repository, manifest, digest)
    image = put_image(repository, manifest, tag, int(time.time()))
    ecr_events.pushed(repository.name, manifest, tag)
    return {"image": _image(repository, image, _image_id(manifest.digest, tag))}


def _batch_get_image(call: Call) -> Record:
    repository = open_repository(call.get("repositoryName"))

    def read(image_id: dict[str, str]) -> list[Record]:
        image = find_image(repository, image_id)
        if not is_active(image):
            raise Failure("ImageInaccessible", "Requested image is archived: restore it to the standard storage class")
        return [_image(repository, image, _image_id(image["imageDigest"], image_id.get("imageTag")))]

    images, failures = _each(call, read)
    return {"images": images, "failures": failures}


def _batch_delete_image(call: Call) -> Record:
    repository = open_repository(call.get("repositoryName"))

    def delete(image_id: dict[str, str]) -> list[dict[str, str]]:
        manifest = repository.manifest(find_image(repository, image_id))
        gone = delete_image(repository, image_id)
        for item in gone:
            ecr_events.deleted(repository.name, manifest, item.get("imageTag"))
        return gone

    deleted, failures = _each(call, delete)
    return {"imageIds": deleted, "failures": failures}


def _each[T](call: Call, serve: Callable[[dict[str, str]], list[T]]) -> tuple[list[T], list[Record]]:
    """Serve every image id of a batch on its own: the answers, and the failures as AWS lists them."""
    asked: list[dict[str, str]] = call.get("imageIds", [])
    if not 1 <= len(asked) <= _MOST_IMAGE_IDS:
        raise Refusal(
            "InvalidParameterException",
            f"Invalid parameter at 'imageIds' failed to satisfy constraint: 'Member must have length between 1 and "
            f"{_MOST_IMAGE_IDS}, inclusive'",
        )
    served: list[T] = []
    failures: list[Record] = []
    for image_id in asked:
        try:
            served += serve(image_id)
        except Failure as failure:
            failures.append({"imageId": image_id, "failureCode": failure.code, "failureReason": failure.reason})
    return served, failures


def _list_images(call: Call) -> Record:
    repository = open_repository(call.get("repositoryName"))
    ids = [image_id for image in _filtered(repository, call) for image_id in image_ids(image)]
    return _paged("imageIds", ids, call)


def _describe_images(call: Call) -> Record:
    repository = open_repository(call.get("repositoryName"))
    asked = call.get("imageIds")
    if not asked:
        return _paged("imageDetails", [_detail(repository, image) for image in _filtered(repository, call)], call)
    return {"imageDetails": [_detail(repository, _described(repository, image_id)) for image_id in asked]}


def _described(repository: Repository, image_id: dict[str, str]) -> ImageRecord:
    try:
        return find_image(repository, image_id)
    except Failure as failure:
        digest, tag = image_id.get("imageDigest", "null"), image_id.get("imageTag", "null")
        raise Refusal(
            "ImageNotFoundException",
            f"The image with imageId {{imageDigest:'{digest}', imageTag:'{tag}'}} does not exist within "
            f"{repository.place}",
        ) from failure


def _detail(repository: Repository, image: ImageRecord) -> Record:
    manifest = repository.manifest(image)
    detail: Record = {
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        "imageDigest": image["imageDigest"],
        "imagePushedAt": image["imagePushedAt"],
        "imageManifestMediaType": image["imageManifestMediaType"],
        "imageStatus": image.get("imageStatus", "ACTIVE"),
    }
    optional = {
        "imageTags": list(image["imageTags"]),
        "imageSizeInBytes": manifest.size,
        "artifactMediaType": manifest.artifact_type,
        "subjectManifestDigest": manifest.subject,
        "lastArchivedAt": image.get("lastArchivedAt"),
        "lastActivatedAt": image.get("lastActivatedAt"),
    }
    return detail | {name: value for name, value in optional.items() if value}


def _update_image_storage_class(call: Call) -> Record:
    repository = open_repository(call.get("repositoryName"))
    image = _described(repository, call.get("imageId", {}))
    target, now = call.get("targetStorageClass"), int(time.time())
    if target == "ARCHIVE":
        image["imageStatus"], image["lastArchivedAt"] = "ARCHIVED", now
    else:
        # AWS takes up to 20 minutes, with the status ACTIVATING; here it is done at once.
        image["imageStatus"], image["lastActivatedAt"] = "ACTIVE", now
    ecr_events.storage_class_updated(repository.name, repository.manifest(image), target)
    return {
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        "imageId": {"imageDigest": image["imageDigest"]},
        "imageStatus": image["imageStatus"],
    }


def _get_download_url_for_layer(call: Call) -> Record:
    repository, digest = open_repository(call.get("repositoryName")), call.get("layerDigest")
    if digest not in repository.blobs:
        raise Refusal(
            "LayersNotFoundException",
            f"The layer with digest '{digest}' does not exist within {repository.place}",
        )
    users = [image for image in repository.images if digest in repository.manifest(image).blobs]
    if not any(map(is_active, users)):
        raise Refusal(
            "LayerInaccessibleException",
            f"The layer with digest '{digest}' is not accessible: no active image in {repository.place} refers to it",
        )
    # The door finds the account and Region of an unsigned request by `ns`, as containerd's registry mirrors do.
    scope = urlencode({"ns": f"{repository.registry_id}.dkr.ecr.{host.region()}.amazonaws.com"})
    return {
        "downloadUrl": f"http://{call.host}/v2/{repository.name}/blobs/{digest}?{scope}",
        "layerDigest": digest,
    }


def _batch_check_layer_availability(call: Call) -> Record:
    repository = open_repository(call.get("repositoryName"))
    layers: list[Record] = []
    failures: list[Record] = []
    for digest in call.get("layerDigests", []):
        if not DIGEST.fullmatch(digest):
            reason = f"Layer digest should satisfy the regex '{DIGEST.pattern}'"
            failures.append({"layerDigest": digest, "failureCode": "InvalidLayerDigest", "failureReason": reason})
        elif (blob := repository.blobs.get(digest)) is None:
            layers.append({"layerDigest": digest, "layerAvailability": "UNAVAILABLE"})
        else:
            layers.append({"layerDigest": digest, "layerAvailability": "AVAILABLE", "layerSize": len(blob)})
    return {"layers": layers, "failures": failures}


def _filtered(repository: Repository, call: Call) -> list[ImageRecord]:
    """The images that the filter lets through; without one, those that are not archived, as the API reference says."""
    chosen: dict[str, str] = call.get("filter", {})
    tagged, status = chosen.get("tagStatus", "ANY"), chosen.get("imageStatus", "ACTIVE")
    return [
        image
        for image in repository.images
        if tagged in ("ANY", "TAGGED" if image["imageTags"] else "UNTAGGED")
        and status in ("ANY", image.get("imageStatus", "ACTIVE"))
    ]


def _paged(member: str, items: list[Any], call: Call) -> Record:
    size = min(call.get("maxResults", _DEFAULT_PAGE), _MOST_PAGE)
    shown, token = page(items, call.get("nextToken"), size)
    return {member: shown} | ({"nextToken": token} if token else {})


def _image(repository: Repository, image: ImageRecord, image_id: dict[str, str]) -> Record:
    manifest: Manifest = repository.manifest(image)
    return {
        "registryId": repository.registry_id,
        "repositoryName": repository.name,
        "imageId": image_id,
        "imageManifest": manifest.raw.decode(),
        "imageManifestMediaType": manifest.media_type,
    }


def _image_id(digest: str, tag: str | None) -> dict[str, str]:
    return {"imageDigest": digest} | ({"imageTag": tag} if tag else {})


OPERATIONS: Final[dict[str, Operation]] = {
    "BatchCheckLayerAvailability": _batch_check_layer_availability,
    "BatchDeleteImage": _batch_delete_image,
    "BatchGetImage": _batch_get_image,
    "DescribeImages": _describe_images,
    "GetDownloadUrlForLayer": _get_download_url_for_layer,
    "ListImages": _list_images,
    "PutImage": _put_image,
    "UpdateImageStorageClass": _update_image_storage_class,
}
