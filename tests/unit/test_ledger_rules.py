"""What is told once, what is news, what is put right, and what is our own doing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.situations import AMD64, ARM64, DIGEST, NOW, OTHER_DIGEST, REGISTRY, UNREADABLE, UNTOLD
from tests.strategies import verdicts

from ecrguard.domain.action import Action
from ecrguard.domain.ledger import (
    ECHO,
    ECHO_LATE,
    HOLD,
    LONGEST_ACT,
    MAX_MANIFEST,
    MOST_TOLD,
    Act,
    Due,
    Entry,
    Good,
    Record,
    Told,
    is_news,
    is_overtaken,
    is_settled,
    righted,
    state_of,
)
from ecrguard.domain.plan import Done, Outcome, Refusal, RefusalReason, Result
from ecrguard.domain.push import Arrival, Push
from ecrguard.domain.verdict import Failure, Finding, Judgement, Reason, Severity, Subject, SubjectKind, Verdict

if TYPE_CHECKING:
    from random import Random

GOOD = f"sha256:{'c' * 64}"
SECOND = timedelta(seconds=1)
STATE = "state-1"


def told(digest: str = DIGEST, pushed: datetime = NOW, event: str = "event-0", state: str = STATE) -> Told:
    return Told(f"alert-of-{event}", event, digest, state, pushed)


def pushed(digest: str = DIGEST, time: datetime = NOW, event: str = "event-1") -> Push:
    return Push(Arrival.PUSHED, REGISTRY, "team/web", digest, "1.4", event, time)


def act(to: str = GOOD, digest: str = DIGEST, ended: datetime | None = NOW + SECOND) -> Act:
    return Act("event-1", digest, to, NOW, ended)


def test_what_is_not_known_is_empty() -> None:
    assert Record() == Record(None, (), open=False, act=None)
    assert Act("e", DIGEST, GOOD, NOW) == Act("e", DIGEST, GOOD, NOW, None, (), "", "", "")
    assert Told("a", "e", DIGEST, STATE, NOW).explanation == ""
    assert not Told("a", "e", DIGEST, STATE, NOW).undone
    assert Due(pushed(), Action.ARCHIVE, NOW, "a") == Due(pushed(), Action.ARCHIVE, NOW, "a", begun=False, children=())
    assert Entry(NOW, "released", DIGEST, "", "", "", Outcome()).who == ""


def test_what_is_kept_has_bounds() -> None:
    # An item of DynamoDB takes 400 KB: a manifest, its other values and what was told must go into one.
    assert MAX_MANIFEST == 307_200
    assert MOST_TOLD == 20
    assert timedelta(seconds=2) == ECHO
    assert timedelta(seconds=15) == ECHO_LATE
    assert timedelta(seconds=330) == HOLD


def test_the_latest_alert_is_the_first() -> None:
    assert Record().latest is None
    assert Record(told=(told(event="b"), told(event="a"))).latest == told(event="b")


# alerts of the tag, the push: whether people were told of it already
SETTLED: dict[str, tuple[tuple[Told, ...], Push, bool]] = {
    "nothing was told": ((), pushed(), False),
    "the event has come again": ((told(event="event-1"),), pushed(), True),
    "the event has come again, after others": ((told(OTHER_DIGEST), told(event="event-1")), pushed(), True),
    "the event of another image has come again": ((told(OTHER_DIGEST, event="event-1"),), pushed(), False),
    "it was pushed again": ((told(pushed=NOW - SECOND),), pushed(), False),
    "it was pushed again within the second": ((told(),), pushed(), False),
    "it has come again, and something is left to do": ((replace(told(event="event-1"), undone=True),), pushed(), False),
    "something is left to do of another push of it": ((replace(told(), undone=True),), pushed(), False),
    "something is left to do of a later push of it": (
        (replace(told(pushed=NOW + SECOND), undone=True),),
        pushed(),
        True,
    ),
    "its event comes after that of a later push of it": ((told(pushed=NOW + SECOND),), pushed(), True),
    "its event comes after that of a later push of another": ((told(OTHER_DIGEST, NOW + SECOND),), pushed(), False),
}


@pytest.mark.parametrize(("alerts", "push", "settled"), SETTLED.values(), ids=SETTLED.keys())
def test_what_people_were_told_is_settled(alerts: tuple[Told, ...], push: Push, *, settled: bool) -> None:
    for open_ in (True, False):
        assert is_settled(Record(told=alerts, open=open_), push) is settled


CHANGED = Outcome((Done(Action.TAG, Result.DONE, "m"),))
UNCHANGED = Outcome(
    (Done(Action.TAG, Result.ALREADY_DONE, "m"),),
    (Refusal(Action.DELETE, RefusalReason.IN_USE, "it is"),),
)

# alerts of the tag, whether it is wrong, what is wrong with the push, what was done: whether people are to be told
NEWS: dict[str, tuple[tuple[Told, ...], bool, str, Outcome, bool]] = {
    "nothing was told": ((), False, STATE, UNCHANGED, True),
    "nothing was told, though it is wrong": ((), True, STATE, UNCHANGED, True),
    "another image was told": ((told(OTHER_DIGEST),), True, STATE, UNCHANGED, True),
    "it was told": ((told(),), True, STATE, UNCHANGED, False),
    "it was told, and something was done now": ((told(),), True, STATE, CHANGED, True),
    "it was told, and right since": ((told(),), False, STATE, UNCHANGED, True),
    "it was told, and something else is wrong now": ((told(),), True, "state-2", UNCHANGED, True),
    "another image was told since": ((told(OTHER_DIGEST), told()), True, STATE, UNCHANGED, True),
    "it was told twice, the last time so": ((told(event="b"), told(state="state-2")), True, STATE, UNCHANGED, False),
    "it was told twice, the last time otherwise": (
        (told(event="b", state="state-2"), told()),
        True,
        STATE,
        UNCHANGED,
        True,
    ),
}


@pytest.mark.parametrize(("alerts", "open_", "state", "outcome", "news"), NEWS.values(), ids=NEWS.keys())
def test_people_are_told_once(
    alerts: tuple[Told, ...], state: str, outcome: Outcome, *, open_: bool, news: bool
) -> None:
    assert is_news(Record(told=alerts, open=open_), pushed(), state, outcome) is news


def test_two_images_pushed_in_turn_are_told_each_time_while_the_tag_is_wrong() -> None:
    record = Record(told=(told(OTHER_DIGEST, event="b"), told(event="a")), open=True)

    assert is_news(record, pushed(DIGEST), STATE, UNCHANGED)
    assert not is_news(record, pushed(OTHER_DIGEST), STATE, UNCHANGED)


OPEN = Record(told=(told(event="b"), told(event="a", pushed=NOW - SECOND)), open=True)

# the record, the push, the judgement: whether it resolves the latest alert
RIGHTED: dict[str, tuple[Record, Push, Judgement, bool]] = {
    "a later push is right": (OPEN, pushed(GOOD, NOW + SECOND), Judgement.OK, True),
    "a push of the same second is right": (OPEN, pushed(GOOD), Judgement.OK, True),
    "the same image is right by now": (OPEN, pushed(DIGEST, NOW + SECOND), Judgement.OK, True),
    "an earlier push is right": (OPEN, pushed(GOOD, NOW - SECOND), Judgement.OK, False),
    "it is wrong": (OPEN, pushed(GOOD, NOW + SECOND), Judgement.MISMATCH, False),
    "it could not be told": (OPEN, pushed(GOOD, NOW + SECOND), Judgement.UNKNOWN, False),
    "it needs no judging": (OPEN, pushed(GOOD, NOW + SECOND), Judgement.NOT_APPLICABLE, False),
    "nothing is wrong": (replace(OPEN, open=False), pushed(GOOD, NOW + SECOND), Judgement.OK, False),
    "nothing was told": (Record(open=True), pushed(GOOD, NOW + SECOND), Judgement.OK, False),
    "we gave the tag back": (replace(OPEN, act=act()), pushed(GOOD, NOW + SECOND), Judgement.OK, False),
    "somebody pushed the good image after we gave the tag back": (
        replace(OPEN, act=act()),
        pushed(GOOD, NOW + SECOND + ECHO_LATE + SECOND),
        Judgement.OK,
        True,
    ),
    "somebody pushed another image after we gave the tag back": (
        replace(OPEN, act=act()),
        pushed(OTHER_DIGEST, NOW + SECOND),
        Judgement.OK,
        True,
    ),
    "we took the tag away": (replace(OPEN, act=act("")), pushed(GOOD, NOW + SECOND), Judgement.OK, True),
}


@pytest.mark.parametrize(("record", "push", "judgement", "resolves"), RIGHTED.values(), ids=RIGHTED.keys())
def test_a_later_push_that_is_right_resolves(
    record: Record, push: Push, judgement: Judgement, *, resolves: bool
) -> None:
    assert righted(record, push, judgement) == (record.latest if resolves else None)


# the act, the push: whether the event is what ECR announces of the act
ECHOES: dict[str, tuple[Act, Push, bool]] = {
    "while it was done": (act(), pushed(GOOD), True),
    "a little before, as ECR's clock goes": (act(), pushed(GOOD, NOW - ECHO), True),
    "long before": (act(), pushed(GOOD, NOW - ECHO - SECOND), False),
    "a little after it ended": (act(), pushed(GOOD, NOW + SECOND + ECHO_LATE), True),
    "long after it ended": (act(), pushed(GOOD, NOW + SECOND + ECHO_LATE + SECOND), False),
    "while it may go on, and it has not ended": (act(ended=None), pushed(GOOD, NOW + LONGEST_ACT + ECHO_LATE), True),
    "after it can go on, and it has not ended": (
        act(ended=None),
        pushed(GOOD, NOW + LONGEST_ACT + ECHO_LATE + SECOND),
        False,
    ),
    "before it began, and it has not ended": (act(ended=None), pushed(GOOD, NOW - ECHO - SECOND), False),
    "of the image that it was taken from": (act(), pushed(DIGEST), False),
    "of another image": (act(), pushed(OTHER_DIGEST), False),
    "of a tag that was taken away": (act(""), pushed(DIGEST), False),
    "of a tag that was taken away, without a digest": (act(""), pushed(""), False),
}


@pytest.mark.parametrize(("done", "push", "echo"), ECHOES.values(), ids=ECHOES.keys())
def test_what_ecr_announces_of_our_own_act_is_known(done: Act, push: Push, *, echo: bool) -> None:
    assert done.is_echo(push) is echo


def test_an_act_explains_where_its_tag_stands() -> None:
    assert act(GOOD).explains(DIGEST, GOOD)
    assert act("").explains(DIGEST, "")
    assert not act(GOOD).explains(OTHER_DIGEST, GOOD)
    assert not act(GOOD).explains(DIGEST, OTHER_DIGEST)
    assert not act(GOOD).explains(DIGEST, "")
    assert not act("").explains(DIGEST, GOOD)


NEWER = f"sha256:{'d' * 64}"

# the tag's last good image, our act, the image that is good, what the tag stands for: whether it is given forward
OVERTAKEN: dict[str, tuple[str, Act | None, str, str, bool]] = {
    "another was pushed while we gave it back": (NEWER, act(GOOD), NEWER, GOOD, True),
    "an earlier good push is heard of after we took it away": (NEWER, act(""), NEWER, "", True),
    "it stands for the good image": (NEWER, act(GOOD), NEWER, NEWER, False),
    "we gave it to the good image": (GOOD, act(GOOD), GOOD, GOOD, False),
    "somebody moved it elsewhere": (NEWER, act(GOOD), NEWER, OTHER_DIGEST, False),
    "somebody took it away": (NEWER, act(GOOD), NEWER, "", False),
    "we took it away, and somebody pushed it": (NEWER, act(""), NEWER, OTHER_DIGEST, False),
    "it is not the last good image": (GOOD, act(GOOD), NEWER, GOOD, False),
    "no image is good": ("", act(GOOD), NEWER, GOOD, False),
    "we did nothing": (NEWER, None, NEWER, GOOD, False),
    "it was known already when we took it away": (NEWER, replace(act(""), known=NEWER), NEWER, "", False),
    "another was known when we took it away": (NEWER, replace(act(""), known=GOOD), NEWER, "", True),
    "it is the image that we took it from": (DIGEST, act(GOOD), DIGEST, GOOD, False),
}


@pytest.mark.parametrize(("good", "done", "digest", "standing", "overtaken"), OVERTAKEN.values(), ids=OVERTAKEN.keys())
def test_a_good_image_that_our_act_overtook_gets_its_tag(
    good: str, done: Act | None, digest: str, standing: str, *, overtaken: bool
) -> None:
    record = Record(good=Good(good, NOW) if good else None, act=done)

    assert is_overtaken(record, digest, standing) is overtaken


WEB = Subject(SubjectKind.ECS_SERVICE, "ECS service prod/web", "arn:web")
FINDING = Finding(Severity.MISMATCH, WEB, (AMD64,), "linux/amd64", (ARM64,), Failure.EXEC_FORMAT, "exec format error")
VERDICT = Verdict(
    Judgement.MISMATCH, Reason.PLATFORMS_MISMATCH, "It is built for linux/arm64.", (FINDING,), (UNTOLD,), (AMD64,)
)


@dataclass(frozen=True)
class Alike:
    """A verdict, and whether one alert is enough for it and :data:`VERDICT`."""

    verdict: Verdict
    same: bool


STATES = {
    "itself": Alike(VERDICT, same=True),
    "told in other words": Alike(
        replace(VERDICT, explanation="x", findings=(replace(FINDING, prediction="y", requirement="z", offered=()),)),
        same=True,
    ),
    "found twice": Alike(replace(VERDICT, findings=(FINDING, FINDING)), same=True),
    "an unknown in other words": Alike(replace(VERDICT, unknowns=(replace(UNTOLD, detail="x"),)), same=True),
    "another judgement": Alike(replace(VERDICT, judgement=Judgement.UNKNOWN), same=False),
    "another reason": Alike(replace(VERDICT, reason=Reason.NOT_TOLD), same=False),
    "one more finding": Alike(
        replace(VERDICT, findings=(FINDING, replace(FINDING, subject=replace(WEB, arn="arn:b")))), same=False
    ),
    "no finding": Alike(replace(VERDICT, findings=()), same=False),
    "of another severity": Alike(replace(VERDICT, findings=(replace(FINDING, severity=Severity.WARNING),)), same=False),
    "of another kind": Alike(
        replace(VERDICT, findings=(replace(FINDING, subject=replace(WEB, kind=SubjectKind.ECS_TASK)),)), same=False
    ),
    "of another name": Alike(
        replace(VERDICT, findings=(replace(FINDING, subject=replace(WEB, name="prod/b")),)), same=False
    ),
    "of another failure": Alike(replace(VERDICT, findings=(replace(FINDING, failure=Failure.WRONG_OS),)), same=False),
    "of no failure": Alike(replace(VERDICT, findings=(replace(FINDING, failure=None),)), same=False),
    "another unknown besides": Alike(replace(VERDICT, unknowns=(UNREADABLE,)), same=True),
    "other platforms required": Alike(replace(VERDICT, findings=(replace(FINDING, required=(ARM64,)),)), same=False),
    "a warning besides": Alike(
        replace(VERDICT, findings=(FINDING, replace(FINDING, severity=Severity.WARNING, failure=None))), same=True
    ),
}


@pytest.mark.parametrize("case", STATES.values(), ids=STATES.keys())
def test_one_alert_is_enough_for_what_is_wrong_in_the_same_way(case: Alike) -> None:
    assert (state_of(case.verdict) == state_of(VERDICT)) is case.same


UNKNOWN = Verdict(Judgement.UNKNOWN, Reason.NOT_TOLD, "", unknowns=(UNTOLD,))


@pytest.mark.parametrize(
    ("verdict", "same"),
    [
        (replace(UNKNOWN, unknowns=(replace(UNTOLD, detail="x", subject="y"), UNTOLD)), True),
        (replace(UNKNOWN, needs=(ARM64,)), True),
        (replace(UNKNOWN, unknowns=(UNREADABLE,)), False),
        (replace(UNKNOWN, unknowns=(UNTOLD, UNREADABLE)), False),
        (replace(UNKNOWN, unknowns=()), False),
    ],
    ids=["of another subject", "other needs", "another reason", "one more reason", "no reason"],
)
def test_of_what_could_not_be_told_the_reasons_count(verdict: Verdict, same: object) -> None:
    assert (state_of(verdict) == state_of(UNKNOWN)) is same


def test_a_state_is_short_and_stays_what_it_is_from_one_version_to_the_next() -> None:
    # It is kept in the ledger: a version that computed it otherwise would tell everything once more.
    assert state_of(VERDICT) == "fd102bf84b1afdfd"
    assert state_of(replace(VERDICT, findings=(replace(FINDING, failure=None),))) == "85cec53ca7c13f1c"
    assert state_of(Verdict(Judgement.UNKNOWN, Reason.NOT_TOLD, "")) == "04638803d41d7121"


def test_a_state_is_the_same_in_every_process() -> None:
    # The order of a set of texts is another in each: of nine in the right order by chance once in 360,000 times.
    many = replace(
        VERDICT,
        findings=tuple(replace(FINDING, subject=replace(WEB, name=f"prod/{each}")) for each in range(9)),
        unknowns=tuple(replace(UNTOLD, subject=f"{each}") for each in range(9)),
    )
    assert state_of(many) == "ba76994c708d1d43"


@given(verdicts, st.randoms())
def test_the_order_in_which_something_is_found_is_nothing_new(verdict: Verdict, random: Random) -> None:
    def mixed[T](values: tuple[T, ...]) -> tuple[T, ...]:
        return tuple(random.sample(values, len(values)))

    other = replace(
        verdict, findings=mixed(verdict.findings), unknowns=mixed(verdict.unknowns), needs=mixed(verdict.needs)
    )
    assert state_of(other) == state_of(verdict)


times = st.integers(-5, 5).map(lambda seconds: NOW + seconds * SECOND)
digests = st.sampled_from([DIGEST, OTHER_DIGEST, GOOD])
acts = st.builds(
    Act, st.just("e"), digests, st.sampled_from(["", DIGEST, OTHER_DIGEST, GOOD]), times, st.none() | times
)
records = st.builds(
    Record,
    st.none() | st.builds(Good, digests, times),
    st.lists(st.builds(told, digests, times, st.sampled_from(["event-0", "event-1"])), max_size=3).map(tuple),
    st.booleans(),
    st.none() | acts,
)


@given(records, digests, times)
def test_only_the_latest_open_alert_is_resolved_and_by_no_earlier_push(
    record: Record, digest: str, time: datetime
) -> None:
    push = pushed(digest, time)
    resolved = righted(record, push, Judgement.OK)

    if resolved is not None:
        assert record.open
        assert resolved.pushed <= push.time
        assert resolved is record.told[0]
        assert record.act is None or not record.act.is_echo(push)


@given(records, digests, st.sampled_from(["", DIGEST, OTHER_DIGEST, GOOD]))
def test_a_tag_is_given_forward_from_nowhere_but_where_our_act_put_it(
    record: Record, digest: str, standing: str
) -> None:
    if is_overtaken(record, digest, standing):
        assert record.act is not None
        assert record.act.to == standing != digest
        assert record.act.explains(record.act.digest, standing)
        assert record.good is not None
        assert record.good.digest == digest
