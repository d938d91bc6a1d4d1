"""How Slack is reached: the secret in AWS Secrets Manager with a webhook's URL, or with a bot's token and a channel."""

from __future__ import annotations

import ipaddress
import json
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from ecrguard.adapters.aws_errors import unreadable
from ecrguard.errors import EcrguardError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_secretsmanager.client import SecretsManagerClient

SECONDS_KEPT = 300.0
"""How long what the secret holds is used before it is read again."""
WEB_API = "https://slack.com/api"
"""Base of Slack's Web API; GovSlack's is ``https://slack-gov.com/api``."""

# Slack promises no form of tokens but that they are short. What could end the header that carries it is none.
_TOKEN = re.compile(r"[!-~]{1,400}")
# Ids and names are both taken by Slack; an id stays when the channel is renamed.
_CHANNEL = re.compile(r"#?[\w.-]{1,80}")


@dataclass(frozen=True, slots=True)
class Webhook:
    """An incoming webhook: it posts to one channel, and tells nothing of the message. The URL is the credential."""

    url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Bot:
    """A bot's token for the Web API (scope ``chat:write``), which can post in threads.

    Attributes:
        token: the credential.
        channel: id or name of the channel that alerts go to; the bot is a member of it.
        api: base of the Web API.
    """

    token: str = field(repr=False)
    channel: str
    api: str = WEB_API


type Access = Webhook | Bot


class SlackSecretError(EcrguardError):
    """The secret holds no usable access. The message says what was expected, never what the secret holds."""


@dataclass(slots=True)
class SlackSecret:
    """The access that a secret holds, in one of these forms.

    A webhook: its URL as plain text, or ``{"url": "https://..."}``. A bot: ``{"token": "xoxb-...", "channel":
    "C..."}``, and ``"api": "https://..."`` beside them where the Web API is elsewhere.

    Any https URL is taken, since the secret is the operator's own and proxies and Slack-compatible services exist;
    http only to this machine's own loopback addresses.

    Attributes:
        client: makes the Secrets Manager client, on first use.
        arn: of the secret.
        clock: seconds, never going back.
    """

    client: Callable[[], SecretsManagerClient]
    arn: str
    clock: Callable[[], float] = time.monotonic
    _access: Access | None = field(default=None, init=False, repr=False)
    _read_at: float = field(default=0.0, init=False)

    def access(self) -> Access:
        """The access, read at most every :data:`SECONDS_KEPT` seconds.

        Raises:
            UnreadableError: denied, throttled, unavailable.
            SlackSecretError: the secret is there and holds nothing usable.
        """
        if self._access is None or self.clock() - self._read_at >= SECONDS_KEPT:
            self._access = self._read()
            self._read_at = self.clock()
        return self._access

    def forget(self) -> None:
        """Read the secret again at the next use: the webhook or the token may have been replaced."""
        self._access = None

    def _read(self) -> Access:
        try:
            answer = self.client().get_secret_value(SecretId=self.arn)
        except (ClientError, BotoCoreError) as error:
            raise unreadable(error, "secretsmanager:GetSecretValue", f"the secret {self.arn}") from error
        access = _access_in(answer.get("SecretString", "").strip())
        if access is None:
            raise SlackSecretError(
                'expected a webhook\'s https URL, {"url": "<the URL>"}, or {"token": "xoxb-<...>", "channel": "<its '
                f'id>"}}, as text in the secret {self.arn}; http is taken for loopback hosts only'
            )
        return access


def _access_in(secret: str) -> Access | None:
    members = _members(secret)
    if members is None:
        return Webhook(secret) if _is_allowed(secret) else None
    if "token" not in members:
        url = _text(members, "url")
        return Webhook(url) if _is_allowed(url) else None
    token, channel = _text(members, "token"), _text(members, "channel")
    api = _text(members, "api").rstrip("/") if "api" in members else WEB_API
    usable = _TOKEN.fullmatch(token) and _CHANNEL.fullmatch(channel) and _is_allowed(api)
    return Bot(token, channel, api) if usable else None


def _members(secret: str) -> dict[str, Any] | None:
    """The members of a secret that is a JSON object; None where it is no object."""
    if not secret.startswith("{"):
        return None
    try:
        found = json.loads(secret)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(members: dict[str, Any], name: str) -> str:
    value = members.get(name)
    return value.strip() if isinstance(value, str) else ""


def _is_allowed(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    if not host or not url.isprintable() or " " in url:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
