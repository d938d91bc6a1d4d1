"""The command line: what can be said, and which exit code answers it."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ecrguard.cli.deployment import Deployer, DeploymentError
from ecrguard.cli.explanation import explain, judged
from ecrguard.domain.platform import Platform, PlatformError, parse
from ecrguard.domain.policy_document import MAX_BYTES, PolicyError
from ecrguard.domain.verdict import Judgement
from ecrguard.policy_yaml import load_policy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ecrguard.domain.policy import Policy

FINE, REFUSED, FAILED = 0, 1, 2
"""Exit codes: the policy is valid and takes the image; it is not, or does not; the command could not do its work."""

_EXITS = "exit codes: 0 valid (and the image is accepted), 1 not valid (or the image is refused), 2 could not be done"


def main(arguments: Sequence[str]) -> int:
    """Run one command; the exit code. Problems go to standard error."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command == "test" and (options.repository is None) != (options.tag is None):
        parser.error("--repository and --tag name an image together")
    if options.command == "test" and options.platform and options.repository is None:
        parser.error("--platform says what the image has that --repository and --tag name")
    try:
        return _put(options) if options.command == "put" else _test(options)
    except OSError as error:
        return _fail(f"cannot read {options.file}: {error.strerror}", FAILED)
    except PolicyError as error:
        return _fail("\n".join(f"{options.file}: {problem}" for problem in error.problems), REFUSED)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ecrguard")
    policy = parser.add_subparsers(required=True, metavar="policy").add_parser("policy", help="policy documents")
    commands = policy.add_subparsers(dest="command", required=True)
    test = commands.add_parser("test", help="check a policy, and what it says of an image", epilog=_EXITS)
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
    put = commands.add_parser("put", help="put a policy in force on a deployed stack", epilog=_EXITS)
    put.add_argument("file", type=Path, metavar="FILE", help="the policy (YAML or JSON)")
    put.add_argument("--stack", required=True, help="name of the CloudFormation stack")
    return parser


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
    try:
        deployed = Deployer.of_stack(options.stack).put(content)
    except DeploymentError as error:
        return _fail(str(error), FAILED)
    except (ClientError, BotoCoreError) as error:
        return _fail(f"AWS refused: {error}", FAILED)
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


def _fail(message: str, code: int) -> int:
    print(message, file=sys.stderr)
    return code
