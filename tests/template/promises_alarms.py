"""What the alarms watch, and what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.template.variants import EVERYTHING

from ecrguard.config import SOURCES
from ecrguard.domain.verdict import Judgement
from ecrguard.telemetry import CAP_METRIC, VERDICT_METRICS

if TYPE_CHECKING:
    from tests.template.stack import Properties, Stack


def a_guard_that_has_stopped_says_so(stack: Stack) -> None:
    full = stack.given(**EVERYTHING)
    watched = {
        (metric["MetricName"], metric["Dimensions"][0]["Value"])
        for alarm in full.of_type("AWS::CloudWatch::Alarm").values()
        for metric in watched_by(alarm)
    }
    assert watched == {
        ("ApproximateNumberOfMessagesVisible", "${DeadLetterQueue.QueueName}"),
        ("ApproximateNumberOfMessagesVisible", "${SlackDeadLetterQueue.QueueName}"),
        ("ApproximateAgeOfOldestMessage", "${PushQueue.QueueName}"),
        *(("InvocationsFailedToBeSentToDlq", f"${{{rule}}}") for rule in full.of_type("AWS::Events::Rule")),
        ("InventoryOverdue", "guard"),
        ("SourceUnreadable", "guard"),
        ("ApproximateNumberOfMessagesVisible", "${ChangesDeadLetterQueue.QueueName}"),
        ("Errors", "${ReconcileFunction}"),
        ("Errors", "${ChangesFunction}"),
        ("Errors", "${PushFunction}"),
        ("Throttles", "${PushFunction}"),
        ("Errors", "${SlackFunction}"),
        ("VerdictUnknown", "guard"),
        ("HourlyCapReached", "guard"),
    }


def alarms_ring_and_say_what_to_do(stack: Stack) -> None:
    for name, alarm in stack.given(**EVERYTHING).of_type("AWS::CloudWatch::Alarm").items():
        # Not the alerts topic: it carries nothing but documents of the alert schema.
        assert alarm["AlarmActions"] == ["${AlarmsTopic}"], name
        assert alarm["OKActions"] == ["${AlarmsTopic}"], name
        assert len(alarm["AlarmDescription"]) > 40, name
        # Of what is told at every tick, silence is bad news; of what happens, it is good news.
        ticks = name == "InventoryStaleAlarm"
        assert alarm["TreatMissingData"] == ("missing" if ticks else "notBreaching"), name
        assert alarm.get("InsufficientDataActions", []) == (["${AlarmsTopic}"] if ticks else []), name


def rules_that_exist_are_watched(stack: Stack) -> None:
    for chosen in (*SOURCES, "none"):
        variant = stack.given(LinkedWorkloads=chosen)
        alarm = variant.properties("EventsLostAlarm")
        rules = [metric["Dimensions"][0]["Value"] for metric in watched_by(alarm)]
        assert rules == [f"${{{rule}}}" for rule in variant.of_type("AWS::Events::Rule")], chosen
        total, *parts = alarm["Metrics"]
        assert total["Expression"] == "SUM(METRICS())"
        assert all(part["ReturnData"] is False for part in parts), chosen


def watched_by(alarm: Properties) -> list[Properties]:
    """The metrics that an alarm is about, one or more."""
    parts = alarm.get("Metrics", [])
    return [part["MetricStat"]["Metric"] for part in parts if "MetricStat" in part] or [alarm]


def alarm_counts_what_the_function_counts(stack: Stack) -> None:
    counted = {
        "UnknownVerdictsAlarm": ("PushFunction", VERDICT_METRICS[Judgement.UNKNOWN]),
        "HourlyCapReachedAlarm": ("PushFunction", CAP_METRIC),
        "InventoryStaleAlarm": ("ReconcileFunction", "InventoryOverdue"),
        "SourceUnreadableAlarm": ("ReconcileFunction", "SourceUnreadable"),
    }
    for name, (function, metric) in counted.items():
        alarm, told = stack.properties(name), stack.environment(function)
        assert alarm["MetricName"] == metric, name
        assert alarm["Namespace"] == told["POWERTOOLS_METRICS_NAMESPACE"], name
        assert alarm["Dimensions"] == [{"Name": "service", "Value": told["POWERTOOLS_SERVICE_NAME"]}], name
