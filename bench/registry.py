"""What a push meets besides the inventory: Amazon ECR, the policy in AWS AppConfig, and the topic of alerts."""

from __future__ import annotations

import hashlib
import io
import json
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from bench.stated import seconds
from bench.wire import Answer, Refusal, json_service
from ecrguard.adapters.blobs import Blobs
from ecrguard.domain.manifest import OCI_MANIFEST

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest

    from bench.wire import Aws, Record, Service


def _digest(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def _descriptor(media_type: str, body: bytes) -> Record:
    return {"mediaType": f"application/vnd.oci.image.{media_type}", "digest": _digest(body), "size": len(body)}


CONFIG = json.dumps(
    {"os": "linux", "architecture": "arm64", "config": {}, "rootfs": {"type": "layers", "diff_ids": [_digest(b"")]}}
).encode()
"""The config of the image that is pushed: built on a laptop with another processor than Fargate's."""
MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": _descriptor("config.v1+json", CONFIG),
        "layers": [_descriptor("layer.v1.tar+gzip", b"layer")],
    }
).encode()
PUSHED = _digest(MANIFEST)
"""The digest that is pushed, whatever the repository."""
_POLICY = b"version: 1\n"
_URL = "https://layers.example.com/blob"


def _batch_get_image(asked: Record) -> Record:
    image = {
        "registryId": asked["registryId"],
        "repositoryName": asked["repositoryName"],
        "imageId": {"imageDigest": PUSHED},
        "imageManifest": MANIFEST.decode(),
        "imageManifestMediaType": OCI_MANIFEST,
    }
    if asked["imageIds"] != [{"imageDigest": PUSHED}]:
        raise Refusal("InvalidParameterException", "another image than the one that was pushed")
    return {"images": [image], "failures": []}


def ecr() -> Service:
    """Every repository of the registry, each with the image that is pushed."""
    return json_service(
        {
            "ListTagsForResource": lambda _: {"tags": []},
            "BatchGetImage": _batch_get_image,
            "GetDownloadUrlForLayer": lambda asked: {"downloadUrl": _URL, "layerDigest": asked["layerDigest"]},
        }
    )


def appconfigdata(operation: str, _: AWSPreparedRequest) -> Answer:
    """A policy that adds nothing to what workloads need."""
    if operation == "StartConfigurationSession":
        return Answer(json.dumps({"InitialConfigurationToken": "first"}).encode())
    headers = {"Next-Poll-Configuration-Token": "next", "Next-Poll-Interval-In-Seconds": "60"}
    return Answer(_POLICY, {**headers, "Content-Type": "application/x-yaml", "Content-Length": str(len(_POLICY))})


def sns(operation: str, _: AWSPreparedRequest) -> Answer:
    """A topic that takes whatever is published."""
    told = f"<{operation}Result><MessageId>0</MessageId></{operation}Result>"
    return Answer(
        f'<{operation}Response xmlns="http://sns.amazonaws.com/doc/2010-03-31/">{told}</{operation}Response>'.encode()
    )


class _BlobAdapter(HTTPAdapter):
    """Answers every GET with the config."""

    def __init__(self, aws: Aws) -> None:
        super().__init__()
        self._aws = aws

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        self._aws.count("blob:GET")
        self._aws.clock.sleep(seconds("blob:GET"))
        headers = {"Content-Length": str(len(CONFIG))}
        raw = HTTPResponse(io.BytesIO(CONFIG), headers, 200, preload_content=False, request_method="GET")
        return self.build_response(request, raw)


def blobs(aws: Aws) -> Blobs:
    """Downloads of what presigned URLs lead to, counted and timed as the calls to AWS are."""
    session = requests.Session()
    session.mount("https://", _BlobAdapter(aws))
    return Blobs(session)
