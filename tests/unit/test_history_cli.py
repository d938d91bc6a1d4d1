"""``ecrguard history``."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from tests.situations import DIGEST, NOW, OTHER_DIGEST, REPOSITORY
from tests.unit.command import WHO, Command

from ecrguard.domain.action import Action
from ecrguard.domain.image import UnknownReason
from ecrguard.domain.ledger import Act, Entry, Good, Record, Release, Told
from ecrguard.domain.plan import Done, Outcome, Refusal, RefusalReason, Result
from ecrguard.release import image_subject
from ecrguard.subjects import tag_subject

IMAGE = f"{REPOSITORY}:1.4"
SUBJECT = tag_subject("1.4")
QUARANTINED = Outcome(
    (Done(Action.TAG, Result.DONE, "ecrguard-mismatch-aaaaaaaaaaaa"), Done(Action.QUARANTINE, Result.DONE, "1.4")),
    (Refusal(Action.DELETE, RefusalReason.IN_USE, "prod/web can run it."),),
    Action.ARCHIVE,
)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Command:
    return Command(monkeypatch)


def note(command: Command, what: str, hours: int, *, digest: str = DIGEST, who: str = "", text: str = "") -> None:
    outcome = QUARANTINED if what == "mismatch" else Outcome()
    entry = Entry(NOW + timedelta(hours=hours), what, digest, "", "", text or "built for arm64", outcome, who)
    command.ledger.note(REPOSITORY, SUBJECT, entry)


def test_the_history_of_a_tag_is_a_table_the_latest_first(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    told = Told("alert-1", "event-1", DIGEST, "state", NOW)
    command.ledger.records[REPOSITORY, SUBJECT] = Record(
        Good(OTHER_DIGEST, NOW), (told,), open=True, act=Act("e", DIGEST, OTHER_DIGEST, NOW, NOW)
    )
    command.ledger.release(REPOSITORY, DIGEST, Release(WHO, "runs under emulation", NOW))
    note(command, "mismatch", 0)
    note(command, "released", 1, who=WHO, text="runs under emulation")

    assert command.run("history", IMAGE) == 0

    state, lines = capsys.readouterr().out.split("\n\n")
    assert state.splitlines() == [
        f"image       {IMAGE}",
        f"last good   {OTHER_DIGEST}, pushed 2026-11-24 12:00:00",
        f"wrong       for {DIGEST}, pushed 2026-11-24 12:00:00",
        "last act    given back from sha256:aaaaaaaaaaaa to sha256:bbbbbbbbbbbb, 2026-11-24 12:00:00",
        f"released    sha256:aaaaaaaaaaaa by {WHO}: runs under emulation",
    ]
    assert [re.split(r" {2,}", line) for line in lines.splitlines()] == [
        ["time (UTC)", "what", "image", "done", "text"],
        ["2026-11-24 13:00:00", "released", "sha256:aaaaaaaaaaaa", "-", f"runs under emulation (by {WHO})"],
        [
            "2026-11-24 12:00:00",
            "mismatch",
            "sha256:aaaaaaaaaaaa",
            "tag, quarantine, delete refused (in_use), archive later",
            "built for arm64",
        ],
    ]
    assert (
        len({line.index(word) for line, word in zip(lines.splitlines(), ("text", "runs", "built"), strict=True)}) == 1
    )


def test_a_digest_beside_the_tag_leaves_its_lines_alone(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    note(command, "mismatch", 0)
    note(command, "mismatch", 1, digest=OTHER_DIGEST)

    assert command.run("history", f"{IMAGE}@{DIGEST}") == 0
    said = capsys.readouterr().out
    assert ("sha256:aaaaaaaaaaaa" in said, "sha256:bbbbbbbbbbbb" in said) == (True, False)


def test_what_is_kept_of_an_image_without_a_tag(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    entry = Entry(NOW, "released", DIGEST, "", "", "it is right", Outcome(), WHO)
    command.ledger.note(REPOSITORY, image_subject(DIGEST), entry)

    assert command.run("history", f"{REPOSITORY}@{DIGEST}") == 0
    assert "it is right" in capsys.readouterr().out


def test_a_tag_that_nothing_is_known_of(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run("history", IMAGE) == 0
    assert capsys.readouterr().out == f"image       {IMAGE}\n\nNothing was told or done of it in the last 90 days.\n"


def test_texts_cannot_move_the_cursor(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    note(command, "released", 0, who="ada\x1b[2J", text="line\nline")

    command.run("history", IMAGE)

    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "line line" in said


def test_a_ledger_that_cannot_be_read(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    command.ledger.fail("history", UnknownReason.UNAVAILABLE)

    assert command.run("history", IMAGE) == 2
    assert capsys.readouterr().out == ""
