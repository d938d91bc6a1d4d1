"""What can be done about an image, from mild to severe."""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """One thing to do about an image whose platforms do not match."""

    ALERT = "alert"
    TAG = "tag"
    """Put a marker tag beside the pushed one; the pushed tag is not touched."""

    @property
    def severity(self) -> int:
        """Place in the order from mild (0) to severe."""
        return list(Action).index(self)


def milder(one: Action, other: Action) -> Action:
    """The less severe of two actions."""
    return min(one, other, key=lambda action: action.severity)
