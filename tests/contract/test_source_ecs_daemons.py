"""The source of ECS services and daemons: the daemons."""

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


def read(ecs: FakeEcs, arn: str) -> Sighting | Unknown:
    return services(ecs).read([arn])[arn]


def test_a_daemon_runs_on_the_instances_of_its_capacity_providers(ecs: FakeEcs) -> None:
    ecs.instance("arm64", provider="mi")
    ecs.instance("x86_64", provider="other")
    arn = ecs.daemon("agent", APP)

    told = whole(services(ecs))

    workload = only(told.answers[arn])
    assert (workload.kind, workload.arn, workload.name) == (WorkloadKind.ECS_DAEMON, arn, "prod/agent")
    assert (workload.container, str(workload.reference), workload.resolved) == ("app", APP, digest_of(APP))
    assert (workload.hosts, workload.basis) == ((ARM64,), Basis.CAPACITY)
    assert workload.definition == "agent:1"


def test_a_daemon_of_two_providers_needs_the_platforms_of_both(ecs: FakeEcs) -> None:
    ecs.instance("arm64", provider="a")
    ecs.instance("x86_64", provider="b")

    assert only(read(ecs, ecs.daemon("agent", APP, providers=("a", "b")))).hosts == (AMD64, ARM64)


def test_a_daemon_without_instances_is_still_there(ecs: FakeEcs) -> None:
    workload = only(read(ecs, ecs.daemon("agent", APP)))

    assert (workload.hosts, workload.basis) == ((), Basis.UNKNOWN)


def test_every_revision_in_force_counts(ecs: FakeEcs) -> None:
    arn, other = ecs.daemon("agent", APP), ecs.daemon("next", f"{REGISTRY.host}/app:2")
    ecs.daemons[arn]["currentRevisions"] += ecs.daemons[other]["currentRevisions"]

    answer = read(ecs, arn)

    assert isinstance(answer, Sighting)
    assert [each.reference.tag for each in answer.workloads] == ["1", "2"]


def test_a_revision_without_images_is_told_by_its_definition(ecs: FakeEcs) -> None:
    arn = ecs.daemon("agent", {"app": APP, "logs": "fluent-bit"})
    (revision,) = ecs.daemon_revisions.values()
    revision["containerImages"] = []

    workload = only(read(ecs, arn))

    assert (workload.container, str(workload.reference), workload.resolved) == ("app", APP, "")


def test_a_revision_without_images_whose_definition_is_gone_is_unknown(ecs: FakeEcs) -> None:
    arn = ecs.daemon("agent", APP)
    (revision,) = ecs.daemon_revisions.values()
    revision["containerImages"] = []
    ecs.definitions.clear()

    answer = read(ecs, arn)

    assert isinstance(answer, Unknown)
    assert (answer.reason, answer.subject) == (UnknownReason.UNAVAILABLE, "ECS daemon prod/agent")


def test_a_daemon_that_goes_or_is_gone_runs_nothing(ecs: FakeEcs) -> None:
    goes, gone = ecs.daemon("goes", APP), ecs.daemon("gone", APP)
    ecs.daemons[goes]["status"] = "DELETE_IN_PROGRESS"
    del ecs.daemons[gone]

    assert services(ecs).read([goes, gone]) == {goes: Sighting(goes), gone: Sighting(gone)}


def test_a_daemon_of_a_status_that_is_new_is_there(ecs: FakeEcs) -> None:
    arn = ecs.daemon("agent", APP)
    ecs.daemons[arn]["status"] = "PAUSED"

    assert only(read(ecs, arn)).name == "prod/agent"


@pytest.mark.parametrize("operation", ["DescribeDaemon", "DescribeDaemonRevisions", "ListContainerInstances"])
def test_a_daemon_that_may_not_be_read_is_unknown(ecs: FakeEcs, operation: str) -> None:
    arn, service = ecs.daemon("agent", APP), ecs.service("web", ecs.definition(APP))
    ecs.failing[operation] = DENIED

    answers = services(ecs).read([arn, service])

    refused = answers[arn]
    assert isinstance(refused, Unknown)
    assert refused.reason is UnknownReason.ACCESS_DENIED
    assert f"ecs:{operation}" in refused.detail
    assert only(answers[service]).name == "prod/web"


def test_a_daemon_whose_revision_is_not_found_is_unknown_and_takes_no_other_with_it(ecs: FakeEcs) -> None:
    arns = [ecs.daemon(name, APP) for name in ("a", "b", "c")]
    bad = ecs.daemons[arns[1]]["currentRevisions"][0]["arn"]

    def refuse(asked: dict[str, Any]) -> None:
        if bad in asked["daemonRevisionArns"]:
            raise Refusal("DaemonNotFoundException", "The specified daemon was not found.")

    ecs.failing["DescribeDaemonRevisions"] = refuse

    answers = services(ecs).read(arns)

    told = answers[arns[1]]
    assert isinstance(told, Unknown)
    assert (told.reason, told.subject) == (UnknownReason.UNAVAILABLE, "ECS daemon prod/b")
    assert [only(answers[arn]).name for arn in (arns[0], arns[2])] == ["prod/a", "prod/c"]


def test_a_daemon_whose_revision_is_missing_is_unknown(ecs: FakeEcs) -> None:
    arn = ecs.daemon("agent", APP)
    ecs.daemon_revisions.clear()

    assert isinstance(read(ecs, arn), Unknown)


def test_a_revision_that_is_passed_over_in_silence_is_unknown(ecs: FakeEcs) -> None:
    arn = ecs.daemon("agent", APP)
    ecs.silent = set(ecs.daemon_revisions)

    answer = read(ecs, arn)

    assert isinstance(answer, Unknown)
    assert answer.reason is UnknownReason.UNAVAILABLE
