"""Slack's incoming webhooks and chat.postMessage, on a loopback port: as told, and refusing what Slack refuses."""

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


API = "/api"
TOKEN = "xoxb-0000-t0ken"  # noqa: S105 - of the fake
CHANNEL = "C0123456789"


def error(code: str, *headers: tuple[str, str]) -> Answer:
    """An answer of the Web API that is none: HTTP's status is that of a success."""
    return Answer(200, json.dumps({"ok": False, "error": code}), headers)


@dataclass(slots=True)
class FakeSlack:
    """A server with any number of webhooks, each path is one, and the Web API. Use it as a context manager.

    Attributes:
        answers: for the next requests, in order; ``ok`` when there are none left.
        about: answers for the next requests whose text has a part, by the part.
        revoked: paths that answer 404 ``no_service``.
        tokens: of bots that the Web API knows.
        received: path and payload of each request, whatever was answered.
        posted: ``ts`` of each message that the Web API has taken, with the message.
    """

    answers: deque[Answer] = field(default_factory=deque)
    about: dict[str, deque[Answer]] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)
    tokens: set[str] = field(default_factory=lambda: {TOKEN})
    received: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    posted: dict[str, dict[str, Any]] = field(default_factory=dict)
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
    def api(self) -> str:
        """Base of the Web API."""
        assert self._server is not None, "use it in a with statement"
        return f"http://127.0.0.1:{self._server.server_address[1]}{API}"

    def secret(self, token: str = TOKEN) -> str:
        """What the secret of a bot holds."""
        return json.dumps({"token": token, "channel": CHANNEL, "api": self.api})

    @property
    def payloads(self) -> list[dict[str, Any]]:
        return [payload for _, payload in self.received]

    def answer(self, path: str, payload: dict[str, Any], authorization: str = "") -> Answer:
        self.received.append((path, payload))
        if path in self.revoked:
            return Answer(404, "no_service")
        for part, answers in self.about.items():
            if answers and part in payload.get("text", ""):
                return answers.popleft()
        if self.answers:
            return self.answers.popleft()
        if path.startswith(f"{API}/"):
            return self._called(path.removeprefix(f"{API}/"), payload, authorization)
        return _judged(payload)

    def _called(self, method: str, payload: dict[str, Any], authorization: str) -> Answer:
        judged = _judged(payload)
        wrong = {
            "unknown_method": method != "chat.postMessage",
            "not_authed": not authorization,
            "invalid_auth": authorization.removeprefix("Bearer ") not in self.tokens,
            "channel_not_found": payload.get("channel") != CHANNEL,
            "thread_not_found": payload.get("thread_ts", "") not in {"", *self.posted},
            judged.body: judged.status != 200,
        }
        for code, found in wrong.items():
            if found:
                return error(code)
        ts = f"1700000000.{len(self.posted) + 1:06}"
        self.posted[ts] = payload
        return Answer(200, json.dumps({"ok": True, "channel": CHANNEL, "ts": ts, "message": {"text": payload["text"]}}))

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        slack = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                answer = slack.answer(self.path, json.loads(raw), self.headers.get("Authorization", ""))
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
