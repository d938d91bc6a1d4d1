"""What docs/policy.md shows is what happens."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from ecrguard.cli.main import main
from ecrguard.domain.platform import parse
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


def test_the_platforms_shown_are_read() -> None:
    [table] = re.findall(r"\| written \| met by \|\n(.*?)\n\n", TEXT, re.DOTALL)
    written = [name for row in table.splitlines() for name in re.findall(r"`([^`]+)`", row.split("|")[1])]

    assert [str(parse(name, partial=True)) for name in written if "/" in name] == [
        name for name in written if "/" in name
    ]
    assert [str(parse(name, partial=True)) for name in written if "/" not in name] == ["*/arm64", "linux/*"]


EXAMPLES: list[tuple[str, str, str, bool]] = [
    ("amd64-only", "shop/web:1", "linux/amd64", True),
    ("amd64-only", "shop/web:1", "linux/amd64 linux/amd64/v3", True),
    ("amd64-only", "shop/web:1", "linux/amd64/v3", False),
    ("amd64-only", "shop/web:1", "linux/arm64 linux/amd64/v3", False),
    ("tag-names-architecture", "shop/web:1.4-arm64", "linux/arm64", True),
    ("tag-names-architecture", "shop/web:1.4-arm64", "linux/arm64/v9", True),
    ("tag-names-architecture", "shop/web:1.4-linux-arm64", "linux/arm64/v9", False),
    ("tag-names-architecture", "shop/web:2.0-x86_64", "linux/arm64", False),
    ("tag-names-architecture", "shop/web:1.4", "linux/arm64", False),
    ("tag-names-architecture", "shop/web:1.4", "linux/amd64 linux/arm64", True),
    ("moving-to-graviton", "shop/web:v1", "linux/amd64", False),
    ("moving-to-graviton", "shop/web:v1", "linux/amd64 linux/arm64", True),
    ("moving-to-graviton", "mail/web:v1", "linux/amd64", True),
    ("moving-to-graviton", "shop/reports:v1", "linux/amd64", True),
    ("moving-to-graviton", "shop/web:pr-17", "linux/s390x", True),
    ("services-only", "base/python:3", "linux/s390x", True),
    ("windows-and-either", "iis-windows:1", "windows(10.0.20348.169)/amd64", True),
    ("windows-and-either", "iis-windows:1", "windows(10.0.17763.1)/amd64", False),
    ("windows-and-either", "shop/web:debug-1", "linux/arm64", True),
    ("windows-and-either", "shop/web:debug-1", "linux/amd64 linux/arm64", True),
    ("windows-and-either", "shop/web:debug-1", "linux/amd64 linux/386", False),
    ("windows-and-either", "ci/agent:1", "linux/arm64 linux/s390x", True),
    ("windows-and-either", "ci/agent:1", "linux/s390x", False),
    ("windows-and-either", "vendor/db:4", "linux/s390x", True),
    ("enforcement", "shop/web:latest", "linux/arm64", False),
    ("enforcement", "shop/simulator:latest", "linux/arm64", True),
    ("enforcement", "shop/web:pr-17", "linux/amd64", True),
]


@pytest.mark.parametrize(("example", "image", "platforms", "accepted"), EXAMPLES)
def test_an_example_takes_and_refuses_what_it_should(
    example: str,
    image: str,
    platforms: str,
    accepted: bool,  # noqa: FBT001 - a table
) -> None:
    repository, _, tag = image.partition(":")
    arguments = [
        "policy",
        "test",
        str(ROOT / f"docs/examples/{example}.yaml"),
        "--repository",
        repository,
        "--tag",
        tag,
    ]
    offered = [word for platform in platforms.split() for word in ("--platform", platform)]

    assert main([*arguments, *offered, "--on", "2026-11-20"]) == (0 if accepted else 1)


def test_every_file_that_is_linked_is_there() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)", TEXT) if "://" not in link]

    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
