"""An observed image: the platforms it offers, each with its evidence, and what could not be told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ecrguard.domain.platform import Platform


class Evidence(StrEnum):
    """Where a platform was read."""

    DESCRIPTOR = "descriptor"
    """The entry of the index; what container engines choose by."""
    CONFIG = "config"
    """The image's own config blob."""


class ImageKind(StrEnum):
    """What a manifest is."""

    SINGLE = "single"
    INDEX = "index"
    ARTIFACT = "artifact"
    """Nothing that a container engine runs: a Helm chart, a signature, an SBOM, WebAssembly."""
    UNSUPPORTED = "unsupported"
    """Docker schema 1, or a media type not known here."""


class Cure(StrEnum):
    """What it takes to tell what could not be told."""

    WAIT = "wait"
    """The same request may work later: retried by the queue, then dead-lettered."""
    OPERATOR = "operator"
    """Somebody must change a permission, the policy or a definition: dead-lettered, to be sent again afterwards."""
    NEW_IMAGE = "new_image"
    """The image itself is at fault: asking again gives the same answer."""


class UnknownReason(StrEnum):
    """Why something could not be told. Stable: alerts, metrics and dead letters carry it."""

    MANIFEST_TOO_LARGE = "manifest_too_large"
    MANIFEST_MALFORMED = "manifest_malformed"
    MANIFEST_DIGEST_MISMATCH = "manifest_digest_mismatch"
    MEDIA_TYPE_UNSUPPORTED = "media_type_unsupported"
    CONFIG_TOO_LARGE = "config_too_large"
    CONFIG_MALFORMED = "config_malformed"
    CONFIG_DIGEST_MISMATCH = "config_digest_mismatch"
    CONFIG_MISSING = "config_missing"
    PLATFORM_MISSING = "platform_missing"
    INDEX_TOO_DEEP = "index_too_deep"
    INDEX_TOO_WIDE = "index_too_wide"
    INDEX_CYCLE = "index_cycle"
    IMAGE_GONE = "image_gone"
    IMAGE_INACCESSIBLE = "image_inaccessible"
    ACCESS_DENIED = "access_denied"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    POLICY_MISSING = "policy_missing"
    """No policy has been deployed, or it was removed; an empty policy is one, and it is deployed."""
    POLICY_INVALID = "policy_invalid"
    RESOURCE_TAGS_INVALID = "resource_tags_invalid"
    WORKLOAD_PLATFORM_UNKNOWN = "workload_platform_unknown"
    WORKLOAD_IMAGE_INVALID = "workload_image_invalid"
    INVENTORY_INCOMPLETE = "inventory_incomplete"
    """A source of workloads has never been read completely."""
    INVENTORY_STALE = "inventory_stale"
    """A source of workloads was last read completely longer ago than the inventory may be old."""

    @property
    def cure(self) -> Cure:
        """What it takes to tell it."""
        if self in (
            UnknownReason.THROTTLED,
            UnknownReason.UNAVAILABLE,
            UnknownReason.INVENTORY_INCOMPLETE,
            UnknownReason.INVENTORY_STALE,
        ):
            return Cure.WAIT
        if self in (
            UnknownReason.ACCESS_DENIED,
            UnknownReason.IMAGE_INACCESSIBLE,
            UnknownReason.POLICY_MISSING,
            UnknownReason.POLICY_INVALID,
            UnknownReason.RESOURCE_TAGS_INVALID,
            UnknownReason.WORKLOAD_PLATFORM_UNKNOWN,
            UnknownReason.WORKLOAD_IMAGE_INVALID,
        ):
            return Cure.OPERATOR
        return Cure.NEW_IMAGE


@dataclass(frozen=True, slots=True)
class Offer:
    """One platform that an image can be run on, and the manifest that serves it."""

    platform: Platform
    evidence: Evidence
    digest: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that could not be told. Never read as "no platforms".

    Attributes:
        reason: stable code.
        detail: one sentence for a person: what was expected, what came, and for whom.
        subject: digest, ARN or name of what it is about; empty where it is the whole.
    """

    reason: UnknownReason
    detail: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    """What was read of one digest.

    Attributes:
        digest: of the manifest that was read.
        media_type: of that manifest.
        kind: single, index, artifact or unsupported.
        offers: platforms in the order of the index, first of duplicates only; attestations are not among them.
        unknowns: leaves whose platform could not be told.
        artifact_type: what an artifact says it is (``application/vnd.cncf.helm.config.v1+json``), else empty.
    """

    digest: str
    media_type: str
    kind: ImageKind
    offers: tuple[Offer, ...] = ()
    unknowns: tuple[Unknown, ...] = ()
    artifact_type: str = ""

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """The platforms offered."""
        return tuple(offer.platform for offer in self.offers)
