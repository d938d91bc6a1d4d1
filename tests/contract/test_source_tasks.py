"""The source of ECS tasks that no service runs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from tests.contract.ecs_reading import AMD64, APP, ARM64, DENIED, REGISTRY, only, tasks, whole
from tests.fakes.ecs_account import digest_of

from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.domain.inventory import Sighting
from ecrguard.domain.platform import Platform
from ecrguard.domain.workload import Basis, WorkloadKind

if TYPE_CHECKING:
    from tests.fakes.ecs import FakeEcs

WINDOWS_2022 = Platform("windows", "amd64", "", "10.0.20348")


def asked(ecs: FakeEcs) -> dict[str, int]:
    return dict(Counter(name for name, _ in ecs.calls))


def read(ecs: FakeEcs, arn: str) -> Sighting | Unknown:
    return tasks(ecs).read([arn])[arn]


def test_a_task_is_told_with_all_that_there_is_to_know_of_it(ecs: FakeEcs) -> None:
    arn = ecs.task(ecs.definition(APP, family="migrate"), cpu="arm64")

    workload = only(read(ecs, arn))

    assert workload.kind is WorkloadKind.ECS_TASK
    assert (workload.arn, workload.name, workload.container) == (arn, "prod/migrate", "app")
    assert (str(workload.reference), workload.resolved) == (APP, digest_of(APP))
    assert (workload.hosts, workload.basis) == ((ARM64,), Basis.CAPACITY)
    assert workload.definition == "migrate:1"


@pytest.mark.parametrize(
    ("more", "alone"),
    [
        ({}, True),
        ({"group": "family:web", "startedBy": "ops"}, True),
        ({"group": "service-like"}, True),
        ({"group": None}, True),
        ({"startedBy": "chronos-schedule/nightly"}, True),
        ({"group": "service:web", "startedBy": "ecs-svc/1"}, False),
        ({"group": "daemon:agent"}, False),
        ({"taskDefinitionArn": "arn:aws:ecs:eu-west-1:123456789012:daemon-task-definition/agent:1"}, False),
        ({"desiredStatus": "STOPPED"}, False),
        ({"lastStatus": "STOPPED"}, False),
        ({"lastStatus": "PROVISIONING"}, True),
        ({"lastStatus": "A_NEW_ONE"}, True),
    ],
)
def test_tasks_that_are_over_or_of_a_service_or_daemon_are_none_of_this_source(
    ecs: FakeEcs, more: dict[str, Any], *, alone: bool
) -> None:
    arn = ecs.task(ecs.definition(APP), **more)

    listed = whole(tasks(ecs)).answers

    assert (arn in listed) is alone
    assert (read(ecs, arn) != Sighting(arn)) is alone


def test_a_page_says_everything_of_its_tasks_with_two_calls(ecs: FakeEcs) -> None:
    definition = ecs.definition(APP)
    for number in range(250):
        ecs.task(definition, group="service:web" if number % 5 else None)

    told = whole(tasks(ecs))

    assert len(told.workloads) == 50
    assert asked(ecs) == {"ListClusters": 1, "ListTasks": 3, "DescribeTasks": 3}
    assert {call["desiredStatus"] for name, call in ecs.calls if name == "ListTasks"} == {"RUNNING"}


def test_tasks_of_other_registries_are_nothing_to_remember(ecs: FakeEcs) -> None:
    ecs.task(ecs.definition("nginx:1"), launchType="EC2", platformFamily=None, cpu="")

    page = tasks(ecs).page("")

    assert (page.arns, page.sightings) == ((), {})
    assert ecs.count("DescribeTaskDefinition") == 0


@pytest.mark.parametrize(
    ("attribute", "family", "host"),
    [
        ("x86_64", "Linux", AMD64),
        ("arm64", "LINUX", ARM64),
        ("arm64", None, ARM64),
        ("x86_64", "Windows_Server_2022_Core", WINDOWS_2022),
    ],
)
def test_what_a_task_was_started_on_costs_no_call_more(
    ecs: FakeEcs, attribute: str, family: str | None, host: Platform
) -> None:
    arn = ecs.task(ecs.definition(APP), cpu=attribute, platformFamily=family)

    workload = only(read(ecs, arn))

    assert (workload.hosts, workload.basis) == ((host,), Basis.CAPACITY)
    assert asked(ecs) == {"DescribeTasks": 1}


def test_a_host_that_is_new_is_not_taken_for_an_old_one(ecs: FakeEcs) -> None:
    workload = only(read(ecs, ecs.task(ecs.definition(APP), cpu="riscv64")))

    assert (workload.hosts, workload.basis) == ((), Basis.UNRECOGNISED)


def test_where_a_task_does_not_say_its_definition_counts(ecs: FakeEcs) -> None:
    stated = ecs.task(ecs.definition(APP, cpu="ARM64", os="LINUX"), cpu="", launchType="EC2", platformFamily=None)
    silent = ecs.task(ecs.definition(APP), cpu="", launchType="FARGATE", platformFamily=None)

    answers = tasks(ecs).read([stated, silent])

    assert [(only(answers[arn]).hosts, only(answers[arn]).basis) for arn in (stated, silent)] == [
        ((ARM64,), Basis.EXPLICIT),
        ((AMD64,), Basis.SERVICE_DEFAULT),
    ]


def test_where_neither_says_the_container_instance_counts_whatever_its_state(ecs: FakeEcs) -> None:
    instances = [ecs.instance("arm64", status="DRAINING"), ecs.instance("x86_64"), *[ecs.instance() for _ in range(99)]]
    definition = ecs.definition(APP)
    arns = [
        ecs.task(definition, cpu="", launchType="EC2", platformFamily=None, containerInstanceArn=each)
        for each in instances
    ]

    answers = tasks(ecs).read(arns)

    assert [only(answers[arn]).hosts for arn in arns[:2]] == [(ARM64,), (AMD64,)]
    assert {only(answer).basis for answer in answers.values()} == {Basis.CAPACITY}
    assert asked(ecs) == {"DescribeTasks": 2, "DescribeTaskDefinition": 1, "DescribeContainerInstances": 2}


def test_a_task_that_waits_for_an_instance_may_come_on_any(ecs: FakeEcs) -> None:
    ecs.instance("arm64")
    arn = ecs.task(ecs.definition(APP), cpu="", launchType="EC2", platformFamily=None, lastStatus="PROVISIONING")

    workload = only(read(ecs, arn))

    assert (workload.hosts, workload.basis) == ((), Basis.UNKNOWN)
    assert ecs.count("DescribeContainerInstances") == 0


@pytest.mark.parametrize("launch_type", ["EC2", "EXTERNAL", "MANAGED_INSTANCES", "A_NEW_ONE"])
def test_the_instance_that_a_task_is_on_counts_whatever_the_launch_type(ecs: FakeEcs, launch_type: str) -> None:
    on = ecs.instance("arm64")
    more: dict[str, Any] = {"launchType": launch_type, "platformFamily": None, "containerInstanceArn": on}

    assert only(read(ecs, ecs.task(ecs.definition(APP), cpu="", **more))).hosts == (ARM64,)


def test_a_cluster_deleted_while_its_instances_are_read_runs_nothing(ecs: FakeEcs) -> None:
    arn = ecs.task(ecs.definition(APP), cpu="", launchType="EC2", containerInstanceArn=ecs.instance())
    ecs.failing["DescribeContainerInstances"] = lambda _: ecs.clusters.pop("prod", None)

    assert read(ecs, arn) == Sighting(arn)


def test_containers_without_an_image_are_told_by_the_definition(ecs: FakeEcs) -> None:
    arn = ecs.task(ecs.definition({"app": APP, "logs": f"{REGISTRY.host}/logs:2"}))
    del ecs.tasks[arn]["containers"][1]["image"]

    answer = read(ecs, arn)

    assert isinstance(answer, Sighting)
    assert [(each.container, each.reference.repository) for each in answer.workloads] == [
        ("app", "app"),
        ("logs", "logs"),
    ]


def test_an_instance_that_may_not_be_read_leaves_its_tasks_unknown(ecs: FakeEcs) -> None:
    on, definition = ecs.instance(), ecs.definition(APP)
    closed = [ecs.task(definition, cpu="", launchType="EC2", containerInstanceArn=on) for _ in range(2)]
    opened = ecs.task(definition)
    ecs.failing["DescribeContainerInstances"] = DENIED

    answers = tasks(ecs).read([*closed, opened])

    refused = answers[closed[0]]
    assert isinstance(refused, Unknown)
    assert refused.reason is UnknownReason.ACCESS_DENIED
    assert answers[closed[1]] == refused
    assert only(answers[opened]).hosts == (AMD64,)
    assert ecs.count("DescribeContainerInstances") == 1


def test_a_definition_that_is_gone_leaves_its_task_unknown(ecs: FakeEcs) -> None:
    definition = ecs.definition(APP)
    arn = ecs.task(definition, cpu="")
    del ecs.definitions[definition]

    told = whole(tasks(ecs))

    assert told.answers == {}
    assert told.reasons == [(UnknownReason.UNAVAILABLE, "ECS task prod/web")]
    assert read(ecs, arn) == told.unknowns[0]


@pytest.mark.parametrize("operation", ["ListTasks", "DescribeTasks"])
def test_a_cluster_deleted_in_the_middle_of_the_pass_is_passed_over(ecs: FakeEcs, operation: str) -> None:
    for cluster in ("a", "b", "c"):
        ecs.task(ecs.definition(APP), cluster=cluster)

    def delete(asked: dict[str, Any]) -> None:
        if asked["cluster"].endswith("/b"):
            ecs.delete_cluster("b")

    ecs.failing[operation] = delete

    told = whole(tasks(ecs))

    assert (told.names, told.unknowns) == (["a/web", "c/web"], [])


@pytest.mark.parametrize("operation", ["ListTasks", "DescribeTasks"])
def test_one_cluster_that_may_not_be_read_silences_no_other(ecs: FakeEcs, operation: str) -> None:
    for cluster in ("closed", "open"):
        ecs.task(ecs.definition(APP), cluster=cluster)

    def deny(asked: dict[str, Any]) -> None:
        if asked["cluster"].endswith("/closed"):
            raise DENIED

    ecs.failing[operation] = deny

    told = whole(tasks(ecs))

    assert told.names == ["open/web"]
    assert told.reasons == [(UnknownReason.ACCESS_DENIED, "the tasks of the ECS cluster closed")]


def test_a_task_of_the_old_format_is_found_where_it_was_listed(ecs: FakeEcs) -> None:
    arn = ecs.task(ecs.definition(APP), cluster="b")
    old = arn.replace("/b/", "/")
    ecs.tasks[old] = ecs.tasks.pop(arn) | {"taskArn": old}
    ecs.cluster("a")

    assert whole(tasks(ecs)).names == ["b/web"]
    assert ecs.count("DescribeTasks") == 1
    assert only(read(ecs, old)).name == "b/web"


def test_an_event_of_something_that_is_no_task_asks_in_vain(ecs: FakeEcs) -> None:
    ecs.cluster("prod")

    assert tasks(ecs).read(["nonsense"]) == {"nonsense": Sighting("nonsense")}
