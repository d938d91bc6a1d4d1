"""What is counted of a report and under which dimensions, and what of it is logged."""

from __future__ import annotations

import io
import json
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from tests.situations import ecs, push

from ecrguard.domain.action import Action
from ecrguard.domain.plan import Done, Outcome, Refusal, RefusalReason, Result
from ecrguard.domain.verdict import Judgement, Reason, Verdict
from ecrguard.report import Report
from ecrguard.telemetry import CAP_METRIC, record_cap, record_report

if TYPE_CHECKING:
    from collections.abc import Callable

MISMATCH = Verdict(Judgement.MISMATCH, Reason.PLATFORMS_MISMATCH, "It cannot run.")
OK = Verdict(Judgement.OK, Reason.PLATFORMS_MATCH, "It can run.")
ALERTED = Report(push(), None, MISMATCH, alerted=True)
MARKED = Done(Action.TAG, Result.DONE, "ecrguard-mismatch-0123456789ab")
MOVED = Done(Action.QUARANTINE, Result.DONE, "1.4 stands for another again")
CAPPED = Refusal(Action.QUARANTINE, RefusalReason.HOURLY_CAP, "The hour is over.")
USED = Refusal(Action.DELETE, RefusalReason.IN_USE, "A service uses it.")

type Counts = dict[tuple[str, str], float]
"""Counts by the name of the metric and its dimension besides the service."""


def counted(
    record: Callable[[Logger, Metrics, Report], None], report: Report, capsys: pytest.CaptureFixture[str]
) -> tuple[Counts, dict[str, Any]]:
    """What was counted of a report, and the line that was logged, if one was."""
    stream = io.StringIO()
    metrics = Metrics(namespace="ecrguard", service="stack")
    metrics.clear_metrics()
    # A logger of a name that was made before keeps writing to the stream of that time.
    record(Logger(service=uuid.uuid4().hex, stream=stream), metrics, report)
    metrics.flush_metrics()
    found: Counts = {}
    for line in capsys.readouterr().out.splitlines():
        emitted = json.loads(line)
        [block] = emitted["_aws"]["CloudWatchMetrics"]
        assert block["Namespace"] == "ecrguard"
        [dimensions] = block["Dimensions"]
        assert emitted["service"] == "stack"
        besides = ",".join(f"{name}={emitted[name]}" for name in dimensions if name != "service")
        for metric in block["Metrics"]:
            key = (metric["Name"], besides)
            found[key] = found.get(key, 0) + sum(emitted[metric["Name"]])
    return found, json.loads(stream.getvalue() or "{}")


REPORTS: dict[str, tuple[Report, Counts]] = {
    "a push that passes": (Report(push(), None, OK), {("VerdictOk", ""): 1}),
    "a push that is right again": (
        Report(push(), None, OK, alerted=True, resolved=True),
        {("VerdictOk", ""): 1, ("AlertPublished", ""): 1},
    ),
    "an alert": (ALERTED, {("VerdictMismatch", ""): 1, ("AlertPublished", ""): 1}),
    "one that people know": (
        replace(ALERTED, alerted=False, known=True),
        {("VerdictMismatch", ""): 1, ("AlertsSuppressed", ""): 1},
    ),
    "a workload that has changed": (
        replace(ALERTED, workload=ecs()),
        {("DeployedMismatch", ""): 1, ("AlertPublished", ""): 1},
    ),
    "two actions": (
        replace(ALERTED, outcome=Outcome((MARKED, MOVED))),
        {
            ("VerdictMismatch", ""): 1,
            ("AlertPublished", ""): 1,
            ("ActionsDone", "action=tag"): 1,
            ("ActionsDone", "action=quarantine"): 1,
        },
    ),
    "an action that was done before": (
        replace(ALERTED, outcome=Outcome((replace(MARKED, result=Result.ALREADY_DONE),))),
        {("VerdictMismatch", ""): 1, ("AlertPublished", ""): 1},
    ),
    "refusals": (
        replace(ALERTED, outcome=Outcome((), (USED, replace(USED, action=Action.ARCHIVE)))),
        {("VerdictMismatch", ""): 1, ("AlertPublished", ""): 1, ("ActionsRefused", "reason=in_use"): 2},
    ),
    "a refusal by the cap, which rings an alarm that knows no reason": (
        replace(ALERTED, outcome=Outcome((), (CAPPED,))),
        {
            ("VerdictMismatch", ""): 1,
            ("AlertPublished", ""): 1,
            ("ActionsRefused", "reason=hourly_cap"): 1,
            (CAP_METRIC, ""): 1,
        },
    ),
}


@pytest.mark.parametrize(("report", "expected"), REPORTS.values(), ids=REPORTS.keys())
def test_a_report_is_counted(report: Report, expected: Counts, capsys: pytest.CaptureFixture[str]) -> None:
    assert counted(record_report, report, capsys)[0] == expected


def test_the_cap_is_counted_of_an_image_that_waits_too_and_nothing_else_of_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def waiting(_: Logger, metrics: Metrics, report: Report) -> None:
        metrics.add_metric("SweepDue", MetricUnit.Count, 1)
        record_cap(metrics, report.outcome)

    waits: Counts = {("SweepDue", ""): 1}
    for refusals, expected in (((USED, CAPPED), waits | {(CAP_METRIC, ""): 1}), ((USED,), waits)):
        report = replace(ALERTED, outcome=Outcome((MARKED,), refusals))
        assert counted(waiting, report, capsys)[0] == expected


def test_what_was_done_refused_and_is_to_follow_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    outcome = Outcome((MARKED, MOVED), (USED,), later=Action.ARCHIVE)
    _, logged = counted(record_report, replace(ALERTED, outcome=outcome), capsys)
    assert logged["done"] == ["tag: ecrguard-mismatch-0123456789ab", "quarantine: 1.4 stands for another again"]
    assert logged["refused"] == ["delete: in_use"]
    assert (logged["later"], logged["known"], logged["resolved"]) == ("archive", False, False)
