from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from ecrguard.adapters.ecs_mapping import NOT_STATED, Launch, TaskDefinition
from ecrguard.adapters.ecs_service_mapping import (
    Daemon,
    Deployment,
    Service,
    in_force,
    read_configuration,
    read_daemon,
    read_daemon_revision,
    read_revision,
    read_service,
)

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import (
        DaemonDetailTypeDef,
        DaemonRevisionTypeDef,
        ExpressGatewayServiceConfigurationTypeDef,
        ServiceRevisionTypeDef,
        ServiceTypeDef,
    )

PREFIX = "arn:aws:ecs:eu-west-1:123456789012"
FARGATE, EC2 = Launch("FARGATE", platform_family="LINUX"), Launch("EC2")
ASG = Launch(providers=frozenset({"asg"}))
DIGEST = f"sha256:{'a' * 64}"


def service(**more: Any) -> ServiceTypeDef:
    base = {
        "serviceArn": f"{PREFIX}:service/prod/web",
        "serviceName": "web",
        "clusterArn": f"{PREFIX}:cluster/prod",
        "status": "ACTIVE",
    }
    return cast("ServiceTypeDef", base | more)


@pytest.mark.parametrize(
    ("status", "alive"), [("ACTIVE", True), ("DRAINING", False), ("INACTIVE", False), ("A_NEW_ONE", True)]
)
def test_a_service_is_alive_unless_it_is_known_to_be_over(status: str, *, alive: bool) -> None:
    assert read_service(service(status=status, desiredCount=0)).alive is alive


@pytest.mark.parametrize(
    ("managed_by", "express"), [("ECS", True), ("CUSTOMER", False), (None, False), ("SOMETHING_NEW", False)]
)
def test_an_express_service_is_one_that_ecs_manages(managed_by: str | None, *, express: bool) -> None:
    more = {"resourceManagementType": managed_by} if managed_by else {}

    assert read_service(service(**more)).express is express


def test_the_deployments_in_force_are_those_that_have_or_get_tasks() -> None:
    read = read_service(
        service(
            launchType="EC2",
            taskDefinition="td:3",
            deployments=[
                {"status": "PRIMARY", "taskDefinition": "td:3", "launchType": "EC2"},
                {"status": "ACTIVE", "taskDefinition": "td:2", "launchType": "FARGATE", "platformFamily": "Linux"},
                {"status": "INACTIVE", "taskDefinition": "td:1", "launchType": "EC2"},
            ],
        )
    )

    assert read.name == "prod/web"
    assert read.deployments == (Deployment("td:3", EC2), Deployment("td:2", FARGATE))


def test_a_service_of_task_sets_runs_what_they_run() -> None:
    read = read_service(
        service(
            deploymentController={"type": "EXTERNAL"},
            taskSets=[
                {"status": "PRIMARY", "taskDefinition": "td:1", "launchType": "FARGATE", "platformFamily": "Linux"},
                {
                    "status": "ACTIVE",
                    "taskDefinition": "td:2",
                    "capacityProviderStrategy": [{"capacityProvider": "asg", "weight": 1}],
                },
                {"status": "DRAINING", "taskDefinition": "td:0", "launchType": "FARGATE"},
            ],
        )
    )

    assert read.deployments == (Deployment("td:1", FARGATE), Deployment("td:2", ASG))


def test_a_deployment_that_does_not_say_is_launched_as_its_service() -> None:
    read = read_service(
        service(
            capacityProviderStrategy=[{"capacityProvider": "asg", "base": 0, "weight": 1}],
            taskDefinition="td:1",
            deployments=[{"status": "PRIMARY", "taskDefinition": "td:1"}],
        )
    )

    assert read.deployments == (Deployment("td:1", ASG),)


def test_without_deployments_the_service_s_own_definition_is_in_force() -> None:
    assert read_service(service(taskDefinition="td:1", launchType="EC2")).deployments == (Deployment("td:1", EC2),)
    assert read_service(service()).deployments == ()


def test_only_constraints_that_choose_instances_are_kept() -> None:
    constraints = [{"type": "distinctInstance"}, {"type": "memberOf", "expression": "attribute:a == b"}]

    assert read_service(service(placementConstraints=constraints)).constraints == ("attribute:a == b",)


def test_a_revision_has_what_its_deployment_was_begun_with() -> None:
    answer = {
        "serviceRevisionArn": "r1",
        "taskDefinition": "td:1",
        "launchType": "FARGATE",
        "platformFamily": "Linux",
        "containerImages": [
            {"containerName": "app", "image": "app:1", "imageDigest": DIGEST},
            {"containerName": "new", "image": "new:1"},
        ],
        "overrides": {"runtimePlatform": {"cpuArchitecture": "ARM64"}},
    }

    read = read_revision(cast("ServiceRevisionTypeDef", answer))

    assert read == Deployment("td:1", FARGATE, (("app", DIGEST),), "ARM64")
    assert (read.digest("app"), read.digest("new")) == (DIGEST, "")
    assert read_revision({}) == Deployment("")
    assert read_revision({"overrides": {}}).override == ""


def known(*deployments: Deployment, revisions: tuple[str, ...] = (), launch: Launch = NOT_STATED) -> Service:
    return Service("arn", "prod/web", "prod", True, deployments, launch=launch, revisions=revisions)


R1, R2 = Deployment("td:1", FARGATE, (("app", DIGEST),)), Deployment("td:2", EC2)


@pytest.mark.parametrize(
    ("of_service", "revisions", "expected"),
    [
        (known(Deployment("td:1", FARGATE)), {}, (Deployment("td:1", FARGATE),)),
        (known(Deployment("td:1", FARGATE), revisions=("r1",)), {"r1": R1}, (R1,)),
        (known(Deployment("td:1", EC2), revisions=("r1",)), {"r1": R1}, (R1,)),
        (known(Deployment("td:1"), Deployment("td:2"), revisions=("r1",)), {"r1": R1}, (R1, Deployment("td:2"))),
        (known(Deployment("td:1"), revisions=("r1", "r2")), {"r1": R1, "r2": R2}, (R1, R2)),
        (known(Deployment("td:1"), revisions=("r1", "r2")), {"r1": R1}, (R1, Deployment("td:1"))),
        (known(Deployment("td:1"), revisions=("r1",)), {}, (Deployment("td:1"),)),
        (known(Deployment("td:1"), revisions=("r1",)), {"r1": R1, "of another": R2}, (R1,)),
        (known(revisions=("r1",), launch=ASG), {"r1": Deployment("td:1")}, (Deployment("td:1", ASG),)),
        (known(), {}, ()),
    ],
    ids=[
        "no revisions",
        "a revision for each deployment",
        "a revision on other capacity than the deployment says",
        "a deployment that no revision tells of",
        "a revision that no deployment tells of",
        "one revision of two cannot be described",
        "none can be described",
        "revisions of other services",
        "a revision that does not say its capacity",
        "nothing",
    ],
)
def test_revisions_count_first_and_deployments_where_they_do_not_tell(
    of_service: Service, revisions: dict[str, Deployment], expected: tuple[Deployment, ...]
) -> None:
    assert in_force(of_service, revisions) == expected


def test_the_configuration_of_an_express_service_adds_to_its_revision() -> None:
    answer = {
        "serviceRevisionArn": "r1",
        "taskDefinitionArn": "td:1",
        "cpuArchitecture": "ARM64",
        "primaryContainer": {"image": "app:1"},
    }
    arn, stated = read_configuration(cast("ExpressGatewayServiceConfigurationTypeDef", answer))
    of_service = known(Deployment("td:1", FARGATE), revisions=("r1",))

    (deployment,) = in_force(of_service, {"r1": R1}, [(arn, stated)])

    assert (arn, stated.launch) == ("r1", Launch("FARGATE"))
    assert (deployment.definition, deployment.launch, deployment.digests) == ("td:1", FARGATE, R1.digests)
    assert (deployment.architecture, deployment.images) == ("ARM64", (("Main", "app:1"),))


def test_the_configuration_of_an_express_service_stands_alone_where_there_is_no_revision() -> None:
    _, stated = read_configuration({"cpuArchitecture": "ARM64", "primaryContainer": {"image": "app:1"}})

    (deployment,) = in_force(known(), {}, [("", stated)])

    assert deployment == stated
    assert deployment.stating(deployment.undefined) == TaskDefinition("", "ARM64", "LINUX", (("Main", "app:1"),))


@pytest.mark.parametrize(
    ("architecture", "cpu", "os"), [("", "X86_64", ""), ("ARM64", "ARM64", "LINUX"), ("X86_64", "X86_64", "LINUX")]
)
def test_what_a_configuration_states_counts_before_the_definition(architecture: str, cpu: str, os: str) -> None:
    definition = TaskDefinition("td:1", "X86_64", "", ())

    stating = Deployment("td:1", architecture=architecture).stating(definition)

    assert (stating.cpu_architecture, stating.operating_system_family) == (cpu, os)


@pytest.mark.parametrize(("status", "alive"), [("ACTIVE", True), ("DELETE_IN_PROGRESS", False), ("A_NEW_ONE", True)])
def test_a_daemon_runs_its_revisions_on_their_providers(status: str, *, alive: bool) -> None:
    answer = {
        "daemonArn": f"{PREFIX}:daemon/prod/agent",
        "clusterArn": f"{PREFIX}:cluster/prod",
        "status": status,
        "currentRevisions": [
            {"arn": "r1", "capacityProviders": [{"arn": f"{PREFIX}:capacity-provider/{each}"} for each in ("a", "b")]},
            {"arn": "r2"},
        ],
    }

    assert read_daemon(cast("DaemonDetailTypeDef", answer)) == Daemon(
        "prod/agent",
        f"{PREFIX}:cluster/prod",
        alive,
        (("r1", Launch(providers=frozenset({"a", "b"}))), ("r2", NOT_STATED)),
    )


def test_a_daemon_revision_names_its_images_itself() -> None:
    answer = {
        "daemonTaskDefinitionArn": f"{PREFIX}:daemon-task-definition/agent:3",
        "containerImages": [
            {"containerName": "app", "image": "app:1", "imageDigest": DIGEST},
            {"containerName": "new", "image": "new:1"},
        ],
    }

    read = read_daemon_revision(cast("DaemonRevisionTypeDef", answer), ASG)

    assert (read.launch, read.digests) == (ASG, (("app", DIGEST),))
    assert read.undefined == TaskDefinition("agent:3", "", "", (("app", "app:1"), ("new", "new:1")))
