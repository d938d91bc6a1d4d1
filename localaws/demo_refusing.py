"""Plays the refusals of the demo: all at once, as each has a repository of its own; then those that need the stack."""

from __future__ import annotations

import contextlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from localaws import inventory, policy
from localaws.demo_account import POLICY
from localaws.demo_enforcement import event
from localaws.demo_levels import TAG
from localaws.demo_refusals import ALL_REFUSALS, CAPPED, DENIED, LOWERED, REFUSALS, STALE, UNREADABLE
from localaws.demo_stage import WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localaws.demo_refusals import Refusal
    from localaws.demo_services import Account
    from localaws.demo_stage import Stage
    from localaws.subscriber import Alert

CAP: Final = 20
"""Of the template's parameter DestructiveActsPerHour, unless given."""
_PUSHES: Final = 4
_POLL_SECONDS: Final = 0.1
_LOWER: Final = f"  - {{name: lowered, repositories: [{LOWERED}], platforms: [linux/amd64], on_mismatch: tag}}\n"
_LONG_AGO: Final = "2026-01-01T00:00:00+00:00"


@dataclass
class Refused:
    """What came of a refusal.

    Attributes:
        case: that was played.
        alert: on the image; None where none came.
        decided: the message that says it is refused: the alert, or what follows it.
    """

    case: Refusal
    alert: Alert | None = None
    decided: Alert | None = None

    @property
    def detail(self) -> str:
        """The sentence of the message; empty where it does not have the reason."""
        refused = self.decided["actions"]["refused"] if self.decided else []
        return next((each["detail"] for each in refused if each["reason"] == self.case.reason), "")

    @property
    def problems(self) -> list[str]:
        """What is not as it must be."""
        case = self.case
        if self.alert is None or self.decided is None:
            return [f"{case.name}, {case.story}: expected a message with {case.reason}, got none"]
        found = []
        refused = [each["reason"] for each in self.decided["actions"]["refused"]]
        if case.reason not in refused:
            found.append(f"{case.name}, {case.story}: expected {case.reason}, got {refused}")
        done = [each["action"] for each in self.alert["actions"]["done"]]
        if done != list(case.done):
            found.append(f"{case.name}, {case.story}: expected {list(case.done)} done, got {done}")
        if self.decided is not self.alert and self.decided["actions"]["done"]:
            found.append(
                f"{case.name}, {case.story}: expected nothing done later, got {self.decided['actions']['done']}"
            )
        return found


@dataclass
class Refusing:
    """Plays refusals.

    Attributes:
        stage: where; the stack may delete.
        policy: that is in force.
        refused: what came of each.
    """

    stage: Stage
    policy: str = POLICY
    refused: list[Refused] = field(default_factory=list)

    def prepare(self) -> None:
        """Make ready what stands in the way, and let the stack come to know it."""
        account = self.stage.account
        account.repositories([case.repository for case in ALL_REFUSALS])
        for case in ALL_REFUSALS:
            if case.before is not None:
                case.before(account, case)
        used = [case.repository for case in ALL_REFUSALS if case.used]
        deadline = time.monotonic() + WAIT_SECONDS
        while not all(inventory.entries(self.stage.deployment, repository) for repository in used):
            if time.monotonic() > deadline:
                raise TimeoutError("services that were created are not known to the stack")
            time.sleep(_POLL_SECONDS)
        with self._unheard():
            for case in REFUSALS:
                if case.unheard:
                    account.push(case.bad, case.name)
                    _after(account, case)

    def push(self) -> None:
        """Push every image, and take what the alerts say."""
        account = self.stage.account
        with ThreadPoolExecutor(_PUSHES) as pushing:
            heard = [case for case in REFUSALS if not case.unheard]
            list(pushing.map(lambda case: account.push(case.bad, case.name), heard))
        for case in REFUSALS:
            if case.unheard:
                # Its own event comes only now.
                event(self.stage, case.name, case.bad, case.arrival)
            self._take(case)

    def change(self) -> None:
        """Change what stands in the way of those whose tag was taken already; the policy at the end."""
        for case in REFUSALS:
            if case.later:
                _after(self.stage.account, case)
        policy.put(self.stage.deployment, self.policy.replace("rules:\n", f"rules:\n{_LOWER}", 1))
        # A running copy of the function takes a policy up within a minute.
        self.stage.deployment.renew(self.stage.deployment.outputs["ReconcileFunctionName"])

    def swept(self) -> None:
        """Take what is said of those after a full reading."""
        for each in self.refused:
            if each.case.later and each.alert is not None:
                came = self.stage.follow(each.alert, "action")
                each.decided = came[0] if came else None

    def capped(self) -> None:
        """Push while the hour has had as many acts as it may; they are counted up for it."""
        dynamodb, table = self.stage.deployment.client("dynamodb"), self.stage.deployment.outputs["InventoryTableName"]
        # The next hour too: it may begin now.
        for hour in (time.strftime("%Y-%m-%dT%H", time.gmtime(time.time() + more)) for more in (0, 3600)):
            key = {"pk": {"S": "cap"}, "sk": {"S": hour}}
            dynamodb.put_item(TableName=table, Item=key | {"acts": {"N": str(CAP)}})
        self._push_one(CAPPED)
        for hour in (time.strftime("%Y-%m-%dT%H", time.gmtime(time.time() + more)) for more in (0, 3600)):
            dynamodb.delete_item(TableName=table, Key={"pk": {"S": "cap"}, "sk": {"S": hour}})

    def denied(self) -> None:
        """Push while the push function may neither read services nor put images."""
        for case, name in ((UNREADABLE, "ecs"), (DENIED, "tag")):
            with self._without(name):
                self._push_one(case)

    def stale(self) -> None:
        """Push while the workloads were last read long ago: nothing of the stack works as it should from here on."""
        deployment = self.stage.deployment
        for source in inventory.sources(deployment):
            deployment.client("dynamodb").update_item(
                TableName=deployment.outputs["InventoryTableName"],
                Key={"pk": {"S": "inventory"}, "sk": {"S": f"source#{source}"}},
                UpdateExpression="SET complete = :at",
                ExpressionAttributeValues={":at": {"S": _LONG_AGO}},
            )
        # What a running copy of the function knows of the sources, it knows for half a minute.
        deployment.renew(deployment.outputs["PushFunctionName"])
        self._push_one(STALE)

    def _push_one(self, case: Refusal) -> None:
        self.stage.account.push(case.bad, case.name)
        self._take(case)

    def _take(self, case: Refusal) -> None:
        _, alerts, _ = self.stage.handled(case.repository, TAG, case.bad)
        alert = alerts[0] if alerts else None
        self.refused.append(Refused(case, alert, None if case.later else alert))

    @contextlib.contextmanager
    def _unheard(self) -> Iterator[None]:
        """Have the stack hear of no push for the length of a ``with`` block."""
        events, rule = self.stage.deployment.client("events"), self.stage.deployment.resource("PushRule")
        events.disable_rule(Name=rule)
        try:
            yield
        finally:
            events.enable_rule(Name=rule)

    @contextlib.contextmanager
    def _without(self, name: str) -> Iterator[None]:
        """Have the push function lack a policy of its role for the length of a ``with`` block."""
        iam, role = self.stage.deployment.client("iam"), self.stage.deployment.resource("PushRole")
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        iam.delete_role_policy(RoleName=role, PolicyName=name)
        try:
            yield
        finally:
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))


def _after(account: Account, case: Refusal) -> None:
    if case.after is not None:
        case.after(account, case)
