from __future__ import annotations

import hashlib
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import requests
from botocore.exceptions import ClientError

from localaws import images, process

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_ecr import ECRClient
    from tests.localaws.conftest import Repository

TREES = {
    "single": images.image("linux/arm64/v8"),
    "index": images.index([images.image("linux/amd64"), images.image("linux/arm64")], attestations=True),
    "docker-list": images.index([images.image(docker=True), images.image("linux/arm64", docker=True)], docker=True),
    "nested": images.index([images.index([images.image()]), images.image("linux/s390x")]),
    "without-platform": images.index([images.without_platform(images.image()), images.image("linux/386")]),
    "helm": images.helm_chart(),
}


# skopeo reads neither Docker's types nor an index within an index from a layout.
READ_BY_SKOPEO = ("single", "index", "without-platform", "helm")
CASES = [("oras", kind) for kind in TREES] + [("skopeo", kind) for kind in READ_BY_SKOPEO if shutil.which("skopeo")]


def details(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event["detail"] for event in events]


@pytest.mark.parametrize(("tool", "kind"), CASES)
def test_a_real_client_pushes_every_kind_of_image_byte_for_byte(
    aws: process.LocalAws, ecr: ECRClient, repository: Repository, tmp_path: Path, *, kind: str, tool: str
) -> None:
    layout = images.write_layout(TREES[kind], tmp_path / "layout")
    target = f"{aws.registry}/{repository.name}:v1"
    command: list[str | Path] = [process.PYTHON, "-m", "localaws", "push", layout.directory, target, "--client", tool]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=process.ROOT)
    assert done.returncode == 0, done.stderr
    [image] = ecr.batch_get_image(repositoryName=repository.name, imageIds=[{"imageTag": "v1"}])["images"]
    assert image["imageId"]["imageDigest"] == layout.digest == done.stdout.strip()
    assert f"sha256:{hashlib.sha256(image['imageManifest'].encode()).hexdigest()}" == layout.digest
    assert image["imageManifestMediaType"] == layout.media_type

    *children, root = details(repository.take_events())
    assert {event["image-digest"] for event in (*children, root)} == {
        node.digest for node in TREES[kind] if node.is_manifest
    }
    artifact = {} if TREES[kind].is_index else {"artifact-media-type": TREES[kind].below[0].media_type}
    assert root == artifact | {
        "result": "SUCCESS",
        "action-type": "PUSH",
        "repository-name": repository.name,
        "image-digest": layout.digest,
        "image-tag": "v1",
        "manifest-media-type": layout.media_type,
    }
    assert all("image-tag" not in child for child in children)


def test_an_event_has_the_envelope_of_an_aws_service(repository: Repository) -> None:
    repository.door.push(images.helm_chart(), "1.0.0")
    [event] = repository.take_events()
    assert event["source"] == "aws.ecr"
    assert event["detail-type"] == "ECR Image Action"
    assert event["resources"] == []
    assert (event["account"], event["region"]) == (process.ACCOUNT, process.REGION)
    assert event["detail"]["artifact-media-type"] == images.HELM_CONFIG


def test_putting_a_second_tag_fires_push_again_and_repeating_it_does_not(
    ecr: ECRClient, repository: Repository
) -> None:
    image = images.image()
    repository.door.push(image, "v1")
    repository.take_events()
    again = {"repositoryName": repository.name, "imageManifest": image.content.decode(), "imageTag": "v2"}
    answer = ecr.put_image(**again)
    assert answer["image"]["imageId"] == {"imageDigest": image.digest, "imageTag": "v2"}
    assert [event["image-tag"] for event in details(repository.take_events())] == ["v2"]
    with pytest.raises(ecr.exceptions.ImageAlreadyExistsException):
        ecr.put_image(**again)
    assert repository.door.put_manifest(image, "v2").status_code == 201
    assert repository.take_events() == []


def test_a_moved_tag_leaves_its_old_image_untagged(ecr: ECRClient, repository: Repository) -> None:
    old, new = images.image(label="old"), images.image(label="new")
    repository.door.push(old, "latest")
    repository.door.push(new, "latest")
    listed = ecr.list_images(repositoryName=repository.name)["imageIds"]
    assert listed == [{"imageDigest": old.digest}, {"imageDigest": new.digest, "imageTag": "latest"}]


@pytest.mark.parametrize(
    ("kind", "code", "message"),
    [("index", "MANIFEST_BLOB_UNKNOWN", "Images with digests"), ("single", "MANIFEST_BLOB_UNKNOWN", "Layers with")],
)
def test_the_door_refuses_a_manifest_whose_parts_are_missing(
    repository: Repository, kind: str, code: str, message: str
) -> None:
    answer = repository.door.put_manifest(TREES[kind], "v1")
    assert answer.status_code == 404
    [error] = answer.json()["errors"]
    assert error["code"] == code
    assert error["message"].startswith(message)
    assert repository.take_events() == []


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"imageManifest": TREES["index"].content.decode()}, "ReferencedImagesNotFoundException"),
        ({"imageManifest": TREES["single"].content.decode()}, "LayersNotFoundException"),
        ({"imageManifest": "not json"}, "InvalidParameterException"),
        ({"imageManifest": '{"schemaVersion": 2}'}, "InvalidParameterException"),
        (
            {"imageManifest": "{}", "imageManifestMediaType": images.OCI_MANIFEST, "imageTag": "-"},
            "InvalidParameterException",
        ),
        (
            {"imageManifest": TREES["single"].content.decode(), "imageDigest": f"sha256:{'0' * 64}"},
            "ImageDigestDoesNotMatchException",
        ),
    ],
)
def test_put_image_refuses_as_ecr_does(ecr: ECRClient, repository: Repository, parameters: Any, code: str) -> None:
    with pytest.raises(ClientError) as refused:
        ecr.put_image(repositoryName=repository.name, **parameters)
    assert refused.value.response["Error"]["Code"] == code
    assert ecr.describe_images(repositoryName=repository.name)["imageDetails"] == []
    assert repository.take_events() == []


def test_the_door_holds_a_manifest_to_the_digest_in_its_path(repository: Repository) -> None:
    answer = repository.door.put_manifest(images.helm_chart(), f"sha256:{'0' * 64}")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "MANIFEST_INVALID")


def test_layers_go_in_through_the_api_alone(ecr: ECRClient, repository: Repository) -> None:
    image = images.image()
    for node in image.below:
        upload = ecr.initiate_layer_upload(repositoryName=repository.name)["uploadId"]
        place = {"repositoryName": repository.name, "uploadId": upload}
        ecr.upload_layer_part(**place, partFirstByte=0, partLastByte=len(node.content) - 1, layerPartBlob=node.content)
        done = ecr.complete_layer_upload(**place, layerDigests=[node.digest])
        assert done["layerDigest"] == node.digest
    ecr.put_image(repositoryName=repository.name, imageManifest=image.content.decode(), imageTag="v1")
    found = requests.get(f"{repository.door.url}/manifests/v1", timeout=10)
    assert found.content == image.content


@pytest.mark.parametrize(
    ("mutability", "filters", "tag", "moves"),
    [
        ("MUTABLE", [], "v1", True),
        ("IMMUTABLE", [], "v1", False),
        ("IMMUTABLE_WITH_EXCLUSION", ["dev-*"], "dev-1", True),
        ("IMMUTABLE_WITH_EXCLUSION", ["dev-*"], "v1", False),
        ("MUTABLE_WITH_EXCLUSION", ["v*.*"], "v1.2", False),
        ("MUTABLE_WITH_EXCLUSION", ["v*.*"], "v1", True),
    ],
)
def test_a_tag_moves_only_where_the_repository_lets_it(
    ecr: ECRClient, repository: Repository, mutability: Any, filters: list[str], tag: str, *, moves: bool
) -> None:
    chosen: Any = {"imageTagMutability": mutability}
    if filters:
        chosen["imageTagMutabilityExclusionFilters"] = [{"filterType": "WILDCARD", "filter": item} for item in filters]
    ecr.put_image_tag_mutability(repositoryName=repository.name, **chosen)
    [described] = ecr.describe_repositories(repositoryNames=[repository.name])["repositories"]
    assert chosen.items() <= described.items()

    first, by_door, by_api = (images.image(label=label) for label in ("first", "door", "api"))
    repository.door.push(first, tag)
    for other in (by_door, by_api):
        repository.door.push(other)
    repository.take_events()
    answer = repository.door.put_manifest(by_door, tag)
    assert answer.status_code == (201 if moves else 400), answer.text
    if moves:
        ecr.put_image(repositoryName=repository.name, imageManifest=by_api.content.decode(), imageTag=tag)
    else:
        assert answer.json()["errors"][0]["code"] == "TAG_INVALID"
        with pytest.raises(ecr.exceptions.ImageTagAlreadyExistsException):
            ecr.put_image(repositoryName=repository.name, imageManifest=by_api.content.decode(), imageTag=tag)
    assert len(repository.take_events()) == (2 if moves else 0)


def test_exclusion_filters_without_a_setting_that_takes_them_are_refused(ecr: ECRClient, name: str) -> None:
    with pytest.raises(ecr.exceptions.InvalidParameterException):
        ecr.create_repository(repositoryName=name, imageTagMutability="IMMUTABLE_WITH_EXCLUSION")


def test_the_door_deletes_nothing(repository: Repository) -> None:
    image = images.image()
    repository.door.push(image, "v1")
    answer = requests.delete(f"{repository.door.url}/manifests/{image.digest}", timeout=10)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (405, "UNSUPPORTED")
