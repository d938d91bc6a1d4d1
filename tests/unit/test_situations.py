"""What is read of an image, its tag and its use right before something is done about them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.content import Content, bare, docker, index, raw, single
from tests.fakes.workloads import FakeWorkloadReader
from tests.guarded import Guarded
from tests.situations import NOW, REGISTRY, REPOSITORY, ecs, push

from ecrguard.domain.action import Action
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.ledger import Act, Good, Record, Release
from ecrguard.domain.manifest import OCI_INDEX
from ecrguard.domain.reference import Registry, parse_reference
from ecrguard.domain.safety import Situation
from ecrguard.errors import UnreadableError
from ecrguard.ports import LinkedWorkloads
from ecrguard.situations import children_of

if TYPE_CHECKING:
    from ecrguard.domain.workload import Workload
    from ecrguard.judging import Case
    from ecrguard.observe import Observation

GOOD, BAD, OTHER = docker("amd64"), single("arm64"), docker("s390x")
STALE = Unknown(UnknownReason.INVENTORY_STALE, "ecs is old", "ecs")
DENIED = Unknown(UnknownReason.ACCESS_DENIED, "denied", "ecs")
ACT = Act("event-0", GOOD.digest, "", NOW, NOW)


@pytest.fixture
def guarded() -> Guarded:
    """A wrong image was pushed over a good one."""
    made = Guarded(enforcement=Action.DELETE)
    made.demands("linux/amd64", Action.QUARANTINE)
    made.holds(GOOD, "1.4")
    made.holds(BAD, "1.4", "stable")
    return made


def judged(guarded: Guarded, content: Content = BAD) -> tuple[Case, Observation]:
    (case,) = guarded.guard.judge.cases(push("1.4", content.digest), last_try=True)
    assert case.observation is not None
    return case, case.observation


def before(guarded: Guarded, record: Record | None = None, action: Action = Action.QUARANTINE) -> Situation:
    case, observation = judged(guarded)
    return guarded.guard.situations.before(action, case, observation, record or Record())


def later(guarded: Guarded, content: Content = BAD) -> Situation:
    return guarded.guard.situations.later(*judged(guarded, content))


def test_all_that_a_destructive_action_needs_is_read(guarded: Guarded) -> None:
    known, user = ecs("linux/amd64"), ecs("linux/arm64")
    guarded.workloads.workloads, guarded.workloads.unknowns = [known], [STALE]
    guarded.live.changed, guarded.live.unknowns = {known.arn: (user,)}, [DENIED]
    guarded.ledger.cap = 7

    assert before(guarded, Record(good=Good(GOOD.digest, NOW), act=ACT)) == Situation(
        push("1.4", BAD.digest),
        REGISTRY,
        judged(guarded)[0].verdict,
        exact=True,
        tags=("1.4", "stable"),
        users=(user,),
        standing=BAD.digest,
        act=ACT,
        reads_workloads=True,
        unread=(STALE, DENIED),
        movable=True,
        # Where not all workloads are known, nothing is right.
        last_good="",
        manifest_size=len(BAD.body),
        acts_left=7,
    )


def test_for_a_marker_what_the_inventory_says_is_enough(guarded: Guarded) -> None:
    user = ecs("linux/arm64")
    guarded.workloads.workloads, guarded.workloads.unknowns = [user], [STALE]

    situation = before(guarded, Record(good=Good(GOOD.digest, NOW)), Action.TAG)

    verdict = judged(guarded)[0].verdict
    assert situation == Situation(
        push("1.4", BAD.digest),
        REGISTRY,
        verdict,
        exact=True,
        tags=("1.4", "stable"),
        users=(user,),
        reads_workloads=True,
        unread=(STALE,),
    )
    assert guarded.live.asked == []


def test_all_that_is_done_later_needs_is_read(guarded: Guarded) -> None:
    user = ecs("linux/arm64")
    guarded.workloads.workloads, guarded.workloads.unknowns = [user], [STALE]
    guarded.live.unknowns = [DENIED]
    guarded.reads_workloads = False

    assert later(guarded) == Situation(
        push("1.4", BAD.digest),
        REGISTRY,
        judged(guarded)[0].verdict,
        exact=True,
        tags=("1.4", "stable"),
        users=(user,),
        unread=(STALE, DENIED),
        acts_left=20,
    )


def test_a_tag_that_is_gone_stands_for_nothing(guarded: Guarded) -> None:
    case, observation = judged(guarded)
    guarded.images.untag(REPOSITORY, "1.4")

    assert guarded.guard.situations.before(Action.QUARANTINE, case, observation, Record()).standing == ""


@pytest.mark.parametrize("action", [Action.TAG, Action.QUARANTINE])
def test_an_image_that_is_gone_by_now_has_no_situation(guarded: Guarded, action: Action) -> None:
    case, observation = judged(guarded)
    guarded.images.delete(REPOSITORY, BAD.digest)

    with pytest.raises(UnreadableError) as refused:
        guarded.guard.situations.before(action, case, observation, Record())

    detail = f"{REPOSITORY}@{BAD.digest} is not there any more"
    assert refused.value.unknown == Unknown(UnknownReason.IMAGE_GONE, detail, BAD.digest)


@pytest.mark.parametrize("action", [Action.TAG, Action.QUARANTINE, None])
def test_who_has_pinned_any_part_of_the_image_uses_it(action: Action | None) -> None:
    # Of two parts for one platform the image offers the first alone.
    first, second = single("arm64"), bare(single("arm64", variant="v8"))
    whole = index(first, Content(second.body, second.media_type, second.blobs, entry=first.entry))
    guarded = Guarded(enforcement=Action.DELETE)
    guarded.demands("linux/amd64", Action.QUARANTINE)
    guarded.holds(whole, "1.4")
    user = replace(ecs("linux/arm64", ":old"), resolved=second.digest)
    guarded.workloads.workloads = [user]

    case, observation = judged(guarded, whole)
    situations = guarded.guard.situations
    found = situations.later(case, observation) if action is None else None
    situation = found or situations.before(action or Action.TAG, case, observation, Record())

    assert situation.users == (user,)


class TestAPartOfAnother:
    """An image that is a part of an index which a workload runs is in use, and each workload is named once."""

    @pytest.mark.parametrize("names", ["by its digest", "pinned"])
    def test_is_used_by_who_runs_that(self, guarded: Guarded, names: str) -> None:
        outer = guarded.holds(index(BAD, single("amd64")))
        user = ecs("linux/amd64", f"@{outer}") if names == "by its digest" else ecs("linux/amd64", ":old")
        guarded.workloads.workloads = [user if user.reference.digest else replace(user, resolved=outer)]

        assert later(guarded).users == tuple(guarded.workloads.workloads)

    def test_is_named_once(self, guarded: Guarded) -> None:
        outer = guarded.holds(index(BAD, single("amd64")))
        user = replace(ecs("linux/arm64", f"@{BAD.digest}"), resolved=outer)
        guarded.workloads.workloads = [user]

        assert later(guarded).users == (user,)

    def test_nothing_is_read_of_the_image_itself_nor_of_no_digest(self, guarded: Guarded) -> None:
        guarded.workloads.workloads = [ecs("linux/amd64", f"@{BAD.digest}"), ecs("linux/amd64", ":old")]
        case, observation = judged(guarded)
        guarded.images.calls.clear()

        guarded.guard.situations.later(case, observation)

        assert "manifests" not in guarded.images.operations()


class Everything(FakeWorkloadReader):
    """Gives all that it has, whatever it is asked for."""

    def linked(self, *_: object) -> LinkedWorkloads:
        return LinkedWorkloads(tuple(self.workloads))


OF_ANOTHER = {
    "registry": parse_reference(f"{Registry('210987654321', 'eu-central-1').host}/{REPOSITORY}:1.4"),
    "repository": parse_reference(f"{REGISTRY.host}/team/other:1.4"),
    "tag": parse_reference(f"{REGISTRY.host}/{REPOSITORY}:1.3"),
    "digest beside the tag": parse_reference(f"{REGISTRY.host}/{REPOSITORY}:1.4@{OTHER.digest}"),
}


class TestTheLastGoodImage:
    """Of the tag: as the ledger knows it, else as all workloads that name the tag have pinned it."""

    KNOWN = Record(good=Good(GOOD.digest, NOW))

    def pinned(self, digest: str, name: str = "prod/web") -> Workload:
        return replace(ecs("linux/amd64", name=name), resolved=digest)

    def test_is_what_all_have_pinned(self, guarded: Guarded) -> None:
        guarded.workloads.workloads = [self.pinned(GOOD.digest), self.pinned(GOOD.digest, "prod/other")]

        assert before(guarded).last_good == GOOD.digest

    def test_is_none_where_they_differ(self, guarded: Guarded) -> None:
        other = guarded.holds(index(single("amd64")))
        guarded.workloads.workloads = [self.pinned(GOOD.digest), self.pinned(other, "prod/other")]

        assert before(guarded).last_good == ""

    @pytest.mark.parametrize("of", OF_ANOTHER)
    def test_is_not_what_is_pinned_of_another(self, guarded: Guarded, of: str) -> None:
        # Whatever a reader gives.
        guarded.workloads = Everything()
        guarded.workloads.workloads = [replace(self.pinned(GOOD.digest), reference=OF_ANOTHER[of])]

        assert before(guarded).last_good == ""

    def test_is_none_where_none_is_pinned(self, guarded: Guarded) -> None:
        guarded.workloads.workloads = [ecs("linux/amd64")]

        assert before(guarded).last_good == ""
        looks = [what for operation, what in guarded.images.calls if operation == "standing"]
        assert looks == [BAD.digest, "1.4"]

    def test_is_not_the_pushed_one(self, guarded: Guarded) -> None:
        case, observation = judged(guarded)
        guarded.demands("linux/arm64", Action.QUARANTINE)
        fits_by_now = judged(guarded)[0].requirements
        case = replace(case, requirements=fits_by_now)

        situation = guarded.guard.situations.before(
            Action.QUARANTINE, case, observation, Record(good=Good(BAD.digest, NOW))
        )

        assert situation.last_good == ""

    def test_is_none_that_is_gone_archived_or_wrong_by_now(self, guarded: Guarded) -> None:
        assert before(guarded, self.KNOWN).last_good == GOOD.digest
        assert before(guarded, Record(good=Good(guarded.holds(OTHER), NOW))).last_good == ""

        guarded.images.store(REPOSITORY, GOOD.digest, "ARCHIVED")
        guarded.images.calls.clear()
        assert before(guarded, self.KNOWN).last_good == ""
        assert ("manifests", (GOOD.digest,)) not in guarded.images.calls

        guarded.images.delete(REPOSITORY, GOOD.digest)
        assert before(guarded, self.KNOWN).last_good == ""

    def test_is_none_that_is_wrong_though_somebody_released_it(self, guarded: Guarded) -> None:
        released = guarded.holds(OTHER)
        guarded.ledger.release(REPOSITORY, released, Release("ann", "needed", NOW))

        assert before(guarded, Record(good=Good(released, NOW))).last_good == ""

    def test_is_none_where_nothing_is_known_of_what_is_required(self, guarded: Guarded) -> None:
        case, observation = judged(guarded)

        situation = guarded.guard.situations.before(
            Action.QUARANTINE, replace(case, requirements=None), observation, self.KNOWN
        )

        assert (situation.last_good, situation.exact) == ("", False)

    @pytest.mark.parametrize("reason", [UnknownReason.IMAGE_INACCESSIBLE, UnknownReason.MANIFEST_MALFORMED])
    def test_is_none_that_cannot_be_read(self, guarded: Guarded, reason: UnknownReason) -> None:
        guarded.images.withhold(GOOD.digest, reason)

        assert before(guarded, self.KNOWN).last_good == ""

    def test_waits_for_one_that_may_be_read_later(self, guarded: Guarded) -> None:
        guarded.images.withhold(GOOD.digest, UnknownReason.THROTTLED)

        with pytest.raises(UnreadableError):
            before(guarded, self.KNOWN)

    def test_is_judged_as_itself(self, guarded: Guarded) -> None:
        # A workload that can run no other than the pushed image speaks against that image alone.
        guarded.demands("linux/amd64 linux/s390x", Action.QUARANTINE)
        both = guarded.holds(index(single("amd64"), single("s390x")))
        guarded.workloads.workloads = [
            ecs("linux/amd64"),
            ecs("windows(10.0.20348)/amd64", f"@{BAD.digest}", name="prod/other"),
        ]

        assert before(guarded, Record(good=Good(both, NOW))).last_good == both


UNTOLD = ["the inventory is stale", "a workload cannot be read again", "no workloads are read"]


class TestPartsThatAreUnused:
    """Those that no workload names or has pinned."""

    @pytest.mark.parametrize("case", UNTOLD)
    def test_are_none_where_that_cannot_be_told(self, guarded: Guarded, case: str) -> None:
        guarded.workloads.unknowns = [STALE] if case == UNTOLD[0] else []
        guarded.live.unknowns = [DENIED] if case == UNTOLD[1] else []
        guarded.reads_workloads = case != UNTOLD[2]

        assert guarded.guard.situations.unused(judged(guarded)[0], ["sha256:1"]) == ()

    def test_are_all_the_others(self, guarded: Guarded) -> None:
        guarded.workloads.workloads = [
            ecs("linux/amd64", f"@{GOOD.digest}"),
            replace(ecs("linux/amd64", ":old", name="prod/other"), resolved=OTHER.digest),
        ]

        assert guarded.guard.situations.unused(
            judged(guarded)[0], ["sha256:2", GOOD.digest, OTHER.digest, "sha256:1"]
        ) == ("sha256:2", "sha256:1")


def test_only_what_speaks_of_the_very_image_is_exact(guarded: Guarded) -> None:
    guarded.policies.policy = replace(guarded.policies.policy, rules=())
    guarded.workloads.workloads = [ecs("linux/amd64", ":1.3")]

    situation = before(guarded)

    assert situation.verdict.findings
    assert not situation.exact


def test_the_parts_of_an_index_are_each_named_once_and_a_broken_one_has_none(guarded: Guarded) -> None:
    part, other = single("arm64"), single("s390x")
    whole = index(part, other, part)
    guarded.holds(whole, "1.4")
    _, observation = judged(guarded, whole)

    assert children_of(observation) == (part.digest, other.digest)
    _, alone = judged(guarded)
    assert children_of(alone) == ()

    broken = raw(b"{", OCI_INDEX)
    assert children_of(replace(alone, manifest=replace(alone.manifest, body=broken.body))) == ()
    with pytest.raises(UnreadableError):
        children_of(replace(observation, manifest=replace(observation.manifest, body=broken.body)))


def test_the_hour_that_counts_is_the_one_of_now(guarded: Guarded) -> None:
    guarded.ledger.spend(NOW)

    assert before(guarded).acts_left == 19

    guarded.now = NOW + timedelta(hours=1)
    assert before(guarded).acts_left == 20
