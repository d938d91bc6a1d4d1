"""Amazon ECR in memory, as its API shows it: digests, refusals and answers by ECR's own rules.

Rules: Amazon ECR API reference (BatchGetImage, GetDownloadUrlForLayer, DescribeImages, PutImage, ListTagsForResource).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.content import Content, sha256
from tests.fakes.wire import Record, Refusal, connect

from ecrguard.domain.reference import is_digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_ecr.client import ECRClient

ACCOUNT, REGION = "123456789012", "eu-central-1"
_ARN = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/"
_MOST_IDS = 100


@dataclass(slots=True)
class _Repository:
    manifests: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Digest to (media type, text)."""
    blobs: dict[str, bytes] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    resource_tags: dict[str, str] = field(default_factory=dict)
    immutable: bool = False


@dataclass(slots=True)
class FakeEcr:
    """One account's registry in one Region.

    Attributes:
        download: where blobs are served; the presigned URL of a blob is below it.
        calls: (operation, parameters) of each call, in order.
        failing: operation to the error that it gives.
        failures: digest to the failure code that BatchGetImage gives for it.
    """

    download: str = "http://127.0.0.1:9"
    calls: list[tuple[str, Record]] = field(default_factory=list)
    failing: dict[str, Exception] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    _repositories: dict[str, _Repository] = field(default_factory=dict)

    @property
    def client(self) -> ECRClient:
        client: ECRClient = connect("ecr", self._answer, REGION)
        return client

    def create(self, repository: str, *, immutable: bool = False, tags: Mapping[str, str] | None = None) -> None:
        self._repositories[repository] = _Repository(immutable=immutable, resource_tags=dict(tags or {}))

    def push(self, repository: str, content: Content, *tags: str) -> str:
        """Put an image, with all that it points to, and tags on it; a repository is made on first use."""
        if repository not in self._repositories:
            self.create(repository)
        held = self._repositories[repository]
        for child in {child.digest: child for child in content.children}.values():
            self.push(repository, child)
        held.manifests[content.digest] = (content.media_type, content.body.decode())
        held.blobs |= {sha256(blob): blob for blob in content.blobs}
        held.tags |= dict.fromkeys(tags, content.digest)
        return content.digest

    def delete(self, repository: str, digest: str) -> None:
        held = self._repositories[repository]
        del held.manifests[digest]
        held.tags = {tag: each for tag, each in held.tags.items() if each != digest}

    def delete_blobs(self, repository: str) -> None:
        self._repositories[repository].blobs.clear()

    def blob(self, digest: str) -> bytes:
        """What the download server gives for a blob."""
        return next(held.blobs[digest] for held in self._repositories.values() if digest in held.blobs)

    def _answer(self, operation: str, asked: Record) -> Record:
        self.calls.append((operation, asked))
        if operation in self.failing:
            raise self.failing[operation]
        operations = {
            "BatchGetImage": self._batch_get_image,
            "GetDownloadUrlForLayer": self._get_download_url,
            "DescribeImages": self._describe_images,
            "ListTagsForResource": self._list_tags,
            "PutImage": self._put_image,
        }
        return operations[operation](asked)

    def _held(self, asked: Record) -> _Repository:
        name = asked["repositoryName"]
        if asked["registryId"] != ACCOUNT or name not in self._repositories:
            message = f"The repository with name '{name}' does not exist in the registry with id '{ACCOUNT}'"
            raise Refusal("RepositoryNotFoundException", message)
        return self._repositories[name]

    def _batch_get_image(self, asked: Record) -> Record:
        held = self._held(asked)
        if len(asked["imageIds"]) > _MOST_IDS:
            raise Refusal("InvalidParameterException", f"'imageIds' must have at most {_MOST_IDS} elements")
        images: list[Record] = []
        failures: list[Record] = []
        for image_id in asked["imageIds"]:
            found = self._found(held, image_id)
            if isinstance(found, dict):
                failures.append(found)
                continue
            media_type, text = held.manifests[found]
            common = {"registryId": ACCOUNT, "repositoryName": asked["repositoryName"]}
            tags = [tag for tag, digest in held.tags.items() if digest == found]
            # An image with several tags is answered once for each of them.
            for named in [{"imageTag": tag} for tag in tags] or [{}]:
                identity = {"imageDigest": found, **named}
                images.append(
                    {**common, "imageId": identity, "imageManifest": text, "imageManifestMediaType": media_type}
                )
        return {"images": images, "failures": failures}

    def _found(self, held: _Repository, image_id: Record) -> str | Record:
        """The digest that an image id stands for, or the failure."""
        digest, tag = image_id.get("imageDigest", ""), image_id.get("imageTag", "")
        code = self.failures.get(digest, "")
        if not code and not digest and not tag:
            code = "MissingDigestAndTag"
        elif not code and digest and not is_digest(digest):
            code = "InvalidImageDigest"
        elif not code and (digest or held.tags.get(tag, "")) not in held.manifests:
            code = "ImageNotFound"
        elif not code and digest and tag and held.tags.get(tag) != digest:
            code = "ImageTagDoesNotMatchDigest"
        if code:
            return {"imageId": image_id, "failureCode": code, "failureReason": "as arranged"}
        return str(digest or held.tags[tag])

    def _get_download_url(self, asked: Record) -> Record:
        held, digest = self._held(asked), asked["layerDigest"]
        if digest not in held.blobs:
            raise Refusal("LayersNotFoundException", f"The layer with digest '{digest}' does not exist")
        return {"downloadUrl": f"{self.download}/{digest}?X-Amz-Signature=SECRET", "layerDigest": digest}

    def _describe_images(self, asked: Record) -> Record:
        held = self._held(asked)
        details: list[Record] = []
        for image_id in asked["imageIds"]:
            found = self._found(held, image_id)
            if isinstance(found, dict):
                raise Refusal("ImageNotFoundException", f"The image with imageId {image_id} does not exist")
            detail: Record = {
                "registryId": ACCOUNT,
                "repositoryName": asked["repositoryName"],
                "imageDigest": found,
                "imageManifestMediaType": held.manifests[found][0],
            }
            tags = [tag for tag, digest in held.tags.items() if digest == found]
            details.append(detail | ({"imageTags": tags} if tags else {}))
        return {"imageDetails": details}

    def _list_tags(self, asked: Record) -> Record:
        name = asked["resourceArn"].removeprefix(_ARN)
        if name not in self._repositories:
            raise Refusal("RepositoryNotFoundException", f"The repository '{asked['resourceArn']}' does not exist")
        return {"tags": [{"Key": key, "Value": text} for key, text in self._repositories[name].resource_tags.items()]}

    def _put_image(self, asked: Record) -> Record:
        held, text, tag = self._held(asked), asked["imageManifest"], asked["imageTag"]
        digest, named = sha256(text.encode()), _named_media_type(text)
        media_type = asked.get("imageManifestMediaType") or named
        if not media_type or (named and named != media_type):
            raise Refusal("InvalidParameterException", "the manifest's media type is missing or not as stated")
        if asked.get("imageDigest", digest) != digest:
            raise Refusal("ImageDigestDoesNotMatchException", f"The digest '{digest}' is not the one that is stated")
        if held.tags.get(tag) == digest:
            raise Refusal("ImageAlreadyExistsException", f"Image with digest '{digest}' and tag '{tag}' already exists")
        if tag in held.tags and held.immutable:
            raise Refusal("ImageTagAlreadyExistsException", f"The image tag '{tag}' already exists and is immutable")
        held.manifests[digest] = (media_type, text)
        held.tags[tag] = digest
        identity = {"imageDigest": digest, "imageTag": tag}
        return {"image": {"imageId": identity, "imageManifest": text, "imageManifestMediaType": media_type}}


def _named_media_type(text: str) -> str:
    data: Any = json.loads(text)
    return str(data.get("mediaType", "")) if isinstance(data, dict) else ""
