"""The source of ECS services: which deployments count, which digests they have pinned, and where they run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.contract.ecs_reading import AMD64, APP, ARM64, DENIED, REGISTRY, only, services, whole
from tests.fakes.ecs_account import digest_of
from tests.fakes.wire import Refusal

from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.inventory import Sighting
from ecrguard.domain.workload import Basis, WorkloadKind

if TYPE_CHECKING:
    from tests.fakes.ecs import FakeEcs

OLD, NEW = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
BY_CODE_DEPLOY: dict[str, Any] = {"deploymentController": {"type": "CODE_DEPLOY"}, "deployments": []}
EXTERNAL: dict[str, Any] = {"deploymentController": {"type": "EXTERNAL"}, "deployments": [], "taskDefinition": None}


def task_set(service: str, definition: str, status: str = "PRIMARY", **more: Any) -> dict[str, Any]:
    return {"id": "ecs-svc/1", "serviceArn": service, "status": status, "taskDefinition": definition} | more


def read(ecs: FakeEcs, arn: str) -> Sighting | Unknown:
    return services(ecs).read([arn])[arn]


def test_a_service_is_told_with_all_that_there_is_to_know_of_it(ecs: FakeEcs) -> None:
    arn = ecs.service("web", ecs.definition(APP, cpu="ARM64", os="LINUX"))

    workload = only(read(ecs, arn))

    assert workload.kind is WorkloadKind.ECS_SERVICE
    assert (workload.arn, workload.name, workload.container) == (arn, "prod/web", "app")
    assert (str(workload.reference), workload.resolved) == (APP, digest_of(APP))
    assert (workload.hosts, workload.basis) == ((ARM64,), Basis.EXPLICIT)
    assert (workload.definition, workload.deploys_on_push) == ("web:1", False)


def test_a_service_is_told_by_the_arn_that_it_was_asked_for_by(ecs: FakeEcs) -> None:
    arn = ecs.service("web", ecs.definition(APP))
    ecs.clusters["prod"][arn]["serviceArn"] = arn.replace("/prod/", "/")

    assert only(read(ecs, arn)).arn == arn


def test_a_service_scaled_to_zero_counts_and_one_that_is_deleted_does_not(ecs: FakeEcs) -> None:
    definition = ecs.definition(APP)
    asleep = ecs.service("asleep", definition, desiredCount=0, runningCount=0)
    over = [ecs.service(status.lower(), definition, status=status) for status in ("DRAINING", "INACTIVE")]

    answers = services(ecs).read([asleep, *over])

    assert only(answers[asleep]).name == "prod/asleep"
    assert [answers[arn] for arn in over] == [Sighting(arn) for arn in over]


def test_every_container_counts_and_has_the_digest_of_its_own_name(ecs: FakeEcs) -> None:
    images = {"app": APP, "sidecar": f"{REGISTRY.host}/proxy:2", "logs": "fluent/fluent-bit:3"}
    arn = ecs.service("web", ecs.definition(images))
    for revision in ecs.revisions.values():
        revision["containerImages"].reverse()

    answer = read(ecs, arn)

    assert isinstance(answer, Sighting)
    assert {each.container: each.resolved for each in answer.workloads} == {
        "app": digest_of(APP),
        "sidecar": digest_of(f"{REGISTRY.host}/proxy:2"),
    }


def test_a_digest_that_ecs_has_not_resolved_is_not_made_up(ecs: FakeEcs) -> None:
    arn = ecs.service("web", ecs.definition(APP), currentServiceRevisions=[])
    ecs.redeploy(arn, ecs.definition(APP), digests={})

    assert {each.resolved for each in whole(services(ecs)).workloads} == {""}


def test_both_sides_of_a_deployment_count_while_both_have_tasks(ecs: FakeEcs) -> None:
    arn = ecs.service("web", ecs.definition(APP, cpu="X86_64", os="LINUX"))
    ecs.redeploy(arn, ecs.definition(APP, cpu="ARM64", os="LINUX"))

    answer = read(ecs, arn)

    assert isinstance(answer, Sighting)
    assert {each.definition: each.hosts for each in answer.workloads} == {"web:1": (AMD64,), "web:2": (ARM64,)}


def test_one_container_with_two_digests_is_two_workloads(ecs: FakeEcs) -> None:
    definition = ecs.definition(APP)
    arn = ecs.service("web", definition, currentServiceRevisions=[])
    ecs.redeploy(arn, definition, digests={"app": OLD})
    ecs.redeploy(arn, definition, digests={"app": NEW})

    answer = read(ecs, arn)

    assert isinstance(answer, Sighting)
    assert sorted((each.container, each.definition, each.resolved) for each in answer.workloads) == [
        ("app", "web:1", OLD),
        ("app", "web:1", NEW),
    ]


def test_one_container_on_two_capacities_is_one_workload_with_both_hosts(ecs: FakeEcs) -> None:
    ecs.instance("arm64")
    definition = ecs.definition(APP)
    arn = ecs.service("web", definition)
    ecs.redeploy(arn, definition, launchType="EC2", platformFamily="", platformVersion="")

    workload = only(read(ecs, arn))

    assert (workload.hosts, workload.basis) == ((AMD64, ARM64), Basis.CAPACITY)


def test_the_capacity_of_a_revision_counts_before_that_of_its_service(ecs: FakeEcs) -> None:
    ecs.instance("arm64", provider="graviton")
    arn = ecs.service("web", ecs.definition(APP))
    (revision,) = ecs.revisions.values()
    for member in ("launchType", "platformFamily"):
        del revision[member]
    revision["capacityProviderStrategy"] = [{"capacityProvider": "graviton"}]

    assert only(read(ecs, arn)).hosts == (ARM64,)


@pytest.mark.parametrize(
    ("cpu", "hosts", "basis"),
    [
        ("ARM64", (ARM64,), Basis.OVERRIDE),
        ("X86_64", (AMD64,), Basis.OVERRIDE),
        ("RISCV64", (), Basis.UNRECOGNISED),
    ],
)
def test_what_ecs_sets_besides_counts_before_the_definition(
    ecs: FakeEcs, cpu: str, hosts: tuple[object, ...], basis: Basis
) -> None:
    arn = ecs.service("web", ecs.definition(APP, cpu="X86_64", os="LINUX"), currentServiceRevisions=[], deployments=[])
    ecs.redeploy(arn, ecs.definition(APP, cpu="X86_64", os="LINUX"), cpu=cpu)

    workload = only(read(ecs, arn))

    assert (workload.hosts, workload.basis) == (hosts, basis)


def test_a_service_that_codedeploy_deploys_runs_its_task_sets(ecs: FakeEcs) -> None:
    blue, green = ecs.definition(APP), ecs.definition(APP, cpu="ARM64")
    arn = ecs.service("web", blue, **BY_CODE_DEPLOY)
    ecs.clusters["prod"][arn]["taskSets"] = [
        task_set(arn, blue),
        task_set(arn, green, "ACTIVE"),
        task_set(arn, ecs.definition(APP), "DRAINING"),
    ]

    answer = read(ecs, arn)

    assert isinstance(answer, Sighting)
    assert [(each.definition, each.hosts, each.resolved) for each in answer.workloads] == [
        ("web:1", (AMD64,), ""),
        ("web:2", (ARM64,), ""),
    ]
    assert ecs.count("DescribeServiceRevisions") == 0


def test_a_service_of_an_external_controller_runs_its_task_sets_and_without_any_nothing(ecs: FakeEcs) -> None:
    definition = ecs.definition(APP)
    runs, rests = ecs.service("runs", definition, **EXTERNAL), ecs.service("rests", definition, **EXTERNAL)
    ecs.clusters["prod"][runs]["taskSets"] = [task_set(runs, definition, launchType="FARGATE")]

    answers = services(ecs).read([runs, rests])

    assert only(answers[runs]).hosts == (AMD64,)
    assert answers[rests] == Sighting(rests)


@pytest.mark.parametrize("missing", ["of none", "of one", "not told"])
def test_a_service_whose_revisions_cannot_be_described_runs_its_deployments(ecs: FakeEcs, missing: str) -> None:
    arn = ecs.service("web", ecs.definition(APP))
    ecs.redeploy(arn, ecs.definition(APP, cpu="ARM64"))
    revisions = list(ecs.revisions)
    if missing == "not told":
        del ecs.clusters["prod"][arn]["currentServiceRevisions"]
    for revision in revisions if missing == "of none" else revisions[:1]:
        del ecs.revisions[revision]

    answer = read(ecs, arn)

    assert isinstance(answer, Sighting)
    assert {(each.definition, each.hosts) for each in answer.workloads} == {("web:1", (AMD64,)), ("web:2", (ARM64,))}


@pytest.mark.parametrize(
    "code",
    ["ServiceNotFoundException", "ClusterNotFoundException", "ClientException", "InvalidParameterException"],
)
def test_one_revision_that_is_refused_takes_no_other_with_it(ecs: FakeEcs, code: str) -> None:
    arns = [ecs.service(f"s{each}", ecs.definition(APP, family=f"f{each}")) for each in range(3)]
    bad = ecs.clusters["prod"][arns[1]]["currentServiceRevisions"][0]["arn"]

    def refuse(asked: dict[str, Any]) -> None:
        if bad in asked["serviceRevisionArns"]:
            raise Refusal(code, "It cannot be described.")

    ecs.failing["DescribeServiceRevisions"] = refuse

    answers = services(ecs).read(arns)

    assert [only(answers[arn]).resolved for arn in arns] == [digest_of(APP), "", digest_of(APP)]
    assert ecs.count("DescribeServiceRevisions") == 4


def test_revisions_that_may_not_be_read_leave_only_their_services_unknown(ecs: FakeEcs) -> None:
    revised = ecs.service("revised", ecs.definition(APP))
    by_other = ecs.service("by-other", ecs.definition(APP), **BY_CODE_DEPLOY)
    ecs.failing["DescribeServiceRevisions"] = DENIED

    answers = services(ecs).read([revised, by_other])

    refused = answers[revised]
    assert isinstance(refused, Unknown)
    assert (refused.reason, refused.subject) == (UnknownReason.ACCESS_DENIED, "ECS service prod/revised")
    assert only(answers[by_other]).name == "prod/by-other"


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("ACCESS_DENIED", UnknownReason.ACCESS_DENIED), ("SOMETHING_NEW", UnknownReason.UNAVAILABLE)],
)
def test_any_other_failure_of_a_service_is_unknown_and_names_it(
    ecs: FakeEcs, reason: str, expected: UnknownReason
) -> None:
    arn, other = ecs.service("web", ecs.definition(APP)), ecs.service("api", ecs.definition(APP))
    ecs.silent = {arn}
    # ECS may write the ARN of a failure without the cluster.
    ecs.failures = [{"arn": arn.replace("prod/", ""), "reason": reason}]

    answers = services(ecs).read([arn, other])

    failed = answers[arn]
    assert isinstance(failed, Unknown)
    assert (failed.reason, failed.subject) == (expected, "ECS service prod/web")
    assert only(answers[other]).name == "prod/api"


@pytest.mark.parametrize("of", ["service", "revision"])
def test_what_is_passed_over_in_silence_is_unknown(ecs: FakeEcs, of: str) -> None:
    arn = ecs.service("web", ecs.definition(APP))
    ecs.silent = {arn} if of == "service" else set(ecs.revisions)

    answer = read(ecs, arn)

    assert isinstance(answer, Unknown)
    assert (answer.reason, answer.subject) == (UnknownReason.UNAVAILABLE, "ECS service prod/web")
    assert "answered nothing" in answer.detail


def test_an_image_that_is_no_reference_is_told_with_its_service_and_container(ecs: FakeEcs) -> None:
    arn = ecs.service("web", ecs.definition({"app": APP, "odd": "${IMAGE}"}))

    answer = read(ecs, arn)

    assert isinstance(answer, Sighting)
    assert len(answer.workloads) == 1
    assert [(bad.subject, bad.text) for bad in answer.bad_images] == [
        ("ECS service prod/web, container odd", "${IMAGE}"),
    ]


def test_a_value_of_the_platform_that_is_new_is_not_taken_for_an_old_one(ecs: FakeEcs) -> None:
    arn = ecs.service("web", ecs.definition(APP, cpu="RISCV64", os="LINUX"))

    workload = only(read(ecs, arn))

    assert (workload.hosts, workload.basis) == ((), Basis.UNRECOGNISED)
