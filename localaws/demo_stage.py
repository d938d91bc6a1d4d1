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
    from localaws.images import Node
    from localaws.inventory import Entry
    from localaws.letterbox import Letterbox
    from localaws.subscriber import Alert

WAIT_SECONDS: Final = 60.0
_QUIET_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Seen:
    """What came of a push.

    Attributes:
        case: what was pushed.
        verdicts: the function's log lines on the pushed digest under the pushed tag.
        alerts: on it.
        seconds: from the end of the push to the first alert's arrival; None where none came.
        tags: of the pushed image in ECR, afterwards.
        resolved: messages that the tag is right again.
    """

    case: Case
    verdicts: list[dict[str, Any]]
    alerts: list[Alert]
    seconds: float | None
    tags: frozenset[str]
    resolved: list[Alert] = field(default_factory=list)


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
        mail: gets its alerts.
        claimed: the messages that something was played for; who pushed is not among them.
    """

    deployment: Deployment
    account: Account
    mail: Letterbox
    claimed: list[Alert] = field(default_factory=list)

    def play(self, case: Case) -> Seen:
        """Push, and wait for the verdict and for what it announces; a minute at most."""
        self.account.push(case.image, case.name)
        pushed = time.monotonic()
        line, alerts, resolved = self.handled(case.repository, case.tag, case.image)
        lines = verdicts.judged(self.deployment, case.repository, case.tag, case.image.digest) if line else []
        seconds = self.mail.arrival(alerts[0]) - pushed if alerts else None
        return Seen(case, lines, alerts, seconds, self._tags(case), resolved)

    def handled(
        self, repository: str, tag: str, image: Node, before: int = 0
    ) -> tuple[dict[str, Any] | None, list[Alert], list[Alert]]:
        """The verdict on a push once it is there, with its alerts and the messages that it resolved one.

        Args:
            repository: that was pushed to.
            tag: that was pushed.
            image: that was pushed.
            before: verdicts on the same that there were already.
        """

        def look() -> tuple[dict[str, Any], list[Alert], list[Alert]] | None:
            lines = verdicts.judged(self.deployment, repository, tag, image.digest)[before:]
            if not lines:
                return None
            event = lines[0]["correlation_id"]
            alerts, resolved = self.mail.of(event, "alert"), self.mail.of(event, "resolved")
            told = (alerts or not lines[0]["alerted"]) and (resolved or not lines[0]["resolved"])
            return (lines[0], alerts, resolved) if told else None

        found = self.mail.wait_for(look, WAIT_SECONDS)
        line, alerts, resolved = found or (None, [], [])
        self.claim(alerts, resolved)
        return line, alerts, resolved

    def change(self, change: Change) -> Changed:
        """Change a workload, and wait until that is known and alerted as it must be; a minute at most."""
        self.mail.look()
        before = len(self.mail.received)
        change.make(self.account)
        made = time.monotonic()
        known: tuple[Entry, ...] = ()

        def alerts() -> list[Alert]:
            return [alert for alert in self.mail.received[before:] if _is_of(alert, change)]

        def settled() -> bool:
            nonlocal known
            known = tuple(inventory.entries(self.deployment, change.repository))
            return known == change.known and bool(alerts() or change.subject is None)

        self.mail.wait_for(settled, WAIT_SECONDS)
        came, ended = alerts(), time.monotonic()
        self.claim(came)
        return Changed(change, known, came, (self.mail.arrival(came[0]) if came else ended) - made)

    def claim(self, *messages: list[Alert]) -> None:
        """Note that messages are of something that was played."""
        self.claimed += [message for each in messages for message in each]

    def follow(self, alert: Alert, kind: str) -> list[Alert]:
        """What follows an alert, once it is there; a minute at most."""
        came = self.mail.wait_for(lambda: self.mail.follow(alert["id"], kind), WAIT_SECONDS)
        self.claim(came)
        return came

    def astray(self) -> list[Alert]:
        """What else has come by now, but for who pushed."""
        deadline = time.monotonic() + _QUIET_SECONDS
        self.mail.wait_for(lambda: time.monotonic() > deadline, 2 * _QUIET_SECONDS)
        known = {id(message) for message in self.claimed}
        return [each for each in self.mail.received if id(each) not in known and each["kind"] != "pusher"]

    def pushers(self) -> tuple[list[Alert], list[Alert], list[Alert]]:
        """Who pushed, of every push that was alerted: the messages, those too many, and the alerts that lack one."""
        alerts = [each for each in self.claimed if each["kind"] == "alert"]
        untold = {each["id"]: each for each in alerts if each["arrival"] == "pushed" and each["pusher"] is None}

        def followed() -> bool:
            return all(self.mail.follow(identity, "pusher") for identity in untold)

        self.mail.wait_for(followed, WAIT_SECONDS)
        told = [each for each in self.mail.received if each["kind"] == "pusher"]
        first = {each["thread"]: each for each in reversed(told)}
        known = {alert["id"] for alert in alerts}
        more = [each for each in told if each is not first[each["thread"]] or each["thread"] not in known]
        return told, more, [alert for identity, alert in untold.items() if identity not in first]

    def _tags(self, case: Case) -> frozenset[str]:
        described = self.deployment.client("ecr").describe_images(
            repositoryName=case.repository, imageIds=[{"imageDigest": case.image.digest}]
        )
        return frozenset(described["imageDetails"][0].get("imageTags", []))


def _is_of(alert: Alert, change: Change) -> bool:
    return bool(
        alert["arrival"] == "deployed"
        and alert["kind"] == "alert"
        and alert["image"]["repository"] == change.repository
    )
