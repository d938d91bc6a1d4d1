"""What whoever deploys the stack sees of it: its parameters and its outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.template.variants import EVERYTHING

if TYPE_CHECKING:
    from tests.template.stack import Stack


def parameters_are_grouped_labelled_and_explained(stack: Stack) -> None:
    interface = stack.template["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
    declared = stack.template["Parameters"]
    assert sorted(grouped) == sorted(declared)
    assert set(interface["ParameterLabels"]) == set(declared)
    for name, parameter in declared.items():
        assert "Default" in parameter, name
        assert len(parameter["Description"]) > 20, name
        assert parameter.keys() & {"AllowedValues", "AllowedPattern", "MinValue"}, name
        assert "AllowedPattern" not in parameter or "ConstraintDescription" in parameter, name


def outputs_are_there_and_explained(stack: Stack) -> None:
    full = stack.given(**EVERYTHING)
    expected = {
        "AlertsTopicArn": "${AlertsTopic}",
        "AlarmsTopicArn": "${AlarmsTopic}",
        "PushQueueUrl": "${PushQueue.QueueUrl}",
        "DeadLetterQueueUrl": "${DeadLetterQueue.QueueUrl}",
        "SlackQueueUrl": "${SlackQueue.QueueUrl}",
        "PushRoleArn": "${PushRole.Arn}",
        "SlackDeadLetterQueueUrl": "${SlackDeadLetterQueue.QueueUrl}",
        "PushFunctionName": "${PushFunction}",
        "PushLogGroupName": "${PushLogGroup}",
        "InventoryTableName": "${InventoryTable}",
        "ReconcileFunctionName": "${ReconcileFunction}",
        "ReconcileLogGroupName": "${ReconcileLogGroup}",
        "ChangesFunctionName": "${ChangesFunction}",
        "ChangesQueueUrl": "${ChangesQueue.QueueUrl}",
        "ChangesDeadLetterQueueUrl": "${ChangesDeadLetterQueue.QueueUrl}",
        "PolicyApplicationId": "${PolicyApplication}",
        "PolicyEnvironmentId": "${PolicyEnvironment}",
        "PolicyProfileId": "${PolicyProfile}",
        "PolicyDeploymentStrategyId": "${PolicyDeploymentStrategy}",
    }
    assert {name: output["Value"] for name, output in full.outputs.items()} == expected
    for name, output in full.outputs.items():
        assert output["Description"], name
