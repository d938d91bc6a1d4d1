"""Amazon EKS: Fargate profiles, the nodes of node groups, and pages of lists. The emulator has the rest.

The nodes of a group are instances of EC2 with the architecture of their type, and with the tags that EKS gives them.

EKS has no API for pods. What a cluster runs is told here by tags of it: ``localaws:runs/<namespace>/<deployment>`` with
an image's reference as the value. Inspector answers from them.
"""

from __future__ import annotations

import re
import time
import uuid
from typing import TYPE_CHECKING, Final, NamedTuple

from localaws.additions import host
from localaws.additions.wire import Call, Operation, Refusal, page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localaws.additions.host import Record

_PROFILES: Final = host.store()
# A list answers at most this many a page, and this many where the caller does not say.
_MOST_PAGE: Final = 100
_RUNS: Final = "localaws:runs/"
# The families of instances that have a Graviton processor.
_GRAVITON: Final = re.compile(r"(a1|[a-z]+\d+g[a-z]*)\..+")


class Pods(NamedTuple):
    """Pods of a cluster: the cluster's ARN, the pods' namespace and deployment, and the image's reference."""

    cluster: str
    namespace: str
    deployment: str
    image: str


def pods() -> Iterator[Pods]:
    """What the clusters of the current account and Region run, by their tags."""
    for cluster in list(host.KUBERNETES_CLUSTERS.values()):
        for key, image in host.RESOURCE_TAGS.get(cluster["arn"], {}).items():
            if key.startswith(_RUNS):
                namespace, _, deployment = key.removeprefix(_RUNS).partition("/")
                yield Pods(cluster["arn"], namespace, deployment, image)


def _create_fargate_profile(call: Call) -> Record:
    cluster, name = _cluster(call, "InvalidParameterException"), call.get("fargateProfileName")
    if f"{cluster}/{name}" in _PROFILES:
        raise Refusal("InvalidRequestException", f"Fargate profile {name} already exists")
    place = f"arn:aws:eks:{host.region()}:{host.account()}"
    _PROFILES[f"{cluster}/{name}"] = {
        "fargateProfileName": name,
        "fargateProfileArn": f"{place}:fargateprofile/{cluster}/{name}/{uuid.uuid4()}",
        "clusterName": cluster,
        "createdAt": int(time.time()),
        "podExecutionRoleArn": call.get("podExecutionRoleArn"),
        "subnets": call.get("subnets", []),
        "selectors": call.get("selectors", []),
        # AWS passes through CREATING; nothing is provisioned here.
        "status": "ACTIVE",
        "tags": call.get("tags", {}),
    }
    return {"fargateProfile": _PROFILES[f"{cluster}/{name}"]}


def _describe_fargate_profile(call: Call) -> Record:
    return {"fargateProfile": _PROFILES[_profile(call)]}


def _delete_fargate_profile(call: Call) -> Record:
    return {"fargateProfile": _PROFILES.pop(_profile(call)) | {"status": "DELETING"}}


def _list_fargate_profiles(call: Call) -> Record:
    cluster = _cluster(call)
    return _paged(call, "fargateProfileNames", [key for key in _PROFILES if key.startswith(f"{cluster}/")])


def architecture(instance_type: str) -> str:
    """EC2's name of the architecture that a type of instance has."""
    return "arm64" if _GRAVITON.fullmatch(instance_type) else "x86_64"


def _create_nodegroup(call: Call) -> Record:
    cluster = _cluster(call, "InvalidParameterException")
    answer = _own(*host.node_group(cluster, "create", call.parameters))
    made = answer["nodegroup"]
    tags = _node_tags(cluster, made["nodegroupName"])
    host.launch_instances(made["instanceTypes"][0], made["scalingConfig"]["desiredSize"], tags)
    return answer


def _delete_nodegroup(call: Call) -> Record:
    cluster, name = _cluster(call), call.get("nodegroupName")
    answer = _own(*host.node_group(cluster, "delete", name))
    host.terminate_instances(_node_tags(cluster, name))
    return answer


def _own(status: int, answer: Record) -> Record:
    if status >= 400:  # noqa: PLR2004 - an HTTP error
        raise Refusal(answer["__type"], answer["message"], status=status)
    return answer


def _node_tags(cluster: str, group: str) -> Record:
    return {"aws:eks:cluster-name": cluster, "eks:cluster-name": cluster, "eks:nodegroup-name": group}


def _list_nodegroups(call: Call) -> Record:
    cluster = _cluster(call)
    return _paged(call, "nodegroups", [key for key in host.NODE_GROUPS if key.startswith(f"{cluster}/")])


def _list_clusters(call: Call) -> Record:
    return _paged(call, "clusters", list(host.KUBERNETES_CLUSTERS))


def _paged(call: Call, member: str, keys: list[str]) -> Record:
    size = min(call.get("maxResults", _MOST_PAGE), _MOST_PAGE)
    shown, token = page([key.rpartition("/")[2] for key in keys], call.get("nextToken"), size)
    return {member: shown} | ({"nextToken": token} if token else {})


def _cluster(call: Call, error: str = "ResourceNotFoundException") -> str:
    name: str = call.get("clusterName")
    if name not in host.KUBERNETES_CLUSTERS:
        raise Refusal(error, f"No cluster found for name: {name}.", status=404)
    return name


def _profile(call: Call) -> str:
    key = f"{call.get('clusterName')}/{call.get('fargateProfileName')}"
    if key not in _PROFILES:
        name = call.get("fargateProfileName")
        raise Refusal("ResourceNotFoundException", f"No Fargate Profile found with name: {name}.", status=404)
    return key


OPERATIONS: Final[dict[str, Operation]] = {
    "CreateFargateProfile": _create_fargate_profile,
    "CreateNodegroup": _create_nodegroup,
    "DeleteFargateProfile": _delete_fargate_profile,
    "DeleteNodegroup": _delete_nodegroup,
    "DescribeFargateProfile": _describe_fargate_profile,
    "ListClusters": _list_clusters,
    "ListFargateProfiles": _list_fargate_profiles,
    "ListNodegroups": _list_nodegroups,
}
