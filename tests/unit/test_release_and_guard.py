"""What a person gives free stays free: releases and restores beside a guard that goes on handling events."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.content import single
from tests.guarded import Guarded
from tests.situations import NOW, REPOSITORY, push

from ecrguard.domain.action import Action
from ecrguard.domain.marker import marker_tag
from ecrguard.domain.push import Arrival, Push
from ecrguard.domain.verdict import Reason
from ecrguard.errors import UnreadableError
from ecrguard.release import Releaser
from ecrguard.restore import Restorer
from ecrguard.subjects import tag_subject

GOOD, BAD, WORSE = single("amd64"), single("arm64"), single("s390x")
WHO = "arn:aws:iam::123456789012:user/ada"


def announced(digest: str, minutes: int, event: str, arrival: Arrival = Arrival.PUSHED) -> Push:
    return replace(push("1.4", digest, arrival), event_id=event, time=NOW + timedelta(minutes=minutes))


@pytest.fixture(params=["moved back", "taken off"])
def guarded(request: pytest.FixtureRequest) -> Guarded:
    """A guard that has quarantined an image, where there was a good one before, and where there was none."""
    made = Guarded(enforcement=Action.DELETE)
    made.demands("linux/amd64", Action.DELETE)
    if request.param == "moved back":
        made.holds(GOOD, "1.4")
        made.guard.check(announced(GOOD.digest, 0, "good"), last_try=False)
    made.holds(BAD, "1.4")
    made.now = NOW + timedelta(minutes=1)
    made.guard.check(announced(BAD.digest, 1, "bad"), last_try=False)
    made.now = NOW + timedelta(minutes=10)
    assert made.images.tags(REPOSITORY).get("1.4") == (GOOD.digest if request.param == "moved back" else None)
    assert [due.push.digest for due in made.ledger.dues()] == [BAD.digest]
    return made


def release(guarded: Guarded, *tags: str) -> bool:
    releaser = Releaser(guarded.images, guarded.images, guarded.ledger, WHO, "run", lambda: guarded.now)
    return releaser.release(REPOSITORY, BAD.digest, tags, "runs under emulation").complete


@pytest.mark.parametrize("tags", [["1.4"], []], ids=["as alerts name it", "by the digest alone"])
def test_no_event_takes_a_released_image_again(guarded: Guarded, tags: list[str]) -> None:
    told = len(guarded.alerts.published)

    assert release(guarded, *tags)

    events = [
        announced(BAD.digest, 10, "our own"),
        announced(BAD.digest, 1, "bad"),
        announced(BAD.digest, 1, "bad, announced twice"),
        announced(BAD.digest, 20, "pushed again"),
        announced(BAD.digest, 21, "restored", Arrival.RESTORED),
    ]
    reports = [report for event in events for report in guarded.guard.check(event, last_try=False)]
    assert guarded.images.tags(REPOSITORY)["1.4"] == BAD.digest
    assert marker_tag(BAD.digest) not in guarded.images.tags(REPOSITORY)
    assert {report.verdict.reason for report in reports} == {Reason.RELEASED}
    assert len(guarded.alerts.published) == told
    assert guarded.ledger.dues() == ()


def test_the_sweep_leaves_a_released_image_alone(guarded: Guarded) -> None:
    dues = guarded.ledger.dues()
    release(guarded, "1.4")
    guarded.read_since = guarded.now = NOW + timedelta(hours=2)

    guarded.sweep.run(dues)

    assert guarded.images.pullable(REPOSITORY, tag="1.4")


def test_an_image_that_is_being_deleted_is_waited_for(guarded: Guarded) -> None:
    guarded.ledger.leases[REPOSITORY, tag_subject("1.4")] = ("sweep", guarded.now + timedelta(minutes=5))

    with pytest.raises(UnreadableError):
        release(guarded, "stable")

    assert (REPOSITORY, BAD.digest) in guarded.ledger.releases
    assert [due.push.digest for due in guarded.ledger.dues()] == [BAD.digest]


def test_another_image_is_handled_as_before(guarded: Guarded) -> None:
    release(guarded, "1.4")
    guarded.holds(WORSE, "1.4")
    guarded.now = NOW + timedelta(minutes=20)

    guarded.guard.check(announced(WORSE.digest, 20, "worse"), last_try=False)

    assert guarded.images.tags(REPOSITORY).get("1.4") != WORSE.digest
    assert guarded.images.pullable(REPOSITORY, digest=BAD.digest)


def test_the_event_of_a_restore_tells_nobody_anything() -> None:
    guarded = Guarded(enforcement=Action.TAG)
    guarded.demands("linux/amd64", Action.TAG)
    guarded.holds(GOOD, "1.4")
    guarded.guard.check(announced(GOOD.digest, 0, "good"), last_try=False)
    guarded.holds(BAD, "1.4")
    guarded.guard.check(announced(BAD.digest, 1, "bad"), last_try=False)
    guarded.now = NOW + timedelta(minutes=10)
    told = len(guarded.alerts.published)

    restorer = Restorer(guarded.images, guarded.images, guarded.ledger, WHO, "run", lambda: guarded.now)
    assert restorer.restore(REPOSITORY, "1.4", "the site is down").complete
    guarded.guard.check(announced(GOOD.digest, 10, "our own"), last_try=False)

    assert guarded.images.tags(REPOSITORY)["1.4"] == GOOD.digest
    assert len(guarded.alerts.published) == told
    good = guarded.ledger.records[REPOSITORY, tag_subject("1.4")].good
    assert good is not None
    assert (good.digest, good.pushed) == (GOOD.digest, NOW + timedelta(minutes=10))
