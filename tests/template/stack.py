"""The template as CloudFormation would read it: parameters filled in, conditions decided, the rest left symbolic."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "template.yaml"

type Properties = dict[str, Any]

_NO_VALUE = object()
_PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": "eu-central-1",
    "AWS::AccountId": "123456789012",
    "AWS::StackName": "guard",
}


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms: ``!Sub x`` becomes ``{"Fn::Sub": "x"}``."""


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> Properties:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    value: Any
    match node:
        case yaml.ScalarNode():
            value = loader.construct_scalar(node)
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case yaml.MappingNode():
            value = loader.construct_mapping(node, deep=True)
    return {name: value}


_Loader.add_multi_constructor("!", _short_form)


@cache
def load(text: str) -> Properties:
    """The template as plain data, not to be changed."""
    template: Properties = yaml.load(text, Loader=_Loader)  # noqa: S506  # a SafeLoader
    return template


@dataclass(frozen=True)
class Stack:
    """What a deployment with these parameters would contain. A reference to a resource stays ``${Name}``."""

    text: str = field(default_factory=TEMPLATE.read_text)
    overrides: dict[str, str] = field(default_factory=dict)

    def given(self, **overrides: str) -> Stack:
        """The same template, deployed with other parameters."""
        return Stack(self.text, self.overrides | overrides)

    @cached_property
    def template(self) -> Properties:
        """The template as it stands in the file."""
        return load(self.text)

    @cached_property
    def parameters(self) -> dict[str, str]:
        """Each parameter's value."""
        defaults = {name: str(declared.get("Default", "")) for name, declared in self.template["Parameters"].items()}
        assert self.overrides.keys() <= defaults.keys(), self.overrides
        return defaults | self.overrides

    @cached_property
    def resources(self) -> dict[str, Properties]:
        """The resources that exist, by logical name; not to be changed."""
        return _resources(self.text, frozenset(self.overrides.items()))

    @cached_property
    def outputs(self) -> dict[str, Properties]:
        """The outputs that exist."""
        return self.present("Outputs")

    def present(self, section: str) -> dict[str, Properties]:
        """What exists of a section of the template, by logical name."""
        present = {
            name: declared
            for name, declared in self.template[section].items()
            if "Condition" not in declared or self._condition(declared["Condition"])
        }
        resolved: dict[str, Properties] = self._resolve(present)
        return resolved

    def of_type(self, *types: str) -> dict[str, Properties]:
        """Properties of the resources of these types."""
        return {
            name: resource.get("Properties", {})
            for name, resource in self.resources.items()
            if resource["Type"] in types
        }

    def properties(self, name: str) -> Properties:
        """Properties of one resource."""
        found: Properties = self.resources[name]["Properties"]
        return found

    def environment(self, function: str) -> dict[str, str]:
        """The environment variables of a function, those that all have included."""
        common = self._resolve(self.template["Globals"]["Function"]["Environment"]["Variables"])
        own = self.properties(function).get("Environment", {}).get("Variables", {})
        merged: dict[str, str] = common | own
        return merged

    def statements(self, function: str) -> list[Properties]:
        """All that a function's role may do."""
        role = attribute_of(self.properties(function)["Role"])
        inline = [policy["PolicyDocument"] for policy in self.properties(role)["Policies"]]
        attached = [
            policy["PolicyDocument"]
            for policy in self.of_type("AWS::IAM::Policy").values()
            if f"${{{role}}}" in policy["Roles"]
        ]
        return [statement for document in inline + attached for statement in document["Statement"]]

    def actions(self, function: str) -> set[str]:
        """Every action that a function's role allows."""
        return {action for statement in self.statements(function) for action in as_list(statement["Action"])}

    def _condition(self, name: str) -> bool:
        return bool(self._resolve(self.template["Conditions"][name]))

    def _resolve(self, value: Any) -> Any:
        if isinstance(value, list):
            return [item for item in map(self._resolve, value) if item is not _NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            name, argument = next(iter(value.items()))
            if name in ("Ref", "Condition") or name.startswith("Fn::"):
                return self._call(name, argument)
        resolved = {key: self._resolve(item) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not _NO_VALUE}

    def _call(self, function: str, argument: Any) -> Any:  # noqa: C901, PLR0911, PLR0912  # a case for each function
        match function, argument:
            case "Condition", _:
                return self._condition(argument)
            case "Ref", "AWS::NoValue":
                return _NO_VALUE
            case "Ref", _:
                return self._value(argument, {})
            case "Fn::GetAtt", _:
                return f"${{{'.'.join(as_list(argument))}}}"
            case "Fn::Sub", [text, names]:
                return self._substituted(text, self._resolve(names))
            case "Fn::Sub", _:
                return self._substituted(argument, {})
            case "Fn::Join", [between, parts]:
                return between.join(self._resolve(parts))
            case "Fn::Split", [at, text]:
                return self._resolve(text).split(at)
            case "Fn::If", [condition, yes, no]:
                return self._resolve(yes if self._condition(condition) else no)
            case "Fn::Equals", [one, other]:
                return self._resolve(one) == self._resolve(other)
            case "Fn::Not", [one]:
                return not self._resolve(one)
            case "Fn::And", _:
                return all(self._resolve(argument))
            case "Fn::Or", _:
                return any(self._resolve(argument))
            case _:
                raise NotImplementedError(function)

    def _substituted(self, text: str, names: dict[str, str]) -> str:
        return re.sub(r"\$\{([^!}]+)\}", lambda found: self._value(found[1], names), text)

    def _value(self, name: str, names: dict[str, str]) -> str:
        known = _PSEUDO | self.parameters | names
        return known.get(name, f"${{{name}}}")


# Of the promises most look at the same deployments, and there are thousands of looks.
@lru_cache(maxsize=256)
def _resources(text: str, overrides: frozenset[tuple[str, str]]) -> dict[str, Properties]:
    return Stack(text, dict(overrides)).present("Resources")


def as_list(value: Any) -> list[Any]:
    """A value that may be given alone or in a list."""
    return value if isinstance(value, list) else [value]


def attribute_of(reference: str) -> str:
    """The resource that ``${Resource}`` or ``${Resource.Attribute}`` refers to."""
    found = re.fullmatch(r"\$\{(\w+)(?:\.\w+)?\}", reference)
    assert found, f"expected a reference to a resource, got {reference!r}"
    return found[1]


def walk(value: Any) -> Iterator[tuple[str, Any]]:
    """Every key with its value, at any depth."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield key, item
            yield from walk(item)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item)
