"""What the documents promise: links lead somewhere, and the README's policy is one."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from ecrguard.policy_yaml import load_policy

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("[!.]*/README.md")] if path.is_file()
)
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
    ]
