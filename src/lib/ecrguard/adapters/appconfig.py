"""The policy in force, read from AWS AppConfig.

AppConfig hands out a configuration in a session: each answer carries the token for the next call, and an empty answer
means "as before". The session is kept between invocations and asked once a minute, so a new policy takes effect within
that time and costs a parse only when its content is new. Powertools' ``AppConfigProvider`` is not used here: it keeps
an expired token for ever, has no answer where nothing is deployed, and folds every failure into one error, so that
"denied" could not be told from "throttled".

What happens when the policy cannot be read: no push is judged by no policy, or by an old one without a bound.

* Throttled or unavailable: the policy that was read last in this environment stays in force for :data:`MAX_AGE` after
  it was last confirmed, with a warning in the log. It was in force minutes ago, and a push that is handled now may as
  well have come then. After that, and in an environment that has read none yet, the push waits in the queue.
* Denied, gone or not valid: nothing is judged until somebody mends it. An earlier policy does not count: someone has
  changed something, and which of two policies is meant is not for this code to guess.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from ecrguard.adapters.aws_errors import error_code, unreadable
from ecrguard.domain.image import Cure, Unknown, UnknownReason
from ecrguard.domain.policy import Policy
from ecrguard.domain.policy_document import PolicyError
from ecrguard.errors import UnreadableError
from ecrguard.policy_yaml import load_policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_appconfigdata.client import AppConfigDataClient

ACTIONS = ("appconfig:StartConfigurationSession", "appconfig:GetLatestConfiguration")
"""IAM actions that reading the policy needs."""
POLL_INTERVAL = timedelta(seconds=60)
"""How long an answer counts before AppConfig is asked again; longer where AppConfig asks for it."""
MAX_AGE = timedelta(minutes=15)
"""How long a policy stays in force that could not be confirmed since, for want of an answer."""

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_SHOWN_PROBLEMS = 3

logger = Logger(child=True)


@dataclass(slots=True)
class AppConfigPolicy:
    """:class:`~ecrguard.ports.PolicySource` on one AppConfig configuration profile.

    Attributes:
        client: makes the AppConfig data client, on first use.
        application: id of the AppConfig application.
        environment: id of its environment.
        profile: id of its configuration profile.
        now: the time, UTC; by the wall clock, because others may stand still between invocations.
    """

    client: Callable[[], AppConfigDataClient]
    application: str
    environment: str
    profile: str
    now: Callable[[], datetime]
    _token: str = field(default="", init=False)
    _content: bytes = field(default=b"", init=False)
    _known: Policy | Unknown | None = field(default=None, init=False)
    _confirmed: datetime = field(default=_LONG_AGO, init=False)
    _asked: datetime = field(default=_LONG_AGO, init=False)
    _interval: timedelta = field(default=POLL_INTERVAL, init=False)

    def current(self) -> Policy:
        """See :meth:`ecrguard.ports.PolicySource.current`."""
        now = self.now()
        if self._known is None or not timedelta() <= now - self._asked < self._interval:
            self._ask(now)
        if isinstance(self._known, Policy):
            return self._known
        missing = Unknown(UnknownReason.POLICY_MISSING, "expected a policy to be deployed", self._subject)
        raise UnreadableError(self._known or missing)

    @property
    def _subject(self) -> str:
        return f"AppConfig application/{self.application}/environment/{self.environment}/configuration/{self.profile}"

    def _ask(self, now: datetime) -> None:
        """Take up what AppConfig answers; a failure is raised unless the known policy may stand in for an answer."""
        self._asked, self._interval = now, POLL_INTERVAL
        try:
            content = self._latest()
        except UnreadableError as error:
            self._token = ""
            self._stand_in(error, now)
            return
        self._confirmed = now
        if content != self._content or self._known is None:
            self._content, self._known = content, self._parse(content)

    def _stand_in(self, error: UnreadableError, now: datetime) -> None:
        age = now - self._confirmed
        bounded = error.unknown.reason.cure is Cure.WAIT and timedelta() <= age <= MAX_AGE
        if not (isinstance(self._known, Policy) and bounded):
            self._known = None
            raise error
        logger.warning(
            "policy not confirmed; the one read before stays in force",
            extra={
                "code": error.unknown.reason,
                "cause": error.unknown.detail,
                "age_seconds": int(age.total_seconds()),
            },
        )

    def _parse(self, content: bytes) -> Policy | Unknown:
        try:
            return load_policy(content)
        except PolicyError as error:
            shown = "; ".join(str(problem) for problem in error.problems[:_SHOWN_PROBLEMS])
            more = len(error.problems) - _SHOWN_PROBLEMS
            detail = f"the policy is not valid: {shown}" + (f"; and {more} more" if more > 0 else "")
            return Unknown(UnknownReason.POLICY_INVALID, detail, self._subject)

    def _latest(self) -> bytes:
        """The content in force.

        Raises:
            UnreadableError: it could not be read, or there is none.
        """
        if self._token:
            try:
                return self._get() or self._content
            except ClientError as error:
                # The token is spent or older than 24 hours: an environment can be frozen for longer.
                if error_code(error) != "BadRequestException":
                    raise self._unreadable(error, ACTIONS[1]) from error
            except BotoCoreError as error:
                raise self._unreadable(error, ACTIONS[1]) from error
        return self._first()

    def _first(self) -> bytes:
        """The content from a new session, whose first answer is never "as before"."""
        try:
            session = self.client().start_configuration_session(
                ApplicationIdentifier=self.application,
                EnvironmentIdentifier=self.environment,
                ConfigurationProfileIdentifier=self.profile,
            )
        except (ClientError, BotoCoreError) as error:
            raise self._unreadable(error, ACTIONS[0]) from error
        self._token = session["InitialConfigurationToken"]
        try:
            content = self._get()
        except (ClientError, BotoCoreError) as error:
            raise self._unreadable(error, ACTIONS[1]) from error
        if not content:
            raise self._missing("an empty answer")
        return content

    def _get(self) -> bytes:
        """The session's next answer; empty where nothing has changed."""
        answer = self.client().get_latest_configuration(ConfigurationToken=self._token)
        content = answer["Configuration"].read()
        # Only now: had reading failed, the next answer of this session would be "as before".
        self._token = answer["NextPollConfigurationToken"]
        wanted = timedelta(seconds=answer.get("NextPollIntervalInSeconds", 0))
        self._interval = min(max(wanted, POLL_INTERVAL), MAX_AGE)
        return content

    def _unreadable(self, error: ClientError | BotoCoreError, action: str) -> UnreadableError:
        if isinstance(error, ClientError) and error_code(error) == "ResourceNotFoundException":
            return self._missing(str(error.response["Error"].get("Message", "")) or "ResourceNotFoundException")
        return unreadable(error, action, self._subject)

    def _missing(self, what: str) -> UnreadableError:
        detail = f"expected a policy to be deployed, got {what}; deploy one as docs/policy.md says"
        return UnreadableError(Unknown(UnknownReason.POLICY_MISSING, detail, self._subject))
