"""Images in Amazon ECR, changed through its API.

BatchDeleteImage takes a tag by its name, and the image with it where that was its last; by a digest it takes the image
with all its tags; what it does with a tag and a digest that belong together its reference does not say. It refuses a
manifest that an index points to, its last tag too.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ecrguard.adapters.aws_errors import error_code, unreadable
from ecrguard.adapters.ecr import describe, failure_reason, gone_or
from ecrguard.domain.action import Action
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.errors import UnreadableError
from ecrguard.ports import RemoveAnswer, Removed, StoreAnswer, TagAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_ecr.client import ECRClient
    from mypy_boto3_ecr.literals import TargetStorageClassType
    from mypy_boto3_ecr.type_defs import ImageIdentifierTypeDef

    from ecrguard.domain.reference import Registry
    from ecrguard.ports import RawManifest

_PUT, _REMOVE, _STORE = "ecr:PutImage", "ecr:BatchDeleteImage", "ecr:UpdateImageStorageClass"
ACTIONS: Mapping[Action, tuple[str, ...]] = MappingProxyType(
    {
        Action.ALERT: (),
        Action.TAG: (_PUT,),
        Action.QUARANTINE: (_PUT, _REMOVE),
        Action.ARCHIVE: (_PUT, _REMOVE),
        Action.DELETE: (_PUT, _REMOVE),
    }
)
"""IAM actions that the first act needs, the one on the pushed tag, at each level of enforcement."""
LATER_ACTIONS: Mapping[Action, tuple[str, ...]] = MappingProxyType(
    {
        Action.ALERT: (),
        Action.TAG: (),
        Action.QUARANTINE: (),
        Action.ARCHIVE: (_STORE,),
        Action.DELETE: (_STORE, _REMOVE, _PUT),
    }
)
"""IAM actions that the second act needs, the one on the image; PutImage puts back what ECR took along."""

_ANSWERS = {
    "ImageNotFound": RemoveAnswer.GONE,
    "ImageTagDoesNotMatchDigest": RemoveAnswer.MOVED,
    "ImageReferencedByManifestList": RemoveAnswer.NEEDED,
}
"""Failure codes of BatchDeleteImage that are answers; the others are errors."""
_PARTS_GONE = frozenset({"ReferencedImagesNotFoundException", "LayersNotFoundException"})


@dataclass(slots=True)
class EcrEditor:
    """:class:`~ecrguard.ports.ImageEditor` on one account's registry.

    Attributes:
        client: makes the ECR client, on first use.
        registry: whose images these are.
        budget: called before each PutImage, of which an account has few a second; waits, or raises UnreadableError.
    """

    client: Callable[[], ECRClient]
    registry: Registry
    budget: Callable[[], None]

    def put_tag(
        self, repository: str, manifest: RawManifest, tag: str, last_look: Callable[[], object] | None = None
    ) -> TagAnswer:
        """See :meth:`ecrguard.ports.ImageEditor.put_tag`: PutImage of the same bytes under another tag."""
        subject = f"{repository}:{tag}"
        self.budget()
        if last_look is not None:
            last_look()
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
            code = error_code(error)
            if code == "ImageAlreadyExistsException":
                return TagAnswer.ALREADY_THERE
            if code == "ImageTagAlreadyExistsException":
                return TagAnswer.IMMUTABLE
            if code in _PARTS_GONE:
                detail = f"what {repository}@{manifest.digest} consists of is no longer there: {code}"
                raise UnreadableError(Unknown(UnknownReason.IMAGE_GONE, detail, subject)) from error
            raise gone_or(error, _PUT, subject) from error
        except BotoCoreError as error:
            raise unreadable(error, _PUT, subject) from error
        return TagAnswer.PUT

    def remove_tag(self, repository: str, tag: str, digest: str) -> RemoveAnswer:
        """See :meth:`ecrguard.ports.ImageEditor.remove_tag`: BatchDeleteImage of the tag and the digest together."""
        return self._remove(repository, {"imageTag": tag, "imageDigest": digest}, f"{repository}:{tag}").answer

    def remove_last_tag(self, repository: str, tag: str) -> RemoveAnswer:
        """See :meth:`ecrguard.ports.ImageEditor.remove_last_tag`: BatchDeleteImage of the tag alone."""
        return self._remove(repository, {"imageTag": tag}, f"{repository}:{tag}").answer

    def remove_image(self, repository: str, digest: str) -> Removed:
        """See :meth:`ecrguard.ports.ImageEditor.remove_image`: BatchDeleteImage of the digest alone."""
        return self._remove(repository, {"imageDigest": digest}, f"{repository}@{digest}")

    def _remove(self, repository: str, image_id: ImageIdentifierTypeDef, subject: str) -> Removed:
        try:
            answer = self.client().batch_delete_image(
                registryId=self.registry.account, repositoryName=repository, imageIds=[image_id]
            )
        except (ClientError, BotoCoreError) as error:
            raise gone_or(error, _REMOVE, subject) from error
        for failure in answer.get("failures", []):
            code, why = failure.get("failureCode", ""), failure.get("failureReason", "")
            if code in _ANSWERS:
                return Removed(_ANSWERS[code])
            raise UnreadableError(Unknown(failure_reason(code), f"ECR cannot remove {subject}: {code}: {why}", subject))
        removed = answer.get("imageIds", [])
        if not removed:
            detail = f"ECR answered neither that {subject} is removed nor with a failure"
            raise UnreadableError(Unknown(UnknownReason.UNAVAILABLE, detail, subject))
        tags = dict.fromkeys(each.get("imageTag", "") for each in removed)
        return Removed(RemoveAnswer.REMOVED, tuple(tag for tag in tags if tag))

    def archive(self, repository: str, digest: str) -> StoreAnswer:
        """See :meth:`ecrguard.ports.ImageEditor.archive`; an image that is on its way back is asked to stay as well."""
        return self._store(repository, digest, "ARCHIVE", already={"ARCHIVED"})

    def restore(self, repository: str, digest: str) -> StoreAnswer:
        """See :meth:`ecrguard.ports.ImageEditor.restore`."""
        return self._store(repository, digest, "STANDARD", already={"ACTIVE", "ACTIVATING"})

    def _store(self, repository: str, digest: str, target: TargetStorageClassType, already: set[str]) -> StoreAnswer:
        subject = f"{repository}@{digest}"
        # What ECR answers where nothing is to be changed its reference does not say: it is looked up before.
        found = describe(self.client(), self.registry, repository, {"imageDigest": digest})
        if found is None:
            raise UnreadableError(Unknown(UnknownReason.IMAGE_GONE, f"ECR has no image {subject}", subject))
        if found.get("imageStatus", "ACTIVE") in already:
            return StoreAnswer.ALREADY_SO
        try:
            self.client().update_image_storage_class(
                registryId=self.registry.account,
                repositoryName=repository,
                imageId={"imageDigest": digest},
                targetStorageClass=target,
            )
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, ClientError) and error_code(error) == "ImageStorageClassUpdateNotSupportedException":
                return StoreAnswer.NOT_SUPPORTED
            raise gone_or(error, _STORE, subject) from error
        return StoreAnswer.CHANGED
