"""Reading events of change: which workload each is of, and that nothing else is taken for one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrguard.change_event import read_change
from ecrguard.config import SOURCES
from ecrguard.errors import MalformedEventError

EVENTS = Path(__file__).parents[2] / "events"
PLACE = "eu-central-1:123456789012"
WEB, EXPRESS = f"arn:aws:ecs:{PLACE}:service/prod/web", f"arn:aws:ecs:{PLACE}:service/default/shop-api"
TASK = f"arn:aws:ecs:{PLACE}:task/prod/d0ae5a7b1c7d4bd1b4f9ee60ac4d1c35"
GRAFANA = f"arn:aws:apprunner:{PLACE}:service/grafana/8fe1e10304f84fd2b0df550fe98a71fa"
RESIZE = f"arn:aws:lambda:{PLACE}:function:resize"

SAMPLES = {
    "apprunner-deleted": ("apprunner", GRAFANA),
    "apprunner-operation": ("apprunner", GRAFANA),
    "apprunner-status": ("apprunner", GRAFANA),
    "call-create-express": ("ecs", EXPRESS),
    "call-create-function": ("lambda", RESIZE),
    "call-create-service": ("ecs", WEB),
    "call-delete-express": ("ecs", EXPRESS),
    "call-delete-function": ("lambda", RESIZE),
    "call-delete-service": ("ecs", WEB),
    "call-register-task-definition": ("schedules", ""),
    "call-update-express": ("ecs", EXPRESS),
    "call-update-function-code": ("lambda", RESIZE),
    "call-update-service": ("ecs", WEB),
    "ecs-deployment-completed": ("ecs", WEB),
    "ecs-deployment-failed": ("ecs", WEB),
    "ecs-deployment-started": ("ecs", WEB),
    "ecs-service-steady": ("ecs", WEB),
    "ecs-task-of-service": ("tasks", TASK),
    "ecs-task-running": ("tasks", TASK),
    "ecs-task-stopped": ("tasks", TASK),
}


def sample(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EVENTS / f"change-{name}.json").read_text())
    return found


def test_every_sample_is_one_that_is_known_here() -> None:
    names = {path.stem.removeprefix("change-") for path in EVENTS.glob("change-*.json")}
    assert names == {*SAMPLES, "call-refused"}


@pytest.mark.parametrize(("name", "said"), SAMPLES.items(), ids=SAMPLES.keys())
def test_a_sample_says_which_workload_to_look_at(name: str, said: tuple[str, str]) -> None:
    event = sample(name)

    change = read_change(json.dumps(event))

    assert (change.source, change.arn) == said
    assert (change.event_id, change.time.isoformat()) == (event["id"], event["time"].replace("Z", "+00:00"))
    assert change.source in SOURCES


def test_a_new_revision_names_its_family() -> None:
    assert read_change(json.dumps(sample("call-register-task-definition"))).family == "web"


def call(service: str, name: str, parameters: Any = None, response: Any = None, **more: Any) -> str:
    detail = {
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "requestParameters": parameters,
        "responseElements": response,
    }
    return json.dumps(sample("call-update-service") | {"source": f"aws.{service}", "detail": detail | more})


RULE = f"arn:aws:events:{PLACE}:rule"
CALLS = {
    "targets of a rule": (call("events", "PutTargets", {"rule": "nightly"}), "schedules", f"{RULE}/nightly"),
    "a rule on another bus": (
        call("events", "RemoveTargets", {"rule": "nightly", "eventBusName": "orders"}),
        "schedules",
        f"{RULE}/orders/nightly",
    ),
    "a bus by its ARN": (
        call("events", "DeleteRule", {"name": "nightly", "eventBusName": f"arn:aws:events:{PLACE}:event-bus/default"}),
        "schedules",
        f"{RULE}/nightly",
    ),
    "a partner's bus": (
        call("events", "PutTargets", {"rule": "nightly", "eventBusName": "aws.partner/example.com/orders"}),
        "schedules",
        f"{RULE}/aws.partner/example.com/orders/nightly",
    ),
    "a new schedule": (
        call("scheduler", "CreateSchedule", {"name": "n"}, {"scheduleArn": f"arn:aws:scheduler:{PLACE}:schedule/g/n"}),
        "schedules",
        f"arn:aws:scheduler:{PLACE}:schedule/g/n",
    ),
    "a new schedule whose answer is left out": (
        call("scheduler", "CreateSchedule", {"name": "n", "groupName": "g"}),
        "schedules",
        f"arn:aws:scheduler:{PLACE}:schedule/g/n",
    ),
    "an endpoint whose answer is left out": (
        call("sagemaker", "UpdateEndpoint", {"endpointName": "churn"}),
        "sagemaker",
        f"arn:aws:sagemaker:{PLACE}:endpoint/churn",
    ),
    "a schedule that is deleted": (
        call("scheduler", "DeleteSchedule", {"name": "n"}),
        "schedules",
        f"arn:aws:scheduler:{PLACE}:schedule/default/n",
    ),
    "a published version": (
        call("lambda", "UpdateFunctionCode20150331v2", {"functionName": "resize"}, {"functionArn": f"{RESIZE}:7"}),
        "lambda",
        RESIZE,
    ),
    "a function by its partial ARN": (
        call("lambda", "DeleteFunction20150331", {"functionName": "123456789012:function:resize"}),
        "lambda",
        RESIZE,
    ),
    "a version of a function": (
        call("lambda", "DeleteFunction20150331", {"functionName": "resize:7"}),
        "lambda",
        RESIZE,
    ),
    "a function by its ARN": (
        call("lambda", "DeleteFunction20150331", {"functionName": RESIZE}),
        "lambda",
        RESIZE,
    ),
    "a job definition": (
        call("batch", "RegisterJobDefinition", {}, {"jobDefinitionArn": f"arn:aws:batch:{PLACE}:job-definition/j:3"}),
        "batch",
        f"arn:aws:batch:{PLACE}:job-definition/j:3",
    ),
    "a job definition that is deregistered": (
        call("batch", "DeregisterJobDefinition", {"jobDefinition": "j:3"}),
        "batch",
        f"arn:aws:batch:{PLACE}:job-definition/j:3",
    ),
    "a build project": (
        call("codebuild", "UpdateProject", {"name": "p"}, {"project": {"arn": f"arn:aws:codebuild:{PLACE}:project/p"}}),
        "codebuild",
        f"arn:aws:codebuild:{PLACE}:project/p",
    ),
    "an agent": (
        call("bedrock-agentcore", "DeleteAgentRuntime", {"agentRuntimeId": "bot-1"}),
        "agentcore",
        f"arn:aws:bedrock-agentcore:{PLACE}:runtime/bot-1",
    ),
    "an endpoint": (
        call("sagemaker", "DeleteEndpoint", {"endpointName": "churn"}),
        "sagemaker",
        f"arn:aws:sagemaker:{PLACE}:endpoint/churn",
    ),
}


@pytest.mark.parametrize(("body", "source", "arn"), CALLS.values(), ids=CALLS.keys())
def test_a_call_says_which_workload_to_look_at(body: str, source: str, arn: str) -> None:
    change = read_change(body)

    assert (change.source, change.arn) == (source, arn)


def test_the_partition_is_that_of_the_region() -> None:
    event = json.loads(call("sagemaker", "DeleteEndpoint", {"endpointName": "churn"})) | {"region": "cn-north-1"}

    assert read_change(json.dumps(event)).arn == "arn:aws-cn:sagemaker:cn-north-1:123456789012:endpoint/churn"


MALFORMED = {
    "no JSON": "x",
    "a list": "[]",
    "no detail": json.dumps(sample("ecs-service-steady") | {"detail": None}),
    "no resources": json.dumps(sample("ecs-service-steady") | {"resources": []}),
    "resources that are no list": json.dumps(sample("ecs-service-steady") | {"resources": {"a": 1}}),
    "another resource": json.dumps(sample("apprunner-status") | {"resources": [TASK]}),
    "a task without its ARN": json.dumps(sample("ecs-task-running") | {"detail": {}}),
    "a push": (EVENTS / "push-single.json").read_text(),
    "a call that was refused": (EVENTS / "change-call-refused.json").read_text(),
    "a call that changes nothing": call("ecs", "DescribeServices"),
    "a call of another service": call("sts", "CreateService"),
    "neither an answer nor a name": call("scheduler", "UpdateSchedule"),
    "an answer without an ARN": call("ecs", "CreateService", {}, {"service": {}}),
    "an answer that is no object": call("ecs", "CreateService", {}, "done"),
    "something else than an ARN": call("ecs", "CreateService", {}, {"service": {"serviceArn": "web"}}),
    "no parameters": call("sagemaker", "DeleteEndpoint"),
    "a name that is no text": call("sagemaker", "DeleteEndpoint", {"endpointName": 7}),
    "no function": call("lambda", "DeleteFunction20150331", {}, {}),
    "something else than a function": call("lambda", "DeleteFunction20150331", {"functionName": "a b"}),
    "no rule": call("events", "DeleteRule", {}),
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_anything_else_is_malformed_and_says_what_was_expected(body: str) -> None:
    with pytest.raises(MalformedEventError, match=r"^expected "):
        read_change(body)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(name=st.sampled_from(sorted(SAMPLES)), member=st.text(max_size=12), value=values, deep=st.booleans())
def test_whatever_stands_in_an_event_it_is_read_or_malformed(name: str, member: str, value: Any, *, deep: bool) -> None:
    event = sample(name)
    within = event["detail"] if deep else event
    within[member or "resources"] = value
    try:
        change = read_change(json.dumps(event))
    except MalformedEventError:
        return
    assert change.arn.startswith("arn:") or change.family


@given(name=st.sampled_from(sorted(SAMPLES)), data=st.data(), value=values)
def test_whatever_takes_the_place_of_a_member_it_is_read_or_malformed(
    name: str, data: st.DataObject, value: Any
) -> None:
    event = sample(name)
    within: Any = event
    while True:
        member = data.draw(st.sampled_from(sorted(within)))
        if not isinstance(within[member], dict) or not within[member] or data.draw(st.booleans()):
            break
        within = within[member]
    within[member] = value
    try:
        change = read_change(json.dumps(event))
    except MalformedEventError:
        return
    assert change.arn.startswith("arn:") or change.family
