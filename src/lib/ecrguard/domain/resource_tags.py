"""The repository's own resource tags, for teams that own a repository but not the policy.

``ecrguard:platforms`` names the platforms that every tagged image of the repository must have, all of them, separated
by spaces: ECR allows no comma in a tag's value. ``ecrguard:mode`` is ``off`` or an action, the most that is done. What
else begins with ``ecrguard:`` is a mistake: a misspelt requirement must not pass for none.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecrguard.domain.action import Action
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.platform import PlatformError, parse
from ecrguard.domain.policy import Demand

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "ecrguard:"
PLATFORMS_KEY = f"{PREFIX}platforms"
MODE_KEY = f"{PREFIX}mode"
OFF = "off"
"""The mode in which no image of the repository is judged."""

_MODES = (OFF, *(action.value for action in Action))


@dataclass(frozen=True, slots=True)
class ResourceTags:
    """What a repository's resource tags ask for.

    Attributes:
        demand: platforms that its images must have; None where no tag names any.
        off: its images are not judged.
        mode: the most that may be done about a mismatch; None where no tag says.
    """

    demand: Demand | None = None
    off: bool = False
    mode: Action | None = None


def read_resource_tags(tags: Mapping[str, str]) -> ResourceTags | Unknown:
    """What the resource tags of a repository ask for, or what is wrong with them, key by key.

    Args:
        tags: all of the repository's; those of others are ignored.
    """
    ours = {key: value for key, value in tags.items() if key.lower().startswith(PREFIX)}
    problems: list[str] = []
    demand: Demand | None = None
    off, mode = False, None
    for key, value in sorted(ours.items()):
        if key == PLATFORMS_KEY:
            demand = _demand(value, problems)
        elif key == MODE_KEY and value in _MODES:
            off, mode = value == OFF, None if value == OFF else Action(value)
        elif key == MODE_KEY:
            problems.append(
                f"expected {_listed(_MODES)} in the resource tag {key}, got {value!r}{_hint(value, _MODES)}"
            )
        else:
            known = (PLATFORMS_KEY, MODE_KEY)
            problems.append(f"expected {_listed(known)} as a resource tag's key, got {key}{_hint(key.lower(), known)}")
    if problems:
        return Unknown(UnknownReason.RESOURCE_TAGS_INVALID, "; ".join(problems))
    return ResourceTags(demand, off, mode)


def _demand(value: str, problems: list[str]) -> Demand | None:
    names = value.split()
    if not names:
        problems.append(
            f"expected platforms such as 'linux/amd64 linux/arm64' in the resource tag {PLATFORMS_KEY}, got ''"
        )
    platforms = []
    for name in names:
        try:
            platforms.append(parse(name, partial=True))
        except PlatformError as error:
            problems.append(f"resource tag {PLATFORMS_KEY}: {error}")
    return Demand(tuple(dict.fromkeys(platforms))) if platforms else None


def _listed(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"


def _hint(value: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(value.lower(), known, n=1)
    return f"; did you mean {near[0]}?" if near else ""
