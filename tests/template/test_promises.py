from __future__ import annotations

import pytest
from tests.template import promises
from tests.template.promises import PROMISES, Promise
from tests.template.stack import Stack

from ecrguard.domain.policy_document import PolicyError
from ecrguard.errors import EcrguardError

BREAKING: list[tuple[Promise, str, str]] = [
    (promises.audit_cannot_write_to_ecr, "    Condition: MayTag\n", ""),
    (
        promises.tag_adds_put_image_and_nothing_else,
        "Action: ecr:PutImage",
        "Action: [ecr:PutImage, ecr:BatchDeleteImage]",
    ),
    (promises.default_is_audit, "Default: audit", "Default: tag"),
    (promises.actions_are_named_in_full, "Action: ecs:DescribeServices", "Action: ecs:Describe*"),
    (promises.permissions_are_those_of_the_calls, "ecs:ListClusters, ", "ecs:ListClusters, ecs:ListTasks, "),
    (promises.permissions_are_those_of_the_calls, "ecr:DescribeImages, ", ""),
    (promises.actions_exist, "Action: apprunner:ListServices", "Action: apprunner:ListService"),
    (
        promises.every_resource_only_where_aws_has_none,
        "Action: apprunner:ListServices",
        "Action: apprunner:DescribeService",
    ),
    (promises.statements_have_names_of_their_own, "Sid: ReadThePolicy", "Sid: ReadImages"),
    (promises.only_linked_services_are_read, "    Condition: ReadsAppRunner\n", ""),
    (promises.only_linked_services_are_read, "LINKED_WORKLOADS: !Ref LinkedWorkloads", "LINKED_WORKLOADS: ecs"),
    (promises.linked_services_are_only_read, "Action: ecs:DescribeServices", "Action: ecs:UpdateService"),
    (promises.repository_pattern_narrows_ecr, "repository/${RepositoryPattern}", "repository/*"),
    (promises.push_can_do_its_work, "Action: [kms:GenerateDataKey, kms:Decrypt]", "Action: [kms:GenerateDataKey]"),
    (promises.slack_reads_its_secret_only, "Resource: !Ref SlackWebhookSecretArn", 'Resource: "*"'),
    (promises.slack_reads_its_secret_only, "    Condition: HasSlackKey\n", "    Condition: HasSlack\n"),
    (
        promises.policy_function_only_logs,
        "Resource: !GetAtt PolicyLogGroup.Arn",
        'Resource: "*"\n              - {Sid: More, Effect: Allow, Action: s3:GetObject, Resource: "*"}',
    ),
    (promises.queues_and_topics_are_encrypted, "      SqsManagedSseEnabled: true\n", ""),
    (promises.queues_and_topics_are_encrypted, "KmsMasterKeyId: !Ref TopicsKey", "KmsMasterKeyId: alias/aws/sns"),
    (promises.queues_and_topics_refuse_plain_http, "- Sid: TlsOnly\n            Effect: Deny", "- Effect: Allow"),
    (promises.services_send_only_from_this_stack, "Condition: {ArnEquals: {aws:SourceArn: !GetAtt PushRule.Arn}}", ""),
    (promises.alarms_can_use_the_key, "Principal: {Service: cloudwatch.amazonaws.com}", "Principal: {AWS: '*'}"),
    (promises.nothing_is_lost_between_queues, "MessageRetentionPeriod: 1209600", "MessageRetentionPeriod: 60"),
    (promises.nothing_is_lost_between_queues, "RawMessageDelivery: true", "RawMessageDelivery: false"),
    (promises.receives_agree, 'MAX_RECEIVES: "5"', 'MAX_RECEIVES: "3"'),
    (promises.messages_stay_hidden_for_six_timeouts, "Timeout: 120\n", "Timeout: 121\n"),
    (promises.batches_are_small_and_fail_in_part, "FunctionResponseTypes: [ReportBatchItemFailures]", ""),
    (
        promises.batches_are_small_and_fail_in_part,
        "MaximumConcurrency: !Ref MaximumConcurrency",
        "MaximumConcurrency: 5",
    ),
    (promises.rule_takes_the_events_that_are_handled, "[PUSH, REPLICATE]", "[PUSH]"),
    (
        promises.rule_takes_the_events_that_are_handled,
        "[UPDATE_STORAGE_CLASS]",
        "[RESTORE]",
    ),
    (promises.rule_leaves_what_is_no_push, "result: [SUCCESS]", "result: [SUCCESS, FAILURE]"),
    (promises.repository_pattern_narrows_the_rule, "[{wildcard: !Ref RepositoryPattern}]", '[{wildcard: "*"}]'),
    (promises.functions_know_what_they_need, "SLACK_QUEUE_URL: !GetAtt SlackQueue.QueueUrl", ""),
    (promises.push_accepts_its_configuration, 'MAX_RECEIVES: "5"', 'MAX_RECEIVES: "five"'),
    (promises.functions_log_where_it_expires, "RetentionInDays: !Ref LogRetentionDays", "KmsKeyId: none"),
    (promises.functions_log_where_it_expires, "LogFormat: Text", "LogFormat: JSON"),
    (promises.functions_are_the_handlers, "Handler: policy.handler", "Handler: app.handler"),
    (promises.slack_is_there_only_when_asked_for, "    Condition: HasSlack\n", ""),
    (promises.email_is_there_only_when_asked_for, "    Condition: HasEmail\n", ""),
    (
        promises.two_stacks_fit_into_one_account_and_region,
        "DisplayName: ecrguard\n",
        "DisplayName: ecrguard\n      TopicName: ecrguard-alerts\n",
    ),
    (promises.first_policy_is_valid_and_empty, "        version: 1\n", "        version: 2\n"),
    (promises.first_policy_is_never_put_again, "Description: No rules; linked workloads decide", "Description: Empty"),
    (promises.policies_outlive_the_stack, "DeletionPolicy: RetainExceptOnCreate", "DeletionPolicy: Delete"),
    (promises.policies_are_checked_before_they_count, "DependsOn: PolicyDeployment\n", "DependsOn: PolicyProfile\n"),
    (promises.policies_take_effect_at_once, "FinalBakeTimeInMinutes: 0", "FinalBakeTimeInMinutes: 10"),
    (promises.a_guard_that_has_stopped_says_so, "MetricName: Throttles", "MetricName: Invocations"),
    (promises.alarms_ring_and_say_what_to_do, "AlarmActions: [!Ref AlarmsTopic]", "AlarmActions: [!Ref AlertsTopic]"),
    (promises.alarm_counts_what_the_function_counts, "Namespace: ecrguard", "Namespace: ecrguard2"),
    (promises.parameters_are_grouped_labelled_and_explained, "LogLevel, LogRetentionDays]", "LogLevel]"),
    (promises.outputs_are_there_and_explained, "  PushQueueUrl:\n", "  QueueUrl:\n"),
]


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
def test_the_template_keeps_its_promise(promise: Promise) -> None:
    promise(Stack())


@pytest.mark.parametrize(("promise", "old", "new"), BREAKING, ids=lambda value: getattr(value, "__name__", ""))
def test_a_changed_template_breaks_it(promise: Promise, old: str, new: str) -> None:
    text = Stack().text
    assert old in text
    changed = Stack(text.replace(old, new))
    assert changed.template != Stack().template
    with pytest.raises((AssertionError, LookupError, EcrguardError, PolicyError)):
        promise(changed)


def test_every_promise_can_be_broken() -> None:
    assert {promise for promise, _, _ in BREAKING} == set(PROMISES)
