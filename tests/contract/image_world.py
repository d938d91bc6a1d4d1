"""The registry as contract tests see it: the fake, and the real adapters on ECR's own answers."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import pytest
from tests.fakes.blob_server import body, running
from tests.fakes.ecr_client import ACCOUNT, REGION, FakeEcr
from tests.fakes.images import FakeImages
from tests.fakes.wire import Refusal

from ecrguard.adapters.blobs import Blobs
from ecrguard.adapters.ecr import EcrImages
from ecrguard.adapters.ecr_editor import EcrEditor
from ecrguard.domain.image import UnknownReason
from ecrguard.domain.reference import Registry
from ecrguard.errors import UnreadableError
from ecrguard.ports import RawManifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from http.server import BaseHTTPRequestHandler

    from tests.content import Content

    from ecrguard.ports import ImageEditor, ImageStore

REPOSITORY = "team/web"
OWN = Registry(ACCOUNT, REGION)
OPERATIONS = {
    "manifests": "BatchGetImage",
    "config": "GetDownloadUrlForLayer",
    "digest_of": "DescribeImages",
    "tags_of": "DescribeImages",
    "resource_tags": "ListTagsForResource",
    "standing": "DescribeImages",
    "movable": "DescribeRepositories",
    "tagged_indexes": "DescribeImages",
    "put_tag": "PutImage",
    "remove_tag": "BatchDeleteImage",
    "remove_last_tag": "BatchDeleteImage",
    "remove_image": "BatchDeleteImage",
    "archive": "UpdateImageStorageClass",
    "restore": "UpdateImageStorageClass",
}
"""Operations of the ports, and the call of ECR's that does it."""
REFUSALS = {
    UnknownReason.ACCESS_DENIED: Refusal("AccessDeniedException", "not authorized to perform"),
    UnknownReason.THROTTLED: Refusal("ThrottlingException", "Rate exceeded"),
    UnknownReason.UNAVAILABLE: Refusal("ServerException", "internal", 500),
}


class Registered(Protocol):
    """How a test fills a registry, and what it sees there."""

    pair_takes_image: bool

    def create(
        self,
        repository: str,
        *,
        immutable: bool = False,
        tags: Mapping[str, str] | None = None,
        mutability: str = "",
        filters: Sequence[str] = (),
    ) -> None: ...
    def push(self, repository: str, content: Content, *tags: str) -> str: ...
    def delete(self, repository: str, digest: str) -> None: ...
    def delete_blobs(self, repository: str) -> None: ...
    def store(self, repository: str, digest: str, status: str) -> None: ...
    def fix(self, digest: str) -> None: ...
    def tags(self, repository: str) -> dict[str, str]: ...
    def digests(self, repository: str) -> list[str]: ...


@dataclass(frozen=True)
class Twin:
    """A registry's two ports, what fills it, and how to make an operation fail."""

    store: ImageStore
    editor: ImageEditor
    held: Registered
    fail: Callable[[str, UnknownReason], None]


@contextmanager
def twin_of(kind: str) -> Iterator[Twin]:
    """The one that tests use (``fake``), or the real adapters (``ecr``)."""
    if kind == "fake":
        fake = FakeImages()
        yield Twin(fake, fake, fake, fake.fail)
        return
    ecr = FakeEcr()
    with running() as server:
        server.script.append(lambda handler: _serve(ecr, handler))
        ecr.download = server.url
        store, editor = adapters(ecr)
        yield Twin(
            store, editor, ecr, lambda operation, reason: ecr.failing.update({OPERATIONS[operation]: REFUSALS[reason]})
        )


def adapters(ecr: FakeEcr, budget: Callable[[], None] = lambda: None) -> tuple[EcrImages, EcrEditor]:
    """The real adapters on a registry in memory."""
    client = ecr.client
    return EcrImages(lambda: client, Blobs(), OWN, "aws"), EcrEditor(lambda: client, OWN, budget)


def _serve(ecr: FakeEcr, handler: BaseHTTPRequestHandler) -> None:
    body(ecr.blob(handler.path.strip("/").partition("?")[0]))(handler)


def raised(ask: Callable[[], object]) -> UnknownReason:
    """Why something could not be asked."""
    with pytest.raises(UnreadableError) as caught:
        ask()
    assert caught.value.unknown.detail
    return caught.value.unknown.reason


def raw(content: Content) -> RawManifest:
    """A manifest as the registry gives it."""
    return RawManifest(content.digest, content.media_type, content.body)
