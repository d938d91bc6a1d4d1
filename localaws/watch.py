"""``python -m localaws watch``: shows alerts as they come, of the stack that ``make local`` runs."""

from __future__ import annotations

import json
import os
import sys
import uuid
from functools import partial

from localaws.deployment import client, stack_outputs
from localaws.interrupts import stop_on_signals
from localaws.subscriber import AlertQueue, show
from localaws.terminal import Terminal


def watch(*, documents: bool = False) -> int:
    """Show alerts until told to stop; ``documents`` shows each as one line of JSON, as it was published."""
    missing = [name for name in ("AWS_ENDPOINT_URL", "ECRGUARD_STACK") if name not in os.environ]
    if missing:
        print(f"{' and '.join(missing)} not set: use the export lines that `make local` prints", file=sys.stderr)
        return 1
    stop_on_signals()
    terminal = Terminal.of(sys.stdout)
    of = partial(client, endpoint=os.environ["AWS_ENDPOINT_URL"])
    topic = stack_outputs(of("cloudformation"), os.environ["ECRGUARD_STACK"])["AlertsTopicArn"]
    queue = AlertQueue.subscribe(of, topic, f"watch-{uuid.uuid4().hex[:8]}")
    print(f"watching {topic}; Ctrl-C ends it", file=sys.stderr, flush=True)
    try:
        while True:
            for alert in queue.take(wait_seconds=20):
                if documents:
                    terminal.line(json.dumps(alert))
                else:
                    show(alert, terminal)
    except KeyboardInterrupt:
        queue.remove()
        return 0
