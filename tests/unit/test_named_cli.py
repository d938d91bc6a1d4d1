"""Images as the command line takes them."""

from __future__ import annotations

from argparse import ArgumentTypeError

import pytest
from tests.situations import DIGEST, REGISTRY

from ecrguard.cli.named import Named, image, tag


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("web:1.4", Named("web", "1.4", "")),
        ("shop/web:latest", Named("shop/web", "latest", "")),
        (f"shop/web@{DIGEST}", Named("shop/web", "", DIGEST)),
        (f"shop/web:1.4@{DIGEST}", Named("shop/web", "1.4", DIGEST)),
        ("a.b/c:1", Named("a.b/c", "1", "")),
        (f"{REGISTRY.host}/shop/web:1.4", Named("shop/web", "1.4", "", REGISTRY)),
        (f"{REGISTRY.host}/web@{DIGEST}", Named("web", "", DIGEST, REGISTRY)),
    ],
)
def test_an_image_is_named_by_tag_digest_or_both(text: str, expected: Named) -> None:
    assert image(text) == expected
    assert str(image(text)) == text.removeprefix(f"{REGISTRY.host}/")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("shop/web", "expected a tag or a digest, such as shop/web:latest, got 'shop/web'"),
        (f"{REGISTRY.host}/shop/web", "expected a tag or a digest"),
        ("", "expected an image such as shop/web:1.4"),
        ("Shop/Web:1", "expected an image such as shop/web:1.4"),
        ("shop/web:1 4", "expected an image such as shop/web:1.4"),
        ("shop/web@sha256:abc", "expected an image such as shop/web:1.4"),
    ],
)
def test_what_names_no_image(text: str, problem: str) -> None:
    with pytest.raises(ArgumentTypeError) as raised:
        image(text)
    assert problem in str(raised.value)


def test_what_is_restored_is_a_tag() -> None:
    assert tag("shop/web:1.4") == Named("shop/web", "1.4", "")
    for text in (f"shop/web@{DIGEST}", f"shop/web:1.4@{DIGEST}"):
        with pytest.raises(ArgumentTypeError, match="expected a tag such as"):
            tag(text)
