"""ECS managed daemons: one task on each Managed Instance of a capacity provider. Nothing is run.

A daemon revision pins its images' digests as a service revision does (developer guide, "Amazon ECS Managed Daemons").
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from localaws.additions import host
from localaws.additions.ecs_images import container_image
from localaws.additions.ecs_own import arn, cluster_named, missing, new_id, paged
from localaws.additions.wire import Call, Operation, Refusal

if TYPE_CHECKING:
    from localaws.additions.host import Record

_DEFINITIONS: Final = host.store()
_DAEMONS: Final = host.store()
_REVISIONS: Final = host.store()
_DETAIL: Final = ("daemonArn", "clusterArn", "status", "currentRevisions", "deploymentArn", "createdAt", "updatedAt")


def _register_definition(call: Call) -> Record:
    family = call.get("family")
    number = 1 + sum(item["family"] == family for item in _DEFINITIONS.values())
    made = arn(f"daemon-task-definition/{family}:{number}")
    stated = ("taskRoleArn", "executionRoleArn", "cpu", "memory", "volumes", "pidMode", "ipcMode")
    _DEFINITIONS[made] = {
        "daemonTaskDefinitionArn": made,
        "family": family,
        "revision": number,
        "containerDefinitions": call.get("containerDefinitions", []),
        "status": "ACTIVE",
        "registeredAt": int(time.time()),
        "registeredBy": f"arn:aws:iam::{host.account()}:root",
        **{name: call.get(name) for name in stated if name in call.parameters},
    }
    return {"daemonTaskDefinitionArn": made}


def _describe_definition(call: Call) -> Record:
    return {"daemonTaskDefinition": _definition(call.get("daemonTaskDefinition", ""))}


def _list_definitions(call: Call) -> Record:
    prefix, members = call.get("familyPrefix", ""), ("registeredAt", "registeredBy", "status")
    found = [
        {"arn": item["daemonTaskDefinitionArn"]} | {name: item[name] for name in members}
        for item in _DEFINITIONS.values()
        if item["family"].startswith(prefix) and call.get("family", item["family"]) == item["family"]
    ]
    return paged(call, "daemonTaskDefinitions", found)


def _create_daemon(call: Call) -> Record:
    cluster = cluster_named(call.get("clusterArn", "default"))
    made = arn(f"daemon/{cluster['clusterName']}/{call.get('daemonName')}")
    if made in _DAEMONS:
        raise Refusal("InvalidParameterException", "The daemon already exists.")
    now = int(time.time())
    _DAEMONS[made] = {"daemonArn": made, "clusterArn": cluster["clusterArn"], "createdAt": now}
    return _changed(_deploy(_DAEMONS[made], call), "daemonArn", "status", "createdAt", "deploymentArn")


def _update_daemon(call: Call) -> Record:
    daemon = _deploy(_daemon(call), call)
    return _changed(daemon, "daemonArn", "status", "createdAt", "updatedAt", "deploymentArn")


def _delete_daemon(call: Call) -> Record:
    daemon = _DAEMONS.pop(_daemon(call)["daemonArn"])
    daemon |= {"status": "DELETE_IN_PROGRESS", "updatedAt": int(time.time())}
    return _changed(daemon, "daemonArn", "status", "createdAt", "updatedAt", "deploymentArn")


def _describe_daemon(call: Call) -> Record:
    return {"daemon": _changed(_daemon(call), *_DETAIL)}


def _list_daemons(call: Call) -> Record:
    cluster_arn = cluster_named(call.get("clusterArn", "default"))["clusterArn"]
    providers = set(call.get("capacityProviderArns", []))
    found = [
        _changed(daemon, "daemonArn", "status", "createdAt", "updatedAt")
        for daemon in _DAEMONS.values()
        if daemon["clusterArn"] == cluster_arn and (not providers or providers & set(daemon["providers"]))
    ]
    return paged(call, "daemonSummariesList", found)


def _describe_revisions(call: Call) -> Record:
    arns: list[str] = call.get("daemonRevisionArns", [])
    found = [_REVISIONS[item] for item in arns if item in _REVISIONS]
    return {"daemonRevisions": found, "failures": missing(arns, _REVISIONS)}


def _deploy(daemon: Record, call: Call) -> Record:
    """Make the revision that a daemon runs from now on."""
    definition = _definition(call.get("daemonTaskDefinitionArn", ""))
    name, number, now = daemon["daemonArn"].partition(":daemon/")[2], new_id(), int(time.time())
    revision = arn(f"daemon-revision/{name}/{number}")
    _REVISIONS[revision] = {
        "daemonRevisionArn": revision,
        "clusterArn": daemon["clusterArn"],
        "daemonArn": daemon["daemonArn"],
        "daemonTaskDefinitionArn": definition["daemonTaskDefinitionArn"],
        "createdAt": now,
        "containerImages": [container_image(item) for item in definition["containerDefinitions"]],
        "critical": call.get("critical", True),
    }
    providers = call.get("capacityProviderArns", [])
    daemon |= {
        "providers": providers,
        "status": "ACTIVE",
        "updatedAt": now,
        "deploymentArn": arn(f"daemon-deployment/{name}/{number}"),
        "currentRevisions": [
            {
                "arn": revision,
                "capacityProviders": [{"arn": provider, "runningCount": 0} for provider in providers],
                "totalRunningCount": 0,
            }
        ],
    }
    return daemon


def _changed(daemon: Record, *members: str) -> Record:
    return {name: daemon[name] for name in members}


def _definition(reference: str) -> Record:
    """The definition of that ARN or ``family:revision``, or the newest of a family."""
    name = reference.rpartition("/")[2]
    for item in reversed(list(_DEFINITIONS.values())):
        if name in (item["family"], f"{item['family']}:{item['revision']}"):
            found: Record = item
            return found
    raise Refusal("ClientException", "The specified daemon task definition was not found.")


def _daemon(call: Call) -> Record:
    found: Record | None = _DAEMONS.get(call.get("daemonArn", ""))
    if found is None:
        raise Refusal("DaemonNotFoundException", "The specified daemon was not found.")
    return found


OPERATIONS: Final[dict[str, Operation]] = {
    "CreateDaemon": _create_daemon,
    "DeleteDaemon": _delete_daemon,
    "DescribeDaemon": _describe_daemon,
    "DescribeDaemonRevisions": _describe_revisions,
    "DescribeDaemonTaskDefinition": _describe_definition,
    "ListDaemonTaskDefinitions": _list_definitions,
    "ListDaemons": _list_daemons,
    "RegisterDaemonTaskDefinition": _register_definition,
    "UpdateDaemon": _update_daemon,
}
