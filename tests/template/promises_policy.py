"""What becomes of policies: the first one, the checks, the rollout, and what outlives the stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecrguard.policy_yaml import load_policy

if TYPE_CHECKING:
    from tests.template.stack import Stack


def first_policy_is_valid_and_empty(stack: Stack) -> None:
    policy = load_policy(stack.properties("InitialPolicy")["Content"].encode())
    assert policy.rules == ()


def first_policy_is_never_put_again(stack: Stack) -> None:
    """Any change to either of the two resources would replace it, and undo the policy in force."""
    assert stack.template["Resources"]["InitialPolicy"]["Properties"] == {
        "ApplicationId": {"Ref": "PolicyApplication"},
        "ConfigurationProfileId": {"Ref": "PolicyProfile"},
        "Description": "No rules; linked workloads decide",
        "ContentType": "application/x-yaml",
        "Content": "version: 1\nrules: []\n",
    }
    assert stack.template["Resources"]["PolicyDeployment"]["Properties"] == {
        "ApplicationId": {"Ref": "PolicyApplication"},
        "EnvironmentId": {"Ref": "PolicyEnvironment"},
        "ConfigurationProfileId": {"Ref": "PolicyProfile"},
        "ConfigurationVersion": {"Fn::GetAtt": "InitialPolicy.VersionNumber"},
        "DeploymentStrategyId": {"Ref": "PolicyDeploymentStrategy"},
    }
    assert stack.properties("PolicyDeploymentStrategy")["Name"] == "guard-at-once"


def policies_outlive_the_stack(stack: Stack) -> None:
    kept = {n for n, r in stack.resources.items() if r.get("DeletionPolicy", "Delete") != "Delete"}
    assert kept == {"PolicyApplication", "PolicyProfile", "InitialPolicy"}
    for name in kept:
        assert stack.resources[name]["DeletionPolicy"] == "RetainExceptOnCreate", name
        assert stack.resources[name]["UpdateReplacePolicy"] == "Retain", name


def policies_are_checked_before_they_count(stack: Stack) -> None:
    assert stack.properties("PolicyProfile")["Validators"] == [{"Type": "LAMBDA", "Content": "${PolicyFunction.Arn}"}]
    assert stack.properties("PolicyFunctionPermission")["Principal"] == "appconfig.amazonaws.com"
    assert stack.resources["PolicyDeployment"]["DependsOn"] == "PolicyFunctionPermission"
    assert stack.resources["InitialPolicy"]["DependsOn"] == "PolicyFunctionPermission"
    assert stack.resources["PushFunction"]["DependsOn"] == "PolicyDeployment"


def policies_take_effect_at_once(stack: Stack) -> None:
    strategy = stack.properties("PolicyDeploymentStrategy")
    assert (strategy["DeploymentDurationInMinutes"], strategy["FinalBakeTimeInMinutes"]) == (0, 0)
    assert strategy["GrowthFactor"] == 100
