"""Downloading blobs from presigned URLs: bounded in bytes and in time, and tried again where that can help."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from ecrguard.domain.image import Unknown, UnknownReason
from ecrguard.errors import UnreadableError

_CONNECT_SECONDS = 2
_READ_SECONDS = 5
_TOTAL_SECONDS = 15
_CHUNK = 64 * 1024
_RETRIES = Retry(
    total=3,
    backoff_factor=0.2,
    status_forcelist=(429, 500, 502, 503, 504),
    allowed_methods=("GET",),
    raise_on_status=False,
    # The URL comes from ECR and is the blob's own; a redirect would lead somewhere that ECR did not name.
    redirect=0,
    # A server may ask for hours.
    respect_retry_after_header=False,
)


def _session() -> requests.Session:
    # Its warnings of retries and its debug lines carry the whole URL, and that is a credential.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    session = requests.Session()
    session.mount("https://", HTTPAdapter(max_retries=_RETRIES))
    session.mount("http://", HTTPAdapter(max_retries=_RETRIES))
    # A presigned URL carries its own credentials: an auth of its own, even an empty one, keeps a .netrc out.
    session.auth = lambda request: request
    return session


@dataclass(slots=True)
class Blobs:
    """Downloads; one session, so that connections are kept between invocations."""

    session: requests.Session = field(default_factory=_session)

    def get(self, url: str, digest: str, limit: int) -> bytes:
        """The bytes at ``url``.

        Args:
            url: presigned; it is a credential, and is never part of a message.
            digest: of the blob, for messages.
            limit: most bytes to take.

        Raises:
            UnreadableError: CONFIG_TOO_LARGE beyond ``limit``; UNAVAILABLE for all that a later try may mend: an
                expired URL, a connection that broke, a body that ends early or comes too slowly.
        """
        started = time.monotonic()
        try:
            with self.session.get(
                url, stream=True, timeout=(_CONNECT_SECONDS, _READ_SECONDS), allow_redirects=False
            ) as answer:
                if answer.status_code != requests.codes.ok:
                    raise _unavailable(url, digest, f"HTTP {answer.status_code}")
                body = bytearray()
                # `read1` hands over what has come; reading by size would wait for a full chunk, however long it takes.
                while chunk := answer.raw.read1(_CHUNK, decode_content=True):
                    body += chunk
                    if len(body) > limit:
                        detail = f"expected a blob of at most {limit} bytes, got more, for {digest}"
                        raise UnreadableError(Unknown(UnknownReason.CONFIG_TOO_LARGE, detail, digest))
                    if time.monotonic() - started > _TOTAL_SECONDS:
                        raise _unavailable(url, digest, f"not complete after {_TOTAL_SECONDS} seconds")
                stated = answer.headers.get("Content-Length", "")
                encoded = "Content-Encoding" in answer.headers
                if not encoded and stated.isdecimal() and int(stated) != len(body):
                    raise _unavailable(url, digest, f"{len(body)} of {stated} bytes came")
        except (requests.RequestException, HTTPError) as error:
            raise _unavailable(url, digest, type(error).__name__) from None
        return bytes(body)


def _unavailable(url: str, digest: str, what: str) -> UnreadableError:
    detail = f"the download of {digest} from {urlsplit(url).hostname} failed: {what}"
    return UnreadableError(Unknown(UnknownReason.UNAVAILABLE, detail, digest))
