"""Amazon SageMaker in memory, as its API shows endpoints, their configurations, models and inference components."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.fakes.service import ACCOUNT, REGION, FakeService
from tests.fakes.wire import Record, Refusal, connect

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.client import SageMakerClient

DIGEST = "sha256:" + "d" * 64
_PREFIX = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
_THEN = datetime(2026, 3, 1, tzinfo=UTC)
_TIMES = {"CreationTime": _THEN, "LastModifiedTime": _THEN}
_MOST = 100


def variant(name: str = "all", *, instances: str = "ml.m5.large", model: str = "", **more: Any) -> Record:
    """A variant of an endpoint's configuration; on no stated instances where they are empty."""
    return (
        {"VariantName": name}
        | ({"InstanceType": instances, "InitialInstanceCount": 1} if instances else {})
        | ({"ModelName": model} if model else {})
        | more
    )


def deployed(*images: str, name: str = "all", digest: str = DIGEST) -> Record:
    """A variant as an endpoint tells of it, with the images that are deployed for it."""
    told = [{"SpecifiedImage": image} | _resolved(image, digest) for image in images]
    return {"VariantName": name} | ({"DeployedImages": told} if told else {})


def _resolved(image: str, digest: str) -> Record:
    return {"ResolvedImage": f"{image.partition('@')[0].rpartition(':')[0]}@{digest}"} if digest else {}


@dataclass(slots=True)
class FakeSageMaker(FakeService):
    """One account's SageMaker in one Region, everything by name."""

    endpoints: dict[str, Record] = field(default_factory=dict)
    configs: dict[str, Record] = field(default_factory=dict)
    models: dict[str, Record] = field(default_factory=dict)
    components: dict[str, Record] = field(default_factory=dict)

    @property
    def client(self) -> SageMakerClient:
        client: SageMakerClient = connect("sagemaker", self._answer, self.region)
        return client

    def serve(self, name: str, image: str, *, instances: str = "ml.m5.large", **more: Any) -> str:
        """Create an endpoint of one variant that has an image deployed; its ARN."""
        self.config(name, variant(instances=instances, model=name, **more))
        return self.endpoint(name, deployed(image))

    def endpoint(self, name: str, *variants: Record, status: str = "InService", config: str = "", **more: Any) -> str:
        """Create an endpoint; its ARN, which has the name in lower case as SageMaker's have."""
        arn = f"{_PREFIX}:endpoint/{name.lower()}"
        self.endpoints[name] = (
            {"EndpointName": name, "EndpointArn": arn, "EndpointStatus": status, "EndpointConfigName": config or name}
            | _TIMES
            | ({"ProductionVariants": list(variants)} if variants else {})
            | more
        )
        return arn

    def remove(self, arn: str) -> None:
        """Delete an endpoint."""
        self.endpoints = {name: each for name, each in self.endpoints.items() if each["EndpointArn"] != arn}

    def config(self, name: str, *variants: Record, shadow: tuple[Record, ...] = ()) -> None:
        """Create a configuration of endpoints."""
        self.configs[name] = {
            "EndpointConfigName": name,
            "EndpointConfigArn": f"{_PREFIX}:endpoint-config/{name.lower()}",
            "ProductionVariants": list(variants),
            "CreationTime": _THEN,
        } | ({"ShadowProductionVariants": list(shadow)} if shadow else {})

    def model(self, name: str, *images: str) -> None:
        """Create a model: a single container, or several in a row."""
        containers = [{"Image": image} if image else {"ModelPackageName": "bought"} for image in images]
        of_it = {"PrimaryContainer": containers[0]} if len(containers) == 1 else {"Containers": containers}
        arn = f"{_PREFIX}:model/{name.lower()}"
        self.models[name] = {"ModelName": name, "ModelArn": arn, "CreationTime": _THEN} | of_it

    def component(self, name: str, endpoint: str, *specifications: Record, status: str = "InService") -> None:
        """Create an inference component on the variant ``all`` of an endpoint."""
        one = len(specifications) == 1
        self.components[name] = {
            "InferenceComponentName": name,
            "InferenceComponentArn": f"{_PREFIX}:inference-component/{name.lower()}",
            "EndpointName": endpoint,
            "EndpointArn": self.endpoints[endpoint]["EndpointArn"],
            "VariantName": "all",
            "InferenceComponentStatus": status,
        } | ({"Specification": specifications[0]} if one else {"Specifications": list(specifications)})

    def _reply(self, operation: str, asked: Record) -> Record:
        if operation == "ListEndpoints":
            names, token = self._page(list(self.endpoints), asked.get("NextToken"), asked.get("MaxResults", 10))
            return {"Endpoints": [_summary(self.endpoints[name], "Endpoint") for name in names]} | _next(token)
        if operation == "ListInferenceComponents":
            place = (asked["EndpointNameEquals"], asked["VariantNameEquals"])
            found = [
                name for name, each in self.components.items() if (each["EndpointName"], each["VariantName"]) == place
            ]
            names, token = self._page(found, asked.get("NextToken"), asked.get("MaxResults", 10))
            told = [_summary(self.components[name], "InferenceComponent") for name in names]
            return {"InferenceComponents": told} | _next(token)
        if operation == "DescribeEndpoint":
            return _held(self.endpoints, asked["EndpointName"], "endpoint")
        if operation == "DescribeEndpointConfig":
            return _held(self.configs, asked["EndpointConfigName"], "endpoint configuration")
        if operation == "DescribeModel":
            return _held(self.models, asked["ModelName"], "model")
        assert operation == "DescribeInferenceComponent", operation
        return _held(self.components, asked["InferenceComponentName"], "inference component") | _TIMES


def _summary(one: Record, kind: str) -> Record:
    told = {f"{kind}Name", f"{kind}Arn", f"{kind}Status", "EndpointName", "EndpointArn", "VariantName"}
    return {key: value for key, value in one.items() if key in told} | _TIMES


def _held(held: dict[str, Record], name: str, kind: str) -> Record:
    if name not in held:
        raise Refusal("ValidationException", f'Could not find {kind} "{name}".')
    return held[name]


def _next(token: str | None) -> Record:
    return {"NextToken": token} if token else {}
