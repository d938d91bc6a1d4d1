"""The ECR API on repositories and layer uploads, as far as the emulator leaves it out.

Tag mutability with exclusion filters, pages of DescribeRepositories, and the three calls by which `PutImage` without a
registry client gets its layers.
"""

from __future__ import annotations

import base64
import re
import time
import uuid
from typing import TYPE_CHECKING, Final

from localaws.additions import host
from localaws.additions.ecr_manifest import digest_of
from localaws.additions.ecr_repository import open_repository
from localaws.additions.wire import Call, Operation, Refusal, page

if TYPE_CHECKING:
    from localaws.additions.host import Record

_NAME: Final = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*")
_DEFAULT_PAGE: Final = 100
_MOST_PAGE: Final = 1000
_PART_BYTES: Final = 10 * 1024 * 1024
_SHOWN: Final = (
    "repositoryArn",
    "registryId",
    "repositoryName",
    "repositoryUri",
    "createdAt",
    "imageTagMutability",
    "imageTagMutabilityExclusionFilters",
    "imageScanningConfiguration",
    "encryptionConfiguration",
)


def _create_repository(call: Call) -> Record:
    name, account, region = call.get("repositoryName", ""), host.account(), host.region()
    if not _NAME.fullmatch(name):
        raise Refusal(
            "InvalidParameterException",
            "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression "
            f"'{_NAME.pattern}''",
        )
    if name in host.REPOSITORIES:
        raise Refusal(
            "RepositoryAlreadyExistsException",
            f"The repository with name '{name}' already exists in the registry with id '{account}'",
        )
    host.REPOSITORIES[name] = {
        "repositoryArn": f"arn:aws:ecr:{region}:{account}:repository/{name}",
        "registryId": account,
        "repositoryName": name,
        "repositoryUri": f"{account}.dkr.ecr.{region}.amazonaws.com/{name}",
        "createdAt": int(time.time()),
        **_mutability(call),
        "imageScanningConfiguration": call.get("imageScanningConfiguration", {"scanOnPush": False}),
        "encryptionConfiguration": call.get("encryptionConfiguration", {"encryptionType": "AES256"}),
        "tags": call.get("tags", []),
    }
    host.IMAGES[name] = []
    return {"repository": _repository(host.REPOSITORIES[name])}


def _describe_repositories(call: Call) -> Record:
    names = call.get("repositoryNames")
    if names:
        return {"repositories": [_repository(open_repository(name).settings) for name in names]}
    size = min(call.get("maxResults", _DEFAULT_PAGE), _MOST_PAGE)
    shown, token = page(list(host.REPOSITORIES.values()), call.get("nextToken"), size)
    return {"repositories": [_repository(item) for item in shown]} | ({"nextToken": token} if token else {})


def _put_image_tag_mutability(call: Call) -> Record:
    repository = open_repository(call.get("repositoryName"))
    chosen = _mutability(call)
    repository.settings.pop("imageTagMutabilityExclusionFilters", None)
    repository.settings.update(chosen)
    return {"registryId": repository.registry_id, "repositoryName": repository.name, **chosen}


def _mutability(call: Call) -> Record:
    setting, filters = call.get("imageTagMutability", "MUTABLE"), call.get("imageTagMutabilityExclusionFilters")
    if bool(filters) is not setting.endswith("_WITH_EXCLUSION"):
        raise Refusal(
            "InvalidParameterException",
            "Invalid parameter at 'imageTagMutabilityExclusionFilters' failed to satisfy constraint: 'filters go with "
            f"the settings that end in _WITH_EXCLUSION, and with no other: got {setting}'",
        )
    return {"imageTagMutability": setting} | ({"imageTagMutabilityExclusionFilters": filters} if filters else {})


def _repository(settings: Record) -> Record:
    return {name: settings[name] for name in _SHOWN if name in settings}


def _initiate_layer_upload(call: Call) -> Record:
    repository, upload = open_repository(call.get("repositoryName")), str(uuid.uuid4())
    host.UPLOADS.setdefault(repository.name, {})[upload] = bytearray()
    return {"uploadId": upload, "partSize": _PART_BYTES}


def _upload_layer_part(call: Call) -> Record:
    repository, upload, content = _upload(call)
    part = base64.b64decode(call.get("layerPartBlob", ""))
    if call.get("partFirstByte") != len(content):
        raise Refusal(
            "InvalidLayerPartException",
            f"The part begins at byte {call.get('partFirstByte')}, expected byte {len(content)}",
            members={"uploadId": upload, "lastValidByteReceived": max(len(content) - 1, 0)},
        )
    content.extend(part)
    return {
        "registryId": host.account(),
        "repositoryName": repository,
        "uploadId": upload,
        "lastByteReceived": len(content) - 1,
    }


def _complete_layer_upload(call: Call) -> Record:
    repository, upload, content = _upload(call)
    digest, blobs = digest_of(bytes(content)), open_repository(repository).blobs
    if not content:
        raise Refusal("EmptyUploadException", f"The upload '{upload}' holds no layer part")
    if digest not in call.get("layerDigests", []):
        raise Refusal("InvalidLayerException", f"The uploaded layer has digest '{digest}', which was not asked for")
    if digest in blobs:
        raise Refusal("LayerAlreadyExistsException", f"The layer with digest '{digest}' already exists")
    blobs[digest] = bytes(content)
    del host.UPLOADS[repository][upload]
    return {"registryId": host.account(), "repositoryName": repository, "uploadId": upload, "layerDigest": digest}


def _upload(call: Call) -> tuple[str, str, bytearray]:
    repository, upload = open_repository(call.get("repositoryName")), call.get("uploadId", "")
    content = host.UPLOADS.get(repository.name, {}).get(upload)
    if content is None:
        raise Refusal("UploadNotFoundException", f"The upload '{upload}' does not exist in {repository.place}")
    return repository.name, upload, content


OPERATIONS: Final[dict[str, Operation]] = {
    "CompleteLayerUpload": _complete_layer_upload,
    "CreateRepository": _create_repository,
    "DescribeRepositories": _describe_repositories,
    "InitiateLayerUpload": _initiate_layer_upload,
    "PutImageTagMutability": _put_image_tag_mutability,
    "UploadLayerPart": _upload_layer_part,
}
