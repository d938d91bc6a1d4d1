"""Who pushed an image, as CloudTrail tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Pusher:
    """The principal of a PutImage call.

    Attributes:
        arn: of the principal; of a role, of its session, which often names the person or the job.
        address: it called from; ``ecr.amazonaws.com`` for a push by Docker, which ECR makes the call for.
        agent: the client's user agent, possibly empty.
        time: of the call, UTC.
    """

    arn: str
    address: str
    agent: str
    time: datetime
