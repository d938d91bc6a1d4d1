from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count

import pytest
from tests.content import config, index, layer, manifest, single
from tests.fakes.images import FakeImages
from tests.fakes.ledger import FakeLedger
from tests.situations import NOW, REPOSITORY, push

from ecrguard.domain.action import Action
from ecrguard.domain.image import UnknownReason
from ecrguard.domain.ledger import Act, Due, Entry, Good, Record, Told
from ecrguard.domain.marker import marker_tag
from ecrguard.domain.plan import Outcome
from ecrguard.errors import UnreadableError
from ecrguard.release import Answer, Came, Releaser, image_subject, release_command
from ecrguard.subjects import tag_subject

WHO = "arn:aws:sts::123456789012:assumed-role/platform/ada"
GOOD, BAD, OTHER = single("amd64"), single("arm64"), single("s390x")
MARKER = marker_tag(BAD.digest)


class KilledError(BaseException):
    """The command was stopped."""


@dataclass
class Released:
    """A registry and a ledger, and releases on them."""

    images: FakeImages = field(default_factory=FakeImages)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    clock: count[int] = field(default_factory=count)

    def run(self, *tags: str, why: str = "runs under emulation", digest: str = BAD.digest) -> Answer:
        minutes = next(self.clock)
        releaser = Releaser(
            self.images, self.images, self.ledger, WHO, f"run-{minutes}", lambda: NOW + timedelta(minutes=minutes)
        )
        return releaser.release(REPOSITORY, digest, tags, why)

    @property
    def record(self) -> Record:
        return self.ledger.records[REPOSITORY, tag_subject("1.4")]

    @record.setter
    def record(self, record: Record) -> None:
        self.ledger.records[REPOSITORY, tag_subject("1.4")] = record

    @property
    def tags(self) -> dict[str, str]:
        return self.images.tags(REPOSITORY)


TOLD = Told("alert-1", "event-1", BAD.digest, "state", NOW)


def quarantined(to: str) -> Released:
    """An image whose tag was given to another, or to none where ``to`` is empty."""
    here = Released()
    here.images.push(REPOSITORY, GOOD, *(("1.4",) if to else ("1.3",)))
    here.images.push(REPOSITORY, BAD, MARKER)
    act = Act("event-1", BAD.digest, to, NOW, NOW)
    here.record = Record(Good(GOOD.digest, NOW - timedelta(days=1)), (TOLD,), open=True, act=act)
    return here


@pytest.mark.parametrize("to", [GOOD.digest, ""], ids=["moved back", "taken off"])
@pytest.mark.parametrize("pair_takes_image", [False, True], ids=["", "a pair takes the image"])
def test_a_quarantined_image_gets_its_tag_again_and_loses_its_marker(
    to: str,
    pair_takes_image: bool,  # noqa: FBT001 - what ECR may do
) -> None:
    here = quarantined(to)
    here.images.pair_takes_image = pair_takes_image

    answer = here.run("1.4")

    assert answer.complete
    assert [line.came for line in answer.lines] == [Came.DONE] * 3
    assert here.tags["1.4"] == BAD.digest
    assert MARKER not in here.tags
    assert here.record == Record(here.record.good, (TOLD,), open=False, act=None)
    assert here.ledger.releases[REPOSITORY, BAD.digest].who == WHO
    assert here.ledger.leases == {}


def test_the_word_is_kept_before_anything_is_changed() -> None:
    here = quarantined("")
    order: list[str] = []
    here.images.before = here.ledger.before = order.append

    here.run("1.4")

    assert order.index("release") < order.index("hold") < order.index("put_tag")


def test_a_release_that_is_repeated_changes_nothing_and_the_first_word_stays() -> None:
    here = quarantined("")
    here.run("1.4")
    calls = len(here.images.calls)

    again = here.run("1.4", why="another reason")

    assert again.complete
    assert {line.came for line in again.lines} == {Came.ALREADY_SO}
    assert WHO in again.lines[0].text
    assert "put_tag" not in [operation for operation, _ in here.images.calls[calls:]]
    [entry] = here.ledger.history(REPOSITORY, tag_subject("1.4"))
    assert (entry.what, entry.digest, entry.text, entry.who) == ("released", BAD.digest, "runs under emulation", WHO)


def steps_of_a_release() -> int:
    here = quarantined("")
    calls: list[str] = []
    here.images.before = here.ledger.before = calls.append
    here.run("1.4")
    return len(calls)


@pytest.mark.parametrize("place", range(steps_of_a_release()))
@pytest.mark.parametrize("to", [GOOD.digest, ""], ids=["moved back", "taken off"])
def test_a_release_that_is_cut_short_anywhere_is_ended_by_the_next(place: int, to: str) -> None:
    here, passed = quarantined(to), count()

    def stop(_: str) -> None:
        if next(passed) == place:
            raise KilledError

    here.images.after = here.ledger.after = stop
    with pytest.raises(KilledError):
        here.run("1.4")
    here.images.after = here.ledger.after = lambda _: None
    here.ledger.leases.clear()

    assert here.run("1.4").complete
    assert (here.tags["1.4"], MARKER in here.tags) == (BAD.digest, False)
    assert (here.record.open, here.record.act) == (False, None)
    assert len(here.ledger.history(REPOSITORY, tag_subject("1.4"))) == 1


def test_a_tag_that_somebody_has_pushed_since_stays_where_it_is() -> None:
    here = quarantined(GOOD.digest)
    here.images.push(REPOSITORY, OTHER, "1.4")

    answer = here.run("1.4")

    assert not answer.complete
    assert here.tags["1.4"] == OTHER.digest
    assert f"stands for {OTHER.digest}: somebody has pushed it since" in answer.lines[1].text


def test_a_tag_that_was_given_back_because_of_a_later_image_is_not_given_to_an_earlier_one() -> None:
    here = quarantined(GOOD.digest)
    here.record = replace(here.record, act=Act("event-2", OTHER.digest, GOOD.digest, NOW, NOW))

    assert not here.run("1.4").complete
    assert here.tags["1.4"] == GOOD.digest
    assert here.record.act is not None


def test_the_marker_stays_where_it_is_the_only_tag() -> None:
    here = quarantined("")
    here.record = Record()

    answer = here.run("1.4")

    assert not answer.complete
    assert here.tags[MARKER] == BAD.digest
    assert "1.4" not in here.tags
    assert "nothing tells that it was taken off this image" in answer.lines[1].text
    assert "deletes an image with its last tag" in answer.lines[2].text


def test_a_tag_that_is_gone_comes_back_where_its_history_names_the_image() -> None:
    here = quarantined("")
    here.record = Record()
    here.ledger.note(
        REPOSITORY, tag_subject("1.4"), Entry(NOW, "mismatch", BAD.digest, "event-1", "a", "text", Outcome())
    )

    assert here.run("1.4").complete
    assert here.tags["1.4"] == BAD.digest


def test_an_image_that_is_only_marked_keeps_its_tag_and_is_not_wrong_any_more() -> None:
    here = Released()
    here.images.push(REPOSITORY, BAD, "1.4", MARKER)
    here.record = Record(told=(TOLD,), open=True)

    answer = here.run()

    assert answer.complete
    assert here.tags == {"1.4": BAD.digest}
    assert not here.record.open


def test_what_is_wrong_for_another_image_stays_wrong() -> None:
    here = quarantined("")
    here.record = replace(here.record, told=(replace(TOLD, digest=OTHER.digest), TOLD))

    here.run("1.4")

    assert here.record.open


def test_an_image_that_is_due_gets_the_tag_of_what_is_due_and_nothing_is_due_any_more() -> None:
    here = quarantined("")
    due = Due(push("1.4", BAD.digest), Action.DELETE, NOW, "alert-1")
    other = Due(push("1.3", GOOD.digest), Action.DELETE, NOW, "alert-2")
    here.ledger.owe(due)
    here.ledger.owe(other)

    assert here.run().complete
    assert here.tags["1.4"] == BAD.digest
    assert here.ledger.dues() == (other,)


def test_which_tag_an_image_had_is_asked_for_where_nothing_tells() -> None:
    answer = quarantined("").run()

    assert not answer.complete
    assert f"{REPOSITORY}:TAG@{BAD.digest}" in answer.lines[1].text


def test_a_release_without_a_tag_is_kept_in_the_history_of_the_image() -> None:
    here = quarantined("")
    here.run()

    assert [entry.what for entry in here.ledger.history(REPOSITORY, image_subject(BAD.digest))] == ["released"]


def test_an_archived_image_is_on_its_way_back_and_a_later_run_puts_its_tag_on_it() -> None:
    here = quarantined("")
    here.images.archive(REPOSITORY, BAD.digest)

    first = here.run("1.4")
    assert (first.complete, first.again) == (False, True)
    assert "1.4" not in here.tags
    assert here.tags[MARKER] == BAD.digest

    here.images.store(REPOSITORY, BAD.digest, "ACTIVE")
    second = here.run("1.4")
    assert (second.complete, second.again) == (True, False)
    assert here.tags["1.4"] == BAD.digest
    assert here.images.pullable(REPOSITORY, tag="1.4")


def test_an_image_that_was_deleted_is_to_be_pushed_again_and_its_release_is_kept() -> None:
    here = quarantined("")
    here.images.delete(REPOSITORY, BAD.digest)

    answer = here.run("1.4")

    assert not answer.complete
    assert "push it again, it will be left alone" in answer.lines[1].text
    assert (REPOSITORY, BAD.digest) in here.ledger.releases


def test_an_image_that_ecr_took_away_with_its_tag_is_brought_back() -> None:
    here = taken_by_ecr()

    assert here.run("1.4").complete
    assert (here.tags["1.4"], here.tags["stable"]) == (BAD.digest, BAD.digest)
    assert MARKER not in here.tags
    assert here.record.act is None


def taken_by_ecr() -> Released:
    """An image that ECR took away together with its tag, in an act that came to no end."""
    here = quarantined("")
    act = Act("event-1", BAD.digest, "", NOW, None, (MARKER, "stable"), BAD.media_type, BAD.body.decode())
    here.record = replace(here.record, act=act)
    here.images.delete(REPOSITORY, BAD.digest)
    return here


def test_what_was_pushed_since_stays_where_an_image_is_brought_back() -> None:
    here = taken_by_ecr()
    here.images.push(REPOSITORY, GOOD, "stable")

    assert here.run("1.4").complete
    assert (here.tags["1.4"], here.tags["stable"]) == (BAD.digest, GOOD.digest)

    here = taken_by_ecr()
    here.images.push(REPOSITORY, GOOD, "1.4")

    assert "push it again" in here.run("1.4").lines[1].text
    assert here.tags["1.4"] == GOOD.digest


def test_an_image_that_could_not_be_brought_back_is_not_said_to_be_gone() -> None:
    here = taken_by_ecr()
    here.images.fail("put_tag", UnknownReason.THROTTLED, times=1)

    with pytest.raises(UnreadableError):
        here.run("1.4")
    assert here.run("1.4").complete


def test_what_was_done_because_of_another_image_is_not_forgotten() -> None:
    here = quarantined("")
    here.images.push(REPOSITORY, BAD, "1.4")
    here.record = Record(act=Act("event-2", OTHER.digest, BAD.digest, NOW, NOW))

    assert here.run("1.4").complete
    assert here.record.act is not None


def test_an_index_whose_parts_are_gone_is_to_be_pushed_again() -> None:
    here = Released()
    child = manifest(config("linux", "arm64"), layers=[layer(), layer()])
    both = index(child)
    here.images.push(REPOSITORY, both, "1.4")
    here.images.delete(REPOSITORY, both.digest)
    here.images.delete(REPOSITORY, child.digest)
    here.record = Record(act=Act("event-1", both.digest, "", NOW, None, (), both.media_type, both.body.decode()))

    answer = here.run("1.4", digest=both.digest)

    assert "push it again" in answer.lines[1].text


def test_a_tag_that_cannot_be_moved_stays_and_it_is_said() -> None:
    here = quarantined(GOOD.digest)
    here.images.create(REPOSITORY, immutable=True)
    here.images.push(REPOSITORY, GOOD, "1.4")
    here.images.push(REPOSITORY, BAD, MARKER)

    answer = here.run("1.4")

    assert "cannot be moved; delete that tag first" in answer.lines[1].text
    assert here.tags["1.4"] == GOOD.digest


def test_a_tag_that_a_function_is_handling_is_left_to_it_and_the_word_is_kept() -> None:
    here = quarantined("")
    here.ledger.leases[REPOSITORY, tag_subject("1.4")] = ("function", NOW + timedelta(hours=1))

    with pytest.raises(UnreadableError) as raised:
        here.run("1.4")

    assert raised.value.unknown.reason is UnknownReason.UNAVAILABLE
    assert (REPOSITORY, BAD.digest) in here.ledger.releases
    assert "1.4" not in here.tags


def test_an_image_that_cannot_be_read_is_not_taken_for_one_that_is_gone() -> None:
    here = quarantined("")
    here.images.withhold(BAD.digest, UnknownReason.ACCESS_DENIED)

    with pytest.raises(UnreadableError):
        here.run("1.4")
    assert here.tags[MARKER] == BAD.digest


@pytest.mark.parametrize(
    ("record", "digest"),
    [
        (Record(told=(TOLD,), open=True, act=Act("e", BAD.digest, GOOD.digest, NOW)), BAD.digest),
        (Record(told=(TOLD,), open=False), GOOD.digest),
        (Record(), GOOD.digest),
    ],
    ids=["wrong now", "right again", "never wrong"],
)
def test_the_image_that_a_tag_means(record: Record, digest: str) -> None:
    here = quarantined(GOOD.digest)
    here.record = record

    releaser = Releaser(here.images, here.images, here.ledger, WHO, "run", lambda: NOW)

    assert releaser.image_of(REPOSITORY, "1.4") == digest
    assert releaser.image_of(REPOSITORY, "none") == ""


def test_the_command_that_alerts_show() -> None:
    assert release_command(push("1.4", BAD.digest), "ecrguard") == (
        f"ecrguard release {REPOSITORY}:1.4@{BAD.digest} --why 'WHY' --stack ecrguard"
    )
    assert release_command(push("", BAD.digest), "guard").startswith(f"ecrguard release {REPOSITORY}@sha256:")
