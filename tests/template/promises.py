"""What the stack promises, each as a check that a changed template can break (test_promises.py breaks every one).

The checks are in promises_*.py, and known here by their names.
"""

# mypy: implicit-reexport

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.template.promises_alarms import (
    a_guard_that_has_stopped_says_so,
    alarm_counts_what_the_function_counts,
    alarms_ring_and_say_what_to_do,
    rules_that_exist_are_watched,
)
from tests.template.promises_events import (
    calls_that_are_handled_are_heard_and_no_others,
    changes_are_heard_of_linked_sources_only,
    changes_that_are_handled_are_heard_once,
    repository_pattern_narrows_the_rule,
    rule_leaves_what_is_no_push,
    rule_takes_the_events_that_are_handled,
    what_changes_nothing_is_not_heard,
    who_pushed_is_heard_and_no_other_call,
)
from tests.template.promises_functions import (
    email_is_there_only_when_asked_for,
    functions_accept_their_configuration,
    functions_are_the_handlers,
    functions_know_how_far_they_may_go,
    functions_know_what_they_need,
    functions_log_where_it_expires,
    slack_is_there_only_when_asked_for,
    two_stacks_fit_into_one_account_and_region,
)
from tests.template.promises_interface import (
    outputs_are_there_and_explained,
    parameters_are_grouped_labelled_and_explained,
)
from tests.template.promises_inventory import (
    all_sources_but_eks_are_on_by_default,
    inventory_is_encrypted_and_paid_by_use,
    inventory_is_read_as_often_as_asked,
    inventory_is_what_the_adapters_expect,
    reconcile_ticks_and_never_piles_up,
    schedule_starts_the_reconcile_function_alone,
)
from tests.template.promises_levels import (
    a_level_takes_nothing_from_those_before_it,
    audit_cannot_write_to_ecr,
    default_is_audit,
    each_level_may_write_what_it_names_and_nothing_else,
    own_roles_are_those_that_may_push,
    table_is_written_by_those_whose_part_it_is,
    writes_are_granted_by_level_alone,
)
from tests.template.promises_permissions import (
    actions_are_named_in_full,
    actions_exist,
    changed_workloads_can_be_judged,
    every_resource_only_where_aws_has_none,
    no_statement_is_for_two_sources,
    only_linked_workloads_are_read,
    permissions_are_those_of_the_calls,
    policies_fit_into_a_role,
    policy_function_only_logs,
    push_can_do_its_work,
    push_reads_no_workloads_where_it_takes_no_tag_away,
    repository_pattern_narrows_ecr,
    slack_reads_its_secret_only,
    statements_have_names_of_their_own,
    workloads_are_only_read,
)
from tests.template.promises_policy import (
    first_policy_is_never_put_again,
    first_policy_is_valid_and_empty,
    policies_are_checked_before_they_count,
    policies_outlive_the_stack,
    policies_take_effect_at_once,
)
from tests.template.promises_queues import (
    alarms_can_use_the_key,
    batches_are_small_and_fail_in_part,
    messages_stay_hidden_for_six_timeouts,
    nothing_is_lost_between_queues,
    queues_and_topics_are_encrypted,
    queues_and_topics_refuse_plain_http,
    receives_agree,
    rules_that_exist_may_send,
    services_send_only_from_this_stack,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.template.stack import Stack

type Promise = Callable[[Stack], None]

PROMISES: tuple[Promise, ...] = (
    audit_cannot_write_to_ecr,
    each_level_may_write_what_it_names_and_nothing_else,
    a_level_takes_nothing_from_those_before_it,
    writes_are_granted_by_level_alone,
    default_is_audit,
    own_roles_are_those_that_may_push,
    table_is_written_by_those_whose_part_it_is,
    actions_are_named_in_full,
    actions_exist,
    permissions_are_those_of_the_calls,
    every_resource_only_where_aws_has_none,
    statements_have_names_of_their_own,
    only_linked_workloads_are_read,
    no_statement_is_for_two_sources,
    workloads_are_only_read,
    push_reads_no_workloads_where_it_takes_no_tag_away,
    policies_fit_into_a_role,
    repository_pattern_narrows_ecr,
    push_can_do_its_work,
    changed_workloads_can_be_judged,
    slack_reads_its_secret_only,
    policy_function_only_logs,
    queues_and_topics_are_encrypted,
    queues_and_topics_refuse_plain_http,
    services_send_only_from_this_stack,
    rules_that_exist_may_send,
    alarms_can_use_the_key,
    nothing_is_lost_between_queues,
    receives_agree,
    messages_stay_hidden_for_six_timeouts,
    batches_are_small_and_fail_in_part,
    rule_takes_the_events_that_are_handled,
    rule_leaves_what_is_no_push,
    repository_pattern_narrows_the_rule,
    changes_that_are_handled_are_heard_once,
    changes_are_heard_of_linked_sources_only,
    calls_that_are_handled_are_heard_and_no_others,
    what_changes_nothing_is_not_heard,
    who_pushed_is_heard_and_no_other_call,
    inventory_is_what_the_adapters_expect,
    inventory_is_encrypted_and_paid_by_use,
    reconcile_ticks_and_never_piles_up,
    schedule_starts_the_reconcile_function_alone,
    inventory_is_read_as_often_as_asked,
    all_sources_but_eks_are_on_by_default,
    functions_know_what_they_need,
    functions_know_how_far_they_may_go,
    functions_accept_their_configuration,
    functions_log_where_it_expires,
    functions_are_the_handlers,
    slack_is_there_only_when_asked_for,
    email_is_there_only_when_asked_for,
    two_stacks_fit_into_one_account_and_region,
    first_policy_is_valid_and_empty,
    first_policy_is_never_put_again,
    policies_outlive_the_stack,
    policies_are_checked_before_they_count,
    policies_take_effect_at_once,
    a_guard_that_has_stopped_says_so,
    alarms_ring_and_say_what_to_do,
    alarm_counts_what_the_function_counts,
    rules_that_exist_are_watched,
    parameters_are_grouped_labelled_and_explained,
    outputs_are_there_and_explained,
)
