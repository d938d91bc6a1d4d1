from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.alert_schema import assert_valid
from tests.alerts import CASES

from ecrguard.rendering import chat, document, email, slack

if TYPE_CHECKING:
    from collections.abc import Callable

    from ecrguard.rendering.document import AlertDocument

    type Golden = Callable[[str, str], None]

GOLDEN = Path(__file__).parents[2] / "golden"
cases = pytest.mark.parametrize("case", CASES)


def _rendered(case: str) -> AlertDocument:
    return document.render(CASES[case])


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


@cases
def test_document(case: str, golden: Golden) -> None:
    rendered = _rendered(case)
    assert_valid(rendered)
    golden(f"{case}/document.json", _json(rendered))


@cases
def test_email(case: str, golden: Golden) -> None:
    rendered = _rendered(case)
    golden(f"{case}/email.txt", f"Subject: {email.subject(rendered)}\n\n{email.body(rendered)}")


@cases
def test_chat(case: str, golden: Golden) -> None:
    golden(f"{case}/chat.json", _json(chat.render(_rendered(case))))


@cases
def test_slack(case: str, golden: Golden) -> None:
    golden(f"{case}/slack.json", _json(slack.render(_rendered(case))))


def test_every_golden_file_is_compared() -> None:
    files = {"document.json", "email.txt", "chat.json", "slack.json"}
    assert {path.name: {file.name for file in path.iterdir()} for path in GOLDEN.iterdir()} == dict.fromkeys(
        CASES, files
    )
