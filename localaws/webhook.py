"""A webhook on a free loopback port that takes Slack's messages and keeps them."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH: Final = "/services/T0LOCAL/B0LOCAL/local"


@dataclass(frozen=True)
class Webhook:
    """A listening webhook; ``received`` has every payload, oldest first."""

    url: str
    received: list[dict[str, Any]] = field(default_factory=list)

    def wait_for(self, count: int, seconds: float) -> None:
        """Return once ``count`` payloads have come, or after ``seconds``."""
        deadline = time.monotonic() + seconds
        while len(self.received) < count and time.monotonic() < deadline:
            time.sleep(0.05)


@contextlib.contextmanager
def listening() -> Iterator[Webhook]:
    """A webhook for the length of a ``with`` block."""
    received: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            known = self.path == PATH
            if known:
                received.append(json.loads(body))
            answer = b"ok" if known else b"no_service"
            self.send_response(200 if known else 404)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing: the payload is what is shown."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield Webhook(f"http://127.0.0.1:{server.server_address[1]}{PATH}", received)
        finally:
            server.shutdown()
