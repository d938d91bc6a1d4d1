"""The main use case: a push is judged, planned for and acted on, and alerted where it must be, once.

What is wrong is handled while the ledger's record of its tag is held: of two events about one tag the second finds what
the first has done and told.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ecrguard.domain.action import Action
from ecrguard.domain.alert import Alert, AlertKind
from ecrguard.domain.image import Cure, Unknown
from ecrguard.domain.ledger import MOST_TOLD, Due, Entry, Record, Told, is_news, is_settled, righted, state_of
from ecrguard.domain.plan import Limits, Outcome, Plan, Refusal, RefusalReason, bound
from ecrguard.domain.safety import secure
from ecrguard.domain.verdict import Judgement, Reason, Verdict, is_wrong
from ecrguard.enforcer import Carried
from ecrguard.errors import UnreadableError
from ecrguard.pushers import is_of
from ecrguard.rendering.identity import alert_id
from ecrguard.report import Report, refused_for, resolved
from ecrguard.subjects import held, image_subject, tag_subject

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ecrguard.domain.push import Push
    from ecrguard.enforcer import Enforcer
    from ecrguard.good_tags import GoodTags
    from ecrguard.judging import Case, Judge
    from ecrguard.ports import AlertPublisher, Held, Ledger, Pushers
    from ecrguard.recovery import Recovery
    from ecrguard.situations import Situations


@dataclass(frozen=True, slots=True)
class Prepared:
    """What would be done about a push, were it handled now.

    Attributes:
        case: the push as it is judged.
        plan: what is done in a real run.
    """

    case: Case
    plan: Plan


@dataclass(frozen=True, slots=True)
class Guard:
    """Checks pushes.

    Attributes:
        judge: judges them.
        situations: reads what keeps an action from being safe.
        enforcer: carries plans out.
        recovery: finds out what tries that came to no end have left.
        good_tags: keeps the last good image of each tag.
        ledger: what was told and done.
        pushers: who pushed, as far as that is known already.
        alerts: where alerts go.
        level: the most severe action that the stack allows for a repository.
        owner: makes a name for each hold of the ledger.
        now: the time, UTC.
    """

    judge: Judge
    situations: Situations
    enforcer: Enforcer
    recovery: Recovery
    good_tags: GoodTags
    ledger: Ledger
    pushers: Pushers
    alerts: AlertPublisher
    level: Callable[[str], Action]
    owner: Callable[[], str]
    now: Callable[[], datetime]

    def check(self, push: Push, *, last_try: bool) -> tuple[Report, ...]:
        """Everything that follows from one event; one report for each tag that it concerns.

        Args:
            push: as announced.
            last_try: there will be no other: what could not be told is alerted as unknown instead of tried again.

        Raises:
            UnreadableError: something could not be read or done that a later try may; it finds what was done and told
                before.
        """
        # All are judged before anything is done: a try that fails on the way has alerted nobody.
        cases = self.judge.cases(push, last_try=last_try)
        return tuple(self._conclude(case, last_try=last_try) for case in cases)

    def give_up(self, push: Push, unknown: Unknown) -> Report:
        """Say of a push that it could not be judged, without trying: there is no time to ask anybody anything.

        Raises:
            UnreadableError: the alert was not taken.
        """
        return self._say(self.judge.untold(push, unknown, last_try=True), unknown)

    def prepare(self, push: Push) -> tuple[Prepared, ...]:
        """What :meth:`check` would do about a push now; nothing is changed by asking.

        Raises:
            UnreadableError: something could not be read.
        """
        return tuple(self._prepare(case) for case in self.judge.cases(push, last_try=True))

    def _prepare(self, case: Case) -> Prepared:
        push = case.push
        if is_wrong(case.verdict) and self.ledger.released(push.repository, push.digest) is not None:
            return Prepared(_as_released(case), Plan(None))
        record = self.ledger.look(push.repository, tag_subject(push.tag))
        return Prepared(case, self._plan(case, record))

    def _plan(self, case: Case, record: Record) -> Plan:
        bounded = self.bound(case)
        if bounded.action in (None, Action.ALERT) or case.observation is None:
            return bounded
        return secure(bounded, self.situations.before(bounded.action, case, case.observation, record))

    def bound(self, case: Case) -> Plan:
        """What is allowed to be done about a case."""
        asked = case.decision.on_mismatch
        return bound(case.verdict, Limits(asked, case.tags.mode, self.level(case.push.repository)))

    def _conclude(self, case: Case, *, last_try: bool) -> Report:
        push = case.push
        if case.verdict.reason is Reason.IMAGE_GONE and self._put_back(push):
            case = self.judge.case(push, last_try=last_try)
        if not is_wrong(case.verdict):
            return self._conclude_right(case)
        try:
            with held(self.ledger, push.repository, tag_subject(push.tag), self.owner(), self.now) as hold:
                if self.ledger.released(push.repository, push.digest) is not None:
                    case = _as_released(case)
                else:
                    report, record = self._conclude_wrong(case, hold, last_try=last_try)
        except UnreadableError as error:
            if not last_try:
                raise
            return self._say_at_least(case, error.unknown)
        if not is_wrong(case.verdict):
            return self._conclude_right(case)
        # Also where the event has come again: the try before may have ended here.
        self.good_tags.catch_up(push, record)
        return report

    def _put_back(self, push: Push) -> bool:
        """Whether an image is there again that ECR took away with its tag, in a try of ours that came to no end."""
        subject = tag_subject(push.tag)
        if not push.tag or not _took_image(self.ledger.look(push.repository, subject), push):
            return False
        with held(self.ledger, push.repository, subject, self.owner(), self.now) as hold:
            self.recovery.mend(push.tag, hold)
        return self.judge.images.standing(push.repository, digest=push.digest) is not None

    def _conclude_right(self, case: Case) -> Report:
        push, report = case.push, _report(case)
        if not push.tag or case.verdict.reason not in _ACCEPTED:
            return report
        record = self.good_tags.note(push)
        if righted(record, push, case.verdict.judgement) is None:
            return report
        with held(self.ledger, push.repository, tag_subject(push.tag), self.owner(), self.now) as hold:
            told = righted(hold.record, push, case.verdict.judgement)
            if told is None:
                return report
            alert = resolved(_report(case), told, self.now())
            self.alerts.publish(alert)
            self._note(alert, hold, "resolved")
            self.ledger.settle(hold, told=hold.record.told, open_=False, act=hold.record.act)
        return replace(report, resolved=True)

    def _conclude_wrong(self, case: Case, hold: Held, *, last_try: bool) -> tuple[Report, Record]:
        push, hold = case.push, self.recovery.mend(case.push.tag, hold)
        record = hold.record
        if is_settled(record, push):
            return replace(_report(case), known=True), record
        carried = self._act(case, hold, last_try=last_try)
        unsettled = carried.undone or _unsettled(case)
        state = state_of(case.verdict)
        report = replace(_report(case), outcome=carried.outcome, unsettled=unsettled)
        alert = self._alert(report, record, state)
        known = next((told for told in record.told if told.digest == push.digest), None)
        news = is_news(record, push, state, carried.outcome)
        # Of what is not told again, the thread goes on.
        thread = alert_id(alert) if news and alert.kind is AlertKind.ALERT else (known.alert_id if known else "")
        if carried.outcome.later is not None:
            # Before it is told, lest it is told and then forgotten; a sweep waits until it was.
            self.ledger.owe(Due(push, carried.outcome.later, self.now(), thread))
        if news:
            self.alerts.publish(alert)
            self._note(alert, hold, case.verdict.judgement.value)
        told = Told(
            thread,
            push.event_id,
            push.digest,
            state,
            push.time,
            case.verdict.explanation,
            unsettled is not None,
            case.verdict.judgement,
        )
        rest = tuple(each for each in record.told if each.digest != push.digest)
        act = carried.act or record.act
        after = self.ledger.settle(hold, told=(told, *rest)[:MOST_TOLD], open_=True, act=act)
        return replace(report, alerted=news, known=not news), after

    def _alert(self, report: Report, record: Record, state: str) -> Alert:
        push = report.push
        alert = Alert(push, report.image, report.verdict, report.outcome, report.rule, self.now())
        pusher = self.pushers.who(push.repository, push.tag, push.digest)
        if pusher is not None and is_of(pusher, push.time):
            alert = replace(alert, pusher=pusher)
        again = next((t for t in record.told if t.event_id == push.event_id and t.state == state), None)
        # The event was told of, and comes again for what could not be done then.
        return alert if again is None else replace(alert, kind=AlertKind.ACTION, thread=again.alert_id)

    def _act(self, case: Case, hold: Held, *, last_try: bool) -> Carried:
        """Plan and do. What could not be read for it is tried again, or refused where there is no other try."""
        bounded = self.bound(case)
        try:
            if bounded.action is None or not bounded.action.destructive:
                return self._do(case, hold, last_try=last_try)
            subject = image_subject(case.push.digest)
            with held(self.ledger, case.push.repository, subject, self.owner(), self.now):
                return self._do(case, hold, last_try=last_try)
        except UnreadableError as error:
            unknown = error.unknown
            if unknown.reason.cure is Cure.WAIT and not last_try:
                raise
            refusal = Refusal(bounded.action or Action.ALERT, refused_for(unknown), f"{unknown.detail}.")
            undone = unknown if unknown.reason.cure is Cure.WAIT else None
            return Carried(Outcome((), (*bounded.refusals, refusal)), None, undone)

    def _do(self, case: Case, hold: Held, *, last_try: bool) -> Carried:
        plan = self._plan(case, hold.record)
        if case.observation is None or not plan.steps:
            return Carried(Outcome((), plan.refusals))
        return self.enforcer.carry_out(plan, case.push, case.observation.manifest, hold, last_try=last_try)

    def _say_at_least(self, case: Case, unknown: Unknown) -> Report:
        """Alert without the ledger's hold, in the last try: rather twice than never. The event is kept for another."""
        record = self._looked(case.push)
        if is_settled(record, case.push):
            return replace(_report(case), known=True)
        state = state_of(case.verdict)
        if any((told.event_id, told.state) == (case.push.event_id, state) for told in record.told):
            return replace(_report(case), known=True, unsettled=unknown)
        return self._say(case, unknown)

    def _looked(self, push: Push) -> Record:
        try:
            return self.ledger.look(push.repository, tag_subject(push.tag))
        except UnreadableError:
            return Record()

    def _say(self, case: Case, unknown: Unknown) -> Report:
        bounded = self.bound(case)
        refusals = bounded.refusals
        if bounded.action is not Action.ALERT:
            refused = Refusal(bounded.action or Action.ALERT, RefusalReason.UNAVAILABLE, f"{unknown.detail}.")
            refusals = (*refusals, refused)
        report = replace(_report(case), outcome=Outcome((), refusals), alerted=True, unsettled=unknown)
        self.alerts.publish(
            Alert(case.push, report.image, case.verdict, report.outcome, case.decision.rule, self.now())
        )
        return report

    def _note(self, alert: Alert, hold: Held, what: str) -> None:
        push = alert.push
        entry = Entry(
            self.now(), what, push.digest, push.event_id, alert_id(alert), alert.verdict.explanation, alert.outcome
        )
        self.ledger.note(push.repository, hold.subject, entry)


def _took_image(record: Record, push: Push) -> bool:
    """Whether an act that came to no end may have taken the pushed image away."""
    act = record.act
    return act is not None and act.ended is None and act.digest == push.digest and bool(act.manifest)


_ACCEPTED = frozenset({Reason.PLATFORMS_MATCH, Reason.NO_REQUIREMENT, Reason.EXEMPT, Reason.REPOSITORY_OFF})
"""Reasons for which an image is what its tag goes back to later, if it is right by what is required then.

One that was released is not: it is known to be wrong, and ``ecrguard restore`` takes its tag back from it.
"""


def _as_released(case: Case) -> Case:
    why = "Somebody has released the image (ecrguard release): it is left alone."
    return replace(case, verdict=Verdict(Judgement.NOT_APPLICABLE, Reason.RELEASED, why))


def _report(case: Case) -> Report:
    return Report(case.push, case.image, case.verdict, rule=case.decision.rule)


def _unsettled(case: Case) -> Unknown | None:
    if case.verdict.judgement is not Judgement.UNKNOWN:
        return None
    return next((each for each in case.verdict.unknowns if each.reason.cure is not Cure.NEW_IMAGE), None)
