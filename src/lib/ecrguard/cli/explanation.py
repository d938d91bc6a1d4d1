"""What a policy says of an image, in words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ecrguard.domain.image import Evidence, Image, ImageKind, Offer
from ecrguard.domain.judge import Requirements, judge
from ecrguard.domain.policy import LinkedMode, Match
from ecrguard.domain.push import Arrival, Push
from ecrguard.domain.reference import Registry
from ecrguard.domain.verdict import Judgement, Reason, Verdict, rule_subject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ecrguard.domain.platform import Platform
    from ecrguard.domain.policy import Decision, Demand

_DIGEST = f"sha256:{'0' * 64}"


def judged(decision: Decision, repository: str, tag: str, platforms: Sequence[Platform]) -> Verdict:
    """The verdict on an image with these platforms by the policy alone: no resource tag or workload is asked."""
    if decision.exemption is not None:
        return Verdict(Judgement.NOT_APPLICABLE, Reason.EXEMPT, "The image is exempt.")
    push = Push(Arrival.PUSHED, Registry("123456789012", "us-east-1"), repository, _DIGEST, tag, "", datetime.now(UTC))
    kind = ImageKind.SINGLE if len(platforms) == 1 else ImageKind.INDEX
    image = Image(_DIGEST, "", kind, tuple(Offer(platform, Evidence.CONFIG, _DIGEST) for platform in platforms))
    subject = rule_subject(decision.rule) if decision.demand else None
    return judge(push, image, Requirements(decision.demand, subject, LinkedMode.OFF))


def explain(
    repository: str, tag: str, decision: Decision, platforms: Sequence[Platform], verdict: Verdict | None
) -> str:
    """A table of what the policy says of the image, and of the verdict if there is one."""
    rows = [
        ("image", f"{repository}:{tag}"),
        ("rule", decision.rule or "none matches: the defaults hold"),
        ("platforms", _demand(decision.demand)),
        ("linked", decision.linked.value),
        ("on mismatch", decision.on_mismatch.value),
    ]
    if decision.exemption is not None:
        rows.append(("exempt", f"until {decision.exemption.until}: {decision.exemption.reason}"))
    rows += [("was exempt", f"until {one.until}: {one.reason}") for one in decision.expired]
    if verdict is not None:
        rows.append(("offered", ", ".join(map(str, platforms))))
        rows.append(("verdict", f"{verdict.judgement.value}: {verdict.explanation}"))
    return "\n".join(f"{name:<12}{value}" for name, value in rows)


def _demand(demand: Demand | None) -> str:
    if demand is None:
        return "named by no rule: left to the repository's resource tag and the linked workloads"
    names = ", ".join(map(str, demand.platforms))
    which = f"any of {names}" if demand.match is Match.ANY and len(demand.platforms) > 1 else names
    rest = "" if demand.extra else ", and nothing else"
    return f"{which}{rest} (the tag names it)" if demand.from_tag else f"{which}{rest}"
