"""The reverse question: which workloads that have changed are alerted on, and what is read for it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.content import Content, helm, index, single
from tests.fakes.images import FakeImages
from tests.fakes.ledger import FakeLedger
from tests.fakes.policies import FakePolicies
from tests.fakes.published import RecordingAlerts
from tests.situations import NOW, REGISTRY, REPOSITORY, ecs

from ecrguard.deployed import DeployedGuard, Occasion
from ecrguard.domain.alert import AlertKind
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.policy import Exemption, LinkedMode, Policy, ScopedExemption
from ecrguard.domain.push import Arrival
from ecrguard.domain.reference import parse_reference
from ecrguard.domain.verdict import Judgement, Reason
from ecrguard.domain.workload import Workload, WorkloadKind
from ecrguard.errors import UnreadableError
from ecrguard.rendering.identity import alert_id
from ecrguard.subjects import workload_subject

if TYPE_CHECKING:
    from ecrguard.report import Report

OCCASION = Occasion("event-7", datetime(2026, 11, 24, 11, 59, tzinfo=UTC))


@dataclass
class Deployed:
    images: FakeImages = field(default_factory=FakeImages)
    policies: FakePolicies = field(default_factory=FakePolicies)
    alerts: RecordingAlerts = field(default_factory=RecordingAlerts)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    told: list[Report] = field(default_factory=list)
    guarded: set[str] = field(default_factory=lambda: {REPOSITORY, "team/other"})
    occasion: Occasion = OCCASION

    def check(self, *workloads: Workload) -> list[tuple[Judgement, Reason]]:
        guard = DeployedGuard(
            self.images,
            REGISTRY,
            self.guarded.__contains__,
            self.policies,
            self.alerts,
            self.ledger,
            lambda: f"owner-{len(self.ledger.calls)}",
            lambda: NOW,
            self.told.append,
        )
        guard.check(workloads, self.occasion)
        return [(report.verdict.judgement, report.verdict.reason) for report in self.told]

    def holds(self, content: Content, *tags: str) -> str:
        return self.images.push(REPOSITORY, content, *tags)


@pytest.fixture
def deployed() -> Deployed:
    return Deployed()


MISMATCH = (Judgement.MISMATCH, Reason.PLATFORMS_MISMATCH)


def test_a_workload_that_cannot_run_what_it_names_is_alerted_and_is_the_subject(deployed: Deployed) -> None:
    digest = deployed.holds(single("arm64"), "1.4")
    workload = ecs()

    assert deployed.check(workload) == [MISMATCH]

    (alert,) = deployed.alerts.published
    assert alert.workload == workload
    assert (alert.push.arrival, alert.push.tag, alert.push.digest) == (Arrival.DEPLOYED, "1.4", digest)
    assert (alert.push.event_id, alert.push.time, alert.time) == (OCCASION.id, OCCASION.time, NOW)
    assert (alert.outcome.done, alert.outcome.refusals) == ((), ())
    assert "prod/web" in alert.verdict.explanation
    (report,) = deployed.told
    assert (report.alerted, report.workload) == (True, workload)


def test_a_workload_that_can_run_it_is_logged_and_nobody_is_woken(deployed: Deployed) -> None:
    deployed.holds(index(single("amd64"), single("arm64")), "1.4")

    assert deployed.check(ecs()) == [(Judgement.OK, Reason.PLATFORMS_MATCH)]
    assert not deployed.alerts.published


def test_what_runs_is_the_digest_that_was_pinned_whatever_the_tag_is_by_now(deployed: Deployed) -> None:
    pinned = deployed.holds(single("arm64"), "1.4")
    deployed.holds(single("amd64"), "1.4")

    assert deployed.check(replace(ecs(), resolved=pinned)) == [MISMATCH]
    assert deployed.alerts.published[0].push.digest == pinned


def test_an_image_named_by_digest_is_read_by_it(deployed: Deployed) -> None:
    digest = deployed.holds(single("arm64"), "1.4")

    assert deployed.check(ecs(reference=f"@{digest}")) == [MISMATCH]
    assert deployed.alerts.published[0].push.tag == ""
    assert "digest_of" not in deployed.images.operations()


def test_containers_that_share_an_image_have_it_read_once(deployed: Deployed) -> None:
    deployed.holds(single("arm64"), "1.4")

    deployed.check(ecs(), replace(ecs(), container="migrate"), ecs("linux/arm64", name="lab/web"))

    assert deployed.images.operations().count("manifests") == 1
    assert deployed.images.operations().count("resource_tags") == 1
    assert [alert.workload.container for alert in deployed.alerts.published if alert.workload] == ["app", "migrate"]


def test_a_lambda_function_that_is_given_an_index_is_alerted(deployed: Deployed) -> None:
    digest = deployed.holds(index(single("amd64")), "1.4")
    arn = "arn:aws:lambda:eu-central-1:123456789012:function:resize"
    function = replace(ecs(), kind=WorkloadKind.LAMBDA_FUNCTION, arn=arn, name="resize", container="", resolved=digest)

    assert deployed.check(function) == [MISMATCH]


def test_an_exempt_image_is_not_read(deployed: Deployed) -> None:
    deployed.holds(single("arm64"), "1.4")
    deployed.policies.policy = Policy(exemptions=(ScopedExemption(Exemption("vendor image", NOW.date())),))

    assert deployed.check(ecs()) == [(Judgement.NOT_APPLICABLE, Reason.EXEMPT)]
    assert deployed.images.operations() == []


def test_where_the_policy_leaves_workloads_out_none_is_judged(deployed: Deployed) -> None:
    deployed.holds(single("arm64"), "1.4")
    deployed.policies.policy = Policy(linked=LinkedMode.OFF)

    assert deployed.check(ecs()) == [(Judgement.NOT_APPLICABLE, Reason.NO_REQUIREMENT)]
    assert not deployed.alerts.published


def test_a_repository_that_is_off_is_not_judged(deployed: Deployed) -> None:
    deployed.images.create(REPOSITORY, tags={"ecrguard:mode": "off"})
    deployed.holds(single("arm64"), "1.4")

    assert deployed.check(ecs()) == [(Judgement.NOT_APPLICABLE, Reason.REPOSITORY_OFF)]


def test_a_repository_that_another_stack_guards_is_not_read(deployed: Deployed) -> None:
    deployed.holds(single("arm64"), "1.4")
    deployed.guarded.clear()

    assert deployed.check(ecs()) == []
    assert deployed.images.operations() == []


def test_an_artifact_is_nothing_to_run(deployed: Deployed) -> None:
    deployed.holds(helm(), "1.4")

    assert deployed.check(ecs()) == [(Judgement.NOT_APPLICABLE, Reason.ARTIFACT)]


def test_an_image_that_is_not_there_yet_wakes_nobody(deployed: Deployed) -> None:
    deployed.images.create(REPOSITORY)

    assert deployed.check(ecs()) == [(Judgement.NOT_APPLICABLE, Reason.IMAGE_GONE)]
    assert not deployed.alerts.published


@pytest.mark.parametrize("operation", ["manifests", "config", "digest_of", "resource_tags"])
@pytest.mark.parametrize("reason", [UnknownReason.THROTTLED, UnknownReason.UNAVAILABLE])
def test_what_a_later_try_may_read_is_tried_again_and_nobody_was_alerted(
    deployed: Deployed, operation: str, reason: UnknownReason
) -> None:
    deployed.holds(single("arm64"), "1.4")
    deployed.images.fail(operation, reason, times=1)

    with pytest.raises(UnreadableError):
        deployed.check(ecs())

    assert not deployed.alerts.published
    assert deployed.check(ecs())[-1] == MISMATCH


@pytest.mark.parametrize("operation", ["manifests", "digest_of", "resource_tags"])
def test_what_may_not_be_read_is_logged_as_unknown_and_holds_up_no_other(deployed: Deployed, operation: str) -> None:
    deployed.holds(single("arm64"), "1.4")
    other = parse_reference(f"{REGISTRY.host}/team/other:1")
    deployed.images.push("team/other", single("arm64"), "1")
    deployed.images.fail(operation, UnknownReason.ACCESS_DENIED, times=1)

    judged = deployed.check(ecs(), replace(ecs(name="prod/other"), reference=other))

    assert judged == [(Judgement.UNKNOWN, Reason.NOT_TOLD), MISMATCH]
    assert [alert.push.repository for alert in deployed.alerts.published] == ["team/other"]


def test_an_alert_that_is_not_taken_is_tried_again(deployed: Deployed) -> None:
    deployed.holds(single("arm64"), "1.4")
    deployed.alerts.failing = Unknown(UnknownReason.THROTTLED, "sns:Publish was throttled")

    with pytest.raises(UnreadableError):
        deployed.check(ecs())


def test_a_workload_whose_platform_is_not_known_is_not_alerted(deployed: Deployed) -> None:
    deployed.holds(single("arm64"), "1.4")

    judged = deployed.check(ecs(""))

    assert judged == [(Judgement.UNKNOWN, Reason.NOT_TOLD)]
    assert not deployed.alerts.published


class TestWhatWasToldBefore:
    """Several events tell of one change, and passes tell of it too."""

    def deployed(self, architecture: str = "arm64") -> Deployed:
        made = Deployed()
        made.holds(single(architecture), "1.4")
        return made

    def test_is_not_told_again_by_another_event_of_the_same_change(self) -> None:
        deployed = self.deployed()
        deployed.check(ecs())
        deployed.occasion = Occasion("another-event", OCCASION.time + timedelta(seconds=2))

        deployed.check(ecs())

        assert len(deployed.alerts.published) == 1
        assert [(report.alerted, report.known) for report in deployed.told] == [(True, False), (False, True)]

    def test_is_told_of_another_container_by_itself(self) -> None:
        deployed = self.deployed()

        deployed.check(ecs(), replace(ecs(), container="sidecar"))

        assert len(deployed.alerts.published) == 2

    def test_is_told_again_where_it_has_changed_in_between(self) -> None:
        deployed = self.deployed()
        deployed.check(ecs())
        deployed.occasion = Occasion("another-day", OCCASION.time + timedelta(days=1))

        deployed.check(ecs())

        assert len(deployed.alerts.published) == 2

    def test_waits_while_another_tells_it(self) -> None:
        deployed = self.deployed()
        subject = workload_subject(ecs())
        deployed.ledger.hold(REPOSITORY, subject, "another", NOW, NOW + timedelta(minutes=1))

        with pytest.raises(UnreadableError):
            deployed.check(ecs())

        assert not deployed.alerts.published

    def test_is_resolved_in_its_thread_by_a_change_that_is_right(self) -> None:
        deployed = self.deployed()
        deployed.check(ecs())
        right = ecs("linux/arm64")

        deployed.check(right)
        deployed.check(right)

        alert, resolved = deployed.alerts.published
        assert (alert.kind, resolved.kind) == (AlertKind.ALERT, AlertKind.RESOLVED)
        assert resolved.thread == alert_id(alert)
        assert [report.resolved for report in deployed.told] == [False, True, False]
