"""Starts and stops the local AWS as a process of its own; imports nothing of the emulator, so any Python can use it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from localaws.interrupts import held

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT: Final = Path(__file__).resolve().parent.parent
PYTHON: Final = ROOT / ".tools" / "localaws" / "bin" / "python"
REGION: Final = "us-east-1"
ACCOUNT: Final = "000000000000"

_READY_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 2.0
# A function inherits the server's environment, so nothing of the caller's own AWS or Python set-up may be in it.
_KEPT: Final = ("HOME", "LANG", "LC_ALL", "PATH", "TZ")


class NotStartedError(RuntimeError):
    """The server did not come up: its log's last lines, and what to do."""


@dataclass(frozen=True)
class LocalAws:
    """A running server.

    ``endpoint`` is the URL for AWS clients, ``registry`` the host and port for registry clients, ``log`` the file with
    the output of the server and its functions.
    """

    port: int
    log: Path
    process: subprocess.Popen[bytes]
    scratch: Path

    @property
    def endpoint(self) -> str:
        """The URL of every AWS service."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def registry(self) -> str:
        """Host and port to push images to."""
        return f"127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What AWS clients read from their environment to talk to this server."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }

    def image_uri(self, repository: str, tag: str) -> str:
        """The reference by which a workload names an image of this registry, as on AWS."""
        return f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{repository}:{tag}"

    def stop(self) -> None:
        """Stop the server and its functions, and remove what they wrote; the log stays."""
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(_STOP_SECONDS)
        # The server leads a session of its own, with the functions' processes in it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        shutil.rmtree(self.scratch, ignore_errors=True)


def start(
    port: int | None = None,
    *,
    log: Path | None = None,
    settings: Mapping[str, str] | None = None,
    python: Path = PYTHON,
) -> LocalAws:
    """Start a server and return once it answers.

    Args:
        port: where it listens on 127.0.0.1; a free port by default.
        log: the file that takes its output; ``localaws-<port>.log`` in the temporary directory by default.
        settings: environment variables of the emulator, such as ``AUTH=true`` or ``LOG_LEVEL=DEBUG``.
        python: the interpreter of the virtual environment that holds the emulator.

    Raises:
        NotStartedError: the emulator is not installed, the port is taken, or the server ended before it answered.
    """
    if not python.exists():
        raise NotStartedError(f"{python} does not exist: run `make .tools/localaws/.ready` first")
    port = port or free_port()
    server = None
    try:
        with held():
            server = _launch(python, port, log or Path(tempfile.gettempdir()) / f"localaws-{port}.log", settings or {})
        _wait_until_ready(server)
    except BaseException:
        if server is not None:
            server.stop()
        raise
    return server


def _launch(python: Path, port: int, log: Path, settings: Mapping[str, str]) -> LocalAws:
    scratch = Path(tempfile.mkdtemp(prefix="localaws-"))
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ} | {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "TMPDIR": str(scratch),
        **settings,
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(python), "-m", "localaws", "serve"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return LocalAws(port, log, process, scratch)


@contextlib.contextmanager
def running(
    port: int | None = None, *, log: Path | None = None, settings: Mapping[str, str] | None = None
) -> Iterator[LocalAws]:
    """A server for the length of a ``with`` block; arguments and errors as `start`."""
    server = start(port, log=log, settings=settings)
    try:
        yield server
    finally:
        server.stop()


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(server: LocalAws) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        # Another server on this port would answer too: ours must still be alive.
        if server.process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{server.endpoint}/_ministack/health", timeout=1):  # noqa: S310 - http, our own
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    last = "\n".join(server.log.read_text(errors="replace").splitlines()[-20:])
    raise NotStartedError(
        f"no answer at {server.endpoint} after {_READY_SECONDS:.0f} s; the end of {server.log}:\n{last}"
    )
