"""How listings are followed from page to page."""

from __future__ import annotations

import pytest

from ecrguard.adapters.sources.listing import Tokens
from ecrguard.domain.image import UnknownReason
from ecrguard.errors import UnreadableError


def follow(tokens: Tokens, *steps: tuple[str, str]) -> list[str]:
    return [tokens.follow(asked, given, "ecs:ListClusters", "ECS clusters") for asked, given in steps]


def test_a_listing_goes_on_until_there_is_no_token() -> None:
    assert follow(Tokens(), ("", "a"), ("a", "b"), ("b", "")) == ["a", "b", ""]


@pytest.mark.parametrize(
    "steps",
    [
        (("", "a"), ("a", "a")),
        (("", "a"), ("a", "b"), ("b", "a")),
        (("a", "b"), ("b", "c"), ("c", "a")),
    ],
    ids=["the same page", "two pages in turn", "begun in the middle"],
)
def test_a_listing_that_comes_back_to_a_page_ends_with_an_error(steps: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(UnreadableError) as caught:
        follow(Tokens(), *steps)

    unknown = caught.value.unknown
    assert (unknown.reason, unknown.subject) == (UnknownReason.UNAVAILABLE, "ECS clusters")
    assert unknown.detail == "ecs:ListClusters gave the same page twice for ECS clusters"


def test_a_listing_that_is_begun_anew_gives_its_pages_again() -> None:
    steps = (("", "a"), ("a", ""))

    assert follow(Tokens(), *steps, *steps) == ["a", "", "a", ""]


def test_a_page_that_is_asked_again_after_a_failure_is_no_repetition() -> None:
    assert follow(Tokens(), ("", "a"), ("a", "b"), ("a", "b")) == ["a", "b", "b"]
