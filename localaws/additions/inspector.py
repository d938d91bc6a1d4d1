"""Amazon Inspector, once it scans ECR (``Enable``): which images it knows, and which clusters run them.

An index is not scanned; its images are (user guide, "Scanning Amazon ECR container images with Amazon Inspector"). A
cluster of ECS runs the images of its tasks, one of EKS what its tags say. Until Inspector scans, its lists are empty.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from localaws.additions import host, kubernetes
from localaws.additions.ecr_repository import open_repository
from localaws.additions.ecs_images import digest_of
from localaws.additions.wire import Call, Operation, Refusal, page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localaws.additions.host import ImageRecord, Record

_MOST_COVERAGE: Final = 200
_MOST_CLUSTERS: Final = 100


class _Use(NamedTuple):
    """One thing that runs an image: its cluster's ARN, the digest, and what Inspector shows of it."""

    cluster: str
    digest: str
    metadata: Record


def _list_coverage(call: Call) -> Record:
    criteria = call.get("filterCriteria", {})
    for name in criteria:
        if name not in _FILTERS:
            raise Refusal("ValidationException", f"localaws has no filter {name}")
    found = [
        resource
        for resource in _covered()
        if all(any(_FILTERS[name](resource, one) for one in wanted) for name, wanted in criteria.items())
    ]
    shown, token = page(
        found, call.get("nextToken"), min(call.get("maxResults", 100), _MOST_COVERAGE), error="ValidationException"
    )
    return {"coveredResources": shown} | ({"nextToken": token} if token else {})


def _get_clusters_for_image(call: Call) -> Record:
    arn = call.get("filter", {}).get("resourceId", "")
    repository, _, digest = arn.partition(":repository/")[2].rpartition("/")
    clusters: dict[str, list[Record]] = {}
    for use in _uses(repository, digest):
        clusters.setdefault(use.cluster, []).append(
            {
                "lastInUse": int(time.time()),
                "runningUnitCount": 1,
                "stoppedUnitCount": 0,
                "clusterMetadata": use.metadata,
            }
        )
    found = [{"clusterArn": cluster, "clusterDetails": details} for cluster, details in clusters.items()]
    size = min(call.get("maxResults", _MOST_CLUSTERS), _MOST_CLUSTERS)
    shown, token = page(found, call.get("nextToken"), size, error="ValidationException")
    return {"cluster": shown} | ({"nextToken": token} if token else {})


def _covered() -> Iterator[Record]:
    """Each image of the account and Region as Inspector covers it."""
    for name in list(host.REPOSITORIES) if host.inspects_images() else []:
        repository = open_repository(name)
        for image in repository.images:
            if not repository.manifest(image).children:
                yield _resource(name, image)


def _resource(repository: str, image: ImageRecord) -> Record:
    digest = image["imageDigest"]
    used = len(_uses(repository, digest))
    place = f"arn:aws:ecr:{host.region()}:{host.account()}"
    return {
        "resourceType": "AWS_ECR_CONTAINER_IMAGE",
        "resourceId": f"{place}:repository/{repository}/{digest}",
        "accountId": host.account(),
        "scanType": "PACKAGE",
        "scanStatus": {"statusCode": "ACTIVE", "reason": "SUCCESSFUL"},
        "lastScannedAt": image["imagePushedAt"],
        "resourceMetadata": {
            "ecrRepository": {"name": repository, "scanFrequency": "CONTINUOUS_SCAN"},
            "ecrImage": {"tags": list(image["imageTags"]), "inUseCount": used}
            | ({"lastInUseAt": int(time.time())} if used else {}),
        },
    }


def _uses(repository: str, digest: str) -> list[_Use]:
    """What runs this image of the repository, by its digest or that of an index which lists it."""
    if not host.inspects_images() or repository not in host.REPOSITORIES:
        return []
    by_any = {digest, *open_repository(repository).parents(digest)}
    return [use for use in _running(repository) if use.digest in by_any]


def _running(repository: str) -> Iterator[_Use]:
    for pods in kubernetes.pods():
        digest = _digest_in(repository, pods.image)
        if digest:
            shown = {
                "namespace": pods.namespace,
                "workloadInfoList": [{"name": pods.deployment, "type": "Deployment"}],
            }
            yield _Use(pods.cluster, digest, {"awsEksMetadataDetails": shown})
    for task in list(host.TASKS.values()):
        for container in task.get("containers", []) if task.get("lastStatus") == "RUNNING" else []:
            digest = container.get("imageDigest") if _digest_in(repository, container["image"]) else None
            if digest:
                shown = {"detailsGroup": task["group"], "taskDefinitionArn": task["taskDefinitionArn"]}
                yield _Use(task["clusterArn"], digest, {"awsEcsMetadataDetails": shown})


def _digest_in(repository: str, image: str) -> str | None:
    """The digest of a reference, where it names this repository."""
    path = image.partition("@")[0].partition("/")[2]
    return digest_of(image) if path.partition(":")[0] == repository else None


def _text(read: Callable[[Record], list[str]]) -> Callable[[Record, Record], bool]:
    """A filter on texts: one of them equals the value, or none does."""

    def matches(resource: Record, wanted: Record) -> bool:
        return (wanted["value"] in read(resource)) is (wanted["comparison"] == "EQUALS")

    return matches


def _in_use(resource: Record, wanted: Record) -> bool:
    count: Any = resource["resourceMetadata"]["ecrImage"]["inUseCount"]
    return bool(wanted.get("lowerInclusive", 0) <= count <= wanted.get("upperInclusive", count))


_FILTERS: Final[dict[str, Callable[[Record, Record], bool]]] = {
    "accountId": _text(lambda resource: [resource["accountId"]]),
    "ecrImageInUseCount": _in_use,
    "ecrImageTags": _text(lambda resource: resource["resourceMetadata"]["ecrImage"]["tags"]),
    "ecrRepositoryName": _text(lambda resource: [resource["resourceMetadata"]["ecrRepository"]["name"]]),
    "resourceId": _text(lambda resource: [resource["resourceId"]]),
    "resourceType": _text(lambda resource: [resource["resourceType"]]),
    "scanStatusCode": _text(lambda resource: [resource["scanStatus"]["statusCode"]]),
    "scanType": _text(lambda resource: [resource["scanType"]]),
}

OPERATIONS: Final[dict[str, Operation]] = {
    "GetClustersForImage": _get_clusters_for_image,
    "ListCoverage": _list_coverage,
}
