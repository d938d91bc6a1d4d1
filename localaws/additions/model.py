"""Whether an answer is one that AWS could give: botocore's service model decides.

botocore parses answers leniently, so a wrong member name or enum value in a stand-in goes unnoticed until the real
service answers. Here every answer is held to its output shape before it is sent.
"""

from __future__ import annotations

import base64
import binascii
import functools
import re
from typing import TYPE_CHECKING, Any, Final

import botocore.session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.model import OperationModel, ServiceModel, Shape

# App Runner's ServiceId may have 32 characters, but its pattern is that of a UUID with dashes, which has 36. App Runner
# answers with 32 hexadecimal digits.
_WRONG_PATTERNS: Final = frozenset({"ServiceId"})


@functools.cache
def service_model(service: str) -> ServiceModel:
    """The model of ``service``; raises botocore's UnknownServiceError."""
    return botocore.session.get_session().get_service_model(service)


def operation_model(service: str, operation: str) -> OperationModel:
    """The model of one operation; raises botocore's OperationNotFoundError."""
    return service_model(service).operation_model(operation)


def problems(shape: Shape, value: Any, where: str = "$") -> Iterator[str]:
    """Yield one sentence for each way in which ``value``, as it goes over the wire, does not fit ``shape``."""
    checks = {
        "structure": _structure,
        "list": _list,
        "map": _map,
        "string": _string,
        "blob": _blob,
        "integer": _whole_number,
        "long": _whole_number,
        "float": _number,
        "double": _number,
        "timestamp": _timestamp,
        "boolean": _boolean,
    }
    yield from checks[shape.type_name](shape, value, where)


def _structure(shape: Any, value: Any, where: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where}: expected the structure {shape.name}, got {value!r}"
        return
    for name in shape.required_members:
        if value.get(name) is None:
            yield f"{where}: {shape.name} requires {name}"
    for name, member in value.items():
        if name not in shape.members:
            yield f"{where}: {shape.name} has no member {name}"
        else:
            yield from problems(shape.members[name], member, f"{where}.{name}")


def _list(shape: Any, value: Any, where: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{where}: expected a list, got {value!r}"
        return
    # AWS shares list shapes between requests and answers, and their least length is the request's: an empty
    # `imageIds` is a real answer of BatchDeleteImage, whose shape asks for one at least.
    yield from _length(shape, max(len(value), shape.metadata.get("min", 0)), where)
    for index, item in enumerate(value):
        yield from problems(shape.member, item, f"{where}[{index}]")


def _map(shape: Any, value: Any, where: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where}: expected a map, got {value!r}"
        return
    for key, item in value.items():
        yield from problems(shape.key, key, f"{where} key")
        yield from problems(shape.value, item, f"{where}[{key!r}]")


def _string(shape: Shape, value: Any, where: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"{where}: expected a string, got {value!r}"
        return
    yield from _length(shape, len(value), where)
    enum = shape.metadata.get("enum")
    if enum and value not in enum:
        yield f"{where}: {value!r} is none of {', '.join(enum)}"
    pattern = shape.metadata.get("pattern")
    if pattern and shape.name not in _WRONG_PATTERNS and not re.fullmatch(pattern, value, re.DOTALL):
        yield f"{where}: {value!r} does not match {pattern}"


def _whole_number(_shape: Shape, value: Any, where: str) -> Iterator[str]:
    if not isinstance(value, int) or isinstance(value, bool):
        yield f"{where}: expected a whole number, got {value!r}"


def _number(_shape: Shape, value: Any, where: str) -> Iterator[str]:
    if not isinstance(value, int | float) or isinstance(value, bool):
        yield f"{where}: expected a number, got {value!r}"


def _timestamp(shape: Shape, value: Any, where: str) -> Iterator[str]:
    if shape.serialization.get("timestampFormat") == "iso8601":
        yield from [] if isinstance(value, str) else [f"{where}: expected a time as text, got {value!r}"]
    else:
        yield from _number(shape, value, where)


def _boolean(_shape: Shape, value: Any, where: str) -> Iterator[str]:
    if not isinstance(value, bool):
        yield f"{where}: expected true or false, got {value!r}"


def _blob(_shape: Shape, value: Any, where: str) -> Iterator[str]:
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, TypeError, ValueError):
        yield f"{where}: expected base64, got {value!r}"


def _length(shape: Shape, length: int, where: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and length < least:
        yield f"{where}: {length} long, at least {least} expected"
    if most is not None and length > most:
        yield f"{where}: {length} long, at most {most} expected"
