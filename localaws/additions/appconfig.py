"""AWS AppConfig: the validators of a configuration profile run before a version is deployed.

A deployment whose configuration a validator refuses does not begin (user guide, "Understanding validators"). That holds
for deployments that CloudFormation starts, too.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
from typing import TYPE_CHECKING, Any, Final

import jsonschema

from localaws.additions import host, model

if TYPE_CHECKING:
    from localaws.additions.host import Handler, Record, Reply

_DEPLOYMENTS: Final = re.compile(r"/applications/([^/]+)/environments/[^/]+/deployments")
_VALIDATORS: Final = re.compile(r"/applications/([^/]+)/configurationprofiles/([^/]+)/validators")


class InvalidConfigurationError(Exception):
    """A validator refused a version: the sentence for a person, and AWS's detail of it."""

    def __init__(self, message: str, detail: Record) -> None:
        super().__init__(message)
        self.detail = detail


class NoSuchVersionError(Exception):
    """The configuration profile, or its version, does not exist."""


def validating(otherwise: Handler) -> Handler:
    """AppConfig in front of ``otherwise``: ValidateConfiguration, and StartDeployment with the validators run first."""

    async def serve(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]) -> Reply:
        if method != "POST":
            return await otherwise(method, path, headers, body, query)
        if asked := _VALIDATORS.fullmatch(path):
            version = query.get("configuration_version", [""])[0]
            refusal = await asyncio.to_thread(_refusal, "ValidateConfiguration", asked[1], asked[2], version)
            return refusal or (204, {}, b"")
        if started := _DEPLOYMENTS.fullmatch(path):
            request = json.loads(body or b"{}")
            profile, version = request.get("ConfigurationProfileId", ""), str(request.get("ConfigurationVersion", ""))
            refusal = await asyncio.to_thread(_refusal, "StartDeployment", started[1], profile, version)
            if refusal:
                return refusal
        return await otherwise(method, path, headers, body, query)

    return serve


def validated_deployment(properties: Record) -> Record:
    """The properties of an ``AWS::AppConfig::Deployment``, once its validators have passed.

    Raises:
        ValueError: the reason, which fails the stack.
    """
    try:
        _validate(
            properties.get("ApplicationId", ""),
            properties.get("ConfigurationProfileId", ""),
            str(properties.get("ConfigurationVersion", "")),
        )
    except (InvalidConfigurationError, NoSuchVersionError) as error:
        raise ValueError(str(error)) from error
    return properties


def _refusal(operation: str, application: str, profile: str, version: str) -> Reply | None:
    try:
        _validate(application, profile, version)
    except NoSuchVersionError as error:
        return _error(operation, 404, "ResourceNotFoundException", {"Message": str(error)})
    except InvalidConfigurationError as error:
        members = {
            "Message": str(error),
            "Reason": "InvalidConfiguration",
            "Details": {"InvalidConfiguration": [error.detail]},
        }
        return _error(operation, 400, "BadRequestException", members)
    return None


def _validate(application: str, profile: str, version: str) -> None:
    """Run every validator of the profile on the version's content, in their order; the first refusal counts."""
    settings = host.CONFIGURATION_PROFILES.get(f"{application}/{profile}")
    stored = host.CONFIGURATION_VERSIONS.get(f"{application}/{profile}/{version}")
    if settings is None:
        raise NoSuchVersionError(f"Could not find configuration profile {profile} of application {application}")
    if stored is None:
        raise NoSuchVersionError(f"Could not find version {version} of configuration profile {profile}")
    content = stored["Content"] if isinstance(stored["Content"], bytes) else stored["Content"].encode()
    event = {
        "applicationId": application,
        "configurationProfileId": profile,
        "configurationVersion": version,
        "content": base64.b64encode(content).decode(),
        "uri": settings["LocationUri"],
    }
    for validator in settings.get("Validators") or []:
        if validator["Type"] == "LAMBDA":
            _ask_function(validator["Content"], event)
        else:
            _ask_schema(validator["Content"], content)


def _ask_function(function: str, event: Record) -> None:
    answer = host.invoke(function, event)
    if answer is None:
        raise _invalid("LAMBDA", function, f"the function {function} does not exist")
    if answer.failed:
        payload = answer.payload
        reason = payload.get("errorMessage", "") if isinstance(payload, dict) else str(payload)
        raise _invalid("LAMBDA", function, reason)


def _ask_schema(schema: str, content: bytes) -> None:
    try:
        jsonschema.Draft4Validator(json.loads(schema)).validate(json.loads(content.decode()))
    except ValueError as error:
        raise _invalid("JSON_SCHEMA", "$", f"the content is not JSON: {error}") from error
    except jsonschema.ValidationError as error:
        raise _invalid("JSON_SCHEMA", error.json_path, error.message) from error


def _invalid(kind: str, location: str, reason: str) -> InvalidConfigurationError:
    detail = {"Type": kind, "Location": location, "Reason": reason}
    return InvalidConfigurationError(f"{kind} validator refused the configuration: {reason}", detail)


def _error(operation: str, status: int, code: str, members: Record) -> Reply:
    shapes = {shape.name: shape for shape in model.operation_model("appconfig", operation).error_shapes}
    found = list(model.problems(shapes[code], members))
    if found:
        raise RuntimeError(f"appconfig {operation} has an answer that AWS cannot give: {'; '.join(found)}")
    return _reply(status, code, members)


def _reply(status: int, code: str, members: dict[str, Any]) -> Reply:
    headers = {"Content-Type": "application/json", "x-amzn-errortype": code}
    return status, headers, json.dumps({**members, "message": members["Message"]}).encode()
