"""``ecrguard release`` and ``ecrguard restore``."""

from __future__ import annotations

import shlex
from datetime import timedelta

import pytest
from tests.content import single
from tests.situations import NOW, REPOSITORY, push
from tests.unit.command import WHO, Command

from ecrguard.cli.main import main
from ecrguard.domain.image import UnknownReason
from ecrguard.domain.ledger import Act, Good, Record, Told
from ecrguard.domain.marker import marker_tag
from ecrguard.domain.reference import Registry
from ecrguard.release import release_command
from ecrguard.subjects import tag_subject

GOOD, BAD = single("amd64"), single("arm64")
MARKER = marker_tag(BAD.digest)
IMAGE = f"{REPOSITORY}:1.4"


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Command:
    """A stack that has taken a tag back from an image."""
    made = Command(monkeypatch)
    made.images.push(REPOSITORY, GOOD, "1.4")
    made.images.push(REPOSITORY, BAD, MARKER)
    told = Told("alert-1", "event-1", BAD.digest, "state", NOW)
    made.ledger.records[REPOSITORY, tag_subject("1.4")] = Record(
        Good(GOOD.digest, NOW - timedelta(days=1)), (told,), open=True, act=Act("e", BAD.digest, GOOD.digest, NOW, NOW)
    )
    return made


@pytest.mark.parametrize("image", [f"{IMAGE}@{BAD.digest}", IMAGE], ids=["as alerts name it", "by the tag alone"])
def test_a_release_tells_each_thing_that_it_did(
    image: str, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.run("release", image, "--why", "runs under emulation") == 0

    assert capsys.readouterr().out.splitlines() == [
        f"{REPOSITORY}@{BAD.digest}",
        f"done        {BAD.digest} is left alone from now on, whatever it is built for.",
        f"done        The tag 1.4 stands for it again, no longer for {GOOD.digest}.",
        f"done        The marker {MARKER} is off the image.",
    ]
    assert command.images.tags(REPOSITORY) == {"1.4": BAD.digest}
    word = command.ledger.releases[REPOSITORY, BAD.digest]
    assert (word.who, word.why) == (WHO, "runs under emulation")


def test_the_command_that_alerts_show_is_one(command: Command) -> None:
    program, *arguments = shlex.split(release_command(push("1.4", BAD.digest), "guard"))

    assert program == "ecrguard"
    assert command.run(*arguments) == 0
    assert command.images.tags(REPOSITORY)["1.4"] == BAD.digest


def test_what_was_left_is_told_by_the_exit_code(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run("release", f"{REPOSITORY}@{BAD.digest}", "--why", "it is right") == 1
    assert f"left        Which tag it had is not known from its digest alone: name it, {REPOSITORY}:TAG@" in (
        capsys.readouterr().out
    )


def test_an_image_in_the_archive_asks_for_a_second_run(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    command.images.archive(REPOSITORY, BAD.digest)

    assert command.run("release", f"{IMAGE}@{BAD.digest}", "--why", "it is right") == 1
    assert "Run the same command again then" in capsys.readouterr().out


def test_a_tag_that_nothing_is_known_of(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run("release", f"{REPOSITORY}:none", "--why", "it is right") == 2
    assert f"There is no {REPOSITORY}:none" in capsys.readouterr().err
    assert command.ledger.releases == {}


def test_a_tag_is_restored(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    command.images.push(REPOSITORY, BAD, "1.4")

    assert command.run("restore", IMAGE, "--why", "the site is down") == 0
    assert capsys.readouterr().out.startswith("done        The tag 1.4 stands for its last good image again, ")
    assert command.images.tags(REPOSITORY)["1.4"] == GOOD.digest
    [entry] = command.ledger.history(REPOSITORY, tag_subject("1.4"))
    assert (entry.what, entry.who, entry.text) == ("restored", WHO, "the site is down")


def test_a_tag_that_no_good_image_is_known_of(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run("restore", f"{REPOSITORY}:2.0", "--why", "the site is down") == 1
    assert capsys.readouterr().out.startswith("left        No good image of ")


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (UnknownReason.THROTTLED, False),
        (UnknownReason.ACCESS_DENIED, True),
    ],
)
def test_what_could_not_be_done_is_told_and_whose_permissions_it_takes(
    reason: UnknownReason,
    told: bool,  # noqa: FBT001 - a table
    command: Command,
    capsys: pytest.CaptureFixture[str],
) -> None:
    command.images.fail("put_tag", reason)

    assert command.run("release", f"{IMAGE}@{BAD.digest}", "--why", "it is right") == 2
    assert ("with your own permissions" in capsys.readouterr().err) is told


def test_the_reason_is_kept_on_one_line(command: Command) -> None:
    command.run("release", f"{IMAGE}@{BAD.digest}", "--why", "first\nsecond\x1b[31m")

    assert command.ledger.releases[REPOSITORY, BAD.digest].why == "first second [31m"


@pytest.mark.parametrize("verb", ["release", "restore"])
@pytest.mark.parametrize("why", ["", "  ", "x" * 501])
def test_a_reason_must_be_one(verb: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main([verb, IMAGE, "--stack", "guard", "--why", why])

    assert raised.value.code == 2
    assert "expected a reason of 1 to 500 characters" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["release", "restore", "plan", "history"])
def test_what_is_missing_is_a_usage_error(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main([verb, IMAGE])

    assert raised.value.code == 2
    assert "the following arguments are required: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("image", "text"),
    [
        ("shop/web:1.4", "expected a repository that the stack guard guards (team/*), got shop/web"),
        (
            f"{Registry('999999999999', 'eu-west-1').host}/team/web:1.4",
            (
                "expected an image of the account 123456789012 in eu-central-1, as the stack guard guards them, "
                "got one of 999999999999 in eu-west-1"
            ),
        ),
    ],
)
def test_an_image_that_the_stack_does_not_guard(
    image: str, text: str, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.run("release", image, "--why", "it is right") == 2
    assert text in capsys.readouterr().err
    assert command.ledger.releases == {}


def test_a_stack_that_is_not_one_of_this_product(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    command.outputs = {"BucketName": "x"}

    assert command.run("history", IMAGE) == 2
    assert "expected the outputs PushFunctionName of the stack guard; is it ecrguard's?" in capsys.readouterr().err


@pytest.mark.parametrize("environ", [None, {}], ids=["no environment", "an empty one"])
def test_a_stack_of_another_version(
    environ: dict[str, str] | None, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    command.environ = environ

    assert command.run("history", IMAGE) == 2
    assert "the stack guard was deployed by another version of ecrguard than this command" in capsys.readouterr().err
