"""What keeps an act from being done at once: every refusal, what it falls back to, and the steps that are left."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from tests.situation_strategies import (
    DENIED,
    EARLIER,
    FOREIGN,
    GOOD,
    LATER,
    MARKER,
    MISMATCH,
    STALE,
    TAG,
    act,
    proven,
    verdict,
)
from tests.situations import DIGEST, OTHER_DIGEST, REGISTRY, apprunner, ecs, push

from ecrguard.domain.action import Action
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.ledger import MAX_MANIFEST
from ecrguard.domain.marker import marker_tag
from ecrguard.domain.plan import MoveTag, Plan, PutMarker, RefusalReason, RemoveTag, Step
from ecrguard.domain.push import Arrival
from ecrguard.domain.safety import Situation, secure
from ecrguard.domain.verdict import Judgement

R = RefusalReason
ALERT, MARK, QUARANTINE, ARCHIVE, DELETE = Action
OK = proven()
PUT = PutMarker(MARKER, DIGEST)
MOVE = MoveTag(TAG, DIGEST, GOOD)
REMOVE = RemoveTag(TAG, DIGEST)


def test_what_nothing_speaks_against_is_done_in_two_acts() -> None:
    assert secure(Plan(MARK), OK) == Plan(MARK, (), (PUT,))
    assert secure(Plan(QUARANTINE), OK) == Plan(QUARANTINE, (), (PUT, MOVE))
    assert secure(Plan(ARCHIVE), OK) == Plan(ARCHIVE, (), (PUT, MOVE), later=ARCHIVE)
    assert secure(Plan(DELETE), OK) == Plan(DELETE, (), (PUT, MOVE), later=DELETE)


@pytest.mark.parametrize("plan", [Plan(None), Plan(ALERT), Plan(ALERT, (EARLIER,))], ids=["nothing", "alert", "less"])
def test_where_nothing_is_to_be_changed_nothing_is_looked_at(plan: Plan) -> None:
    assert secure(plan, Situation(push(), FOREIGN, verdict(Judgement.OK))) == plan


def test_the_steps_down_before_are_kept_and_come_first() -> None:
    planned = secure(Plan(DELETE, (EARLIER,)), replace(OK, exact=False))

    assert [refusal.reason for refusal in planned.refusals] == [R.ENFORCEMENT, R.WEAK_EVIDENCE]
    assert planned.refusals[0] is EARLIER


@dataclass(frozen=True)
class Case:
    """A situation, why it refuses, in words, and what each action that is asked for becomes in it."""

    situation: Situation
    reason: RefusalReason
    detail: str
    mark: Action = MARK
    quarantine: Action = MARK
    archive: Action = MARK


def never(situation: Situation, reason: RefusalReason, detail: str) -> Case:
    """Where even a marker would put the image in danger, or is nobody's business."""
    return Case(situation, reason, detail, ALERT, ALERT, ALERT)


UNREAD = Unknown(UnknownReason.INVENTORY_INCOMPLETE, "lambda was never read completely", "lambda")
REFUSED: dict[str, Case] = {
    "a foreign registry": never(
        replace(OK, push=replace(OK.push, registry=FOREIGN)),
        R.FOREIGN_REGISTRY,
        f"The image is in {FOREIGN.host}; this stack guards {REGISTRY.host} alone.",
    ),
    "another region's registry": never(
        replace(OK, registry=replace(REGISTRY, region="eu-west-1")),
        R.FOREIGN_REGISTRY,
        f"The image is in {REGISTRY.host}; this stack guards {replace(REGISTRY, region='eu-west-1').host} alone.",
    ),
    "restored": never(
        replace(OK, push=push(TAG, arrival=Arrival.RESTORED)),
        R.NOT_PUSHED,
        "Somebody brought the image back from the archive; what a person restores is not taken away again.",
    ),
    "deployed": never(
        replace(OK, push=push(TAG, arrival=Arrival.DEPLOYED)),
        R.NOT_PUSHED,
        "A workload was changed to name the image; nobody pushed it.",
    ),
    "in use": never(
        replace(OK, users=(ecs(),)),
        R.IN_USE,
        "ECS service prod/web, container app can run the image and uses it; point it at another image first.",
    ),
    "in use by two": never(
        replace(OK, users=(apprunner(), ecs())),
        R.IN_USE,
        "App Runner service shop and 1 more can run the image and uses it; point it at another image first.",
    ),
    "in use by several": never(
        replace(OK, users=(apprunner(), ecs(), ecs())),
        R.IN_USE,
        "App Runner service shop and 2 more can run the image and uses it; point it at another image first.",
    ),
    "could not be judged": never(
        replace(OK, verdict=verdict(Judgement.UNKNOWN)),
        R.VERDICT_UNKNOWN,
        "An image that could not be judged is alerted, and not touched.",
    ),
    "passed": never(
        replace(OK, verdict=verdict(Judgement.OK)),
        R.NO_MISMATCH,
        "Nothing is wrong with the image.",
    ),
    "needs no judging": never(
        replace(OK, verdict=verdict(Judgement.NOT_APPLICABLE)),
        R.NO_MISMATCH,
        "Nothing is wrong with the image.",
    ),
    "weak evidence": Case(
        replace(OK, exact=False),
        R.WEAK_EVIDENCE,
        "Only workloads that run other tags speak against it; a policy rule for the repository would be a ground.",
    ),
    "not all could be told": Case(
        replace(OK, verdict=verdict(unknowns=(DENIED, STALE))),
        R.VERDICT_INCOMPLETE,
        "Not all could be told: lambda answered AccessDenied.",
    ),
    "moved on": Case(replace(OK, standing=LATER), R.TAG_MOVED, f"The tag {TAG} has moved on to {LATER}."),
    "moved to its last good image, not by us": Case(
        replace(OK, standing=GOOD), R.TAG_MOVED, f"The tag {TAG} has moved on to {GOOD}."
    ),
    "moved on since we gave it back": Case(
        replace(OK, standing=LATER, act=act(GOOD)), R.TAG_MOVED, f"The tag {TAG} has moved on to {LATER}."
    ),
    "where we gave it for another image": Case(
        replace(OK, standing=GOOD, act=act(GOOD, OTHER_DIGEST)), R.TAG_MOVED, f"The tag {TAG} has moved on to {GOOD}."
    ),
    "taken away": Case(replace(OK, standing=""), R.TAG_MOVED, f"The tag {TAG} is not there any more."),
    "taken away since we gave it back": Case(
        replace(OK, standing="", act=act(GOOD)), R.TAG_MOVED, f"The tag {TAG} is not there any more."
    ),
    "an image without a digest, and a tag that is not there": Case(
        replace(OK, push=push(TAG, ""), tags=(), standing=""), R.TAG_MOVED, f"The tag {TAG} is not there any more."
    ),
    "no workloads are read": Case(
        replace(OK, reads_workloads=False),
        R.NO_WORKLOADS_READ,
        "The stack reads no workloads (LinkedWorkloads=none), so that nothing tells whether the image is used.",
    ),
    "a stale source": never(
        replace(OK, unread=(STALE,)),
        R.INVENTORY_STALE,
        "Whether the image is used is not known: ecs was last read 3 hours ago.",
    ),
    "a source that was never read": never(
        replace(OK, unread=(UNREAD, DENIED)),
        R.INVENTORY_STALE,
        "Whether the image is used is not known: lambda was never read completely.",
    ),
    "a source that did not answer": never(
        replace(OK, unread=(DENIED, STALE)),
        R.USE_NOT_TOLD,
        "Whether the image is used could not be told: lambda answered AccessDenied.",
    ),
    "too large to put back, and nowhere to go": Case(
        replace(OK, last_good="", manifest_size=MAX_MANIFEST + 1),
        R.MANIFEST_TOO_LARGE,
        "Expected a manifest of at most 307200 bytes to take its tag away, got 307201.",
    ),
    "too large, and its tags cannot be moved": Case(
        replace(OK, movable=False, manifest_size=MAX_MANIFEST + 1),
        R.MANIFEST_TOO_LARGE,
        "Expected a manifest of at most 307200 bytes to take its tag away, got 307201.",
    ),
    "too large, and the last good image is the very image": Case(
        replace(OK, last_good=DIGEST, manifest_size=MAX_MANIFEST + 1),
        R.MANIFEST_TOO_LARGE,
        "Expected a manifest of at most 307200 bytes to take its tag away, got 307201.",
    ),
    "the hour is spent": Case(
        replace(OK, acts_left=0),
        R.HOURLY_CAP,
        "As many tags and images were taken away this hour as DestructiveActsPerHour allows; see whether all should.",
        quarantine=ALERT,
        archive=ALERT,
    ),
    "the hour is more than spent": Case(
        replace(OK, acts_left=-1),
        R.HOURLY_CAP,
        "As many tags and images were taken away this hour as DestructiveActsPerHour allows; see whether all should.",
        quarantine=ALERT,
        archive=ALERT,
    ),
    "other tags": Case(
        replace(OK, tags=(TAG, "stable", MARKER, "next")),
        R.OTHER_TAGS,
        "The image also has the tags stable, next, and they need it.",
        mark=ALERT,
        quarantine=QUARANTINE,
        archive=QUARANTINE,
    ),
    "the marker of another image": Case(
        replace(OK, tags=(TAG, marker_tag(GOOD))),
        R.OTHER_TAGS,
        f"The image also has the tags {marker_tag(GOOD)}, and they need it.",
        mark=ALERT,
        quarantine=QUARANTINE,
        archive=QUARANTINE,
    ),
}


def expected_steps(action: Action, situation: Situation) -> tuple[Step, ...]:
    marker = PutMarker(situation.marker, situation.push.digest)
    marks = () if action is ALERT or situation.others else (marker,)
    return (*marks, MOVE) if action.destructive else marks


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_what_refuses_what_it_falls_back_to_and_the_steps_that_are_left(case: Case) -> None:
    for asked, left in zip(
        (MARK, QUARANTINE, ARCHIVE, DELETE), (case.mark, case.quarantine, case.archive, case.archive), strict=True
    ):
        planned = secure(Plan(asked), case.situation)

        assert (planned.action, planned.later) == (left, None)
        assert planned.steps == expected_steps(left, case.situation)
        refusals = [(each.action, each.reason, each.detail) for each in planned.refusals]
        assert refusals == ([] if left is asked else [(asked, case.reason, case.detail)])


# Of several reasons the first of each step down is given: those that no marker is put for come first.
SEVERAL: dict[str, tuple[Situation, Action, Action, list[tuple[Action, RefusalReason]]]] = {
    "in use beats what is not proven": (replace(OK, users=(ecs(),), exact=False), DELETE, ALERT, [(DELETE, R.IN_USE)]),
    "foreign beats in use": (
        replace(OK, users=(ecs(),), push=replace(OK.push, registry=FOREIGN)),
        DELETE,
        ALERT,
        [(DELETE, R.FOREIGN_REGISTRY)],
    ),
    "one reason of what is not proven": (
        replace(OK, exact=False, standing=LATER, reads_workloads=False, acts_left=0),
        DELETE,
        MARK,
        [(DELETE, R.WEAK_EVIDENCE)],
    ),
    "not proven, and other tags": (
        replace(OK, reads_workloads=False, tags=(TAG, "stable")),
        DELETE,
        ALERT,
        [(DELETE, R.NO_WORKLOADS_READ), (MARK, R.OTHER_TAGS)],
    ),
    "other tags, and too large to put back": (
        replace(OK, tags=(TAG, "stable"), last_good="", manifest_size=MAX_MANIFEST + 1),
        ARCHIVE,
        ALERT,
        [(ARCHIVE, R.OTHER_TAGS), (QUARANTINE, R.MANIFEST_TOO_LARGE), (MARK, R.OTHER_TAGS)],
    ),
    "other tags, and the hour is spent": (
        replace(OK, tags=(TAG, "stable"), acts_left=0),
        DELETE,
        ALERT,
        [(DELETE, R.OTHER_TAGS), (QUARANTINE, R.HOURLY_CAP)],
    ),
}


@pytest.mark.parametrize(("situation", "asked", "left", "refused"), SEVERAL.values(), ids=SEVERAL.keys())
def test_each_step_down_has_one_reason(
    situation: Situation, asked: Action, left: Action, refused: list[tuple[Action, RefusalReason]]
) -> None:
    planned = secure(Plan(asked), situation)

    assert planned.action is left
    assert [(each.action, each.reason) for each in planned.refusals] == refused


# The tag goes back to its last good image where that can be, and is taken away where not.
WAYS: dict[str, tuple[Situation, tuple[Step, ...]]] = {
    "back": (OK, (PUT, MOVE)),
    "back, however large the manifest": (replace(OK, manifest_size=MAX_MANIFEST + 1), (PUT, MOVE)),
    "the last act of the hour": (replace(OK, acts_left=1), (PUT, MOVE)),
    "no last good image": (replace(OK, last_good=""), (PUT, REMOVE)),
    "a last good image that is the very image": (replace(OK, last_good=DIGEST), (PUT, REMOVE)),
    "tags cannot be moved": (replace(OK, movable=False), (PUT, REMOVE)),
    "as large as can be put back": (replace(OK, last_good="", manifest_size=MAX_MANIFEST), (PUT, REMOVE)),
    "other tags keep the image": (replace(OK, tags=(TAG, "stable")), (MOVE,)),
    "other tags, nowhere to go": (replace(OK, tags=(TAG, "stable"), last_good=""), (REMOVE,)),
    "its marker is there": (replace(OK, tags=(TAG, MARKER)), (PUT, MOVE)),
    "an act on the same tag before": (replace(OK, act=act("", OTHER_DIGEST)), (PUT, MOVE)),
    "pushed again after it was given back": (replace(OK, act=act(GOOD)), (PUT, MOVE)),
    "replicated": (replace(OK, push=push(TAG, arrival=Arrival.REPLICATED)), (PUT, MOVE)),
}


@pytest.mark.parametrize(("situation", "steps"), WAYS.values(), ids=WAYS.keys())
def test_where_the_tag_goes(situation: Situation, steps: tuple[Step, ...]) -> None:
    assert secure(Plan(QUARANTINE), situation) == Plan(QUARANTINE, (), steps)


# A try that was cut short has given the tag away already: the act counts once, and ends as it began.
BEGUN: dict[str, tuple[Situation, tuple[Step, ...]]] = {
    "given back": (replace(OK, standing=GOOD, act=act(GOOD)), (PUT, MOVE)),
    "taken away": (replace(OK, standing="", act=act("")), (PUT, REMOVE)),
    "given back, and another image is good by now": (
        replace(OK, standing=GOOD, act=act(GOOD), last_good=LATER),
        (PUT, MOVE),
    ),
    "given back, and no image is good by now": (replace(OK, standing=GOOD, act=act(GOOD), last_good=""), (PUT, MOVE)),
    "given back, and tags cannot be moved by now": (
        replace(OK, standing=GOOD, act=act(GOOD), movable=False, manifest_size=MAX_MANIFEST + 1),
        (PUT, MOVE),
    ),
}


@pytest.mark.parametrize("acts_left", [20, 0])
@pytest.mark.parametrize(("situation", "steps"), BEGUN.values(), ids=BEGUN.keys())
def test_an_act_that_was_begun_is_ended_as_it_was_begun(
    situation: Situation, steps: tuple[Step, ...], acts_left: int
) -> None:
    planned = secure(Plan(DELETE), replace(situation, tags=(MARKER,), acts_left=acts_left))

    assert planned == Plan(DELETE, (), steps, later=DELETE)


def test_an_act_that_was_begun_needs_a_manifest_that_can_be_put_back() -> None:
    begun = replace(OK, standing="", act=act(""), manifest_size=MAX_MANIFEST + 1)

    assert secure(Plan(QUARANTINE), begun).action is MARK


def test_what_was_not_read_refuses() -> None:
    unread = Situation(push(TAG), REGISTRY, MISMATCH)

    assert (unread.standing, unread.last_good, unread.movable, unread.reads_workloads) == ("", "", False, False)
    assert (unread.exact, unread.acts_left, unread.manifest_size) == (False, 0, MAX_MANIFEST + 1)
    for asked in (MARK, QUARANTINE, ARCHIVE, DELETE):
        assert secure(Plan(asked), unread).steps == (PUT,)
