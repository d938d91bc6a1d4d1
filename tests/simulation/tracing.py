"""A history's trace as it is printed, with what reproduces it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from tests.simulation.pool import name_of
from tests.simulation.stage import BASE

from ecrguard.domain.alert import Alert
from ecrguard.domain.ledger import Act, Due, Entry, Good, Record, Told
from ecrguard.domain.policy import Policy
from ecrguard.domain.reference import Registry
from ecrguard.domain.workload import Workload
from ecrguard.errors import UnreadableError
from ecrguard.ports import Held, LinkedWorkloads, RawManifest, Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.simulation.outside import Step

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_LONG = 220


def told(seed: int, number: int, violation: str, trace: Sequence[Step]) -> str:
    """A violation, what reproduces it, and the steps that led to it."""
    lines = [f"violation: {_named(violation)}", f"again: make soak SEED={seed} HISTORIES=1 FIRST={number}"]
    lines += [
        f"  {step.seconds:9.2f}  {step.who:<10}  {step.what}{_spaced(step.arguments)}{_spaced(step.came, ' = ')}"
        for step in trace
    ]
    return "\n".join(lines)


def _spaced(value: object, before: str = " ") -> str:
    text = "" if value == "" else _named(_text(value))
    return before + (text if len(text) <= _LONG else f"{text[:_LONG]}…") if text else ""


def _named(text: str) -> str:
    return _DIGEST.sub(lambda match: name_of(match[0]), text)


def _text(value: object) -> str:  # noqa: C901, PLR0911, PLR0912 - a table of types would say no more
    """The value in as few words as tell it from another."""
    match value:
        case str():
            return value if len(value) <= 100 else f"{value[:40]}…"
        case tuple() | list() | frozenset():
            return f"({_listed(value)})"
        case dict():
            return f"({_listed(f'{key}: {_text(each)}' for key, each in value.items())})"
        case bytes():
            return f"{len(value)} bytes"
        case Registry() | Policy():
            return type(value).__name__.lower()
        case RawManifest():
            return f"manifest of {value.digest}"
        case Standing():
            return f"{value.digest} [{_listed(value.tags)}]{' archived' if value.archived else ''}"
        case Workload():
            return f"{value.name} on {value.hosts[0].architecture} {str(value.reference)[-20:]} pinned {value.resolved}"
        case LinkedWorkloads():
            unknowns = f", unknown: {_listed(each.reason for each in value.unknowns)}" if value.unknowns else ""
            return f"({_listed(value.workloads)}{unknowns})"
        case Held():
            return f"{value.subject} by {value.owner}"
        case Record():
            good = f"good {value.good.digest} at {_time(value.good.pushed)}, " if value.good else ""
            act = f", act {_text(value.act)}" if value.act else ""
            return f"<{good}told ({_listed(value.told)}){', open' if value.open else ''}{act}>"
        case Good():
            return f"{value.digest} at {_time(value.pushed)}"
        case Told():
            return f"{value.digest} at {_time(value.pushed)}{' undone' if value.undone else ''}"
        case Act():
            ended = _time(value.ended) if value.ended else "?"
            return f"{value.digest} -> {value.to or 'none'} from {_time(value.began)} to {ended}"
        case Due():
            return f"{value.action} {value.push.image_name} {value.push.digest} since {_time(value.since)}"
        case Alert():
            done = _listed([*(each.action for each in value.outcome.done), value.outcome.later or ""])
            refused = _listed(each.reason for each in value.outcome.refusals)
            what = f"{value.kind} {value.push.image_name} {value.push.digest} {value.verdict.judgement}"
            return f"{what} done ({done}) refused ({refused})"
        case Entry():
            return value.what
        case UnreadableError():
            return str(value)
        case datetime():
            return _time(value)
        case _:
            return str(value)


def _listed(values: Iterable[object]) -> str:
    return ", ".join(_text(each) for each in values)


def _time(time: datetime) -> str:
    return f"{(time - BASE).total_seconds():.1f}s"
