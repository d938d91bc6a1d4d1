"""What the secret with the access to Slack may hold, and that nobody is told what it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.contract.slack_secrets import ARN, Secrets

from ecrguard.adapters.secrets import SECONDS_KEPT, Bot, SlackSecretError, Webhook
from ecrguard.domain.image import UnknownReason
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from ecrguard.adapters.secrets import Access


@pytest.fixture
def secrets() -> Secrets:
    return Secrets()


def test_secret_is_kept_for_minutes(secrets: Secrets) -> None:
    secrets.holds("https://hooks.slack.com/services/1")
    secrets.holds("https://hooks.slack.com/services/2")
    assert secrets.secret.access() == Webhook("https://hooks.slack.com/services/1")
    secrets.now = SECONDS_KEPT - 1
    assert secrets.secret.access() == Webhook("https://hooks.slack.com/services/1")
    secrets.now = SECONDS_KEPT
    assert secrets.secret.access() == Webhook("https://hooks.slack.com/services/2")


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://hooks.slack.com/services/T/B/x\n", "https://hooks.slack.com/services/T/B/x"),
        ('{"url": "https://hooks.slack-gov.com/services/x"}', "https://hooks.slack-gov.com/services/x"),
        ('{"url": " https://chat.example.com/hooks/x ", "owner": "us"}', "https://chat.example.com/hooks/x"),
        ("http://127.0.0.1:8080/x", "http://127.0.0.1:8080/x"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ("http://localhost/x", "http://localhost/x"),
    ],
)
def test_secret_with_a_url(secrets: Secrets, text: str, url: str) -> None:
    secrets.holds(text)
    assert secrets.secret.access() == Webhook(url)


@pytest.mark.parametrize(
    ("text", "bot"),
    [
        ('{"token": "xoxb-1-s3cr3t", "channel": "C0123456789"}', Bot("xoxb-1-s3cr3t", "C0123456789")),
        ('{"token": " xoxb-1 ", "channel": "#alerts\\n", "owner": "us"}', Bot("xoxb-1", "#alerts")),
        (
            '{"token": "xoxb-1", "channel": "C1", "api": "https://slack-gov.com/api/"}',
            Bot("xoxb-1", "C1", "https://slack-gov.com/api"),
        ),
        ('{"token": "xoxb-1", "channel": "C1", "url": "https://hooks.slack.com/services/x"}', Bot("xoxb-1", "C1")),
    ],
)
def test_secret_with_a_token(secrets: Secrets, text: str, bot: Bot) -> None:
    secrets.holds(text)
    assert secrets.secret.access() == bot


@pytest.mark.parametrize("access", [Webhook("https://hooks.slack.com/s3cr3t"), Bot("xoxb-s3cr3t", "C1")])
def test_credential_is_in_no_repr(secrets: Secrets, access: Access) -> None:
    secrets.holds(access.url if isinstance(access, Webhook) else '{"token": "xoxb-s3cr3t", "channel": "C1"}')
    assert secrets.secret.access() == access
    assert "s3cr3t" not in f"{access!r} {secrets.secret!r}"


@pytest.mark.parametrize(
    "text",
    [
        " ",
        "n0t-a-url",
        "http://hooks.slack.com/services/s3cr3t",
        "http://127.0.0.1.example.com/s3cr3t",
        "http://169.254.169.254/s3cr3t",
        "ftp://hooks.slack.com/s3cr3t",
        "https://",
        "https://[::1/s3cr3t",
        "https://hooks.slack.com/s3cr3t\nX: y",
        '{"webhook": "https://hooks.slack.com/s3cr3t"}',
        '{"url": ["https://hooks.slack.com/s3cr3t"]}',
        '{"url": "https://hooks.slack.com/s3cr3t"',
        '{"token": "xoxb-s3cr3t"}',
        '{"token": "xoxb-s3cr3t", "url": "https://hooks.slack.com/s3cr3t"}',
        '{"token": "xoxb s3cr3t", "channel": "C1"}',
        '{"token": "xoxb-s3cr3t\\nX: y", "channel": "C1"}',
        '{"token": ["xoxb-s3cr3t"], "channel": "C1"}',
        '{"token": "xoxb-s3cr3t", "channel": "a channel"}',
        '{"token": "xoxb-s3cr3t", "channel": "C1", "api": "http://slack.com/api"}',
        '{"token": "xoxb-s3cr3t", "channel": "C1", "api": null}',
    ],
)
def test_secret_without_a_url_is_not_told(secrets: Secrets, text: str) -> None:
    secrets.holds(text)
    with pytest.raises(SlackSecretError) as raised:
        secrets.secret.access()
    assert ARN in str(raised.value)
    assert "s3cr3t" not in str(raised.value)
    assert "n0t-a-url" not in str(raised.value)


def test_binary_secret_holds_no_url(secrets: Secrets) -> None:
    secrets.stub.add_response("get_secret_value", {"ARN": ARN, "SecretBinary": b"https://hooks.slack.com/x"})
    with pytest.raises(SlackSecretError):
        secrets.secret.access()


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("AccessDeniedException", UnknownReason.ACCESS_DENIED),
        ("ThrottlingException", UnknownReason.THROTTLED),
        ("InternalServiceError", UnknownReason.UNAVAILABLE),
    ],
)
def test_secret_that_cannot_be_read(secrets: Secrets, code: str, reason: UnknownReason) -> None:
    secrets.stub.add_client_error("get_secret_value", code)
    with pytest.raises(UnreadableError) as raised:
        secrets.secret.access()
    assert raised.value.unknown.reason is reason
    assert ARN in raised.value.unknown.detail
