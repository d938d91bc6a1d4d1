"""The id of an alert and of what follows it, by which repeats can be told and threads are named."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

from ecrguard.domain.alert import AlertKind
from ecrguard.domain.ledger import state_of

if TYPE_CHECKING:
    from ecrguard.domain.alert import Alert

_NAMESPACE = uuid.UUID("6f0a3f0e-0f1c-5f57-9c53-2e1c1b3f5a10")


def alert_id(alert: Alert) -> str:
    """The alert's id: the same whenever the same event is judged the same way, so that repeats can be told.

    An event that changes several containers of a workload has an alert for each that cannot run its image.

    What is wrong, or why it could not be told, is a part of how it is judged: an event that is sent again from the
    dead-letter queue and fails for another cause is another alert.

    What follows an alert has an id of its own, made of the alert's: by the image that resolved it, by who pushed, by
    what was done or refused. Which event or try it was said on is no part of that.
    """
    if alert.kind is not AlertKind.ALERT:
        return _following_id(alert)
    push, workload = alert.push, alert.workload
    made_of = (
        push.event_id,
        push.registry.host,
        push.repository,
        push.tag,
        push.digest,
        state_of(alert.verdict),
        *((workload.kind.value, workload.arn, workload.name, workload.container) if workload else ()),
    )
    return str(uuid.uuid5(_NAMESPACE, json.dumps(made_of)))


def _following_id(alert: Alert) -> str:
    outcome = alert.outcome
    made_of = (
        alert.thread,
        alert.kind.value,
        alert.push.digest,
        alert.pusher.arn if alert.kind is AlertKind.PUSHER and alert.pusher else "",
        sorted(done.action.value for done in outcome.done),
        sorted((refusal.action.value, refusal.reason.value) for refusal in outcome.refusals),
        outcome.later,
    )
    return str(uuid.uuid5(_NAMESPACE, json.dumps(made_of)))
