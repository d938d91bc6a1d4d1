"""Runtimes of Amazon Bedrock AgentCore whose artifact is a container image.

A runtime runs on microVMs, which are linux/arm64 (developer guide, "AgentCore Runtime service contract"), or on
Instances, which have the operating system and architecture of the runtime's capacity provider.

Each update of a runtime makes a version that never changes. The latest one counts: the endpoint ``DEFAULT`` follows it.
So does each other version that an endpoint serves, or is turned to: production is often an endpoint that stays behind
(developer guide, "AgentCore Runtime versioning and endpoints"). Versions that no endpoint serves cannot be invoked.

A runtime that is being deleted is over. One that failed in whatever way counts: it may go on with an earlier version.
No new image of a tag is taken without an update.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ecrguard.adapters.calls import Calls, GoneError
from ecrguard.adapters.references import in_registry
from ecrguard.adapters.sources.listing import Tokens, one_by_one, sighting
from ecrguard.domain.inventory import BadImage, Page, Sighting
from ecrguard.domain.platform import Platform
from ecrguard.domain.workload import Basis, Workload, WorkloadKind
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mypy_boto3_bedrock_agentcore_control.client import BedrockAgentCoreControlClient
    from mypy_boto3_bedrock_agentcore_control.type_defs import (
        GetAgentRuntimeResponseTypeDef,
        GetCapacityProviderOutputTypeDef,
    )

    from ecrguard.domain.image import Unknown
    from ecrguard.domain.reference import Registry

    type Hosts = tuple[tuple[Platform, ...], Basis]

ACTIONS = (
    "bedrock-agentcore:ListAgentRuntimes",
    "bedrock-agentcore:GetAgentRuntime",
    "bedrock-agentcore:ListAgentRuntimeEndpoints",
    "bedrock-agentcore:GetCapacityProvider",
)
"""IAM actions that reading needs; capacity providers are asked for runtimes on Instances only."""

_LIST, _GET, _ENDPOINTS, _PROVIDER = ACTIONS
_PAGE = 100
_SUBJECT = "AgentCore runtimes"
_GONE = ("ResourceNotFoundException",)
_DELETING = "DELETING"
_MICRO_VM = Platform("linux", "arm64")
_INSTANCES = {"LINUX_X86_64": Platform("linux", "amd64"), "LINUX_ARM64": Platform("linux", "arm64")}


@dataclass(slots=True)
class AgentCoreSource:
    """The AgentCore runtimes of this account and Region. A ``WorkloadSource``.

    Attributes:
        client: gives boto3's client of AgentCore's control plane; called when there is something to read.
        registry: that is guarded.
        calls: makes the calls.
    """

    client: Callable[[], BedrockAgentCoreControlClient]
    registry: Registry
    calls: Calls = field(default_factory=Calls)
    _tokens: Tokens = field(default_factory=Tokens)
    _providers: dict[str, Hosts | UnreadableError] = field(default_factory=dict)

    def page(self, cursor: str) -> Page:
        """The runtimes of a page, 100 at most.

        Raises:
            AbsentError: the Region has no AgentCore.
            UnreadableError: denied, throttled, unavailable.
        """
        with self.calls.to(_LIST, _SUBJECT):
            answer = self.client().list_agent_runtimes(maxResults=_PAGE, **({"nextToken": cursor} if cursor else {}))
        # By what is known to be over: a status that is new must not make a runtime invisible.
        alive = (each["agentRuntimeArn"] for each in answer["agentRuntimes"] if each["status"] != _DELETING)
        return Page(
            tuple(dict.fromkeys(alive)), self._tokens.follow(cursor, answer.get("nextToken", ""), _LIST, _SUBJECT)
        )

    def read(self, arns: Sequence[str]) -> dict[str, Sighting | Unknown]:
        """Every asked runtime as it is now: a call for each version that counts, and one for its endpoints.

        Raises:
            AbsentError: as :meth:`page`.
            UnreadableError: throttled or unavailable.
        """
        return one_by_one(arns, self._read)

    def _read(self, arn: str) -> Sighting:
        """Raises GoneError where the runtime does not exist, UnreadableError where a call was refused or failed."""
        identity = arn.rpartition("/")[2]
        subject = f"AgentCore runtime {identity}"
        with self.calls.to(_GET, subject, gone=_GONE):
            latest = self.client().get_agent_runtime(agentRuntimeId=identity)
        if latest["status"] == _DELETING:
            return Sighting(arn)
        name = latest["agentRuntimeName"]
        containers = [self._workload(arn, name, latest)]
        for version in self._served(identity, subject, latest["agentRuntimeVersion"]):
            try:
                with self.calls.to(_GET, f"{subject}, version {version}", gone=_GONE):
                    served = self.client().get_agent_runtime(agentRuntimeId=identity, agentRuntimeVersion=version)
            except GoneError:
                continue
            containers.append(self._workload(arn, f"{name}:{version}", served))
        return sighting(arn, containers)

    def _served(self, identity: str, subject: str, latest: str) -> list[str]:
        """The versions but the latest that endpoints serve or are turned to."""
        versions: set[str] = set()
        token, tokens = "", Tokens()
        while True:
            with self.calls.to(_ENDPOINTS, subject, gone=_GONE):
                answer = self.client().list_agent_runtime_endpoints(
                    agentRuntimeId=identity, maxResults=_PAGE, **({"nextToken": token} if token else {})
                )
            for endpoint in answer["runtimeEndpoints"]:
                if endpoint["status"] != _DELETING:
                    versions |= {endpoint.get("liveVersion", ""), endpoint.get("targetVersion", "")}
            token = tokens.follow(token, answer.get("nextToken", ""), _ENDPOINTS, subject)
            if not token:
                return sorted(versions - {"", latest}, key=int)

    def _workload(self, arn: str, name: str, runtime: GetAgentRuntimeResponseTypeDef) -> Workload | BadImage | None:
        """A version of a runtime if its image is of the registry; runtimes of code have none."""
        image = runtime.get("agentRuntimeArtifact", {}).get("containerConfiguration", {}).get("containerUri")
        if image is None:
            return None
        reference = in_registry(image, self.registry, f"AgentCore runtime {name}")
        if reference is None or isinstance(reference, BadImage):
            return reference
        provider = runtime.get("capacityProviderConfiguration", {}).get("capacityProviderArn", "")
        hosts, basis = self._provided(provider) if provider else ((_MICRO_VM,), Basis.SERVICE_DEFAULT)
        return Workload(
            kind=WorkloadKind.AGENTCORE_RUNTIME,
            arn=arn,
            name=name,
            container="",
            reference=reference,
            hosts=hosts,
            basis=basis,
        )

    def _provided(self, arn: str) -> Hosts:
        """The platform of a capacity provider's instances, asked once in the life of this object."""
        if arn not in self._providers:
            identity = arn.rpartition("/")[2]
            try:
                with self.calls.to(_PROVIDER, f"AgentCore capacity provider {identity}", gone=_GONE):
                    self._providers[arn] = _hosts(self.client().get_capacity_provider(capacityProviderId=identity))
            except GoneError:
                self._providers[arn] = ((), Basis.UNKNOWN)
            except UnreadableError as error:
                self._providers[arn] = error
        told = self._providers[arn]
        if isinstance(told, UnreadableError):
            raise told
        return told


def _hosts(provider: GetCapacityProviderOutputTypeDef) -> Hosts:
    """What a capacity provider states of its instances; nothing where they come from a source that is new."""
    source = provider["computeConfiguration"].get("ec2Configuration", {}).get("launchTemplateSource", {})
    stated = source.get("launchParameters", {}).get("operatingSystem", "")
    host = _INSTANCES.get(stated)
    if host is None:
        return (), Basis.UNRECOGNISED if stated else Basis.UNKNOWN
    return (host,), Basis.CAPACITY
