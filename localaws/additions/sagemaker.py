"""Amazon SageMaker's hosting as the API describes it: models, endpoint configurations, endpoints, inference components.

Nothing is hosted: an endpoint is in service at once. It shows the digest that each image's tag had when the endpoint
was created or updated (API reference, "DeployedImage").
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, Final

from localaws.additions import host, model
from localaws.additions.ecs_images import digest_of
from localaws.additions.wire import Call, JsonService, Operation, Refusal, page

if TYPE_CHECKING:
    from collections.abc import Callable

    from localaws.additions.host import Record, Store

_MODELS: Final = host.store()
_CONFIGS: Final = host.store()
_ENDPOINTS: Final = host.store()
_COMPONENTS: Final = host.store()
# A list answers at most this many a page, and ten where the caller does not say.
_MOST_PAGE: Final = 100
_DEFAULT_PAGE: Final = 10


def _creator(kind: str, noun: str, kept: Store, complete: Callable[[Record], Record]) -> Operation:
    """CreateX of a resource that is what its request says, and what ``complete`` adds."""

    def create(call: Call) -> Record:
        described: Any = model.operation_model("sagemaker", f"Create{kind}").input_shape
        for problem in model.problems(described, call.parameters):
            raise _invalid(f"1 validation error detected: {problem}")
        name = call.get(f"{kind}Name")
        arn = f"arn:aws:sagemaker:{host.region()}:{host.account()}:{noun}/{name.lower()}"
        if name in kept:
            raise _invalid(f'Cannot create already existing {noun} "{arn}".')
        asked = {member: value for member, value in call.parameters.items() if member != "Tags"}
        kept[name] = {**asked, f"{kind}Arn": arn, "CreationTime": int(time.time())} | complete(call.parameters)
        return {f"{kind}Arn": arn}

    return create


def _describer(kind: str, noun: str, kept: Store) -> Operation:
    return lambda call: _found(call.get(f"{kind}Name"), noun, kept)


def _deleter(kind: str, noun: str, kept: Store) -> Operation:
    def delete(call: Call) -> Record:
        _found(call.get(f"{kind}Name"), noun, kept)
        del kept[call.get(f"{kind}Name")]
        return {}

    return delete


def _lister(kind: str, kept: Store, matches: Callable[[Call, Record], bool]) -> Operation:
    """ListX, newest first, as summaries."""

    def listed(call: Call) -> Record:
        summary: Any = model.service_model("sagemaker").shape_for(f"{kind}Summary")
        found = [
            {member: value for member, value in item.items() if member in summary.members}
            for item in reversed(list(kept.values()))
            if call.get("NameContains", "").lower() in item[f"{kind}Name"].lower() and matches(call, item)
        ]
        size = min(call.get("MaxResults", _DEFAULT_PAGE), _MOST_PAGE)
        shown, token = page(found, call.get("NextToken"), size, error="ValidationException")
        return {f"{kind}s": shown} | ({"NextToken": token} if token else {})

    return listed


def _model(_request: Record) -> Record:
    return {}


def _config(request: Record) -> Record:
    for variant in request["ProductionVariants"]:
        if "ModelName" in variant:
            _found(variant["ModelName"], "model", _MODELS)
    return {}


def _endpoint(request: Record) -> Record:
    config = _found(request["EndpointConfigName"], "endpoint configuration", _CONFIGS)
    return {
        "EndpointStatus": "InService",
        "LastModifiedTime": int(time.time()),
        "ProductionVariants": [_variant(variant) for variant in config["ProductionVariants"]],
    }


def _update_endpoint(call: Call) -> Record:
    endpoint = _found(call.get("EndpointName"), "endpoint", _ENDPOINTS)
    endpoint |= {"EndpointConfigName": call.get("EndpointConfigName")} | _endpoint(call.parameters)
    return {"EndpointArn": endpoint["EndpointArn"]}


def _variant(variant: Record) -> Record:
    shown = {"VariantName": variant["VariantName"], "CurrentWeight": variant.get("InitialVariantWeight", 1.0)}
    if "InitialInstanceCount" in variant:
        shown["CurrentInstanceCount"] = shown["DesiredInstanceCount"] = variant["InitialInstanceCount"]
    if "ModelName" in variant:
        shown["DeployedImages"] = [_deployed(image) for image in _images(_MODELS[variant["ModelName"]])]
    return shown


def _images(described: Record) -> list[str]:
    containers = [described[name] for name in ("PrimaryContainer",) if name in described]
    return [item["Image"] for item in containers + described.get("Containers", []) if "Image" in item]


def _deployed(image: str) -> Record:
    digest, path = digest_of(image), re.sub(r"[:@].*", "", image)
    resolved = {"ResolvedImage": f"{path}@{digest}"} if digest else {}
    return {"SpecifiedImage": image, "ResolutionTime": int(time.time())} | resolved


def _component(request: Record) -> Record:
    endpoint = _found(request["EndpointName"], "endpoint", _ENDPOINTS)
    specification = dict(request.get("Specification", {}))
    container = specification.get("Container")
    if container:
        kept = {name: value for name, value in container.items() if name != "Image"}
        shown = {"DeployedImage": _deployed(container["Image"])} if "Image" in container else {}
        specification["Container"] = kept | shown
    copies = request.get("RuntimeConfig", {}).get("CopyCount", 1)
    return {
        "EndpointArn": endpoint["EndpointArn"],
        "VariantName": request.get("VariantName", endpoint["ProductionVariants"][0]["VariantName"]),
        "Specification": specification,
        "RuntimeConfig": {"DesiredCopyCount": copies, "CurrentCopyCount": copies},
        "InferenceComponentStatus": "InService",
        "LastModifiedTime": int(time.time()),
    }


def _endpoint_matches(call: Call, endpoint: Record) -> bool:
    return call.get("StatusEquals") in {None, endpoint["EndpointStatus"]}


def _component_matches(call: Call, component: Record) -> bool:
    asked = {
        "EndpointName": call.get("EndpointNameEquals"),
        "VariantName": call.get("VariantNameEquals"),
        "InferenceComponentStatus": call.get("StatusEquals"),
    }
    return all(value in {None, component[member]} for member, value in asked.items())


def _found(name: str, noun: str, kept: Store) -> Record:
    if name not in kept:
        arn = f"arn:aws:sagemaker:{host.region()}:{host.account()}:{noun.replace(' configuration', '-config')}/{name}"
        raise _invalid(f'Could not find {noun} "{arn}".')
    found: Record = kept[name]
    return found


def _invalid(message: str) -> Refusal:
    return Refusal("ValidationException", message)


_OPERATIONS: Final[dict[str, Operation]] = {
    "CreateEndpoint": _creator("Endpoint", "endpoint", _ENDPOINTS, _endpoint),
    "CreateEndpointConfig": _creator("EndpointConfig", "endpoint-config", _CONFIGS, _config),
    "CreateInferenceComponent": _creator("InferenceComponent", "inference-component", _COMPONENTS, _component),
    "CreateModel": _creator("Model", "model", _MODELS, _model),
    "DeleteEndpoint": _deleter("Endpoint", "endpoint", _ENDPOINTS),
    "DeleteEndpointConfig": _deleter("EndpointConfig", "endpoint configuration", _CONFIGS),
    "DeleteInferenceComponent": _deleter("InferenceComponent", "inference-component", _COMPONENTS),
    "DeleteModel": _deleter("Model", "model", _MODELS),
    "DescribeEndpoint": _describer("Endpoint", "endpoint", _ENDPOINTS),
    "DescribeEndpointConfig": _describer("EndpointConfig", "endpoint configuration", _CONFIGS),
    "DescribeInferenceComponent": _describer("InferenceComponent", "inference-component", _COMPONENTS),
    "DescribeModel": _describer("Model", "model", _MODELS),
    "ListEndpoints": _lister("Endpoint", _ENDPOINTS, _endpoint_matches),
    "ListInferenceComponents": _lister("InferenceComponent", _COMPONENTS, _component_matches),
    "UpdateEndpoint": _update_endpoint,
}

SERVICE: Final = JsonService("sagemaker", _OPERATIONS)
