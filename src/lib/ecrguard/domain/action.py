"""What can be done about an image, from mild to severe."""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """One thing to do about an image whose platforms do not match.

    Each from TAG on does what those before it do, and more: what is archived or deleted was quarantined first.
    """

    ALERT = "alert"
    TAG = "tag"
    """Put a marker tag beside the pushed one; the pushed tag is not touched."""
    QUARANTINE = "quarantine"
    """Give the pushed tag back to its last good image, or take it away; the image stays, under its marker."""
    ARCHIVE = "archive"
    """Move the image to the archive storage class, from which it can be restored."""
    DELETE = "delete"

    @property
    def severity(self) -> int:
        """Place in the order from mild (0) to severe."""
        return list(Action).index(self)

    @property
    def destructive(self) -> bool:
        """Whether it takes something away that somebody may want to pull."""
        return self.severity >= Action.QUARANTINE.severity

    @property
    def takes_the_image(self) -> bool:
        """Whether it takes away the image itself, and not a tag alone."""
        return self.severity >= Action.ARCHIVE.severity


def milder(one: Action, other: Action) -> Action:
    """The less severe of two actions."""
    return min(one, other, key=lambda action: action.severity)
