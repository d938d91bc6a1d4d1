"""Where policies are enforced, those on a table's partitions are: the condition key dynamodb:LeadingKeys."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from localaws import process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TABLE = "stack-table"
CONDITION = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["ledger#*", "due"]}}


def key(pk: str) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": "1"}}


CALLS: dict[str, Callable[[Any, str], object]] = {
    "GetItem": lambda client, pk: client.get_item(TableName=TABLE, Key=key(pk)),
    "PutItem": lambda client, pk: client.put_item(TableName=TABLE, Item=key(pk)),
    "UpdateItem": lambda client, pk: client.update_item(
        TableName=TABLE,
        Key=key(pk),
        UpdateExpression="SET a = :a",
        ExpressionAttributeValues={":a": {"S": "1"}},
    ),
    "DeleteItem": lambda client, pk: client.delete_item(TableName=TABLE, Key=key(pk)),
    "Query": lambda client, pk: client.query(
        TableName=TABLE,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
        ExpressionAttributeValues={":pk": {"S": pk}, ":sk": {"S": "1"}},
    ),
    "BatchGetItem": lambda client, pk: client.batch_get_item(
        RequestItems={TABLE: {"Keys": [key("due"), key(pk)] if pk != "due" else [key(pk)]}}
    ),
    "BatchWriteItem": lambda client, pk: client.batch_write_item(
        RequestItems={TABLE: [{"PutRequest": {"Item": key("ledger#a")}}, {"DeleteRequest": {"Key": key(pk)}}]}
    ),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[process.LocalAws]:
    log: Path = tmp_path_factory.mktemp("table") / "server.log"
    with process.running(log=log, settings={"AUTH": "true"}) as running:
        _client(running, "dynamodb").create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        )
        yield running


def _client(server: process.LocalAws, service: str, key: str = "test", secret: str = "test") -> Any:  # noqa: S107 - none
    make: Any = boto3.Session(key, secret, region_name=process.REGION).client
    return make(service, endpoint_url=server.endpoint)


@pytest.mark.parametrize("operation", CALLS)
def test_what_is_allowed_on_some_partitions_is_refused_on_others(server: process.LocalAws, operation: str) -> None:
    iam, user = _client(server, "iam"), uuid.uuid4().hex
    statement = {"Effect": "Allow", "Action": f"dynamodb:{operation}", "Resource": "*", "Condition": CONDITION}
    iam.create_user(UserName=user)
    iam.put_user_policy(
        UserName=user,
        PolicyName="only",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    made = iam.create_access_key(UserName=user)["AccessKey"]
    client = _client(server, "dynamodb", made["AccessKeyId"], made["SecretAccessKey"])
    for partition in ("ledger#team/web", "due"):
        CALLS[operation](client, partition)
    for partition in ("repository#team/web", "dues", "ledger"):
        with pytest.raises(ClientError, match="AccessDenied"):
            CALLS[operation](client, partition)
