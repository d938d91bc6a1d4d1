"""Lambda functions of container images: what AWS refuses, and the digest that a function's code is pinned to.

A tag is resolved when the code is set and never again (developer guide, "Create a Lambda function using a container
image"). An image index is refused; an architecture that the image does not have is accepted. No image is run.
Functions of .zip files go on as they were; of both kinds CloudTrail tells.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from localaws.additions import cloudtrail_events, ecr_repository, host, model, rest
from localaws.additions.ecr_manifest import INDEXES
from localaws.additions.wire import Refusal

if TYPE_CHECKING:
    from localaws.additions.host import Handler, Record, Reply
    from localaws.additions.rest import Asked

# Where each operation's answer has configurations of functions; None where the answer is one.
_CONFIGURATIONS: Final[dict[str, str | None]] = {
    "CreateFunction": None,
    "GetFunction": "Configuration",
    "GetFunctionConfiguration": None,
    "ListFunctions": "Functions",
    "ListVersionsByFunction": "Versions",
    "PublishVersion": None,
    "UpdateFunctionCode": None,
    "UpdateFunctionConfiguration": None,
}
_RECORDED: Final = frozenset({"CreateFunction", "DeleteFunction", "UpdateFunctionCode", "UpdateFunctionConfiguration"})
# ListFunctions answers at most this many, whatever MaxItems says.
_MOST_PAGE: Final = 50
_IMAGE_URI: Final = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/(?P<repository>[a-z0-9._/-]+)"
    r"(?::(?P<tag>[\w.-]+))?(?:@(?P<digest>sha256:[a-f0-9]{64}))?"
)
_CONFIGS: Final = frozenset(
    {"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"}
)


def functions(otherwise: Handler) -> Handler:
    """Lambda in front of ``otherwise``, which keeps the functions."""

    async def serve(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]) -> Reply:
        name = rest.operation("lambda", method, path)
        asked = (
            rest.asked("lambda", method, path, query, body) if name in _CONFIGURATIONS or name in _RECORDED else None
        )
        if asked is None:
            return await otherwise(method, path, headers, body, query)
        if asked.operation == "ListFunctions":
            query = query | {"MaxItems": [str(min(asked.request.get("MaxItems", _MOST_PAGE), _MOST_PAGE))]}
        try:
            digest = _digest_to_set(asked)
        except Refusal as refusal:
            return _refused(refusal)
        reply = await otherwise(method, path, headers, body, query)
        return reply if reply[0] >= 400 else _answered(asked, digest, reply)  # noqa: PLR2004 - an HTTP error

    return serve


def _digest_to_set(asked: Asked) -> str | None:
    """The digest of the image that becomes a function's code; None where the code is no image, or stays.

    Raises:
        Refusal: what Lambda says to an image that it cannot take.
    """
    request = asked.request
    if asked.operation == "CreateFunction":
        uri = request.get("Code", {}).get("ImageUri")
        _check_package(request, uri)
    elif asked.operation == "UpdateFunctionCode":
        uri = request.get("ImageUri")
        record = host.FUNCTIONS.get(_plain(request["FunctionName"]))
        package = record["config"]["PackageType"] if record else None
        if package == "Image" and not uri:
            raise _invalid("Please provide ImageUri when updating a function with packageType Image.")
        if package == "Zip" and uri:
            raise _invalid("Please don't provide ImageUri when updating a function with packageType Zip.")
    else:
        uri = None
    return _resolve(uri) if uri else None


def _check_package(request: Record, uri: str | None) -> None:
    if request.get("PackageType", "Zip") != "Image":
        if uri:
            raise _invalid(
                "Runtime and Handler are mandatory parameters for functions created with deployment packages."
            )
        return
    if not uri:
        raise _invalid("Please provide ImageUri when creating a function with packageType Image.")
    if {"Handler", "Runtime", "Layers"} & request.keys():
        raise _invalid(
            "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image."
        )


def _resolve(uri: str) -> str:
    """The digest that ``uri`` names now, in the registry of the current account and Region."""
    parts = _IMAGE_URI.fullmatch(uri)
    if parts is None or not (parts["tag"] or parts["digest"]) or parts["region"] != host.region():
        raise _invalid(f"Source image {uri} is not valid. Provide a valid source image.")
    known = parts["account"] == host.account() and parts["repository"] in host.REPOSITORIES
    repository = ecr_repository.open_repository(parts["repository"]) if known else None
    image = None
    if repository is not None:
        image = repository.by_digest(parts["digest"]) if parts["digest"] else repository.by_tag(parts["tag"])
    if repository is None or image is None:
        raise _invalid(f"Source image {uri} does not exist. Provide a valid source image.")
    manifest = repository.manifest(image)
    if manifest.media_type in INDEXES or manifest.artifact_type not in _CONFIGS:
        raise _invalid(f"The image manifest, config or layer media type for the source image {uri} is not supported.")
    return image["imageDigest"]


def _answered(asked: Asked, digest: str | None, reply: Reply) -> Reply:
    status, headers, body = reply
    answer: Record = json.loads(body) if body else {}
    if digest:
        _pin(answer, digest)
    shown = _shown(asked.operation, answer)
    if asked.operation in _RECORDED:
        cloudtrail_events.emit_call("lambda", asked.operation, asked.request, shown)
    return reply if shown == answer else (status, headers, json.dumps(shown).encode())


def _pin(answer: Record, digest: str) -> None:
    """Keep the digest with the function, and with the version that was published of it."""
    record = host.FUNCTIONS[answer["FunctionName"]]
    published = record["versions"].get(answer["Version"])
    for config in (record["config"], answer, *([published["config"]] if published else [])):
        config["CodeSha256"] = digest.removeprefix("sha256:")


def _shown(operation: str, answer: Record) -> Record:
    """The answer with its image functions as AWS describes them."""
    if operation not in _CONFIGURATIONS:
        return answer
    where = _CONFIGURATIONS[operation]
    if where is None:
        return _configuration(answer)
    found = answer[where]
    if isinstance(found, list):
        return answer | {where: [_configuration(item) for item in found]}
    if found.get("PackageType") != "Image":
        return answer
    return answer | {where: _configuration(found), "Code": _code(found)}


def _configuration(config: Record) -> Record:
    """An image function has no runtime, handler and layers; what it does not have is left out."""
    if config.get("PackageType") != "Image":
        return config
    left_out = {"ImageUri", "RuntimeVersionConfig"}
    if config.get("StateReasonCode") == "Updating":
        # Not a code of AWS's: a function stays active while its code changes, which LastUpdateStatus tells.
        left_out |= {"StateReason", "StateReasonCode"}
        config = config | {"State": "Active"}
    kept = {"CodeSize", "Description"}
    shown = {name: value for name, value in config.items() if name not in left_out and (value or name in kept)}
    return _held("FunctionConfiguration", shown)


def _code(config: Record) -> Record:
    uri, digest = config["ImageUri"], config["CodeSha256"]
    location = {"RepositoryType": "ECR", "ImageUri": uri}
    parts = _IMAGE_URI.fullmatch(uri)
    # A function that CloudFormation made has no digest.
    if parts and digest:
        location["ResolvedImageUri"] = f"{uri[: parts.end('repository')]}@sha256:{digest}"
    return _held("FunctionCodeLocation", location)


def _held(shape: str, value: Record) -> Record:
    found = list(model.problems(model.service_model("lambda").shape_for(shape), value))
    if found:
        raise RuntimeError(f"lambda has a {shape} that AWS cannot give: {'; '.join(found)}")
    return value


def _plain(name: str) -> str:
    """A function's name out of its ARN, or of any other form that the API takes."""
    return name.rpartition("function:")[2].partition(":")[0]


def _invalid(message: str) -> Refusal:
    return Refusal("InvalidParameterValueException", message)


def _refused(refusal: Refusal) -> Reply:
    members: dict[str, Any] = {"Type": "User", "message": refusal.message}
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": refusal.code}
    return refusal.status, headers, json.dumps(members).encode()
