"""What holds for the inventory: how it is kept, and what keeps it true."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.template.stack import as_list

from ecrguard.config import SOURCES

if TYPE_CHECKING:
    from tests.template.stack import Stack


def inventory_is_what_the_adapters_expect(stack: Stack) -> None:
    table = stack.properties("InventoryTable")
    assert [(key["AttributeName"], key["KeyType"]) for key in table["KeySchema"]] == [("pk", "HASH"), ("sk", "RANGE")]
    assert {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]} == {
        "pk": "S",
        "sk": "S",
    }
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}


def inventory_is_encrypted_and_paid_by_use(stack: Stack) -> None:
    table = stack.properties("InventoryTable")
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    # Under a key that lets in whoever may use the table; any other would need permissions of its own.
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def reconcile_ticks_and_never_piles_up(stack: Stack) -> None:
    schedule, function = stack.properties("ReconcileSchedule"), stack.properties("ReconcileFunction")
    assert schedule["ScheduleExpression"] == "rate(5 minutes)"
    assert function["Timeout"] == 5 * 60
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert schedule.get("State", "ENABLED") == "ENABLED"
    assert schedule["Target"]["Arn"] == "${ReconcileFunction.Arn}"
    assert schedule["Target"]["RetryPolicy"] == {"MaximumRetryAttempts": 0}
    assert function["EventInvokeConfig"] == {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 5 * 60}


def schedule_starts_the_reconcile_function_alone(stack: Stack) -> None:
    assert stack.properties("ReconcileSchedule")["Target"]["RoleArn"] == "${ReconcileScheduleRole.Arn}"
    role = stack.properties("ReconcileScheduleRole")
    (trusted,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trusted["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    allowed = [statement for policy in role["Policies"] for statement in policy["PolicyDocument"]["Statement"]]
    assert [(as_list(each["Action"]), each["Resource"]) for each in allowed] == [
        (["lambda:InvokeFunction"], "${ReconcileFunction.Arn}")
    ]
    assert not [p for p in stack.of_type("AWS::IAM::Policy").values() if "${ReconcileScheduleRole}" in p["Roles"]]


def inventory_is_read_as_often_as_asked(stack: Stack) -> None:
    declared = stack.template["Parameters"]["ReconcileMinutes"]
    assert (declared["Default"], declared["MinValue"], declared["MaxValue"]) == (60, 15, 24 * 60)
    asked = stack.given(ReconcileMinutes="240")
    for function in ("ReconcileFunction", "ChangesFunction", "PushFunction"):
        assert asked.environment(function)["RECONCILE_MINUTES"] == "240", function
        assert asked.environment(function)["INVENTORY_TABLE"] == "${InventoryTable}", function


def all_sources_but_eks_are_on_by_default(stack: Stack) -> None:
    assert stack.parameters["LinkedWorkloads"].split(",") == [name for name in SOURCES if name != "eks"]
