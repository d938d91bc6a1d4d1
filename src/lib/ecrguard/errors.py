"""The errors that cross the product's layers. Each carries what a person needs to act on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ecrguard.domain.image import Unknown
    from ecrguard.domain.plan import RefusalReason


class EcrguardError(Exception):
    """Base of this product's own errors."""


class UnreadableError(EcrguardError):
    """Something outside could not be read: denied, throttled, unavailable, gone, or not what it should be.

    Attributes:
        unknown: what could not be told and why; ``unknown.reason.cure`` says whether it is worth asking again.
    """

    def __init__(self, unknown: Unknown) -> None:
        super().__init__(f"{unknown.reason}: {unknown.detail}")
        self.unknown = unknown


class MalformedEventError(EcrguardError):
    """A message on the queue that is no ECR event of a kind the product handles. The message says what was expected."""


class AbsentError(EcrguardError):
    """A source of workloads cannot be there: the Region does not have the service, or the account may not use it.

    A result of its own: there is nothing to read, and nothing that somebody could mend.
    """


class LostPassError(EcrguardError):
    """Another run goes on with a pass of the inventory; this one is to leave it."""


class LostHoldError(EcrguardError):
    """A part of the ledger that was held has been taken over by another, because its time was over."""


class RefusedError(EcrguardError):
    """A step is refused by what was found right before it, and with it those after it.

    Attributes:
        reason: stable code.
        detail: one sentence.
    """

    def __init__(self, reason: RefusalReason, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail
