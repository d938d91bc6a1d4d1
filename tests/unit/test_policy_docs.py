"""What docs/policy.md shows is what happens."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from ecrguard.cli.main import main
from ecrguard.domain.policy_document import PolicyError
from ecrguard.domain.resource_tags import ResourceTags, read_resource_tags
from ecrguard.policy_yaml import load_policy

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "policy.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("text", blocks("yaml"))
def test_each_policy_in_it_is_valid(text: str) -> None:
    whole = text if text.startswith("version:") else f"version: 1\nrules:\n{text}"

    assert load_policy(whole.encode()).rules


def test_the_transcript_is_what_the_command_says(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    [transcript] = blocks("console")
    command, output = re.sub(r"\\\n", "", transcript).split("-m ecrguard ")[1].split("\n", 1)
    monkeypatch.chdir(ROOT)

    assert main(shlex.split(command)) == 1
    assert capsys.readouterr().out == output


def test_the_problems_are_worded_as_shown() -> None:
    [shown] = [text for text in blocks("text") if "linux/amd46" in text]

    with pytest.raises(PolicyError) as raised:
        load_policy(b"version: 1\nrules:\n- name: r\n  platforms: [linux/amd46]\n  mach: any\n")
    assert str(raised.value) == shown.strip()


def test_the_resource_tags_shown_are_read() -> None:
    pairs = re.findall(r"Key=([^,]+),Value=([^']+)'", TEXT)

    assert pairs
    assert isinstance(read_resource_tags(dict(pairs)), ResourceTags)


def test_every_file_that_is_linked_is_there() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)", TEXT) if "://" not in link]

    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
