"""AWS's JSON protocols (1.0 and 1.1) for the operations that are added: parse, call, validate, answer."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from localaws.additions import model

if TYPE_CHECKING:
    from localaws.additions.host import Handler, Record, Reply

_log = logging.getLogger("localaws")

# Errors that any operation of any service may answer with; service models do not repeat them.
_COMMON_ERRORS: Final = frozenset({"SerializationException", "UnknownOperationException", "ValidationException"})

type Operation = Callable[["Call"], Record]


class Refusal(Exception):  # noqa: N818 - AWS's word for it is in `code`
    """An answer that is an error: AWS's ``code``, the sentence for a person, and the HTTP status."""

    def __init__(self, code: str, message: str, *, status: int = 400, members: Record | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.members = members or {}


@dataclass(frozen=True)
class Call:
    """One request for an operation: its parameters, and the host and port that the caller reached."""

    parameters: Record
    host: str

    def get(self, name: str, default: Any = None) -> Any:
        """The parameter ``name``, or ``default`` where the caller left it out."""
        return self.parameters.get(name, default)


@dataclass(frozen=True)
class JsonService:
    """Answers some operations of ``service`` and hands every other one to ``otherwise``.

    ``operations`` maps an operation's name to a function of a `Call` that returns the answer's members or raises
    `Refusal`. An answer, or an error code, that botocore's model does not know is a programming error: it is logged
    and sent as HTTP 500, never as the answer. ``off_loop`` runs the operations on a worker thread, which the emulator
    wants of services that start containers or functions.
    """

    service: str
    operations: Mapping[str, Operation]
    otherwise: Handler | None = None
    content_type: str = "application/x-amz-json-1.1"
    off_loop: bool = False

    async def __call__(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> Reply:
        """Answer a request that the emulator hands over."""
        name = headers.get("x-amz-target", "").rpartition(".")[2]
        operation = self.operations.get(name)
        if operation is None and self.otherwise is not None:
            return await self.otherwise(method, path, headers, body, query)
        if operation is None:
            return self._refuse(Refusal("UnknownOperationException", f"{self.service} has no {name} here"))
        try:
            call = Call(self._parameters(body), headers.get("host", "localhost"))
            answer = await asyncio.to_thread(operation, call) if self.off_loop else operation(call)
        except Refusal as refusal:
            return self._refuse_if_modelled(name, refusal)
        return self._send(name, answer)

    def _parameters(self, body: bytes) -> Record:
        try:
            parameters = json.loads(body.decode()) if body else {}
        except ValueError as error:
            raise Refusal("SerializationException", f"the request is not JSON: {error}") from error
        if not isinstance(parameters, dict):
            raise Refusal("SerializationException", "the request is not a JSON object")
        return parameters

    def _send(self, name: str, answer: Record) -> Reply:
        shape = model.operation_model(self.service, name).output_shape
        found = list(model.problems(shape, answer)) if shape else []
        return self._broken(name, found) if found else self._reply(200, answer)

    def _refuse_if_modelled(self, name: str, refusal: Refusal) -> Reply:
        known = {shape.name for shape in model.operation_model(self.service, name).error_shapes} | _COMMON_ERRORS
        if refusal.code not in known:
            return self._broken(name, [f"{refusal.code} is not an error of this operation"])
        return self._refuse(refusal)

    def _refuse(self, refusal: Refusal) -> Reply:
        return self._reply(refusal.status, {"__type": refusal.code, "message": refusal.message, **refusal.members})

    def _broken(self, name: str, found: list[str]) -> Reply:
        sentence = f"localaws: {self.service} {name} has an answer that AWS cannot give: {'; '.join(found)}"
        _log.error(sentence)
        return self._reply(500, {"__type": "InternalFailure", "message": sentence})

    def _reply(self, status: int, members: Record) -> Reply:
        headers = {"Content-Type": self.content_type}
        if status >= 400:  # noqa: PLR2004 - an HTTP error
            headers["x-amzn-ErrorType"] = members["__type"]
        return status, headers, json.dumps(members).encode()


def page[T](
    items: list[T], token: str | None, size: int, *, error: str = "InvalidParameterException"
) -> tuple[list[T], str | None]:
    """One page of ``items`` and the token of the next, None at the end.

    The token is the offset, which callers must not rely on.

    Raises:
        Refusal: ``error``, where the token is not one that was handed out.
    """
    try:
        start = int(token) if token else 0
    except ValueError as problem:
        raise Refusal(error, f"Invalid token: {token}") from problem
    end = start + size
    return items[start:end], str(end) if end < len(items) else None
