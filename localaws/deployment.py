"""Builds the product and deploys its real template on a local AWS, with `make build` and `sam deploy`, as users do."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import platform
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3

from localaws import process
from localaws.interrupts import held
from localaws.process import REGION, ROOT, LocalAws

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from localaws.terminal import Terminal

STACK: Final = "ecrguard"

_SAM: Final = ROOT / ".tools" / "sam" / "bin" / "sam"
_SHOWN_LINES: Final = 30


class CommandError(RuntimeError):
    """A command failed: which, and the end of what it wrote."""


class NotDeployedError(RuntimeError):
    """The stack is not there, or has not the output asked for."""


@dataclass(frozen=True)
class Deployment:
    """A deployed stack.

    ``outputs`` are the stack's, by name.
    """

    aws: LocalAws
    stack: str
    outputs: Mapping[str, str]

    def client(self, service: str) -> Any:
        """A boto3 client of the AWS that the stack is on."""
        return client(service, self.aws.endpoint)

    def resource(self, name: str) -> str:
        """The physical id of one of the stack's resources, by its name in the template."""
        found = self.client("cloudformation").describe_stack_resource(StackName=self.stack, LogicalResourceId=name)
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    def renew(self, function: str) -> None:
        """Have a function, by its name, run in new copies from now on, which know nothing of what was before."""
        lambda_ = self.client("lambda")
        # On AWS any change of its configuration does that, here only one that concerns the copies.
        memory = lambda_.get_function_configuration(FunctionName=function)["MemorySize"]
        lambda_.update_function_configuration(FunctionName=function, MemorySize=memory + 1)


@functools.cache
def client(service: str, endpoint: str) -> Any:
    """A boto3 client of a local AWS; nothing of the caller's own AWS set-up is read."""
    make: Any = boto3.Session("test", "test", region_name=REGION).client
    return make(service, endpoint_url=endpoint)


def stack_outputs(cloudformation: Any, stack: str) -> dict[str, str]:
    """The outputs of a stack by name."""
    [described] = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}


def build() -> None:
    """Build the functions and their layer.

    Raises:
        CommandError: the build failed.
    """
    # Of an outer make nothing may come through, least of all its job server.
    environment = {
        name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    }
    with one_at_a_time():
        run(["make", "--no-print-directory", "build"], environment)


def deploy(aws: LocalAws, parameters: Mapping[str, str], *, stack: str = STACK) -> Deployment:
    """Deploy what was built last, and return once the stack is complete.

    Args:
        aws: where to.
        parameters: of the template; ``Architecture`` is this machine's unless given.
        stack: its name.

    Raises:
        CommandError: `sam deploy` failed.
    """
    chosen = {"Architecture": architecture()} | dict(parameters)
    command = [str(_SAM), "deploy", "--stack-name", stack, "--no-confirm-changeset", "--no-progressbar"]
    command += ["--parameter-overrides", *(f"{name}={value}" for name, value in chosen.items())]
    # SAM writes to its user's home. Without one of their own, these settings would come from there as well.
    with tempfile.TemporaryDirectory(prefix="ecrguard-sam-") as home, one_at_a_time():
        own = {"HOME": home, "TMPDIR": home, "SAM_CLI_TELEMETRY": "0", "AWS_EC2_METADATA_DISABLED": "true"}
        # By default it looks every 5 seconds whether a stack is complete, so as not to be throttled; here nobody minds.
        own |= {"SAM_CLI_POLL_DELAY": "0.2"}
        kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "PATH", "TZ") if name in os.environ}
        run(command, kept | aws.environment | own)
    return Deployment(aws, stack, stack_outputs(client("cloudformation", aws.endpoint), stack))


def architecture() -> str:
    """This machine's processor, as the template's parameter Architecture names it."""
    return "arm64" if platform.machine().lower() in ("arm64", "aarch64") else "x86_64"


@contextlib.contextmanager
def serving(
    terminal: Terminal, *, port: int | None = None, build_first: bool = True, permissions: bool = True
) -> Iterator[LocalAws]:
    """A local AWS to deploy on for the length of a ``with`` block; nothing of it is left afterwards.

    Args:
        terminal: says what is being done.
        port: of the AWS; a free one by default.
        build_first: build what will be deployed; else it is what was built last.
        permissions: enforce IAM policies, so that what is deployed has the permissions of its own roles and no more.

    Raises:
        NotStartedError: the server did not come up.
        CommandError: the build failed.
    """
    if build_first:
        with terminal.step("make build: the functions and their layer"):
            build()
    with tempfile.TemporaryDirectory(prefix="ecrguard-") as scratch:
        log, aws = Path(scratch) / "server.log", None
        try:
            with terminal.step("starting an AWS on this machine"):
                aws = process.start(port, log=log, settings={"AUTH": str(permissions).lower()})
            yield aws
        except CommandError as error:
            error.add_note(f"The end of the server's log:\n{_tail(log.read_text(errors='replace'))}")
            raise
        finally:
            if aws is not None:
                aws.stop()


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Keep builds and deploys of this directory apart: one writes what the other reads."""
    lock = ROOT / ".aws-sam" / ".lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def run(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """Run a command in the project's directory and return what it wrote.

    Raises:
        CommandError: it failed.
    """
    child = None
    try:
        with held():
            child = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        written, _ = child.communicate()
    except BaseException:
        # Whatever interrupts us, the command's own children go with it.
        if child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        raise
    if child.returncode:
        raise CommandError(f"`{' '.join(command)}` ended with {child.returncode}:\n{_tail(written)}")
    return written


def _tail(text: str) -> str:
    return "\n".join(text.rstrip().splitlines()[-_SHOWN_LINES:])
