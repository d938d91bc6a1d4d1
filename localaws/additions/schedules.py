"""EventBridge rules and EventBridge Scheduler, where the emulator's answers are not AWS's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from localaws.additions import host
from localaws.additions.wire import Call, Operation, Refusal, page

if TYPE_CHECKING:
    from localaws.additions.host import Handler, Record, Reply

_MOST_PAGE: Final = 100


def _list_targets_by_rule(call: Call) -> Record:
    bus = _bus(call)
    if f"{bus}|{call.get('Rule')}" not in host.RULES:
        raise Refusal("ResourceNotFoundException", f"Rule {call.get('Rule')} does not exist on EventBus {bus}.")
    return _paged(call, "Targets", host.RULE_TARGETS.get(f"{bus}|{call.get('Rule')}", []))


def _list_rule_names_by_target(call: Call) -> Record:
    bus, target = _bus(call), call.get("TargetArn")
    names = [
        host.RULES[key]["Name"]
        for key, targets in host.RULE_TARGETS.items()
        if key in host.RULES and key.startswith(f"{bus}|") and any(item["Arn"] == target for item in targets)
    ]
    return _paged(call, "RuleNames", sorted(names))


def _paged(call: Call, member: str, items: list[Any]) -> Record:
    size = min(call.get("Limit", _MOST_PAGE), _MOST_PAGE)
    shown, token = page(items, call.get("NextToken"), size, error="ResourceNotFoundException")
    return {member: shown} | ({"NextToken": token} if token else {})


def _bus(call: Call) -> str:
    name: str = call.get("EventBusName", "default")
    return name.rpartition("/")[2]


def paging(handler: Handler) -> Handler:
    """Answer ListSchedules in pages, which the emulator cuts off after the first."""

    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> Reply:
        if (method, path) != ("GET", "/schedules"):
            return await handler(method, path, headers, body, query)
        asked = {name: values[0] for name, values in query.items()}
        everything = {name: values for name, values in query.items() if name not in ("MaxResults", "NextToken")}
        reply = await handler(method, path, headers, body, everything | {"MaxResults": [str(10**9)]})
        if reply[0] != 200:  # noqa: PLR2004 - an error
            return reply
        size = min(int(asked.get("MaxResults", _MOST_PAGE)), _MOST_PAGE)
        try:
            shown, token = page(json.loads(reply[2])["Schedules"], asked.get("NextToken"), size)
        except Refusal:
            error = {"__type": "ValidationException", "Message": "Invalid NextToken."}
            return 400, {**reply[1], "x-amzn-errortype": "ValidationException"}, json.dumps(error).encode()
        return 200, reply[1], json.dumps({"Schedules": shown} | ({"NextToken": token} if token else {})).encode()

    return handle


OPERATIONS: Final[dict[str, Operation]] = {
    "ListRuleNamesByTarget": _list_rule_names_by_target,
    "ListTargetsByRule": _list_targets_by_rule,
}
