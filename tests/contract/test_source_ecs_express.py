"""The source of ECS services: those of Express Mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.contract.ecs_reading import AMD64, APP, ARM64, DENIED, only, services
from tests.fakes.ecs_account import digest_of

from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.workload import Basis, WorkloadKind

if TYPE_CHECKING:
    from tests.fakes.ecs import FakeEcs

    from ecrguard.domain.inventory import Sighting
    from ecrguard.domain.platform import Platform


def read(ecs: FakeEcs, arn: str) -> Sighting | Unknown:
    return services(ecs).read([arn])[arn]


def test_an_express_service_is_a_kind_of_its_own(ecs: FakeEcs) -> None:
    arn = ecs.express_service("shop", APP)

    workload = only(read(ecs, arn))

    assert (workload.kind, workload.label) == (
        WorkloadKind.ECS_EXPRESS_SERVICE,
        "ECS Express service default/shop, container Main",
    )
    assert (str(workload.reference), workload.resolved) == (APP, digest_of(APP))


@pytest.mark.parametrize(
    ("cpu", "stated", "override", "known"),
    [
        ("X86_64", "X86_64", "", (AMD64, Basis.EXPLICIT)),
        ("ARM64", "ARM64", "", (ARM64, Basis.EXPLICIT)),
        ("ARM64", "", "", (ARM64, Basis.EXPLICIT)),
        ("", "", "", (AMD64, Basis.SERVICE_DEFAULT)),
        ("X86_64", "X86_64", "ARM64", (ARM64, Basis.OVERRIDE)),
        ("ARM64", "X86_64", "X86_64", (AMD64, Basis.OVERRIDE)),
    ],
)
def test_the_architecture_is_what_ecs_set_or_what_is_stated_or_x86_64(
    ecs: FakeEcs, cpu: str, stated: str, override: str, known: tuple[Platform, Basis]
) -> None:
    arn = ecs.express_service("shop", APP, cpu=cpu, stated=stated)
    for revision in ecs.revisions.values() if override else ():
        revision["overrides"] = {"runtimePlatform": {"cpuArchitecture": override}}

    workload = only(read(ecs, arn))

    assert (workload.hosts, workload.basis) == ((known[0],), known[1])


def test_an_express_service_without_definition_runs_the_image_of_its_configuration(ecs: FakeEcs) -> None:
    arn = ecs.express_service("shop", APP, cpu="ARM64")
    service = ecs.clusters["default"][arn]
    service |= {"currentServiceRevisions": [], "deployments": []}
    del service["taskDefinition"]
    del ecs.express[arn]["activeConfigurations"][0]["taskDefinitionArn"]

    workload = only(read(ecs, arn))

    assert (str(workload.reference), workload.container, workload.hosts) == (APP, "Main", (ARM64,))


def test_an_express_service_that_express_does_not_know_runs_its_deployments(ecs: FakeEcs) -> None:
    arn = ecs.express_service("shop", APP, cpu="ARM64")
    del ecs.express[arn]

    workload = only(read(ecs, arn))

    assert (workload.kind, workload.hosts) == (WorkloadKind.ECS_EXPRESS_SERVICE, (ARM64,))


def test_an_express_service_whose_configuration_may_not_be_read_is_unknown(ecs: FakeEcs) -> None:
    arn, other = ecs.express_service("shop", APP), ecs.service("web", ecs.definition(APP))
    ecs.failing["DescribeExpressGatewayService"] = DENIED

    answers = services(ecs).read([arn, other])

    refused = answers[arn]
    assert isinstance(refused, Unknown)
    assert (refused.reason, refused.subject) == (UnknownReason.ACCESS_DENIED, "ECS Express service default/shop")
    assert only(answers[other]).name == "prod/web"
