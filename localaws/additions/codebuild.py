"""AWS CodeBuild projects with all that their owners say of them, pages of their names, and fleets. Nothing is built.

The emulator keeps the projects, and has the builds; it forgets some members of a project, and its list has one page.
"""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any, Final

from localaws.additions import host, model
from localaws.additions.wire import Call, Operation, Refusal, page

if TYPE_CHECKING:
    from localaws.additions.host import Record

_FLEETS: Final = host.store()
# ListProjects answers this many names a page; the caller cannot say.
_PAGE: Final = 100
# BatchGetProjects takes this many names.
_MOST_NAMES: Final = 100


def _create(call: Call) -> Record:
    _check("CreateProject", call)
    name = call.get("name")
    if name in host.PROJECTS:
        raise Refusal("ResourceAlreadyExistsException", f"Project already exists: {_arn(name)}")
    now = int(time.time())
    host.PROJECTS[name] = {
        "arn": _arn(name),
        "description": "",
        "timeoutInMinutes": 60,
        "queuedTimeoutInMinutes": 480,
        "cache": {"type": "NO_CACHE"},
        "encryptionKey": f"arn:aws:kms:{host.region()}:{host.account()}:alias/aws/s3",
        "badge": {"badgeEnabled": call.get("badgeEnabled", False)},
        "projectVisibility": "PRIVATE",
        "created": now,
        "lastModified": now,
        **_members(call),
    }
    return {"project": host.PROJECTS[name]}


def _update(call: Call) -> Record:
    _check("UpdateProject", call)
    name = call.get("name")
    if name not in host.PROJECTS:
        raise Refusal("ResourceNotFoundException", f"Project cannot be found: {_arn(name)}")
    host.PROJECTS[name] |= _members(call) | {"lastModified": int(time.time())}
    return {"project": host.PROJECTS[name]}


def _batch_get(call: Call) -> Record:
    names: list[str] = call.get("names", [])
    if not 1 <= len(names) <= _MOST_NAMES:
        raise Refusal("InvalidInputException", f"1 to {_MOST_NAMES} names are expected, {len(names)} came")
    asked = {name: host.PROJECTS.get(name.removeprefix(_arn(""))) for name in names}
    return {
        "projects": [project for project in asked.values() if project],
        "projectsNotFound": [name for name, project in asked.items() if not project],
    }


def _list(call: Call) -> Record:
    def key(name: str) -> Any:
        member = {"CREATED_TIME": "created", "LAST_MODIFIED_TIME": "lastModified"}.get(call.get("sortBy", "NAME"))
        return host.PROJECTS[name][member] if member else name

    names = sorted(host.PROJECTS, key=key, reverse=call.get("sortOrder", "ASCENDING") == "DESCENDING")
    shown, token = page(names, call.get("nextToken"), _PAGE, error="InvalidInputException")
    return {"projects": shown} | ({"nextToken": token} if token else {})


def _delete(call: Call) -> Record:
    host.PROJECTS.pop(call.get("name"), None)
    return {}


def _create_fleet(call: Call) -> Record:
    _check("CreateFleet", call)
    name, now = call.get("name"), int(time.time())
    if any(fleet["name"] == name for fleet in _FLEETS.values()):
        raise Refusal("ResourceAlreadyExistsException", f"Fleet already exists: {name}")
    number = str(uuid.uuid4())
    arn = f"arn:aws:codebuild:{host.region()}:{host.account()}:fleet/{name}:{number}"
    described = {member: value for member, value in call.parameters.items() if member != "scalingConfiguration"}
    # AWS passes through CREATING; nothing is provisioned here.
    status = {"statusCode": "ACTIVE"}
    _FLEETS[arn] = {**described, "arn": arn, "id": number, "created": now, "lastModified": now, "status": status}
    return {"fleet": _FLEETS[arn]}


def _batch_get_fleets(call: Call) -> Record:
    names: list[str] = call.get("names", [])
    by_name = {fleet["name"]: fleet for fleet in _FLEETS.values()}
    asked = {name: _FLEETS.get(name) or by_name.get(name) for name in names}
    return {
        "fleets": [fleet for fleet in asked.values() if fleet],
        "fleetsNotFound": [name for name, fleet in asked.items() if not fleet],
    }


def _check(operation: str, call: Call) -> None:
    described: Any = model.operation_model("codebuild", operation).input_shape
    for problem in model.problems(described, call.parameters):
        raise Refusal("InvalidInputException", problem)


def _members(call: Call) -> Record:
    """What a request says that a project has too."""
    project: Any = model.service_model("codebuild").shape_for("Project")
    return {name: value for name, value in call.parameters.items() if name in project.members}


def _arn(name: str) -> str:
    return f"arn:aws:codebuild:{host.region()}:{host.account()}:project/{name}"


OPERATIONS: Final[dict[str, Operation]] = {
    "BatchGetFleets": _batch_get_fleets,
    "BatchGetProjects": _batch_get,
    "CreateFleet": _create_fleet,
    "CreateProject": _create,
    "DeleteProject": _delete,
    "ListProjects": _list,
    "UpdateProject": _update,
}
