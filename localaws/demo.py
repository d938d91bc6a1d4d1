"""``make demo``: the stack deployed on an AWS on this machine, images pushed, and what became of each.

The exit code is 0 only when every push came out as `localaws.demo_cases` says it must.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Final

from localaws import images, picture, policy, registry, slack_view, verdicts, webhook
from localaws.demo_cases import CASES, FROM_A_MAC, Case
from localaws.demo_checks import Seen, Stage, problems, problems_of_all
from localaws.demo_services import MISTAKEN_POLICY, POLICY, create_repositories, create_services
from localaws.demo_table import show_table
from localaws.deployment import CommandError, client, deploy, serving
from localaws.interrupts import INTERRUPTED, stop_on_signals, temporary_directory
from localaws.process import NotStartedError
from localaws.subscriber import AlertQueue
from localaws.terminal import Terminal

if TYPE_CHECKING:
    from pathlib import Path

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
    terminal.line(f"{said} {len(CASES)} pushes, {len(found)} problems, {time.monotonic() - began:.0f} s from nothing.")
    return 1 if found else 0


class _Demo:
    """One run, from the deployment to the table."""

    def __init__(self, aws: LocalAws, slack: Webhook, scratch: Path, terminal: Terminal) -> None:
        self._aws = aws
        self._slack = slack
        self._scratch = scratch
        self._terminal = terminal
        self.message: dict[str, Any] | None = None

    def run(self) -> list[str]:
        """Everything, in order; returns what was not as it must be."""
        deployment = self._deploy()
        queue = AlertQueue.subscribe(deployment.client, deployment.outputs["AlertsTopicArn"], "demo")
        found = self._put_policies(deployment)
        with self._terminal.step("creating services; first pushes, so that no cold start is measured"):
            self._prepare(deployment)
        self._terminal.line()
        stage = Stage(deployment, queue, self._push)
        played = [(case, self._play(stage, case)) for case in CASES]
        messages = self._slack_messages(played)
        for case, seen in played:
            found += problems(case, seen)
        found += problems_of_all(stage, [seen for _, seen in played], messages)
        self._terminal.line()
        show_table(played, self._terminal)
        self.message = next((message for message in messages if FROM_A_MAC.name in message["text"]), None)
        if self.message is None:
            return [*found, f"Slack has no message on {FROM_A_MAC.name}"]
        self._terminal.line(f"\nSlack got {len(messages)} messages. The one on {FROM_A_MAC.name}:\n")
        slack_view.show(self.message, self._terminal)
        return found

    def _deploy(self) -> Deployment:
        secrets = client("secretsmanager", self._aws.endpoint)
        secret = secrets.create_secret(Name="slack-webhook", SecretString=self._slack.url)["ARN"]
        parameters = {"Enforcement": "tag", "SlackWebhookSecretArn": secret, "MaximumConcurrency": str(_COPIES)}
        with self._terminal.step("sam deploy Enforcement=tag SlackWebhookSecretArn=…"):
            return deploy(self._aws, parameters)

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

    def _prepare(self, deployment: Deployment) -> None:
        """Create what the cases need, while each copy of the function starts on a first push."""
        create_repositories(deployment, [_WARM_UP, *(case.repository for case in CASES)])
        for number in range(_COPIES):
            # While the first copy starts, the second push needs another.
            self._push_image(images.image(label=f"{_WARM_UP} {number}"), f"{_WARM_UP}:{number}")
        create_services(deployment)
        deadline = time.monotonic() + _WARM_UP_SECONDS
        while len(verdicts.judged(deployment, _WARM_UP)) < _COPIES:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the first pushes were not judged within {_WARM_UP_SECONDS:.0f} s")
            time.sleep(0.1)

    def _play(self, stage: Stage, case: Case) -> Seen:
        with self._terminal.step(f"push {case.name:<22} {case.story}") as said:
            seen = stage.play(case)
            said += [line["judgement"] for line in seen.verdicts]
        return seen

    def _push(self, case: Case) -> None:
        self._push_image(case.image, case.name)

    def _push_image(self, image: images.Node, name: str) -> None:
        layout = images.write_layout(image, self._scratch / image.digest.partition(":")[2])
        registry.push(layout.directory, f"{self._aws.registry}/{name}")

    def _slack_messages(self, played: list[tuple[Case, Seen]]) -> list[dict[str, Any]]:
        """What Slack has got, once it has as many messages as there were alerts."""
        alerts = sum(len(seen.alerts) for _, seen in played)
        with self._terminal.step("waiting for Slack"):
            self._slack.wait_for(alerts, _SLACK_SECONDS)
        return list(self._slack.received)
