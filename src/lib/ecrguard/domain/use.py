"""Use: which workloads run an image, or would run it at their next start, and are able to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ecrguard.domain.findings import deployed, of_workload
from ecrguard.domain.image import ImageKind
from ecrguard.domain.remedy import targets
from ecrguard.domain.verdict import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ecrguard.domain.image import Image
    from ecrguard.domain.push import Push
    from ecrguard.domain.workload import Workload


def uses(workload: Workload, push: Push, digests: frozenset[str], tags: frozenset[str]) -> bool:
    """Whether a workload names one of these tags or digests of the pushed repository, or has one of these pinned."""
    reference = workload.reference
    if reference.registry != push.registry or reference.repository != push.repository:
        return False
    named = reference.digest in digests if reference.digest else reference.tag in tags
    return named or workload.resolved in digests


def users(
    push: Push, image: Image, tags: Iterable[str], workloads: Iterable[Workload], parts: Iterable[str] = ()
) -> tuple[Workload, ...]:
    """The workloads that use an image and are not known to be unable to run it.

    Args:
        push: as which it came; its tag counts as the image's, whatever it stands for by now.
        image: as observed; its parts are the image too: a workload may have the digest of its platform's pinned.
        tags: that the image has.
        workloads: of the repository.
        parts: digests of all that the image points to; of two for one platform it offers the first alone.
    """
    digests = frozenset({image.digest, *(offer.digest for offer in image.offers), *parts})
    names = frozenset({*tags, push.tag} - {""})
    return tuple(
        workload for workload in workloads if uses(workload, push, digests, names) and _may_run(workload, push, image)
    )


def _may_run(workload: Workload, push: Push, image: Image) -> bool:
    return any(_may_run_one(workload, push, each) for each in (image, *_named_parts(workload, image)))


def _named_parts(workload: Workload, image: Image) -> tuple[Image, ...]:
    """The parts of an index that a workload has by their own digest: it runs those, if it takes no index, too."""
    own = {workload.reference.digest, workload.resolved}
    return tuple(
        replace(image, digest=offer.digest, kind=ImageKind.SINGLE, offers=(offer,), unknowns=())
        for offer in image.offers
        if offer.digest in own
    )


def _may_run_one(workload: Workload, push: Push, image: Image) -> bool:
    found = of_workload(push, image, deployed(workload, image), targets(image, None, [workload]))
    return all(finding.severity is not Severity.MISMATCH for finding in found)
