from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

from ecrguard.cli import deployment
from ecrguard.cli.deployment import CONTENT_TYPE, Deployed, Deployer, DeploymentError
from ecrguard.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = str(Path(__file__).parents[2] / "docs" / "examples" / "moving-to-graviton.yaml")
OUTPUTS = {
    "PolicyApplicationId": "abc1234",
    "PolicyEnvironmentId": "env1234",
    "PolicyProfileId": "pro1234",
    "PolicyDeploymentStrategyId": "str1234",
}


@pytest.fixture
def invalid(tmp_path: Path) -> str:
    path = tmp_path / "policy.yaml"
    path.write_text("version: 1\nrules:\n- name: r\n  platforms: [linux/amd46]\n")
    return str(path)


def test_a_valid_policy(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "test", EXAMPLE]) == 0
    assert capsys.readouterr().out == f"{EXAMPLE} is valid: 2 rules, 1 exemption\n"


@pytest.mark.parametrize("command", [["test"], ["put", "--stack", "guard"]])
def test_an_invalid_policy(command: list[str], invalid: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", *command, invalid]) == 1
    assert capsys.readouterr().err == (
        f"{invalid}: rules[0].platforms[0] (line 4): 'linux/amd46' names an unknown architecture 'amd46'; "
        "did you mean amd64?\n"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "lines"),
    [
        (
            ["--repository", "shop/web", "--tag", "v1"],
            0,
            [
                "image       shop/web:v1",
                "rule        moved to Graviton",
                "platforms   linux/amd64, linux/arm64",
                "linked      repository",
                "on mismatch tag",
            ],
        ),
        (["--repository", "mail", "--tag", "v1", "--platform", "linux/amd64"], 0, ["verdict     ok: "]),
        (["--repository", "mail", "--tag", "v1", "--platform", "linux/arm64"], 1, ["verdict     mismatch: "]),
        (
            ["--repository", "mail", "--tag", "pr-1", "--platform", "linux/arm64"],
            0,
            [
                "rule        none matches: the defaults hold",
                "platforms   named by no rule",
                "verdict     not_applicable",
            ],
        ),
        (
            ["--repository", "shop/reports", "--tag", "v1", "--platform", "linux/amd64", "--on", "2027-03-31"],
            0,
            ["exempt      until 2027-03-31: its PDF library", "verdict     not_applicable: The image is exempt."],
        ),
        (
            ["--repository", "shop/reports", "--tag", "v1", "--platform", "linux/amd64", "--on", "2027-04-01"],
            1,
            ["was exempt  until 2027-03-31: its PDF library", "verdict     mismatch: "],
        ),
    ],
)
def test_what_the_policy_says_of_an_image(
    arguments: list[str], code: int, lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["policy", "test", EXAMPLE, *arguments]) == code
    said = capsys.readouterr().out
    assert all(line in said for line in lines), said


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["policy"],
        ["policy", "test"],
        ["policy", "test", EXAMPLE, "--tag", "v1"],
        ["policy", "test", EXAMPLE, "--platform", "linux/amd64"],
        ["policy", "test", EXAMPLE, "--repository", "r", "--tag", "v1", "--platform", "linux/amd46"],
        ["policy", "test", EXAMPLE, "--repository", "r", "--tag", "v1", "--on", "soon"],
        ["policy", "put", EXAMPLE],
    ],
    ids=" ".join,
)
def test_what_cannot_be_meant_is_a_usage_error(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(arguments)

    assert raised.value.code == 2
    assert "usage: " in capsys.readouterr().err


def test_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["policy", "test", str(tmp_path / "none.yaml")]) == 2
    assert "cannot read" in capsys.readouterr().err


@pytest.fixture
def appconfig() -> Iterator[Stubber]:
    client: Any = boto3.client(
        "appconfig",
        region_name="eu-west-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",  # noqa: S106 - a stubbed client signs nothing
    )
    with Stubber(client) as stub:
        yield stub
    stub.assert_no_pending_responses()


def script(appconfig: Stubber, *states: dict[str, Any]) -> None:
    """The answers to one deployment: the version, the deployment, then its states."""
    where = {"ApplicationId": "abc1234"}
    version = {"ConfigurationProfileId": "pro1234", "Content": b"version: 1\n", "ContentType": CONTENT_TYPE}
    appconfig.add_response("create_hosted_configuration_version", {"VersionNumber": 7}, where | version)
    where["EnvironmentId"] = "env1234"
    start = {"ConfigurationProfileId": "pro1234", "ConfigurationVersion": "7", "DeploymentStrategyId": "str1234"}
    appconfig.add_response("start_deployment", {"DeploymentNumber": 3, "State": "DEPLOYING"}, where | start)
    for state in states:
        appconfig.add_response("get_deployment", state, where | {"DeploymentNumber": 3})


def test_a_policy_is_deployed_as_a_new_version(appconfig: Stubber) -> None:
    script(appconfig, {"State": "DEPLOYING"}, {"State": "COMPLETE"})
    pauses: list[float] = []

    assert Deployer(appconfig.client, OUTPUTS, pauses.append).put(b"version: 1\n") == Deployed(7, 3)
    assert len(pauses) == 1


def test_a_deployment_that_is_rolled_back_is_told(appconfig: Stubber) -> None:
    script(appconfig, {"State": "ROLLED_BACK", "EventLog": [{"Description": "an alarm rang"}]})

    with pytest.raises(DeploymentError, match=r"version 7 is not in force.*ROLLED_BACK; an alarm rang"):
        Deployer(appconfig.client, OUTPUTS).put(b"version: 1\n")


def test_a_deployment_is_not_waited_for_without_end(appconfig: Stubber, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deployment, "WAIT_SECONDS", 2)
    script(appconfig, {"State": "DEPLOYING"}, {"State": "DEPLOYING"})

    with pytest.raises(DeploymentError, match="has not ended after 2 seconds"):
        Deployer(appconfig.client, OUTPUTS, lambda _: None).put(b"version: 1\n")


class _Stacks:
    """CloudFormation, with one stack."""

    def __init__(self, outputs: dict[str, str]) -> None:
        self._outputs = [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        return {"Stacks": [{"StackName": StackName, "Outputs": self._outputs}]}


@pytest.fixture
def clients(appconfig: Stubber, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What boto3 makes, by service."""
    made: dict[str, Any] = {"appconfig": appconfig.client, "cloudformation": _Stacks(OUTPUTS)}
    monkeypatch.setattr(boto3, "client", made.__getitem__)
    return made


@pytest.mark.usefixtures("clients")
def test_put_says_what_is_deployed(appconfig: Stubber, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "policy.yaml"
    path.write_bytes(b"version: 1\n")
    script(appconfig, {"State": "COMPLETE"})

    assert main(["policy", "put", str(path), "--stack", "guard"]) == 0
    assert "(0 rules, 0 exemptions) is deployed as version 7, deployment 3." in capsys.readouterr().out


def test_put_needs_a_stack_of_this_product(clients: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    clients["cloudformation"] = _Stacks({"BucketName": "x"})

    assert main(["policy", "put", EXAMPLE, "--stack", "other"]) == 2
    assert "expected the outputs PolicyApplicationId, " in capsys.readouterr().err


@pytest.mark.usefixtures("clients")
def test_what_aws_refuses_is_told(appconfig: Stubber, capsys: pytest.CaptureFixture[str]) -> None:
    appconfig.add_client_error("create_hosted_configuration_version", "AccessDeniedException", "not you")

    assert main(["policy", "put", EXAMPLE, "--stack", "guard"]) == 2
    assert "AWS refused: " in capsys.readouterr().err
