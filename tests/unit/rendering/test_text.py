from __future__ import annotations

import pytest
from hypothesis import given
from tests.strategies import hostile_texts

from ecrguard.rendering.text import clean, listed, shorten, shorten_middle, without_broadcasts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain  words ", "plain  words"),
        ("two\r\nlines", "two  lines"),
        ("\x1b[31mred", "[31mred"),
        ("a\u202eb\u200bc", "abc"),
        ("a\u2028b\u00a0c", "a b c"),
        ("\ud800\uffff", "\ufffd\ufffd"),
        ("größe 🚨", "größe 🚨"),
    ],
)
def test_clean(text: str, expected: str) -> None:
    assert clean(text) == expected


@given(hostile_texts)
def test_clean_is_settled_and_encodable(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert cleaned.isprintable()
    cleaned.encode()


@given(hostile_texts)
def test_shortened_fits(text: str) -> None:
    assert len(shorten(text, 20)) <= 20
    assert len(shorten_middle(text, 20)) <= 20


def test_middle_is_cut_so_that_both_ends_stay() -> None:
    assert shorten_middle("a-very-long-repository/name:1.4.2", 20) == "a-very.../name:1.4.2"


def test_listed() -> None:
    assert [listed("abc"[:count]) for count in range(4)] == ["", "a", "a and b", "a, b and c"]


def test_broadcasts_call_nobody_and_digests_stay() -> None:
    text = "@here @Channel @hereafter x@sha256:ab"
    assert without_broadcasts(text) == "\uff20here \uff20Channel @hereafter x@sha256:ab"
