"""What holds for the queues and the topics: who sends, who reads, and that nothing is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.template.promises_events import PUSH_RULES
from tests.template.stack import Properties, Stack, attribute_of
from tests.template.variants import EVERYTHING

from ecrguard.config import SOURCES

if TYPE_CHECKING:
    from collections.abc import Iterator

QUEUES = (
    "PushQueue",
    "DeadLetterQueue",
    "ChangesQueue",
    "ChangesDeadLetterQueue",
    "SlackQueue",
    "SlackDeadLetterQueue",
)
TOPICS = ("AlertsTopic", "AlarmsTopic")


def queues_and_topics_are_encrypted(stack: Stack) -> None:
    full = stack.given(**EVERYTHING)
    queues, topics = full.of_type("AWS::SQS::Queue"), full.of_type("AWS::SNS::Topic")
    assert set(queues) == set(QUEUES)
    assert set(topics) == set(TOPICS)
    for name, queue in queues.items():
        # SSE-SQS: EventBridge and SNS cannot send to a queue under alias/aws/sqs.
        assert queue.get("SqsManagedSseEnabled") is True, name
        assert "KmsMasterKeyId" not in queue, name
    for name, topic in topics.items():
        # CloudWatch cannot publish to a topic under alias/aws/sns.
        assert topic["KmsMasterKeyId"] == "${TopicsKey}", name


def queues_and_topics_refuse_plain_http(stack: Stack) -> None:
    full = stack.given(**EVERYTHING)
    for name in (*QUEUES, *TOPICS):
        refusals = [s for s in resource_policies(full, name) if s["Effect"] == "Deny"]
        assert [s["Condition"] for s in refusals] == [{"Bool": {"aws:SecureTransport": "false"}}], name
        assert [s["Principal"] for s in refusals] == ["*"], name


def services_send_only_from_this_stack(stack: Stack) -> None:
    full = stack.given(**EVERYTHING)
    senders: dict[str, Any] = {
        "PushQueue": {"ArnEquals": {"aws:SourceArn": ["${PushRule.Arn}", "${PushersRule.Arn}"]}},
        "DeadLetterQueue": {"ArnEquals": {"aws:SourceArn": ["${PushRule.Arn}", "${PushersRule.Arn}"]}},
        "ChangesQueue": {"ArnEquals": {"aws:SourceArn": change_rules(full)}},
        "ChangesDeadLetterQueue": {"ArnEquals": {"aws:SourceArn": change_rules(full)}},
        "SlackQueue": {"ArnEquals": {"aws:SourceArn": "${AlertsTopic}"}},
        "SlackDeadLetterQueue": {"ArnEquals": {"aws:SourceArn": "${AlertsTopic}"}},
        "AlarmsTopic": {"ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:*"}},
        "AlertsTopic": None,
    }
    for name, condition in senders.items():
        allowed = [s for s in resource_policies(full, name) if s["Effect"] == "Allow"]
        assert [s.get("Condition") for s in allowed] == ([condition] if condition else []), name


def rules_that_exist_may_send(stack: Stack) -> None:
    for chosen in (*SOURCES, "none"):
        variant = stack.given(LinkedWorkloads=chosen)
        for name in ("ChangesQueue", "ChangesDeadLetterQueue"):
            allowed = [s["Condition"] for s in resource_policies(variant, name) if s["Effect"] == "Allow"]
            # An empty list is no condition that SQS takes.
            expected = [{"ArnEquals": {"aws:SourceArn": rules}}] if (rules := change_rules(variant)) else []
            assert allowed == expected, f"{chosen}: {name}"


def alarms_can_use_the_key(stack: Stack) -> None:
    statements = stack.properties("TopicsKey")["KeyPolicy"]["Statement"]
    granted = {
        action
        for statement in statements
        if statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
        for action in statement["Action"]
    }
    assert granted == {"kms:GenerateDataKey*", "kms:Decrypt"}


def nothing_is_lost_between_queues(stack: Stack) -> None:
    full = stack.given(**EVERYTHING)
    dead_letters = {
        "PushQueue": "DeadLetterQueue",
        "ChangesQueue": "ChangesDeadLetterQueue",
        "SlackQueue": "SlackDeadLetterQueue",
    }
    for queue, dead in dead_letters.items():
        assert full.properties(queue)["RedrivePolicy"]["deadLetterTargetArn"] == f"${{{dead}.Arn}}"
        for name in (queue, dead):
            assert full.properties(name)["MessageRetentionPeriod"] == 14 * 24 * 3600, name
    for name, rule in full.of_type("AWS::Events::Rule").items():
        queue = "PushQueue" if name in PUSH_RULES else "ChangesQueue"
        (target,) = rule["Targets"]
        assert target["Arn"] == f"${{{queue}.Arn}}", name
        assert target["DeadLetterConfig"] == {"Arn": f"${{{dead_letters[queue]}.Arn}}"}, name
    subscription = full.properties("SlackSubscription")
    assert subscription["TopicArn"] == "${AlertsTopic}"
    assert subscription["Endpoint"] == "${SlackQueue.Arn}"
    assert subscription["RawMessageDelivery"] is True
    assert subscription["RedrivePolicy"] == {"deadLetterTargetArn": "${SlackDeadLetterQueue.Arn}"}


def receives_agree(stack: Stack) -> None:
    for queue, function in {"PushQueue": "PushFunction", "ChangesQueue": "ChangesFunction"}.items():
        redrive = stack.properties(queue)["RedrivePolicy"]
        assert redrive["maxReceiveCount"] == 5, queue
        assert stack.environment(function)["MAX_RECEIVES"] == str(redrive["maxReceiveCount"]), function


def messages_stay_hidden_for_six_timeouts(stack: Stack) -> None:
    full = stack.given(**EVERYTHING)
    for function, source in sources(full):
        queue = full.properties(attribute_of(source["Queue"]))
        assert queue["VisibilityTimeout"] >= 6 * full.properties(function)["Timeout"], function


def batches_are_small_and_fail_in_part(stack: Stack) -> None:
    full = stack.given(**EVERYTHING, MaximumConcurrency="17")
    found = dict(sources(full))
    assert set(found) == {"PushFunction", "ChangesFunction", "SlackFunction"}
    for function, source in found.items():
        assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"], function
        assert source["BatchSize"] <= 10, function
    assert found["PushFunction"]["ScalingConfig"] == {"MaximumConcurrency": "17"}
    assert found["ChangesFunction"]["ScalingConfig"] == {"MaximumConcurrency": 2}


def sources(stack: Stack) -> Iterator[tuple[str, Properties]]:
    """The queues that functions take messages from."""
    for name, function in stack.of_type("AWS::Serverless::Function").items():
        for event in function.get("Events", {}).values():
            yield name, event["Properties"]


def change_rules(stack: Stack) -> list[str]:
    """The rules for changes of workloads, in the order of the template."""
    return [f"${{{name}.Arn}}" for name in stack.of_type("AWS::Events::Rule") if name not in PUSH_RULES]


def resource_policies(stack: Stack, resource: str) -> list[Properties]:
    """The statements of the policy that a queue or a topic has."""
    for policy in stack.of_type("AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy").values():
        if f"${{{resource}}}" in (policy.get("Queues") or policy["Topics"]):
            statements: list[Properties] = policy["PolicyDocument"]["Statement"]
            return statements
    return []
