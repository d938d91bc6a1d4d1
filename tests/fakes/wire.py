"""A real boto3 client whose calls end in memory: botocore validates what is asked, and what is answered is validated
against the operation's output shape, so that a fake cannot answer what AWS could not.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.validate import ParamValidator

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.model import OperationModel, Shape

type Record = dict[str, Any]


@dataclass(slots=True)
class Refusal(Exception):  # noqa: N818 - what a service answers, not what a program does wrong
    """An error answer of a service."""

    code: str
    message: str = "as arranged"
    status: int = 400


@dataclass(frozen=True, slots=True)
class _HttpAnswer:
    status_code: int


@functools.cache
def _session() -> boto3.Session:
    return boto3.Session(aws_access_key_id="AKIDTEST", aws_secret_access_key="not-a-secret")  # noqa: S106 - of nothing


def connect(service: str, answer: Callable[[str, Record], Record], region: str) -> Any:
    """A client of ``service`` whose operations ``answer(name, parameters)`` answers or refuses."""
    make: Any = _session().client
    client = make(service, region_name=region, config=Config(retries={"total_max_attempts": 1}))

    def remember(params: Record, context: Record, **_: Any) -> None:
        context["asked"] = dict(params)

    def reply(model: OperationModel, context: Record, **_: Any) -> tuple[_HttpAnswer, Record]:
        try:
            body = answer(model.name, context["asked"])
        except Refusal as refusal:
            error = {"Code": refusal.code, "Message": refusal.message}
            metadata = {"HTTPStatusCode": refusal.status, "RequestId": "0", "RetryAttempts": 0}
            return _HttpAnswer(refusal.status), {"Error": error, "ResponseMetadata": metadata}
        check(body, model.output_shape, model.name)
        return _HttpAnswer(200), body | {"ResponseMetadata": {"HTTPStatusCode": 200, "RequestId": "0"}}

    client.meta.events.register("before-parameter-build", remember)
    client.meta.events.register("before-call", reply)
    return client


def check(body: Record, shape: Shape | None, where: str) -> None:
    """Fail where ``body`` is not what ``shape`` allows: a wrong type, a missing member, one that does not exist."""
    assert shape is not None, where
    report = ParamValidator().validate(body, shape)
    assert not report.has_errors(), f"{where}: {report.generate_report()}"
    unknown = list(_unknown(body, shape, where))
    assert not unknown, f"not members of the output shape: {unknown}"


def _unknown(value: Any, shape: Any, where: str) -> list[str]:
    if shape.type_name == "structure":
        found = [f"{where}.{name}" for name in value if name not in shape.members]
        inner = ((value[name], member, f"{where}.{name}") for name, member in shape.members.items() if name in value)
        return found + [each for item in inner for each in _unknown(*item)]
    if shape.type_name == "list":
        return [each for item in value for each in _unknown(item, shape.member, f"{where}[]")]
    return []


def page(items: list[str], token: str | None, size: int) -> tuple[list[str], str | None]:
    """One page of ``items`` and the token of the next."""
    start = int(token) if token else 0
    end = start + size
    return items[start:end], str(end) if end < len(items) else None
