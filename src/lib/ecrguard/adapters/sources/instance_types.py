"""The platform of an EC2 instance type, told from its name.

A name is a family in lower-case letters, the generation, attributes, perhaps a suffix, and the size: ``c7gn.xlarge``,
``p6e-gb200.36xlarge`` (EC2 instance types guide, "Naming conventions"). Of the attributes the processor counts: ``a``
is AMD's, ``g`` AWS Graviton, ``i`` Intel's. Families of before there was a choice name none, and are x86. Those of
accelerators need not name one: they are known by their generations, since nothing says what the next one has.

The ``g`` of ``g5`` is a family (graphics), that of ``g5g`` a processor.
"""

from __future__ import annotations

import re

from ecrguard.domain.platform import Platform

_AMD64 = Platform("linux", "amd64")
_ARM64 = Platform("linux", "arm64")
_NAME = re.compile(
    r"(?:ml\.)?(?P<family>[a-z]+)(?P<generation>[0-9]+)(?P<attributes>[a-z]*)(?:-(?P<suffix>[a-z0-9]+))?(?:\.[a-z0-9-]+)?"
)
# Families without a letter for the processor: their generations that are x86.
_X86 = {
    "c": range(1, 6),
    "d": range(2, 4),
    "h": range(1, 2),
    "i": range(2, 4),
    "m": range(1, 6),
    "r": range(3, 6),
    "t": range(1, 4),
    "x": range(1, 2),
    "z": range(1, 2),
    # With accelerators.
    "dl": range(1, 3),
    "f": range(1, 3),
    "g": range(2, 8),
    "gr": range(6, 7),
    "inf": range(1, 3),
    "p": range(2, 7),
    "trn": range(1, 3),
    "vt": range(1, 2),
}
# NVIDIA's Grace, an arm64 processor, with a Blackwell GPU: the suffixes gb200, gb300.
_GRACE = "gb"


def instance_platform(instance_type: str) -> Platform | None:
    """The platform that Linux containers have on an instance type; None where its name does not tell.

    Args:
        instance_type: of EC2, or of SageMaker, which puts ``ml.`` before it; a family alone will do.
    """
    match = _NAME.fullmatch(instance_type)
    if match is None:
        return None
    family, generation, attributes = match["family"], int(match["generation"]), match["attributes"]
    if "g" in attributes or (family, generation) == ("a", 1) or (match["suffix"] or "").startswith(_GRACE):
        return _ARM64
    if "a" in attributes or "i" in attributes or generation in _X86.get(family, ()):
        return _AMD64
    return None
