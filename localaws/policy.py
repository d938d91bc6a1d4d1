"""Puts a policy in force on a deployed stack, the way docs/deploy.md does it with the AWS CLI."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from localaws.deployment import Deployment

_WAIT_SECONDS: Final = 30.0


class RefusedError(Exception):
    """AppConfig's validator refused the policy: what it says is wrong."""


def put(deployment: Deployment, document: str) -> int:
    """Store ``document`` as a new version and deploy it; returns the version's number once it is in force.

    Raises:
        RefusedError: the validator says no; what was in force stays.
    """
    appconfig = deployment.client("appconfig")
    application = {"ApplicationId": deployment.outputs["PolicyApplicationId"]}
    profile = {"ConfigurationProfileId": deployment.outputs["PolicyProfileId"]}
    environment = {"EnvironmentId": deployment.outputs["PolicyEnvironmentId"]}
    version: int = appconfig.create_hosted_configuration_version(
        **application, **profile, Content=document.encode(), ContentType="application/x-yaml"
    )["VersionNumber"]
    try:
        started = appconfig.start_deployment(
            **application,
            **profile,
            **environment,
            ConfigurationVersion=str(version),
            DeploymentStrategyId=deployment.outputs["PolicyDeploymentStrategyId"],
        )
    except ClientError as error:
        raise _refusal(error) from error
    _wait_until_in_force(appconfig, application | environment, started["DeploymentNumber"])
    return version


def _wait_until_in_force(appconfig: Any, where: dict[str, str], number: int) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while (state := appconfig.get_deployment(**where, DeploymentNumber=number)["State"]) != "COMPLETE":
        if time.monotonic() > deadline:
            raise TimeoutError(f"AppConfig deployment {number} is still {state}")
        time.sleep(0.1)


def _refusal(error: ClientError) -> Exception:
    details: Any = error.response.get("Details")
    if error.response["Error"]["Code"] != "BadRequestException" or not details:
        return error
    return RefusedError("\n".join(detail["Reason"] for detail in details["InvalidConfiguration"]))
