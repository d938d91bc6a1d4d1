"""What the template can be given, for the checks of promises_*.py."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from ecrguard.config import ENFORCEMENT, SOURCES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.template.stack import Stack

WEBHOOK = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:slack-AbCdEf"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/0b9a"
ALL = ",".join(SOURCES)
EVERYTHING = {
    "AlertEmail": "ops@example.com",
    "SlackWebhookSecretArn": WEBHOOK,
    "Enforcement": "delete",
    "LinkedWorkloads": ALL,
}


def variants(stack: Stack, **fixed: str) -> Iterator[Stack]:
    """The template under every choice of parameters that changes permissions.

    Sources of workloads do not bear on each other, nor on what else is chosen: each is tried alone, all, and none.
    """
    yield from _combined(
        stack,
        {
            "Enforcement": tuple(ENFORCEMENT),
            "SlackWebhookSecretArn": ("", WEBHOOK),
            "SlackWebhookKeyArn": ("", KEY),
            "LinkedWorkloads": (ALL,),
        },
        fixed,
    )
    yield from _combined(stack, {"LinkedWorkloads": (*SOURCES, "none")}, fixed)


def _combined(stack: Stack, choices: dict[str, tuple[str, ...]], fixed: dict[str, str]) -> Iterator[Stack]:
    free = {name: values for name, values in choices.items() if name not in fixed}
    for chosen in itertools.product(*free.values()):
        yield stack.given(**fixed, **dict(zip(free, chosen, strict=True)))
