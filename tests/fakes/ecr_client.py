"""Amazon ECR in memory, as its API shows it: digests, refusals and answers by ECR's own rules.

Rules: Amazon ECR API reference (BatchGetImage, GetDownloadUrlForLayer, DescribeImages, DescribeRepositories, PutImage,
BatchDeleteImage, UpdateImageStorageClass, ListTagsForResource). Where it leaves a choice, an attribute makes it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.content import Content, sha256
from tests.fakes.ecr_rules import Parts, locked, parts
from tests.fakes.wire import Record, Refusal, connect

from ecrguard.domain.reference import is_digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
    mutability: str = "MUTABLE"
    filters: tuple[str, ...] = ()
    status: dict[str, str] = field(default_factory=dict)
    """Digest to image status, of those that are not active."""

    def parts(self, digest: str) -> Parts:
        media_type, text = self.manifests[digest]
        return parts(text.encode(), media_type)

    def tags_of(self, digest: str) -> list[str]:
        return [tag for tag, each in self.tags.items() if each == digest]


@dataclass(slots=True)
class FakeEcr:
    """One account's registry in one Region.

    Attributes:
        download: where blobs are served; the presigned URL of a blob is below it.
        calls: (operation, parameters) of each call, in order.
        failing: operation to the error that it gives.
        failures: digest to the failure code that BatchGetImage and BatchDeleteImage give for it.
        hides_archived: an image that is not active is described only to those who ask for any status, by its id too.
        refuses_filter: DescribeImages takes ids or a filter, not both.
        page: images that a listing gives at a time at most.
        pair_takes_image: BatchDeleteImage of a tag together with its digest takes the whole image, not the tag alone.
    """

    download: str = "http://127.0.0.1:9"
    calls: list[tuple[str, Record]] = field(default_factory=list)
    failing: dict[str, Exception] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    hides_archived: bool = False
    refuses_filter: bool = False
    page: int = 1_000
    pair_takes_image: bool = False
    _fixed: set[str] = field(default_factory=set)
    _repositories: dict[str, _Repository] = field(default_factory=dict)

    @property
    def client(self) -> ECRClient:
        client: ECRClient = connect("ecr", self._answer, REGION)
        return client

    def create(
        self,
        repository: str,
        *,
        immutable: bool = False,
        tags: Mapping[str, str] | None = None,
        mutability: str = "",
        filters: Sequence[str] = (),
    ) -> None:
        setting = mutability or ("IMMUTABLE" if immutable else "MUTABLE")
        self._repositories[repository] = _Repository(
            resource_tags=dict(tags or {}), mutability=setting, filters=tuple(filters)
        )

    def push(self, repository: str, content: Content, *tags: str) -> str:
        """Put an image, with all that it points to, and tags on it; a repository is made on first use."""
        if repository not in self._repositories:
            self.create(repository)
        held = self._repositories[repository]
        for child in {child.digest: child for child in content.children}.values():
            self.push(repository, child)
        held.manifests[content.digest] = (content.media_type, content.body.decode())
        held.status.pop(content.digest, None)
        held.blobs |= {sha256(blob): blob for blob in content.blobs}
        held.tags |= dict.fromkeys(tags, content.digest)
        return content.digest

    def delete(self, repository: str, digest: str) -> None:
        held = self._repositories[repository]
        del held.manifests[digest]
        held.status.pop(digest, None)
        held.tags = {tag: each for tag, each in held.tags.items() if each != digest}

    def delete_blobs(self, repository: str) -> None:
        self._repositories[repository].blobs.clear()

    def store(self, repository: str, digest: str, status: str) -> None:
        """Set an image's status: ACTIVE, ARCHIVED or ACTIVATING."""
        held = self._repositories[repository]
        held.status.pop(digest, None)
        if status != "ACTIVE":
            held.status[digest] = status

    def fix(self, digest: str) -> None:
        """Let another storage class not be supported for an image."""
        self._fixed.add(digest)

    def tags(self, repository: str) -> dict[str, str]:
        """Each tag of a repository and the digest that it stands for."""
        return dict(self._repositories[repository].tags)

    def digests(self, repository: str) -> list[str]:
        """The images that a repository has."""
        return list(self._repositories[repository].manifests)

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
            "BatchDeleteImage": self._batch_delete_image,
            "DescribeImages": self._describe_images,
            "DescribeRepositories": self._describe_repositories,
            "UpdateImageStorageClass": self._update_storage_class,
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
            if found in held.status:
                failures.append(_failure(image_id, "ImageInaccessible"))
                continue
            media_type, text = held.manifests[found]
            common = {"registryId": ACCOUNT, "repositoryName": asked["repositoryName"]}
            tags = held.tags_of(found)
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
        elif not code and tag and tag not in held.tags:
            code = "ImageNotFound"
        elif not code and tag and digest and held.tags[tag] != digest:
            code = "ImageTagDoesNotMatchDigest"
        elif not code and (digest or held.tags[tag]) not in held.manifests:
            code = "ImageNotFound"
        if code:
            return _failure(image_id, code)
        return str(digest or held.tags[tag])

    def _get_download_url(self, asked: Record) -> Record:
        held, digest = self._held(asked), asked["layerDigest"]
        if digest not in held.blobs:
            raise Refusal("LayersNotFoundException", f"The layer with digest '{digest}' does not exist")
        return {"downloadUrl": f"{self.download}/{digest}?X-Amz-Signature=SECRET", "layerDigest": digest}

    def _describe_images(self, asked: Record) -> Record:
        held = self._held(asked)
        anyway = asked.get("filter", {}).get("imageStatus", "ACTIVE") == "ANY"
        if self.refuses_filter and "filter" in asked:
            raise Refusal("InvalidParameterException", "'filter' and 'imageIds' cannot be used together")
        if "imageIds" not in asked:
            return self._list_images(held, asked)
        details: list[Record] = []
        for image_id in asked["imageIds"]:
            found = self._found(held, image_id)
            if isinstance(found, dict) or (self.hides_archived and found in held.status and not anyway):
                raise Refusal("ImageNotFoundException", f"The image with imageId {image_id} does not exist")
            details.append(_detail(held, asked["repositoryName"], found))
        return {"imageDetails": details}

    def _list_images(self, held: _Repository, asked: Record) -> Record:
        """The active images that have a tag, a page at a time; a page may have fewer than it could."""
        if asked["filter"] != {"tagStatus": "TAGGED"}:
            raise NotImplementedError(asked)
        found = [each for each in held.manifests if held.tags_of(each) and each not in held.status]
        start = int(asked.get("nextToken", "0"))
        shown = found[start : start + min(asked["maxResults"], self.page)]
        details = [_detail(held, asked["repositoryName"], each) for each in shown]
        more = start + len(shown)
        return {"imageDetails": details} | ({"nextToken": str(more)} if more < len(found) else {})

    def _describe_repositories(self, asked: Record) -> Record:
        described: list[Record] = []
        for name in asked["repositoryNames"]:
            held = self._held({**asked, "repositoryName": name})
            shown: Record = {
                "repositoryArn": _ARN + name,
                "registryId": ACCOUNT,
                "repositoryName": name,
                "imageTagMutability": held.mutability,
            }
            if held.filters:
                filters = [{"filterType": "WILDCARD", "filter": each} for each in held.filters]
                shown["imageTagMutabilityExclusionFilters"] = filters
            described.append(shown)
        return {"repositories": described}

    def _batch_delete_image(self, asked: Record) -> Record:
        held = self._held(asked)
        deleted: list[Record] = []
        failures: list[Record] = []
        for image_id in asked["imageIds"]:
            found = self._found(held, image_id)
            if isinstance(found, dict):
                failures.append(found)
                continue
            tag, tags = image_id.get("imageTag", ""), held.tags_of(found)
            one = bool(tag) and ("imageDigest" not in image_id or not self.pair_takes_image)
            if one and len(tags) > 1:
                del held.tags[tag]
                deleted.append({"imageDigest": found, "imageTag": tag})
            elif any(found in held.parts(each).children for each in held.manifests):
                failures.append(_failure(image_id, "ImageReferencedByManifestList"))
            else:
                deleted += [{"imageDigest": found, "imageTag": each} for each in tags] or [{"imageDigest": found}]
                self.delete(asked["repositoryName"], found)
        return {"failures": failures} | ({"imageIds": deleted} if deleted else {})

    def _update_storage_class(self, asked: Record) -> Record:
        held, name = self._held(asked), asked["repositoryName"]
        found = self._found(held, asked["imageId"])
        if isinstance(found, dict):
            raise Refusal("ImageNotFoundException", f"The image with imageId {asked['imageId']} does not exist")
        to_archive = asked["targetStorageClass"] == "ARCHIVE"
        # What ECR answers where it is so already is not documented; here it refuses.
        if found in self._fixed or to_archive is (held.status.get(found) == "ARCHIVED"):
            raise Refusal("ImageStorageClassUpdateNotSupportedException", "as arranged")
        self.store(name, found, "ARCHIVED" if to_archive else "ACTIVATING")
        return {
            "registryId": ACCOUNT,
            "repositoryName": name,
            "imageId": {"imageDigest": found},
            "imageStatus": held.status[found],
        }

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
        if held.tags.get(tag) == digest and digest not in held.status:
            raise Refusal("ImageAlreadyExistsException", f"Image with digest '{digest}' and tag '{tag}' already exists")
        if held.tags.get(tag, digest) != digest and locked(held.mutability, held.filters, tag):
            raise Refusal("ImageTagAlreadyExistsException", f"The image tag '{tag}' already exists and is immutable")
        consists = parts(text.encode(), media_type)
        if any(child not in held.manifests for child in consists.children):
            raise Refusal("ReferencedImagesNotFoundException", "Images with digests required for pushing do not exist")
        if digest not in held.manifests and consists.config and consists.config not in held.blobs:
            raise Refusal("LayersNotFoundException", "Layers with digests required for pushing do not exist")
        held.manifests[digest] = (media_type, text)
        held.tags[tag] = digest
        held.status.pop(digest, None)
        identity = {"imageDigest": digest, "imageTag": tag}
        return {"image": {"imageId": identity, "imageManifest": text, "imageManifestMediaType": media_type}}


def _detail(held: _Repository, repository: str, digest: str) -> Record:
    media_type, tags = held.manifests[digest][0], held.tags_of(digest)
    return {
        "registryId": ACCOUNT,
        "repositoryName": repository,
        "imageDigest": digest,
        **({"imageManifestMediaType": media_type} if media_type else {}),
        "imageStatus": held.status.get(digest, "ACTIVE"),
        **({"imageTags": tags} if tags else {}),
    }


def _failure(image_id: Record, code: str) -> Record:
    return {"imageId": image_id, "failureCode": code, "failureReason": "as arranged"}


def _named_media_type(text: str) -> str:
    data: Any = json.loads(text)
    return str(data.get("mediaType", "")) if isinstance(data, dict) else ""
