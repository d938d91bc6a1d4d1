"""The alerts of a history, each looked at when it is published and all at its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.simulation.pool import name_of, runs
from tests.simulation.tally import ViolationError

from ecrguard.domain.alert import Alert, AlertKind
from ecrguard.domain.plan import RefusalReason
from ecrguard.domain.verdict import Judgement
from ecrguard.rendering.identity import alert_id

if TYPE_CHECKING:
    from tests.simulation.stage import Actor, Stage
    from tests.simulation.tally import Tally
    from tests.simulation.world import Tagging, World


@dataclass(slots=True)
class Alerts:
    """Takes alerts.

    Attributes:
        world: the truth.
        stage: the clock, and who acts.
        tally: counts.
        published: all, in order.
        by: who published each id.
    """

    world: World
    stage: Stage
    tally: Tally
    published: list[Alert] = field(default_factory=list)
    by: dict[str, list[Actor]] = field(default_factory=dict)

    def publish(self, alert: Alert) -> None:
        """Take an alert; ``AlertPublisher`` of the product's ports.

        Raises:
            ViolationError: it says what was not so, or was said before though nothing went wrong since.
        """
        actor = self.stage.actor
        assert actor is not None
        again = self._was_said(alert)
        if alert.workload is None:
            self._of_push(alert)
        else:
            self._of_workload(alert)
        self.tally.add("alerts", f"{alert.kind} again, after a fault" if again else str(alert.kind))
        for refusal in alert.outcome.refusals:
            self.tally.add("refusals", str(refusal.reason))
        self.by.setdefault(alert_id(alert), []).append(actor)
        self.published.append(alert)

    def _was_said(self, alert: Alert) -> bool:
        if alert.kind is not AlertKind.ALERT and alert.thread not in self.by:
            raise ViolationError(f"{_named(alert)} is in the thread of an alert that nobody got")
        before = self.by.get(alert_id(alert), [])
        if alert.kind is AlertKind.PUSHER:
            # Who pushes the same image twice in a short while is named for each push, in the thread of one alert.
            calls = sum(each.trailed for each in self._taggings(alert))
            calls += sum(each.dead or each.disturbed for each in before)
            if len(before) >= calls:
                # An older call whose event comes again once a newer is known; it has the same id.
                self.tally.add("windows", "who pushed, named again")
            before = []
        if alert.kind is AlertKind.RESOLVED and before:
            # What was wrong again in between may be right again.
            last = next(each for each in reversed(self.published) if alert.thread in (each.thread, alert_id(each)))
            before = before if last.kind is AlertKind.RESOLVED else []
        if alert.kind is AlertKind.ACTION and not any(
            alert_id(each) == alert_id(alert) and each.push.event_id == alert.push.event_id for each in self.published
        ):
            # The same was done about the same image, pushed again, in the thread of its one alert.
            before = []
        if self._is_last_word(alert):
            before = []
        if before and not any(each.dead or each.disturbed for each in before):
            raise ViolationError(f"{_named(alert)} was published before, and nothing had gone wrong since")
        return bool(before)

    def _is_last_word(self, alert: Alert) -> bool:
        """Whether it is said in a last try in which the ledger did not answer: rather twice than never."""
        actor = self.stage.actor
        unsettled = any(each.reason is RefusalReason.UNAVAILABLE for each in alert.outcome.refusals)
        unknown = alert.verdict.judgement is Judgement.UNKNOWN
        return actor is not None and actor.disturbed and (unsettled or unknown)

    def _of_push(self, alert: Alert) -> None:
        taggings = self._taggings(alert)
        mismatch = alert.kind is AlertKind.ALERT and alert.verdict.judgement is Judgement.MISMATCH
        if mismatch and not any(each.ever_wrong for each in taggings):
            raise ViolationError(f"{_named(alert)} is a false alarm")
        if alert.kind is AlertKind.RESOLVED and not any(each.ever_right for each in taggings):
            raise ViolationError(f"{_named(alert)} says that it is right, and it never was")

    @staticmethod
    def _of_workload(alert: Alert) -> None:
        assert alert.workload is not None
        able = runs(alert.workload.hosts[0].architecture, alert.push.digest)
        if able is (alert.kind is AlertKind.ALERT):
            raise ViolationError(f"{_named(alert)} for {alert.workload.name} is not so")

    def _taggings(self, alert: Alert) -> list[Tagging]:
        push = alert.push
        return self.world.taggings_of(push.repository, push.tag, push.digest)

    def calm(self, alert: Alert) -> bool:
        """Whether nothing went wrong where an alert was published, so that it must not be said again."""
        return not any(each.dead or each.disturbed for each in self.by[alert_id(alert)])

    def about(self, repository: str, tag: str, digest: str) -> list[Alert]:
        """All that was said of an image under a tag, in order."""
        return [
            alert
            for alert in self.published
            if alert.workload is None
            and (alert.push.repository, alert.push.tag, alert.push.digest) == (repository, tag, digest)
        ]

    def mismatches(self, repository: str, tag: str, digest: str) -> list[Alert]:
        """The alerts that an image is wrong under a tag, each once."""
        found = {
            alert_id(alert): alert
            for alert in self.about(repository, tag, digest)
            if alert.kind is AlertKind.ALERT and alert.verdict.judgement is Judgement.MISMATCH
        }
        return list(found.values())


def _named(alert: Alert) -> str:
    push = alert.push
    return f"the {alert.kind} of {push.repository}:{push.tag} with {name_of(push.digest)}"
