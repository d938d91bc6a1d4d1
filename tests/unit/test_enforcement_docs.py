"""What docs/enforcement.md shows is what there is."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.content import single
from tests.guarded import Guarded
from tests.situations import REPOSITORY
from tests.unit.command import Command

from ecrguard.config import ENFORCEMENT
from ecrguard.domain.action import Action
from ecrguard.domain.ledger import MAX_MANIFEST
from ecrguard.domain.marker import marker_tag
from ecrguard.domain.plan import RefusalReason
from ecrguard.sweep import PATIENCE

if TYPE_CHECKING:
    from ecrguard.cli.named import Named

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "enforcement.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def column(head: str) -> list[str]:
    """The words in code font in the first cells of the table with this head."""
    [table] = re.findall(rf"^\| {head} \|.*?\n\|[-|]+\n(.*?)\n\n", TEXT, re.DOTALL | re.MULTILINE)
    return [re.findall(r"`([^`]+)`", row.split("|")[1])[0] for row in table.splitlines()]


def test_every_level_is_told() -> None:
    assert column("level") == list(ENFORCEMENT)


def test_every_reason_to_refuse_is_told_and_no_other() -> None:
    told = column("reason")

    assert sorted(told) == sorted(RefusalReason)
    assert len(told) == len(set(told))


def test_the_lifecycle_rule_is_for_markers() -> None:
    [policy] = blocks("json")
    [rule] = json.loads(policy)["rules"]
    [prefix] = rule["selection"]["tagPrefixList"]

    assert marker_tag(f"sha256:{'a' * 64}").startswith(prefix)


def test_the_figures_are_those_of_the_code() -> None:
    assert f"over {MAX_MANIFEST // 1024} KiB" in TEXT
    assert PATIENCE.days == 7
    assert "again for seven days" in TEXT


def commands() -> list[str]:
    lines = [line.removeprefix("$ ") for block in (*blocks("sh"), *blocks("console")) for line in block.splitlines()]
    return [line.partition("ecrguard ")[2] for line in lines if re.match(r"(?:.* -m )?ecrguard ", line)]


@pytest.mark.parametrize("line", commands())
def test_every_command_is_one(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[Named] = []

    def run(image: Named, *_: object) -> int:
        said.append(image)
        return 0

    for verb in ("release", "restore", "plan", "history"):
        monkeypatch.setattr(f"ecrguard.cli.main.{verb}", run)
    whole = line.replace("4c6ba04b…", "4c6ba04b".ljust(64, "0"))
    arguments = shlex.split(whole)
    stack = arguments.index("--stack")

    command = Command(monkeypatch)
    assert command.run(*arguments[:stack], *arguments[stack + 2 :]) == 0
    assert [image.repository for image in said] == ["shop/web"]


def test_the_plan_is_worded_as_shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    [transcript] = blocks("console")
    guarded = Guarded(enforcement=Action.DELETE)
    guarded.demands("linux/amd64", Action.ARCHIVE)
    guarded.holds(single("arm64"), "latest")

    Command(monkeypatch, guarded.images, guarded.ledger, guard=guarded.guard).run(
        "plan", f"{REPOSITORY}:latest", "--enforcement", "delete"
    )

    def labels(text: str) -> list[str]:
        return [line[:12].strip() for line in text.splitlines() if line and not line.startswith("$")]

    assert labels(capsys.readouterr().out) == labels(transcript)


def test_the_command_needs_what_the_functions_carry() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    carried = (ROOT / "requirements" / "bundle.in").read_text().splitlines()

    assert project["scripts"] == {"ecrguard": "ecrguard.__main__:run"}
    assert sorted(project["dependencies"]) == sorted(line for line in carried if not line.startswith("#"))
