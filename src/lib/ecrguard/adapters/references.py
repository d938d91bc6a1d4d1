"""Which repository a workload's image reference names, told without reading more than the text."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
