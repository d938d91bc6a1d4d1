"""The inventory of the deployed stack: full readings, changes, and what cannot be read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from localaws.demo_services import ARM64_PLATFORM, Account
from tests.e2e.guarded import wait_for

from localaws import images, inventory, verdicts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localaws.inventory import Entry
    from tests.e2e.guarded import Guarded


@dataclass(frozen=True)
class Life:
    """How a workload comes and goes: made with a name and an image, and ended by its name and what making it gave."""

    make: Callable[[Account, str, str], Any]
    end: Callable[[Account, str, Any], object]


def _stop_task(account: Account, _: str, task: str) -> None:
    account.client("ecs").stop_task(cluster="prod", task=task)


def _delete_rule(account: Account, name: str, _: object) -> None:
    account.client("events").remove_targets(Rule=name, Ids=["1"])
    account.client("events").delete_rule(Name=name)


LIVES = {
    "ecs-service": Life(
        lambda account, name, image: account.service("prod", name, image),
        lambda account, name, _: account.delete_service("prod", name),
    ),
    "ecs-express-service": Life(
        lambda account, name, image: account.express_service("prod", name, image),
        lambda account, _, arn: account.client("ecs").delete_express_gateway_service(serviceArn=arn),
    ),
    "ecs-task": Life(lambda account, name, image: account.task("prod", name, image), _stop_task),
    "ecs-scheduled-task": Life(
        lambda account, name, image: account.schedule("prod", name, image),
        lambda account, name, _: account.client("scheduler").delete_schedule(Name=name),
    ),
    "ecs-scheduled-task-of-a-rule": Life(lambda account, name, image: account.rule("prod", name, image), _delete_rule),
    "apprunner-service": Life(
        lambda account, name, image: account.app_runner(name, image),
        lambda account, _, arn: account.client("apprunner").delete_service(ServiceArn=arn),
    ),
    "lambda-function": Life(
        lambda account, name, image: account.function(name, image),
        lambda account, name, _: account.client("lambda").delete_function(FunctionName=name),
    ),
    "batch-job-definition": Life(
        lambda account, name, image: account.job_definition(name, image),
        lambda account, _, arn: account.client("batch").deregister_job_definition(jobDefinition=arn),
    ),
    "codebuild-project": Life(
        lambda account, name, image: account.build_project(name, image),
        lambda account, name, _: account.client("codebuild").delete_project(name=name),
    ),
    "agentcore-runtime": Life(
        lambda account, name, image: account.agent(name, image),
        lambda account, _, number: account.client("bedrock-agentcore-control").delete_agent_runtime(
            agentRuntimeId=number
        ),
    ),
    "sagemaker-endpoint": Life(
        lambda account, name, image: account.model_endpoint(name, image),
        lambda account, name, _: account.client("sagemaker").delete_endpoint(EndpointName=name),
    ),
}


@pytest.mark.parametrize("kind", LIVES)
def test_a_workload_is_known_from_the_event_of_its_beginning_to_that_of_its_end(guarded: Guarded, kind: str) -> None:
    repository = guarded.repository()
    # Lambda takes an image only if it is there.
    guarded.push(images.image("linux/arm64", label=repository), repository, "1")
    made = LIVES[kind].make(guarded.account, repository, f"{repository}:1")
    [entry] = known(guarded, repository)
    assert kind.startswith(entry.kind)
    assert entry.image == f"{repository}:1"
    LIVES[kind].end(guarded.account, repository, made)
    wait_for("end of what was known", lambda: not inventory.entries(guarded.deployment, repository))


def test_a_function_that_is_updated_to_an_image_it_cannot_run_is_alerted(guarded: Guarded) -> None:
    repository = guarded.repository()
    for architecture in ("arm64", "amd64"):
        image = images.image(f"linux/{architecture}", label=repository)
        guarded.push(image, repository, f"1-{architecture}")
    guarded.account.function(repository, f"{repository}:1-arm64")
    known(guarded, repository)
    guarded.client("lambda").update_function_code(
        FunctionName=repository, ImageUri=guarded.account.image(f"{repository}:1-amd64")
    )
    [alert] = guarded.alerts(repository)
    assert alert["arrival"] == "deployed"
    assert (alert["workload"]["kind"], alert["workload"]["name"]) == ("lambda-function", repository)
    assert alert["findings"][0]["failure"] == "exec_format_error"


def test_what_starts_the_latest_revision_is_alerted_when_one_is_registered_that_it_cannot_run(guarded: Guarded) -> None:
    repository = guarded.repository()
    guarded.push(images.image("linux/amd64", label=repository), repository, "1")
    account = guarded.account
    definition = account.task_definition(repository, f"{repository}:1")
    target = account.starting("prod", definition.rpartition(":")[0])
    account.client("scheduler").create_schedule(
        Name=repository, ScheduleExpression="rate(1 day)", FlexibleTimeWindow={"Mode": "OFF"}, Target=target
    )
    known(guarded, repository)
    account.task_definition(repository, f"{repository}:1", runtimePlatform=ARM64_PLATFORM)
    [alert] = guarded.alerts(repository)
    assert (alert["arrival"], alert["workload"]["kind"]) == ("deployed", "ecs-scheduled-task")
    assert alert["findings"][0]["required"] == ["linux/arm64"]


def test_a_change_to_what_can_run_wakes_nobody(guarded: Guarded) -> None:
    repository = guarded.repository()
    for tag in ("1", "2"):
        guarded.push(images.image("linux/amd64", label=f"{repository} {tag}"), repository, tag)
    guarded.account.service("prod", repository, f"{repository}:1")
    known(guarded, repository)
    guarded.account.update_service("prod", repository, f"{repository}:2")
    wait_for("change", lambda: [each for each in known(guarded, repository) if each.image == f"{repository}:2"])
    assert not guarded.alerts(repository, count=0)


def test_a_full_reading_sees_what_no_event_told(guarded: Guarded, unheard: Callable[[], None]) -> None:
    ended, begun = guarded.repository(), guarded.repository()
    guarded.account.service("prod", ended, f"{ended}:1")
    known(guarded, ended)
    unheard()
    guarded.account.delete_service("prod", ended)
    guarded.account.service("prod", begun, f"{begun}:1")
    answer = inventory.reconcile(guarded.deployment, "ecs")
    assert (answer["replaced"], answer["removed"]) == ({"ecs": 1}, {"ecs": 1})
    assert not inventory.entries(guarded.deployment, ended)
    [entry] = inventory.entries(guarded.deployment, begun)
    assert entry.name == f"prod/{begun}"


def test_a_reading_of_which_a_run_ended_half_way_is_gone_on_with(guarded: Guarded) -> None:
    begun = {":begun": {"S": "2026-11-24T02:00:00.000000+00:00"}, ":cursor": {"S": ""}, ":none": {"L": []}}
    note(
        guarded,
        "tasks",
        "SET running = :begun, pages = :zero, next_page = :cursor, stalls = :one, running_unknowns = :none",
        {**begun, ":zero": {"N": "0"}, ":one": {"N": "1"}},
    )
    answer = inventory.reconcile(guarded.deployment)
    assert set(answer["pages"]) == {"tasks"}
    assert (answer["running"], answer["unreadable"]) == ([], [])
    assert set(answer["complete"]) == set(inventory.SOURCES)


def test_of_two_readings_at_once_one_does_nothing(guarded: Guarded) -> None:
    table: dict[str, Any] = {"TableName": guarded.url("InventoryTableName")}
    key = {"pk": {"S": "lease"}, "sk": {"S": "reconcile"}}
    lease = {**key, "owner": {"S": "another run"}, "until": {"S": "2999-12-31T00:00:00.000000+00:00"}}
    guarded.client("dynamodb").put_item(**table, Item=lease)
    try:
        assert inventory.reconcile(guarded.deployment) == {"held": True}
    finally:
        guarded.client("dynamodb").delete_item(**table, Key=key)
    assert inventory.reconcile(guarded.deployment)["running"] == []


def test_a_source_that_is_denied_is_named_and_no_push_passes_until_it_can_be_read(audited: Guarded) -> None:
    iam, role = audited.client("iam"), audited.resource("ReconcileRole")
    policy = iam.get_role_policy(RoleName=role, PolicyName="ecs")["PolicyDocument"]
    repository, sources = audited.repository("audited/"), set(inventory.sources(audited.deployment))
    iam.delete_role_policy(RoleName=role, PolicyName="ecs")
    try:
        answer = inventory.reconcile(audited.deployment, *sources)
        start_anew(audited, "PushFunctionName", timeout=119)
        audited.push(images.image("linux/amd64", label=repository), repository, "1")
        [verdict] = audited.judged(repository, "1")
        [alert] = audited.alerts(repository)
    finally:
        iam.put_role_policy(RoleName=role, PolicyName="ecs", PolicyDocument=json.dumps(policy))
    assert answer["unreadable"] == ["ecs"]
    assert sources - {"ecs"} <= set(answer["pages"])
    assert set(answer["complete"]) == sources
    said = verdicts.log_lines(audited.deployment, "source unreadable", "ReconcileLogGroupName")
    assert {(line["source"], line["code"]) for line in said} == {("ecs", "access_denied")}
    assert verdict["judgement"] == "unknown"
    assert alert["unknowns"][0]["reason"] == "access_denied"
    assert "ecs:ListServices was denied" in alert["verdict"]["explanation"]

    assert inventory.reconcile(audited.deployment, "ecs")["unreadable"] == []
    start_anew(audited, "PushFunctionName", timeout=120)
    body, attributes = audited.dead_letter(repository)
    assert attributes["code"] == "access_denied"
    audited.send(body)
    _, again = audited.judged(repository, "1", count=2)
    assert (again["judgement"], again["alerted"]) == ("ok", False)


@pytest.fixture
def unheard(guarded: Guarded) -> Iterator[Callable[[], None]]:
    """Have changes of ECS no longer heard of, until the end of the test."""
    events, rules = guarded.client("events"), [guarded.resource(name) for name in ("EcsChangesRule", "CallsRule")]

    def disable() -> None:
        for rule in rules:
            events.disable_rule(Name=rule)

    yield disable
    for rule in rules:
        events.enable_rule(Name=rule)


def known(guarded: Guarded, repository: str) -> list[Entry]:
    return wait_for(f"workload of {repository}", lambda: inventory.entries(guarded.deployment, repository))


def note(guarded: Guarded, source: str, update: str, values: dict[str, Any] | None = None) -> None:
    """Change how far the stack thinks it has read a source."""
    guarded.client("dynamodb").update_item(
        TableName=guarded.url("InventoryTableName"),
        Key={"pk": {"S": "inventory"}, "sk": {"S": f"source#{source}"}},
        UpdateExpression=update,
        **({"ExpressionAttributeValues": values} if values else {}),
    )


def start_anew(guarded: Guarded, function: str, *, timeout: int) -> None:
    """Change a function's time-out, so that what it keeps between invocations is gone."""
    client, name = guarded.client("lambda"), guarded.url(function)
    client.update_function_configuration(FunctionName=name, Timeout=timeout)
    client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
