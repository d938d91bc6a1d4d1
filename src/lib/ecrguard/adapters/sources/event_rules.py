"""EventBridge's rules that start ECS tasks, found by their target: the cluster."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ecrguard.adapters.schedule_mapping import Start, read_target
from ecrguard.adapters.sources.listing import Tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_events.client import EventBridgeClient

    from ecrguard.adapters.calls import Calls

ACTIONS = ("events:ListEventBuses", "events:ListRuleNamesByTarget", "events:ListTargetsByRule")
"""IAM actions that reading rules needs."""

_BUSES, _NAMES, _TARGETS = ACTIONS
_PAGE = 100
_DEFAULT = "default"
_GONE = ("ResourceNotFoundException",)


@dataclass(slots=True)
class EventRules:
    """Reads rules.

    Attributes:
        client: gives boto3's EventBridge client.
        calls: makes the calls.
    """

    client: Callable[[], EventBridgeClient]
    calls: Calls
    _known: tuple[str, ...] | None = None
    _tokens: Tokens = field(default_factory=Tokens)

    def buses(self) -> tuple[str, ...]:
        """The ARNs of all event buses, asked for once in the life of this object.

        Raises:
            UnreadableError: denied, throttled, unavailable.
        """
        if self._known is None:
            self._known = tuple(sorted(set(self._list_buses())))
        return self._known

    def _list_buses(self) -> list[str]:
        token, tokens, found = "", Tokens(), list[str]()
        while True:
            with self.calls.to(_BUSES, "event buses"):
                answer = self.client().list_event_buses(Limit=_PAGE, **({"NextToken": token} if token else {}))
            found += [each["Arn"] for each in answer.get("EventBuses", []) if "Arn" in each]
            token = tokens.follow(token, answer.get("NextToken", ""), _BUSES, "event buses")
            if not token:
                return found

    def of_target(self, bus: str, target: str, token: str) -> tuple[list[str], str]:
        """The ARNs of a page of the rules of a bus that have a target, and the token of the next page.

        Args:
            bus: ARN.
            target: ARN of a cluster.
            token: of the page; empty for the first.

        Raises:
            GoneError: the bus does not exist.
            UnreadableError: denied, throttled, unavailable.
        """
        subject = f"the rules of the event bus {_name(bus)}"
        with self.calls.to(_NAMES, subject, gone=_GONE):
            answer = self.client().list_rule_names_by_target(
                TargetArn=target, EventBusName=_name(bus), Limit=_PAGE, **({"NextToken": token} if token else {})
            )
        arns = [_rule(bus, name) for name in answer.get("RuleNames", [])]
        return arns, self._tokens.follow(token, answer.get("NextToken", ""), _NAMES, subject)

    def starts(self, rule: str) -> list[Start]:
        """What a rule starts.

        Args:
            rule: ARN.

        Raises:
            GoneError: the rule does not exist.
            UnreadableError: denied, throttled, unavailable.
        """
        bus, _, name = rule.partition(":rule/")[2].rpartition("/")
        pages: list[Sequence[Start | None]] = []
        token, tokens, subject = "", Tokens(), f"the targets of the rule {name}"
        while True:
            with self.calls.to(_TARGETS, subject, gone=_GONE):
                answer = self.client().list_targets_by_rule(
                    Rule=name,
                    EventBusName=bus or _DEFAULT,
                    Limit=_PAGE,
                    **({"NextToken": token} if token else {}),
                )
            pages.append([read_target(each) for each in answer.get("Targets", [])])
            token = tokens.follow(token, answer.get("NextToken", ""), _TARGETS, subject)
            if not token:
                return [each for each in itertools.chain.from_iterable(pages) if each is not None]


def _name(bus: str) -> str:
    # Names of partners' buses have slashes in them.
    return bus.partition(":event-bus/")[2]


def _rule(bus: str, name: str) -> str:
    prefix, _, of_bus = bus.partition(":event-bus/")
    return f"{prefix}:rule/{name}" if of_bus == _DEFAULT else f"{prefix}:rule/{of_bus}/{name}"
