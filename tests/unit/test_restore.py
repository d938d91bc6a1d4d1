from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from tests.content import single
from tests.fakes.images import FakeImages
from tests.fakes.ledger import FakeLedger
from tests.situations import NOW, REPOSITORY, push

from ecrguard.domain.image import UnknownReason
from ecrguard.domain.ledger import Act, Good, Record
from ecrguard.errors import UnreadableError
from ecrguard.release import Came, Line, Releaser
from ecrguard.restore import Restorer
from ecrguard.subjects import tag_subject

WHO = "arn:aws:iam::123456789012:user/ada"
GOOD, BAD = single("amd64"), single("arm64")
SUBJECT = tag_subject("latest")


class KilledError(BaseException):
    """The command was stopped."""


def world(*, standing: str = "bad", record: Record | None = None) -> tuple[FakeImages, FakeLedger]:
    """A tag that stands for a bad image, for a good one or for none, and what is known of it."""
    images, ledger = FakeImages(), FakeLedger()
    images.push(REPOSITORY, GOOD, *(["latest"] if standing == "good" else ["1.3"]))
    images.push(REPOSITORY, BAD, *(["latest"] if standing == "bad" else ["1.4"]))
    known = Record(Good(GOOD.digest, NOW - timedelta(days=1)), open=True)
    ledger.records[REPOSITORY, SUBJECT] = record or known
    return images, ledger


def restore(images: FakeImages, ledger: FakeLedger, run: str = "run") -> Line:
    [line] = (
        Restorer(images, images, ledger, WHO, run, lambda: NOW).restore(REPOSITORY, "latest", "the site is down").lines
    )
    return line


@pytest.mark.parametrize("standing", ["bad", "none"])
def test_a_tag_is_put_on_its_last_good_image_and_it_is_written_down(standing: str) -> None:
    images, ledger = world(standing=standing)

    line = restore(images, ledger)

    assert line.came is Came.DONE
    assert images.tags(REPOSITORY)["latest"] == GOOD.digest
    [entry] = ledger.history(REPOSITORY, SUBJECT)
    assert (entry.what, entry.digest, entry.text, entry.who) == ("restored", GOOD.digest, "the site is down", WHO)
    act = ledger.records[REPOSITORY, SUBJECT].act
    assert act == Act("", BAD.digest if standing == "bad" else "", GOOD.digest, NOW, NOW)
    assert ledger.leases == {}


def test_the_event_of_it_is_not_taken_for_a_push() -> None:
    images, ledger = world()
    restore(images, ledger)
    act = ledger.records[REPOSITORY, SUBJECT].act

    assert act is not None
    assert act.is_echo(push("latest", GOOD.digest))


def test_a_release_of_the_image_takes_it_back() -> None:
    images, ledger = world()
    restore(images, ledger)

    Releaser(images, images, ledger, WHO, "other", lambda: NOW).release(
        REPOSITORY, BAD.digest, ["latest"], "it is right"
    )

    assert images.tags(REPOSITORY)["latest"] == BAD.digest


def test_a_tag_that_is_right_is_left_so() -> None:
    images, ledger = world(standing="good")

    assert restore(images, ledger).came is Came.ALREADY_SO
    assert "put_tag" not in images.operations()
    assert ledger.history(REPOSITORY, SUBJECT) == ()


def test_what_a_function_has_in_hand_is_not_taken_for_a_restore() -> None:
    act = Act("event-1", BAD.digest, GOOD.digest, NOW)
    images, ledger = world(standing="good", record=Record(Good(GOOD.digest, NOW), open=True, act=act))

    assert restore(images, ledger).came is Came.ALREADY_SO
    assert ledger.records[REPOSITORY, SUBJECT].act == act
    assert ledger.history(REPOSITORY, SUBJECT) == ()


@pytest.mark.parametrize(
    ("trouble", "text"),
    [
        ("unknown", "No good image of team/web:latest is known"),
        ("gone", "is not in team/web any more"),
        ("archived", "is in the archive: bring it back first"),
        ("immutable", "cannot be moved; delete that tag first"),
    ],
)
def test_what_cannot_be_restored_is_left_and_it_is_said_why(trouble: str, text: str) -> None:
    images, ledger = world()
    before = ledger.records[REPOSITORY, SUBJECT]
    match trouble:
        case "unknown":
            before = ledger.records[REPOSITORY, SUBJECT] = replace(before, good=None)
        case "gone":
            images.delete(REPOSITORY, GOOD.digest)
        case "archived":
            images.archive(REPOSITORY, GOOD.digest)
        case _:
            images.create(REPOSITORY, immutable=True)
            images.push(REPOSITORY, GOOD, "1.3")
            images.push(REPOSITORY, BAD, "latest")

    line = restore(images, ledger)

    assert line.came is Came.LEFT
    assert text in line.text
    assert images.tags(REPOSITORY)["latest"] == BAD.digest
    assert ledger.records[REPOSITORY, SUBJECT] == before
    assert ledger.history(REPOSITORY, SUBJECT) == ()


def test_a_tag_that_a_function_is_handling_is_left_to_it() -> None:
    images, ledger = world()
    ledger.leases[REPOSITORY, SUBJECT] = ("function", NOW + timedelta(minutes=1))

    with pytest.raises(UnreadableError) as raised:
        restore(images, ledger)

    assert raised.value.unknown.reason is UnknownReason.UNAVAILABLE
    assert images.tags(REPOSITORY)["latest"] == BAD.digest


def test_a_good_image_that_cannot_be_read_is_not_taken_for_one_that_is_gone() -> None:
    images, ledger = world()
    images.withhold(GOOD.digest, UnknownReason.ACCESS_DENIED)

    with pytest.raises(UnreadableError):
        restore(images, ledger)
    assert ledger.records[REPOSITORY, SUBJECT].act is None


@pytest.mark.parametrize("place", range(8))
def test_a_restore_that_is_cut_short_anywhere_leaves_the_tag_on_one_of_the_two_and_may_be_repeated(place: int) -> None:
    images, ledger = world()
    passed = count()

    def stop(_: str) -> None:
        if next(passed) == place:
            raise KilledError

    images.after = ledger.after = stop
    with pytest.raises(KilledError):
        restore(images, ledger)
    images.after = ledger.after = lambda _: None
    ledger.leases.clear()

    assert images.tags(REPOSITORY)["latest"] in (GOOD.digest, BAD.digest)
    assert restore(images, ledger, "again").came in (Came.DONE, Came.ALREADY_SO)
    assert images.tags(REPOSITORY)["latest"] == GOOD.digest
    assert len(ledger.history(REPOSITORY, SUBJECT)) == 1
    act = ledger.records[REPOSITORY, SUBJECT].act
    assert act is not None
    assert act.ended is not None
