"""Image references: ``[registry/]repository[:tag][@digest]``, and which of them are in Amazon ECR.

The grammar and the reading of short names are those of ``github.com/distribution/reference``, which Docker and
containerd use. ECR's host names are those of the AWS general reference (plain, FIPS and dual-stack) and, for the
isolated partitions, those that the Amazon ECS agent recognises (``ecs-agent/utils/uri``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_PATH = re.compile(r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[A-Fa-f0-9:.]+\])(?::[0-9]{{1,5}})?")
_DOCKER_HUB = "docker.io"
_DOCKER_HUB_HOSTS = frozenset({_DOCKER_HUB, "index.docker.io"})
_MAX_TEXT = 1024
_MAX_PATH = 255
_MAX_HOST = 260

# Host suffixes of the partition: plain, and of the dual-stack form, which is spelled `dkr-ecr` rather than `dkr.ecr`.
# https://docs.aws.amazon.com/general/latest/gr/ecr.html
_SUFFIXES = {
    "aws": ("amazonaws.com", ("on.aws",)),
    "aws-cn": ("amazonaws.com.cn", ("on.amazonwebservices.com.cn",)),
    "aws-us-gov": ("amazonaws.com", ("on.aws",)),
    "aws-iso": ("c2s.ic.gov", ("on.aws.ic.gov",)),
    "aws-iso-b": ("sc2s.sgov.gov", ("on.aws.scloud",)),
    "aws-iso-e": ("cloud.adc-e.uk", ("on.cloud-aws.adc-e.uk",)),
    "aws-iso-f": ("csp.hci.ic.gov", ("on.aws.hci.ic.gov",)),
    # The ECS agent's source shows it without the `on.` that all others have. AWS owns both.
    "aws-eusc": ("amazonaws.eu", ("on.amazonwebservices.eu", "amazonwebservices.eu")),
}
_REGION_PREFIXES = (
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("us-isob-", "aws-iso-b"),
    ("us-isof-", "aws-iso-f"),
    ("eu-isoe-", "aws-iso-e"),
    ("us-iso-", "aws-iso"),
    ("eusc-", "aws-eusc"),
)
_ECR_HOST = re.compile(
    r"(?P<account>[0-9]{12})\.dkr(?P<form>[.-])ecr(?:-fips)?\.(?P<region>[a-z]{2,4}(?:-[a-z]+)+-[0-9]+)"
    r"\.(?P<suffix>[a-z0-9.-]+?)(?::443)?",
    re.IGNORECASE | re.ASCII,
)


class BadReferenceError(ValueError):
    """A text that is no image reference."""


def partition(region: str) -> str:
    """The AWS partition of a Region's name (``aws``, ``aws-cn``, ``aws-us-gov`` ...)."""
    return next((name for prefix, name in _REGION_PREFIXES if region.startswith(prefix)), "aws")


def registry_host(account: str, region: str) -> str:
    """The host that images of this account's registry are named with, ``<account>.dkr.ecr.<region>.<suffix>``."""
    return f"{account}.dkr.ecr.{region}.{_SUFFIXES[partition(region)][0]}"


def is_digest(text: str) -> bool:
    """Whether ``text`` is a digest that this product can verify (sha256 or sha512, lower-case hex)."""
    return _DIGEST.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Registry:
    """One account's ECR registry in one Region."""

    account: str
    region: str

    @property
    def host(self) -> str:
        """The registry's host name."""
        return registry_host(self.account, self.region)


@dataclass(frozen=True, slots=True)
class ImageReference:
    """What a workload calls its image. Build it with :func:`parse_reference`.

    Attributes:
        host: registry host with port, as written; ``docker.io`` where the reference has none.
        repository: path within the registry.
        tag: empty where only a digest is given; ``latest`` where neither is.
        digest: lower case; empty where not given; where both are, the digest decides and the tag is decoration.
        registry: account and Region where the host is ECR's, else None.
    """

    host: str
    repository: str
    tag: str
    digest: str
    registry: Registry | None

    def __str__(self) -> str:
        """The reference in full."""
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.host}/{self.repository}{tag}{digest}"


def parse_reference(text: str) -> ImageReference:
    """The parts of an image reference.

    A digest in upper case, which ECS takes, names the same content and is given in lower case.

    Raises:
        BadReferenceError: the text is not ``[registry/]repository[:tag][@digest]``.
    """
    text = text.strip()
    if len(text) > _MAX_TEXT:
        raise BadReferenceError(f"expected an image reference, got {len(text)} characters")
    name, at, digest = text.partition("@")
    digest = digest.lower()
    if at and not is_digest(digest):
        raise BadReferenceError(f"expected sha256:<64 hex digits> after '@', got {text!r}")
    head, slash, tail = name.rpartition("/")
    tail, colon, tag = tail.partition(":")
    if colon and not _TAG.fullmatch(tag):
        raise BadReferenceError(f"expected a tag of up to 128 letters, digits, '_', '.', '-' after ':', got {text!r}")
    host, path = _split_host(head + slash + tail)
    if not _PATH.fullmatch(path) or not _HOST.fullmatch(host):
        raise BadReferenceError(f"expected [registry/]repository[:tag][@digest], got {text!r}")
    if len(path) > _MAX_PATH or len(host) > _MAX_HOST:
        raise BadReferenceError(f"expected a repository of up to {_MAX_PATH} characters, got {len(host)}/{len(path)}")
    return ImageReference(host, path, tag or ("" if digest else "latest"), digest, ecr_registry(host))


def _split_host(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    # Repositories are lower case: a first part that is not can only be a host.
    if slash and ("." in first or ":" in first or first == "localhost" or first != first.lower()):
        if first.lower() not in _DOCKER_HUB_HOSTS:
            return first, rest
        name = rest
    # Docker's short names: `nginx` is docker.io/library/nginx.
    return _DOCKER_HUB, name if "/" in name else f"library/{name}"


def ecr_registry(host: str) -> Registry | None:
    """The registry that an ECR host name stands for, or None: a host is ECR's only with its partition's own suffix."""
    match = _ECR_HOST.fullmatch(host)
    if match is None:
        return None
    region, suffix = match["region"].lower(), match["suffix"].lower()
    plain, dual_stack = _SUFFIXES[partition(region)]
    if suffix not in ((plain,) if match["form"] == "." else dual_stack):
        return None
    return Registry(match["account"], region)
