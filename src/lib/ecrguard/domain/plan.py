"""The plan: what will be done about a verdict, and what was asked for but is refused, with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ecrguard.domain.action import Action


class RefusalReason(StrEnum):
    """Why an action that was asked for is not done. Stable."""

    ENFORCEMENT = "enforcement"
    """The stack's Enforcement parameter does not allow it."""
    VERDICT_UNKNOWN = "verdict_unknown"
    TAG_IMMUTABLE = "tag_immutable"
    IMAGE_GONE = "image_gone"
    ACCESS_DENIED = "access_denied"
    REPOSITORY_MODE = "repository_mode"
    """The repository's ``ecrguard:mode`` asks for something milder."""


class Result(StrEnum):
    """How an action ended."""

    DONE = "done"
    ALREADY_DONE = "already_done"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An action that was asked for and not done.

    Attributes:
        action: what was asked for.
        reason: stable code.
        detail: one sentence: why, and what to change to allow it.
    """

    action: Action
    reason: RefusalReason
    detail: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do: actions from mild to severe, and what is refused."""

    actions: tuple[Action, ...]
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """An action that was carried out.

    Attributes:
        action: which.
        result: whether it changed something or found it already so.
        detail: what exactly (the marker tag's name).
        undo: the command that takes it back; empty where there is nothing to undo.
    """

    action: Action
    result: Result
    detail: str
    undo: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done about one push.

    Attributes:
        done: actions carried out, the alert itself not among them.
        refusals: actions asked for and not done.
    """

    done: tuple[Done, ...] = ()
    refusals: tuple[Refusal, ...] = ()
