"""What CloudFormation takes in a template and the emulator does not.

Conditions may compare what ``Fn::Sub``, ``Fn::Split`` and ``Fn::Join`` make of parameters; the emulator compares the
functions themselves. Alarms may be on the sum of several metrics; the emulator refuses them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.additions.host import Record

_NAME: Final = re.compile(r"\$\{([^!}]+)\}")


def resolved(expression: Any, parameters: Mapping[str, str]) -> Any:
    """An expression of the section Conditions with texts in the place of the functions that make texts."""
    match expression:
        case {"Fn::Sub": str(text)}:
            return _NAME.sub(lambda found: parameters[found[1]], text)
        case {"Fn::Split": [str(at), source]}:
            return _text(source, parameters).split(at)
        case {"Fn::Join": [str(between), parts]}:
            return between.join(resolved(parts, parameters))
        case dict():
            return {name: resolved(value, parameters) for name, value in expression.items()}
        case list():
            return [resolved(value, parameters) for value in expression]
        case _:
            return expression


def _text(source: Any, parameters: Mapping[str, str]) -> str:
    match resolved(source, parameters):
        case {"Ref": str(name)}:
            return parameters[name]
        case str(text):
            return text
        case other:
            raise ValueError(f"expected a text to split, got {other}")


def plain_alarm(properties: Record) -> Record:
    """The properties of an ``AWS::CloudWatch::Alarm`` that watches the first of its metrics, rather than their sum."""
    if "Metrics" not in properties:
        return properties
    first = next(each["MetricStat"] for each in properties["Metrics"] if "MetricStat" in each)
    rest = {name: value for name, value in properties.items() if name != "Metrics"}
    return {**rest, **first["Metric"], "Statistic": first["Stat"], "Period": first["Period"]}
