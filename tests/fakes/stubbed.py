"""A real boto3 client that answers from a script; botocore holds both sides of it against the service's model."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.stub import Stubber


def stubbed(service: str) -> tuple[Any, Stubber]:
    client: Any = boto3.client(
        service,  # type: ignore[call-overload]  # the stubs know services by literal names
        region_name="eu-west-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",  # noqa: S106 - a stubbed client signs nothing
    )
    stub = Stubber(client)
    stub.activate()
    return client, stub
