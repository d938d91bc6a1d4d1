from __future__ import annotations

import base64
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import pytest

import policy

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@dataclass(frozen=True)
class _Context:
    function_name: str = "policy"
    function_version: str = "$LATEST"
    invoked_function_arn: str = "arn:aws:lambda:eu-west-1:123456789012:function:policy"
    memory_limit_in_mb: int = 128
    aws_request_id: str = "6f4f1f3a-0f5b-4b7e-8a57-1d2f0c1d8a11"


CONTEXT = cast("LambdaContext", _Context())


def validation(content: bytes) -> dict[str, Any]:
    """An event as AppConfig sends it to a validator."""
    return {
        "applicationId": "abc1234",
        "configurationProfileId": "def5678",
        "configurationVersion": "3",
        "content": base64.b64encode(content).decode(),
        "uri": "hosted",
    }


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What the function writes to its log."""
    stream = io.StringIO()
    monkeypatch.setattr(policy.logger.registered_handler, "stream", stream)
    return stream


def test_a_valid_policy_is_accepted(log: io.StringIO) -> None:
    policy.handler(validation(b"version: 1\nrules:\n- {name: r, platforms: [linux/arm64]}\n"), CONTEXT)

    line = json.loads(log.getvalue())
    assert (line["message"], line["rules"], line["version"]) == ("policy accepted", 1, "3")


def test_a_policy_that_names_an_unknown_platform_is_refused(log: io.StringIO) -> None:
    text = b"version: 1\nrules:\n- name: r\n  platforms: [linux/amd46]\n  mach: any\n"

    with pytest.raises(policy.PolicyRefusedError) as raised:
        policy.handler(validation(text), CONTEXT)

    problems = [
        "rules[0].platforms[0] (line 4): 'linux/amd46' names an unknown architecture 'amd46'; did you mean amd64?",
        "rules[0].mach (line 5): unknown key; did you mean match?",
    ]
    assert str(raised.value).splitlines() == ["The policy is not valid:", *problems]
    line = json.loads(log.getvalue().splitlines()[0])
    assert (line["message"], line["problems"], line["count"]) == ("policy refused", problems, 2)


def test_a_message_stays_readable_however_many_problems_there_are() -> None:
    text = json.dumps({"version": 1, "rules": [{"name": f"r{n}", "match": "x"} for n in range(60)]}).encode()

    with pytest.raises(policy.PolicyRefusedError) as raised:
        policy.handler(validation(text), CONTEXT)

    lines = str(raised.value).splitlines()
    assert len(lines) == 52
    assert lines[-1] == "and 70 more"


@pytest.mark.parametrize(
    "event", [{}, {"content": None}, {"content": 5}, {"content": "no base64!"}, {"content": "é"}], ids=repr
)
def test_what_is_no_event_of_appconfig_is_refused(event: dict[str, Any]) -> None:
    with pytest.raises(policy.PolicyRefusedError, match="Expected AppConfig's event"):
        policy.handler(event, CONTEXT)


def test_an_empty_content_is_refused() -> None:
    with pytest.raises(policy.PolicyRefusedError, match="expected a mapping"):
        policy.handler(validation(b""), CONTEXT)
