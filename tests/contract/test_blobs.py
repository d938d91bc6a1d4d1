"""Downloading a blob: bounded in bytes and time, tried again where that can help, and silent about the URL."""

from __future__ import annotations

import gzip
import logging
import time
from typing import TYPE_CHECKING

import pytest
from tests.fakes.blob_server import Answer, body, drop, running

from ecrguard.adapters import blobs as blobs_module
from ecrguard.adapters.blobs import Blobs
from ecrguard.domain.image import UnknownReason
from ecrguard.errors import UnreadableError

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler

DIGEST = f"sha256:{'a' * 64}"
CONTENT = b'{"architecture": "arm64", "os": "linux"}' * 5000
LIMIT = len(CONTENT)


def download(*script: Answer, limit: int = LIMIT) -> tuple[bytes, int]:
    """What came, and how often it was asked for."""
    with running(*script) as server:
        return Blobs().get(f"{server.url}/blob?X-Amz-Signature=SECRET", DIGEST, limit), len(server.requests)


def refused(*script: Answer, limit: int = LIMIT) -> tuple[UnknownReason, str, int]:
    """Why nothing came, in words, and how often it was asked for."""
    with running(*script) as server:
        with pytest.raises(UnreadableError) as caught:
            Blobs().get(f"{server.url}/blob?X-Amz-Signature=SECRET", DIGEST, limit)
        assert "SECRET" not in str(caught.value)
        return caught.value.unknown.reason, caught.value.unknown.detail, len(server.requests)


def chunked(content: bytes, pause: float = 0, **headers: str) -> Answer:
    """An answer without a length, in pieces."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        for name, text in headers.items():
            handler.send_header(name.replace("_", "-"), text)
        handler.end_headers()
        for start in range(0, len(content), 1000):
            piece = content[start : start + 1000]
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            time.sleep(pause)
        handler.wfile.write(b"0\r\n\r\n")

    return answer


def truncated(handler: BaseHTTPRequestHandler) -> None:
    body(CONTENT[:-1], Content_Length=str(len(CONTENT)))(handler)
    handler.close_connection = True


def dripping(handler: BaseHTTPRequestHandler) -> None:
    """A byte now and then, so that no read ever times out."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(CONTENT)))
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b"x")
        time.sleep(0.05)


TAKEN: dict[str, tuple[tuple[Answer, ...], int]] = {
    "at once": ((body(CONTENT),), 1),
    "in chunks": ((chunked(CONTENT),), 1),
    "compressed": ((body(gzip.compress(CONTENT), Content_Encoding="gzip"),), 1),
    "compressed, in chunks": ((chunked(gzip.compress(CONTENT), Content_Encoding="gzip"),), 1),
    "after a 503": ((body(b"", 503), body(CONTENT)), 2),
    "after a 429 and a 500": ((body(b"", 429), body(b"", 500), body(CONTENT)), 3),
    "after a connection that broke": ((drop, body(CONTENT)), 2),
}


@pytest.mark.parametrize(("script", "requests"), TAKEN.values(), ids=TAKEN.keys())
def test_what_comes_whole_is_taken(script: tuple[Answer, ...], requests: int) -> None:
    assert download(*script) == (CONTENT, requests)


def test_an_empty_blob_is_one() -> None:
    assert download(body(b"")) == (b"", 1)


REFUSED: dict[str, tuple[Answer, str, int]] = {
    "an expired URL, which no retry mends": (body(b"<Error/>", 403), "HTTP 403", 1),
    "a blob that is not there": (body(b"", 404), "HTTP 404", 1),
    "a redirect to where ECR did not point": (body(b"", 302, Location="http://127.0.0.1:9/evil"), "HTTP 302", 1),
    "a part of it": (body(CONTENT[:10], 206), "HTTP 206", 1),
    "a body that ends early": (truncated, "failed", 1),
    "what says it is compressed and is not": (body(CONTENT, Content_Encoding="gzip"), "failed", 1),
    "a server that is down": (body(b"", 503), "HTTP 503", 4),
}


@pytest.mark.parametrize(("answer", "words", "requests"), REFUSED.values(), ids=REFUSED.keys())
def test_what_does_not_come_whole_may_come_later(
    answer: Answer, words: str, requests: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("urllib3.util.retry.time.sleep", lambda _: None)
    reason, detail, asked = refused(answer)

    assert (reason, asked) == (UnknownReason.UNAVAILABLE, requests)
    assert words in detail
    assert DIGEST in detail


TOO_LARGE: dict[str, Answer] = {
    "by its length": body(CONTENT),
    "without a length": chunked(CONTENT),
    "once unpacked": body(gzip.compress(b"\0" * 50_000_000), Content_Encoding="gzip"),
}


@pytest.mark.parametrize("answer", TOO_LARGE.values(), ids=TOO_LARGE.keys())
def test_what_is_larger_than_the_limit_is_not_taken(answer: Answer) -> None:
    reason, _, requests = refused(answer, limit=len(CONTENT) - 1)

    assert (reason, requests) == (UnknownReason.CONFIG_TOO_LARGE, 1)


def test_what_comes_too_slowly_is_given_up_though_something_always_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blobs_module, "_TOTAL_SECONDS", 0.2)
    started = time.monotonic()

    reason, detail, _ = refused(dripping)

    assert time.monotonic() - started < 2
    assert reason is UnknownReason.UNAVAILABLE
    assert "not complete after 0.2 seconds" in detail


def test_what_does_not_come_at_all_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blobs_module, "_READ_SECONDS", 0.1)
    monkeypatch.setattr("urllib3.util.retry.time.sleep", lambda _: None)

    reason, detail, _ = refused(lambda _: time.sleep(0.3))

    assert reason is UnknownReason.UNAVAILABLE
    assert "failed: ConnectionError" in detail


def test_a_server_that_asks_to_wait_for_an_hour_is_not_waited_for() -> None:
    started = time.monotonic()

    assert download(body(b"", 503, Retry_After="3600"), body(CONTENT)) == (CONTENT, 2)
    assert time.monotonic() - started < 5


def test_the_url_is_a_credential_and_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    download(drop, body(CONTENT))

    assert "SECRET" not in caplog.text


def test_no_credentials_of_the_machine_are_sent_along(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    netrc = f"{tmp_path}/netrc"
    with open(netrc, "w", encoding="ascii") as file:  # noqa: PTH123 - requests reads its path from the environment
        file.write("machine 127.0.0.1 login someone password hidden\n")
    monkeypatch.setenv("NETRC", netrc)
    sent: list[str | None] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        sent.append(handler.headers.get("Authorization"))
        body(CONTENT)(handler)

    download(answer)

    assert sent == [None]
