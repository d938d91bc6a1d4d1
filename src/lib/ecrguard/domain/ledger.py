"""The ledger: what was told and done of each tag, to tell it once, do it once, and be able to take it back.

A tag's *episode* of being wrong opens with an alert and is resolved by a later push that is right. What was found of a
changed workload is kept the same way, under the workload instead of a tag.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from ecrguard.domain.verdict import Judgement, Severity

if TYPE_CHECKING:
    from datetime import datetime

    from ecrguard.domain.action import Action
    from ecrguard.domain.plan import Outcome
    from ecrguard.domain.push import Push
    from ecrguard.domain.verdict import Finding, Verdict

MOST_TOLD = 20
"""Alerts of a tag that are remembered, the latest ones, to know the events that come again."""
ECHO = timedelta(seconds=2)
"""How far the time of an event (whole seconds, of ECR's clock) may lie before the call of ours that caused it."""
ECHO_LATE = timedelta(seconds=15)
"""How far it may lie after that call: ECR makes the event when the call is done."""
LONGEST_ACT = timedelta(seconds=120)
"""How long an act may take: as long as the push function may run, by which it has ended or never will."""
HOLD = timedelta(seconds=330)
"""How long a record is held at most: longer than any function that holds it may run."""
MAX_MANIFEST = 300 * 1024
"""Bytes of a manifest that is kept with an act; an item of DynamoDB takes 400 KB in all."""


@dataclass(frozen=True, slots=True)
class Good:
    """The last good image of a tag.

    Attributes:
        digest: of the image.
        pushed: time of the event that announced it, UTC. Of two the later one counts, in whatever order they come.
    """

    digest: str
    pushed: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """An alert that was published.

    Attributes:
        alert_id: of it; names the thread of what follows.
        event_id: of the event that it was about.
        digest: of the image.
        state: what was wrong, see :func:`state_of`.
        pushed: time of the event, UTC.
        explanation: of the verdict, to be repeated where something follows.
        undone: an action was not done that another try may do.
        judgement: that was told.
    """

    alert_id: str
    event_id: str
    digest: str
    state: str
    pushed: datetime
    explanation: str = ""
    undone: bool = False
    judgement: Judgement = Judgement.MISMATCH


@dataclass(frozen=True, slots=True)
class Act:
    """What was done to a tag, written down before it is done.

    Attributes:
        event_id: of the push that it was about; empty where a person gave the tag back.
        digest: of the wrong image that the tag was taken from; empty where it was given forward from a good one.
        to: that it was given to; empty where it was taken away.
        began: UTC, before ECR was asked.
        ended: UTC; None while it is not known to have ended.
        tags: of the image before the act.
        media_type: of the image's manifest.
        manifest: of the image, where ECR may take it away together with the tag; else empty.
        gone: ECR has taken the image away together with the tag, and it is being put back.
        known: digest of the tag's last good image as it was known then, gone back to or not; empty for none. Where a
            later good image was given the tag, of that which it stood for.
    """

    event_id: str
    digest: str
    to: str
    began: datetime
    ended: datetime | None = None
    tags: tuple[str, ...] = ()
    media_type: str = ""
    manifest: str = ""
    known: str = ""
    gone: bool = False

    def explains(self, digest: str, standing: str) -> bool:
        """Whether it is by this act that a tag pushed for ``digest`` stands for ``standing`` (empty: for nothing)."""
        return self.digest == digest and self.to == standing

    def found(self, standing: str, now: datetime) -> Act | None:
        """What is known of an act that came to no end, now that the tag is seen to stand for ``standing``.

        It has ended where it took effect. Where nothing came of it, or somebody has pushed the tag since, there was
        none; but where the tag still waits to be given forward, it stands there by the act before.
        """
        if standing == self.to:
            return replace(self, ended=min(now, self.over), manifest="", gone=False)
        if self.event_id and not self.digest and standing == self.known:
            return replace(self, to=standing, ended=self.began, known="")
        return None

    @property
    def before(self) -> str:
        """What the act before had given the tag to, where this one gave it forward from there; else empty."""
        return self.known if self.event_id and not self.digest else ""

    @property
    def given(self) -> frozenset[str]:
        """The images that the tag was given to: by it, and shortly before it."""
        return frozenset({self.to, self.before} - {""})

    def is_echo(self, push: Push) -> bool:
        """Whether a push is what ECR announces of this act: giving a tag to an image looks like pushing it."""
        if push.digest not in self.given:
            return False
        # Where the tag was given forward, the act before it was shortly before.
        before = ECHO if push.digest == self.to else LONGEST_ACT
        return self.began - before <= push.time <= self.over + ECHO_LATE

    @property
    def over(self) -> datetime:
        """When it had ended for certain, UTC."""
        return self.ended or self.began + LONGEST_ACT


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a tag, or of a workload that was changed.

    Attributes:
        good: its last good image; None where none was seen.
        told: alerts about it, the latest first.
        open: it is wrong as far as people were told.
        act: the last that was done to it; None once somebody has pushed it since.
    """

    good: Good | None = None
    told: tuple[Told, ...] = ()
    open: bool = False
    act: Act | None = None

    @property
    def latest(self) -> Told | None:
        """The latest alert."""
        return self.told[0] if self.told else None


@dataclass(frozen=True, slots=True)
class Release:
    """Somebody's word that an image is to be left alone.

    Attributes:
        who: the IAM principal.
        why: for people.
        time: UTC.
    """

    who: str
    why: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """An image that is to be archived or deleted once all workloads have been read since its tag was taken.

    Attributes:
        push: that it came with.
        action: ARCHIVE or DELETE.
        since: when its tag was taken, UTC; workloads must have been read from then on.
        alert_id: of the alert that told of it; what follows is in its thread.
        begun: it was about to be done by a run that may have come to no end.
        counted: when it was last counted among the destructive acts of an hour, UTC; None where it never was.
        children: digests that are to go after the image, once its deletion has begun.
    """

    push: Push
    action: Action
    since: datetime
    alert_id: str
    begun: bool = False
    counted: datetime | None = None
    children: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a tag's history.

    Attributes:
        time: UTC.
        what: ``mismatch``, ``unknown``, ``resolved``, ``archived``, ``deleted``, ``kept``, ``given_forward``,
            ``released``, ``restored``.
        digest: of the image.
        event_id: of the event; empty where a person did it.
        alert_id: of the message that said so; empty where none did.
        text: for people.
        outcome: what was done and refused.
        who: the person, of what a person did.
    """

    time: datetime
    what: str
    digest: str
    event_id: str
    alert_id: str
    text: str
    outcome: Outcome
    who: str = ""


def state_of(verdict: Verdict) -> str:
    """What is wrong, as a text that is equal for verdicts of which one alert is enough.

    Of what could not be told the reasons count, and not whom they were met with: that may be another at each try.
    """
    unknown = verdict.judgement is Judgement.UNKNOWN
    parts = (
        verdict.judgement.value,
        verdict.reason.value,
        sorted({each.reason.value for each in verdict.unknowns}) if unknown else [],
        [] if unknown else sorted({_wrong(each) for each in verdict.findings if each.severity is Severity.MISMATCH}),
    )
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _wrong(finding: Finding) -> tuple[str, ...]:
    subject, required = finding.subject, sorted(map(str, finding.required))
    return subject.kind.value, subject.name, subject.arn, finding.failure or "", *required


def is_settled(record: Record, push: Push) -> bool:
    """Whether nothing is left to say or do about this push.

    Its event has come again, or late, after that of a later push of the same image.
    """
    return any(
        told.digest == push.digest
        and not (told.undone and told.event_id == push.event_id)
        and (told.event_id == push.event_id or push.time < told.pushed)
        for told in record.told
    )


def is_news(record: Record, push: Push, state: str, outcome: Outcome) -> bool:
    """Whether people are to be told: not of what they were told, unless it was right or changed in between."""
    known = next((told for told in record.told if told.digest == push.digest), None)
    if known is None or outcome.changed:
        return True
    return not record.open or known is not record.latest or known.state != state


def righted(record: Record, push: Push, judgement: Judgement) -> Told | None:
    """The alert that a push which is right resolves; None where none is open, or it came before that alert's push."""
    latest = record.latest
    if judgement is not Judgement.OK or not record.open or latest is None or push.time < latest.pushed:
        return None
    if record.act is not None and record.act.is_echo(push):
        return None
    return latest


def is_overtaken(record: Record, digest: str, standing: str) -> bool:
    """Whether a tag must be given forward to ``digest``, its last good image.

    ECR moves tags without a condition. Where somebody pushed a good image in the moment between our look at the tag and
    our moving it back, or the event of an earlier good push came late, the tag stands for the image that we gave it to
    though a later one is good.
    """
    good, act = record.good, record.act
    if good is None or act is None or good.digest != digest or not act.event_id:
        # What a person has restored is as it was meant, whatever was pushed before.
        return False
    # A tag is taken away only from the image that it stands for: of what was pushed meanwhile nothing was overtaken.
    last = act.over if act.to else act.began
    if any(pushed > last + ECHO for pushed in (good.pushed, *(told.pushed for told in record.told))):
        # What was pushed later cannot have been overtaken: the tag stands as somebody has put it since.
        return False
    return standing == act.to and digest not in {standing, act.digest, act.known}
