"""What the push function judged, from its log: one JSON line `judged` for each image."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from localaws.deployment import Deployment


def log_lines(deployment: Deployment, message: str) -> list[dict[str, Any]]:
    """The lines of the push function's log with this ``message``, oldest first."""
    logs = deployment.client("logs")
    group = deployment.outputs["PushLogGroupName"]
    found: list[dict[str, Any]] = []
    for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group):
        for event in page["events"]:
            line = _line(event["message"])
            if line.get("message") == message:
                found.append(line)
    return found


def judged(deployment: Deployment, repository: str, tag: str | None = None, digest: str = "") -> list[dict[str, Any]]:
    """The verdicts on a repository's images, oldest first; only those of one tag or digest where given."""
    return [
        line
        for line in log_lines(deployment, "judged")
        if line["repository"] == repository and tag in (None, line["tag"]) and digest in ("", line["digest"])
    ]


def _line(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
