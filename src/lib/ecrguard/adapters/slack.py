"""Posting to Slack, by an incoming webhook or by the Web API, and reading its answers.

What the answers mean: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks and
https://docs.slack.dev/reference/methods/chat.postMessage. The webhook's URL and the token are credentials: no error of
this module carries them, nor those of ``requests``, whose texts do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import requests

from ecrguard.adapters.secrets import Bot, Webhook
from ecrguard.errors import EcrguardError

if TYPE_CHECKING:
    from ecrguard.adapters.secrets import Access, SlackSecret

TIMEOUT = (3.0, 7.0)
"""Seconds to connect, and to wait for an answer."""
DEFAULT_RETRY_AFTER = 30.0
MAX_RETRY_AFTER = 900.0

_TOO_MANY = 429
_REQUEST_TIMEOUT = 408
_GONE = frozenset({401, 403, 404, 410})
_ERROR_CODE = re.compile(r"[a-z][a-z_]{2,63}")

# The Web API answers 200 with an error's code. Those that are not here are of the message.
_THROTTLED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
_AT_FAULT = frozenset(
    {
        "internal_error",
        "fatal_error",
        "service_unavailable",
        "request_timeout",
        "team_added_to_org",
        "org_login_required",
    }
)
_NO_THREAD = frozenset(
    {
        "thread_not_found",
        "message_not_found",
        "invalid_thread_ts",
        "cannot_reply_to_message",
        "restricted_action_thread_locked",
        "restricted_action_non_threadable_channel",
    }
)
_NO_ACCESS = frozenset(
    {
        "not_authed",
        "invalid_auth",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "not_allowed_token_type",
        "no_permission",
        "missing_scope",
        "access_denied",
        "accesslimited",
        "ekm_access_denied",
        "enterprise_is_restricted",
        "team_access_not_granted",
        "two_factor_setup_required",
        "channel_not_found",
        "not_in_channel",
        "is_archived",
        "restricted_action",
        "restricted_action_read_only_channel",
        "restricted_action_thread_only_channel",
    }
)


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


class SlackAccessError(SlackError):
    """The webhook, the token or the channel does not take messages; the secret was read again and names no other."""


class SlackRefusedError(SlackError):
    """Slack will not take this message, whenever it is sent.

    Attributes:
        of_thread: for the thread that it was to go to, not for itself.
    """

    def __init__(self, text: str, *, of_thread: bool = False) -> None:
        super().__init__(text)
        self.of_thread = of_thread


@dataclass(slots=True)
class Slack:
    """One channel of Slack, and the connection to it.

    Attributes:
        secret: has the webhook or the token.
    """

    secret: SlackSecret
    _session: requests.Session = field(default_factory=requests.Session, init=False, repr=False)

    def has_threads(self) -> bool:
        """Whether messages can be posted in threads: not by a webhook, which does not tell what it has posted.

        Raises:
            UnreadableError: the secret could not be read.
            SlackSecretError: it holds no usable access.
        """
        return isinstance(self.secret.access(), Bot)

    def post(self, payload: dict[str, Any], thread: str = "") -> str:
        """Post a message; better plain, or outside its thread, than lost.

        What of it Slack refuses is left out: its blocks, so that it is posted as plain text, or the thread.

        Args:
            payload: ``text`` and ``blocks``.
            thread: ``ts`` of the message that it answers; empty for a message of its own. Not by a webhook.

        Returns:
            The message's ``ts``; empty where Slack does not tell it.

        Raises:
            SlackError: see its subclasses.
            UnreadableError: the secret could not be read.
            SlackSecretError: it holds no usable access.
        """
        while True:
            try:
                return self._post(payload, thread)
            except SlackRefusedError as error:
                if error.of_thread and thread:
                    thread = ""
                elif "blocks" in payload:
                    payload = {"text": payload["text"]}
                else:
                    raise

    def _post(self, payload: dict[str, Any], thread: str) -> str:
        access = self.secret.access()
        try:
            return self._send(access, payload, thread)
        except SlackAccessError:
            self.secret.forget()
            renewed = self.secret.access()
            if renewed == access:
                raise
            return self._send(renewed, payload, thread)

    def _send(self, access: Access, payload: dict[str, Any], thread: str) -> str:
        if isinstance(access, Webhook):
            _check(self._request(access.url, payload, {}), "the webhook", "it was revoked, its channel is archived, or")
            return ""
        # Slack fetches no pages for previews: the links are of the AWS console.
        message = {"channel": access.channel, **payload, "unfurl_links": False, "unfurl_media": False}
        headers = {"Authorization": f"Bearer {access.token}", "Content-Type": "application/json; charset=utf-8"}
        if thread:
            message["thread_ts"] = thread
        answer = self._request(f"{access.api}/chat.postMessage", message, headers)
        _check(answer, "the Web API", "its address in the secret is wrong, or")
        return _posted(answer)

    def _request(self, url: str, payload: dict[str, Any], headers: dict[str, str]) -> requests.Response:
        try:
            return self._session.post(url, json=payload, headers=headers, timeout=TIMEOUT, allow_redirects=False)
        except requests.RequestException as error:
            # Not chained: the text of these errors has the URL in it.
            raise SlackUnavailableError(f"no answer from Slack's host: {type(error).__name__}") from None


def _check(answer: requests.Response, who: str, why: str) -> None:
    """Raise what the status of HTTP says."""
    status = answer.status_code
    if 200 <= status < 300:  # noqa: PLR2004 - Slack answers 200; services that speak its protocol also 202 and 204
        return
    code = _spaced(_code(answer.text.strip()) or _code(_members(answer).get("error")))
    if status == _TOO_MANY:
        raise SlackThrottledError(_retry_after(answer.headers.get("Retry-After", "")))
    if status >= 500 or status == _REQUEST_TIMEOUT:  # noqa: PLR2004 - HTTP's server errors
        raise SlackUnavailableError(f"Slack answered HTTP {status}{code}")
    if status in _GONE or status < 400:  # noqa: PLR2004 - redirects
        raise SlackAccessError(
            f"{who} answered HTTP {status}{code}: {why} it is none of Slack's; put a new one into the secret"
        )
    raise SlackRefusedError(f"Slack refused the message with HTTP {status}{code}")


def _posted(answer: requests.Response) -> str:
    """The ``ts`` of what the Web API has posted, or raise what it says instead."""
    members = _members(answer)
    ts = members.get("ts")
    if members.get("ok") is True:
        return ts if isinstance(ts, str) else ""
    code = _code(members.get("error"))
    if not code:
        raise SlackUnavailableError("the Web API's answer is none of Slack's")
    if code in _THROTTLED:
        raise SlackThrottledError(_retry_after(answer.headers.get("Retry-After", "")))
    if code in _AT_FAULT:
        raise SlackUnavailableError(f"Slack answered {code}")
    if code in _NO_ACCESS:
        raise SlackAccessError(
            f"Slack answered {code}: the token in the secret needs the scope chat:write, and its bot to be a member of "
            "the channel that the secret names"
        )
    raise SlackRefusedError(f"Slack refused the message with {code}", of_thread=code in _NO_THREAD)


def _members(answer: requests.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _code(text: object) -> str:
    """Slack's error code, such as ``invalid_blocks``; nothing else of an answer, which could repeat a credential."""
    return text if isinstance(text, str) and _ERROR_CODE.fullmatch(text) else ""


def _spaced(code: str) -> str:
    return f" {code}" if code else ""


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
