from __future__ import annotations

import copy
import json
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.policies import INVALID, INVALID_TO_THE_PARSER, documents

from ecrguard.domain import policy_document
from ecrguard.domain.action import Action
from ecrguard.domain.policy import LinkedMode, Match
from ecrguard.domain.policy_document import PolicyError, read_policy
from ecrguard.policy_yaml import load_document, load_policy

DOCS = Path(__file__).parents[2] / "docs"
SCHEMA = json.loads((DOCS / "policy.schema.json").read_text())
EXAMPLES = sorted((DOCS / "examples").glob("*.yaml"))
validator = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)


def parser_takes(document: Any) -> bool:
    try:
        read_policy(document)
    except PolicyError:
        return False
    return True


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("document", [pytest.param(data, id=what) for what, data, _ in INVALID])
def test_the_schema_refuses_what_the_parser_refuses(document: Any) -> None:
    assert not validator.is_valid(document)


@pytest.mark.parametrize("document", [pytest.param(data, id=what) for what, data, _ in INVALID_TO_THE_PARSER])
def test_what_a_schema_cannot_say_is_left_to_the_parser(document: Any) -> None:
    assert validator.is_valid(document)


@given(documents)
def test_both_take_every_valid_document(document: dict[str, Any]) -> None:
    assert parser_takes(document)
    validator.validate(document)


_values = st.sampled_from(
    [None, True, 0, 1, 1.5, "", " x", "x", "all", "off", "tag", "linux/amd64", "{v}-{arch}", "V*", "2027-02-30", [], {},
     ["*"], ["x y"], [1], {"name": "n"}, {"reason": "r", "until": "2027-01-31"}]
)  # fmt: skip


@given(documents, _values, st.sampled_from(["", "x", "match", "extra", "tags", "platforms", "until"]), st.data())
def test_the_schema_never_refuses_what_the_parser_takes(
    document: dict[str, Any], value: Any, key: str, data: st.DataObject
) -> None:
    spoilt = copy.deepcopy(document)
    places: list[Any] = [spoilt]
    while True:
        inner = [one for one in (places[-1].values() if isinstance(places[-1], dict) else places[-1])
                 if isinstance(one, dict | list)]  # fmt: skip
        if not inner:
            break
        places.append(data.draw(st.sampled_from(inner)))
    place = data.draw(st.sampled_from(places))
    if isinstance(place, dict):
        place[data.draw(st.sampled_from([*sorted(place), key]))] = value
    else:
        place.append(value)

    if parser_takes(spoilt):
        validator.validate(spoilt)


def test_the_schema_has_the_parsers_limits_and_words() -> None:
    rule = SCHEMA["$defs"]["rule"]["properties"]
    exemptions = SCHEMA["$defs"]["exemptions"]

    assert SCHEMA["properties"]["version"]["const"] == policy_document.VERSION
    assert SCHEMA["properties"]["rules"]["maxItems"] == policy_document.MAX_RULES
    assert exemptions["maxItems"] == policy_document.MAX_EXEMPTIONS
    assert rule["name"]["maxLength"] == policy_document.MAX_NAME
    assert rule["tags"]["items"]["maxLength"] == policy_document.MAX_TAG_GLOB
    assert rule["platforms"]["maxItems"] == rule["tags"]["maxItems"] == policy_document.MAX_ITEMS
    assert exemptions["items"]["properties"]["reason"]["maxLength"] == policy_document.MAX_REASON
    assert SCHEMA["$defs"]["repositories"]["items"]["maxLength"] == policy_document.MAX_REPOSITORY_GLOB
    assert SCHEMA["$defs"]["onMismatch"]["enum"] == list(Action)
    assert SCHEMA["$defs"]["linked"]["enum"] == list(LinkedMode)
    assert rule["match"]["enum"] == list(Match)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_valid(path: Path) -> None:
    text = path.read_bytes()

    load_policy(text)
    validator.validate(load_document(text).data)
    assert text.startswith(b"# yaml-language-server: $schema=../policy.schema.json\n")


@pytest.mark.parametrize(
    ("example", "image", "rule", "needs"),
    [
        ("amd64-only", "any/thing:latest", "amd64 everywhere", "linux/amd64"),
        ("tag-names-architecture", "shop/web:1.4-arm64", "tag names its platform", "*/arm64"),
        ("tag-names-architecture", "shop/web:1.4-linux-arm64", "tag names its platform", "linux/arm64"),
        ("tag-names-architecture", "shop/web:1.4", "multi-platform by default", "linux/amd64 linux/arm64"),
        ("moving-to-graviton", "shop/web:v1.4", "moved to Graviton", "linux/amd64 linux/arm64"),
        ("moving-to-graviton", "mail/web:v1.4", "not moved yet", "linux/amd64"),
        ("moving-to-graviton", "shop/web:pr-17", "", ""),
        ("services-only", "base/python:3.13", "base images", ""),
        ("services-only", "shop/web:v1", "the shop", ""),
        ("windows-and-either", "iis-windows:1", "Windows services", "windows(10.0.20348)/amd64"),
        ("windows-and-either", "shop/web:debug-1", "debug images", "linux/amd64 linux/arm64"),
        ("windows-and-either", "ci/agent:1", "build agents", "linux/amd64 linux/arm64"),
        ("enforcement", "shop/web:latest", "production", "linux/amd64"),
        ("enforcement", "shop/web:pr-17", "pull requests", "linux/amd64"),
        ("enforcement", "search/web:v1", "the other teams", "linux/amd64"),
    ],
)
def test_an_example_does_what_it_says(example: str, image: str, rule: str, needs: str) -> None:
    repository, _, tag = image.partition(":")
    policy = load_policy((DOCS / "examples" / f"{example}.yaml").read_bytes())

    decision = policy.decide(repository, tag, date(2026, 11, 20))

    assert decision.rule == rule
    assert " ".join(map(str, decision.demand.platforms if decision.demand else ())) == needs


def test_an_example_exempts_for_a_time() -> None:
    policy = load_policy((DOCS / "examples" / "moving-to-graviton.yaml").read_bytes())

    assert policy.decide("shop/reports", "v1", date(2027, 3, 31)).exemption is not None
    assert policy.decide("shop/reports", "v1", date(2027, 4, 1)).exemption is None


@pytest.mark.parametrize(
    ("image", "action"),
    [
        ("shop/web:latest", Action.ARCHIVE),
        ("shop/web:v1", Action.ARCHIVE),
        ("shop/web:pr-17", Action.DELETE),
        ("shop/web:nightly", Action.TAG),
        ("search/web:v1", Action.TAG),
    ],
)
def test_an_example_asks_for_as_much_as_its_repositories_are_ready_for(image: str, action: Action) -> None:
    repository, _, tag = image.partition(":")
    policy = load_policy((DOCS / "examples" / "enforcement.yaml").read_bytes())

    assert policy.decide(repository, tag, date(2026, 11, 20)).on_mismatch is action
