"""What the alarms watch, and what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.template.variants import EVERYTHING

from ecrguard.telemetry import VERDICT_METRICS

if TYPE_CHECKING:
    from tests.template.stack import Stack


def a_guard_that_has_stopped_says_so(stack: Stack) -> None:
    full = stack.given(**EVERYTHING)
    watched = {
        (alarm["MetricName"], alarm["Dimensions"][0]["Value"])
        for alarm in full.of_type("AWS::CloudWatch::Alarm").values()
    }
    assert watched == {
        ("ApproximateNumberOfMessagesVisible", "${DeadLetterQueue.QueueName}"),
        ("ApproximateNumberOfMessagesVisible", "${SlackDeadLetterQueue.QueueName}"),
        ("ApproximateAgeOfOldestMessage", "${PushQueue.QueueName}"),
        ("InvocationsFailedToBeSentToDlq", "${PushRule}"),
        ("Errors", "${PushFunction}"),
        ("Throttles", "${PushFunction}"),
        ("Errors", "${SlackFunction}"),
        ("VerdictUnknown", "guard"),
    }


def alarms_ring_and_say_what_to_do(stack: Stack) -> None:
    for name, alarm in stack.given(**EVERYTHING).of_type("AWS::CloudWatch::Alarm").items():
        # Not the alerts topic: it carries nothing but documents of the alert schema.
        assert alarm["AlarmActions"] == ["${AlarmsTopic}"], name
        assert alarm["OKActions"] == ["${AlarmsTopic}"], name
        assert len(alarm["AlarmDescription"]) > 40, name
        assert alarm["TreatMissingData"] == "notBreaching", name


def alarm_counts_what_the_function_counts(stack: Stack) -> None:
    alarm, told = stack.properties("UnknownVerdictsAlarm"), stack.environment("PushFunction")
    assert alarm["MetricName"] in VERDICT_METRICS.values()
    assert alarm["Namespace"] == told["POWERTOOLS_METRICS_NAMESPACE"]
    assert alarm["Dimensions"] == [{"Name": "service", "Value": told["POWERTOOLS_SERVICE_NAME"]}]
