"""The published schema of alerts, with every format in it checked."""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA_FILE = Path(__file__).parents[1] / "docs" / "alert.schema.json"


@cache
def schema() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(SCHEMA_FILE.read_text())
    return loaded


@cache
def _validator() -> Draft202012Validator:
    # jsonschema leaves these two to packages that are not installed here, and then lets everything pass.
    formats = FormatChecker(["uuid"])
    formats.checks("date-time", ValueError)(lambda value: datetime.fromisoformat(str(value)).tzinfo is not None)
    formats.checks("uri", ValueError)(lambda value: value is None or bool(urlsplit(str(value)).hostname))
    Draft202012Validator.check_schema(schema())
    return Draft202012Validator(schema(), format_checker=formats)


def assert_valid(document: Mapping[str, Any]) -> None:
    """Hold a document against the schema, as a subscriber's own validator would see it."""
    errors = [f"{error.json_path}: {error.message:.300}" for error in _validator().iter_errors(dict(document))]
    assert not errors, errors
