"""What the documents promise: links lead somewhere, and what the README and the design show is what there is."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from ecrguard.config import ENFORCEMENT
from ecrguard.policy_yaml import load_policy

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("[!.]*/README.md")] if path.is_file()
)
MODULES = [path.stem for path in (ROOT / "src" / "lib" / "ecrguard").glob("[!_]*.py")]
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files(document: Path) -> None:
    missing = [link for link in LINK.findall(document.read_text()) if not (document.parent / link).exists()]

    assert missing == []


def test_the_policy_in_the_readme_is_valid() -> None:
    blocks = re.findall(r"^ *```yaml\n(.*?)^ *```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)

    policies = [load_policy(textwrap.dedent(block).encode()) for block in blocks]

    assert [rule.name for policy in policies for rule in policy.rules] == [
        "tags that promise an architecture",
        "production runs on both",
        "the shop takes wrong images back",
    ]


def test_the_lifecycle_rule_in_the_readme_is_the_one_of_its_own_page() -> None:
    readme, page = (
        re.findall(r"```json\n(.*?)```", path.read_text(), re.DOTALL)
        for path in (ROOT / "README.md", ROOT / "docs" / "enforcement.md")
    )

    assert readme == page


def test_the_readme_has_every_parameter_and_its_default() -> None:
    declared = re.search(r"^Parameters:\n(.*?)^\S", (ROOT / "template.yaml").read_text(), re.DOTALL | re.MULTILINE)
    assert declared is not None
    parameters = dict(re.findall(r"^  (\w+):\n.*?^    Default: (\S+)$", declared[1], re.DOTALL | re.MULTILINE))
    parameters |= {"LinkedWorkloads": "all but `eks`"}

    told = {
        name: default
        for names, defaults in re.findall(r"^\| (`\w+`[^|]*) \| ([^|]+) \|", table("parameter"), re.MULTILINE)
        for name, default in zip(words(names), defaults.split(", "), strict=True)
    }

    assert told == {
        name: default if " " in default else f"`{default.strip('"')}`" if default != '""' else "none"
        for name, default in parameters.items()
    }


def test_the_readme_has_every_level() -> None:
    levels = [words(row)[0] for row in table("`Enforcement`").splitlines()]

    assert levels == list(ENFORCEMENT)


def test_the_design_has_every_module_of_the_use_cases_and_no_other() -> None:
    design = (ROOT / "docs" / "design.md").read_text()
    rows = [row for part in tables("module", design) for row in part.splitlines()]
    told = [word for row in rows for word in words(row.split("|")[1])]

    assert sorted(told) == sorted(MODULES)


def tables(head: str, text: str) -> list[str]:
    """The rows of the tables whose first column has this head."""
    return re.findall(rf"^\| {re.escape(head)} \|.*?\n\|[-|]+\n((?:\|.*\n)+)", text, re.MULTILINE)


def table(head: str) -> str:
    """The rows of the README's table whose first column has this head."""
    [rows] = tables(head, (ROOT / "README.md").read_text())
    return str(rows)


def words(text: str) -> list[str]:
    """What is in code font."""
    return re.findall(r"`([^`]+)`", text)
