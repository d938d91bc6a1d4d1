"""The Slack webhook's URL, in AWS Secrets Manager."""

from __future__ import annotations

import ipaddress
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from ecrguard.adapters.aws_errors import unreadable
from ecrguard.errors import EcrguardError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_secretsmanager.client import SecretsManagerClient

SECONDS_KEPT = 300.0
"""How long the URL is used before the secret is read again."""


class WebhookSecretError(EcrguardError):
    """The secret holds no usable URL. The message says what was expected, never what the secret holds."""


@dataclass(slots=True)
class WebhookSecret:
    """The webhook that a secret names: as a plain text, or as ``{"url": "https://..."}``.

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
    _url: str = field(default="", init=False, repr=False)
    _read_at: float = field(default=0.0, init=False)

    def url(self) -> str:
        """The URL, read at most every :data:`SECONDS_KEPT` seconds.

        Raises:
            UnreadableError: denied, throttled, unavailable.
            WebhookSecretError: the secret is there and holds no usable URL.
        """
        if not self._url or self.clock() - self._read_at >= SECONDS_KEPT:
            self._url = self._read()
            self._read_at = self.clock()
        return self._url

    def forget(self) -> None:
        """Read the secret again at the next use: the webhook may have been replaced."""
        self._url = ""

    def _read(self) -> str:
        try:
            answer = self.client().get_secret_value(SecretId=self.arn)
        except (ClientError, BotoCoreError) as error:
            raise unreadable(error, "secretsmanager:GetSecretValue", f"the secret {self.arn}") from error
        return _usable(_url_in(answer.get("SecretString", "")), self.arn)


def _url_in(secret: str) -> str:
    secret = secret.strip()
    if not secret.startswith("{"):
        return secret
    try:
        found = json.loads(secret).get("url", "")
    except (ValueError, RecursionError):
        return ""
    return found.strip() if isinstance(found, str) else ""


def _usable(url: str, arn: str) -> str:
    if not _is_allowed(url):
        raise WebhookSecretError(
            'expected the webhook\'s https URL, or {"url": "<the URL>"}, as text in the secret '
            f"{arn}; http is taken for loopback hosts only"
        )
    return url


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
