"""The main use case: what a push costs, what is done about it and who hears of it."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest
from tests.content import Content, attestation, helm, index, single
from tests.fakes.workloads import FakeWorkloadReader
from tests.guarded import Guarded
from tests.situations import ARM64, DIGEST, NOW, REPOSITORY, ecs, push

from ecrguard.domain.action import Action
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.marker import marker_tag
from ecrguard.domain.plan import RefusalReason, Result
from ecrguard.domain.policy import LinkedMode, Policy
from ecrguard.domain.push import Arrival
from ecrguard.domain.verdict import Judgement, Reason
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from ecrguard.domain.reference import Registry
    from ecrguard.ports import LinkedWorkloads
    from ecrguard.report import Report

READ = {"policy": 1, "resource_tags": 1, "manifests": 1}
ARM64_IMAGE = single("arm64")


@pytest.fixture
def guarded() -> Guarded:
    return Guarded()


def check(guarded: Guarded, tag: str = "1.4", digest: str = DIGEST, arrival: Arrival = Arrival.PUSHED) -> Report:
    (report,) = guarded.guard.check(push(tag, digest, arrival), last_try=False)
    return report


def judged(report: Report) -> tuple[Judgement, Reason]:
    return report.verdict.judgement, report.verdict.reason


COSTS: dict[str, tuple[Content, dict[str, int]]] = {
    "a single image": (single(), {**READ, "config": 1, "workloads": 1, "passed": 1}),
    "an index": (index(single(), attestation(single())), {**READ, "workloads": 1, "passed": 1}),
    "an artifact that its event does not tell": (helm(), {**READ, "workloads": 1}),
}


@pytest.mark.parametrize(("content", "calls"), COSTS.values(), ids=COSTS.keys())
def test_a_push_costs_one_call_of_each_kind_that_it_needs(
    guarded: Guarded, content: Content, calls: dict[str, int]
) -> None:
    check(guarded, digest=guarded.holds(content, "1.4"))

    assert guarded.calls() == calls


def test_what_its_event_calls_an_artifact_asks_for_no_workloads(guarded: Guarded) -> None:
    event = replace(push("1.4", guarded.holds(helm(), "1.4")), artifact=True)

    guarded.guard.check(event, last_try=False)

    assert guarded.calls() == READ


def test_an_image_that_its_event_calls_an_artifact_is_an_image(guarded: Guarded) -> None:
    guarded.workloads.workloads.append(ecs())
    event = replace(push("1.4", guarded.holds(ARM64_IMAGE, "1.4")), artifact=True)

    (report,) = guarded.guard.check(event, last_try=False)

    assert report.verdict.judgement is Judgement.MISMATCH


def test_workloads_are_asked_for_while_the_image_is_read(guarded: Guarded) -> None:
    asked = threading.Event()

    class Waiting(FakeWorkloadReader):
        def linked(self, registry: Registry, repository: str) -> LinkedWorkloads:
            asked.set()
            return super().linked(registry, repository)

    digest = guarded.holds(ARM64_IMAGE, "1.4")
    guarded.workloads = Waiting([ecs()])
    # The registry answers only when the workloads have been asked for.
    guarded.images.before_manifests = lambda: asked.wait(5)

    assert check(guarded, digest=digest).verdict.judgement is Judgement.MISMATCH
    assert asked.is_set()


def test_where_no_linked_workload_counts_none_is_asked_for(guarded: Guarded) -> None:
    guarded.policies.policy = Policy(linked=LinkedMode.OFF)

    check(guarded, digest=guarded.holds(index(single()), "1.4"))

    assert guarded.calls() == {**READ, "passed": 1}


def test_an_exempt_image_is_not_read(guarded: Guarded) -> None:
    guarded.demands("linux/amd64")
    guarded.exempts(until=NOW.date())

    report = check(guarded, digest=guarded.holds(ARM64_IMAGE, "1.4"))

    assert judged(report) == (Judgement.NOT_APPLICABLE, Reason.EXEMPT)
    assert report.verdict.explanation == "Exempt until 2026-11-24 by the policy: vendor image."
    assert guarded.calls() == {"policy": 1, "passed": 1}
    assert not guarded.alerts.published


def test_an_exemption_that_has_ended_is_said_in_the_alert(guarded: Guarded) -> None:
    guarded.demands("linux/amd64")
    guarded.exempts(until=date(2026, 11, 23))

    report = check(guarded, digest=guarded.holds(ARM64_IMAGE, "1.4"))

    assert report.verdict.judgement is Judgement.MISMATCH
    assert report.verdict.explanation.endswith("An exemption ended on 2026-11-23: vendor image.")


def test_a_repository_that_is_off_is_not_read_any_further(guarded: Guarded) -> None:
    guarded.images.create(REPOSITORY, tags={"ecrguard:mode": "off"})
    guarded.demands("linux/amd64")

    report = check(guarded, digest=guarded.holds(ARM64_IMAGE, "1.4"))

    assert judged(report) == (Judgement.NOT_APPLICABLE, Reason.REPOSITORY_OFF)
    assert guarded.calls() == {"policy": 1, "resource_tags": 1, "passed": 1}


@pytest.mark.parametrize(
    ("tag", "reason"),
    [
        pytest.param(marker_tag(DIGEST), Reason.OWN_MARKER, id="our own marker"),
        pytest.param("", Reason.UNTAGGED, id="untagged: the child of an index"),
    ],
)
def test_what_its_name_settles_costs_nothing(guarded: Guarded, tag: str, reason: Reason) -> None:
    report = check(guarded, tag=tag)

    assert judged(report) == (Judgement.NOT_APPLICABLE, reason)
    assert guarded.calls() == {}


def test_a_marker_of_another_image_is_judged_like_any_tag(guarded: Guarded) -> None:
    guarded.demands("linux/amd64")
    digest = guarded.holds(ARM64_IMAGE, "x")

    assert check(guarded, marker_tag(DIGEST), digest).verdict.judgement is Judgement.MISMATCH


def test_the_product_does_not_answer_to_its_own_tagging(guarded: Guarded) -> None:
    guarded.demands("linux/amd64")
    digest = guarded.holds(ARM64_IMAGE, "1.4")
    check(guarded, digest=digest)

    report = check(guarded, marker_tag(digest), digest)

    assert judged(report) == (Judgement.NOT_APPLICABLE, Reason.OWN_MARKER)
    assert len(guarded.alerts.published) == 1
    assert guarded.images.operations().count("put_tag") == 1


def test_a_digest_that_the_event_left_out_is_looked_up(guarded: Guarded) -> None:
    guarded.demands("linux/amd64")
    digest = guarded.holds(ARM64_IMAGE, "1.4")

    report = check(guarded, digest="")

    assert (report.push.digest, report.verdict.judgement) == (digest, Judgement.MISMATCH)
    assert guarded.alerts.published[0].push.digest == digest


def test_our_own_marker_is_known_even_where_the_event_has_no_digest(guarded: Guarded) -> None:
    digest = guarded.holds(ARM64_IMAGE, marker_tag(ARM64_IMAGE.digest))

    assert judged(check(guarded, marker_tag(digest), "")) == (Judgement.NOT_APPLICABLE, Reason.OWN_MARKER)


@pytest.mark.parametrize("arrival", [Arrival.RESTORED, Arrival.REPLICATED])
def test_what_comes_back_without_a_tag_in_its_event_is_judged_under_each_that_it_has(
    guarded: Guarded, arrival: Arrival
) -> None:
    guarded.demands("linux/amd64")
    digest = guarded.holds(ARM64_IMAGE, "1.4", "latest", marker_tag(ARM64_IMAGE.digest))

    reports = guarded.guard.check(push("", digest, arrival), last_try=False)

    assert [(report.push.tag, report.verdict.reason) for report in reports] == [
        ("1.4", Reason.PLATFORMS_MISMATCH),
        ("latest", Reason.PLATFORMS_MISMATCH),
        (marker_tag(digest), Reason.OWN_MARKER),
    ]


def test_what_comes_back_and_has_no_tag_is_untagged(guarded: Guarded) -> None:
    digest = guarded.holds(ARM64_IMAGE)

    assert check(guarded, "", digest, Arrival.RESTORED).verdict.reason is Reason.UNTAGGED


def test_of_several_tags_none_is_alerted_before_all_are_judged(guarded: Guarded) -> None:
    guarded.demands("linux/amd64")
    digest = guarded.holds(ARM64_IMAGE, "1.4", "latest")
    guarded.images.fail("config", UnknownReason.THROTTLED, times=1)
    guarded.images.calls.clear()

    with pytest.raises(UnreadableError):
        guarded.guard.check(push("", digest, Arrival.RESTORED), last_try=False)

    assert not guarded.alerts.published
    assert "put_tag" not in guarded.images.operations()


class TestAMismatch:
    @pytest.fixture
    def guarded(self) -> Guarded:
        made = Guarded()
        made.demands("linux/amd64")
        made.holds(ARM64_IMAGE, "1.4")
        return made

    def test_gets_a_marker_and_an_alert(self, guarded: Guarded) -> None:
        report = check(guarded, digest=ARM64_IMAGE.digest)
        marker = marker_tag(ARM64_IMAGE.digest)

        assert report.alerted
        (done,) = report.outcome.done
        assert (done.action, done.result, done.detail) == (Action.TAG, Result.DONE, marker)
        assert done.undo == f"ecrguard release team/web:1.4@{ARM64_IMAGE.digest} --why 'WHY' --stack ecrguard"
        assert marker in guarded.images.tags_of(REPOSITORY, ARM64_IMAGE.digest)

    def test_is_alerted_with_all_that_is_known(self, guarded: Guarded) -> None:
        report = check(guarded, digest=ARM64_IMAGE.digest)

        (alert,) = guarded.alerts.published
        assert (alert.push, alert.verdict, alert.outcome) == (report.push, report.verdict, report.outcome)
        assert alert.image is not None
        assert alert.image.platforms == (ARM64,)
        assert (alert.rule, alert.time) == ("all", NOW)

    def test_is_alerted_after_what_is_done_about_it(self, guarded: Guarded) -> None:
        operations: list[str] = []
        guarded.alerts.before = lambda: operations.extend(guarded.images.operations())

        check(guarded, digest=ARM64_IMAGE.digest)

        assert "put_tag" in operations

    def test_that_is_announced_twice_is_tagged_and_told_once(self, guarded: Guarded) -> None:
        check(guarded, digest=ARM64_IMAGE.digest)

        report = check(guarded, digest=ARM64_IMAGE.digest)

        assert (report.known, report.alerted, report.outcome.done) == (True, False, ())
        assert guarded.images.operations().count("put_tag") == 1
        assert len(guarded.alerts.published) == 1

    def test_whose_alert_is_not_taken_is_tried_again_and_then_alerted(self, guarded: Guarded) -> None:
        guarded.alerts.failing = Unknown(UnknownReason.UNAVAILABLE, "sns:Publish failed", "topic")
        with pytest.raises(UnreadableError):
            check(guarded, digest=ARM64_IMAGE.digest)
        guarded.alerts.failing = None

        report = check(guarded, digest=ARM64_IMAGE.digest)

        assert report.alerted
        assert [done.result for done in report.outcome.done] == [Result.ALREADY_DONE]

    @pytest.mark.parametrize(
        ("reason", "refusal"),
        [
            (UnknownReason.ACCESS_DENIED, RefusalReason.ACCESS_DENIED),
            (UnknownReason.IMAGE_GONE, RefusalReason.IMAGE_GONE),
        ],
    )
    def test_that_cannot_be_tagged_is_alerted_with_the_refusal(
        self, guarded: Guarded, reason: UnknownReason, refusal: RefusalReason
    ) -> None:
        guarded.images.fail("put_tag", reason)

        report = check(guarded, digest=ARM64_IMAGE.digest)

        assert report.alerted
        assert [each.reason for each in report.outcome.refusals] == [refusal]
        assert report.unsettled is None

    def test_whose_marker_is_taken_by_another_image_is_alerted_with_the_refusal(self, guarded: Guarded) -> None:
        guarded.images.create("immutable", immutable=True)
        guarded.holds(single(), marker_tag(ARM64_IMAGE.digest), repository="immutable")
        guarded.images.push("immutable", ARM64_IMAGE, "1.4")
        pushed = push(digest=ARM64_IMAGE.digest)

        (report,) = guarded.guard.check(
            replace(pushed, repository="immutable"),
            last_try=False,
        )

        assert report.alerted
        assert [each.reason for each in report.outcome.refusals] == [RefusalReason.TAG_IMMUTABLE]

    @pytest.mark.parametrize("reason", [UnknownReason.THROTTLED, UnknownReason.UNAVAILABLE])
    def test_whose_marker_cannot_be_put_now_is_tried_again(self, guarded: Guarded, reason: UnknownReason) -> None:
        guarded.images.fail("put_tag", reason, times=1)
        with pytest.raises(UnreadableError):
            check(guarded, digest=ARM64_IMAGE.digest)
        assert not guarded.alerts.published

        report = check(guarded, digest=ARM64_IMAGE.digest)

        assert (report.alerted, [done.action for done in report.outcome.done]) == (True, [Action.TAG])

    @pytest.mark.parametrize("reason", [UnknownReason.THROTTLED, UnknownReason.UNAVAILABLE])
    def test_whose_marker_cannot_be_put_in_the_last_try_is_alerted_and_kept(
        self, guarded: Guarded, reason: UnknownReason
    ) -> None:
        guarded.images.fail("put_tag", reason)

        (report,) = guarded.guard.check(push(digest=ARM64_IMAGE.digest), last_try=True)

        assert (report.alerted, report.verdict.judgement) == (True, Judgement.MISMATCH)
        assert [each.reason for each in report.outcome.refusals] == [RefusalReason.UNAVAILABLE]
        assert report.unsettled is not None
        assert report.unsettled.reason is reason

    def test_is_alerted_at_once_even_where_something_else_could_not_be_read_yet(self, guarded: Guarded) -> None:
        guarded.workloads.unknowns = [Unknown(UnknownReason.THROTTLED, "ecs:ListServices failed", "prod")]

        report = check(guarded, digest=ARM64_IMAGE.digest)

        assert (report.alerted, report.unsettled) == (True, None)

    def test_in_audit_mode_is_alerted_and_not_touched(self, guarded: Guarded) -> None:
        guarded.enforcement = Action.ALERT

        report = check(guarded, digest=ARM64_IMAGE.digest)

        assert [each.reason for each in report.outcome.refusals] == [RefusalReason.ENFORCEMENT]
        assert "put_tag" not in guarded.images.operations()

    def test_in_a_repository_that_asks_for_alerts_alone_is_not_touched(self, guarded: Guarded) -> None:
        guarded.images.create("mild", tags={"ecrguard:mode": "alert"})
        digest = guarded.holds(ARM64_IMAGE, "1.4", repository="mild")
        pushed = push(digest=digest)

        (report,) = guarded.guard.check(
            replace(pushed, repository="mild"),
            last_try=False,
        )

        assert [each.reason for each in report.outcome.refusals] == [RefusalReason.REPOSITORY_MODE]
        assert "put_tag" not in guarded.images.operations()


def test_what_passes_is_left_alone(guarded: Guarded) -> None:
    guarded.workloads.workloads = [ecs("linux/amd64")]

    report = check(guarded, digest=guarded.holds(single(), "1.4"))

    assert judged(report) == (Judgement.OK, Reason.PLATFORMS_MATCH)
    assert (report.alerted, report.outcome.done, report.outcome.refusals) == (False, (), ())
    assert "put_tag" not in guarded.images.operations()


def test_the_resource_tag_demands_where_the_policy_does_not(guarded: Guarded) -> None:
    guarded.images.create(REPOSITORY, tags={"ecrguard:platforms": "linux/amd64"})

    report = check(guarded, digest=guarded.holds(ARM64_IMAGE, "1.4"))

    assert [finding.subject.name for finding in report.verdict.findings] == ["resource tag ecrguard:platforms"]


def test_the_policy_demands_before_the_resource_tag(guarded: Guarded) -> None:
    guarded.images.create(REPOSITORY, tags={"ecrguard:platforms": "linux/amd64"})
    guarded.demands("linux/arm64")

    assert judged(check(guarded, digest=guarded.holds(ARM64_IMAGE, "1.4"))) == (Judgement.OK, Reason.PLATFORMS_MATCH)
