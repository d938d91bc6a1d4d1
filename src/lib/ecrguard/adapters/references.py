"""Which repository a workload's image reference names, told without reading more than the text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.inventory import BadImage
from ecrguard.domain.reference import BadReferenceError, parse_reference

if TYPE_CHECKING:
    from ecrguard.domain.reference import ImageReference, Registry


def in_registry(text: str, registry: Registry, subject: str) -> ImageReference | BadImage | None:
    """The reference in ``text`` if it is of ``registry``; None if it is of another.

    Args:
        text: as the definition has it.
        registry: that is guarded.
        subject: the workload and its container, for people.
    """
    try:
        reference = parse_reference(text)
    except BadReferenceError as error:
        return BadImage(subject, text, str(error))
    return reference if reference.registry == registry else None


def naming(text: str, registry: Registry, repository: str, subject: str) -> ImageReference | Unknown | None:
    """The reference in ``text`` if it names ``repository`` of ``registry``, None if it names something else.

    A text that is no reference is Unknown where the repository's name stands in it as a name: container engines may
    read what this product does not. Any other such text cannot mean the repository, and says nothing.

    Args:
        text: as the definition has it.
        registry: that is asked about.
        repository: that is asked about.
        subject: the workload, for people.
    """
    try:
        reference = parse_reference(text)
    except BadReferenceError as error:
        if not re.search(rf"(?:^|/){re.escape(repository)}(?:$|[:@\s])", text):
            return None
        return Unknown(UnknownReason.WORKLOAD_IMAGE_INVALID, f"{subject} has an unusable image: {error}", subject)
    return reference if (reference.registry, reference.repository) == (registry, repository) else None
