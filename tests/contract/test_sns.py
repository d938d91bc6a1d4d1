"""Publishing alerts: the real adapter on a client whose calls botocore validates, beside its twin in memory."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ConnectTimeoutError
from botocore.stub import ANY
from tests.alert_schema import assert_valid
from tests.alerts import CASES, pushed_from_a_mac
from tests.fakes.published import RecordingAlerts
from tests.fakes.stubbed import stubbed

from ecrguard.adapters.sns import SnsAlerts, attributes, message
from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.errors import UnreadableError
from ecrguard.rendering import chat, document, email, reading

if TYPE_CHECKING:
    from botocore.stub import Stubber
    from mypy_boto3_sns.client import SNSClient

    from ecrguard.ports import AlertPublisher

TOPIC = "arn:aws:sns:eu-west-1:111122223333:alerts"
MAC = pushed_from_a_mac()


type Stubbed = tuple[SNSClient, Stubber]


@pytest.fixture
def sns() -> Stubbed:
    return stubbed("sns")


@pytest.mark.parametrize("twin", ["real", "fake"])
def test_published(twin: str, sns: Stubbed) -> None:
    client, stub = sns
    stub.add_response("publish", {"MessageId": "1"})
    publisher: AlertPublisher = SnsAlerts(lambda: client, TOPIC) if twin == "real" else RecordingAlerts()
    publisher.publish(MAC)
    if isinstance(publisher, RecordingAlerts):
        assert publisher.published == [MAC]
    else:
        stub.assert_no_pending_responses()


@pytest.mark.parametrize("twin", ["real", "fake"])
def test_not_taken_is_unreadable(twin: str, sns: Stubbed) -> None:
    client, stub = sns
    stub.add_client_error("publish", "ThrottledException")
    failing = Unknown(UnknownReason.THROTTLED, "sns:Publish failed")
    publisher: AlertPublisher = SnsAlerts(lambda: client, TOPIC) if twin == "real" else RecordingAlerts(failing=failing)
    with pytest.raises(UnreadableError) as raised:
        publisher.publish(MAC)
    assert raised.value.unknown.reason is UnknownReason.THROTTLED


@pytest.mark.parametrize("case", CASES)
def test_each_protocol_gets_its_body(case: str, sns: Stubbed) -> None:
    client, stub = sns
    rendered = document.render(CASES[case])
    sent: dict[str, Any] = {
        "TopicArn": TOPIC,
        "Subject": email.subject(rendered),
        "Message": message(rendered),
        "MessageStructure": "json",
        "MessageAttributes": ANY,
    }
    stub.add_response("publish", {"MessageId": "1"}, sent)
    SnsAlerts(lambda: client, TOPIC).publish(CASES[case])
    stub.assert_no_pending_responses()

    bodies = json.loads(message(rendered))
    assert all(isinstance(body, str) for body in bodies.values()), "SNS passes over what is no text"
    assert set(bodies) == {"default", "email", "https", "sms"}
    assert_valid(json.loads(bodies["default"]))
    assert reading.parse(bodies["default"]) == rendered
    assert bodies["email"] == email.body(rendered)
    assert json.loads(bodies["https"]) == chat.render(rendered)
    assert len(bodies["sms"]) <= 140


def test_attributes_for_filters() -> None:
    found = attributes(document.render(MAC))
    assert {name: value.get("StringValue") for name, value in found.items()} == {
        "schemaVersion": "1.2",
        "kind": "alert",
        "judgement": "mismatch",
        "reason": "platforms_mismatch",
        "account": "111122223333",
        "region": "eu-west-1",
        "repository": "shop/web",
    }
    assert all(value["DataType"] == "String" for value in found.values())
    assert attributes(document.render(CASES["resolved"]))["kind"].get("StringValue") == "resolved"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("AuthorizationError", UnknownReason.ACCESS_DENIED),
        ("KMSAccessDenied", UnknownReason.ACCESS_DENIED),
        ("InternalError", UnknownReason.UNAVAILABLE),
        ("NotFound", UnknownReason.UNAVAILABLE),
    ],
)
def test_refusal_names_the_topic(code: str, reason: UnknownReason, sns: Stubbed) -> None:
    client, stub = sns
    stub.add_client_error("publish", code)
    with pytest.raises(UnreadableError) as raised:
        SnsAlerts(lambda: client, TOPIC).publish(MAC)
    assert raised.value.unknown.reason is reason
    assert TOPIC in raised.value.unknown.detail


def test_no_connection() -> None:
    def client() -> Any:
        raise ConnectTimeoutError(endpoint_url="https://sns.eu-west-1.amazonaws.com")

    with pytest.raises(UnreadableError, match="unavailable"):
        SnsAlerts(client, TOPIC).publish(MAC)


def test_client_is_made_on_first_use() -> None:
    def client() -> Any:
        pytest.fail("nothing is published yet")

    SnsAlerts(client, TOPIC)
