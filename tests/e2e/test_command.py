"""The ``ecrguard`` command on a deployed stack, as a person runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from localaws.process import REGION

from ecrguard.cli.main import main
from ecrguard.domain.marker import marker_tag
from localaws import images

if TYPE_CHECKING:
    from tests.e2e.guarded import Guarded


@pytest.fixture(autouse=True)
def _credentials(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the account's administrator."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", guarded.account.aws.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)


def test_a_plan_is_what_the_stack_then_does_and_a_release_takes_it_back(
    guarded: Guarded, capsys: pytest.CaptureFixture[str]
) -> None:
    repository, stack = guarded.repository("base/"), guarded.deployment.stack
    image = images.image("linux/arm64", label=repository)
    guarded.push(image, repository, "1")
    [alert] = guarded.alerts(repository)
    marker, name = marker_tag(image.digest), f"{repository}:1"
    assert guarded.tags(repository, image.digest) == {"1", marker}

    assert main(["plan", name, "--stack", stack]) == 1
    said = capsys.readouterr().out
    assert "verdict     mismatch: " in said
    assert f"would do    put the tag {marker} on {image.digest}" in said
    assert main(["plan", name, "--stack", stack, "--enforcement", "audit"]) == 1
    assert f"put the tag {marker}" not in capsys.readouterr().out

    assert main(["release", f"{name}@{image.digest}", "--why", "runs under emulation", "--stack", stack]) == 0
    assert guarded.tags(repository, image.digest) == {"1"}
    assert main(["plan", name, "--stack", stack]) == 0
    assert "would do    nothing" in capsys.readouterr().out

    assert main(["history", name, "--stack", stack]) == 0
    lines = capsys.readouterr().out.split("\n\n")[1].splitlines()[1:]
    assert [line.split()[2] for line in lines] == ["released", "mismatch"]
    assert alert["verdict"]["explanation"] in lines[1]
