"""``ecrguard plan``: what would be done about an image, were it pushed now. Nothing is changed by asking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecrguard.cli.exits import FAILED, FINE, REFUSED, fail
from ecrguard.cli.stack import Stack
from ecrguard.cli.tables import labelled
from ecrguard.clock import utc_now
from ecrguard.domain.action import Action
from ecrguard.domain.marker import is_own_marker
from ecrguard.domain.push import Arrival, Push
from ecrguard.domain.verdict import Judgement
from ecrguard.wiring import build_guard

if TYPE_CHECKING:
    from ecrguard.cli.named import Named
    from ecrguard.domain.plan import Plan
    from ecrguard.guard import Prepared
    from ecrguard.ports import Standing

_EVENT = "plan"
"""Stands for the id of the event that there is none of."""


def plan(named: Named, enforcement: str | None, stack: str) -> int:
    """Say what would be done, and what would be refused and why.

    Args:
        named: the image; by its digest alone it is judged under each of its tags.
        enforcement: as which level of the stack; None for the one that it is deployed with.
        stack: its name.

    Raises:
        EcrguardError: it could not be told.
    """
    found = Stack.named(stack, {"ENFORCEMENT": enforcement} if enforcement else None)
    found.check(named)
    guard = build_guard(found.config)
    standing = guard.judge.images.standing(named.repository, tag="" if named.digest else named.tag, digest=named.digest)
    if standing is None:
        return fail(f"There is no {named} in the registry.", FAILED)
    tags = [named.tag] if named.tag else _tags(standing)
    if not tags:
        print(f"{named} has no tag: what is pushed without one is not judged.")
        return FINE
    registry, now = found.config.registry, utc_now()
    pushes = [Push(Arrival.PUSHED, registry, named.repository, standing.digest, tag, _EVENT, now) for tag in tags]
    prepared = [each for push in pushes for each in guard.prepare(push)]
    level = found.config.level(named.repository)
    print("\n\n".join(labelled(_rows(each, level)) for each in prepared))
    print("\nNothing was changed.")
    wrong = (Judgement.MISMATCH, Judgement.UNKNOWN)
    return REFUSED if any(each.case.verdict.judgement in wrong for each in prepared) else FINE


def _tags(standing: Standing) -> list[str]:
    return [tag for tag in standing.tags if not is_own_marker(tag, standing.digest)]


def _rows(prepared: Prepared, level: Action) -> list[tuple[str, str]]:
    case, planned = prepared.case, prepared.plan
    return [
        ("image", case.push.image_name),
        ("digest", case.push.digest),
        ("rule", case.decision.rule or "none matches: the defaults hold"),
        ("verdict", f"{case.verdict.judgement}: {case.verdict.explanation}"),
        ("asked", f"{case.decision.on_mismatch} on a mismatch"),
        ("allowed", f"no more than {level}" if level is not Action.ALERT else "an alert"),
        *(("would do", text) for text in _would(planned)),
        *([("later", f"{planned.later}, once all workloads have been read after that")] if planned.later else []),
        *(("refused", f"{each.action} ({each.reason}): {each.detail}") for each in planned.refusals),
    ]


def _would(planned: Plan) -> list[str]:
    if planned.action is None:
        return ["nothing"]
    return [*(str(step) for step in planned.steps), "alert"]
