"""The inventory: what sources tell of workloads, kept so that a push is answered with one read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ecrguard.domain.image import Unknown
    from ecrguard.domain.workload import Workload


@dataclass(frozen=True, slots=True)
class BadImage:
    """A container's image that is no valid reference: container engines may read what this product does not.

    Attributes:
        subject: the workload and its container, for people.
        text: as the definition has it.
        problem: what is wrong with it.
    """

    subject: str
    text: str
    problem: str

    def may_name(self, repository: str) -> bool:
        """Whether the repository's name stands in the text as a name; any other text cannot mean the repository."""
        return re.search(rf"(?:^|/){re.escape(repository)}(?:$|[:@\s])", self.text) is not None


@dataclass(frozen=True, slots=True)
class Sighting:
    """A workload as its source tells of it; it replaces whatever was known of the workload before.

    Attributes:
        arn: of the workload: what is replaced as a whole.
        workloads: its containers whose image is in the guarded registry; none where it is gone or runs other images.
        bad_images: its containers whose image is no valid reference.
    """

    arn: str
    workloads: tuple[Workload, ...] = ()
    bad_images: tuple[BadImage, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A part of what a source lists.

    Attributes:
        arns: of the workloads on it, each once.
        cursor: where the listing goes on, also in another process and after a while; empty at its end.
        sightings: of those that the listing itself says everything of: they need not be read.
        unknowns: parts that could not be listed for good (a cluster that is denied): the pass is not complete.
    """

    arns: tuple[str, ...] = ()
    cursor: str = ""
    sightings: Mapping[str, Sighting] = field(default_factory=dict)
    unknowns: tuple[Unknown, ...] = ()
