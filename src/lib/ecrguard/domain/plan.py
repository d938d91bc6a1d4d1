"""The plan: what will be done about a verdict, and what was asked for but is refused, with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ecrguard.domain.action import Action, milder
from ecrguard.domain.verdict import Judgement

if TYPE_CHECKING:
    from ecrguard.domain.verdict import Verdict


class RefusalReason(StrEnum):
    """Why an action that was asked for is not done. Stable."""

    ENFORCEMENT = "enforcement"
    """The stack's Enforcement parameter does not allow it."""
    VERDICT_UNKNOWN = "verdict_unknown"
    TAG_IMMUTABLE = "tag_immutable"
    IMAGE_GONE = "image_gone"
    ACCESS_DENIED = "access_denied"
    UNAVAILABLE = "unavailable"
    """ECR did not do it, in as many tries as the queue gives; the message is dead-lettered besides."""
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


@dataclass(frozen=True, slots=True)
class Limits:
    """What bounds an action.

    Attributes:
        asked: what the policy asks for on a mismatch.
        mode: what the repository's own resource tag asks for; it may only be milder. None where it has none.
        enforcement: the most severe action that the stack allows.
    """

    asked: Action
    mode: Action | None
    enforcement: Action


def plan(verdict: Verdict, limits: Limits) -> Plan:
    """The milder of what is asked, allowed and safe, with the reason for each step down.

    Nothing is done about an image that passed or needs no judging. One that could not be judged is alerted only: an
    unknown is never a ground to touch an image.
    """
    if verdict.judgement in (Judgement.OK, Judgement.NOT_APPLICABLE):
        return Plan(())
    refusals: list[Refusal] = []
    chosen = limits.asked
    if verdict.judgement is Judgement.UNKNOWN and chosen is not Action.ALERT:
        detail = "An image that could not be judged is alerted, and not touched."
        refusals.append(Refusal(chosen, RefusalReason.VERDICT_UNKNOWN, detail))
        chosen = Action.ALERT
    if limits.mode is not None and milder(chosen, limits.mode) is not chosen:
        detail = f"The repository's resource tag ecrguard:mode asks for no more than {limits.mode}."
        refusals.append(Refusal(chosen, RefusalReason.REPOSITORY_MODE, detail))
        chosen = limits.mode
    if milder(chosen, limits.enforcement) is not chosen:
        allowed = "audit" if limits.enforcement is Action.ALERT else str(limits.enforcement)
        detail = f"The stack is deployed with Enforcement={allowed}; deploy it with Enforcement={chosen} to allow this."
        refusals.append(Refusal(chosen, RefusalReason.ENFORCEMENT, detail))
        chosen = limits.enforcement
    actions = [Action.ALERT] if chosen is Action.ALERT else [Action.ALERT, chosen]
    return Plan(tuple(actions), tuple(refusals))
