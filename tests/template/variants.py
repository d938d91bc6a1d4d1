"""What the template can be given, for the checks of promises_*.py."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.template.stack import Stack

WEBHOOK = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:slack-AbCdEf"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/0b9a"
EVERYTHING = {"AlertEmail": "ops@example.com", "SlackWebhookSecretArn": WEBHOOK, "Enforcement": "tag"}


def variants(stack: Stack, **fixed: str) -> Iterator[Stack]:
    """The template under every choice of parameters that changes permissions."""
    choices = {
        "Enforcement": ("audit", "tag"),
        "LinkedWorkloads": ("ecs,apprunner", "ecs", "apprunner", "none"),
        "SlackWebhookSecretArn": ("", WEBHOOK),
        "SlackWebhookKeyArn": ("", KEY),
    }
    free = {name: values for name, values in choices.items() if name not in fixed}
    for chosen in itertools.product(*free.values()):
        yield stack.given(**fixed, **dict(zip(free, chosen, strict=True)))
