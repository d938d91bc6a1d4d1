"""Putting a policy in force: a new version in AppConfig, deployed with the stack's own strategy."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3

from ecrguard.cli.stack import outputs_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CONTENT_TYPE = "application/x-yaml"
WAIT_SECONDS = 60
"""How long a deployment is waited for; the stack's strategy takes a few seconds."""

_OUTPUTS = ("PolicyApplicationId", "PolicyEnvironmentId", "PolicyProfileId", "PolicyDeploymentStrategyId")
_ENDED = frozenset({"ROLLED_BACK", "REVERTED"})


class DeploymentError(Exception):
    """The policy is not in force. The message says why."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """A version that is in force.

    Attributes:
        version: number of the version.
        number: of the deployment that put it in force.
    """

    version: int
    number: int


@dataclass(frozen=True, slots=True)
class Deployer:
    """Deploys policies to one stack.

    Attributes:
        appconfig: boto3's AppConfig client.
        outputs: of the stack, by name.
        sleep: waits for some seconds.
    """

    appconfig: Any
    outputs: Mapping[str, str]
    sleep: Callable[[float], None] = time.sleep

    @classmethod
    def of_stack(cls, stack: str) -> Deployer:
        """The deployer for a deployed stack, in the account and Region that boto3 is configured for.

        Raises:
            StackError: the stack is not one of this product.
        """
        outputs = outputs_of(stack, *_OUTPUTS)
        return cls(boto3.client("appconfig"), outputs)

    def put(self, content: bytes) -> Deployed:
        """Put the policy in force and wait until it is.

        Raises:
            DeploymentError: the deployment was rolled back, or did not end in time.
        """
        where = {"ApplicationId": self.outputs["PolicyApplicationId"]}
        profile = self.outputs["PolicyProfileId"]
        version = self.appconfig.create_hosted_configuration_version(
            **where, ConfigurationProfileId=profile, Content=content, ContentType=CONTENT_TYPE
        )["VersionNumber"]
        where["EnvironmentId"] = self.outputs["PolicyEnvironmentId"]
        number = self.appconfig.start_deployment(
            **where,
            ConfigurationProfileId=profile,
            ConfigurationVersion=str(version),
            DeploymentStrategyId=self.outputs["PolicyDeploymentStrategyId"],
        )["DeploymentNumber"]
        for _ in range(WAIT_SECONDS):
            deployment = self.appconfig.get_deployment(**where, DeploymentNumber=number)
            if deployment["State"] == "COMPLETE":
                return Deployed(version, number)
            if deployment["State"] in _ENDED:
                events = deployment.get("EventLog") or [{}]
                raise DeploymentError(
                    f"version {version} is not in force: deployment {number} ended as {deployment['State']}; "
                    f"{events[0].get('Description', 'AppConfig gives no reason')}"
                )
            self.sleep(1)
        raise DeploymentError(f"deployment {number} of version {version} has not ended after {WAIT_SECONDS} seconds")
