"""SageMaker endpoints whose containers run an image of the registry.

An endpoint has variants, in production or in shadow, each on instances of stated types or serverless. DescribeEndpoint
tells what is deployed for each: the image as the model names it, and the digest that it was resolved to. Where nothing
is deployed yet, the model of the variant names it. A variant without a model hosts inference components, which bring
their own. While an endpoint is updated, both what serves and what is to come count.

The instance type decides the platform; serverless inference runs on Lambda, for which SageMaker has no setting: x86_64.

Models that no endpoint uses do not count. They matter for batch transform jobs alone, which name their instance type
when they are started: nothing that could be read before says what such a model needs, and old models are kept in
thousands. Training, processing and transform jobs pass; they are no workloads that wait for a push.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ecrguard.adapters.aws_errors import error_code
from ecrguard.adapters.calls import Calls, GoneError
from ecrguard.adapters.references import in_registry
from ecrguard.adapters.sources.instance_types import instance_platform
from ecrguard.adapters.sources.listing import Tokens, one_by_one, sighting
from ecrguard.domain.inventory import BadImage, Page, Sighting
from ecrguard.domain.platform import Platform
from ecrguard.domain.reference import is_digest
from ecrguard.domain.workload import Basis, Workload, WorkloadKind
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from mypy_boto3_sagemaker.client import SageMakerClient
    from mypy_boto3_sagemaker.type_defs import (
        DescribeEndpointOutputTypeDef,
        InferenceComponentSpecificationSummaryTypeDef,
        ListEndpointsInputTypeDef,
        ListEndpointsOutputTypeDef,
        ListInferenceComponentsInputTypeDef,
        PendingProductionVariantSummaryTypeDef,
        ProductionVariantOutputTypeDef,
        ProductionVariantSummaryTypeDef,
    )

    from ecrguard.domain.image import Unknown
    from ecrguard.domain.reference import Registry

    type Hosts = tuple[tuple[Platform, ...], Basis]
    type Summary = ProductionVariantSummaryTypeDef | PendingProductionVariantSummaryTypeDef

ACTIONS = (
    "sagemaker:ListEndpoints",
    "sagemaker:DescribeEndpoint",
    "sagemaker:DescribeEndpointConfig",
    "sagemaker:DescribeModel",
    "sagemaker:ListInferenceComponents",
    "sagemaker:DescribeInferenceComponent",
)
"""IAM actions that reading needs; the last three for variants of which nothing is said to be deployed."""

_LIST, _DESCRIBE, _CONFIG, _MODEL, _COMPONENTS, _COMPONENT = ACTIONS
_PAGE = 100
_SUBJECT = "SageMaker endpoints"
# A failed endpoint can only be deleted (API reference, "DescribeEndpoint").
_DEAD = frozenset({"Deleting", "Failed"})
_DELETING = "Deleting"
_SERVERLESS = Platform("linux", "amd64")


@dataclass(frozen=True, slots=True)
class _Image:
    """An image that a variant runs; ``place`` tells it from the others of the variant."""

    text: str
    resolved: str = ""
    place: str = ""
    hosts: Hosts | None = None


@dataclass(slots=True)
class SageMakerSource:
    """The SageMaker endpoints of this account and Region. A ``WorkloadSource``.

    Attributes:
        client: gives boto3's SageMaker client; called when there is something to read.
        registry: that is guarded.
        calls: makes the calls.
    """

    client: Callable[[], SageMakerClient]
    registry: Registry
    calls: Calls = field(default_factory=Calls)
    _tokens: Tokens = field(default_factory=Tokens)
    _names: dict[str, str] = field(default_factory=dict)
    _all_named: bool = field(default=False)
    _models: dict[str, tuple[str, ...] | UnreadableError] = field(default_factory=dict)

    def page(self, cursor: str) -> Page:
        """The endpoints of a page, 100 at most, the oldest first: new ones come at the end.

        Raises:
            AbsentError: the Region has no SageMaker.
            UnreadableError: denied, throttled, unavailable.
        """
        answer = self._list(cursor)
        # By what is known to be over: a status that is new must not make an endpoint invisible.
        alive = (each["EndpointArn"] for each in answer["Endpoints"] if each["EndpointStatus"] not in _DEAD)
        return Page(
            tuple(dict.fromkeys(alive)), self._tokens.follow(cursor, answer.get("NextToken", ""), _LIST, _SUBJECT)
        )

    def _list(self, token: str) -> ListEndpointsOutputTypeDef:
        asked: ListEndpointsInputTypeDef = {"SortBy": "CreationTime", "SortOrder": "Ascending", "MaxResults": _PAGE}
        if token:
            asked["NextToken"] = token
        with self.calls.to(_LIST, _SUBJECT):
            answer = self.client().list_endpoints(**asked)
        self._names |= {each["EndpointArn"]: each["EndpointName"] for each in answer["Endpoints"]}
        return answer

    def read(self, arns: Sequence[str]) -> dict[str, Sighting | Unknown]:
        """Every asked endpoint as it is now: two calls each, more where it is being updated or hosts components.

        Raises:
            AbsentError: as :meth:`page`.
            UnreadableError: throttled or unavailable.
        """
        return one_by_one(arns, self._read)

    def _read(self, arn: str) -> Sighting:
        """Raises GoneError where the endpoint does not exist, UnreadableError where a call was refused or failed."""
        endpoint = self._endpoint(arn)
        if endpoint["EndpointStatus"] in _DEAD:
            return Sighting(arn)
        pending = endpoint.get("PendingDeploymentSummary", {})
        serving: list[Summary] = [
            *endpoint.get("ProductionVariants", []),
            *endpoint.get("ShadowProductionVariants", []),
        ]
        coming: list[Summary] = [*pending.get("ProductionVariants", []), *pending.get("ShadowProductionVariants", [])]
        told = [
            *self._containers(arn, endpoint["EndpointName"], endpoint.get("EndpointConfigName", ""), serving),
            *self._containers(arn, endpoint["EndpointName"], pending.get("EndpointConfigName", ""), coming),
        ]
        return sighting(arn, dict.fromkeys(told))

    def _endpoint(self, arn: str) -> DescribeEndpointOutputTypeDef:
        """An endpoint by its ARN.

        ARNs have names in lower case, whatever the case of the name. So an endpoint that cannot be found by what its
        ARN has is looked for among all before it counts as gone.
        """
        name = self._names.get(arn, arn.rpartition("/")[2])
        try:
            with self._calling(_DESCRIBE, f"SageMaker endpoint {name}"):
                return self.client().describe_endpoint(EndpointName=name)
        except GoneError:
            if arn in self._names or self._all_named:
                raise
        self._name_all()
        name = self._names.get(arn, "")
        if not name:
            raise GoneError(arn)
        with self._calling(_DESCRIBE, f"SageMaker endpoint {name}"):
            return self.client().describe_endpoint(EndpointName=name)

    def _name_all(self) -> None:
        token, tokens = "", Tokens()
        while True:
            token = tokens.follow(token, self._list(token).get("NextToken", ""), _LIST, _SUBJECT)
            if not token:
                break
        self._all_named = True

    def _containers(
        self, arn: str, name: str, config: str, deployed: Iterable[Summary]
    ) -> Iterator[Workload | BadImage | None]:
        """What the variants of one configuration of an endpoint run.

        Args:
            arn: of the endpoint.
            name: of the endpoint.
            config: name of the configuration; empty for none.
            deployed: its variants, as the endpoint tells of them.
        """
        stated = self._variants(config) if config else {}
        told = {each["VariantName"]: _deployed(each) for each in deployed}
        for variant in dict.fromkeys([*told, *stated]):
            hosts = _hosts(stated[variant]) if variant in stated else ((), Basis.UNKNOWN)
            images = told.get(variant) or self._undeployed(name, variant, stated.get(variant))
            for number, image in enumerate(images, 1):
                place = image.place or (str(number) if len(images) > 1 else "")
                container = f"{variant}/{place}" if place else variant
                yield self._workload(arn, name, container, image, image.hosts or hosts)

    def _workload(self, arn: str, name: str, container: str, image: _Image, hosts: Hosts) -> Workload | BadImage | None:
        reference = in_registry(image.text, self.registry, f"SageMaker endpoint {name}, container {container}")
        if reference is None or isinstance(reference, BadImage):
            return reference
        return Workload(
            kind=WorkloadKind.SAGEMAKER_ENDPOINT,
            arn=arn,
            name=name,
            container=container,
            reference=reference,
            hosts=hosts[0],
            basis=hosts[1],
            resolved=image.resolved,
        )

    def _variants(self, config: str) -> Mapping[str, ProductionVariantOutputTypeDef]:
        """The variants of a configuration; none where somebody deleted it, which SageMaker allows."""
        try:
            with self._calling(_CONFIG, f"SageMaker endpoint configuration {config}"):
                answer = self.client().describe_endpoint_config(EndpointConfigName=config)
        except GoneError:
            return {}
        variants = [*answer["ProductionVariants"], *answer.get("ShadowProductionVariants", [])]
        return {each["VariantName"]: each for each in variants}

    def _undeployed(
        self, endpoint: str, variant: str, stated: ProductionVariantOutputTypeDef | None
    ) -> tuple[_Image, ...]:
        """The images of a variant of which nothing is said to be deployed."""
        pools = stated.get("InstancePools", []) if stated else []
        models = [stated.get("ModelName", "") if stated else "", *(each.get("ModelNameOverride", "") for each in pools)]
        if not any(models):
            return tuple(self._components(endpoint, variant))
        return tuple(_Image(text) for model in dict.fromkeys(models) if model for text in self._model(model))

    def _model(self, name: str) -> tuple[str, ...]:
        """The images that a model names, asked once in the life of this object; none where it is gone."""
        if name not in self._models:
            try:
                with self._calling(_MODEL, f"SageMaker model {name}"):
                    answer = self.client().describe_model(ModelName=name)
            except GoneError:
                self._models[name] = ()
            except UnreadableError as error:
                self._models[name] = error
            else:
                primary = answer.get("PrimaryContainer")
                containers = [*([primary] if primary else []), *answer.get("Containers", [])]
                self._models[name] = tuple(each["Image"] for each in containers if "Image" in each)
        told = self._models[name]
        if isinstance(told, UnreadableError):
            raise told
        return told

    def _components(self, endpoint: str, variant: str) -> Iterator[_Image]:
        """The images of the inference components on a variant; an adapter on another component has none of its own."""
        subject = f"the inference components of SageMaker endpoint {endpoint}"
        asked: ListInferenceComponentsInputTypeDef = {
            "EndpointNameEquals": endpoint,
            "VariantNameEquals": variant,
            "MaxResults": _PAGE,
        }
        token, tokens = "", Tokens()
        while True:
            if token:
                asked["NextToken"] = token
            with self._calling(_COMPONENTS, subject):
                answer = self.client().list_inference_components(**asked)
            for each in answer["InferenceComponents"]:
                if each.get("InferenceComponentStatus") != _DELETING:
                    yield from self._component(each["InferenceComponentName"])
            token = tokens.follow(token, answer.get("NextToken", ""), _COMPONENTS, subject)
            if not token:
                return

    def _component(self, name: str) -> Iterator[_Image]:
        try:
            with self._calling(_COMPONENT, f"SageMaker inference component {name}"):
                answer = self.client().describe_inference_component(InferenceComponentName=name)
        except GoneError:
            return
        single = answer.get("Specification")
        for stated in [*([single] if single else []), *answer.get("Specifications", [])]:
            yield from self._specified(name, stated)

    def _specified(self, name: str, stated: InferenceComponentSpecificationSummaryTypeDef) -> Iterator[_Image]:
        kind = stated.get("InstanceType", "")
        hosts = _of_types([kind]) if kind else None
        place = f"{name}/{kind}" if kind else name
        deployed = stated.get("Container", {}).get("DeployedImage", {})
        text = deployed.get("SpecifiedImage") or deployed.get("ResolvedImage", "")
        if text:
            yield _Image(text, _digest(deployed.get("ResolvedImage", "")), place, hosts)
        elif model := stated.get("ModelName", ""):
            yield from (_Image(image, "", place, hosts) for image in self._model(model))

    @contextmanager
    def _calling(self, action: str, subject: str) -> Iterator[None]:
        """Around one call; SageMaker has no code of its own for what does not exist.

        Raises:
            GoneError: it says that it could not find what was asked about.
        """
        with self.calls.to(action, subject):
            try:
                yield
            except ClientError as error:
                message = str(error.response.get("Error", {}).get("Message", ""))
                if error_code(error) == "ValidationException" and "could not find" in message.lower():
                    raise GoneError(subject) from error
                raise


def _deployed(variant: Summary) -> tuple[_Image, ...]:
    """The images of a variant, as the endpoint tells of them."""
    found = [
        _Image(each.get("SpecifiedImage") or each.get("ResolvedImage", ""), _digest(each.get("ResolvedImage", "")))
        for each in variant.get("DeployedImages", [])
    ]
    return tuple(image for image in found if image.text)


def _hosts(stated: ProductionVariantOutputTypeDef) -> Hosts:
    """The platforms that a variant runs on.

    Where its instance types are of several platforms and name models of their own, which image runs where is not told.
    """
    if "ServerlessConfig" in stated:
        return (_SERVERLESS,), Basis.SERVICE_DEFAULT
    pools = stated.get("InstancePools", [])
    hosts, basis = _of_types([stated.get("InstanceType", ""), *(each["InstanceType"] for each in pools)])
    if len(hosts) > 1 and any("ModelNameOverride" in each for each in pools):
        return (), Basis.UNKNOWN
    return hosts, basis


def _of_types(instance_types: Iterable[str]) -> Hosts:
    hosts = {instance_platform(each) for each in instance_types if each}
    known = tuple(sorted((host for host in hosts if host is not None), key=str))
    if len(known) < len(hosts):
        return (), Basis.UNRECOGNISED
    return known, Basis.EXPLICIT if known else Basis.UNKNOWN


def _digest(image: str) -> str:
    digest = image.rpartition("@")[2]
    return digest if is_digest(digest) else ""
