"""``ecrguard plan``: a dry run."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.content import single
from tests.guarded import Guarded
from tests.situations import NOW, REPOSITORY
from tests.unit.command import Command

from ecrguard.domain.action import Action
from ecrguard.domain.ledger import Good, Record
from ecrguard.domain.marker import marker_tag
from ecrguard.subjects import tag_subject

GOOD, BAD = single("amd64"), single("arm64")
IMAGE = f"{REPOSITORY}:1.4"


@pytest.fixture
def guarded() -> Guarded:
    """A stack with Enforcement=quarantine, whose policy asks for deletion; the tag's last good image is there."""
    made = Guarded(enforcement=Action.QUARANTINE)
    made.demands("linux/amd64", Action.DELETE)
    made.holds(GOOD, "1.3")
    made.holds(BAD, "1.4")
    made.ledger.records[REPOSITORY, tag_subject("1.4")] = Record(Good(GOOD.digest, NOW - timedelta(days=1)))
    return made


@pytest.fixture
def command(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> Command:
    return Command(monkeypatch, guarded.images, guarded.ledger, guard=guarded.guard)


@pytest.mark.parametrize("image", [IMAGE, f"{REPOSITORY}@{BAD.digest}", f"{IMAGE}@{BAD.digest}"])
def test_a_plan_tells_each_step_and_each_refusal_and_changes_nothing(
    image: str, command: Command, guarded: Guarded, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (guarded.images.tags(REPOSITORY), dict(guarded.ledger.records))

    assert command.run("plan", image) == 1

    assert capsys.readouterr().out == (
        f"image       {IMAGE}\n"
        f"digest      {BAD.digest}\n"
        "rule        all\n"
        "verdict     mismatch: The image is built for linux/arm64; policy rule all needs linux/amd64.\n"
        "asked       delete on a mismatch\n"
        "allowed     no more than quarantine\n"
        f"would do    put the tag {marker_tag(BAD.digest)} on {BAD.digest}\n"
        f"            move the tag 1.4 from {BAD.digest} to its last good image, {GOOD.digest}\n"
        "            alert\n"
        "refused     delete (enforcement): The stack is deployed with Enforcement=quarantine; deploy it with "
        "Enforcement=delete to allow this.\n"
        "\nNothing was changed.\n"
    )
    assert (guarded.images.tags(REPOSITORY), guarded.ledger.records) == before
    assert guarded.alerts.published == []
    assert guarded.ledger.leases == {}
    assert guarded.ledger.spent == {}


def test_a_plan_tells_what_comes_later(command: Command, guarded: Guarded, capsys: pytest.CaptureFixture[str]) -> None:
    guarded.enforcement = Action.DELETE

    assert command.run("plan", IMAGE, "--enforcement", "delete") == 1

    assert "later       delete, once all workloads have been read after that\n" in capsys.readouterr().out
    [config] = command.configs
    assert config.enforcement is Action.DELETE


def test_without_another_level_it_is_the_one_that_is_deployed(command: Command) -> None:
    command.run("plan", IMAGE)

    [config] = command.configs
    assert config.enforcement is Action.QUARANTINE


def test_a_good_image_needs_nothing(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run("plan", f"{REPOSITORY}:1.3") == 0
    said = capsys.readouterr().out
    assert "verdict     ok: " in said
    assert "would do    nothing\n" in said


def test_an_image_is_planned_for_under_each_of_its_tags_but_the_marker(
    command: Command, guarded: Guarded, capsys: pytest.CaptureFixture[str]
) -> None:
    guarded.holds(BAD, "1.5", marker_tag(BAD.digest))

    assert command.run("plan", f"{REPOSITORY}@{BAD.digest}") == 1
    said = capsys.readouterr().out
    assert [line for line in said.splitlines() if line.startswith("image")] == [
        f"image       {REPOSITORY}:1.4",
        f"image       {REPOSITORY}:1.5",
    ]


def test_an_image_without_a_tag_is_not_judged(
    command: Command, guarded: Guarded, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = guarded.holds(single("s390x"))

    assert command.run("plan", f"{REPOSITORY}@{digest}") == 0
    assert "has no tag: what is pushed without one is not judged." in capsys.readouterr().out


def test_an_image_that_is_not_there(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run("plan", f"{REPOSITORY}:none") == 2
    assert capsys.readouterr().err == f"There is no {REPOSITORY}:none in the registry.\n"


def test_a_level_that_there_is_not(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.run("plan", IMAGE, "--enforcement", "alert")
    assert "invalid choice: 'alert'" in capsys.readouterr().err
