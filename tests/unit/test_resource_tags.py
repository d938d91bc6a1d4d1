from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrguard.domain.action import Action
from ecrguard.domain.image import Cure, Unknown, UnknownReason
from ecrguard.domain.platform import parse
from ecrguard.domain.policy import Demand, Match
from ecrguard.domain.resource_tags import ResourceTags, read_resource_tags

AMD64, ARM64 = parse("linux/amd64"), parse("linux/arm64")


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, ResourceTags()),
        ({"team": "shop", "ecrguardian": "x"}, ResourceTags()),
        ({"ecrguard:platforms": "linux/amd64"}, ResourceTags(Demand((AMD64,)))),
        ({"ecrguard:platforms": " linux/amd64  linux/arm64 "}, ResourceTags(Demand((AMD64, ARM64), Match.ALL))),
        ({"ecrguard:platforms": "linux/x86_64 linux/amd64"}, ResourceTags(Demand((AMD64,)))),
        ({"ecrguard:platforms": "arm64"}, ResourceTags(Demand((parse("arm64", partial=True),)))),
        ({"ecrguard:mode": "off"}, ResourceTags(off=True)),
        *(({"ecrguard:mode": action.value}, ResourceTags(mode=action)) for action in Action),
        (
            {"ecrguard:mode": "tag", "ecrguard:platforms": "linux/arm64"},
            ResourceTags(Demand((ARM64,)), mode=Action.TAG),
        ),
    ],
)
def test_the_tags_of_a_repository(tags: dict[str, str], expected: ResourceTags) -> None:
    assert read_resource_tags(tags) == expected


@pytest.mark.parametrize(
    ("tags", "detail"),
    [
        (
            {"ecrguard:platforms": "linux/amd46"},
            "resource tag ecrguard:platforms: 'linux/amd46' names an unknown architecture 'amd46'; did you mean amd64?",
        ),
        (
            {"ecrguard:platforms": "linux/amd64/v9"},
            "resource tag ecrguard:platforms: 'linux/amd64/v9' names an unknown CPU level 'v9'; amd64 has v1 to v4",
        ),
        (
            {"ecrguard:platforms": ""},
            "expected platforms such as 'linux/amd64 linux/arm64' in the resource tag ecrguard:platforms, got ''",
        ),
        (
            {"ecrguard:mode": "OFF"},
            (
                "expected off, alert, tag, quarantine, archive or delete in the resource tag ecrguard:mode, "
                "got 'OFF'; did you mean off?"
            ),
        ),
        (
            {"ecrguard:mode": "archived"},
            (
                "expected off, alert, tag, quarantine, archive or delete in the resource tag ecrguard:mode, "
                "got 'archived'; did you mean archive?"
            ),
        ),
        (
            {"ecrguard:platform": "linux/amd64"},
            (
                "expected ecrguard:platforms or ecrguard:mode as a resource tag's key, got ecrguard:platform; "
                "did you mean ecrguard:platforms?"
            ),
        ),
        (
            {"Ecrguard:Mode": "off"},
            (
                "expected ecrguard:platforms or ecrguard:mode as a resource tag's key, got Ecrguard:Mode; "
                "did you mean ecrguard:mode?"
            ),
        ),
    ],
)
def test_a_mistake_is_told_with_key_and_value(tags: dict[str, str], detail: str) -> None:
    assert read_resource_tags(tags) == Unknown(UnknownReason.RESOURCE_TAGS_INVALID, detail)


def test_every_mistake_is_told_and_waits_for_an_operator() -> None:
    found = read_resource_tags(
        {"ecrguard:platforms": "linux/amd46 lixun/arm64", "ecrguard:mode": "x", "ecrguard:y": ""}
    )

    assert isinstance(found, Unknown)
    assert found.detail.count("; ") >= 3
    assert all(word in found.detail for word in ("amd46", "lixun", "'x'", "ecrguard:y"))
    assert found.reason.cure is Cure.OPERATOR


_keys = st.sampled_from(["ecrguard:platforms", "ecrguard:mode", "ecrguard:"]) | st.text(max_size=20)


@given(st.dictionaries(_keys, st.text(max_size=60)))
def test_any_tags_are_read_or_told(tags: dict[str, str]) -> None:
    assert isinstance(read_resource_tags(tags), ResourceTags | Unknown)
