"""Calling AWS: inside its read throttles, and with the product's errors instead of botocore's."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError
from urllib3.exceptions import NameResolutionError

from ecrguard.adapters.aws_errors import error_code, unreadable
from ecrguard.errors import AbsentError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator


class GoneError(Exception):
    """What was asked about does not exist, or not any more."""


def _at_once(_: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Calls:
    """Makes calls to one AWS service in one Region.

    Attributes:
        pace: waits until a call of an IAM action may be made.
        absent: the service is known not to be in the Region: an endpoint whose name does not resolve is no failure.
    """

    pace: Callable[[str], None] = _at_once
    absent: bool = False

    @contextmanager
    def to(self, action: str, subject: str, gone: Collection[str] = ()) -> Iterator[None]:
        """Around one call.

        Args:
            action: IAM action of the call, such as ``ecs:DescribeServices``.
            subject: what is asked about, for people.
            gone: error codes that say it does not exist.

        Raises:
            GoneError: the service answered one of ``gone``.
            AbsentError: the service is not there.
            UnreadableError: any other failure: denied, throttled, unavailable.
        """
        self.pace(action)
        try:
            yield
        except ClientError as error:
            if error_code(error) in gone:
                raise GoneError(subject) from error
            raise unreadable(error, action, subject) from error
        except BotoCoreError as error:
            if self.absent and _is_unresolved(error):
                raise AbsentError(f"{action.partition(':')[0]} is not in this Region") from error
            raise unreadable(error, action, subject) from error


def _is_unresolved(error: BotoCoreError) -> bool:
    """Whether the name does not resolve: a time-out may be a network that hides a service that is there."""
    return isinstance(error, EndpointConnectionError) and isinstance(error.kwargs.get("error"), NameResolutionError)
