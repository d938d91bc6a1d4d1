"""The policy source on AppConfig, with botocore's own client on answers that have the service's shape."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from ecrguard.adapters.appconfig import ACTIONS, MAX_AGE, POLL_INTERVAL, AppConfigPolicy
from ecrguard.domain.image import Cure, UnknownReason
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator

FIRST = b"version: 1\nrules: [{name: first}]\n"
SECOND = b"version: 1\nrules: [{name: second}]\n"
INVALID = b"version: 1\nrules:\n- name: r\n  platforms: [linux/amd46]\n  a: 1\n  b: 2\n  c: 3\n"
IDS = {
    "ApplicationIdentifier": "abc1234",
    "EnvironmentIdentifier": "env1234",
    "ConfigurationProfileIdentifier": "pro1234",
}


class Service:
    """AppConfig's data plane: a script of its answers, in the order in which they must be asked for."""

    def __init__(self) -> None:
        self.client = boto3.client(
            "appconfigdata",
            region_name="eu-west-1",
            aws_access_key_id="x",
            aws_secret_access_key="x",  # noqa: S106 - a stubbed client signs nothing
            config=Config(retries={"total_max_attempts": 1}),
        )
        self.stub = Stubber(self.client)
        self.built = 0

    def make(self) -> Any:
        self.built += 1
        return self.client

    def session(self, token: str) -> None:
        self.stub.add_response("start_configuration_session", {"InitialConfigurationToken": token}, IDS)

    def session_fails(self, code: str, message: str = "no", status: int = 400) -> None:
        self.stub.add_client_error("start_configuration_session", code, message, status, expected_params=IDS)

    def latest(self, token: str, content: bytes, following: str, interval: int = 60) -> None:
        self.stub.add_response(
            "get_latest_configuration",
            {
                "NextPollConfigurationToken": following,
                "NextPollIntervalInSeconds": interval,
                "ContentType": "application/x-yaml",
                "Configuration": StreamingBody(io.BytesIO(content), len(content)),
            },
            {"ConfigurationToken": token},
        )

    def latest_fails(self, token: str, code: str, message: str = "no", status: int = 400) -> None:
        expected = {"ConfigurationToken": token}
        self.stub.add_client_error("get_latest_configuration", code, message, status, expected_params=expected)


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def advance(self, step: timedelta) -> None:
        self.time += step


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    with made.stub:
        yield made
    made.stub.assert_no_pending_responses()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def source(service: Service, clock: Clock) -> AppConfigPolicy:
    return AppConfigPolicy(service.make, "abc1234", "env1234", "pro1234", clock)


@pytest.fixture
def read(service: Service, source: AppConfigPolicy) -> AppConfigPolicy:
    """A source that has read the first policy."""
    service.session("t0")
    service.latest("t0", FIRST, "t1")
    assert rule(source) == "first"
    return source


def rule(source: AppConfigPolicy) -> str:
    return source.current().rules[0].name


def refused(source: AppConfigPolicy) -> UnreadableError:
    with pytest.raises(UnreadableError) as raised:
        source.current()
    return raised.value


def test_no_client_is_made_before_the_first_read(service: Service, source: AppConfigPolicy) -> None:
    assert service.built == 0
    assert source.profile == "pro1234"


def test_the_policy_is_asked_for_once_a_minute_and_parsed_when_it_is_new(
    service: Service, read: AppConfigPolicy, clock: Clock
) -> None:
    first = read.current()
    clock.advance(POLL_INTERVAL - timedelta(seconds=1))
    assert read.current() is first

    clock.advance(timedelta(seconds=1))
    service.latest("t1", b"", "t2")
    assert read.current() is first

    clock.advance(POLL_INTERVAL)
    service.latest("t2", FIRST, "t3")
    assert read.current() is first

    clock.advance(POLL_INTERVAL)
    service.latest("t3", SECOND, "t4")
    assert rule(read) == "second"


def test_appconfig_may_ask_for_longer_pauses(service: Service, source: AppConfigPolicy, clock: Clock) -> None:
    service.session("t0")
    service.latest("t0", FIRST, "t1", interval=300)
    source.current()

    clock.advance(timedelta(seconds=299))
    source.current()

    clock.advance(timedelta(seconds=1))
    service.latest("t1", SECOND, "t2")
    assert rule(source) == "second"


def test_an_expired_token_starts_a_new_session(service: Service, read: AppConfigPolicy, clock: Clock) -> None:
    clock.advance(timedelta(hours=30))
    service.latest_fails("t1", "BadRequestException", "expired")
    service.session("s0")
    service.latest("s0", SECOND, "s1")

    assert rule(read) == "second"

    clock.advance(POLL_INTERVAL)
    service.latest("s1", b"", "s2")
    assert rule(read) == "second"


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        ("AccessDeniedException", 403, UnknownReason.ACCESS_DENIED),
        ("ThrottlingException", 429, UnknownReason.THROTTLED),
        ("InternalServerException", 500, UnknownReason.UNAVAILABLE),
        ("ResourceNotFoundException", 404, UnknownReason.POLICY_MISSING),
        ("BadRequestException", 400, UnknownReason.UNAVAILABLE),
    ],
)
def test_a_first_read_that_fails_is_never_an_empty_policy(
    service: Service, source: AppConfigPolicy, code: str, status: int, reason: UnknownReason
) -> None:
    service.session_fails(code, status=status)
    assert refused(source).unknown.reason is reason

    service.session("t0")
    service.latest_fails("t0", code, status=status)
    unknown = refused(source).unknown
    assert unknown.reason is reason
    assert unknown.subject == "AppConfig application/abc1234/environment/env1234/configuration/pro1234"

    service.session("u0")
    service.latest("u0", FIRST, "u1")
    assert rule(source) == "first"


def test_a_denied_read_names_the_permission(service: Service, source: AppConfigPolicy) -> None:
    service.session_fails("AccessDeniedException", status=403)

    assert ACTIONS[0] in refused(source).unknown.detail


def test_where_nothing_is_deployed_somebody_must_deploy(service: Service, source: AppConfigPolicy) -> None:
    service.session("t0")
    service.latest("t0", b"", "t1")

    unknown = refused(source).unknown

    assert unknown.reason is UnknownReason.POLICY_MISSING
    assert unknown.reason.cure is Cure.OPERATOR
    assert "expected a policy to be deployed, got an empty answer" in unknown.detail


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerException"])
def test_a_policy_that_cannot_be_confirmed_stays_in_force_for_a_while(
    service: Service, read: AppConfigPolicy, clock: Clock, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock.advance(POLL_INTERVAL)
    service.latest_fails("t1", code)
    assert rule(read) == "first"
    assert [record.message for record in caplog.records] == ["policy not confirmed; the one read before stays in force"]
    # No call before the minute is over, also after a failure.
    clock.advance(POLL_INTERVAL - timedelta(seconds=1))
    assert rule(read) == "first"

    clock.advance(MAX_AGE - 2 * POLL_INTERVAL + timedelta(seconds=1))
    service.session_fails(code)
    assert rule(read) == "first"

    clock.advance(POLL_INTERVAL)
    service.session_fails(code)
    assert refused(read).unknown.reason.cure is Cure.WAIT
    # Nothing old comes back.
    service.session_fails(code)
    refused(read)
    service.session("s0")
    service.latest("s0", FIRST, "s1")
    assert rule(read) == "first"


def test_an_environment_that_was_frozen_for_long_does_not_judge_by_what_it_remembers(
    service: Service, read: AppConfigPolicy, clock: Clock
) -> None:
    clock.advance(timedelta(hours=3))
    service.latest_fails("t1", "ThrottlingException")

    assert refused(read).unknown.reason is UnknownReason.THROTTLED


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException"])
def test_an_earlier_policy_does_not_stand_in_for_one_that_is_denied_or_gone(
    service: Service, read: AppConfigPolicy, clock: Clock, code: str
) -> None:
    clock.advance(POLL_INTERVAL)
    service.latest_fails("t1", code)

    assert refused(read).unknown.reason.cure is Cure.OPERATOR

    # And is asked for again at once, so that mending it takes effect.
    service.session("s0")
    service.latest("s0", FIRST, "s1")
    assert rule(read) == "first"


def test_an_invalid_policy_is_told_and_never_replaced_by_an_earlier_one(
    service: Service, read: AppConfigPolicy, clock: Clock
) -> None:
    clock.advance(POLL_INTERVAL)
    service.latest("t1", INVALID, "t2")

    unknown = refused(read).unknown

    assert unknown.reason is UnknownReason.POLICY_INVALID
    assert "did you mean amd64?" in unknown.detail
    assert unknown.detail.endswith("; and 1 more")
    # Within the minute from memory; after it, "as before" is as invalid as before.
    refused(read)
    clock.advance(POLL_INTERVAL)
    service.latest("t2", b"", "t3")
    assert refused(read).unknown == unknown

    clock.advance(POLL_INTERVAL)
    service.latest("t3", SECOND, "t4")
    assert rule(read) == "second"


class _Broken(StreamingBody):
    def read(self, amt: int | None = None) -> bytes:
        del amt
        raise ReadTimeoutError(endpoint_url="https://appconfigdata.eu-west-1.amazonaws.com")


def test_an_answer_that_breaks_off_is_asked_for_in_a_new_session(
    service: Service, source: AppConfigPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = {"Configuration": _Broken(io.BytesIO(b""), 0), "NextPollConfigurationToken": "t1"}
    service.session("t0")
    with monkeypatch.context() as patched:
        patched.setattr(service.client, "get_latest_configuration", lambda **_: broken)
        assert refused(source).unknown.reason is UnknownReason.UNAVAILABLE

    service.session("s0")
    service.latest("s0", FIRST, "s1")
    assert rule(source) == "first"


def test_no_connection_is_unavailable(
    service: Service, source: AppConfigPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(**_: str) -> None:
        raise EndpointConnectionError(endpoint_url="https://appconfigdata.eu-west-1.amazonaws.com")

    monkeypatch.setattr(service.client, "start_configuration_session", unreachable)

    assert refused(source).unknown.reason is UnknownReason.UNAVAILABLE


def test_a_clock_that_was_set_back_asks_again(service: Service, read: AppConfigPolicy, clock: Clock) -> None:
    clock.advance(-timedelta(hours=1))
    service.latest("t1", SECOND, "t2")

    assert rule(read) == "second"
