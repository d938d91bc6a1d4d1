"""Images in Amazon ECR, through its API.

Manifests come by digest from BatchGetImage: asked for by tag, ECR may translate them. Config blobs come from the
presigned URL of GetDownloadUrlForLayer, which also serves blobs that are no layers.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ecrguard.adapters.aws_errors import error_code, unreadable
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.manifest import MEDIA_TYPES
from ecrguard.errors import UnreadableError
from ecrguard.ports import RawManifest, TagAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mypy_boto3_ecr.client import ECRClient
    from mypy_boto3_ecr.type_defs import ImageFailureTypeDef, ImageIdentifierTypeDef

    from ecrguard.adapters.blobs import Blobs
    from ecrguard.domain.reference import Registry

ACTIONS = (
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
    "ecr:DescribeImages",
    "ecr:ListTagsForResource",
)
"""IAM actions that reading needs; the marker tag needs ``ecr:PutImage`` besides."""

_IDS_PER_CALL = 100
_FAILURES = {
    "ImageNotFound": UnknownReason.IMAGE_GONE,
    "ImageTagDoesNotMatchDigest": UnknownReason.IMAGE_GONE,
    "ImageInaccessible": UnknownReason.IMAGE_INACCESSIBLE,
    "KmsError": UnknownReason.IMAGE_INACCESSIBLE,
    "UpstreamAccessDenied": UnknownReason.ACCESS_DENIED,
    "UpstreamTooManyRequests": UnknownReason.THROTTLED,
    "UpstreamUnavailable": UnknownReason.UNAVAILABLE,
}
"""Failure codes of BatchGetImage; one that is not here may be new, and is asked again."""
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
            raise _gone_or(error, "ecr:BatchGetImage", subject) from error
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
        return self._describe(repository, {"imageTag": tag}, f"{repository}:{tag}")[0]

    def tags_of(self, repository: str, digest: str) -> tuple[str, ...]:
        """See :meth:`ecrguard.ports.ImageStore.tags_of`."""
        return self._describe(repository, {"imageDigest": digest}, f"{repository}@{digest}")[1]

    def _describe(self, repository: str, image_id: ImageIdentifierTypeDef, subject: str) -> tuple[str, tuple[str, ...]]:
        try:
            answer = self.client().describe_images(
                registryId=self.registry.account,
                repositoryName=repository,
                imageIds=[image_id],
            )
        except (ClientError, BotoCoreError) as error:
            raise _gone_or(error, "ecr:DescribeImages", subject) from error
        for image in answer["imageDetails"]:
            return image.get("imageDigest", ""), tuple(image.get("imageTags", ()))
        raise UnreadableError(Unknown(UnknownReason.IMAGE_GONE, f"ECR has no image {subject}", subject))

    def resource_tags(self, repository: str) -> Mapping[str, str]:
        """See :meth:`ecrguard.ports.ImageStore.resource_tags`."""
        arn = f"arn:{self.partition}:ecr:{self.registry.region}:{self.registry.account}:repository/{repository}"
        try:
            answer = self.client().list_tags_for_resource(resourceArn=arn)
        except (ClientError, BotoCoreError) as error:
            raise _gone_or(error, "ecr:ListTagsForResource", repository) from error
        return {tag["Key"]: tag["Value"] for tag in answer.get("tags", [])}

    def put_tag(self, repository: str, manifest: RawManifest, tag: str) -> TagAnswer:
        """See :meth:`ecrguard.ports.ImageStore.put_tag`: PutImage of the same bytes under another tag."""
        subject = f"{repository}:{tag}"
        try:
            # A manifest that names no media type itself needs it beside: without, ECR takes it for Docker's.
            self.client().put_image(
                registryId=self.registry.account,
                repositoryName=repository,
                imageManifest=manifest.body.decode(),
                imageTag=tag,
                imageDigest=manifest.digest,
                **({"imageManifestMediaType": manifest.media_type} if manifest.media_type else {}),
            )
        except ClientError as error:
            if error_code(error) == "ImageAlreadyExistsException":
                return TagAnswer.ALREADY_THERE
            if error_code(error) == "ImageTagAlreadyExistsException":
                return TagAnswer.IMMUTABLE
            raise _gone_or(error, "ecr:PutImage", subject) from error
        except BotoCoreError as error:
            raise unreadable(error, "ecr:PutImage", subject) from error
        return TagAnswer.PUT


def _failed(failure: ImageFailureTypeDef, repository: str, digest: str) -> Unknown:
    code, why = failure.get("failureCode", ""), failure.get("failureReason", "")
    reason = _FAILURES.get(code, UnknownReason.UNAVAILABLE)
    return Unknown(reason, f"ECR cannot give the manifest of {repository}@{digest}: {code}: {why}", digest)


def _gone_or(error: ClientError | BotoCoreError, action: str, subject: str) -> UnreadableError:
    if isinstance(error, ClientError) and error_code(error) in _GONE:
        detail = f"{subject} is no longer there: {error_code(error)}"
        return UnreadableError(Unknown(UnknownReason.IMAGE_GONE, detail, subject))
    return unreadable(error, action, subject)
