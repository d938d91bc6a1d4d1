from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from localaws import images, process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localaws.process import LocalAws
    from mypy_boto3_apprunner import AppRunnerClient
    from mypy_boto3_ecs import ECSClient
    from tests.localaws.conftest import Repository

type Event = dict[str, Any]

CALL = "AWS API Call via CloudTrail"
DEPLOYMENT = "ECS Deployment State Change"


@pytest.fixture
def ecs(client: Callable[[str], Any]) -> ECSClient:
    found: ECSClient = client("ecs")
    return found


@pytest.fixture
def cluster(ecs: ECSClient, name: str) -> str:
    ecs.create_cluster(clusterName=name)
    return name


@pytest.fixture
def take(client: Callable[[str], Any], name: str) -> Iterator[Callable[[], list[Event]]]:
    """A function that takes the events that came since it was called last, in the order of their arrival."""
    sqs, events = client("sqs"), client("events")
    queue = sqs.create_queue(QueueName=f"{name}-changes")["QueueUrl"]
    arn = f"arn:aws:sqs:{process.REGION}:{process.ACCOUNT}:{name}-changes"
    events.put_rule(Name=f"{name}-changes", EventPattern=json.dumps({"source": [{"prefix": "aws."}]}))
    events.put_targets(Rule=f"{name}-changes", Targets=[{"Id": "queue", "Arn": arn}])

    def taken() -> list[Event]:
        found: list[Event] = []
        while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            found += [json.loads(message["Body"]) for message in messages]
            entries = [{"Id": str(at), "ReceiptHandle": item["ReceiptHandle"]} for at, item in enumerate(messages)]
            sqs.delete_message_batch(QueueUrl=queue, Entries=entries)
        return found

    # The call that has just been made is told too.
    taken()
    yield taken
    events.remove_targets(Rule=f"{name}-changes", Ids=["queue"])
    events.delete_rule(Name=f"{name}-changes")


def define(ecs: ECSClient, family: str, image: str = "busybox", **more: Any) -> str:
    container: Any = {"name": "app", "image": image, "environment": [{"name": "TOKEN", "value": "secret"}]}
    definition = ecs.register_task_definition(
        family=family,
        cpu="256",
        memory="512",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        containerDefinitions=[container],
        **more,
    )
    return definition["taskDefinition"]["taskDefinitionArn"]


def names(events: list[Event]) -> list[tuple[str, str]]:
    told = ("eventName", "operationStatus", "currentServiceStatus", "lastStatus")
    return [
        (event["detail-type"], next(event["detail"][key] for key in told if key in event["detail"])) for event in events
    ]


def test_a_new_service_tells_of_its_deployment_and_its_tasks_and_a_trail_of_the_call(
    ecs: ECSClient, cluster: str, name: str, take: Callable[[], list[Event]]
) -> None:
    define(ecs, name)
    take()
    made = ecs.create_service(cluster=cluster, serviceName="web", taskDefinition=name, launchType="FARGATE")["service"]
    told = take()
    assert names(told) == [
        ("ECS Task State Change", "RUNNING"),
        (DEPLOYMENT, "SERVICE_DEPLOYMENT_IN_PROGRESS"),
        (DEPLOYMENT, "SERVICE_DEPLOYMENT_COMPLETED"),
        ("ECS Service Action", "SERVICE_STEADY_STATE"),
        (CALL, "CreateService"),
    ]
    assert [event["resources"] for event in told[1:4]] == [[made["serviceArn"]]] * 3
    assert told[0]["detail"]["group"] == "service:web"
    assert told[1]["detail"]["deploymentId"] == made["deployments"][0]["id"]


def test_an_update_that_deploys_tells_of_it_and_one_that_scales_does_not(
    ecs: ECSClient, cluster: str, name: str, take: Callable[[], list[Event]]
) -> None:
    define(ecs, name)
    ecs.create_service(cluster=cluster, serviceName="web", taskDefinition=name, launchType="FARGATE", desiredCount=0)
    take()
    ecs.update_service(cluster=cluster, service="web", desiredCount=1)
    assert DEPLOYMENT not in [event["detail-type"] for event in take()]
    ecs.update_service(cluster=cluster, service="web", taskDefinition=define(ecs, name))
    told = names(take())
    assert (DEPLOYMENT, "SERVICE_DEPLOYMENT_COMPLETED") in told
    assert told[-1] == (CALL, "UpdateService")


def test_the_change_is_visible_when_its_event_comes(
    ecs: ECSClient, cluster: str, name: str, take: Callable[[], list[Event]]
) -> None:
    define(ecs, name)
    ecs.create_service(cluster=cluster, serviceName="web", taskDefinition=name, launchType="FARGATE")
    ecs.delete_service(cluster=cluster, service="web", force=True)
    told = take()
    assert names(told)[-1] == (CALL, "DeleteService")
    assert ecs.describe_services(cluster=cluster, services=["web"])["services"][0]["status"] == "INACTIVE"


def test_a_trail_writes_members_in_camel_case_and_times_as_text_and_no_environment(
    ecs: ECSClient, name: str, take: Callable[[], list[Event]]
) -> None:
    arn = define(ecs, name)
    [told] = take()
    detail = told["detail"]
    assert (told["source"], detail["eventSource"]) == ("aws.ecs", "ecs.amazonaws.com")
    assert detail["requestParameters"]["containerDefinitions"][0]["image"] == "busybox"
    assert detail["responseElements"]["taskDefinition"]["taskDefinitionArn"] == arn
    assert isinstance(detail["responseElements"]["taskDefinition"]["registeredAt"], str)
    assert "secret" not in json.dumps(told)
    assert "errorCode" not in detail


def test_a_refused_call_is_not_told(ecs: ECSClient, name: str, take: Callable[[], list[Event]]) -> None:
    with pytest.raises(ecs.exceptions.ClusterNotFoundException):
        ecs.run_task(cluster=name, taskDefinition="absent")
    assert take() == []


def test_a_standalone_task_tells_what_it_runs_and_that_it_stopped(
    aws: LocalAws, ecs: ECSClient, cluster: str, repository: Repository, take: Callable[[], list[Event]]
) -> None:
    image = images.image("linux/arm64")
    repository.door.push(image, "v1")
    uri = aws.image_uri(repository.name, "v1")
    define(ecs, cluster, uri, runtimePlatform={"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"})
    take()
    [task] = ecs.run_task(cluster=cluster, taskDefinition=cluster, launchType="FARGATE")["tasks"]
    ecs.stop_task(cluster=cluster, task=task["taskArn"])
    started, _, stopped, _ = take()
    assert started["resources"] == [task["taskArn"]]
    assert started["detail"]["group"] == f"family:{cluster}"
    assert started["detail"]["attributes"] == [{"name": "ecs.cpu-architecture", "value": "arm64"}]
    [container] = started["detail"]["containers"]
    assert (container["image"], container["imageDigest"]) == (uri, image.digest)
    assert stopped["detail"]["lastStatus"] == "STOPPED"
    assert stopped["detail"]["version"] > started["detail"]["version"]


def test_app_runner_tells_of_its_operations_and_of_the_service_status(
    aws: LocalAws, client: Callable[[str], Any], name: str, take: Callable[[], list[Event]]
) -> None:
    apprunner: AppRunnerClient = client("apprunner")
    source: Any = {
        "ImageRepository": {"ImageIdentifier": aws.image_uri("web", "v1"), "ImageRepositoryType": "ECR"},
        "AuthenticationConfiguration": {"AccessRoleArn": f"arn:aws:iam::{process.ACCOUNT}:role/pull"},
    }
    arn = apprunner.create_service(ServiceName=name, SourceConfiguration=source)["Service"]["ServiceArn"]
    created = take()
    assert names(created) == [
        ("AppRunner Service Operation Status Change", "CreateServiceStarted"),
        ("AppRunner Service Status Change", "RUNNING"),
        ("AppRunner Service Operation Status Change", "CreateServiceCompletedSuccessfully"),
        (CALL, "CreateService"),
    ]
    assert created[0]["resources"] == [arn]
    assert created[3]["detail"]["responseElements"]["service"]["serviceArn"] == arn
    apprunner.delete_service(ServiceArn=arn)
    assert ("AppRunner Service Status Change", "DELETED") in names(take())


def test_a_schedule_with_a_rate_invokes_its_function_at_once(client: Callable[[str], Any], name: str) -> None:
    template = {
        "Resources": {
            "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name}},
            "Schedule": {
                "Type": "AWS::Scheduler::Schedule",
                "Properties": {
                    "ScheduleExpression": "rate(1 hour)",
                    "FlexibleTimeWindow": {"Mode": "OFF"},
                    "Target": {
                        "Arn": {"Fn::GetAtt": ["Queue", "Arn"]},
                        "RoleArn": f"arn:aws:iam::{process.ACCOUNT}:role/schedule",
                        "Input": '{"reconcile": true}',
                    },
                },
            },
        }
    }
    client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(template))
    client("cloudformation").get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    queue = client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
    messages = client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"]
    assert [json.loads(message["Body"]) for message in messages] == [{"reconcile": True}]
    client("cloudformation").delete_stack(StackName=name)


def test_schedules_are_listed_in_pages(client: Callable[[str], Any], name: str) -> None:
    scheduler = client("scheduler")
    target = {
        "Arn": f"arn:aws:ecs:{process.REGION}:{process.ACCOUNT}:cluster/default",
        "RoleArn": f"arn:aws:iam::{process.ACCOUNT}:role/schedule",
        "EcsParameters": {"TaskDefinitionArn": f"arn:aws:ecs:{process.REGION}:{process.ACCOUNT}:task-definition/job:1"},
    }
    for number in range(3):
        scheduler.create_schedule(
            Name=f"{name}-{number}",
            ScheduleExpression="cron(0 3 * * ? *)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target=target,
        )
    first = scheduler.list_schedules(NamePrefix=name, MaxResults=2)
    second = scheduler.list_schedules(NamePrefix=name, MaxResults=2, NextToken=first["NextToken"])
    assert [len(page["Schedules"]) for page in (first, second)] == [2, 1]
    assert "NextToken" not in second
    assert scheduler.get_schedule(Name=f"{name}-0")["Target"] == target


def test_the_rules_of_a_cluster_and_their_targets(client: Callable[[str], Any], name: str) -> None:
    events = client("events")
    cluster = f"arn:aws:ecs:{process.REGION}:{process.ACCOUNT}:cluster/{name}"
    events.create_event_bus(Name=name)
    for bus in ("default", name):
        events.put_rule(Name=f"{name}-{bus}", ScheduleExpression="rate(1 day)", EventBusName=bus)
        target = {"Id": "task", "Arn": cluster, "EcsParameters": {"TaskDefinitionArn": "job:1"}}
        events.put_targets(Rule=f"{name}-{bus}", EventBusName=bus, Targets=[target])
    assert events.list_rule_names_by_target(TargetArn=cluster)["RuleNames"] == [f"{name}-default"]
    assert events.list_rule_names_by_target(TargetArn=cluster, EventBusName=name)["RuleNames"] == [f"{name}-{name}"]
    assert events.list_targets_by_rule(Rule=f"{name}-default")["Targets"][0]["Arn"] == cluster
    with pytest.raises(events.exceptions.ResourceNotFoundException):
        events.list_targets_by_rule(Rule="absent")


def test_a_stack_sets_the_recovery_and_the_time_to_live_of_its_table(client: Callable[[str], Any], name: str) -> None:
    key = [{"AttributeName": "pk", "AttributeType": "S"}]
    table = {
        "BillingMode": "PAY_PER_REQUEST",
        "TableName": name,
        "AttributeDefinitions": key,
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
    }
    template = {"Resources": {"Table": {"Type": "AWS::DynamoDB::Table", "Properties": table}}}
    client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(template))
    client("cloudformation").get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    backups = client("dynamodb").describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert client("dynamodb").describe_time_to_live(TableName=name)["TimeToLiveDescription"] == {
        "TimeToLiveStatus": "ENABLED",
        "AttributeName": "expires",
    }


def test_a_trail_tells_of_calls_that_the_emulator_answers_itself(
    client: Callable[[str], Any], name: str, take: Callable[[], list[Event]]
) -> None:
    role = f"arn:aws:iam::{process.ACCOUNT}:role/own"
    target = {"Arn": f"arn:aws:sqs:{process.REGION}:{process.ACCOUNT}:{name}-changes", "RoleArn": role}
    schedule = {"ScheduleExpression": "rate(1 day)", "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target}
    made = client("scheduler").create_schedule(Name=name, **schedule)["ScheduleArn"]
    client("events").put_rule(Name=name, ScheduleExpression="rate(1 day)")
    client("events").put_targets(Rule=name, Targets=[{"Id": "1", "Arn": target["Arn"]}])
    runtime = client("bedrock-agentcore-control").create_agent_runtime(
        agentRuntimeName=name.replace("-", "_"),
        agentRuntimeArtifact={"containerConfiguration": {"containerUri": "busybox"}},
        roleArn=role,
        networkConfiguration={"networkMode": "PUBLIC"},
    )["agentRuntimeArn"]
    # What was pushed before is told some seconds late.
    told = [event for event in take() if event["detail-type"] == CALL and event["source"] != "aws.ecr"]
    calls = {event["detail"]["eventName"]: event for event in told}
    assert {event["source"]: call for call, event in calls.items()} == {
        "aws.scheduler": "CreateSchedule",
        "aws.events": "PutTargets",
        "aws.bedrock-agentcore": "CreateAgentRuntime",
    }
    assert calls["CreateSchedule"]["detail"]["responseElements"]["scheduleArn"] == made
    assert calls["PutTargets"]["detail"]["requestParameters"]["rule"] == name
    assert calls["CreateAgentRuntime"]["detail"]["responseElements"]["agentRuntimeArn"] == runtime
    with pytest.raises(client("scheduler").exceptions.ConflictException):
        client("scheduler").create_schedule(Name=name, **schedule)
    assert names(take()) == []
