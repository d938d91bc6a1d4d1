"""Plays the demo's cases: pushes an image or changes a workload, and sees what comes of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from localaws import inventory, verdicts

if TYPE_CHECKING:
    from localaws.demo_cases import Case
    from localaws.demo_changes import Change
    from localaws.demo_services import Account
    from localaws.deployment import Deployment
    from localaws.inventory import Entry
    from localaws.subscriber import Alert, AlertQueue

_WAIT_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.05


@dataclass(frozen=True)
class Seen:
    """What came of a push.

    Attributes:
        case: what was pushed.
        verdicts: the function's log lines on the pushed digest under the pushed tag.
        alerts: on it.
        seconds: from the end of the push to the first alert's arrival; None where none came.
        tags: of the pushed image in ECR, afterwards.
    """

    case: Case
    verdicts: list[dict[str, Any]]
    alerts: list[Alert]
    seconds: float | None
    tags: frozenset[str]


@dataclass(frozen=True)
class Changed:
    """What came of a change.

    Attributes:
        change: what was done.
        known: of the repository, by the stack.
        alerts: on it.
        seconds: from the answer of the call that changed it to the alert's arrival; to its being known where there is
            no alert.
    """

    change: Change
    known: tuple[Entry, ...]
    alerts: list[Alert]
    seconds: float


@dataclass
class Stage:
    """Where cases are played.

    Attributes:
        deployment: with the workloads and the policy.
        account: that it is in.
        queue: subscribed to its alerts.
        astray: alerts that came and were on nothing that was being played.
    """

    deployment: Deployment
    account: Account
    queue: AlertQueue
    astray: list[Alert] = field(default_factory=list)

    def play(self, case: Case) -> Seen:
        """Push, and wait for the verdict and for the alert that it announces; 30 seconds at most."""
        self.account.push(case.image, case.name)
        pushed = time.monotonic()
        lines: list[dict[str, Any]] = []
        alerts: list[Alert] = []
        arrived: float | None = None
        while time.monotonic() < pushed + _WAIT_SECONDS:
            for alert in self.queue.take():
                arrived = arrived or time.monotonic()
                (alerts if _is_on(alert, case) else self.astray).append(alert)
            lines = verdicts.judged(self.deployment, case.repository, case.tag, case.image.digest)
            if lines and (alerts or not lines[0]["alerted"]):
                break
            time.sleep(_POLL_SECONDS)
        seconds = arrived - pushed if arrived and alerts else None
        return Seen(case, lines, alerts, seconds, self._tags(case))

    def change(self, change: Change) -> Changed:
        """Change a workload, and wait until that is known and alerted as it must be; 30 seconds at most."""
        change.make(self.account)
        made = time.monotonic()
        known: tuple[Entry, ...] = ()
        alerts: list[Alert] = []
        arrived: float | None = None
        while time.monotonic() < made + _WAIT_SECONDS:
            for alert in self.queue.take():
                arrived = arrived or time.monotonic()
                (alerts if _is_of(alert, change) else self.astray).append(alert)
            known = tuple(inventory.entries(self.deployment, change.repository))
            if known == change.known and (alerts or change.subject is None):
                break
            time.sleep(_POLL_SECONDS)
        seconds = (arrived if arrived and alerts else time.monotonic()) - made
        return Changed(change, known, alerts, seconds)

    def late_alerts(self) -> list[Alert]:
        """What else has come by now."""
        self.astray += self.queue.take(wait_seconds=1)
        return self.astray

    def _tags(self, case: Case) -> frozenset[str]:
        described = self.deployment.client("ecr").describe_images(
            repositoryName=case.repository, imageIds=[{"imageDigest": case.image.digest}]
        )
        return frozenset(described["imageDetails"][0].get("imageTags", []))


def _is_on(alert: Alert, case: Case) -> bool:
    image = alert["image"]
    named = (image["repository"], image["tag"], image["digest"]) == (case.repository, case.tag, case.image.digest)
    return bool(named and alert["arrival"] == "pushed")


def _is_of(alert: Alert, change: Change) -> bool:
    return bool(alert["arrival"] == "deployed" and alert["image"]["repository"] == change.repository)
