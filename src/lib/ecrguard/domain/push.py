"""A push: what an ECR event says has arrived in a repository, or what a workload that has changed now names."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from ecrguard.domain.reference import Registry


class Arrival(StrEnum):
    """How an image came to be in the repository."""

    PUSHED = "pushed"
    REPLICATED = "replicated"
    RESTORED = "restored"
    """Brought back from the archive storage class."""
    DEPLOYED = "deployed"
    """It was there: a workload was changed and names it, or runs it on another platform now. Nothing was pushed."""


@dataclass(frozen=True, slots=True)
class Push:
    """One image that arrived in one repository, under one tag or none.

    Attributes:
        arrival: how it came.
        registry: account and Region.
        repository: name within the registry.
        digest: of the manifest; empty where the event has none (it is optional there).
        tag: empty for an untagged push: the children of an index come so. Of what is deployed, the tag that the
            workload names, empty where it names a digest.
        event_id: EventBridge's id of the event, the correlation id of logs and alerts. Of what is deployed, that of
            what showed the change.
        time: of the event, UTC.
        artifact: the event says that it is something else than a container image; its manifest decides.
    """

    arrival: Arrival
    registry: Registry
    repository: str
    digest: str
    tag: str
    event_id: str
    time: datetime
    artifact: bool = False

    @property
    def image_name(self) -> str:
        """What a person calls it: ``repository:tag``, or ``repository@digest`` without a tag."""
        return f"{self.repository}:{self.tag}" if self.tag else f"{self.repository}@{self.digest}"

    @property
    def uri(self) -> str:
        """The full reference that docker pulls."""
        return f"{self.registry.host}/{self.image_name}"
