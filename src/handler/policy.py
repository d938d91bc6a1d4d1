"""The policy function: AppConfig's validator, which lets no policy take effect that is not valid.

AppConfig takes an answer as a yes and an error as a no, and shows the error's message to whoever deploys
(https://docs.aws.amazon.com/appconfig/latest/userguide/appconfig-creating-configuration-and-profile-validators.html).
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from ecrguard.domain.policy_document import PolicyError
from ecrguard.policy_yaml import load_policy

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

MAX_SHOWN = 50
"""Problems in the message; the rest is counted."""

logger = Logger()


class PolicyRefusedError(Exception):
    """The policy is not valid. The message has its problems, a line each."""


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:  # noqa: ARG001 - Lambda passes it
    """Return for a valid policy.

    Args:
        event: ``content`` is the policy in base64, whole for the hosted configurations that the stack uses.
        context: of the invocation.

    Raises:
        PolicyRefusedError: the policy is not valid, or the event is not AppConfig's.
    """
    subject = {"profile": event.get("configurationProfileId"), "version": event.get("configurationVersion")}
    try:
        policy = load_policy(base64.b64decode(event["content"], validate=True))
    except PolicyError as error:
        lines = [str(problem) for problem in error.problems]
        logger.warning("policy refused", extra={**subject, "problems": lines[:MAX_SHOWN], "count": len(lines)})
        more = [f"and {len(lines) - MAX_SHOWN} more"] if len(lines) > MAX_SHOWN else []
        raise PolicyRefusedError("\n".join(["The policy is not valid:", *lines[:MAX_SHOWN], *more])) from None
    except (KeyError, TypeError, ValueError) as error:
        logger.warning("not an event of AppConfig", extra={**subject, "cause": str(error)})
        raise PolicyRefusedError("Expected AppConfig's event with the policy as base64 in 'content'") from None
    logger.info("policy accepted", extra={**subject, "rules": len(policy.rules), "exemptions": len(policy.exemptions)})
