from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

ROLE = "arn:aws:iam::000000000000:role/function"
VALIDATOR = """
import base64, json

def handler(event, context):
    assert set(event) == {"applicationId", "configurationProfileId", "configurationVersion", "content", "uri"}
    if "forbidden" in base64.b64decode(event["content"]).decode():
        raise ValueError("line 1: forbidden is not allowed")
"""
SCHEMA = {"$schema": "http://json-schema.org/draft-04/schema#", "type": "object", "required": ["rules"]}


def bundle(code: str) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        archive.writestr("app.py", code)
    return output.getvalue()


@pytest.fixture
def function(client: Callable[[str], Any], name: str) -> str:
    made = client("lambda").create_function(
        FunctionName=name, Runtime="python3.13", Role=ROLE, Handler="app.handler", Code={"ZipFile": bundle(VALIDATOR)}
    )
    arn: str = made["FunctionArn"]
    return arn


class Profile:
    """An application, an environment and a profile with one validator."""

    def __init__(self, appconfig: Any, name: str, validator: dict[str, str]) -> None:
        self._appconfig = appconfig
        application = appconfig.create_application(Name=name)["Id"]
        self.environment = appconfig.create_environment(ApplicationId=application, Name="all")["Id"]
        self.profile = appconfig.create_configuration_profile(
            ApplicationId=application, Name="policy", LocationUri="hosted", Validators=[validator]
        )["Id"]
        self.application = application

    def version(self, content: str) -> str:
        made = self._appconfig.create_hosted_configuration_version(
            ApplicationId=self.application,
            ConfigurationProfileId=self.profile,
            Content=content.encode(),
            ContentType="application/json",
        )
        return str(made["VersionNumber"])

    def deploy(self, version: str) -> Any:
        return self._appconfig.start_deployment(
            ApplicationId=self.application,
            EnvironmentId=self.environment,
            ConfigurationProfileId=self.profile,
            ConfigurationVersion=version,
            DeploymentStrategyId="AppConfig.AllAtOnce",
        )

    def validate(self, version: str) -> Any:
        return self._appconfig.validate_configuration(
            ApplicationId=self.application, ConfigurationProfileId=self.profile, ConfigurationVersion=version
        )

    def deployments(self) -> Any:
        found = self._appconfig.list_deployments(ApplicationId=self.application, EnvironmentId=self.environment)
        return found["Items"]


@pytest.fixture(params=["LAMBDA", "JSON_SCHEMA"])
def profile(request: pytest.FixtureRequest, client: Callable[[str], Any], name: str) -> Profile:
    lambda_ = request.param == "LAMBDA"
    content = request.getfixturevalue("function") if lambda_ else json.dumps(SCHEMA)
    return Profile(client("appconfig"), name, {"Type": request.param, "Content": content})


def test_a_validator_lets_a_good_version_be_deployed(profile: Profile) -> None:
    version = profile.version('{"rules": []}')
    profile.validate(version)
    profile.deploy(version)
    assert [item["ConfigurationVersion"] for item in profile.deployments()] == [version]


def test_a_validator_keeps_a_bad_version_out_and_says_why(profile: Profile) -> None:
    version = profile.version('{"forbidden": 1}')
    for attempt in (profile.validate, profile.deploy):
        with pytest.raises(ClientError) as refused:
            attempt(version)
        answer: Any = refused.value.response
        assert answer["Error"]["Code"] == "BadRequestException"
        assert answer["Reason"] == "InvalidConfiguration"
        [detail] = answer["Details"]["InvalidConfiguration"]
        assert detail["Reason"] in {"line 1: forbidden is not allowed", "'rules' is a required property"}
    assert profile.deployments() == []


def test_a_version_that_does_not_exist_is_not_validated(profile: Profile) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        profile.validate("99")


def test_cloudformation_is_held_to_the_validator_too(client: Callable[[str], Any], function: str, name: str) -> None:
    resources: dict[str, Any] = {
        "Application": {"Type": "AWS::AppConfig::Application", "Properties": {"Name": name}},
        "Environment": {
            "Type": "AWS::AppConfig::Environment",
            "Properties": {"ApplicationId": {"Ref": "Application"}, "Name": "all"},
        },
        "Profile": {
            "Type": "AWS::AppConfig::ConfigurationProfile",
            "Properties": {
                "ApplicationId": {"Ref": "Application"},
                "Name": "policy",
                "LocationUri": "hosted",
                "Validators": [{"Type": "LAMBDA", "Content": function}],
            },
        },
        "Version": {
            "Type": "AWS::AppConfig::HostedConfigurationVersion",
            "Properties": {
                "ApplicationId": {"Ref": "Application"},
                "ConfigurationProfileId": {"Ref": "Profile"},
                "Content": "forbidden",
                "ContentType": "text/plain",
            },
        },
        "Deployment": {
            "Type": "AWS::AppConfig::Deployment",
            "Properties": {
                "ApplicationId": {"Ref": "Application"},
                "EnvironmentId": {"Ref": "Environment"},
                "ConfigurationProfileId": {"Ref": "Profile"},
                "ConfigurationVersion": {"Ref": "Version"},
                "DeploymentStrategyId": "AppConfig.AllAtOnce",
            },
        },
    }
    cloudformation = client("cloudformation")
    cloudformation.create_stack(
        StackName=name, TemplateBody=json.dumps({"Resources": resources}), OnFailure="DO_NOTHING"
    )
    waiter = cloudformation.get_waiter("stack_create_complete")
    with pytest.raises(Exception, match="Waiter StackCreateComplete failed"):
        waiter.wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 10})
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    reasons = [event.get("ResourceStatusReason", "") for event in events]
    assert any("forbidden is not allowed" in reason for reason in reasons)
