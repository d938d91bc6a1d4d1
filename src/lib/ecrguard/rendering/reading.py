"""Reading an alert document back, as a subscriber of the topic does."""

from __future__ import annotations

import json
from types import NoneType, UnionType
from typing import Any, cast, get_args, get_origin, get_type_hints, is_typeddict

from ecrguard.domain.alert import AlertKind
from ecrguard.errors import EcrguardError
from ecrguard.rendering.document import SCHEMA_VERSION, AlertDocument

_NAMES = {str: "a text", int: "a whole number", NoneType: "null"}


class MalformedDocumentError(EcrguardError):
    """A message that is no alert document of this major version. The message says what was expected and where."""


def parse(text: str) -> AlertDocument:
    """The document in ``text``: the bare document, or the envelope that SNS puts around it without raw delivery.

    Properties and enumerated values that are not known here pass: a newer minor version has them. A document of an
    older one, which may have waited on the queue while the stack was updated, is filled up: what it lacks is null, its
    kind is that of an alert, and its thread its own.

    Raises:
        MalformedDocumentError: not JSON, another major version, or a property that is missing or of the wrong type.
    """
    found = _load(text)
    if found.get("Type") == "Notification" and isinstance(found.get("Message"), str):
        found = _load(found["Message"])
    version = found.get("schemaVersion")
    major = SCHEMA_VERSION.partition(".")[0]
    if not isinstance(version, str) or version.partition(".")[0] != major:
        raise MalformedDocumentError(f"expected an alert document of schemaVersion {major}.x, got {version!r:.100}")
    found = _filled_up(found)
    _check(found, AlertDocument, "the document")
    return cast("AlertDocument", found)


def _filled_up(found: dict[str, Any]) -> dict[str, Any]:
    """The document with the properties that came after 1.0."""
    filled = {"workload": None, "kind": AlertKind.ALERT.value, "thread": found.get("id"), "pusher": None, **found}
    actions = found.get("actions")
    return {**filled, "actions": {"later": None, **actions}} if isinstance(actions, dict) else filled


def _load(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise MalformedDocumentError(f"expected an alert document in JSON, got {text[:100]!r}") from None
    if not isinstance(found, dict):
        raise MalformedDocumentError(f"expected an alert document, a JSON object, got {text[:100]!r}")
    return found


def _check(value: object, expected: Any, where: str) -> None:
    options = get_args(expected) if isinstance(expected, UnionType) else (expected,)
    if value is None and NoneType in options:
        return
    if is_typeddict(options[0]):
        _check_object(value, options[0], where)
    elif get_origin(expected) is list:
        if not isinstance(value, list):
            raise MalformedDocumentError(f"expected a list at {where}")
        for index, item in enumerate(value):
            _check(item, get_args(expected)[0], f"{where}[{index}]")
    elif not isinstance(value, options) or isinstance(value, bool):
        raise MalformedDocumentError(f"expected {' or '.join(_NAMES[option] for option in options)} at {where}")


def _check_object(value: object, expected: Any, where: str) -> None:
    if not isinstance(value, dict):
        raise MalformedDocumentError(f"expected an object at {where}")
    for name, hint in get_type_hints(expected).items():
        if name not in value:
            raise MalformedDocumentError(f"expected {name!r} in {where}")
        _check(value[name], hint, f"{where}.{name}")
