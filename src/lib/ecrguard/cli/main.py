"""The command line: what can be said, and which exit code answers it."""

from __future__ import annotations

import argparse
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ecrguard.cli import named
from ecrguard.cli.deployment import Deployer, DeploymentError
from ecrguard.cli.exits import FAILED, FINE, REFUSED, fail
from ecrguard.cli.explanation import explain, judged
from ecrguard.cli.history import history
from ecrguard.cli.planning import plan
from ecrguard.cli.undoing import release, restore
from ecrguard.config import ENFORCEMENT
from ecrguard.domain.image import UnknownReason
from ecrguard.domain.platform import Platform, PlatformError, parse
from ecrguard.domain.policy_document import MAX_BYTES, PolicyError
from ecrguard.domain.verdict import Judgement
from ecrguard.errors import EcrguardError, UnreadableError
from ecrguard.policy_yaml import load_policy
from ecrguard.rendering.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ecrguard.cli.named import Named
    from ecrguard.domain.policy import Policy

MAX_WHY = 500
"""Characters of a reason; a policy's exemptions have as many."""

_POLICY_EXITS = (
    "exit codes: 0 valid (and the image is accepted), 1 not valid (or the image is refused), 2 could not be done"
)
_PLAN_EXITS = "exit codes: 0 nothing is wrong with the image, 1 it is mismatched or unknown, 2 could not be told"
_UNDO_EXITS = "exit codes: 0 all is as asked, 1 something was left as it is, 2 could not be done to its end"
_READ_EXITS = "exit codes: 0 read, 2 could not be read"


def main(arguments: Sequence[str]) -> int:
    """Run one command; the exit code. Problems go to standard error."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        return _policy(parser, options) if options.group == "policy" else _stack(options)
    except UnreadableError as error:
        # What is denied is told as to whoever deploys the functions, and this is somebody else.
        denied = error.unknown.reason is UnknownReason.ACCESS_DENIED
        hint = "\nThis command runs with your own permissions: allow it there." if denied else ""
        return fail(f"{clean(error.unknown.detail)}.{hint}", FAILED)
    except (EcrguardError, DeploymentError) as error:
        return fail(str(error), FAILED)
    except (ClientError, BotoCoreError) as error:
        return fail(f"AWS refused: {error}", FAILED)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ecrguard")
    groups = parser.add_subparsers(dest="group", required=True, metavar="COMMAND")
    _add_policy(groups.add_parser("policy", help="policy documents: test one, put one in force"))
    planning = groups.add_parser("plan", help="what would be done about an image; changes nothing", epilog=_PLAN_EXITS)
    _add_image(planning, named.image, "shop/web:latest or shop/web@sha256:...")
    planning.add_argument(
        "--enforcement", choices=tuple(ENFORCEMENT), help="as if the stack were deployed with it; else as it is"
    )
    releasing = groups.add_parser(
        "release", help="have an image left alone, and take back what was done", epilog=_UNDO_EXITS
    )
    _add_image(
        releasing, named.image, "shop/web:latest@sha256:..., as alerts name it; tag or digest alone will do, too"
    )
    restoring = groups.add_parser("restore", help="put a tag on its last good image", epilog=_UNDO_EXITS)
    _add_image(restoring, named.tag, "shop/web:latest")
    for each in (releasing, restoring):
        each.add_argument("--why", required=True, type=_why, metavar="TEXT", help="the reason, kept in the history")
    telling = groups.add_parser("history", help="what was told and done of a tag", epilog=_READ_EXITS)
    _add_image(telling, named.image, "shop/web:latest")
    return parser


def _add_policy(policy: argparse.ArgumentParser) -> None:
    commands = policy.add_subparsers(dest="command", required=True)
    test = commands.add_parser("test", help="check a policy, and what it says of an image", epilog=_POLICY_EXITS)
    test.add_argument("file", type=Path, metavar="FILE", help="the policy (YAML or JSON)")
    test.add_argument("--repository", help="of the image, such as team/web")
    test.add_argument("--tag", help="of the image")
    test.add_argument(
        "--platform",
        action="append",
        type=_platform,
        default=[],
        help="that the image has, such as linux/arm64; repeat",
    )
    test.add_argument("--on", type=_day, metavar="DATE", help="for exemptions; today (UTC) if not given")
    put = commands.add_parser("put", help="put a policy in force on a deployed stack", epilog=_POLICY_EXITS)
    put.add_argument("file", type=Path, metavar="FILE", help="the policy (YAML or JSON)")
    _add_stack(put)


def _add_image(parser: argparse.ArgumentParser, read: Callable[[str], Named], help_: str) -> None:
    parser.add_argument("image", type=read, metavar="IMAGE", help=help_)
    _add_stack(parser)


def _add_stack(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--stack", required=True, help="name of the CloudFormation stack")


def _stack(options: argparse.Namespace) -> int:
    match options.group:
        case "plan":
            return plan(options.image, options.enforcement, options.stack)
        case "release":
            return release(options.image, options.why, options.stack)
        case "restore":
            return restore(options.image, options.why, options.stack)
        case _:
            return history(options.image, options.stack)


def _policy(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    if options.command == "test" and (options.repository is None) != (options.tag is None):
        parser.error("--repository and --tag name an image together")
    if options.command == "test" and options.platform and options.repository is None:
        parser.error("--platform says what the image has that --repository and --tag name")
    try:
        return _put(options) if options.command == "put" else _test(options)
    except OSError as error:
        return fail(f"cannot read {options.file}: {error.strerror}", FAILED)
    except PolicyError as error:
        return fail("\n".join(f"{options.file}: {problem}" for problem in error.problems), REFUSED)


def _test(options: argparse.Namespace) -> int:
    policy = _read(options.file)[1]
    if options.repository is None:
        print(f"{options.file} is valid: {_counts(policy)}")
        return FINE
    decision = policy.decide(options.repository, options.tag, options.on or datetime.now(UTC).date())
    verdict = judged(decision, options.repository, options.tag, options.platform) if options.platform else None
    print(explain(options.repository, options.tag, decision, options.platform, verdict))
    return REFUSED if verdict is not None and verdict.judgement is Judgement.MISMATCH else FINE


def _put(options: argparse.Namespace) -> int:
    content, policy = _read(options.file)
    deployed = Deployer.of_stack(options.stack).put(content)
    print(
        f"{options.file} ({_counts(policy)}) is deployed as version {deployed.version}, deployment {deployed.number}."
    )
    print("The guard takes it up within a minute.")
    return FINE


def _read(file: Path) -> tuple[bytes, Policy]:
    with file.open("rb") as opened:
        content = opened.read(MAX_BYTES + 1)
    return content, load_policy(content)


def _counts(policy: Policy) -> str:
    exemptions = len(policy.exemptions) + sum(len(rule.exemptions) for rule in policy.rules)
    counted = [(len(policy.rules), "rule"), (exemptions, "exemption")]
    return ", ".join(f"{number} {name}{'' if number == 1 else 's'}" for number, name in counted)


def _platform(text: str) -> Platform:
    try:
        return parse(text)
    except PlatformError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a date such as 2027-01-31, got {text!r}") from None


def _why(text: str) -> str:
    reason = clean(text)
    if not reason or len(reason) > MAX_WHY:
        raise argparse.ArgumentTypeError(f"expected a reason of 1 to {MAX_WHY} characters, got {len(reason)}")
    return reason
