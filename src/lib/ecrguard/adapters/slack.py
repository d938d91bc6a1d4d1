"""Posting to a Slack incoming webhook, and reading its answers.

What the answers mean is in https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks. The URL is the
credential: no error of this module carries it, nor those of ``requests``, whose texts do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import requests

from ecrguard.errors import EcrguardError

if TYPE_CHECKING:
    from ecrguard.adapters.secrets import WebhookSecret

TIMEOUT = (3.0, 7.0)
"""Seconds to connect, and to wait for an answer."""
DEFAULT_RETRY_AFTER = 30.0
MAX_RETRY_AFTER = 900.0

_TOO_MANY = 429
_REQUEST_TIMEOUT = 408
_GONE = frozenset({401, 403, 404, 410})
_ERROR_CODE = re.compile(rb"[a-z][a-z_]{2,63}")


class SlackError(EcrguardError):
    """A message that Slack did not take."""


class SlackThrottledError(SlackError):
    """Slack asks to wait.

    Attributes:
        retry_after: seconds, from 1 to :data:`MAX_RETRY_AFTER`.
    """

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"Slack asks to wait {retry_after:.0f} seconds")
        self.retry_after = retry_after


class SlackUnavailableError(SlackError):
    """No answer in time, or one that says that Slack is at fault. Whether the message was posted is not known."""


class SlackWebhookError(SlackError):
    """The webhook does not take messages any more, or is none; the secret was read again and names no other."""


class SlackRefusedError(SlackError):
    """Slack will not take this message, whenever it is sent."""


@dataclass(slots=True)
class SlackWebhook:
    """A webhook, and the connection to it.

    Attributes:
        secret: where its URL is.
    """

    secret: WebhookSecret
    _session: requests.Session = field(default_factory=requests.Session, init=False, repr=False)

    def post(self, payload: dict[str, Any]) -> None:
        """Post a message. A message whose blocks are refused is posted as its plain text: better plain than lost.

        Raises:
            SlackError: see its subclasses.
            UnreadableError: the secret could not be read.
            WebhookSecretError: the secret holds no usable URL.
        """
        try:
            self._post(payload)
        except SlackRefusedError:
            if "blocks" not in payload:
                raise
            self._post({"text": payload["text"]})

    def _post(self, payload: dict[str, Any]) -> None:
        url = self.secret.url()
        answer = self._send(url, payload)
        if answer.status_code in _GONE or 300 <= answer.status_code < 400:  # noqa: PLR2004 - redirects
            self.secret.forget()
            renewed = self.secret.url()
            if renewed != url:
                answer = self._send(renewed, payload)
        _check(answer)

    def _send(self, url: str, payload: dict[str, Any]) -> requests.Response:
        try:
            return self._session.post(url, json=payload, timeout=TIMEOUT, allow_redirects=False)
        except requests.RequestException as error:
            # Not chained: the text of these errors has the URL in it.
            raise SlackUnavailableError(f"no answer from the webhook's host: {type(error).__name__}") from None


def _check(answer: requests.Response) -> None:
    status = answer.status_code
    if 200 <= status < 300:  # noqa: PLR2004 - Slack answers 200; services that speak its protocol also 202 and 204
        return
    if status == _TOO_MANY:
        raise SlackThrottledError(_retry_after(answer.headers.get("Retry-After", "")))
    if status >= 500 or status == _REQUEST_TIMEOUT:  # noqa: PLR2004 - HTTP's server errors
        raise SlackUnavailableError(f"Slack answered HTTP {status}{_code(answer)}")
    if status in _GONE or status < 400:  # noqa: PLR2004 - redirects
        raise SlackWebhookError(
            f"the webhook answered HTTP {status}{_code(answer)}: it was revoked, its channel is archived, or it is no "
            "Slack webhook; put a new one into the secret"
        )
    raise SlackRefusedError(f"Slack refused the message with HTTP {status}{_code(answer)}")


def _code(answer: requests.Response) -> str:
    """Slack's error code, such as ``invalid_blocks``; nothing else of a body, which could repeat the URL."""
    body = answer.content.strip()
    return f" {body.decode()}" if _ERROR_CODE.fullmatch(body) else ""


def _retry_after(header: str) -> float:
    """Seconds to wait: the header has a number of them, or a date (RFC 9110)."""
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            seconds = DEFAULT_RETRY_AFTER
    # Written so that "nan" gives the least.
    return min(seconds, MAX_RETRY_AFTER) if seconds > 1.0 else 1.0
