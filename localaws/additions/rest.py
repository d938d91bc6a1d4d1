"""AWS's REST-JSON protocol: which operation a method and a path ask for, and its parameters from path, query and body.

botocore's service model has the routes (``http.requestUri``) and where each member of a request goes.
"""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from localaws.additions import model
from localaws.additions.wire import JsonService

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.additions.host import Handler, Record, Reply
    from localaws.additions.wire import Operation

type Query = Mapping[str, list[str]]

MODELS: Final = {
    "batch": "batch",
    "bedrock-agentcore": "bedrock-agentcore-control",
    "eks": "eks",
    "inspector2": "inspector2",
    "lambda": "lambda",
    "scheduler": "scheduler",
}
"""botocore's name of a service, by the emulator's."""
_LABEL: Final = re.compile(r"\{(\w+)(\+?)\}")


class Asked(NamedTuple):
    """An operation, and the members of the request for it."""

    operation: str
    request: Record


class _Route(NamedTuple):
    method: str
    path: re.Pattern[str]
    literals: int
    operation: str


@dataclass(frozen=True)
class RestService:
    """Answers some operations of ``service`` (the emulator's name) and hands every other request to ``otherwise``.

    What `JsonService` says of ``operations`` and of wrong answers holds here too.
    """

    service: str
    operations: Mapping[str, Operation]
    otherwise: Handler
    off_loop: bool = False

    async def __call__(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> Reply:
        """Answer a request that the emulator hands over."""
        name = operation(self.service, method, path)
        found = asked(self.service, method, path, query, body) if name in self.operations else None
        if found is None:
            return await self.otherwise(method, path, headers, body, query)
        answer = JsonService(
            MODELS[self.service], self.operations, content_type="application/json", off_loop=self.off_loop
        )
        targeted = {**headers, "x-amz-target": f"{self.service}.{found.operation}"}
        return await answer(method, path, targeted, json.dumps(found.request).encode(), query)


def operation(service: str, method: str, path: str) -> str | None:
    """The operation of ``service`` that a request is for; None where the service or the route is not known."""
    route = _route(service, method, path)
    return route.operation if route else None


def asked(service: str, method: str, path: str, query: Query, body: bytes) -> Asked | None:
    """The operation and its parameters; None where the service or the route is not known, or the body is not JSON."""
    route = _route(service, method, path)
    if route is None:
        return None
    shape: Any = model.operation_model(MODELS[service], route.operation).input_shape
    members = shape.members if shape else {}
    labels = _matched(route, path)
    request: Record = {}
    inside = False
    for name, member in members.items():
        where = member.serialization.get("location")
        on_the_wire = member.serialization.get("name", name)
        if where == "uri" and on_the_wire in labels:
            request[name] = labels[on_the_wire]
        elif where == "querystring" and on_the_wire in query:
            request[name] = _typed(member, query[on_the_wire])
        inside = inside or where is None
    if not inside or not body or shape.serialization.get("payload"):
        return Asked(route.operation, request)
    try:
        content = json.loads(body)
    except ValueError:
        return None
    return Asked(route.operation, {**content, **request}) if isinstance(content, dict) else None


def _typed(member: Any, values: list[str]) -> Any:
    """A member's value from the texts of a query string."""
    match member.type_name:
        case "list":
            return values
        case "integer" | "long":
            return int(values[0]) if values[0].isdigit() else values[0]
        case "boolean":
            return values[0] == "true"
        case _:
            return values[0]


def _route(service: str, method: str, path: str) -> _Route | None:
    """The route with the most literal segments of those that match."""
    if service not in MODELS:
        return None
    fitting = [route for route in _routes(service) if route.method == method and _matches(route, path)]
    return max(fitting, key=lambda route: route.literals, default=None)


def _matches(route: _Route, path: str) -> bool:
    return route.path.fullmatch(path.rstrip("/")) is not None


def _matched(route: _Route, path: str) -> dict[str, str]:
    found = route.path.fullmatch(path.rstrip("/"))
    return found.groupdict() if found else {}


@functools.cache
def _routes(service: str) -> list[_Route]:
    described = model.service_model(MODELS[service])
    routes = []
    for name in described.operation_names:
        http = described.operation_model(name).http
        uri = http["requestUri"].partition("?")[0].rstrip("/")
        # The emulator hands over decoded paths; of the labels here only a greedy one may hold a slash.
        pattern = _LABEL.sub(lambda label: f"(?P<{label[1]}>{'.+' if label[2] else '[^/]+'})", uri)
        literals = sum(1 for part in uri.split("/") if part and "{" not in part)
        routes.append(_Route(http["method"], re.compile(pattern), literals, name))
    return routes
