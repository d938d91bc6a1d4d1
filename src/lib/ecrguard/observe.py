"""Observing an image: which platforms it offers, read with as few calls as its manifest allows.

An index whose entries state their platforms costs one call. A single image costs its manifest and its config. Entries
without a platform are resolved from their own config, as containerd does, and nested indexes are followed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ecrguard.domain.image import Cure, Evidence, Image, ImageKind, Offer, Unknown, UnknownReason
from ecrguard.domain.manifest import MAX_CONFIG_BYTES, Descriptor, Manifest, read_config, read_manifest
from ecrguard.domain.platform import UNKNOWN
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ecrguard.domain.platform import Platform
    from ecrguard.ports import ImageStore, RawManifest

MAX_DEPTH = 4
"""Indexes within indexes; real ones (CNAB bundles) have two."""
MAX_READS = 100
"""Manifests that are read for one image: one BatchGetImage takes as many."""
MAX_UNKNOWNS = 100
"""Parts of one image that are noted as not told; one is enough to keep it from passing."""


@dataclass(frozen=True, slots=True)
class Observation:
    """An image as it was read.

    Attributes:
        image: what it is.
        manifest: its exact bytes, for putting a tag on it.
    """

    image: Image
    manifest: RawManifest


def observe(store: ImageStore, repository: str, digest: str) -> Observation:
    """Read the image that ``digest`` names.

    Raises:
        UnreadableError: the manifest of ``digest`` itself could not be read or is not what it should be. A part of an
            index that could not be told is among ``image.unknowns`` instead: other parts may decide.
    """
    raw = store.manifests(repository, [digest])[digest]
    if isinstance(raw, Unknown):
        raise UnreadableError(raw)
    manifest = read_manifest(raw.body, digest, raw.media_type)
    if isinstance(manifest, Unknown):
        raise UnreadableError(manifest)
    return Observation(_image(store, repository, manifest), raw)


def _image(store: ImageStore, repository: str, manifest: Manifest) -> Image:
    if manifest.kind is ImageKind.SINGLE and manifest.config is not None:
        found = _configured(store, repository, manifest.config)
        if isinstance(found, Unknown):
            return Image(manifest.digest, manifest.media_type, manifest.kind, (), (found,))
        return Image(
            manifest.digest, manifest.media_type, manifest.kind, (Offer(found, Evidence.CONFIG, manifest.digest),)
        )
    if manifest.kind is ImageKind.INDEX:
        walk = _Walk(store, repository)
        walk.index(manifest.children, (manifest.digest,))
        nothing_runs = bool(manifest.children) and not walk.offers and not walk.unknowns
        kind = ImageKind.ARTIFACT if nothing_runs else ImageKind.INDEX
        offers = tuple(walk.offers.values())
        return Image(manifest.digest, manifest.media_type, kind, offers, tuple(walk.unknowns), manifest.artifact_type)
    unknowns: tuple[Unknown, ...] = ()
    if manifest.kind is ImageKind.UNSUPPORTED:
        detail = f"expected a Docker schema 2 or OCI manifest, got {manifest.media_type or 'no media type'}"
        unknowns = (Unknown(UnknownReason.MEDIA_TYPE_UNSUPPORTED, detail, manifest.digest),)
    return Image(manifest.digest, manifest.media_type, manifest.kind, (), unknowns, manifest.artifact_type)


def _configured(store: ImageStore, repository: str, config: Descriptor) -> Platform | Unknown:
    if config.size > MAX_CONFIG_BYTES:
        detail = f"expected a config of at most {MAX_CONFIG_BYTES} bytes, the manifest says {config.size}"
        return Unknown(UnknownReason.CONFIG_TOO_LARGE, detail, config.digest)
    try:
        body = store.config(repository, config.digest, MAX_CONFIG_BYTES)
    except UnreadableError as error:
        if error.unknown.reason.cure is Cure.NEW_IMAGE:
            return error.unknown
        raise
    return read_config(body, config)


@dataclass(slots=True)
class _Walk:
    """The leaves of an index, in its order; of entries for one platform the first wins, as engines choose."""

    store: ImageStore
    repository: str
    offers: dict[Platform, Offer] = field(default_factory=dict)
    unknowns: list[Unknown] = field(default_factory=list)
    followed: set[str] = field(default_factory=set)
    reads: int = 0

    def index(self, children: Iterable[Descriptor], ancestors: tuple[str, ...]) -> None:
        entries = [child for child in children if child.runnable]
        manifests = self._read([child for child in entries if not _states_platform(child)], ancestors)
        for child in entries:
            if child.platform is not None and _states_platform(child):
                self._offer(child.platform, Evidence.DESCRIPTOR, child.digest)
            else:
                self._child(child, manifests.get(child.digest), ancestors)

    def _child(self, entry: Descriptor, manifest: Manifest | None, ancestors: tuple[str, ...]) -> None:
        if manifest is None:
            return
        if manifest.kind is ImageKind.INDEX:
            # What is named many times is followed once: a few small indexes could else ask for millions of steps.
            if manifest.digest not in self.followed:
                self.followed.add(manifest.digest)
                self.index(manifest.children, (*ancestors, manifest.digest))
        elif manifest.kind is ImageKind.SINGLE and manifest.config is not None:
            self._single(entry, manifest, manifest.config)
        elif manifest.kind is ImageKind.UNSUPPORTED:
            self._unsupported(manifest.digest, manifest.media_type)

    def _single(self, entry: Descriptor, manifest: Manifest, config: Descriptor) -> None:
        if entry.platform is not None and entry.platform.known:
            self._offer(entry.platform, Evidence.DESCRIPTOR, manifest.digest)
        elif _is_passed_over(entry):
            detail = f"expected a platform at the entry of an image, got {entry.platform}, which engines never choose"
            self._unknown(UnknownReason.PLATFORM_MISSING, detail, manifest.digest)
        else:
            found = _configured(self.store, self.repository, config)
            if isinstance(found, Unknown):
                self._note(found)
            else:
                self._offer(found, Evidence.CONFIG, manifest.digest)

    def _read(self, entries: list[Descriptor], ancestors: tuple[str, ...]) -> dict[str, Manifest]:
        """The manifests of entries that do not say enough, in one batch; whatever cannot be read is noted."""
        wanted: list[str] = []
        for entry in entries:
            if not (entry.is_manifest or entry.is_index):
                self._unsupported(entry.digest, entry.media_type)
            elif entry.digest in ancestors:
                self._unknown(UnknownReason.INDEX_CYCLE, "expected a tree, got an index within itself", entry.digest)
            elif entry.is_index and len(ancestors) >= MAX_DEPTH:
                detail = f"expected at most {MAX_DEPTH} indexes within each other"
                self._unknown(UnknownReason.INDEX_TOO_DEEP, detail, entry.digest)
            elif entry.digest not in wanted:
                wanted.append(entry.digest)
        room = MAX_READS - self.reads
        if len(wanted) > room:
            detail = f"expected at most {MAX_READS} entries that do not state a platform; {len(wanted) - room} more"
            self._unknown(UnknownReason.INDEX_TOO_WIDE, detail, wanted[room])
            wanted = wanted[:room]
        self.reads += len(wanted)
        manifests: dict[str, Manifest] = {}
        for digest, raw in (self.store.manifests(self.repository, wanted) if wanted else {}).items():
            manifest = raw if isinstance(raw, Unknown) else read_manifest(raw.body, digest, raw.media_type)
            if isinstance(manifest, Unknown):
                self._note(manifest)
            else:
                manifests[digest] = manifest
        return manifests

    def _offer(self, platform: Platform, evidence: Evidence, digest: str) -> None:
        self.offers.setdefault(platform, Offer(platform, evidence, digest))

    def _unsupported(self, digest: str, media_type: str) -> None:
        detail = f"expected an image manifest or index among the entries, got {media_type or 'no media type'}"
        self._unknown(UnknownReason.MEDIA_TYPE_UNSUPPORTED, detail, digest)

    def _unknown(self, reason: UnknownReason, detail: str, digest: str) -> None:
        self._note(Unknown(reason, detail, digest))

    def _note(self, unknown: Unknown) -> None:
        if len(self.unknowns) < MAX_UNKNOWNS:
            self.unknowns.append(unknown)


def _states_platform(entry: Descriptor) -> bool:
    """Whether the entry alone says what it offers; one that is labelled as an artifact may be none."""
    return entry.is_manifest and not entry.labelled and entry.platform is not None and entry.platform.known


def _is_passed_over(entry: Descriptor) -> bool:
    """Whether engines pass the entry over whatever their host is: they read a config only where no platform stands."""
    stated = entry.platform
    return stated is not None and (stated.os == UNKNOWN or stated.architecture in ("", UNKNOWN))
