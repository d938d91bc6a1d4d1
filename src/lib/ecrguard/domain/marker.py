"""Marker tags: what the product puts on an image that does not match, and how it knows its own."""

from __future__ import annotations

PREFIX = "ecrguard-"
"""All tags of the product begin so; a lifecycle rule can expire them by it."""
_DIGEST_CHARACTERS = 12


def marker_tag(digest: str) -> str:
    """The marker of a mismatched image, ``ecrguard-mismatch-<first 12 hex digits>``: one image, one marker."""
    return f"{PREFIX}mismatch-{digest.partition(':')[2][:_DIGEST_CHARACTERS]}"


def is_own_marker(tag: str, digest: str) -> bool:
    """Whether a push of ``tag`` is this product's own tagging of the image with ``digest``.

    Only a tag that carries its own image's digest is: whoever pushes another image under such a name is judged.
    """
    return bool(digest) and tag == marker_tag(digest)
