"""Images in Amazon ECR, through its API.

Manifests come by digest from BatchGetImage: asked for by tag, ECR may translate them. Config blobs come from the
presigned URL of GetDownloadUrlForLayer, which also serves blobs that are no layers.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import batched
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ecrguard.adapters.aws_errors import error_code, unreadable
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.manifest import INDEX_TYPES, MEDIA_TYPES
from ecrguard.errors import UnreadableError
from ecrguard.ports import RawManifest, Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mypy_boto3_ecr.client import ECRClient
    from mypy_boto3_ecr.type_defs import (
        DescribeImagesRequestTypeDef,
        ImageDetailTypeDef,
        ImageFailureTypeDef,
        ImageIdentifierTypeDef,
        ImageTagMutabilityExclusionFilterTypeDef,
    )

    from ecrguard.adapters.blobs import Blobs
    from ecrguard.domain.reference import Registry

ACTIONS = (
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
    "ecr:DescribeImages",
    "ecr:ListTagsForResource",
)
"""IAM actions that reading needs."""
SETTINGS_ACTIONS = ("ecr:DescribeRepositories",)
"""IAM actions that it needs besides to tell whether a tag may be moved."""

_IDS_PER_CALL = 100
_IMAGES_PER_PAGE = 1_000
_MOST_PAGES = 20
_FAILURES = {
    "ImageNotFound": UnknownReason.IMAGE_GONE,
    "ImageTagDoesNotMatchDigest": UnknownReason.IMAGE_GONE,
    "ImageInaccessible": UnknownReason.IMAGE_INACCESSIBLE,
    "KmsError": UnknownReason.IMAGE_INACCESSIBLE,
    "UpstreamAccessDenied": UnknownReason.ACCESS_DENIED,
    "UpstreamTooManyRequests": UnknownReason.THROTTLED,
    "UpstreamUnavailable": UnknownReason.UNAVAILABLE,
}
"""Failure codes of ECR's batch operations; one that is not here may be new, and is asked again."""
_GONE = frozenset({"RepositoryNotFoundException", "ImageNotFoundException"})
_BLOB_ERRORS = {
    "LayersNotFoundException": UnknownReason.CONFIG_MISSING,
    "LayerInaccessibleException": UnknownReason.IMAGE_INACCESSIBLE,
    "RepositoryNotFoundException": UnknownReason.IMAGE_GONE,
}


@dataclass(slots=True)
class EcrImages:
    """:class:`~ecrguard.ports.ImageStore` on one account's registry.

    Attributes:
        client: makes the ECR client, on first use.
        blobs: downloads what a presigned URL names.
        registry: whose images these are.
        partition: of the Region, for resource ARNs.
    """

    client: Callable[[], ECRClient]
    blobs: Blobs
    registry: Registry
    partition: str

    def manifests(self, repository: str, digests: Sequence[str]) -> Mapping[str, RawManifest | Unknown]:
        """See :meth:`ecrguard.ports.ImageStore.manifests`; one call for each 100 digests."""
        found: dict[str, RawManifest | Unknown] = {}
        for part in batched(dict.fromkeys(digests), _IDS_PER_CALL, strict=False):
            found |= self._batch(repository, part)
        return found

    def _batch(self, repository: str, digests: tuple[str, ...]) -> dict[str, RawManifest | Unknown]:
        subject = f"{repository}@{digests[0]}"
        try:
            answer = self.client().batch_get_image(
                registryId=self.registry.account,
                repositoryName=repository,
                imageIds=[{"imageDigest": digest} for digest in digests],
                acceptedMediaTypes=list(MEDIA_TYPES),
            )
        except (ClientError, BotoCoreError) as error:
            raise gone_or(error, "ecr:BatchGetImage", subject) from error
        found: dict[str, RawManifest | Unknown] = {}
        for image in answer["images"]:
            digest = image.get("imageId", {}).get("imageDigest", "")
            media_type, body = image.get("imageManifestMediaType", ""), image.get("imageManifest", "")
            # An image with several tags comes once for each of them.
            found[digest] = RawManifest(digest, media_type, body.encode())
        for failure in answer["failures"]:
            digest = failure.get("imageId", {}).get("imageDigest", "")
            found.setdefault(digest, _failed(failure, repository, digest))
        for digest in digests:
            detail = f"ECR answered neither with the manifest of {digest} nor with a failure"
            found.setdefault(digest, Unknown(UnknownReason.UNAVAILABLE, detail, digest))
        return {digest: found[digest] for digest in digests}

    def config(self, repository: str, digest: str, limit: int) -> bytes:
        """See :meth:`ecrguard.ports.ImageStore.config`; one API call and one GET."""
        subject = f"{repository}@{digest}"
        try:
            answer = self.client().get_download_url_for_layer(
                registryId=self.registry.account, repositoryName=repository, layerDigest=digest
            )
        except ClientError as error:
            reason = _BLOB_ERRORS.get(error_code(error))
            if reason is None:
                raise unreadable(error, "ecr:GetDownloadUrlForLayer", subject) from error
            detail = f"the config {digest} of an image in {repository} cannot be downloaded: {error_code(error)}"
            raise UnreadableError(Unknown(reason, detail, digest)) from error
        except BotoCoreError as error:
            raise unreadable(error, "ecr:GetDownloadUrlForLayer", subject) from error
        return self.blobs.get(answer["downloadUrl"], digest, limit)

    def digest_of(self, repository: str, tag: str) -> str:
        """See :meth:`ecrguard.ports.ImageStore.digest_of`."""
        return self._there(repository, {"imageTag": tag}, f"{repository}:{tag}").digest

    def tags_of(self, repository: str, digest: str) -> tuple[str, ...]:
        """See :meth:`ecrguard.ports.ImageStore.tags_of`."""
        return self._there(repository, {"imageDigest": digest}, f"{repository}@{digest}").tags

    def _there(self, repository: str, image_id: ImageIdentifierTypeDef, subject: str) -> Standing:
        detail = describe(self.client(), self.registry, repository, image_id)
        if detail is None:
            raise UnreadableError(Unknown(UnknownReason.IMAGE_GONE, f"ECR has no image {subject}", subject))
        return _standing(detail)

    def standing(self, repository: str, *, tag: str = "", digest: str = "") -> Standing | None:
        """See :meth:`ecrguard.ports.ImageStore.standing`; two calls where there is none, see :func:`describe`."""
        image_id: ImageIdentifierTypeDef = {}
        if tag:
            image_id["imageTag"] = tag
        if digest:
            image_id["imageDigest"] = digest
        detail = describe(self.client(), self.registry, repository, image_id)
        return None if detail is None else _standing(detail)

    def movable(self, repository: str, tag: str) -> bool:
        """See :meth:`ecrguard.ports.ImageStore.movable`: what is set in a way not known here is taken for immutable."""
        try:
            answer = self.client().describe_repositories(registryId=self.registry.account, repositoryNames=[repository])
        except (ClientError, BotoCoreError) as error:
            raise gone_or(error, "ecr:DescribeRepositories", repository) from error
        for each in answer["repositories"]:
            filters = each.get("imageTagMutabilityExclusionFilters", [])
            setting: str = each.get("imageTagMutability", "")
            if setting == "IMMUTABLE_WITH_EXCLUSION":
                return any(_matches(each, tag) is True for each in filters)
            if setting == "MUTABLE_WITH_EXCLUSION":
                return bool(filters) and all(_matches(each, tag) is False for each in filters)
            return setting == "MUTABLE"
        raise UnreadableError(Unknown(UnknownReason.IMAGE_GONE, f"ECR has no repository {repository}", repository))

    def tagged_indexes(self, repository: str, limit: int) -> tuple[str, ...]:
        """See :meth:`ecrguard.ports.ImageStore.tagged_indexes`; one call for each 1,000 images that have a tag."""
        found: list[str] = []
        asked: DescribeImagesRequestTypeDef = {
            "registryId": self.registry.account,
            "repositoryName": repository,
            "filter": {"tagStatus": "TAGGED"},
            "maxResults": _IMAGES_PER_PAGE,
        }
        for _ in range(_MOST_PAGES):
            try:
                answer = self.client().describe_images(**asked)
            except (ClientError, BotoCoreError) as error:
                raise gone_or(error, "ecr:DescribeImages", repository) from error
            details = answer["imageDetails"]
            found += [each.get("imageDigest", "") for each in details if _may_be_index(each)]
            if len(found) > limit:
                break
            if not answer.get("nextToken"):
                return tuple(dict.fromkeys(found))
            asked["nextToken"] = answer["nextToken"]
        detail = f"{repository} has too many tagged images, or indexes among them, to read each"
        raise UnreadableError(Unknown(UnknownReason.UNAVAILABLE, detail, repository))

    def resource_tags(self, repository: str) -> Mapping[str, str]:
        """See :meth:`ecrguard.ports.ImageStore.resource_tags`."""
        arn = f"arn:{self.partition}:ecr:{self.registry.region}:{self.registry.account}:repository/{repository}"
        try:
            answer = self.client().list_tags_for_resource(resourceArn=arn)
        except (ClientError, BotoCoreError) as error:
            raise gone_or(error, "ecr:ListTagsForResource", repository) from error
        return {tag["Key"]: tag["Value"] for tag in answer.get("tags", [])}


def describe(
    client: ECRClient, registry: Registry, repository: str, image_id: ImageIdentifierTypeDef
) -> ImageDetailTypeDef | None:
    """What ECR says of one image; None where it, or its repository, is not there.

    Raises:
        UnreadableError: denied, throttled, unavailable.
    """
    detail = _describe(client, registry, repository, image_id, archived=False)
    # Without a filter ECR gives active images alone. Its reference does not say whether that holds for an image that is
    # asked for by its id, nor whether an id and a filter go together: an archived image must not be taken for gone.
    return detail or _describe(client, registry, repository, image_id, archived=True)


def _describe(
    client: ECRClient, registry: Registry, repository: str, image_id: ImageIdentifierTypeDef, *, archived: bool
) -> ImageDetailTypeDef | None:
    name, tag = image_id.get("imageDigest", ""), image_id.get("imageTag", "")
    subject = f"{repository}@{name}" if name else f"{repository}:{tag}"
    asked: DescribeImagesRequestTypeDef = {
        "registryId": registry.account,
        "repositoryName": repository,
        "imageIds": [image_id],
    }
    if archived:
        asked["filter"] = {"imageStatus": "ANY"}
    try:
        answer = client.describe_images(**asked)
    except (ClientError, BotoCoreError) as error:
        code = error_code(error) if isinstance(error, ClientError) else ""
        if code in _GONE or (archived and code == "InvalidParameterException"):
            return None
        raise unreadable(error, "ecr:DescribeImages", subject) from error
    return next(iter(answer["imageDetails"]), None)


def _may_be_index(detail: ImageDetailTypeDef) -> bool:
    """Whether an image is an index, or does not say what it is."""
    return detail.get("imageManifestMediaType", "") in {*INDEX_TYPES, ""}


def _standing(detail: ImageDetailTypeDef) -> Standing:
    archived = detail.get("imageStatus", "ACTIVE") != "ACTIVE"
    return Standing(detail.get("imageDigest", ""), tuple(detail.get("imageTags", ())), archived)


def _matches(each: ImageTagMutabilityExclusionFilterTypeDef, tag: str) -> bool | None:
    """Whether a filter is for ``tag``; None where it is of a type that is not known here."""
    kind: str = each["filterType"]
    return fnmatchcase(tag, each["filter"]) if kind == "WILDCARD" else None


def _failed(failure: ImageFailureTypeDef, repository: str, digest: str) -> Unknown:
    code, why = failure.get("failureCode", ""), failure.get("failureReason", "")
    return Unknown(
        failure_reason(code), f"ECR cannot give the manifest of {repository}@{digest}: {code}: {why}", digest
    )


def failure_reason(code: str) -> UnknownReason:
    """What a failure code of BatchGetImage or BatchDeleteImage means."""
    return _FAILURES.get(code, UnknownReason.UNAVAILABLE)


def gone_or(error: ClientError | BotoCoreError, action: str, subject: str) -> UnreadableError:
    """The product's error for a failed call of ECR: IMAGE_GONE where the image or its repository is not there."""
    if isinstance(error, ClientError) and error_code(error) in _GONE:
        detail = f"{subject} is no longer there: {error_code(error)}"
        return UnreadableError(Unknown(UnknownReason.IMAGE_GONE, detail, subject))
    return unreadable(error, action, subject)
