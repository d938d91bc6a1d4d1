"""How the clients of AWS are configured."""

from __future__ import annotations

from botocore.config import Config

CLIENTS = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 3},
    user_agent_extra="ecrguard",
)
"""A call that fails has failed after some 20 seconds, its retries included: the queue tries again what is worth it."""
EDITORS = CLIENTS.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))
"""Of what changes images: a call that is repeated after a pause would act on a look that is old by then."""
