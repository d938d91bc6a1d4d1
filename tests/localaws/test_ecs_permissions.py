"""The resource that IAM checks an action on is the one of the Service Authorization Reference."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any, Final

import boto3
import pytest
from botocore.exceptions import ClientError

from localaws import process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

type Clients = Callable[[str], Any]

ECS: Final = f"arn:aws:ecs:{process.REGION}:{process.ACCOUNT}"
EVENTS: Final = f"arn:aws:events:{process.REGION}:{process.ACCOUNT}"
ROLE: Final = f"arn:aws:iam::{process.ACCOUNT}:role/express"


@pytest.fixture(scope="module")
def enforcing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[process.LocalAws]:
    log: Path = tmp_path_factory.mktemp("permissions") / "server.log"
    with process.running(log=log, settings={"AUTH": "true"}) as server:
        clients = _clients(server, "test", "test")
        clients("iam").create_role(RoleName="express", AssumeRolePolicyDocument="{}")
        ecs = clients("ecs")
        ecs.create_cluster(clusterName="prod")
        ecs.register_task_definition(family="web", containerDefinitions=[{"name": "app", "image": "busybox"}])
        ecs.create_service(cluster="prod", serviceName="web", taskDefinition="web", launchType="FARGATE")
        ecs.create_express_gateway_service(
            cluster="prod",
            serviceName="express",
            executionRoleArn=ROLE,
            infrastructureRoleArn=ROLE,
            primaryContainer={"image": "nginx"},
        )
        clients("events").put_rule(Name="nightly", ScheduleExpression="rate(1 day)")
        yield server


def _clients(server: process.LocalAws, key: str, secret: str) -> Clients:
    session = boto3.Session(key, secret, region_name=process.REGION)
    return lambda service: session.client(service, endpoint_url=server.endpoint)  # type: ignore[call-overload]  # any name


def allowed(server: process.LocalAws, action: str, resource: str, call: Callable[[Clients], object]) -> bool:
    """Whether a user may make the call whose policy allows that action on that resource."""
    iam, user = _clients(server, "test", "test")("iam"), uuid.uuid4().hex
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    iam.create_user(UserName=user)
    iam.put_user_policy(
        UserName=user,
        PolicyName="only",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    key = iam.create_access_key(UserName=user)["AccessKey"]
    try:
        call(_clients(server, key["AccessKeyId"], key["SecretAccessKey"]))
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDeniedException":
            raise
        return False
    return True


@pytest.mark.parametrize(
    ("action", "resource", "call"),
    [
        ("ecs:ListServices", "*", lambda to: to("ecs").list_services(cluster="prod")),
        ("ecs:ListDaemons", "*", lambda to: to("ecs").list_daemons(clusterArn=f"{ECS}:cluster/prod")),
        ("ecs:ListTasks", f"{ECS}:container-instance/prod/*", lambda to: to("ecs").list_tasks(cluster="prod")),
        (
            "ecs:DescribeTasks",
            f"{ECS}:task/prod/*",
            lambda to: to("ecs").describe_tasks(cluster="prod", tasks=[f"{ECS}:task/prod/absent"]),
        ),
        (
            "ecs:DescribeServiceRevisions",
            f"{ECS}:service-revision/*",
            lambda to: to("ecs").describe_service_revisions(serviceRevisionArns=[f"{ECS}:service-revision/prod/web/1"]),
        ),
        (
            "ecs:DescribeExpressGatewayService",
            f"{ECS}:service/prod/*",
            lambda to: to("ecs").describe_express_gateway_service(serviceArn=f"{ECS}:service/prod/express"),
        ),
        ("ecs:DescribeTaskDefinition", "*", lambda to: to("ecs").describe_task_definition(taskDefinition="web")),
        (
            "events:ListRuleNamesByTarget",
            "*",
            lambda to: to("events").list_rule_names_by_target(TargetArn=f"{ECS}:cluster/prod"),
        ),
        (
            "events:ListTargetsByRule",
            f"{EVENTS}:rule/nightly",
            lambda to: to("events").list_targets_by_rule(Rule="nightly"),
        ),
        ("events:ListEventBuses", "*", lambda to: to("events").list_event_buses()),
        ("scheduler:ListSchedules", "*", lambda to: to("scheduler").list_schedules()),
    ],
)
def test_an_action_is_allowed_on_its_resource_and_on_no_other(
    enforcing: process.LocalAws, action: str, resource: str, call: Callable[[Clients], object]
) -> None:
    assert allowed(enforcing, action, resource, call)
    assert not allowed(enforcing, action, f"{ECS}:cluster/*", call)
