"""An alert: everything that is said of an image that is mismatched or could not be judged.

It was pushed, or a workload was changed and names it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from ecrguard.domain.image import Image
    from ecrguard.domain.plan import Outcome
    from ecrguard.domain.push import Push
    from ecrguard.domain.verdict import Verdict
    from ecrguard.domain.workload import Workload


@dataclass(frozen=True, slots=True)
class Alert:
    """What is published. How it is worded for each reader is in ``ecrguard.rendering``.

    Attributes:
        push: what arrived, or is deployed.
        image: what was read of it; None where it could not be read.
        verdict: mismatch or unknown.
        outcome: what was done and what was refused.
        rule: name of the policy rule that decided; empty where none did.
        time: when it was judged, UTC.
        workload: that was changed, where nothing was pushed; it alone was judged.
    """

    push: Push
    image: Image | None
    verdict: Verdict
    outcome: Outcome
    rule: str
    time: datetime
    workload: Workload | None = None
