"""What listing and reading have in common, whatever the source."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ecrguard.adapters.calls import GoneError
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.inventory import BadImage, Sighting
from ecrguard.domain.workload import Workload
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass(slots=True)
class Tokens:
    """Follows the tokens of one listing, and ends it where it goes round in circles."""

    _asked: set[str] = field(default_factory=set)

    def follow(self, asked: str, given: str, action: str, subject: str) -> str:
        """The token of the next page, empty at the end.

        Args:
            asked: token of the page that was read; empty for the first, which begins a listing anew.
            given: what the page says of the next.
            action: IAM action of the call.
            subject: what is listed, for people.

        Raises:
            UnreadableError: UNAVAILABLE: the next page was read before.
        """
        if not asked:
            self._asked.clear()
        self._asked.add(asked)
        if given and given in self._asked:
            raise UnreadableError(
                Unknown(UnknownReason.UNAVAILABLE, f"{action} gave the same page twice for {subject}", subject)
            )
        return given


def one_by_one(arns: Iterable[str], read: Callable[[str], Sighting | Unknown]) -> dict[str, Sighting | Unknown]:
    """What is told of each workload where each is read by itself.

    Args:
        arns: of the workloads.
        read: reads one; GoneError where it does not exist, UnreadableError where a call was refused or failed.

    Raises:
        UnreadableError: throttled or unavailable. One that may not be read is told of as such.
    """
    told: dict[str, Sighting | Unknown] = {}
    for arn in dict.fromkeys(arns):
        try:
            told[arn] = read(arn)
        except GoneError:
            told[arn] = Sighting(arn)
        except UnreadableError as error:
            if error.unknown.reason is not UnknownReason.ACCESS_DENIED:
                raise
            told[arn] = error.unknown
    return told


def sighting(arn: str, containers: Iterable[Workload | BadImage | None]) -> Sighting:
    """What was read of a workload: its containers, each as far as it is of the guarded registry."""
    told = tuple(containers)
    return Sighting(
        arn,
        tuple(each for each in told if isinstance(each, Workload)),
        tuple(each for each in told if isinstance(each, BadImage)),
    )
