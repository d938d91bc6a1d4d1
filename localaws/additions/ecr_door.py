"""ECR's registry door: what docker, skopeo and oras speak, with ECR's refusals and events.

The emulator serves the protocol (OCI distribution-spec 1.1). Added are a manifest's way in, ECR's refusals to delete
through this door and to give what is archived, and byte ranges of blobs, which the storage behind a real download URL
serves.
"""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Final

from localaws.additions import ecr_events, host
from localaws.additions.ecr_manifest import Manifest, read_manifest
from localaws.additions.ecr_repository import Repository, is_active, open_repository, put_image, require_digest
from localaws.additions.wire import Refusal

if TYPE_CHECKING:
    from localaws.additions.host import Handler, Reply

_VERSION: Final = {"Docker-Distribution-API-Version": "registry/2.0"}
_RANGE: Final = re.compile(r"bytes=(\d+)-(\d*)")
# PutImage's errors as registry clients see them; docker prints "manifest blob unknown" and "tag invalid" for these.
_ERRORS: Final = {
    "ImageTagAlreadyExistsException": (400, "TAG_INVALID"),
    "ReferencedImagesNotFoundException": (404, "MANIFEST_BLOB_UNKNOWN"),
    "LayersNotFoundException": (404, "MANIFEST_BLOB_UNKNOWN"),
    "ImageDigestDoesNotMatchException": (400, "MANIFEST_INVALID"),
    "InvalidParameterException": (400, "MANIFEST_INVALID"),
    "RepositoryNotFoundException": (404, "NAME_UNKNOWN"),
}


def door(otherwise: Handler) -> Handler:
    """The registry door in front of ``otherwise``, which answers what is not added here."""

    async def serve(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]) -> Reply:
        verb, repository, reference = host.registry_path(path) or ("", "", "")
        if (method, verb) == ("PUT", "manifest"):
            host.select_registry_scope(repository, headers, query)
            return _put_manifest(repository, reference, headers.get("content-type"), body)
        if (method, verb) in {("DELETE", "manifest"), ("DELETE", "blob")}:
            return _error(405, "UNSUPPORTED", "The operation is unsupported.")
        if (method, verb) in {("GET", "manifest"), ("HEAD", "manifest")}:
            host.select_registry_scope(repository, headers, query)
            if _is_archived(repository, reference):
                return _error(404, "MANIFEST_UNKNOWN", "Requested image not found")
        reply = await otherwise(method, path, headers, body, query)
        return _partial(reply, headers.get("range", "")) if (method, verb) == ("GET", "blob") else reply

    return serve


def _put_manifest(name: str, reference: str, media_type: str | None, body: bytes) -> Reply:
    try:
        repository = open_repository(name)
        manifest = read_manifest(body, media_type)
        tag = None if ":" in reference else reference
        require_digest(repository, manifest, reference if tag is None else None)
        _put_once(repository, manifest, tag)
    except Refusal as refusal:
        return _error(*_ERRORS[refusal.code], refusal.message)
    location = {"Location": f"/v2/{name}/manifests/{manifest.digest}", "Docker-Content-Digest": manifest.digest}
    subject = {"OCI-Subject": manifest.subject} if manifest.subject else {}
    return 201, {**_VERSION, **location, **subject, "Content-Length": "0"}, b""


def _is_archived(name: str, reference: str) -> bool:
    if name not in host.REPOSITORIES:
        return False
    repository = open_repository(name)
    image = repository.by_digest(reference) if ":" in reference else repository.by_tag(reference)
    return image is not None and not is_active(image)


def _put_once(repository: Repository, manifest: Manifest, tag: str | None) -> None:
    """Put the manifest; what is there already is no error at this door, and no event either, since nothing changed."""
    try:
        put_image(repository, manifest, tag, int(time.time()))
    except Refusal as refusal:
        if refusal.code != "ImageAlreadyExistsException":
            raise
    else:
        ecr_events.pushed(repository.name, manifest, tag)


def _partial(reply: Reply, wanted: str) -> Reply:
    """The bytes that a Range header asks for, as RFC 9110 section 14 has it for one range."""
    status, headers, body = reply
    asked = _RANGE.fullmatch(wanted)
    if status != 200 or asked is None:  # noqa: PLR2004 - OK
        return reply
    first = int(asked[1])
    last = min(int(asked[2] or len(body)), len(body) - 1)
    if first > last:
        return 416, {**headers, "Content-Length": "0", "Content-Range": f"bytes */{len(body)}"}, b""
    part = body[first : last + 1]
    return (
        206,
        {**headers, "Content-Length": str(len(part)), "Content-Range": f"bytes {first}-{last}/{len(body)}"},
        part,
    )


def _error(status: int, code: str, message: str) -> Reply:
    body = json.dumps({"errors": [{"code": code, "message": message, "detail": {}}]}).encode()
    return status, {**_VERSION, "Content-Type": "application/json"}, body
