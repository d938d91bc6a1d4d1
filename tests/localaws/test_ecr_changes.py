"""Tags that move and images that go, on the local AWS: ECR's rules, its events, and the product's adapters on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
from botocore.exceptions import ClientError

from ecrguard.adapters.blobs import Blobs
from ecrguard.adapters.ecr import EcrImages
from ecrguard.adapters.ecr_editor import EcrEditor
from ecrguard.domain.reference import Registry
from ecrguard.ports import RawManifest, RemoveAnswer, Removed, Standing, StoreAnswer, TagAnswer
from localaws import images, process

if TYPE_CHECKING:
    from localaws.images import Node
    from mypy_boto3_ecr import ECRClient
    from tests.localaws.conftest import Repository

OWN = Registry(process.ACCOUNT, process.REGION)
ARM, AMD = images.image("linux/arm64"), images.image("linux/amd64")
INDEX = images.index([AMD, ARM])


@pytest.fixture
def store(ecr: ECRClient) -> EcrImages:
    return EcrImages(lambda: ecr, Blobs(), OWN, "aws")


@pytest.fixture
def editor(ecr: ECRClient) -> EcrEditor:
    return EcrEditor(lambda: ecr, OWN, lambda: None)


def raw(node: Node) -> RawManifest:
    return RawManifest(node.digest, node.media_type, node.content)


def actions(repository: Repository) -> list[tuple[str, str, str]]:
    """What the events since the last look tell: action, tag (or storage class) and digest."""
    told = [event["detail"] for event in repository.take_events()]
    return [
        (each["action-type"], each.get("image-tag", each.get("target-storage-class", "")), each["image-digest"])
        for each in told
    ]


def test_a_tag_goes_back_to_an_earlier_image_and_ecr_announces_it_as_a_push(
    store: EcrImages, editor: EcrEditor, repository: Repository
) -> None:
    for node in (AMD, ARM):
        repository.door.push(node, "latest")
    repository.take_events()

    assert editor.put_tag(repository.name, raw(ARM), "marker") is TagAnswer.PUT
    assert editor.put_tag(repository.name, raw(AMD), "latest") is TagAnswer.PUT
    assert editor.put_tag(repository.name, raw(AMD), "latest") is TagAnswer.ALREADY_THERE

    assert actions(repository) == [("PUSH", "marker", ARM.digest), ("PUSH", "latest", AMD.digest)]
    assert store.standing(repository.name, digest=ARM.digest) == Standing(ARM.digest, ("marker",))
    assert store.standing(repository.name, tag="latest") == Standing(AMD.digest, ("latest",))


def test_a_tag_and_its_digest_together_take_the_whole_image_and_it_can_be_put_back(
    store: EcrImages, editor: EcrEditor, repository: Repository
) -> None:
    repository.door.push(INDEX, "1.4")
    editor.put_tag(repository.name, raw(INDEX), "marker")
    repository.take_events()

    assert editor.remove_tag(repository.name, "1.4", AMD.digest) is RemoveAnswer.MOVED
    assert editor.remove_tag(repository.name, "1.4", INDEX.digest) is RemoveAnswer.REMOVED
    assert editor.remove_tag(repository.name, "1.4", INDEX.digest) is RemoveAnswer.GONE
    assert store.standing(repository.name, digest=INDEX.digest) is None
    assert editor.put_tag(repository.name, raw(INDEX), "marker") is TagAnswer.PUT

    assert store.standing(repository.name, digest=INDEX.digest) == Standing(INDEX.digest, ("marker",))
    assert store.manifests(repository.name, [INDEX.digest]) == {INDEX.digest: raw(INDEX)}
    assert requests.get(f"{repository.door.url}/manifests/marker", timeout=10).content == INDEX.content
    taken = [("DELETE", "1.4", INDEX.digest), ("DELETE", "marker", INDEX.digest)]
    assert actions(repository) == [*taken, ("PUSH", "marker", INDEX.digest)]


def test_a_last_tag_takes_the_image_and_then_its_parts_go_by_digest(
    store: EcrImages, editor: EcrEditor, repository: Repository
) -> None:
    repository.door.push(INDEX, "marker")
    repository.door.put_manifest(ARM, "arm")

    assert editor.remove_tag(repository.name, "arm", ARM.digest) is RemoveAnswer.NEEDED
    assert editor.remove_image(repository.name, AMD.digest) == Removed(RemoveAnswer.NEEDED)
    assert editor.remove_last_tag(repository.name, "marker") is RemoveAnswer.REMOVED
    assert editor.remove_last_tag(repository.name, "marker") is RemoveAnswer.GONE
    assert editor.remove_image(repository.name, AMD.digest) == Removed(RemoveAnswer.REMOVED)
    assert editor.remove_image(repository.name, AMD.digest) == Removed(RemoveAnswer.GONE)
    assert editor.remove_image(repository.name, ARM.digest) == Removed(RemoveAnswer.REMOVED, ("arm",))
    assert store.standing(repository.name, tag="arm") is None


def test_an_index_whose_parts_are_gone_is_not_put_back(ecr: ECRClient, repository: Repository) -> None:
    repository.door.push(INDEX, "1.4")
    gone: Any = [{"imageDigest": INDEX.digest}, {"imageDigest": ARM.digest}]
    assert ecr.batch_delete_image(repositoryName=repository.name, imageIds=gone)["failures"] == []

    with pytest.raises(ecr.exceptions.ReferencedImagesNotFoundException):
        ecr.put_image(repositoryName=repository.name, imageManifest=INDEX.content.decode(), imageTag="1.4")


def test_an_archived_image_is_found_and_not_served_and_its_events_name_the_storage_class(
    store: EcrImages, editor: EcrEditor, repository: Repository
) -> None:
    repository.door.push(ARM, "marker")
    repository.take_events()
    pull = f"{repository.door.url}/manifests/marker"

    assert editor.archive(repository.name, ARM.digest) is StoreAnswer.CHANGED
    assert editor.archive(repository.name, ARM.digest) is StoreAnswer.ALREADY_SO
    for named in ({"tag": "marker"}, {"digest": ARM.digest}):
        assert store.standing(repository.name, **named) == Standing(ARM.digest, ("marker",), archived=True)
    answer = requests.get(pull, timeout=10)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "MANIFEST_UNKNOWN")
    assert editor.restore(repository.name, ARM.digest) is StoreAnswer.CHANGED
    assert editor.restore(repository.name, ARM.digest) is StoreAnswer.ALREADY_SO
    assert requests.get(pull, timeout=10).content == ARM.content

    [archived, restored] = repository.take_events()
    assert archived["detail"] == {
        "result": "SUCCESS",
        "action-type": "UPDATE_STORAGE_CLASS",
        "repository-name": repository.name,
        "image-digest": ARM.digest,
        "manifest-media-type": ARM.media_type,
        "artifact-media-type": images.OCI_CONFIG,
        "target-storage-class": "ARCHIVE",
    }
    assert restored["detail"] == archived["detail"] | {"target-storage-class": "STANDARD"}


@pytest.mark.parametrize("by", ["door", "api"])
def test_a_push_of_what_is_archived_brings_it_back(
    store: EcrImages, editor: EcrEditor, repository: Repository, by: str
) -> None:
    repository.door.push(ARM, "1.4")
    editor.archive(repository.name, ARM.digest)
    repository.take_events()

    if by == "door":
        assert repository.door.put_manifest(ARM, "1.4").status_code == 201
    else:
        assert editor.put_tag(repository.name, raw(ARM), "1.4") is TagAnswer.PUT

    assert store.standing(repository.name, tag="1.4") == Standing(ARM.digest, ("1.4",))
    assert actions(repository) == [("PUSH", "1.4", ARM.digest)]


def test_the_storage_class_of_what_is_absent_is_not_changed(ecr: ECRClient, repository: Repository) -> None:
    absent: Any = {"imageDigest": ARM.digest}
    with pytest.raises(ecr.exceptions.ImageNotFoundException):
        ecr.update_image_storage_class(repositoryName=repository.name, imageId=absent, targetStorageClass="ARCHIVE")
    with pytest.raises(ClientError, match="RepositoryNotFoundException"):
        ecr.update_image_storage_class(repositoryName="absent", imageId=absent, targetStorageClass="ARCHIVE")


@pytest.mark.parametrize(
    ("mutability", "filters", "movable"),
    [
        ("MUTABLE", [], {"v1.2": True, "dev-1": True}),
        ("IMMUTABLE", [], {"v1.2": False, "dev-1": False}),
        ("IMMUTABLE_WITH_EXCLUSION", ["dev-*"], {"v1.2": False, "dev-1": True}),
        ("MUTABLE_WITH_EXCLUSION", ["v*.*"], {"v1.2": False, "dev-1": True}),
    ],
)
def test_what_is_told_to_be_movable_is_moved_and_nothing_else(
    ecr: ECRClient,
    store: EcrImages,
    editor: EcrEditor,
    repository: Repository,
    *,
    mutability: Any,
    filters: list[str],
    movable: dict[str, bool],
) -> None:
    exclusions: Any = [{"filterType": "WILDCARD", "filter": each} for each in filters]
    chosen: Any = {"imageTagMutabilityExclusionFilters": exclusions} if filters else {}
    ecr.put_image_tag_mutability(repositoryName=repository.name, imageTagMutability=mutability, **chosen)
    repository.door.push(AMD)

    for tag, moves in movable.items():
        repository.door.push(ARM)
        repository.door.put_manifest(ARM, tag)
        assert store.movable(repository.name, tag) is moves
        assert editor.put_tag(repository.name, raw(AMD), tag) is (TagAnswer.PUT if moves else TagAnswer.IMMUTABLE)
