"""What the product's stack rests on in the emulator itself: delivery, retries, bodies, functions."""

from __future__ import annotations

import io
import json
import time
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from localaws import process

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROLE = "arn:aws:iam::000000000000:role/function"


def bundle(files: Mapping[str, str]) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return output.getvalue()


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{process.REGION}:{process.ACCOUNT}:{resource}"


def invoke(client: Callable[[str], Any], function: str, event: object = None) -> Any:
    answer = client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
    payload = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, payload
    return payload


def test_a_function_runs_warm_on_a_python_that_has_nothing_but_its_bundle(
    aws: process.LocalAws, client: Callable[[str], Any], name: str
) -> None:
    code = """
import importlib.util, os, sys
import from_layer

calls = 0

def handler(event, context):
    global calls
    calls += 1
    packages = [name for name in ("boto3", "requests", "ministack") if importlib.util.find_spec(name)]
    return {
        "calls": calls,
        "packages": packages,
        "version": sys.version_info[:2],
        "endpoint": os.environ["AWS_ENDPOINT_URL"],
        "layer": from_layer.VALUE,
        "region": os.environ["AWS_REGION"],
    }
"""
    layer = client("lambda").publish_layer_version(
        LayerName=name, Content={"ZipFile": bundle({"python/from_layer.py": "VALUE = 7"})}
    )["LayerVersionArn"]
    client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=ROLE,
        Handler="app.handler",
        Layers=[layer],
        Code={"ZipFile": bundle({"app.py": code})},
    )
    first, second = invoke(client, name), invoke(client, name)
    assert first == {
        "calls": 1,
        "packages": [],
        "version": [3, 13],
        "endpoint": aws.endpoint,
        "layer": 7,
        "region": process.REGION,
    }
    assert second["calls"] == 2


def test_a_failed_record_alone_is_tried_again_and_then_dead_lettered(client: Callable[[str], Any], name: str) -> None:
    code = """
def handler(event, context):
    failed = [record["messageId"] for record in event["Records"] if record["body"] == "bad"]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}
"""
    sqs = client("sqs")
    dead = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    redrive = json.dumps({"deadLetterTargetArn": arn("sqs", f"{name}-dead"), "maxReceiveCount": 2})
    queue = sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": redrive, "VisibilityTimeout": "1"})[
        "QueueUrl"
    ]
    client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=ROLE,
        Handler="app.handler",
        Timeout=1,
        Code={"ZipFile": bundle({"app.py": code})},
    )
    mapping = client("lambda").create_event_source_mapping(
        FunctionName=name,
        EventSourceArn=arn("sqs", name),
        BatchSize=10,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        ScalingConfig={"MaximumConcurrency": 2},
    )
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 2}
    for body in ("good", "bad"):
        sqs.send_message(QueueUrl=queue, MessageBody=body)
    [left] = receive(sqs, dead, seconds=15)
    assert left["Body"] == "bad"
    assert (
        sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]["ApproximateNumberOfMessages"]
        == "0"
    )


def test_a_number_parameter_of_a_stack_reaches_the_event_source_as_a_number(
    client: Callable[[str], Any], name: str
) -> None:
    client("sqs").create_queue(QueueName=name)
    code = {"ZipFile": bundle({"app.py": "def handler(event, context): pass"})}
    client("lambda").create_function(
        FunctionName=name, Runtime="python3.13", Role=ROLE, Handler="app.handler", Code=code
    )
    template = {
        "Parameters": {"Most": {"Type": "Number", "Default": 7}},
        "Resources": {
            "Source": {
                "Type": "AWS::Lambda::EventSourceMapping",
                "Properties": {
                    "FunctionName": name,
                    "EventSourceArn": arn("sqs", name),
                    "ScalingConfig": {"MaximumConcurrency": {"Ref": "Most"}},
                },
            }
        },
    }
    client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(template))
    client("cloudformation").get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    [mapping] = client("lambda").list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 7}


@pytest.mark.parametrize("raw", ["true", "false"])
def test_a_topic_gives_each_protocol_its_own_body(client: Callable[[str], Any], name: str, raw: str) -> None:
    sns, sqs = client("sns"), client("sqs")
    topic = sns.create_topic(Name=name)["TopicArn"]
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn("sqs", name), Attributes={"RawMessageDelivery": raw})
    bodies = {"default": "for all", "sqs": '{"for": "queues"}', "email": "for people"}
    sns.publish(TopicArn=topic, Message=json.dumps(bodies), MessageStructure="json", Subject="an alert")
    [message] = receive(sqs, queue)
    assert (message["Body"] if raw == "true" else json.loads(message["Body"])["Message"]) == bodies["sqs"]


@pytest.mark.parametrize(
    ("pattern", "tags"),
    [
        ({"image-tag": [{"prefix": "v"}]}, ["v1", "v2"]),
        ({"image-tag": [{"anything-but": {"prefix": "v"}}]}, ["latest"]),
        ({"image-tag": [{"exists": False}]}, [None]),
        ({"image-tag": [{"wildcard": "*te*"}, {"exists": False}]}, ["latest", None]),
        ({"action-type": [{"anything-but": ["DELETE"]}]}, ["v1", "v2", "latest", None]),
    ],
)
def test_event_patterns(client: Callable[[str], Any], name: str, pattern: Any, tags: list[str | None]) -> None:
    events, sqs = client("events"), client("sqs")
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [name], "detail": pattern}))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn("sqs", name)}])
    for tag in ("v1", "v2", "latest", None):
        detail = {"action-type": "PUSH"} | ({"image-tag": tag} if tag else {})
        events.put_events(Entries=[{"Source": name, "DetailType": "Test", "Detail": json.dumps(detail)}])
    found = [json.loads(message["Body"])["detail"].get("image-tag") for message in receive(sqs, queue)]
    assert sorted(found, key=str) == sorted(tags, key=str)


def receive(sqs: Any, queue: str, seconds: float = 2) -> list[Any]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            return list(found)
        time.sleep(0.1)
    return []
