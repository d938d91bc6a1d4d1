"""Slack's incoming webhooks, on a loopback port: answers as told, refuses what Block Kit refuses."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import TracebackType


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of Slack's.

    Attributes:
        status: of HTTP.
        body: as Slack words it: ``ok``, or an error code.
        headers: besides the length.
        delay: seconds before it is sent.
    """

    status: int = 200
    body: str = "ok"
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0


@dataclass(slots=True)
class FakeSlack:
    """A server with any number of webhooks; each path is one. Use it as a context manager.

    Attributes:
        answers: for the next requests, in order; ``ok`` when there are none left.
        revoked: paths that answer 404 ``no_service``.
        received: path and payload of each request, whatever was answered.
    """

    answers: deque[Answer] = field(default_factory=deque)
    revoked: set[str] = field(default_factory=set)
    received: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    _server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def webhook(self, name: str = "T000/B000/s3cr3t") -> str:
        assert self._server is not None, "use it in a with statement"
        return f"http://127.0.0.1:{self._server.server_address[1]}/services/{name}"

    @property
    def payloads(self) -> list[dict[str, Any]]:
        return [payload for _, payload in self.received]

    def answer(self, path: str, payload: dict[str, Any]) -> Answer:
        self.received.append((path, payload))
        if path in self.revoked:
            return Answer(404, "no_service")
        if self.answers:
            return self.answers.popleft()
        return _judged(payload)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        slack = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                answer = slack.answer(self.path, json.loads(raw))
                time.sleep(answer.delay)
                body = answer.body.encode()
                self.send_response(answer.status)
                for name, value in answer.headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self) -> None:
                # Only a client that follows redirects asks for this.
                slack.received.append((self.path, {"method": "GET"}))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
                del format, args

        return Handler


def _judged(payload: dict[str, Any]) -> Answer:
    """What Slack says to a payload, by the limits of Block Kit's reference."""
    if not payload.get("text"):
        return Answer(400, "no_text")
    blocks = payload.get("blocks", [])
    if len(blocks) > 50:
        return Answer(400, "invalid_blocks")
    for block in blocks:
        limit = 150 if block["type"] == "header" else 3000
        parts = [block["text"]] if "text" in block else [*block.get("fields", []), *block.get("elements", [])]
        if len(parts) > 10 or any(not 0 < len(part.get("text", "-")) <= limit for part in parts):
            return Answer(400, "invalid_blocks")
    return Answer()
