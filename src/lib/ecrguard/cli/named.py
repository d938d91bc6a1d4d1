"""Images as people name them on the command line: ``repository:tag``, ``repository@digest``, or both."""

from __future__ import annotations

from argparse import ArgumentTypeError
from dataclasses import dataclass

from ecrguard.domain.reference import BadReferenceError, Registry, ecr_registry, parse_reference

# Names without a host are Docker Hub's by the grammar of references; here they are in the stack's own registry.
_HERE = Registry("000000000000", "us-east-1")


@dataclass(frozen=True, slots=True)
class Named:
    """An image that was named.

    Attributes:
        repository: name within the registry.
        tag: empty where none was named.
        digest: empty where none was named.
        registry: that was named; None for the stack's own.
    """

    repository: str
    tag: str
    digest: str
    registry: Registry | None = None

    def __str__(self) -> str:
        """As it is named, without the registry."""
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.repository}{tag}" + (f"@{self.digest}" if self.digest else "")


def image(text: str) -> Named:
    """An argument that names an image; the full reference that docker pulls will do, too.

    Raises:
        ArgumentTypeError: it names none, or neither a tag nor a digest.
    """
    registry = ecr_registry(text.partition("/")[0])
    try:
        reference = parse_reference(text if registry else f"{_HERE.host}/{text}")
    except BadReferenceError:
        raise ArgumentTypeError(
            f"expected an image such as shop/web:1.4 or shop/web@sha256:..., got {text!r}"
        ) from None
    if not reference.digest and ":" not in text.rpartition("/")[2]:
        # To docker this is :latest; what is changed here should be said.
        raise ArgumentTypeError(f"expected a tag or a digest, such as {text}:latest, got {text!r}")
    return Named(reference.repository, reference.tag, reference.digest, registry)


def tag(text: str) -> Named:
    """An argument that names an image by its tag alone.

    Raises:
        ArgumentTypeError: it does not.
    """
    named = image(text)
    if named.digest or not named.tag:
        raise ArgumentTypeError(f"expected a tag such as shop/web:latest, got {text!r}")
    return named
