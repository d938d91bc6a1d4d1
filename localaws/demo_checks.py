"""Pushes a case, sees what comes of it, and compares that with what must come."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import jsonschema

from localaws import verdicts
from localaws.process import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from localaws.demo_cases import Case
    from localaws.deployment import Deployment
    from localaws.subscriber import Alert, AlertQueue

MARKER: Final = "ecrguard-mismatch-"

_WAIT_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.05


@dataclass(frozen=True)
class Seen:
    """What came of a push.

    Attributes:
        verdicts: the function's log lines on the pushed digest under the pushed tag.
        alerts: on it.
        seconds: from the end of the push to the first alert's arrival; None where none came.
        tags: of the pushed image in ECR, afterwards.
    """

    verdicts: list[dict[str, Any]]
    alerts: list[Alert]
    seconds: float | None
    tags: frozenset[str]


@dataclass
class Stage:
    """Where cases are played.

    Attributes:
        deployment: with the services and the policy.
        queue: subscribed to its alerts.
        push: pushes an image to ``repository:tag`` of its registry.
        astray: alerts that came and were on no image just pushed.
    """

    deployment: Deployment
    queue: AlertQueue
    push: Callable[[Case], None]
    astray: list[Alert] = field(default_factory=list)

    def play(self, case: Case) -> Seen:
        """Push, and wait for the verdict and for the alert that it announces; 30 seconds at most."""
        self.push(case)
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
        return Seen(lines, alerts, seconds, self._tags(case))

    def late_alerts(self) -> list[Alert]:
        """What else has come by now."""
        self.astray += self.queue.take(wait_seconds=1)
        return self.astray

    def _tags(self, case: Case) -> frozenset[str]:
        described = self.deployment.client("ecr").describe_images(
            repositoryName=case.repository, imageIds=[{"imageDigest": case.image.digest}]
        )
        return frozenset(described["imageDetails"][0].get("imageTags", []))


def problems(case: Case, seen: Seen) -> list[str]:
    """What is not as it must be, a sentence each; none when all is well."""
    return [f"{case.name} ({case.story}): {problem}" for problem in _problems(case, seen)]


def _problems(case: Case, seen: Seen) -> Iterator[str]:
    expected = case.expected
    if len(seen.verdicts) != 1:
        yield f"expected one verdict, got {len(seen.verdicts)}"
    for line in seen.verdicts[:1]:
        yield from _differences(
            (
                ("verdict", expected.judgement, line["judgement"]),
                ("reason", expected.reason, line["reason"]),
                ("platforms", sorted(expected.built_for), sorted(line["platforms"])),
                ("needs", sorted(expected.needs), sorted(line["needs"])),
                ("actions done", ["tag"] if expected.marked else [], [done.split(":")[0] for done in line["done"]]),
                ("actions refused", [], line["refused"]),
            )
        )
    wanted = 0 if expected.subject is None else 1
    if len(seen.alerts) != wanted:
        yield f"expected {wanted} alert(s), got {len(seen.alerts)}"
    for alert in seen.alerts[:1]:
        yield from invalid(alert)
        for finding in alert["findings"][:1]:
            found = (finding["subject"]["name"], finding["failure"])
            yield from _differences((("finding", (expected.subject, expected.failure), found),))
    markers = {f"{MARKER}{case.image.digest.partition(':')[2][:12]}"} if expected.marked else set()
    yield from _differences((("marker tags", markers, {tag for tag in seen.tags if tag.startswith("ecrguard-")}),))


def problems_of_all(stage: Stage, played: Iterable[Seen], messages: Iterable[dict[str, Any]]) -> list[str]:
    """What is not as it must be beside the single pushes: alerts astray, dead letters, Slack's share.

    ``messages`` are what Slack has got: one for each alert.
    """
    found = [f"an alert on no push of the demo: {alert['image']['uri']}" for alert in stage.late_alerts()]
    dead = stage.deployment.client("sqs").get_queue_attributes(
        QueueUrl=stage.deployment.outputs["DeadLetterQueueUrl"], AttributeNames=["ApproximateNumberOfMessages"]
    )["Attributes"]["ApproximateNumberOfMessages"]
    if dead != "0":
        found.append(f"expected no dead letters, got {dead}")
    # The last line of a message is the alert's id.
    posted = sorted(message["blocks"][-1]["elements"][-1]["text"] for message in messages)
    alerted = sorted(f"alert {alert['id']}" for seen in played for alert in seen.alerts)
    if posted != alerted:
        found.append(f"expected Slack to get each alert once, got {len(posted)} messages for {len(alerted)} alerts")
    return found


def invalid(alert: Alert) -> list[str]:
    """Where an alert is not what docs/alert.schema.json says."""
    return [f"alert, {error.json_path}: {error.message:.200}" for error in _validator().iter_errors(alert)]


@cache
def _validator() -> jsonschema.Draft202012Validator:
    schema = json.loads((ROOT / "docs" / "alert.schema.json").read_text())
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


def _differences(fields: Iterable[tuple[str, object, object]]) -> Iterator[str]:
    for name, expected, found in fields:
        if expected != found:
            yield f"{name}: expected {expected or 'none'}, got {found or 'none'}"


def _is_on(alert: Alert, case: Case) -> bool:
    image = alert["image"]
    return bool((image["repository"], image["tag"], image["digest"]) == (case.repository, case.tag, case.image.digest))
