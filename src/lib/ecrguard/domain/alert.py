"""An alert: everything that is said of an image that is mismatched or could not be judged, and what follows.

The image was pushed, or a workload was changed and names it. What follows an alert is in its thread: that the tag is
right again, who pushed the image, what became of the image later.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from ecrguard.domain.image import Image
    from ecrguard.domain.plan import Outcome
    from ecrguard.domain.push import Push
    from ecrguard.domain.pusher import Pusher
    from ecrguard.domain.verdict import Verdict
    from ecrguard.domain.workload import Workload


class AlertKind(StrEnum):
    """What a message is. Stable."""

    ALERT = "alert"
    """An image is mismatched, or could not be judged."""
    RESOLVED = "resolved"
    """A later push has put the tag right, or a later change the workload."""
    PUSHER = "pusher"
    """Who pushed the image that was alerted."""
    ACTION = "action"
    """What was done, or refused, about an alerted image later."""


@dataclass(frozen=True, slots=True)
class Alert:
    """What is published. How it is worded for each reader is in ``ecrguard.rendering``.

    Attributes:
        push: what arrived, or is deployed.
        image: what was read of it; None where it could not be read.
        verdict: mismatch or unknown; of what follows, what is known of it by then.
        outcome: what was done and what was refused.
        rule: name of the policy rule that decided; empty where none did.
        time: when it was judged, UTC.
        workload: that was changed, where nothing was pushed; it alone was judged.
        kind: what the message is.
        thread: id of the alert that this follows; empty for an alert itself, whose id names its thread.
        pusher: who pushed the image, where that is known by now.
    """

    push: Push
    image: Image | None
    verdict: Verdict
    outcome: Outcome
    rule: str
    time: datetime
    workload: Workload | None = None
    kind: AlertKind = AlertKind.ALERT
    thread: str = ""
    pusher: Pusher | None = None
