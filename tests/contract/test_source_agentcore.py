"""AgentCore runtimes as a source: which versions count, and what they run on."""

from __future__ import annotations

from typing import Any

import pytest
from tests.contract.source_world import REGISTRY
from tests.fakes.agentcore import FakeAgentCore
from tests.fakes.wire import Refusal

from ecrguard.adapters.sources.agentcore import AgentCoreSource
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.inventory import Sighting
from ecrguard.domain.platform import Platform
from ecrguard.domain.reference import parse_reference
from ecrguard.domain.workload import Basis, Workload, WorkloadKind
from ecrguard.errors import UnreadableError

APP = f"{REGISTRY.host}/app:1"
NEXT = f"{REGISTRY.host}/app:2"
AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
DENIED = Refusal("AccessDeniedException", "User is not authorized", 403)


@pytest.fixture
def agentcore() -> FakeAgentCore:
    return FakeAgentCore()


def source(agentcore: FakeAgentCore) -> AgentCoreSource:
    return AgentCoreSource(lambda: agentcore.client, REGISTRY)


def read(agentcore: FakeAgentCore, arn: str) -> tuple[Workload, ...]:
    answer = source(agentcore).read([arn])[arn]
    assert isinstance(answer, Sighting), answer
    return answer.workloads


def images(agentcore: FakeAgentCore, arn: str) -> dict[str, str]:
    return {each.name: str(each.reference) for each in read(agentcore, arn)}


def test_a_runtime_on_micro_vms_is_arm64_and_nothing_else(agentcore: FakeAgentCore) -> None:
    arn = agentcore.runtime("agent", APP)

    assert read(agentcore, arn) == (
        Workload(
            kind=WorkloadKind.AGENTCORE_RUNTIME,
            arn=arn,
            name="agent",
            container="",
            reference=parse_reference(APP),
            hosts=(ARM64,),
            basis=Basis.SERVICE_DEFAULT,
        ),
    )


@pytest.mark.parametrize(
    ("system", "hosts", "basis"),
    [
        ("LINUX_X86_64", (AMD64,), Basis.CAPACITY),
        ("LINUX_ARM64", (ARM64,), Basis.CAPACITY),
        ("LINUX_RISCV64", (), Basis.UNRECOGNISED),
    ],
)
def test_a_runtime_on_instances_is_what_its_capacity_provider_is(
    agentcore: FakeAgentCore, system: str, hosts: tuple[Platform, ...], basis: Basis
) -> None:
    arn = agentcore.runtime("agent", APP, provider=agentcore.provider("large", system))

    (workload,) = read(agentcore, arn)

    assert (workload.hosts, workload.basis) == (hosts, basis)


def test_a_capacity_provider_that_is_gone_leaves_the_platform_unknown(agentcore: FakeAgentCore) -> None:
    arn = agentcore.runtime("agent", APP, provider=agentcore.provider("large", "LINUX_X86_64"))
    agentcore.providers.clear()

    (workload,) = read(agentcore, arn)

    assert (workload.hosts, workload.basis) == ((), Basis.UNKNOWN)


def test_a_capacity_provider_is_asked_once_and_for_images_of_the_registry_only(agentcore: FakeAgentCore) -> None:
    large, other = (agentcore.provider(name, "LINUX_X86_64") for name in ("large", "other"))
    arns = [agentcore.runtime(f"agent{each}", APP, provider=large) for each in range(3)]
    arns.append(agentcore.runtime("elsewhere", "public.ecr.aws/team/app:1", provider=other))

    source(agentcore).read(arns)

    assert [asked for name, asked in agentcore.calls if name == "GetCapacityProvider"] == [
        {"capacityProviderId": "large-0000000000"}
    ]


def test_a_capacity_provider_that_may_not_be_read_makes_its_runtimes_unknown(agentcore: FakeAgentCore) -> None:
    large = agentcore.provider("large", "LINUX_X86_64")
    closed = [agentcore.runtime(f"agent{each}", APP, provider=large) for each in range(2)]
    opened = agentcore.runtime("open", APP)
    agentcore.failing["GetCapacityProvider"] = DENIED

    answers = source(agentcore).read([*closed, opened])

    assert [type(answers[arn]) for arn in (*closed, opened)] == [Unknown, Unknown, Sighting]
    assert agentcore.count("GetCapacityProvider") == 1


def test_a_runtime_of_code_runs_no_image(agentcore: FakeAgentCore) -> None:
    assert read(agentcore, agentcore.runtime("script")) == ()


def test_a_version_that_an_endpoint_stays_at_counts_beside_the_latest(agentcore: FakeAgentCore) -> None:
    arn = agentcore.runtime("agent", APP)
    agentcore.endpoint(arn, "production", "1")
    agentcore.update(arn, NEXT)

    assert images(agentcore, arn) == {"agent": NEXT, "agent:1": APP}


def test_a_version_that_no_endpoint_serves_does_not_count(agentcore: FakeAgentCore) -> None:
    arn = agentcore.runtime("agent", APP)
    agentcore.update(arn, NEXT)

    assert images(agentcore, arn) == {"agent": NEXT}
    assert agentcore.count("GetAgentRuntime") == 1


def test_a_version_that_an_endpoint_is_being_turned_to_counts(agentcore: FakeAgentCore) -> None:
    arn = agentcore.runtime("agent", APP)
    agentcore.update(arn, NEXT)
    agentcore.update(arn)
    agentcore.endpoint(arn, "production", "1", target="2", status="UPDATING")

    assert images(agentcore, arn) == {"agent:1": APP, "agent:2": NEXT}


def test_an_endpoint_that_is_being_deleted_serves_nothing(agentcore: FakeAgentCore) -> None:
    arn = agentcore.runtime("agent", APP)
    agentcore.update(arn, NEXT)
    agentcore.endpoint(arn, "production", "1", status="DELETING")

    assert images(agentcore, arn) == {"agent": NEXT}


def test_a_version_that_went_between_the_calls_is_no_failure(agentcore: FakeAgentCore) -> None:
    arn = agentcore.runtime("agent", APP)
    agentcore.update(arn, NEXT)
    agentcore.endpoint(arn, "production", "7")

    assert images(agentcore, arn) == {"agent": NEXT}


def test_a_runtime_that_went_between_its_calls_is_gone(agentcore: FakeAgentCore) -> None:
    arn = agentcore.runtime("agent", APP)
    agentcore.failing["ListAgentRuntimeEndpoints"] = lambda _: agentcore.runtimes.clear()

    assert read(agentcore, arn) == ()


def test_the_endpoints_of_all_pages_count_and_pages_that_repeat_are_not_endless(agentcore: FakeAgentCore) -> None:
    arn = agentcore.runtime("agent", APP)
    for each in range(150):
        agentcore.endpoint(arn, f"stage{each}", "1")
    agentcore.update(arn, NEXT)
    agentcore.endpoint(arn, "last", "1")

    assert images(agentcore, arn) == {"agent": NEXT, "agent:1": APP}
    assert agentcore.count("ListAgentRuntimeEndpoints") == 2

    agentcore.stuck = True
    with pytest.raises(UnreadableError, match="ListAgentRuntimeEndpoints gave the same page twice"):
        source(agentcore).read([arn])


@pytest.mark.parametrize(
    ("status", "counts"),
    [
        ("READY", True),
        ("CREATING", True),
        ("UPDATING", True),
        ("CREATE_FAILED", True),
        ("UPDATE_FAILED", True),
        ("DELETE_FAILED", True),
        ("HIBERNATING", True),
        ("DELETING", False),
    ],
)
def test_a_runtime_counts_until_it_is_being_deleted(
    agentcore: FakeAgentCore,
    status: str,
    counts: bool,  # noqa: FBT001 - a table
) -> None:
    arn = agentcore.runtime("agent", APP, status=status)

    assert (arn in source(agentcore).page("").arns) is counts
    assert bool(read(agentcore, arn)) is counts


def test_just_these_calls_are_made(agentcore: FakeAgentCore) -> None:
    arn = agentcore.runtime("agent", APP)
    agentcore.endpoint(arn, "production", "1")
    agentcore.update(arn, NEXT)
    identity = arn.rpartition("/")[2]

    reading = source(agentcore)
    reading.read(reading.page("").arns)

    assert agentcore.calls == [
        ("ListAgentRuntimes", {"maxResults": 100}),
        ("GetAgentRuntime", {"agentRuntimeId": identity}),
        ("ListAgentRuntimeEndpoints", {"agentRuntimeId": identity, "maxResults": 100}),
        ("GetAgentRuntime", {"agentRuntimeId": identity, "agentRuntimeVersion": "1"}),
    ]


def test_one_runtime_that_is_denied_does_not_hide_the_others(agentcore: FakeAgentCore) -> None:
    closed, opened = agentcore.runtime("closed", APP), agentcore.runtime("open", APP)

    def deny(asked: dict[str, Any]) -> None:
        if asked["agentRuntimeId"].startswith("closed"):
            raise DENIED

    agentcore.failing["GetAgentRuntime"] = deny

    answers = source(agentcore).read([closed, opened])

    refused = answers[closed]
    assert isinstance(refused, Unknown)
    assert refused.reason is UnknownReason.ACCESS_DENIED
    assert "bedrock-agentcore:GetAgentRuntime was denied for AgentCore runtime closed" in refused.detail
    assert isinstance(answers[opened], Sighting)
