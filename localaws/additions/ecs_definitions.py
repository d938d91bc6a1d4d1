"""Task definitions, and lists of what a cluster or family has, in pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from localaws.additions.ecs_own import own, paged

if TYPE_CHECKING:
    from localaws.additions.host import Record
    from localaws.additions.wire import Call, Operation


def _listing(name: str, member: str) -> Operation:
    """A list operation that answers in pages of a hundred where the caller does not say."""

    def operation(call: Call) -> Record:
        everything = {parameter: value for parameter, value in call.parameters.items() if parameter in _FILTERS}
        items: list[str] = []
        token: str | None = None
        while True:
            answer = own(name, everything | ({"nextToken": token} if token else {}))
            items += answer[member]
            if not (token := answer.get("nextToken")):
                return paged(call, member, items)

    return operation


_FILTERS: Final = frozenset({"familyPrefix", "sort", "status"})


def register(parameters: Record) -> Record:
    """Register a task definition; answers what RegisterTaskDefinition answers, without members that are empty text."""
    answer = own("RegisterTaskDefinition", parameters)
    shown = {name: value for name, value in answer["taskDefinition"].items() if value != ""}
    return {"taskDefinition": shown, "tags": answer.get("tags", [])}


def _register(call: Call) -> Record:
    return register(call.parameters)


OPERATIONS: Final[dict[str, Operation]] = {
    "ListClusters": _listing("ListClusters", "clusterArns"),
    "ListTaskDefinitions": _listing("ListTaskDefinitions", "taskDefinitionArns"),
    "RegisterTaskDefinition": _register,
}
