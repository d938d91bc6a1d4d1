"""``make demo``: the stack deployed on an AWS on this machine, images pushed, and what became of each.

The account has workloads of every source before the stack comes. The exit code is 0 only when the stack knows each of
them, and every push and every change came out, as `localaws.demo_account`, `localaws.demo_cases` and
`localaws.demo_changes` say they must.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Final

from localaws import images, inventory, picture, policy, registry, slack_view, verdicts, webhook
from localaws.demo_account import MISTAKEN_POLICY, POLICY, STANDING, create_workloads
from localaws.demo_cases import CASES, FROM_A_MAC, Case
from localaws.demo_changes import CHANGES
from localaws.demo_checks import problems, problems_of_all, problems_of_standing
from localaws.demo_enforce import enforce
from localaws.demo_enforcement import repeat
from localaws.demo_levels import SCENES
from localaws.demo_refusals import ALL_REFUSALS
from localaws.demo_services import Account
from localaws.demo_stage import Stage
from localaws.demo_table import show_changes, show_known, show_pusher, show_pushes
from localaws.deployment import CommandError, deploy, serving
from localaws.interrupts import INTERRUPTED, stop_on_signals, temporary_directory
from localaws.letterbox import Letterbox
from localaws.process import NotStartedError
from localaws.subscriber import AlertQueue
from localaws.terminal import Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from localaws.demo_changes import Change
    from localaws.demo_stage import Changed, Seen
    from localaws.deployment import Deployment
    from localaws.process import LocalAws
    from localaws.webhook import Webhook

# As many copies of the function as the stack is allowed; each is started once before anything is measured.
_COPIES: Final = 2
_WARM_UP: Final = "warm-up"
_WARM_UP_SECONDS: Final = 90.0
_SLACK_SECONDS: Final = 60.0


def demo(*, build_first: bool = True, picture_file: Path | None = None) -> int:
    """Run the demo and return its exit code.

    Args:
        build_first: as for `deployment.serving`.
        picture_file: where to put a picture of the message in Slack; none by default.
    """
    stop_on_signals()
    terminal, began = Terminal.of(sys.stdout), time.monotonic()
    terminal.line("ecrguard on an AWS on this machine: the real template, deployed with sam, and real pushes\n")
    try:
        with (
            temporary_directory() as scratch,
            webhook.listening() as slack,
            serving(terminal, build_first=build_first) as aws,
        ):
            run = _Demo(aws, slack, scratch, terminal)
            found = run.run()
            if picture_file and run.message:
                styled = Terminal(sys.stdout, styled=True)
                lines = list(slack_view.lines(run.message, styled, short=True))
                picture_file.write_text(picture.svg(lines, f"The message in Slack on {FROM_A_MAC.name}"))
    except (CommandError, NotStartedError, TimeoutError) as error:
        terminal.line("\n".join((terminal.style(str(error), "red"), *getattr(error, "__notes__", ()))))
        return 1
    except KeyboardInterrupt:
        terminal.line("\nstopped; nothing is left running")
        return INTERRUPTED
    terminal.line()
    for problem in found:
        terminal.line(f"{terminal.style('✗', 'red')} {problem}")
    said = (
        terminal.style("Not as it must be:", "bold", "red") if found else terminal.style("All as it must be:", "green")
    )
    pushes = len(CASES) + sum(isinstance(step, Case) for step in CHANGES)
    terminal.line(
        f"{said} {len(STANDING)} workloads, {pushes} pushes, {len(CASES) + len(CHANGES) - pushes} changes, "
        f"{len(SCENES)} images taken away and given back, {len(ALL_REFUSALS)} refusals, {len(found)} problems, "
        f"{time.monotonic() - began:.0f} s from nothing."
    )
    return 1 if found else 0


class _Demo:
    """One run, from the account to the last table."""

    def __init__(self, aws: LocalAws, slack: Webhook, scratch: Path, terminal: Terminal) -> None:
        self._account = Account(aws, self._push)
        self._slack = slack
        self._scratch = scratch
        self._terminal = terminal
        self._parameters: dict[str, str] = {}
        self.message: dict[str, Any] | None = None

    def run(self) -> list[str]:
        """Everything, in order; returns what was not as it must be."""
        with self._terminal.step("an account that runs images: ECS, App Runner, Lambda, Batch, CodeBuild, ..."):
            create_workloads(self._account)
        deployment = self._deploy()
        queue = AlertQueue.subscribe(deployment.client, deployment.outputs["AlertsTopicArn"], "demo")
        found = self._read_inventory(deployment) + self._put_policies(deployment)
        with self._terminal.step("first pushes and a first change, so that no cold start is measured"):
            self._prepare(deployment)
        self._terminal.line()
        stage = Stage(deployment, self._account, Letterbox(queue))
        # Of the first pushes nothing is to be told.
        stage.mail.look()
        pushed = [self._push_case(stage, case) for case in CASES]
        with self._terminal.step(f"the event of {FROM_A_MAC.name} comes twice more") as said:
            found += repeat(stage, pushed[0])
            said.append("no further alert")
        self._terminal.line()
        changed = [self._play(stage, step) for step in CHANGES]
        found += [problem for came in (*pushed, *changed) for problem in problems(came)]
        self._terminal.line()
        show_pushes(pushed, self._terminal)
        self._terminal.line()
        show_changes(changed, self._terminal)
        self._terminal.line()
        found += enforce(stage, self._parameters, self._terminal)
        self._terminal.line()
        with self._terminal.step("who pushed each, from CloudTrail; and what Slack got of all"):
            told, _, _ = stage.pushers()
            stage.astray()
            self._slack.wait_for(len(stage.mail.received), _SLACK_SECONDS)
        messages = list(self._slack.received)
        found += problems_of_all(stage, messages)
        show_pusher(next((each for each in told if each["thread"] == pushed[0].alerts[0]["id"]), None), self._terminal)
        return found + self._show_message(messages)

    def _deploy(self) -> Deployment:
        secret = self._account.client("secretsmanager").create_secret(
            Name="slack-webhook", SecretString=self._slack.url
        )["ARN"]
        self._parameters = {
            "Enforcement": "tag",
            "LinkedWorkloads": ",".join(inventory.SOURCES),
            "MaximumConcurrency": str(_COPIES),
            "SlackWebhookSecretArn": secret,
        }
        with self._terminal.step("sam deploy Enforcement=tag LinkedWorkloads=ecs,… SlackWebhookSecretArn=…"):
            return deploy(self._account.aws, self._parameters)

    def _put_policies(self, deployment: Deployment) -> list[str]:
        """A policy with mistakes, which must be refused, then the right one."""
        reasons = ""
        with self._terminal.step("a policy with two mistakes, through AppConfig") as said:
            try:
                policy.put(deployment, MISTAKEN_POLICY)
            except policy.RefusedError as refusal:
                reasons = str(refusal)
            said.append("refused by the validator" if reasons else "not refused")
        for line in reasons.splitlines():
            self._terminal.line(f"    {self._terminal.style(line, 'yellow')}")
        with self._terminal.step("the policy of the demo, through AppConfig"):
            policy.put(deployment, POLICY)
        named = all(mistake in reasons for mistake in ("'linux/amd46'", "rules[0].mach", "(line 5)"))
        return [] if named else [f"the invalid policy: expected a refusal that names both mistakes, got {reasons!r}"]

    def _read_inventory(self, deployment: Deployment) -> list[str]:
        """What the first reading of the account has found, which must be all that there is."""
        with self._terminal.step("the first full reading of the account, which the stack's schedule began") as said:
            inventory.wait_until_complete(deployment)
            said.append(f"{len(inventory.SOURCES)} sources")
        known = [inventory.entries(deployment, standing.repository) for standing in STANDING]
        self._terminal.line("\nWhat a push is told that runs images of its repository, from the stack's table:\n")
        show_known([entry for entries in known for entry in entries], self._terminal)
        self._terminal.line()
        return [
            problem
            for each, entries in zip(STANDING, known, strict=True)
            for problem in problems_of_standing(each, entries)
        ]

    def _prepare(self, deployment: Deployment) -> None:
        """Create the repositories of the cases, and have each function run once."""
        cases = [*CASES, *(step for step in CHANGES if isinstance(step, Case))]
        self._account.repositories([_WARM_UP, *(case.repository for case in cases)])
        for number in range(_COPIES):
            # While the first copy starts, the second push needs another.
            self._push(images.image(label=f"{_WARM_UP} {number}"), f"{_WARM_UP}:{number}")
        self._account.service("prod", _WARM_UP, f"{_WARM_UP}:0")
        deadline = time.monotonic() + _WARM_UP_SECONDS
        while len(verdicts.judged(deployment, _WARM_UP)) < _COPIES or not inventory.entries(deployment, _WARM_UP):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the first pushes and changes were not handled within {_WARM_UP_SECONDS:.0f} s")
            time.sleep(0.1)

    def _play(self, stage: Stage, step: Case | Change) -> Seen | Changed:
        return self._push_case(stage, step) if isinstance(step, Case) else self._change(stage, step)

    def _push_case(self, stage: Stage, case: Case) -> Seen:
        with self._terminal.step(f"push {case.name:<22} {case.story}") as said:
            seen = stage.play(case)
            said += [line["judgement"] for line in seen.verdicts]
        return seen

    def _change(self, stage: Stage, change: Change) -> Changed:
        with self._terminal.step(change.story) as said:
            changed = stage.change(change)
            said.append("alerted" if changed.alerts else "known")
        return changed

    def _push(self, image: images.Node, name: str) -> None:
        layout = images.write_layout(image, self._scratch / image.digest.partition(":")[2])
        registry.push(layout.directory, f"{self._account.aws.registry}/{name}")

    def _show_message(self, messages: list[dict[str, Any]]) -> list[str]:
        """Show what Slack got of the first push."""
        self.message = next(
            (message for message in messages if f"Platform mismatch: {FROM_A_MAC.name}" in message["text"]), None
        )
        if self.message is None:
            return [f"Slack has no message on {FROM_A_MAC.name}"]
        self._terminal.line(f"\nSlack got {len(messages)} messages. The one on {FROM_A_MAC.name}:\n")
        slack_view.show(self.message, self._terminal)
        return []
