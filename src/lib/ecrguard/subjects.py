"""What the ledger keeps records of, and how a record is held while it is worked on."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.ledger import HOLD
from ecrguard.errors import LostHoldError, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from ecrguard.domain.workload import Workload
    from ecrguard.ports import Held, Ledger


def tag_subject(tag: str) -> str:
    """The subject of a tag."""
    return f"tag#{tag}"


def image_subject(digest: str) -> str:
    """The subject of an image, held while its tags are taken away: of two tags each may be the last."""
    return f"image#{digest}"


def workload_subject(workload: Workload) -> str:
    """The subject of one container of a workload."""
    return f"workload#{workload.arn}#{workload.container}"


@contextmanager
def held(ledger: Ledger, repository: str, subject: str, owner: str, now: Callable[[], datetime]) -> Iterator[Held]:
    """Hold a record for as long as the block takes; whatever its end, others may take it then.

    Raises:
        UnreadableError: the ledger did not answer, or another holds the record, or has taken it over.
    """
    time = now()
    hold = ledger.hold(repository, subject, owner, time, time + HOLD)
    try:
        yield hold
    except LostHoldError as error:
        raise UnreadableError(Unknown(UnknownReason.UNAVAILABLE, str(error), subject)) from error
    finally:
        # Whatever is wrong with letting go: the hold ends by itself, and what was done is done.
        with suppress(UnreadableError):
            ledger.let_go(hold)
