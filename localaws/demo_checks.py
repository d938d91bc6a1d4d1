"""Compares what came of the demo's cases with what must come of them: a sentence for each difference."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import jsonschema

from localaws.demo_stage import Changed, Seen
from localaws.process import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from localaws.demo_account import Standing
    from localaws.demo_stage import Stage
    from localaws.inventory import Entry
    from localaws.subscriber import Alert

MARKER: Final = "ecrguard-mismatch-"


def problems_of_standing(standing: Standing, known: list[Entry]) -> list[str]:
    """What the stack does not know as it must of a workload that was there before it."""
    return [
        f"{standing.known.kind} {standing.known.name}: {problem}"
        for problem in _differences((("known", [standing.known], known),))
    ]


def problems(came: Seen | Changed) -> list[str]:
    """What of a push or a change is not as it must be; none when all is well."""
    match came:
        case Seen():
            return [f"{came.case.name} ({came.case.story}): {problem}" for problem in _of_push(came)]
        case Changed():
            return [f"{came.change.story}: {problem}" for problem in _of_change(came)]


def _of_push(seen: Seen) -> Iterator[str]:
    expected = seen.case.expected
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
    yield from _of_alerts(seen.alerts, expected.subject, expected.failure)
    if len(seen.resolved) != expected.resolves:
        yield f"expected {int(expected.resolves)} message(s) that it is right again, got {len(seen.resolved)}"
    markers = {f"{MARKER}{seen.case.image.digest.partition(':')[2][:12]}"} if expected.marked else set()
    yield from _differences((("marker tags", markers, {tag for tag in seen.tags if tag.startswith("ecrguard-")}),))


def _of_change(changed: Changed) -> Iterator[str]:
    change = changed.change
    yield from _differences((("known", list(change.known), list(changed.known)),))
    yield from _of_alerts(changed.alerts, change.subject, change.failure)


def _of_alerts(alerts: list[Alert], subject: str | None, failure: str | None) -> Iterator[str]:
    wanted = 0 if subject is None else 1
    if len(alerts) != wanted:
        yield f"expected {wanted} alert(s), got {len(alerts)}"
    for alert in alerts[:1]:
        yield from invalid(alert)
        for finding in alert["findings"][:1]:
            found = (finding["subject"]["name"], finding["failure"])
            yield from _differences((("finding", (subject, failure), found),))


def problems_of_all(stage: Stage, messages: Iterable[dict[str, Any]]) -> list[str]:
    """What is not as it must be beside the single cases: alerts astray, dead letters, Slack's share, denied calls.

    Args:
        stage: where all were played.
        messages: that Slack has got: one for each alert, and one for each that follows.
    """
    _, more, missing = stage.pushers()
    found = [f"a message on nothing that was done: {_about(alert)}" for alert in stage.astray()]
    found += [f"who pushed was told once too often: {_about(alert)}" for alert in more]
    found += [f"who pushed was not told: {_about(alert)}" for alert in missing]
    found += [problem for message in stage.mail.received for problem in invalid(message)]
    for name in ("DeadLetterQueueUrl", "ChangesDeadLetterQueueUrl"):
        dead = stage.deployment.client("sqs").get_queue_attributes(
            QueueUrl=stage.deployment.outputs[name], AttributeNames=["ApproximateNumberOfMessages"]
        )["Attributes"]["ApproximateNumberOfMessages"]
        if dead != "0":
            found.append(f"expected no dead letters in {name}, got {dead}")
    # The last line of a message is the id of the alert, or of the alert that it follows.
    posted = sorted(message["blocks"][-1]["elements"][-1]["text"] for message in messages)
    told = sorted(f"alert {alert['thread']}" for alert in stage.mail.received)
    if posted != told:
        found.append(f"expected Slack to get each message once, got {len(posted)} for {len(told)}")
    return found


def _about(alert: Alert) -> str:
    return (
        f"{alert['image']['repository']}:{alert['image']['tag']} ({alert['kind']}, {alert['verdict']['explanation']})"
    )


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
