"""What the functions of a deployed stack say in their logs: one JSON line ``judged`` for each image, and troubles."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from localaws.deployment import Deployment

# What AWS calls a call that is denied, what the product calls it; and how a crash and a time-out begin.
_TROUBLE: Final = re.compile(r"AccessDenied|access_denied|not authorized|was denied|Traceback|Task timed out")
_COUNTS: Final = '{"_aws":'
# The policy's validator says no by failing.
_FAILS_TO_REFUSE: Final = "PolicyLogGroup"


def log_lines(deployment: Deployment, message: str, log: str = "PushLogGroupName") -> list[dict[str, Any]]:
    """The lines of a log with this ``message``, oldest first; ``log`` is the stack's output that names it."""
    return [line for line in lines(deployment, log) if line.get("message") == message]


def lines(deployment: Deployment, log: str) -> list[dict[str, Any]]:
    """The lines of JSON of a log, oldest first, the counts among them; ``log`` is the stack's output that names it."""
    return [found for found in map(_line, _messages(deployment, deployment.outputs[log])) if found]


def judged(deployment: Deployment, repository: str, tag: str | None = None, digest: str = "") -> list[dict[str, Any]]:
    """The verdicts on a repository's pushes, oldest first; only those of one tag or digest where given."""
    return [
        line
        for line in log_lines(deployment, "judged")
        if line["repository"] == repository and tag in (None, line["tag"]) and digest in ("", line["digest"])
    ]


def troubles(deployment: Deployment, *, meant: Collection[str] = ()) -> list[str]:
    """What the logs of the stack's functions say of calls that were denied, and of crashes.

    Args:
        deployment: whose functions.
        meant: repositories on whose images calls were to be denied.
    """
    resources = deployment.client("cloudformation").describe_stack_resources(StackName=deployment.stack)
    groups = [
        each["PhysicalResourceId"]
        for each in resources["StackResources"]
        if each["ResourceType"] == "AWS::Logs::LogGroup" and each["LogicalResourceId"] != _FAILS_TO_REFUSE
    ]
    return [
        f"{group}: {message:.600}"
        for group in groups
        for message in _messages(deployment, group)
        # What is counted is said in a line of its own as well.
        if _TROUBLE.search(message)
        and not message.startswith(_COUNTS)
        and not any(f'"{repository}"' in message for repository in meant)
    ]


def _messages(deployment: Deployment, group: str) -> Iterator[str]:
    for page in deployment.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group):
        yield from (event["message"] for event in page["events"])


def _line(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
