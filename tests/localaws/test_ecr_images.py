from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import requests
from botocore.exceptions import ClientError

from localaws import images

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient
    from tests.localaws.conftest import Repository

NOWHERE = f"sha256:{'0' * 64}"
ARM, AMD = images.image("linux/arm64"), images.image("linux/amd64")
INDEX = images.index([AMD, ARM])


@pytest.fixture
def pushed(repository: Repository) -> Repository:
    """``arm`` and ``both`` on an arm64 image, ``index`` on an index of two that are untagged otherwise."""
    repository.door.push(ARM, "arm")
    repository.door.put_manifest(ARM, "both")
    repository.door.push(INDEX, "index")
    repository.take_events()
    return repository


@pytest.mark.parametrize(
    ("image_id", "code"),
    [
        ({}, "MissingDigestAndTag"),
        ({"imageDigest": "latest"}, "InvalidImageDigest"),
        ({"imageTag": "a b"}, "InvalidImageTag"),
        ({"imageTag": "absent"}, "ImageNotFound"),
        ({"imageDigest": NOWHERE}, "ImageNotFound"),
        ({"imageDigest": AMD.digest, "imageTag": "arm"}, "ImageTagDoesNotMatchDigest"),
    ],
)
@pytest.mark.parametrize("operation", ["batch_get_image", "batch_delete_image"])
def test_a_batch_lists_what_it_could_not_serve(
    ecr: ECRClient, pushed: Repository, operation: str, image_id: Any, code: str
) -> None:
    answer = getattr(ecr, operation)(repositoryName=pushed.name, imageIds=[image_id])
    [failure] = answer["failures"]
    assert (failure["failureCode"], failure["imageId"]) == (code, image_id)
    assert failure["failureReason"]


def test_a_batch_serves_the_rest_and_the_exact_bytes(ecr: ECRClient, pushed: Repository) -> None:
    asked: Any = [{"imageTag": "absent"}, {"imageDigest": INDEX.digest}, {"imageDigest": AMD.digest}]
    answer = ecr.batch_get_image(repositoryName=pushed.name, imageIds=asked)
    assert [image["imageManifest"].encode() for image in answer["images"]] == [INDEX.content, AMD.content]
    assert answer["images"][0]["imageId"] == {"imageDigest": INDEX.digest}
    assert len(answer["failures"]) == 1


def test_a_batch_takes_a_hundred_ids(ecr: ECRClient, pushed: Repository) -> None:
    with pytest.raises(ClientError, match="InvalidParameterException"):
        ecr.batch_get_image(repositoryName=pushed.name, imageIds=[{"imageTag": "arm"}] * 101)


@pytest.mark.parametrize(
    ("image_id", "gone", "left"),
    [
        pytest.param(
            {"imageTag": "index"},
            [{"imageDigest": INDEX.digest, "imageTag": "index"}],
            {ARM.digest, AMD.digest},
            id="last tag takes the image along",
        ),
        pytest.param(
            {"imageTag": "both"},
            [{"imageDigest": ARM.digest, "imageTag": "both"}],
            {ARM.digest, AMD.digest, INDEX.digest},
            id="another tag is left",
        ),
        pytest.param(
            {"imageDigest": INDEX.digest},
            [{"imageDigest": INDEX.digest, "imageTag": "index"}],
            {ARM.digest, AMD.digest},
            id="by digest",
        ),
    ],
)
def test_deleting(ecr: ECRClient, pushed: Repository, image_id: Any, gone: Any, left: set[str]) -> None:
    answer = ecr.batch_delete_image(repositoryName=pushed.name, imageIds=[image_id])
    assert (answer["imageIds"], answer["failures"]) == (gone, [])
    details = ecr.describe_images(repositoryName=pushed.name)["imageDetails"]
    assert {detail["imageDigest"] for detail in details} == left
    [event] = pushed.take_events()
    assert event["detail"]["action-type"] == "DELETE"
    [first] = gone
    assert event["detail"]["image-digest"] == first["imageDigest"]
    assert event["detail"]["image-tag"] == first["imageTag"]


def test_deleting_by_digest_takes_every_tag(ecr: ECRClient, repository: Repository) -> None:
    repository.door.push(ARM, "one")
    repository.door.put_manifest(ARM, "two")
    answer = ecr.batch_delete_image(repositoryName=repository.name, imageIds=[{"imageDigest": ARM.digest}])
    assert [image_id["imageTag"] for image_id in answer["imageIds"]] == ["one", "two"]
    assert requests.get(f"{repository.door.url}/manifests/{ARM.digest}", timeout=10).status_code == 404


def test_a_child_of_an_index_outlives_its_last_tag(ecr: ECRClient, pushed: Repository) -> None:
    ecr.batch_delete_image(repositoryName=pushed.name, imageIds=[{"imageTag": "both"}])
    kept: list[Any] = [{"imageTag": "arm"}, {"imageDigest": ARM.digest}, {"imageDigest": AMD.digest}]
    for image_id in kept:
        [failure] = ecr.batch_delete_image(repositoryName=pushed.name, imageIds=[image_id])["failures"]
        assert failure["failureCode"] == "ImageReferencedByManifestList"
        assert INDEX.digest in failure["failureReason"]
    in_order: Any = [{"imageDigest": INDEX.digest}, {"imageTag": "arm"}, {"imageDigest": AMD.digest}]
    assert ecr.batch_delete_image(repositoryName=pushed.name, imageIds=in_order)["failures"] == []


def test_describing(ecr: ECRClient, pushed: Repository) -> None:
    details = {item["imageDigest"]: item for item in ecr.describe_images(repositoryName=pushed.name)["imageDetails"]}
    arm, index = details[ARM.digest], details[INDEX.digest]
    assert arm["imageTags"] == ["arm", "both"]
    assert arm["imageStatus"] == "ACTIVE"
    assert arm["artifactMediaType"] == images.OCI_CONFIG
    assert arm["imageSizeInBytes"] == sum(len(node.content) for node in ARM.below)
    assert "artifactMediaType" not in index
    assert index["imageManifestMediaType"] == images.OCI_INDEX
    assert "imageTags" not in details[AMD.digest]
    with pytest.raises(ecr.exceptions.ImageNotFoundException):
        ecr.describe_images(repositoryName=pushed.name, imageIds=[{"imageTag": "absent"}])


def test_lists_come_in_pages(ecr: ECRClient, pushed: Repository) -> None:
    for operation, member in (("list_images", "imageIds"), ("describe_images", "imageDetails")):
        pages = ecr.get_paginator(operation).paginate(repositoryName=pushed.name, PaginationConfig={"PageSize": 1})  # type: ignore[call-overload]  # either name
        assert [len(page[member]) for page in pages] == [1] * (4 if member == "imageIds" else 3)
    tagged = ecr.list_images(repositoryName=pushed.name, filter={"tagStatus": "UNTAGGED"})["imageIds"]
    assert tagged == [{"imageDigest": AMD.digest}]


def test_a_config_is_downloaded_without_credentials(ecr: ECRClient, pushed: Repository) -> None:
    config = ARM.below[0]
    url = ecr.get_download_url_for_layer(repositoryName=pushed.name, layerDigest=config.digest)["downloadUrl"]
    assert requests.get(url, timeout=10).content == config.content
    assert json.loads(config.content)["architecture"] == "arm64"
    part = requests.get(url, headers={"Range": "bytes=0-9"}, timeout=10)
    assert (part.status_code, part.content) == (206, config.content[:10])


def test_a_layer_that_is_absent_or_of_no_image_has_no_url(ecr: ECRClient, repository: Repository) -> None:
    with pytest.raises(ecr.exceptions.LayersNotFoundException):
        ecr.get_download_url_for_layer(repositoryName=repository.name, layerDigest=NOWHERE)
    repository.door.put_blobs(ARM)
    with pytest.raises(ecr.exceptions.LayerInaccessibleException):
        ecr.get_download_url_for_layer(repositoryName=repository.name, layerDigest=ARM.below[0].digest)
    [known, unknown] = ecr.batch_check_layer_availability(
        repositoryName=repository.name, layerDigests=[ARM.below[0].digest, NOWHERE]
    )["layers"]
    assert (known["layerAvailability"], unknown["layerAvailability"]) == ("AVAILABLE", "UNAVAILABLE")


def test_an_archived_image_is_listed_but_not_served_until_it_is_restored(ecr: ECRClient, pushed: Repository) -> None:
    index: Any = {"imageDigest": INDEX.digest}
    archived = ecr.update_image_storage_class(repositoryName=pushed.name, imageId=index, targetStorageClass="ARCHIVE")
    assert archived["imageStatus"] == "ARCHIVED"
    [failure] = ecr.batch_get_image(repositoryName=pushed.name, imageIds=[index])["failures"]
    assert failure["failureCode"] == "ImageInaccessible"
    [detail] = ecr.describe_images(repositoryName=pushed.name, filter={"imageStatus": "ARCHIVED"})["imageDetails"]
    assert detail["imageDigest"] == INDEX.digest
    ecr.update_image_storage_class(repositoryName=pushed.name, imageId=index, targetStorageClass="STANDARD")
    assert ecr.batch_get_image(repositoryName=pushed.name, imageIds=[index])["failures"] == []
    targets = [event["detail"]["target-storage-class"] for event in pushed.take_events()]
    assert targets == ["ARCHIVE", "STANDARD"]


def test_resource_tags_of_a_repository(ecr: ECRClient, repository: Repository) -> None:
    [described] = ecr.describe_repositories(repositoryNames=[repository.name])["repositories"]
    tags: Any = [{"Key": "ecrguard:platforms", "Value": "linux/arm64"}]
    ecr.tag_resource(resourceArn=described["repositoryArn"], tags=tags)
    assert ecr.list_tags_for_resource(resourceArn=described["repositoryArn"])["tags"] == tags


def test_an_absent_repository(ecr: ECRClient, name: str) -> None:
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
        ecr.describe_images(repositoryName=name)
