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
        promises.each_level_may_write_what_it_names_and_nothing_else,
        "Action: ecr:PutImage",
        "Action: [ecr:PutImage, ecr:BatchDeleteImage]",
    ),
    (
        promises.each_level_may_write_what_it_names_and_nothing_else,
        "[ecr:BatchDeleteImage, ecr:PutImage]",
        "ecr:PutImage",
    ),
    (
        promises.each_level_may_write_what_it_names_and_nothing_else,
        "!Equals [!Ref Enforcement, archive]",
        "!Equals [!Ref Enforcement, tag]",
    ),
    (
        promises.each_level_may_write_what_it_names_and_nothing_else,
        "      PolicyName: archive\n      Roles: [!Ref ReconcileRole]",
        "      PolicyName: archive\n      Roles: [!Ref ReconcileRole, !Ref ChangesRole]",
    ),
    (
        promises.a_level_takes_nothing_from_those_before_it,
        "!Or [!Condition MayArchive, ",
        "!Or [!Condition MayDelete, ",
    ),
    (promises.writes_are_granted_by_level_alone, "    Condition: MayDelete\n", "    Condition: HasEmail\n"),
    (promises.default_is_audit, "Default: audit", "Default: tag"),
    (promises.own_roles_are_those_that_may_push, "${PushRole.Arn},${ReconcileRole.Arn}", "${PushRole.Arn}"),
    (promises.table_is_written_by_those_whose_part_it_is, '"ledger#*", ', ""),
    (promises.table_is_written_by_those_whose_part_it_is, '["thread#*"]', '["*"]'),
    (promises.table_is_written_by_those_whose_part_it_is, "BatchWriteItem]", "BatchWriteItem, dynamodb:PutItem]"),
    (promises.table_is_written_by_those_whose_part_it_is, "- dynamodb:Query", "- dynamodb:DeleteTable"),
    (promises.table_is_written_by_those_whose_part_it_is, "[dynamodb:GetItem, dynamodb:PutItem]", "dynamodb:GetItem"),
    (promises.actions_are_named_in_full, "Action: lambda:GetFunction", "Action: lambda:Get*"),
    (promises.permissions_are_those_of_the_calls, "ecs:ListClusters, ", "ecs:ListClusters, ecs:ListAttributes, "),
    (promises.permissions_are_those_of_the_calls, "                  - sqs:ChangeMessageVisibility\n", ""),
    (promises.permissions_are_those_of_the_calls, "ecr:DescribeImages, ", ""),
    (promises.actions_exist, "Action: apprunner:ListServices", "Action: apprunner:ListService"),
    (
        promises.every_resource_only_where_aws_has_none,
        "Action: apprunner:ListServices",
        "Action: apprunner:DescribeService",
    ),
    (promises.statements_have_names_of_their_own, "Sid: ReadThePolicy", "Sid: ReadImages"),
    (promises.only_linked_workloads_are_read, "    Condition: ReadsAppRunner\n", ""),
    (promises.only_linked_workloads_are_read, '",lambda,"', '",lambdas,"'),
    (
        promises.only_linked_workloads_are_read,
        "Action: lambda:GetFunction",
        "Action: [lambda:GetFunction, lambda:GetPolicy]",
    ),
    (promises.only_linked_workloads_are_read, "LINKED_WORKLOADS: !Ref LinkedWorkloads", "LINKED_WORKLOADS: ecs"),
    (promises.no_statement_is_for_two_sources, "    Condition: ReadsTasks\n", "    Condition: ReadsEcs\n"),
    (promises.workloads_are_only_read, "Action: lambda:GetFunction", "Action: lambda:UpdateFunctionCode"),
    (promises.push_reads_no_workloads_where_it_takes_no_tag_away, "!If [MayQuarantine,", "!If [MayTag,"),
    (promises.push_reads_no_workloads_where_it_takes_no_tag_away, "Action: dynamodb:Query", "Action: dynamodb:GetItem"),
    (promises.only_linked_workloads_are_read, "!If [MayQuarantine,", "!If [MayArchive,"),
    (promises.policies_fit_into_a_role, "Sid: ReadTasks", f"Sid: {'ReadTasks' * 500}"),
    (
        promises.changed_workloads_can_be_judged,
        "- Sid: Alert\n            Effect: Allow",
        "- Sid: Alert\n            Effect: Deny",
    ),
    (promises.repository_pattern_narrows_ecr, "repository/${RepositoryPattern}", "repository/*"),
    (promises.repository_pattern_narrows_ecr, "!Ref EnforcementPattern, !Ref Rep", "!Ref RepositoryPattern, !Ref Rep"),
    (promises.repository_pattern_narrows_ecr, "!Ref EnforcementPattern, !Ref RepositoryPattern", "x, '*'"),
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
    (promises.services_send_only_from_this_stack, "[!GetAtt PushRule.Arn, !GetAtt PushersRule.Arn]", '"*"'),
    (promises.rules_that_exist_may_send, "- !If [ReadsTasks, !GetAtt", "- !If [ReadsEcs, !GetAtt"),
    (
        promises.rules_that_exist_may_send,
        "          - !If\n            - HearsChanges\n",
        "          - !If\n            - HearsCalls\n",
    ),
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
    (promises.changes_that_are_handled_are_heard_once, "AppRunner Service Status Change]", "AppRunner Change]"),
    (promises.changes_are_heard_of_linked_sources_only, "    Condition: ReadsTasks\n", ""),
    (promises.changes_are_heard_of_linked_sources_only, "ECS Deployment State Change, ", ""),
    (promises.calls_that_are_handled_are_heard_and_no_others, "            - CreateProject\n", ""),
    (promises.calls_that_are_handled_are_heard_and_no_others, "[ReadsLambda, aws.lambda,", "[ReadsEcs, aws.lambda,"),
    (
        promises.calls_that_are_handled_are_heard_and_no_others,
        "eventName: [CreateEndpoint,",
        "eventName: [CreateModel,",
    ),
    (promises.what_changes_nothing_is_not_heard, "          errorCode: [{exists: false}]\n", ""),
    (promises.what_changes_nothing_is_not_heard, '          group: [{anything-but: {prefix: "service:"}}]\n', ""),
    (
        promises.who_pushed_is_heard_and_no_other_call,
        "eventName: [PutImage]",
        "eventName: [PutImage, BatchDeleteImage]",
    ),
    (
        promises.who_pushed_is_heard_and_no_other_call,
        "            repositoryName: [{wildcard: !Ref RepositoryPattern}]",
        '            repositoryName: [{wildcard: "*"}]',
    ),
    (promises.inventory_is_what_the_adapters_expect, "AttributeName: expires", "AttributeName: expiry"),
    (promises.inventory_is_encrypted_and_paid_by_use, "      SSESpecification: {SSEEnabled: true}\n", ""),
    (
        promises.inventory_is_encrypted_and_paid_by_use,
        "PointInTimeRecoveryEnabled: true",
        "PointInTimeRecoveryEnabled: false",
    ),
    (promises.reconcile_ticks_and_never_piles_up, "rate(5 minutes)", "rate(1 minute)"),
    (promises.reconcile_ticks_and_never_piles_up, '{Mode: "OFF"}', "{Mode: OFF}"),
    (
        promises.reconcile_ticks_and_never_piles_up,
        "EventInvokeConfig: {MaximumRetryAttempts: 0,",
        "EventInvokeConfig: {",
    ),
    (
        promises.schedule_starts_the_reconcile_function_alone,
        "Action: lambda:InvokeFunction\n                Resource: !GetAtt ReconcileFunction.Arn",
        'Action: lambda:InvokeFunction\n                Resource: "*"',
    ),
    (
        promises.inventory_is_read_as_often_as_asked,
        "RECONCILE_MINUTES: !Ref ReconcileMinutes",
        'RECONCILE_MINUTES: "60"',
    ),
    (promises.all_sources_but_eks_are_on_by_default, "codebuild,agentcore,sagemaker\n", "codebuild,agentcore\n"),
    (promises.functions_know_what_they_need, "SLACK_QUEUE_URL: !GetAtt SlackQueue.QueueUrl", ""),
    (promises.functions_know_how_far_they_may_go, "HISTORY_DAYS: !Ref HistoryDays", 'HISTORY_DAYS: "90"'),
    (
        promises.functions_know_how_far_they_may_go,
        "[audit, tag, quarantine, archive, delete]",
        "[audit, tag, quarantine, archive]",
    ),
    (promises.functions_accept_their_configuration, 'MAX_RECEIVES: "5"', 'MAX_RECEIVES: "five"'),
    (
        promises.functions_accept_their_configuration,
        "RECONCILE_MINUTES: !Ref ReconcileMinutes",
        "RECONCILE_MINUTES: hourly",
    ),
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
    (promises.a_guard_that_has_stopped_says_so, "MetricName: InventoryOverdue", "MetricName: InventoryAge"),
    (promises.a_guard_that_has_stopped_says_so, "MetricName: HourlyCapReached", "MetricName: ActionsRefused"),
    (promises.alarms_ring_and_say_what_to_do, "      InsufficientDataActions: [!Ref AlarmsTopic]\n", ""),
    (
        promises.rules_that_exist_are_watched,
        "          - ReadsTasks\n          - Id",
        "          - ReadsEcs\n          - Id",
    ),
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
